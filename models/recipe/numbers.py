"""Numbers as people say them, and other numbers in their place: nobody's budget is always 三万八."""

from __future__ import annotations

import random
import re

_DIGITS = "零一二三四五六七八九"
_RUN = re.compile(r"[零一二三四五六七八九十百千万亿两幺]{2,}")
_FIXED = frozenset(
    {"一一", "万一", "千万", "百万", "三三", "两三", "七八", "一二", "三四", "四五", "五六", "六七", "八九"}
)


def spoken(number: int) -> str:
    """`number` from 0 to 99,999,999 in words."""
    if number >= 10_000:
        head, rest = spoken(number // 10_000) + "万", number % 10_000
        return head + ("零" if 0 < rest < 1000 else "") + (spoken_below(rest) if rest else "")
    return spoken_below(number) if number else _DIGITS[0]


def spoken_below(number: int) -> str:
    """1 to 9999 in words: 十五, 三百零二, 一千零三十."""
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("零" if gap else "") + ("" if (unit, digit, text) == (10, 1, "") else _DIGITS[digit]) + name
            gap = False
        elif text and number:
            gap = True
    return text


def money(rng: random.Random) -> str:
    """An amount as it is said on the phone."""
    kind = rng.random()
    if kind < 0.35:
        amount = spoken(rng.randint(1, 99)) + "万"
    elif kind < 0.55:
        amount = spoken(rng.randint(2, 9)) + "万" + _DIGITS[rng.randint(1, 9)]
    elif kind < 0.8:
        amount = spoken(rng.randint(10, 99) * 100)
    elif kind < 0.92:
        amount = spoken(rng.randint(100, 999)) + "万"
    else:
        amount = spoken(rng.randint(10_000, 99_999))
    return amount + rng.choice(["块", "元", "块钱", "左右", "", "上下"])


def clock(rng: random.Random) -> str:
    """A time of the day."""
    return spoken(rng.randint(1, 12)).replace("二", "两", 1) + "点" + rng.choice(["", "半", "一刻", "钟", "左右"])


def digits(rng: random.Random, count: int) -> str:
    """A telephone number or a piece of one, digit by digit."""
    zero = rng.choice(["零", "零", "洞"]) if rng.random() < 0.05 else "零"
    one = rng.choice(["一", "幺"])
    return one + "".join(rng.choice((zero, one, *_DIGITS[2:])) for _ in range(count - 1))


def other_numbers(text: str, rng: random.Random) -> str:
    """`text` with each number replaced by another one of the same shape."""
    return _RUN.sub(lambda run: _like(run.group(), rng), text)


def _like(run: str, rng: random.Random) -> str:
    if run in _FIXED or rng.random() < 0.3:
        return run
    if not re.search(r"[十百千万亿]", run):
        return "".join(
            c if c in "两" else rng.choice(_DIGITS) if c != "幺" else rng.choice("幺" + _DIGITS) for c in run
        )
    return re.sub(r"[一二三四五六七八九]", lambda _: rng.choice(_DIGITS[1:]), run)
