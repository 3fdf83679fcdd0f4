"""Talk metrics from intervals and from turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.talk import SideTalk, TalkMetrics
from speechsvc.domain.talk_rules import measure_talk, measure_talk_from_turns
from speechsvc.domain.transcript import SoundInterval, SpeechInterval

A, C, U = Speaker.AGENT, Speaker.CUSTOMER, Speaker.UNKNOWN


def interval(speaker: Speaker, start: float, end: float) -> SpeechInterval:
    return SpeechInterval(channel=0 if speaker is A else 1, speaker=speaker, start=start, end=end)


def turn(speaker: Speaker, start: float, end: float, text: str, *suspect: str) -> Turn:
    return Turn(speaker=speaker, start=start, end=end, text=text, suspect=suspect)


def test_overlap_counts_for_each_speaker_and_once_for_silence() -> None:
    talk = measure_talk([interval(A, 0, 10), interval(C, 8, 12)], 20)
    assert (talk.agent, talk.customer, talk.unknown, talk.silence, talk.duration) == (10, 4, 0, 8, 20)
    assert (talk.turns, talk.customer_turns) == (2, 1)


def test_overlapping_intervals_of_one_speaker_are_not_added() -> None:
    assert measure_talk([interval(A, 0, 5), interval(A, 3, 6)], 10).agent == 6


def test_backchannel_does_not_break_a_monologue_but_an_answer_does() -> None:
    murmur = [interval(A, 0, 10), interval(C, 10, 10.5), interval(A, 11, 21)]
    assert measure_talk(murmur, 30).longest_monologue == 20
    answer = [interval(A, 0, 10), interval(C, 10, 12), interval(A, 12, 17)]
    assert measure_talk(answer, 30).longest_monologue == 10


def test_nothing_and_nonsense() -> None:
    silent = measure_talk([], 60)
    assert (silent.silence, silent.turns, silent.longest_monologue) == (60, 0, 0)
    cut = measure_talk([interval(A, -1, 2), interval(C, 9, 99), interval(A, 5, 4)], 10)
    assert (cut.agent, cut.customer, cut.silence) == (2, 1, 7)


def test_turns_leave_out_suspect_and_wordless_ones() -> None:
    turns = (
        turn(A, 0, 4, "您好"),
        turn(C, 5, 6, "嗯"),
        turn(A, 6, 10, "我们系统"),
        turn(C, 10, 30, "谢谢观看", "phrase"),
    )
    talk = measure_talk_from_turns(Conversation(call_id="t", turns=(*turns, turn(U, 30, 31, "……"))))
    assert (talk.agent, talk.customer, talk.unknown, talk.duration) == (8, 1, 0, 31)
    assert talk.silence == pytest.approx(22)
    assert talk.longest_monologue == 8


def test_text_without_times_measures_zero() -> None:
    talk = measure_talk_from_turns(Conversation(call_id="t", turns=(turn(C, 0, 0, "预算有二十万"),)))
    assert (talk.duration, talk.customer, talk.turns) == (0, 0, 0)


def side(talk: TalkMetrics, who: Speaker) -> SideTalk:
    assert talk.detail is not None
    found = talk.detail.side(who)
    assert found is not None
    return found


def test_share_monologue_and_rate_of_each_side() -> None:
    said = Conversation(
        call_id="t",
        turns=(
            turn(A, 0, 6, "我们按年收费，一年六万。您看合适吗？要不要先试用？"),
            turn(C, 7, 15, "价格有点高，能不能便宜一点"),
            turn(C, 15, 17, "谢谢观看", "invented_phrase"),
        ),
    )
    talk = measure_talk([interval(A, 0, 6), interval(C, 7, 15)], 20, conversation=said)
    agent, customer = side(talk, A), side(talk, C)
    assert (agent.seconds, customer.seconds, agent.share, customer.share) == (6, 8, 0.429, 0.571)
    assert (agent.longest_monologue, customer.longest_monologue) == (6, 8)
    assert (agent.questions, customer.questions) == (2, 1)
    assert (agent.syllables, customer.syllables) == (21, 12)
    assert (agent.syllables_per_second, customer.syllables_per_second) == (3.5, 1.5)


def test_who_cuts_in_and_takes_the_turn_interrupts() -> None:
    talk = measure_talk([interval(A, 0, 10), interval(C, 8, 14), interval(A, 15, 18)], 20)
    assert (side(talk, C).interruptions, side(talk, A).interruptions) == (1, 0)
    assert (side(talk, A).responses, side(talk, A).response_gap_median) == (1, 1)
    assert side(talk, C).responses == 0
    assert talk.detail is not None
    assert talk.detail.overlap == 2


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (5, 5.8),  # a backchannel
        (5, 8),  # tries, and does not get the turn
        (9.8, 14),  # answers a little early
        (10, 14),
    ],
)
def test_what_is_no_interruption(start: float, end: float) -> None:
    talk = measure_talk([interval(A, 0, 10), interval(C, start, end)], 20)
    assert (side(talk, A).interruptions, side(talk, C).interruptions) == (0, 0)


def test_response_gaps_have_median_and_p90_by_side() -> None:
    spoken, at = [], 0.0
    for gap in (0.2, 0.4, 0.6, 0.8, 2.0):
        spoken += [interval(A, at, at + 2), interval(C, at + 2 + gap, at + 4 + gap)]
        at += 4 + gap
    talk = measure_talk(spoken, at)
    assert side(talk, C).response_gap_median == pytest.approx(0.6)
    assert side(talk, C).response_gap_p90 == pytest.approx(2.0)
    assert side(talk, A).response_gap_median == 0
    assert side(talk, A).responses == 4


def test_silences_and_holds() -> None:
    music = [SoundInterval(channel=1, kind="music", start=22, end=29)]
    spoken = [interval(A, 5, 10), interval(C, 14, 21), interval(A, 30, 40), interval(C, 60, 70)]
    talk = measure_talk(spoken, 80, sounds=music)
    assert talk.detail is not None
    found = [(s.start, s.end, s.hold, s.sound) for s in talk.detail.silences]
    assert found == [(10, 14, False, None), (21, 30, True, "music"), (40, 60, True, None)]
    assert (talk.detail.hold, talk.detail.longest_silence) == (29, 20)
    assert (talk.detail.before_first_word, talk.detail.after_last_word) == (5, 10)
    assert side(talk, C).responses == 1, "the turn after a hold is no response"


def test_an_empty_call_has_sides_without_figures() -> None:
    talk = measure_talk([], 60)
    assert talk.detail is not None
    assert [(s.speaker, s.share, s.response_gap_median, s.syllables_per_second) for s in talk.detail.sides] == [
        (A, None, None, None),
        (C, None, None, None),
    ]
    assert (talk.detail.before_first_word, talk.detail.silences) == (60, ())


def test_texts_without_times_still_count_questions() -> None:
    talk = measure_talk_from_turns(Conversation(call_id="t", turns=(turn(C, 0, 0, "多少钱？什么时候能上线？"),)))
    assert (side(talk, C).questions, side(talk, C).syllables) == (2, 10)


_seconds = st.integers(min_value=0, max_value=1200).map(lambda n: n / 10)
_intervals = st.lists(
    st.builds(lambda who, a, b: interval(who, min(a, b), max(a, b)), st.sampled_from([A, C]), _seconds, _seconds),
    max_size=25,
)


@given(_intervals)
def test_seconds_add_up_and_sides_are_treated_alike(spoken: list[SpeechInterval]) -> None:
    talk = measure_talk(spoken, 120.0)
    swapped = [interval(C if i.speaker is A else A, i.start, i.end) for i in spoken]
    mirrored = measure_talk(swapped, 120.0)
    assert talk.detail is not None
    assert mirrored.detail is not None
    assert talk.agent + talk.customer - talk.detail.overlap + talk.silence == pytest.approx(120.0, abs=0.01)
    pauses = sum(s.end - s.start for s in talk.detail.silences)
    edges = talk.detail.before_first_word + talk.detail.after_last_word
    assert 0 <= talk.detail.hold <= pauses + 0.01
    assert pauses + edges <= talk.silence + 0.01
    if talk.agent + talk.customer:
        assert (side(talk, A).share or 0) + (side(talk, C).share or 0) == pytest.approx(1.0, abs=0.002)
    for who in (A, C):
        one = side(talk, who)
        assert one.longest_monologue <= one.seconds + 0.01
        assert one.interruptions + one.responses <= len(spoken)
    if len({i.start for i in spoken}) == len(spoken):  # ties are ordered by name
        other = side(mirrored, C)
        assert (side(talk, A).interruptions, side(talk, A).responses) == (other.interruptions, other.responses)
