"""What can be said of one utterance without any lexicon: real words, acknowledgement, question, specifics.

Works on raw recogniser output: no rule here needs punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

_NO_WORD = re.compile(r"[\W_]+")
_DIGIT = "0-9零〇一二两三四五六七八九十百千万亿"

# What a listener says without saying anything. A turn made of these alone is no contribution, however often repeated.
_ACKNOWLEDGEMENT = re.compile(
    r"(?:嗯|恩|哦|噢|喔|啊|呃|额|哎|诶|欸|唉|喂|哈|呵|嘿|呀|呢|吧|嘛|了|的|哼|哟|行|对|是|好|嘞|那|这样子?|可以|没错|没问题|没事|没关系|"
    r"不错|挺好|有道理|知道|明白|了解|清楚|收到|ok|okay|yes|谢谢|多谢|辛苦|再见|拜拜|[你您]好|[你您]说|请讲|请说|在听|听着|"
    r"继续|原来如此|确实|应该|不客气|不好意思|先这样|麻烦[你您])+"
)
_FILLER = re.compile(r"[嗯恩哦噢喔啊呃额诶欸唉哈呵嘿]+")

_QUESTION = re.compile(
    r"吗|能不能|可不可以|可以不|有没有|是不是|行不行|好不好|要不要|会不会|够不够|用不用|对不对|得不得|支不支持|"
    r"多少|多久|多长|多大|多贵|几[个天号点年月家次种台套人位]|怎么|咋|为什么|为啥|什么时候|什么价|什么意思|什么样|是什么|有什么|"
    r"有啥|啥时候|啥样|哪[个里家位儿些种天年]|谁|如何|(?:没有|了没|没|不)$|(?<=.{3})[么呢]$"
)

_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]*")
_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z0-9]+")

# 一个, 一下, 一点 and the like carry no number.
_EMPTY_NUMBER = r"(?<![" + _DIGIT + r"])一(?:个|下|点|些|样|起|边|种|般|直|定|会|家|次|块|遍)(?![" + _DIGIT + r"])"
_UNIT = (
    r"(?:[多来几]?(?:万|亿|千|百)?(?:块|元|美金|折|个|人|家|套|台|份|单|条|页|点|号|日|天|周|年|月|季度|小时|钟|分钟|秒|期|次|"
    r"级|核|兆|t|g|tb|gb|并发|用户|席|坐席|账号|倍|件|层|所|店|线|仓|笔|吨|公里|门|位|名|种|轮|票|车|厂|库|张|部|成|米))"
)
_SPECIFIC = re.compile(
    rf"百分之[{_DIGIT}]{{1,12}}|[{_DIGIT}]{{1,12}}(?:[.点][{_DIGIT}]{{1,12}})?%|[{_DIGIT}]{{1,12}}(?:[.点][{_DIGIT}]{{1,12}})?{_UNIT}|"
    r"[0-9]{2,20}|[二两三四五六七八九][十百千万][多来]?|[十百][万千]|[零一二两三四五六七八九十]{3,20}|"
    r"(?:本|这|下|下下)?(?:周|礼拜|星期)[一二三四五六日天末]|月底|月初|年底|季度|[一二三四]季|q[1-4]|今晚|明天|后天|"
    r"(?<![a-z])[a-z][a-z0-9]{1,30}(?![a-z])",
)
_NOT_NAMES = frozenset({"ok", "okay", "yes", "no", "hello", "hi", "bye"})


_SHORT = 300  # characters; longer texts are read anew each time, for memory's sake
_KEPT = 4096  # answers: all of a long call


def _remembered(rule: Callable[[str], T]) -> Callable[[str], T]:
    """Of short texts the answers given last are kept: one score asks the same of a turn a dozen times."""
    known = lru_cache(_KEPT)(rule)

    @wraps(rule)
    def answer(text: str) -> T:
        return known(text) if len(text) <= _SHORT else rule(text)

    return answer


@_remembered
def plain(text: str) -> str:
    """Letters, digits and ideographs only, compatibility forms folded, lower case: 好的，ＯＫ！ becomes 好的ok."""
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", text).lower())


def is_acknowledgement(text: str) -> bool:
    """Whether the words only acknowledge, greet or fill; true for empty text."""
    bare = plain(text)
    return not bare or _ACKNOWLEDGEMENT.fullmatch(bare) is not None


@_remembered
def real_characters(text: str) -> int:
    """Characters of real content: none for a bare acknowledgement, else all letters and ideographs without fillers."""
    return 0 if is_acknowledgement(text) else len(_FILLER.sub("", plain(text)))


def is_question(text: str) -> bool:
    """Whether the words ask something; works without question marks."""
    if real_characters(text) < 2:
        return False
    return "?" in text or "？" in text or _QUESTION.search(plain(text)) is not None


def count_questions(text: str) -> int:
    """How many sentences ask; words without punctuation are one sentence."""
    return sum(1 for sentence in _SENTENCE.findall(text) if is_question(sentence))


def syllables(text: str) -> int:
    """About how many syllables: each Chinese character one, each Latin word or number run two."""
    plain_text = text.lower()
    return len(_CJK.findall(plain_text)) + 2 * len(_LATIN.findall(plain_text))


@_remembered
def specifics(text: str) -> tuple[str, ...]:
    """Numbers with what they count, dates and Latin names: what a speaker says who talks about a real case."""
    folded = unicodedata.normalize("NFKC", text).lower()
    cleaned = re.sub(_EMPTY_NUMBER, "、", folded)
    return tuple(m.group() for m in _SPECIFIC.finditer(cleaned) if m.group() not in _NOT_NAMES)


# Willingness, not information: 我定不了，要局长签 tells who decides and is no putting off.
_PUT_OFF = re.compile(
    r"再说吧|再说$|再说了$|再看吧|再看看|看情况|考虑考虑|考虑一下|再考虑|不急|不着急|没那么急|先不[谈聊说看弄考]|先放一?放|放一放|缓一缓|往后放|"
    r"以后再|回头再|有空再|改天再|有需要再|有需要我|需要的话再|到时候再|明年再|年后再|后年|没用啊?(?![过上了着完到])|找我没|"
    r"别老?[装寄发来打弄搞做催]|先别|不用[来发寄打]|没时间|没空|忙着呢|不方便|不考虑|没打算|没这个打算|暂时不|没计划|等通知"
)


@_remembered
def puts_off(text: str) -> bool:
    """Whether the speaker puts off or waves away: 再说吧, 不急, 找我没用."""
    return _PUT_OFF.search(plain(text)) is not None
