"""Contact outcome: was a person of the customer's reached, and did they talk?

Machines are told by what they say; a person who then talks makes the call effective all the same. Refusal and wrong
number hold only while the customer says little else: who first refuses and then talks for long was reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from speechsvc.domain.analysis import Contact, ContactFinding, TurnEvidence
from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.domain.stretch import Stretch, stretches
from speechsvc.tagging.next_step import find_next_step
from speechsvc.tagging.phrase_file import Phrases, Plain, fold, load_phrases

CONTENT_CHARACTERS = 5  # a stretch with fewer real characters says nothing of its own: 哪位, 什么事
TALK_AFTER_MACHINE = 2  # answers to the salesperson that show a person came on the line after a prompt or menu
TALK_AFTER_ASSISTANT = 5  # call assistants hold short conversations themselves
TALK_DESPITE_WRONG_NUMBER = 3  # stretches of content that outweigh 打错了
MISTAKE_WITHIN = 3  # stretches of the salesperson: later, 登记错了 is about something else
TALK_DESPITE_STRONG_REFUSAL = (4, 60)  # stretches of content and characters that outweigh 别再打了
TALK_DESPITE_WEAK_REFUSAL = (3, 40)  # the same for 不需要
TALK_AFTER_WEAK_REFUSAL = 10  # characters after the last 不需要 that show it refused a detail, not the call


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """A stretch with its text folded."""

    stretch: Stretch
    plain: Plain

    @property
    def content(self) -> bool:
        return self.stretch.characters >= CONTENT_CHARACTERS

    def hit(self, *groups: str) -> tuple[str, str] | None:
        """Reason and words of the first hit in the groups."""
        return next((h for g in groups if (h := _phrases(g).find(self.plain)) is not None), None)


def find_contact(conversation: Conversation) -> ContactFinding:
    """Outcome with the words that show it. Suspect turns do not count; unknown speakers may be the customer."""
    said = [_Said(stretch=s, plain=fold(s.text)) for s in stretches(conversation.turns)]
    others = [s for s in said if s.stretch.speaker is not Speaker.AGENT]
    if not others:
        return _nobody(said)
    people = [s for s in others if s.hit("voicemail", "ivr", "dead_number") is None]
    machine = _machine(said, others, people)
    if machine is not None:
        return machine
    if all(s.hit("greeting") for s in people):
        return _finding(Contact.NO_SPEECH, ((s, "nothing but a greeting or noise 只有问候或杂音") for s in people))
    return _wrong_number(said, people) or _refused(conversation, people) or _effective(people)


def _nobody(said: Sequence[_Said]) -> ContactFinding:
    """Only the salesperson speaks: into a voicemail box, or to nobody."""
    for outcome, group in ((Contact.VOICEMAIL, "voicemail"), (Contact.WRONG_NUMBER, "dead_number")):
        if hits := [(s, h[0]) for s in said if (h := s.hit(group))]:
            return _finding(outcome, hits)
    return _finding(Contact.NO_SPEECH, ((s, "the customer never speaks 客户始终没有说话") for s in said[:3]))


def _machine(said: Sequence[_Said], others: Sequence[_Said], people: Sequence[_Said]) -> ContactFinding | None:
    """A finding where a machine answered and no person came on the line after it."""
    spoken = {
        Contact.WRONG_NUMBER: [(s, h[0]) for s in others if (h := s.hit("dead_number"))],
        Contact.VOICEMAIL: [(s, h[0]) for s in others if (h := s.hit("voicemail"))],
        Contact.IVR: [(s, h[0]) for s in others if (h := s.hit("ivr"))],
    }
    hits = [h for found in spoken.values() for h in found]
    if not hits:
        return None
    assistant = any(reason.startswith("call assistant") for _, reason in hits)
    needed = TALK_AFTER_ASSISTANT if assistant else TALK_AFTER_MACHINE
    if _answers(said, people) >= needed:
        return None
    outcome = _outcome(spoken)
    return _finding(outcome, spoken[outcome])


def _outcome(spoken: dict[Contact, list[tuple[_Said, str]]]) -> Contact:
    """A dead number before all. A company's menu stays a menu, also where an extension then does not answer."""
    if spoken[Contact.WRONG_NUMBER]:
        return Contact.WRONG_NUMBER
    begins = {o: min((s.stretch.turns[0] for s, _ in found), default=None) for o, found in spoken.items()}
    menu, box = begins[Contact.IVR], begins[Contact.VOICEMAIL]
    if menu is not None and box is not None and menu < box:
        return Contact.IVR
    return max(spoken, key=lambda o: len(spoken[o]))


