"""On hundreds of generated calls, as dense as the labelled ones, with learned entries and without: what the comparison
says of a few turns is what tagging the whole call says."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import pytest

from speechsvc.domain.conversation import Conversation
from speechsvc.domain.lexicon import Entry, Lexicon
from speechsvc.domain.lexicon_data import lexicon_data
from speechsvc.domain.mention import Mention, Polarity
from speechsvc.tagging.compare import LexiconComparison
from speechsvc.tagging.lexicon_file import checked_lexicon
from speechsvc.tagging.tagger import LexiconTagger
from tests.bench.corpus import Piece, make_call, make_pieces
from tests.bench.drafts import twenty_changes
from tests.bench.texts import default_lexicon

CALLS, PIECES, DRAFTS = 200, 50, 10


@cache
def lexicon(learned: bool) -> Lexicon:
    return default_lexicon() if learned else default_lexicon().written


@cache
def pieces(learned: bool) -> list[Piece]:
    class Analyser:
        def __init__(self) -> None:
            self.tagger = LexiconTagger(lexicon(learned))

        def tag(self, conversation: Conversation) -> Found:
            return Found(self.tagger.tag(conversation))

    return make_pieces(Analyser(), random.Random(1), PIECES)


class Found:
    def __init__(self, mentions: tuple[Mention, ...]) -> None:
        self.mentions = mentions


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
    return made


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
    chance = random.Random(17)
    whole = lexicon(learned)
    tries = [(LexiconComparison(whole, d), LexiconTagger(d)) for d in drafts(whole, chance)]
    changed = gained = lost = 0
    for number in range(CALLS):
        call, was = make_call(f"call-{number}", pieces(learned), chance)
        comparison, tagger = tries[number % len(tries)]
        expected = tagger.tag(call)
        assert comparison.touches(call) or findings(was) == findings(expected)
        assert findings(comparison.apply(call, was)) == findings(expected)
        changed += findings(was) != findings(expected)
        before, after = ({(m.turn, m.topic) for m in some} for some in (was, expected))
        gained, lost = gained + len(after - before), lost + len(before - after)
    assert changed > CALLS / 3
    assert min(gained, lost) > 20, "the drafts change too little to prove anything"


def test_pieces_put_together_are_tagged_as_they_were_alone() -> None:
    chance = random.Random(5)
    tagger = LexiconTagger(lexicon(True))
    for number in range(12):
        call, mentions = make_call(f"call-{number}", pieces(True), chance)
        assert findings(tagger.tag(call)) == findings(mentions)
        assert len(mentions) > 40
