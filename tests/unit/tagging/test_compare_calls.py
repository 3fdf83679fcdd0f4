"""On hundreds of generated calls, as dense as the labelled ones, with learned entries and without: what the comparison
says of a few turns is what tagging the whole call says."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import pytest

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.learned import LearnedEntries
from speechsvc.domain.lexicon import Entry, Lexicon
from speechsvc.domain.lexicon_data import lexicon_data
from speechsvc.domain.mention import Mention, Polarity
from speechsvc.tagging.compare import LexiconComparison
from speechsvc.tagging.learned.trace import Trace, pack_trace
from speechsvc.tagging.lexicon_file import checked_lexicon
from speechsvc.tagging.tagger import LexiconTagger
from tests.bench.corpus import Piece, make_call, make_pieces
from tests.bench.drafts import twenty_changes
from tests.bench.texts import default_lexicon

CALLS, PIECES, DRAFTS = 120, 50, 8
Made = tuple[Conversation, tuple[Mention, ...], bytes | None]


@cache
def lexicon(learned: bool) -> Lexicon:
    return default_lexicon() if learned else default_lexicon().written


class Analyser:
    def __init__(self, tagger: LexiconTagger) -> None:
        self.tagger = tagger

    def tag(self, conversation: Conversation) -> Found:
        return Found(*self.tagger.traced(conversation))


def made(number: int, learned: bool, chance: random.Random) -> Made:
    """A call, and what the lexicon finds in it."""
    call = make_call(f"call-{number}", pieces(), chance)
    found = analyser(learned).tag(call)
    return call, found.mentions, found.trace


@cache
def pieces() -> list[Piece]:
    return make_pieces(random.Random(1), PIECES)


@cache
def analyser(learned: bool) -> Analyser:
    return Analyser(LexiconTagger(lexicon(learned)))


class Found:
    def __init__(self, mentions: tuple[Mention, ...], trace: Trace | None) -> None:
        self.mentions = mentions
        self.trace = None if trace is None else pack_trace(trace)


def findings(mentions: tuple[Mention, ...]) -> list[object]:
    return [(m.finding, m.reason) for m in mentions]


def drafts(whole: Lexicon, chance: random.Random) -> list[Lexicon]:
    """Everything that people do to entries."""
    made = [checked_lexicon(twenty_changes(lexicon_data(whole)))]
    for _ in range(DRAFTS - 1):
        topics = list(whole.topics)
        for _ in range(chance.randint(1, 20)):
            at = chance.randrange(len(topics))
            entries = list(topics[at].entries)
            which = chance.randrange(len(entries))
            entries[which : which + 1] = _edited(entries[which], chance)
            topics[at] = replace(topics[at], entries=tuple(entries))
        made.append(replace(whole, topics=tuple(topics)))
    if whole.learned:  # other thresholds: with the same entries, and with others
        made += [replace(draft, learned=_steered(whole.learned, chance)) for draft in (whole, made[-1])]
    return made


def _steered(learned: LearnedEntries, chance: random.Random) -> LearnedEntries:
    topics = [
        replace(topic, threshold=chance.choice([topic.threshold, None, *(percent for _, percent in topic.steps)]))
        for topic in learned.topics
    ]
    return replace(learned, topics=tuple(topics))


def _edited(entry: Entry, chance: random.Random) -> list[Entry]:
    action = chance.choice(["remove", "add", "fix", "condition", "sound", "rename"])
    if action == "remove":
        return []
    if action == "add":  # words that are said in most calls
        said = chance.choice(["系统", "我们", "这个", "数据", "那边", "价格", "合同", "公司", "时间", "一个"])
        return [entry, Entry(id=f"{entry.id}/new{chance.random()}", term=said)]
    if action == "fix":
        return [replace(entry, polarity=chance.choice(list(Polarity)))]
    if action == "condition":
        before = replace(entry.conditions, previous=("pricing_discount", "deployment"))
        return [replace(entry, conditions=chance.choice([before, replace(entry.conditions, max_chars=12)]))]
    if action == "sound":
        return [replace(entry, homophones=not entry.homophones)]
    return [replace(entry, id=f"{entry.id}/renamed")]


@pytest.mark.parametrize("learned", [True, False])
def test_a_few_turns_tell_what_whole_calls_tell(learned: bool) -> None:
    """With the trace of the analysis and without, alone and with other calls at once."""
    chance = random.Random(17)
    whole = lexicon(learned)
    tries = [(LexiconComparison(whole, d), LexiconTagger(d)) for d in drafts(whole, chance)]
    calls = [made(number, learned, chance) for number in range(CALLS)]
    changed = gained = lost = 0
    for number, (comparison, tagger) in enumerate(tries):
        some = calls[number :: len(tries)]
        expected = [Analyser(tagger).tag(call) for call, _, _ in some]
        looks = [comparison.look(call) for call, _, _ in some]
        asked = [(look, was, trace) for look, (_, was, trace) in zip(looks, some, strict=True) if look is not None]
        at_once = iter(comparison.results(asked))
        for look, (_, was, trace), tagged in zip(looks, some, expected, strict=True):
            assert look is not None or findings(was) == findings(tagged.mentions)
            if look is not None:
                found = next(at_once)
                assert findings(found[0]) == findings(tagged.mentions)
                assert found[1] == tagged.trace, "the next comparison starts from it"
                if number % 2:
                    assert comparison.results([(look, was, trace)]) == [found]
                ((mentions, _),) = comparison.results([(look, was, None)])
                assert findings(mentions) == findings(tagged.mentions)
            changed += findings(was) != findings(tagged.mentions)
            before, after = ({(m.turn, m.topic) for m in x} for x in (was, tagged.mentions))
            gained, lost = gained + len(after - before), lost + len(before - after)
    assert changed > CALLS / 3
    assert min(gained, lost) > 20, "the drafts change too little to prove anything"


def test_suspect_turns_are_compared_apart() -> None:
    chance = random.Random(23)
    whole = lexicon(True)
    old, draft = LexiconTagger(whole), checked_lexicon(twenty_changes(lexicon_data(whole)))
    comparison, new = LexiconComparison(whole, draft), LexiconTagger(draft)
    changed = 0
    for number in range(30):
        call, _, _ = made(number, True, chance)
        turns = [replace(t, suspect=("repetition",)) if chance.random() < 0.2 else t for t in call.turns]
        call = replace(call, turns=tuple(turns))
        was, becomes = Analyser(old).tag(call), Analyser(new).tag(call)
        look = comparison.look(call)
        found = (was.mentions, was.trace)
        if look is not None:
            (found,) = comparison.results([(look, was.mentions, was.trace)])
        assert (findings(found[0]), found[1]) == (findings(becomes.mentions), becomes.trace)
        changed += findings(was.mentions) != findings(becomes.mentions)
    assert changed > 5