def _answers(said: Sequence[_Said], people: Sequence[_Said]) -> int:
    """Stretches of content by a person that follow words of the salesperson (or any, where speakers are unknown)."""
    talking = {id(p) for p in people if p.content}
    unknown = not any(s.stretch.speaker is Speaker.AGENT for s in said)
    pairs = pairwise(said)
    return sum(1 for a, b in pairs if id(b) in talking and (unknown or a.stretch.speaker is Speaker.AGENT))


def _wrong_number(said: Sequence[_Said], people: Sequence[_Said]) -> ContactFinding | None:
    hits = [(s, h[0]) for s in people if (h := s.hit("wrong_number"))]
    if not hits:
        hits = _strangers(said, people)
    if not hits:
        sorry = max((s.stretch.turns[0] for s in said if _agent(s) and s.hit("apology")), default=-1)
        hits = [(s, h[0]) for s in people[:2] if s.stretch.turns[0] < sorry and (h := s.hit("denial"))]
    wrong = {id(s) for s, _ in hits}
    talk = sum(1 for s in people if s.content and id(s) not in wrong and not s.hit("who"))
    if not hits or talk >= TALK_DESPITE_WRONG_NUMBER:
        return None
    return _finding(Contact.WRONG_NUMBER, hits)


def _strangers(said: Sequence[_Said], people: Sequence[_Said]) -> list[tuple[_Said, str]]:
    """Who spoke before the salesperson said 打错了, where that is among the first three things the salesperson says."""
    opening = [s for s in said if _agent(s)][:MISTAKE_WITHIN]
    noticed = next((s.stretch.turns[0] for s in opening if s.hit("mistaken")), None)
    if noticed is None:
        return []
    return [(s, "the salesperson has the wrong number 销售自认打错") for s in people if s.stretch.turns[0] < noticed]


def _agent(said: _Said) -> bool:
    return said.stretch.speaker is Speaker.AGENT


def _refused(conversation: Conversation, people: Sequence[_Said]) -> ContactFinding | None:
    """Refusal, or no time and no leave to call again, with hardly anything else said."""
    strong = [(s, h[0]) for s in people if (h := s.hit("refused_strong"))]
    weak = [(s, h[0]) for s in people if (h := s.hit("refused_weak"))]
    busy = [(s, h[0]) for s in people if (h := s.hit("busy"))]
    hits = strong + weak or busy
    if not hits:
        return None
    empty = {id(s) for s, _ in [*strong, *weak, *busy]}
    talk = [s for s in people if s.content and id(s) not in empty and not s.hit("who", "call_later")]
    stretches_needed, characters_needed = TALK_DESPITE_STRONG_REFUSAL if strong else TALK_DESPITE_WEAK_REFUSAL
    if len(talk) >= stretches_needed or sum(s.stretch.characters for s in talk) >= characters_needed:
        return None
    if not strong and (any(s.hit("call_later") for s in people) or find_next_step(conversation).agreed):
        return None  # leave to call again, or something agreed: the person was reached and is willing
    if not (strong or weak) and talk:
        return None
    last = max(s.stretch.turns[0] for s, _ in hits)
    later = sum(s.stretch.characters for s in talk if s.stretch.turns[0] > last)
    if not strong and later >= TALK_AFTER_WEAK_REFUSAL:
        return None
    return _finding(Contact.REFUSED, hits)


def _effective(people: Sequence[_Said]) -> ContactFinding:
    """A person was reached. A short 在开车，晚点打给我 counts as contact; its score stays low for want of business."""
    talk = [s for s in people if s.content] or list(people)
    return _finding(Contact.EFFECTIVE, ((s, "customer talks 客户在交谈") for s in talk[:3]))


def _finding(outcome: Contact, hits: Iterable[tuple[_Said, str]]) -> ContactFinding:
    return ContactFinding(outcome=outcome, evidence=tuple(_evidence(s.stretch, reason) for s, reason in hits))


def _evidence(stretch: Stretch, reason: str) -> TurnEvidence:
    return TurnEvidence(turn=stretch.turns[0], text=stretch.text, start=stretch.start, end=stretch.end, reason=reason)


def _phrases(group: str) -> Phrases:
    return load_phrases("contact.yaml", group)
