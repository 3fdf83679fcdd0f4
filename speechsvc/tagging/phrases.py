"""Phrases that hold together, occur more often than in everyday Chinese, and are covered by no entry.

Counted over runs of letters and Chinese characters: n-grams that stay together (pointwise mutual information), have
free edges (entropy of their neighbours), and are salient (log-likelihood ratio against jieba's word counts).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick
from ahocorasick_rs import MatchKind as AutomatonKind

from speechsvc.tagging.words import words

LONGEST = 6  # characters of a phrase
_RUN = re.compile(r"[\u4e00-\u9fff]+")
_LEAST = 3  # occurrences, and calls
_HOLDS = 1.5  # nats of mutual information at the weakest joint
_FREE = 0.9  # nats of entropy at either edge
_CONSIDERED = 4000  # candidates that are looked at again for their edges
_MOST_GRAMS = 2_000_000  # n-grams counted at once; rarer ones are forgotten beyond
_SAMPLES = 20  # sentences kept of a phrase
_PART_OF = 0.8  # share of a phrase's occurrences inside a longer one from which only the longer one is told
_EVERYDAY = 8000  # count in jieba's dictionary of a word that says nothing by itself
_PHONE = frozenset(("喂", "您好", "你好", "好的", "谢谢", "再见", "拜拜", "不好意思", "没事", "可以", "知道", "明白"))

Place = tuple[str, int]  # call id, turn


@dataclass(kw_only=True, slots=True)
class Sentence:
    """Normalised words of one turn."""

    call_id: str
    turn: int
    text: str


@dataclass(kw_only=True, slots=True)
class Found:
    """A phrase and where it stands."""

    text: str
    count: int
    calls: int
    score: float
    samples: list[Sentence] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)


def salient(sentences: Sequence[Sentence], known: Iterable[str], limit: int) -> list[Found]:
    """The most salient first; none that equals or holds one of the `known` words."""
    counts, in_calls, total = _count(sentences)
    taken = _automaton([word for word in set(known) if len(word) > 1])
    candidates = [
        Found(text=text, count=n, calls=in_calls[text], score=_likelihood(text, n, total))
        for text, n in counts.items()
        if len(text) > 1 and n >= _LEAST and in_calls[text] >= _LEAST and _holds_together(text, counts, total)
    ]
    candidates = [c for c in candidates if c.score > 0 and _says_something(c.text) and not _holds(taken, c.text)]
    candidates.sort(key=lambda c: (-c.score, c.text))
    del candidates[_CONSIDERED:]
    _look_again(sentences, candidates)
    free = [c for c in candidates if min(_entropy(c.left), _entropy(c.right)) >= _FREE]
    return _whole(free)[:limit]


def _count(sentences: Sequence[Sentence]) -> tuple[Counter[str], Counter[str], int]:
    counts: Counter[str] = Counter()
    in_calls: Counter[str] = Counter()
    of_call: set[str] = set()
    last, total = "", 0
    for sentence in sentences:
        if sentence.call_id != last:
            in_calls.update(of_call)
            of_call, last = set(), sentence.call_id
            if len(counts) > _MOST_GRAMS:
                counts = Counter({g: n for g, n in counts.items() if n > 1})
        grams = list(_grams(sentence.text))
        counts.update(grams)
        of_call.update(grams)
        total += len(sentence.text)
    in_calls.update(of_call)
    return counts, in_calls, max(1, total)


def _grams(text: str) -> Iterator[str]:
    for run in _RUN.findall(text):
        for size in range(1, LONGEST + 1):
            for start in range(len(run) - size + 1):
                yield run[start : start + size]


def _holds_together(text: str, counts: Counter[str], total: int) -> bool:
    return all(
        math.log(counts[text] * total / max(1, counts[text[:i]] * counts[text[i:]])) >= _HOLDS
        for i in range(1, len(text))
    )


def _likelihood(text: str, count: int, total: int) -> float:
    """Twice the log-likelihood ratio, zero where the phrase is no more frequent than in everyday Chinese."""
    expected = total * math.exp(words().log_probability(text))
    return 0.0 if count <= expected else 2 * (count * math.log(count / expected) - (count - expected))


def _says_something(text: str) -> bool:
    """More than everyday words and the forms of a telephone call."""
    return any(
        word not in _PHONE and words().frequency(word) < _EVERYDAY for word in words().tokenizer.cut(text, HMM=False)
    ) and not any(form in text for form in _PHONE if len(form) * 2 > len(text))


def _look_again(sentences: Sequence[Sentence], candidates: list[Found]) -> None:
    automaton = _automaton([c.text for c in candidates])
    if automaton is None:
        return
    for number, sentence in enumerate(sentences):
        text = sentence.text
        for index, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
            found = candidates[index]
            # the edge of a turn is as good as a new neighbour each time
            found.left[text[start - 1] if start else f"^{number}"] += 1
            found.right[text[end] if end < len(text) else f"${number}"] += 1
            if len(found.samples) < _SAMPLES and sentence not in found.samples[-1:]:
                found.samples.append(sentence)


def _entropy(neighbours: Counter[str]) -> float:
    total = sum(neighbours.values())
    return -sum(n / total * math.log(n / total) for n in neighbours.values()) if total else 0.0


def _whole(found: list[Found]) -> list[Found]:
    """Without phrases that are hardly ever said but as a part of a longer one, or a longer one of a better."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda c: (-len(c.text), -c.score, c.text)):
        if not any(one.text in longer.text and longer.count >= _PART_OF * one.count for longer in kept):
            kept.append(one)
    shorter = sorted(kept, key=lambda c: (-c.score, c.text))
    told: list[Found] = []
    for one in shorter:
        if not any(better.text in one.text for better in told):
            told.append(one)
    return told


def _automaton(texts: list[str]) -> AhoCorasick | None:
    return AhoCorasick(texts, matchkind=AutomatonKind.Standard) if texts else None


def _holds(automaton: AhoCorasick | None, text: str) -> bool:
    return automaton is not None and bool(automaton.find_matches_as_indexes(text))
