"""<number>, <money>, <percent>, <time>: what patterns may hold instead of words. Digits and Chinese numerals alike:
三十万, 30万 and 30w are one number, 百分之五 and 5% one share. Expressions over normalised text, in which no characters
can be read in two ways, so that they stay quick on any text.
"""

from __future__ import annotations

import re

_SMALL = "0-9零〇一二两三四五六七八九十几半数"
_LARGE = "百千万亿"
_S = f"{_SMALL}{_LARGE}"
_ROUGH = "多来余"
_W = f"(?<=[{_S}{_ROUGH}])[wk](?![a-z])"
_INNER = f"[{_S}{_ROUGH}点]|(?<=[0-9])[.,](?=[0-9])|{_W}"
_NUMBER = f"[{_S}](?:(?:{_INNER})*(?:[{_S}{_ROUGH}]|{_W}))?"
# The same without its last myriads, where these follow: a pattern may go on with 万 as a part of its own.
_LEAN = f"[{_SMALL}](?:(?:{_INNER})*[{_SMALL}])?(?=[{_ROUGH}]?(?:[{_LARGE}]|[wk](?![a-z])))"
_UNIT_OF_MONEY = "块钱?|元|毛|角|分钱|万|千|百|亿|刀|美金|美元|港币|欧元|人民币|[wk](?![a-z])"
_UNIT_OF_TIME = "工作日|小时|分钟|天|周|星期|礼拜|月底?|季度|年|号|日"
_DAY = (
    "今年|明年|后年|去年|年底|年初|年前|年后|月底|月初|季度末|周[一二三四五六日末]|礼拜[一二三四五六天]"
    "|[上下]半年|今天|明天|后天|国庆|元旦|春节|过年"
)
CLASSES = {
    "<number>": f"(?:{_NUMBER})",
    "<money>": f"(?:[¥$] ?[0-9][0-9.,]*(?:[{_LARGE}]|[wk](?![a-z]))?"
    f"|{_NUMBER}(?:{_UNIT_OF_MONEY})[多来几零一二两三四五六七八九半]?)",
    "<percent>": f"(?:百分之(?:{_NUMBER})|{_NUMBER}(?:%|成|折|个点|个百分点))",
    "<time>": f"(?:{_NUMBER}(?:[到至~-]{_NUMBER})?个?半?(?:{_UNIT_OF_TIME})"
    f"|(?:本|这|下|上|下下)个?(?:周|月|季度|年|礼拜|星期)[一二三四五六日天底初末]?|q[1-4](?![0-9])|{_DAY})",
}
LEAN_CLASSES = CLASSES | {"<number>": f"(?:{_LEAN})"}
CHARACTERS = {  # one of these is in everything that the class matches
    "<number>": "0123456789零〇一二两三四五六七八九十几半数百千万亿",
    "<money>": "块元毛角分万千百亿刀金币wk¥$",
    "<percent>": "分%成折点",
    "<time>": "日时钟天周期拜月季年号庆旦节q",
}
LONGEST = 24  # characters that an alternative with a class may take
CLASS = re.compile("|".join(map(re.escape, CLASSES)))
