"""Affirmed or negated: negated is what the speaker sets aside, does not need, or will not discuss.

Lacks (没预算了), neutral questions (要不要培训) and counter-offers stay affirmed. Works on normalised text, and never
relies on punctuation: a cue counts only near the mention, with nothing in between that begins another statement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from speechsvc.tagging.cues import NOT_A_CUE
from speechsvc.tagging.reading import Cue, Reading

_BREAKER = re.compile(
    r"但是?|不过|可是|只要|因为|所以|已经|还是|直接|就是|我们是|我要|我们要|主要|反正|而且|然后|[。！？；?!;，,\n]"
)
_LINK = re.compile(r"[，,、]|那个|这个|真的?|就是|的话|呢|吧|啊|嘛|的事儿?|这块儿?|那块儿?|这边|那边|方面")
_WANTED = re.compile(
    r"不行|不成|不可能|怎么行|怎么能行|哪行|哪能行|不合适|没法|不太好|过不了|通不过|不现实|可不敢|有风险|麻烦了"
)
_DOUBLE = re.compile(
    r"(?:不是|并非|不能|不得|不可能|不会|没说|没有说|谁说|哪能|怎么能|怎么可能|怎么会|难道|总不能|又不是|也不是|没有人|没人|哪有|不敢|绝不)(?:就|都|我们?|你们?|他们?|说|可以|能|就能|就会)?$"
)
_CONDITION = re.compile(r"(?:如果|要是|假如|万一|假设|除非)[^，。,；]{0,8}$")
_ASKING = re.compile(r"吗|么[？?]|[？?]")
# 不做演示领导不会批: without it, nothing goes; so it is wanted.
_WITHOUT = re.compile(r"不(?:做|搞|弄|走|谈|看|提|讲)|没")
_NOTHING_GOES = re.compile(r"不(?:会|批|让|给|肯|敢|同意|签|放心|干|认|收|买)|没法|没戏|[过签下谈]不")
_TALK = re.compile(r"[谈说聊提讲]")
_SOFT = re.compile(r"吧[？?]?$")

_REFUSAL = re.compile(
    r"(?:哎呀?|啊|哦|噢|那个|那|这个|嗨|唉|我们|我|您|你|[，。、,.！!])*"
    r"(?P<refusal>不用(?![担户])|不需要|不要(?![求紧])|用不着|没必要|不必|免了|算了|先不(?:用|要|了|急)|暂时不|别(?![的人家处]|[提说]了))"
)
_SHORTEST_REFUSAL = 4  # characters of a turn

_REACH = 8  # characters between cue and mention


def find_negation(text: str, limits: tuple[int, int], reading: Reading, spans: Sequence[tuple[int, int]]) -> str:
    """The cue that negates the mention at `spans` (its matched parts) within the turn at `limits`; empty if none."""
    start, end = spans[0][0], spans[-1][1]
    for cue in reading.before:
        if cue.start >= end:
            break
        inside = start <= cue.start and cue.end <= end
        if inside and any(s < cue.end and cue.start < e for s, e in spans):
            continue
        if _WITHOUT.match(cue.text) and _NOTHING_GOES.search(text, end, min(limits[1], end + _REACH)):
            continue
        if (inside or _reaches(cue, text, start)) and not _cancelled(text, limits, cue.start, max(end, cue.end)):
            return cue.text
    for cue in reading.after:
        if cue.end <= end or cue.start <= start or cue.start > end + _REACH + 4:
            continue
        if _joined_after(text[end : cue.start], cue) and not _cancelled(text, limits, cue.start, cue.end):
            return cue.text
    return ""


def find_refusal(text: str, limits: tuple[int, int]) -> tuple[int, int] | None:
    """The span of a refusal that opens the turn (不用，老的放那边存着就行), if it says more than the bare word."""
    match = _REFUSAL.match(text, *limits)
    if match is None or limits[1] - limits[0] < _SHORTEST_REFUSAL:
        return None
    start, end = match.span("refusal")
    if NOT_A_CUE.match(text, start, limits[1]) or _cancelled(text, limits, start, end):
        return None
    return start, end


def _reaches(cue: Cue, text: str, start: int) -> bool:
    """Whether a cue that begins before the mention bears on it. 先别报 overlaps 报价: the mention is the cue's verb."""
    if cue.end > start:
        return cue.start < start
    return _joined(text[cue.end : start]) and not (cue.bare and cue.end < start)


def _joined(between: str) -> bool:
    """Whether a cue before reaches the mention behind `between`."""
    return len(between) <= _REACH and not _BREAKER.search(between)


def _joined_after(between: str, cue: Cue) -> bool:
    """Whether a cue behind reaches back to the mention: over a comma only if little stands between, for talk
    (先不说这个) somewhat more."""
    rest = _LINK.sub("", between)
    comma = "，" in between or "," in between
    return len(rest) <= (_REACH if not comma else 6 if _TALK.search(cue.text) else 2) and not _BREAKER.search(rest)


def _cancelled(text: str, limits: tuple[int, int], cue_start: int, end: int) -> bool:
    """Double negation, rhetorical or real question, condition: then the mention is wanted after all."""
    before = text[max(limits[0], cue_start - 10) : cue_start]
    if _DOUBLE.search(before) or _CONDITION.search(before):
        return True
    stop = _sentence_end(text, end, limits[1])
    after = text[end : min(stop + 1, end + 12, limits[1])]
    return bool(_WANTED.search(after[:8]) or (_ASKING.search(after) and not _SOFT.search(after)))


def _sentence_end(text: str, start: int, high: int) -> int:
    places = [place for mark in "。！？?!；;\n" if (place := text.find(mark, start, high)) >= 0]
    return min(places, default=high)
