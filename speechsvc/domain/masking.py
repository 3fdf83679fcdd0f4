"""Hides personal data in text without changing its length, so that every stored offset stays true.

Found: mobile and landline numbers, resident ids, bank cards, any other run of seven digits or more, e-mail addresses,
and WeChat or QQ ids where they are called so. Digits may be written or spoken (138, 一三八, 幺三八), with pauses and
fillers between them, with recognition errors (要 for 幺), and split over several turns of one speaker. When in doubt a
long run is hidden: only what reads as an amount, a date or a list of round prices stays. Every pattern takes linear
time. Names and addresses are not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise

MASK = "*"
_MIN_DIGITS = 7
_MAX_AMOUNT_DIGITS = 12
_TURN_BREAK = "\x1f"  # stands between turns while they are searched together


class DataKind(StrEnum):
    """What a span looks like. `number` is a long run that fits no known form."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    RESIDENT_ID = "resident_id"
    CARD = "card"
    NUMBER = "number"
    EMAIL = "email"
    ACCOUNT = "account"  # WeChat or QQ id


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Where personal data lies; `start` and `end` index Unicode code points of the text as given."""

    start: int
    end: int
    kind: DataKind


def mask(text: str) -> str:
    """`text` with one `*` for each hidden character; a mobile number keeps its first three and last two digits."""
    return _hide(text, _search(text))


def find_personal_data(text: str) -> list[Span]:
    """Spans in order of start, without overlaps of one inside another."""
    return [found.span for found in _search(text)]


def mask_turns(texts: Sequence[str]) -> list[str]:
    """`mask` for texts that one speaker says one after the other: a number may begin in one and end in the next."""
    joined = _TURN_BREAK.join(texts)
    masked = _hide(joined, _search(joined))
    return [masked[start:end] for start, end in _bounds(texts)]


def mask_turns_spans(texts: Sequence[str]) -> list[list[Span]]:
    """`find_personal_data` for each of the texts; a number over a turn break gives a span in each turn it touches."""
    result: list[list[Span]] = [[] for _ in texts]
    bounds = _bounds(texts)
    turn = 0
    for found in _search(_TURN_BREAK.join(texts)):
        span = found.span
        while turn < len(bounds) - 1 and bounds[turn][1] <= span.start:
            turn += 1
        for index in range(turn, len(bounds)):
            start, end = bounds[index]
            if start >= span.end:
                break
            low, high = max(start, span.start), min(end, span.end)
            if low < high:
                result[index].append(Span(start=low - start, end=high - start, kind=span.kind))
    return result


# --- digits, written and spoken -------------------------------------------------------------------------------------

_SPOKEN = {
    digit: value
    for value, digits in enumerate(
        ("零〇○洞", "一壹幺弌", "二贰貳弍", "三叁參弎", "四肆", "五伍", "六陆陸", "七柒拐", "八捌", "九玖")
    )
    for digit in digits
}
# What recognition writes for 幺 and its like; digits only between digits. 两 and o are said for 2 and 0.
_ONES = "要约約腰夭妖邀吆摇药"
_LOOSE = dict.fromkeys(_ONES, 1) | {"两": 2, "兩": 2, "勾": 9, "钩": 9, "动": 0, "栋": 0, "怪": 7, "o": 0, "O": 0}
# Everyday words that sound like a digit; digits only directly between two spoken digits.
_SOUNDS = ("领灵林铃", "医易衣依", "而儿耳", "山散", "是事", "我", "流刘留", "其期", "吧把", "就久酒")
_WORDS = {word: value for value, words in enumerate(_SOUNDS) for word in words}
_TO_ASCII = str.maketrans(
    {char: str(value) for char, value in _SPOKEN.items()}
    | {chr(0xFF10 + value): str(value) for value in range(10)}
    | {chr(0x1D7CE + value): str(value % 10) for value in range(50)}
    | {"．": ".", "＋": "+", "￥": "¥", "％": "%"}
)
_ALL_SPOKEN = "".join(_SPOKEN)
_WORD_BETWEEN = re.compile(f"(?<=[{_ALL_SPOKEN}])[{''.join(_WORDS)}](?=[{_ALL_SPOKEN}])")
_COUNTED = "年月天日周个人次台套家条份位名件点层楼岁"
# 128000一套: the spoken digit counts sets, it does not continue the price
_COUNT_AFTER_PRICE = re.compile(f"(?<=[0-9０-９])[一二两三四五六七八九](?=[{_COUNTED}])")

_SPACE = " \u00a0\u00ad\u3000\ufeff\u2000-\u200d" + _TURN_BREAK
_BETWEEN = (
    rf"[{_SPACE},，、。…~～_·•()（）\-‐‑‒–—―−－]"  # no line break: minutes hold columns of figures
    r"|(?<=[0-9]{3})\.(?=[0-9]{3})"  # 138.0013.8000, but not 99.95
    r"|嗯|呃|啊|额|唔|哦|噢|诶|欸|哎|呐|那个|这个|然后|接着|逗号|句号|空格|横杠|杠|减号|转|分机"
    r"|(?<=[2-6])个(?=[0-9](?![0-9]{2}))"  # 四个零
)
_LOOSE_CLASS = "".join(_LOOSE)
_GAP = f"(?:{_BETWEEN}){{0,8}}+"  # at most eight pauses and fillers from one digit to the next
_RUN = re.compile(f"[{_ONES}]?[0-9](?:(?:{_GAP}[{_LOOSE_CLASS}])*+{_GAP}[0-9])*+(?:{_GAP}[{_ONES}])*+")
_ID_X = re.compile(rf"[{_SPACE}]{{0,2}}([xX×ＸｘХ叉])")

# --- what stays visible ---------------------------------------------------------------------------------------------

_MONEY_UNIT = re.compile(
    r"(?:\.[0-9]{1,4})?[ ]{0,2}(?:多|余|来)?"
    r"(?:元|块|圆|万(?![1万])|亿|美元|美金|人民币|港币|欧元|刀|%|‰|rmb|RMB|CNY|USD)"
)
_COUNT_UNIT = re.compile(f"(?:多|余|来)?[{_COUNTED}]")
_LARGE_COUNT_UNIT = re.compile(r"[次台套条份件]")
_MONEY_BEFORE = re.compile(
    r"(?:[¥$€]|RMB|CNY|USD|人民币|(?:预算|报价|价格|总价|单价|金额|合同额|费用|售价|总额|营收|收入|成本|回款|产值|流水)"
    r"[^0-9,，。]{0,6})[ ]?$"
)
_NAMED_NUMBER = re.compile(r"(?:电话|手机|号码|座机|热线|微信|卡号|账号|帐号|身份证|分机|联系)[^0-9,，。]{0,6}$")
_PLAIN_AMOUNT = re.compile(r"[1-9][0-9]*(?:\.[0-9]+)?|[1-9][0-9]{0,2}(?:[,，][0-9]{3})+(?:\.[0-9]+)?")
_GROUPED_AMOUNT = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3}){2,3}(?:\.[0-9]+)?")  # says by itself what it is
_DATE = r"(?:19|20)[0-9]{2}[-.](?:0?[1-9]|1[0-2])[-.](?:0?[1-9]|[12][0-9]|3[01])"
_DATES = re.compile(rf"{_DATE}(?:[ ,，、~～—–-]{{1,3}}{_DATE})*(?:[ ]{{1,2}}[0-9]{{1,2}})?")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_ROUND = re.compile(r"[1-9][0-9]{0,4}00")
_LIST_GAP = re.compile(r"[ ,，、]{1,2}")

# --- accounts -------------------------------------------------------------------------------------------------------

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]++[ ]{0,2}(?:@|＠|艾特|圈[aA])[ ]{0,2}"
    r"[A-Za-z0-9\-]++(?:[ ]{0,2}(?:[.．。]|点)[ ]{0,2}[A-Za-z0-9\-]++)++"
)
_WECHAT, _QQ = r"(?:微信|薇信|威信|(?<![A-Za-z])[vVwW][xX])", r"(?:(?<![A-Za-z])(?:QQ|qq)|扣扣)"
_ACCOUNT = re.compile(
    rf"(?:{_WECHAT}|{_QQ})(?:(?:号码?|账号|帐号)?[ ]{{0,2}}(?:就?是|叫|为|[:：])|号)[ ]{{0,2}}([A-Za-z0-9_\-]{{5,40}})"
    # Without 号 or 是 it must look like an id: 对接企业微信API and 企业微信100000人 are no accounts.
    rf"|(?<!企业){_WECHAT}[ ]{{0,2}}((?=[A-Za-z_\-]{{1,30}}[0-9_])[A-Za-z0-9_\-]{{5,40}})"
    rf"|{_QQ}[ ]{{0,2}}([1-9][0-9]{{4,11}})"
)

_MOBILE = re.compile(r"(?:0086|86|0|17951|12593)?1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(?:0086|86)?0(?:10|2[0-9]|[3-9][0-9]{2})[2-9][0-9]{6,7}(?:[0-9]{1,4})?")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class _Found:
    span: Span
    hidden: Sequence[int]  # positions to replace


@dataclass(frozen=True, slots=True)
class _Text:
    plain: str  # same length as the text; every spoken or full-width digit is 0-9
    spoken: frozenset[int] | set[int]  # positions of digits that are Chinese characters

    def digits(self, positions: Sequence[int]) -> str:
        return "".join(c if "0" <= (c := self.plain[p]) <= "9" else str(_LOOSE[c]) for p in positions)


def _search(text: str) -> list[_Found]:
    accounts = [*_emails(text), *_accounts(text)]
    covered = {position for found in accounts for position in found.hidden}
    numbers = [found for found in _numbers(text) if not covered.issuperset(found.hidden)]
    return sorted([*accounts, *numbers], key=lambda found: (found.span.start, found.span.end))


def _hide(text: str, found: Sequence[_Found]) -> str:
    chars = list(text)
    for each in found:
        for position in each.hidden:
            chars[position] = MASK
    return "".join(chars)


def _bounds(texts: Sequence[str]) -> list[tuple[int, int]]:
    ends = list(accumulate((len(text) + len(_TURN_BREAK) for text in texts), initial=0))
    return [(start, end - len(_TURN_BREAK)) for start, end in pairwise(ends)]


def _emails(text: str) -> Iterator[_Found]:
    for match in _EMAIL.finditer(text):
        hidden = [p for p in range(*match.span()) if text[p] not in "@＠"]
        yield _Found(Span(start=match.start(), end=match.end(), kind=DataKind.EMAIL), hidden)


def _accounts(text: str) -> Iterator[_Found]:
    for match in _ACCOUNT.finditer(text):
        start, end = match.span(match.lastindex or 0)
        yield _Found(Span(start=start, end=end, kind=DataKind.ACCOUNT), range(start, end))


def _numbers(text: str) -> Iterator[_Found]:
    worded = _WORD_BETWEEN.sub(lambda m: str(_WORDS[m.group()]), text)
    worded = _COUNT_AFTER_PRICE.sub("/", worded)
    view = _Text(worded.translate(_TO_ASCII), {p for p, c in enumerate(worded) if c in _SPOKEN})
    for match in _RUN.finditer(view.plain):
        if match.end() - match.start() >= _MIN_DIGITS:
            yield from _judge(view, _groups(view, match.start(), match.end()))


def _groups(view: _Text, start: int, end: int) -> list[list[int]]:
    """Positions of the digits of one run, a list for each stretch without a gap."""
    positions = [p for p in range(start, end) if "0" <= (c := view.plain[p]) <= "9" or c in _LOOSE]
    positions = _trim(view, positions)
    groups = [[positions[0]]]
    for before, position in pairwise(positions):
        if position == before + 1:
            groups[-1].append(position)
        else:
            groups.append([position])
    return groups


def _trim(view: _Text, positions: list[int]) -> list[int]:
    """A 要 at either end may be a 1 or the verb: it belongs to the number if it completes one, or comes in a row."""
    hard = [index for index, p in enumerate(positions) if view.plain[p] not in _LOOSE]
    first, last = hard[0], hard[-1] + 1
    core, tail = positions[first:last], positions[last:]
    for candidate in (positions, positions[:last], positions[first:]):
        if len(candidate) > len(core) and _strong(view.digits(candidate)):
            return candidate
    return [*core, *tail] if len(tail) > 1 else core


def _judge(view: _Text, groups: list[list[int]]) -> Iterator[_Found]:
    positions = [p for group in groups for p in group]
    if len(positions) < _MIN_DIGITS:
        return
    if len(positions) == 17 and (x := _ID_X.match(view.plain, positions[-1] + 1)):
        yield _found(DataKind.RESIDENT_ID, [*positions, x.start(1)])
    elif kind := _strong(view.digits(positions)):
        yield _found(kind, positions)
    elif _harmless(view, groups):
        return
    elif len(groups) > 1 and any(_strong(view.digits(group)) for group in groups):
        for part in _split(view, groups):
            yield from _judge(view, part)
    elif len(groups) > 1 and _is_quantity(view, groups[-1]):
        yield from _judge(view, groups[:-1])
    else:
        yield _found(_weak(view.digits(positions)), positions)


def _split(view: _Text, groups: list[list[int]]) -> Iterator[list[list[int]]]:
    """Whole numbers in a list, each alone, and what lies between them."""
    rest: list[list[int]] = []
    for group in groups:
        if _strong(view.digits(group)):
            yield rest
            yield [group]
            rest = []
        else:
            rest.append(group)
    yield rest


def _found(kind: DataKind, positions: Sequence[int]) -> _Found:
    hidden = positions[len(positions) - 8 : len(positions) - 2] if kind is DataKind.MOBILE else positions
    return _Found(Span(start=positions[0], end=positions[-1] + 1, kind=kind), hidden)


def _strong(digits: str) -> DataKind | None:
    """Forms that chance rarely makes; amounts and dates never overrule them."""
    if len(digits) <= 16 and _MOBILE.fullmatch(digits):
        return DataKind.MOBILE
    return DataKind.RESIDENT_ID if len(digits) == 18 and _mod_11_2(digits) else None


def _mod_11_2(digits: str) -> bool:
    """The check digit of GB 11643; a tenth value, X, is looked for in the text."""
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, digits, strict=False))
    return (12 - total) % 11 == int(digits[17])


def _weak(digits: str) -> DataKind:
    if _LANDLINE.fullmatch(digits):
        return DataKind.LANDLINE
    return DataKind.CARD if 13 <= len(digits) <= 19 and _luhn(digits) else DataKind.NUMBER


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (sum(int(d) for d in digits[::-2]) + sum(doubled)) % 10 == 0


def _harmless(view: _Text, groups: list[list[int]]) -> bool:
    """Whether a long run reads as dates, years, an amount or a list of round prices, and nobody calls it a number."""
    first, last = groups[0][0], groups[-1][-1]
    before = view.plain[max(0, first - 16) : first]
    if _NAMED_NUMBER.search(before):
        return False
    whole = view.plain[first : last + 1]
    texts = [view.digits(group) for group in groups]
    if _DATES.fullmatch(whole) or (len(groups) > 1 and all(_YEAR.fullmatch(text) for text in texts)):
        return True
    if any(p in view.spoken for group in groups for p in group):
        return False
    gaps = [view.plain[a[-1] + 1 : b[0]] for a, b in pairwise(groups)]
    if gaps and all(map(_ROUND.fullmatch, texts)) and all(map(_LIST_GAP.fullmatch, gaps)):
        return True
    if _GROUPED_AMOUNT.fullmatch(whole):
        return True
    if sum(map(len, texts)) > _MAX_AMOUNT_DIGITS or not _PLAIN_AMOUNT.fullmatch(whole):
        return False
    after = last + 1
    counted = _MONEY_UNIT.match(view.plain, after) or _LARGE_COUNT_UNIT.match(view.plain, after)
    return bool(counted or _MONEY_BEFORE.search(before))


def _is_quantity(view: _Text, group: list[int]) -> bool:
    """The last group of a run counts something: 128000，3年."""
    after = group[-1] + 1
    if any(p in view.spoken for p in group) and len(group) > 1:
        return False
    return bool(_MONEY_UNIT.match(view.plain, after) or (len(group) <= 3 and _COUNT_UNIT.match(view.plain, after)))
