"""What salespeople and customers say: the cues by which two anonymous speakers are told apart, with learned weights.

A weight is the change of the log-odds that the speaker who says it more often is the salesperson (the other way round
where it is negative). Learned by `python -m tests.bench.roles` on this project's own written calls; raise VERSION with
every change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VERSION = 1
SHARE_WEIGHT = -1.35  # of the difference of log(characters + 20): in these calls customers talk more


@dataclass(frozen=True, slots=True)
class Cue:
    """One kind of expression; `weight` multiplies the difference of log(1 + count) between the speakers."""

    id: str
    zh: str  # for people
    en: str
    weight: float
    pattern: re.Pattern[str]


def _cue(id_: str, zh: str, en: str, weight: float, pattern: str) -> Cue:
    return Cue(id_, zh, en, weight, re.compile(pattern))


CUES = (
    _cue(
        "introduces",
        "自报公司或姓名",
        "introduces themselves",
        1.12,
        r"我(这边)?是[^，。？]{1,14}?(的|公司|科技|软件|小[\u4e00-\u9fff])|这里是|这边是",
    ),
    _cue(
        "addresses_politely",
        "称呼“您”",
        "says 您",
        2.40,
        r"您",
    ),
    _cue(
        "your_company",
        "提到“贵司”“您那边”",
        "speaks of your company",
        0.39,
        r"贵司|贵公司|贵单位|您(们)?(公司|单位|那边|那儿|这边|厂|店)|咱们?(公司|单位|那边|厂|店|院|校|司)",
    ),
    _cue(
        "our_product",
        "介绍自家产品",
        "explains the own product",
        0.98,
        r"我们(的)?(系统|产品|平台|软件|这套|这个|方案|服务|标准|一般|支持|可以|能|有|都|是按|按|年)|支持的|可以的|没问题|能做",
    ),
    _cue(
        "asks_for_time",
        "询问是否方便、打扰",
        "asks whether it is convenient",
        0.37,
        r"方便|打扰|耽误|占用您",
    ),
    _cue(
        "asks_needs",
        "询问需求",
        "asks about needs",
        0.19,
        r"(您|咱们?)[^，。]{0,8}(怎么|哪|什么|多少|几个|吗)|请问|了解一下|想问问",
    ),
    _cue(
        "states_terms",
        "说明价格或条件",
        "states terms",
        0.12,
        r"(一年|每年|一个|每个|首年|打完折|折后|原价|报价|标准价)[^，。]{0,6}[一二三四五六七八九十百千万两]+(块|元|万|千|百|折)|按年|按(账号|人头|用户|坐席|席位)",
    ),
    _cue(
        "you_vendor",
        "称对方“你们”",
        "says 你们",
        -1.10,
        r"你们",
    ),
    _cue(
        "says_you",
        "称呼“你”",
        "says 你",
        -1.52,
        r"你(?!们|好)",
    ),
    _cue(
        "own_side",
        "谈自己单位的人和事",
        "speaks of the own company",
        -0.81,
        r"我们(公司|厂|单位|这边|这儿|店|学校|医院|老板|领导|老总|财务|法务|采购|总监|院|集团|总部|部门|现在|目前|以前|之前|去年|今年)|老板|领导|财务|上面",
    ),
    _cue(
        "asks_price",
        "询问价格",
        "asks about the price",
        -0.44,
        r"多少钱|怎么收费|怎么卖|什么价|贵|便宜|优惠|打折|折扣|报个价",
    ),
    _cue(
        "asks_ability",
        "询问能否做到",
        "asks whether it can be done",
        -0.62,
        r"能不能|能.{0,10}[吗不么]|有没有|支不支持|可不可以|行不行|会不会|得多久|要多久|咋",
    ),
    _cue(
        "who_is_it",
        "询问对方是谁",
        "asks who is calling",
        -0.65,
        r"哪位|谁呀|谁啊|你是哪|哪里的|哪儿的|什么事|啥事|你说",
    ),
    _cue(
        "puts_off",
        "推托、拒绝",
        "puts off",
        -0.27,
        r"再说|考虑|不需要|没空|开会|在忙|有点忙|不用了|算了|回头|先这样|行吧|商量",
    ),
    _cue(
        "thanks_for_call",
        "客套与致谢",
        "thanks and wishes",
        0.28,
        r"感谢|谢谢您|祝您|不客气|好嘞|好的好的|理解|明白|放心",
    ),
)
