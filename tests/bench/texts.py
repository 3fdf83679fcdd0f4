"""Conversations to tag: invented ones with a known share of sentences that carry a term, and the labelled calls."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from speechsvc.domain.conversation import Conversation, Speaker, Turn
from speechsvc.domain.lexicon import Lexicon
from speechsvc.resources import bundled
from speechsvc.tagging.lexicon_file import load_lexicon

_FOLDER = Path(__file__).parents[1] / "gold"
GOLD = _FOLDER / "dev.jsonl"
TERM_EVERY = 100  # characters
TURNS = 60  # of an invented call
# Small talk that no topic owns; a start, a middle and an end make a turn of about twenty characters.
_STARTS = "喂您好 嗯对的 哦是这样 行那我记一下 好的没关系 您先听我说完 不好意思刚才没听清 那个我想起来了 我跟您讲"
_MIDDLES = (
    "上午我在外面跑了一圈 这两天我们这边一直下雨 昨天下午我去了趟苏州 小李中午跟我打过招呼了 我刚从车间回来 "
    "您那边声音有点小 我同事今天正好请假 刚才路上有点堵 我这边先拿笔记下来 您说的那位女士姓张"
)
_ENDS = (
    "所以电话接得晚了 您别往心里去 您现在在办公室吗 待会儿我再打给您 我听着呢您接着说 "
    "麻烦您再说一遍 您吃过饭了没有 微信上我加过您了 晚点我再跟您联系 咱们长话短说"
)
_CARRIERS = ("我想问一下{}这块", "关于{}您再说说", "主要还是{}这件事", "刚才说到{}对吧")


@cache
def default_lexicon() -> Lexicon:
    return load_lexicon(bundled("lexicons") / "default")


def without_patterns(lexicon: Lexicon) -> Lexicon:
    """Its terms and variants only."""
    topics = (replace(t, entries=tuple(e for e in t.entries if e.term)) for t in lexicon.topics)
    return replace(lexicon, name=f"{lexicon.name}-terms", topics=tuple(topics))


@cache
def terms() -> tuple[str, ...]:
    """Every term and variant of the default lexicon, as written there."""
    entries = [entry for topic in default_lexicon().topics for entry in topic.entries if entry.term]
    return tuple(sorted({text for entry in entries for text in (entry.term or "", *entry.variants)}))


def invented(characters: int, *, seed: int = 7) -> list[Conversation]:
    """Calls of about so many characters together, with a term sentence about every TERM_EVERY characters."""
    chance = random.Random(seed)
    said = _sentences(chance)
    calls: list[Conversation] = []
    total = 0
    while total < characters:
        texts = list(islice(said, TURNS))
        total += sum(map(len, texts))
        calls.append(_call(f"invented-{len(calls)}", texts))
    return calls


def labelled(characters: int) -> list[Conversation]:
    """The labelled calls, over and over, up to about so many characters. Raises FileNotFoundError without them."""
    calls = _read(GOLD)
    made: list[Conversation] = []
    total = 0
    while total < characters:
        call = calls[len(made) % len(calls)]
        made.append(replace(call, call_id=f"{call.call_id}-{len(made)}"))
        total += length([made[-1]])
    return made


def labelled_calls() -> list[Conversation]:
    """All labelled calls that are not held apart."""
    return [call for path in (GOLD, *sorted(_FOLDER.glob("w?.jsonl"))) for call in _read(path)]


def _read(path: Path) -> list[Conversation]:
    return [_conversation(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _conversation(data: dict[str, Any]) -> Conversation:
    turns = tuple(
        Turn(speaker=Speaker(t["speaker"]), start=t["start"], end=t["end"], text=t["text"]) for t in data["turns"]
    )
    return Conversation(call_id=data["call_id"], turns=turns)


def length(calls: list[Conversation]) -> int:
    """Characters spoken."""
    return sum(len(turn.text) for call in calls for turn in call.turns)


def whole_texts(calls: list[Conversation]) -> list[str]:
    """One string a call, for peers that know no turns."""
    return ["\n".join(turn.text for turn in call.turns) for call in calls]


def _sentences(chance: random.Random) -> Iterator[str]:
    since = chance.randrange(TERM_EVERY)
    small_talk = [part.split() for part in (_STARTS, _MIDDLES, _ENDS)]
    words = terms()
    while True:
        if since >= TERM_EVERY:
            since -= TERM_EVERY
            text = chance.choice(_CARRIERS).format(chance.choice(words))
        else:
            text = "，".join(chance.choice(part) for part in small_talk)
        since += len(text)
        yield text


def _call(call_id: str, texts: list[str]) -> Conversation:
    speakers = (Speaker.AGENT, Speaker.CUSTOMER)
    turns = tuple(
        Turn(speaker=speakers[n % 2], start=n * 6.0, end=n * 6.0 + 5.0, text=text) for n, text in enumerate(texts)
    )
    return Conversation(call_id=call_id, turns=turns)
