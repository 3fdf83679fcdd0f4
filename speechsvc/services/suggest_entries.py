"""What could be added to the lexicon: phrases that no entry covers, and words that recognition misspells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.conversation import Conversation
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.masking import mask
from speechsvc.domain.mention import Mention
from speechsvc.domain.run import CallRange
from speechsvc.ports import Phrase, UnitOfWork
from speechsvc.services.core import Core
from speechsvc.services.lexicon_versions import InForce
from speechsvc.services.mask_words import mask_segments

READ = 2000  # newest calls of the range whose words are read
_AT_ONCE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A sentence, masked."""

    call_id: str
    turn: int
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SuggestedPhrase:
    phrase: Phrase
    examples: tuple[Example, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeardAs:
    """Words that were taken for an entry by their sound: a variant to add, if they mean it."""

    text: str
    entry: str
    mentions: int
    calls: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestions:
    calls: int  # whose words were read
    phrases: tuple[SuggestedPhrase, ...]
    homophones: tuple[HeardAs, ...]


def suggest_entries(
    core: Core, principal: Principal, where: CallRange, *, limit: int = 30, read: int = READ
) -> Suggestions:
    """Over the newest calls of the range. Raises Forbidden."""
    principal.require(Permission.RULES_WRITE)
    lexicon = InForce(core, principal.tenant_id).lexicon or {"name": "none", "version": 1, "topics": []}
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        ids = [c.call_id for c in uow.call_index.calls(where, RowKind.WEEK, limit=read).items]
        found = core.workbench().phrases(lexicon, _spoken(uow, ids), limit)
        phrases = tuple(SuggestedPhrase(phrase=p, examples=_examples(uow, p)) for p in found)
        heard = uow.analyses.heard_as(where, limit=limit)
    homophones = tuple(HeardAs(text=mask(t), entry=e, mentions=n, calls=c) for t, e, n, c in heard)
    return Suggestions(calls=len(ids), phrases=phrases, homophones=homophones)


def _spoken(uow: UnitOfWork, ids: Sequence[str]) -> Iterator[tuple[Conversation, tuple[Mention, ...]]]:
    for begin in range(0, len(ids), _AT_ONCE):
        some = ids[begin : begin + _AT_ONCE]
        said, mentions = uow.call_index.conversations(some), uow.analyses.found_mentions(some)
        for call_id in some:
            if call_id in said:
                yield said[call_id][0], mentions.get(call_id, ())


def _examples(uow: UnitOfWork, phrase: Phrase) -> tuple[Example, ...]:
    found = []
    for call_id, turn in phrase.places:
        transcript = uow.transcripts.get(call_id)
        if transcript is not None and turn < len(transcript.segments):
            sentence = mask_segments(transcript.segments)[turn]
            found.append(Example(call_id=call_id, turn=turn, sentence=sentence))
    return tuple(found)
