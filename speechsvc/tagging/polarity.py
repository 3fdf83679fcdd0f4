"""Affirmed or negated: negated is what the speaker sets aside, does not need, or will not discuss.

Lacks (没预算了), neutral questions (要不要培训) and counter-offers stay affirmed. Works on normalised text, and never
relies on punctuation: a cue counts only near the mention, with nothing in between that begins another statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from re import Pattern

_DO = "谈|说|聊|提|讲|看|考虑|安排|做|搞|弄|发|寄|送|拿|推|约|演示|介绍|报|搬|迁|导|签|装|试|来|问|整|折腾|打|上|定|算|培训|定制|对接|招|扯|管|买|催"
_ADVERB = "再|老|总|先|就|都|也|给我们?|跟我们?|给咱们?|跟咱们?|往我这儿?|急着|忙着|着急|这么|那么"

# Before the mention: the mention is what is not wanted.
_BEFORE = re.compile(
    rf"(?<!用)(?<!需)(?<!要)(?P<cue>不用|不需要|不要|用不着|用不上|没必要|没有必要|不必|无需|无须|甭|不考虑|没考虑|不打算|没打算|没计划|没想过?|不想再?"
    rf"|不谈|不提|不聊|不讲|不看|不关心|不在乎|不在意|不感兴趣|没兴趣|不涉及|不牵涉|不存在|不做|不搞|不弄|不走|不参加|取消|懒得"
    rf"|先不急?(?:{_DO})|暂时不(?:{_DO}|要|用|需要)?|暂不(?:{_DO})?|先别(?:{_ADVERB})?(?:{_DO})|别(?:{_ADVERB}){{0,2}}(?:{_DO})|不跟你(?:谈|说|聊)|谁(?:还)?(?:要|需要|用)"
    rf"|(?<![特级区分性类个差告识])(?P<bare>别)(?:{_ADVERB}){{0,2}}"
    rf"|(?<!有)没有?(?:什么|啥|那个|这个)?(?=[^，。？?]{{0,12}}(?:要|需要|可|好)(?:{_DO}|改|对|接|迁移|的))"
    rf"|(?<!有)没有?(?:这个|这种|这方面的?|什么|啥)?(?=[^，。？?]{{0,8}}(?:的)?(?:需求|需要|必要|打算|想法|计划)))"
)
# Behind the mention: the sentence closes on it.
_AFTER = re.compile(
    rf"(?P<cue>(?<!用)(?<!需)(?<!要)(?:不用|不需要|不要|用不着|用不上|没必要|没有必要|不必|免)了?(?=$|[，。！；,.!;\n]|吧|啊|哈|啦|的|我们|你们?|您|咱|{_DO}|{_ADVERB}|了)"
    rf"|(?:先|就|暂时|现在|目前|今天|这次|这会儿?)?(?:不|别|甭|不想|不用|不要|先别)(?:{_ADVERB}){{0,2}}(?:谈|说|聊|提|讲|考虑|安排|搞|弄|发|寄|送|推|做)(?!不|清|明白|好|错|丢|坏|到|得|是|起来|服)"
    rf"|(?:不管|不关心|无所谓|没兴趣|不感兴趣|不在乎|不在意|没打算|不打算|没计划|省了|跳过|取消|先放|放一放|缓一缓|往后放|往后靠|以后放|先搁|搁着|搁一边|放一边|免谈|拉倒)"
    rf"|(?:以后|回头|下次|到时候?|过后|后面|完了|之后|往后|改天|晚点|晚些|下回|将来)(?:再|在)(?:说|谈|聊|看|议|考虑|讲|提)"
    rf"|再说吧|再说了?(?=$|[，。！\n])|就?算了(?=$|[，。！\n]|吧|我|咱|不|先))"
)
# Words of their own that only look like a cue, and requests to avoid a mishap.
_NOT_A_CUE = re.compile(
    "不用(?:担心|怕|愁|操心|客气|谢|等|加钱|花钱|钱|额外|另外|单独|改|换|连|输)|不要(?:紧|钱|脸|丢|漏|错|卡|超|太|断|出|忘|乱)|不要求"
    "|不用说|不用管|(?:别|不要)(?:说|看)(?:是|我|你|他|那|这|一|两|三|几|十|百|千|现在|了)|别的|别人|别家|别处"
    "|不管(?:是|怎|什么|你|他|多|哪|谁)|没想到|不看好|不做(?:不行|过不)|不说别的|不弄(?:丢|错|坏|清)|不讲(?:理|究|道理)|不想(?:花|多花|出)|不发愁|不上不下"
)
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
_SOFT = re.compile(r"吧[？?]?$")

_REFUSAL = re.compile(
    r"(?:哎呀?|啊|哦|噢|那个|那|这个|嗨|唉|我们|我|您|你|[，。、,.！!])*"
    r"(?P<refusal>不用(?![担户])|不需要|不要(?![求紧])|用不着|没必要|不必|免了|算了|先不(?:用|要|了|急)|暂时不|别(?![的人家处]|[提说]了))"
)
_SHORTEST_REFUSAL = 4  # characters of a turn

_REACH = 8  # characters between cue and mention


@dataclass(frozen=True, kw_only=True, slots=True)
class Negation:
    """The words that set the mention aside."""

    cue: str


def find_negation(text: str, limits: tuple[int, int], spans: Sequence[tuple[int, int]]) -> Negation | None:
    """The cue that negates the mention at `spans` (its matched parts) within the turn at `limits`, if there is one."""
    start, end = spans[0][0], spans[-1][1]
    for cue in _cues(_BEFORE, text, limits, max(limits[0], start - _REACH - 8), end):
        inside = start <= cue.start and cue.end <= end
        if inside and any(s < cue.end and cue.start < e for s, e in spans):
            continue
        if not inside and not _reaches(cue, text, start):
            continue
        if not _cancelled(text, limits, cue, end):
            return Negation(cue=cue.text)
    for cue in _cues(_AFTER, text, limits, max(limits[0], end), min(limits[1], end + _REACH + 4)):
        if _joined_after(text[end : cue.start]) and not _cancelled(text, limits, cue, cue.end):
            return Negation(cue=cue.text)
    return None


def find_refusal(text: str, limits: tuple[int, int]) -> tuple[int, int] | None:
    """The span of a refusal that opens the turn (不用，老的放那边存着就行), if it says more than the bare word."""
    match = _REFUSAL.match(text, *limits)
    if match is None or limits[1] - limits[0] < _SHORTEST_REFUSAL:
        return None
    start, end = match.span("refusal")
    if _NOT_A_CUE.match(text, start, limits[1]) or _cancelled(text, limits, _Cue(text="", start=start, end=end), end):
        return None
    return start, end


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cue:
    text: str
    start: int
    end: int
    bare: bool = False  # 别 without a verb: only right before the mention, which then is the verb


def _cues(regex: Pattern[str], text: str, limits: tuple[int, int], low: int, high: int) -> Iterator[_Cue]:
    for match in regex.finditer(text, low, min(limits[1], high + 14)):
        start, end = match.span("cue")
        if start >= high:
            return
        if any(m.start() <= start < m.end() for m in _NOT_A_CUE.finditer(text, max(limits[0], start - 2), end + 6)):
            continue
        if start > limits[0] and text[start] == "不" and start + 1 < limits[1] and text[start - 1] == text[start + 1]:
            continue  # 要不要, 用不用: a question
        yield _Cue(text=match.group("cue"), start=start, end=end, bare=bool(match.groupdict().get("bare")))


def _reaches(cue: _Cue, text: str, start: int) -> bool:
    """Whether a cue that begins before the mention bears on it. 先别报 overlaps 报价: the mention is the cue's verb."""
    if cue.end > start:
        return cue.start < start
    return _joined(text[cue.end : start]) and not (cue.bare and cue.end < start)


def _joined(between: str) -> bool:
    """Whether a cue before reaches the mention behind `between`."""
    return len(between) <= _REACH and not _BREAKER.search(between)


def _joined_after(between: str) -> bool:
    """Whether a cue behind reaches back to the mention: behind a comma only if nothing but links stands there."""
    rest = _LINK.sub("", between)
    comma = "，" in between or "," in between
    return len(rest) <= (2 if comma else _REACH) and not _BREAKER.search(rest)


def _cancelled(text: str, limits: tuple[int, int], cue: _Cue, end: int) -> bool:
    """Double negation, rhetorical or real question, condition: then the mention is wanted after all."""
    before = text[max(limits[0], cue.start - 10) : cue.start]
    stop = _sentence_end(text, max(end, cue.end), limits[1])
    after = text[max(end, cue.end) : min(stop + 1, max(end, cue.end) + 12)]
    if _DOUBLE.search(before) or _CONDITION.search(before):
        return True
    if _WANTED.search(after[:8]):
        return True
    return bool(_ASKING.search(after)) and not _SOFT.search(after)


def _sentence_end(text: str, start: int, high: int) -> int:
    places = [place for mark in "。！？?!；;\n" if (place := text.find(mark, start, high)) >= 0]
    return min(places, default=high)
