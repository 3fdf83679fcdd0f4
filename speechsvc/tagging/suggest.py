"""Suggestions for a lexicon: salient phrases, the topic that each resembles most, the known term that is nearest."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from speechsvc.domain.conversation import Conversation, Speaker
from speechsvc.domain.lexicon import Entry, Lexicon
from speechsvc.domain.mention import Mention
from speechsvc.ports import Phrase
from speechsvc.tagging.phrases import Found, Sentence, salient
from speechsvc.tagging.tagger import LexiconTagger
from speechsvc.tagging.text import normal_form, normalise

_ALIKE = 0.6  # share of characters in common from which a phrase is a neighbour of a term
_SAME_CONTEXT = 0.5  # cosine of their neighbours from which it is
_CONTEXTS = 5  # occurrences of a term below which its neighbours say nothing
_EXAMPLES = 3

Bag = Counter[str]


class LexiconMatcher:
    """Implements `Matcher`."""

    def __init__(self, lexicon: Lexicon, *, homophones: bool = True) -> None:
        self._tagger = LexiconTagger(lexicon, homophones=homophones)

    def entries(self, conversation: Conversation) -> Iterator[tuple[str, frozenset[str]]]:
        said = self._tagger.scan(conversation, normalise(conversation))
        before: list[Mention] = []
        for turn in range(len(conversation.turns)):
            for topic, found in sorted(self._tagger.matches(said, turn, before).items()):
                if found:
                    yield topic, frozenset(one.rule.entry.id for one in found)
            before = self._tagger.tag_turn(said, turn, before)


def suggest(
    lexicon: Lexicon, calls: Iterable[tuple[Conversation, Sequence[Mention]]], limit: int
) -> tuple[Phrase, ...]:
    """Reads every call once; keeps the normalised words of customers' turns."""
    free: list[Sentence] = []
    topics: dict[str, Bag] = {topic.id: _bag(_written(topic.entries)) for topic in lexicon.topics}
    contexts: dict[str, Bag] = {}
    for conversation, mentions in calls:
        text = normalise(conversation)
        taken = {m.turn for m in mentions}
        for turn, said in enumerate(conversation.turns):
            if said.speaker is Speaker.CUSTOMER and not said.suspect and turn not in taken:
                words = text.text[text.starts[turn] : text.ends[turn]]
                free.append(Sentence(call_id=conversation.call_id, turn=turn, text=words))
        for m in mentions:
            if m.topic in topics:
                topics[m.topic].update(_pairs(text.text[text.starts[m.turn] : text.ends[m.turn]]))
            _note_context(contexts, conversation.turns[m.turn].text, m)
    terms = _terms(lexicon)
    profiles = _weighed(topics)
    found = salient(free, terms, limit)
    return tuple(_phrase(one, terms, profiles, contexts) for one in found)


def _phrase(found: Found, terms: dict[str, str], topics: dict[str, Bag], contexts: dict[str, Bag]) -> Phrase:
    sentences = Counter(pair for s in found.samples for pair in _pairs(s.text))
    likeness = [(_cosine(sentences, bag), topic) for topic, bag in topics.items()]
    best = max(likeness, default=(0.0, ""), key=lambda pair: (pair[0], pair[1]))
    near = _nearest(found, terms, contexts)
    return Phrase(
        text=found.text,
        count=found.count,
        calls=found.calls,
        score=round(found.score, 1),
        topic=best[1] if best[0] > 0 else None,
        resemblance=round(best[0], 3),
        near=near,
        near_entry=terms.get(near) if near else None,
        places=tuple((s.call_id, s.turn) for s in found.samples[:_EXAMPLES]),
    )


def _nearest(found: Found, terms: dict[str, str], contexts: dict[str, Bag]) -> str | None:
    """The term with most characters in common; else the one that stands between the same neighbours."""
    alike = max(((_common(found.text, term), term) for term in terms), default=(0.0, ""))
    if alike[0] >= _ALIKE:
        return alike[1]
    around = Counter({f"<{k}": v for k, v in found.left.items()}) + Counter(
        {f">{k}": v for k, v in found.right.items()}
    )
    usual = [(_cosine(around, bag), term) for term, bag in contexts.items() if bag.total() >= 2 * _CONTEXTS]
    best = max(usual, default=(0.0, ""))
    return best[1] if best[0] >= _SAME_CONTEXT and best[1] in terms else None


def _common(one: str, other: str) -> float:
    shared = (Counter(one) & Counter(other)).total()
    return shared / max(len(one), len(other)) if shared >= 2 else 0.0


def _note_context(contexts: dict[str, Bag], text: str, mention: Mention) -> None:
    bag = contexts.setdefault(normal_form(mention.text), Counter())
    if mention.start_char:
        bag[f"<{text[mention.start_char - 1]}"] += 1
    if mention.end_char < len(text):
        bag[f">{text[mention.end_char]}"] += 1


def _terms(lexicon: Lexicon) -> dict[str, str]:
    """Normalised words of terms, and of patterns' parts of three and more characters, with their entry."""
    found: dict[str, str] = {}
    for topic in lexicon.topics:
        for entry in topic.entries:
            for text in _written((entry,)):
                if entry.term is not None or len(text) > 2:
                    found.setdefault(text, entry.id)
    return found


def _written(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.term is not None:
            yield from (normal_form(text) for text in (entry.term, *entry.variants))
        for part in entry.pattern:
            if not part.startswith("!"):
                yield from (normal_form(a) for a in part.lstrip("?").split("|") if "<" not in a)


def _bag(texts: Iterable[str]) -> Bag:
    return Counter(pair for text in texts for pair in _pairs(text))


def _pairs(text: str) -> Iterator[str]:
    return (text[i : i + 2] for i in range(len(text) - 1))


def _weighed(topics: dict[str, Bag]) -> dict[str, Bag]:
    """Pairs that many topics have weigh little."""
    spread = Counter(pair for bag in topics.values() for pair in bag)
    total = len(topics) + 1
    return {
        topic: Counter({p: int(100 * math.log1p(n) * math.log(total / spread[p])) for p, n in bag.items()})
        for topic, bag in topics.items()
    }


def _cosine(one: Bag, other: Bag) -> float:
    dot = sum(n * other[key] for key, n in one.items() if key in other)
    size = math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
    return dot / size if size else 0.0
