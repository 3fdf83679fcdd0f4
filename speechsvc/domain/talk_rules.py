"""Talk metrics from voice activity (audio) or from turns (text). Pure arithmetic on intervals."""

from __future__ import annotations

from collections.abc import Sequence

from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.domain.talk import TalkMetrics
from speechsvc.domain.talk_detail import Spoken, covered, detail, longest_monologue
from speechsvc.domain.transcript import SoundInterval, SpeechInterval
from speechsvc.domain.utterance import is_acknowledgement, plain

BACKCHANNEL_SECONDS = 1.0  # shorter customer speech does not interrupt a monologue: 嗯, 对
BACKCHANNEL_CHARACTERS = 2  # the same, where there are words


def measure_talk(
    speech: Sequence[SpeechInterval],
    duration: float,
    *,
    conversation: Conversation | None = None,
    sounds: Sequence[SoundInterval] = (),
) -> TalkMetrics:
    """Metrics from voice activity. `duration`: seconds of the whole call; intervals beyond it or empty are cut away.

    The conversation, where given, tells syllables and questions; `sounds` tell music on hold.
    """
    cut = ((i.speaker, max(0.0, i.start), min(i.end, duration)) for i in speech)
    spoken = [Spoken(speaker=s, start=a, end=b, backchannel=b - a < BACKCHANNEL_SECONDS) for s, a, b in cut if b > a]
    return _measure(spoken, duration, conversation, sounds)


def measure_talk_from_turns(conversation: Conversation) -> TalkMetrics:
    """The same from the turns' times; suspect turns and turns without words are left out.

    The duration is the end of the last turn, suspect or not. Texts without times give zeros.
    """
    spoken = [
        Spoken(speaker=t.speaker, start=max(0.0, t.start), end=t.end, backchannel=_is_backchannel(t.text))
        for t in conversation.turns
        if not t.suspect and t.seconds > 0 and plain(t.text)
    ]
    return _measure(spoken, max((t.end for t in conversation.turns), default=0.0), conversation, ())


def _is_backchannel(text: str) -> bool:
    return len(plain(text)) <= BACKCHANNEL_CHARACTERS or is_acknowledgement(text)


def _measure(
    spoken: list[Spoken], duration: float, conversation: Conversation | None, sounds: Sequence[SoundInterval]
) -> TalkMetrics:
    ordered = sorted(spoken, key=lambda s: (s.start, s.end, s.speaker.value))
    seconds = {who: covered((s.start, s.end) for s in ordered if s.speaker is who) for who in Speaker}
    turns, customer_turns = _count_turns(ordered)
    return TalkMetrics(
        duration=duration,
        agent=seconds[Speaker.AGENT],
        customer=seconds[Speaker.CUSTOMER],
        unknown=seconds[Speaker.UNKNOWN],
        silence=max(0.0, duration - covered((s.start, s.end) for s in ordered)),
        turns=turns,
        customer_turns=customer_turns,
        longest_monologue=longest_monologue(ordered, Speaker.AGENT),
        detail=detail(ordered, duration, conversation, sounds),
    )


def _count_turns(ordered: list[Spoken]) -> tuple[int, int]:
    turns = customer_turns = 0
    last: Speaker | None = None
    for stretch in ordered:
        if stretch.speaker is not last:
            turns += 1
            customer_turns += stretch.speaker is Speaker.CUSTOMER
            last = stretch.speaker
    return turns, customer_turns
