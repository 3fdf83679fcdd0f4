"""The words around a heatmap, in Chinese and English: one place, so that table, picture and page say the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from speechsvc.domain.call import Source
from speechsvc.domain.heatmap import Heatmap, HeatmapQuery, Measure, Row, RowKind

LANGUAGES = ("zh", "en")

_ROWS = {
    RowKind.CUSTOMER: ("客户", "Customer"),
    RowKind.SALESPERSON: ("销售", "Salesperson"),
    RowKind.TEAM: ("团队", "Team"),
    RowKind.INDUSTRY: ("行业", "Industry"),
    RowKind.REGION: ("地区", "Region"),
    RowKind.STAGE: ("商机阶段", "Opportunity stage"),
    RowKind.WEEK: ("周", "Week"),
}
_MEASURES = {
    Measure.SHARE: ("提及通话占比", "Share of calls"),
    Measure.MENTIONS: ("每通提及次数", "Mentions per call"),
    Measure.SECONDS: ("谈及时长（秒）", "Seconds spoken"),
}
_SPEAKERS = {"customer": ("客户", "customers"), "agent": ("销售", "salespeople"), "any": ("双方", "either side")}
_SOURCES = {
    Source.CALL: ("通话", "calls"),
    Source.TRANSCRIPT: ("外部转写", "outside transcripts"),
    Source.MINUTES: ("会议纪要", "minutes"),
    Source.CHAT: ("聊天", "chat"),
    Source.EMAIL: ("邮件", "e-mail"),
}
_DEFINITIONS = {
    Measure.SHARE: (
        "单元格＝{who}提到该主题的有效通话 ÷ 该行有效通话",
        "cell = effective calls in which {who} speak of the topic ÷ effective calls of the row",
    ),
    Measure.MENTIONS: (
        "单元格＝{who}提到该主题的次数 ÷ 该行有效通话",
        "cell = mentions of the topic by {who} ÷ effective calls of the row",
    ),
    Measure.SECONDS: (
        "单元格＝{who}谈及该主题的语音秒数合计",
        "cell = seconds of speech by {who} in segments that carry the topic",
    ),
}
_COUNTING = (
    "只计有效通话中肯定且不存疑的提及",
    "only affirmed, unsuspect mentions in effective calls count",
)


def row_name(kind: RowKind, language: str) -> str:
    return _pick(_ROWS[kind], language)


def measure_name(measure: Measure, language: str) -> str:
    return _pick(_MEASURES[measure], language)


def speaker_name(speaker: str, language: str) -> str:
    return _pick(_SPEAKERS.get(speaker, (speaker, speaker)), language)


def source_name(source: Source, language: str) -> str:
    return _pick(_SOURCES[source], language)


def topic_name(topic: tuple[str, str, str], language: str) -> str:
    """`topic` is (id, Chinese name, English name)."""
    return topic[2] if language == "en" else topic[1]


def row_label(row: Row, language: str) -> str:
    """The row's label; where calls do not say, words for that."""
    return row.label or row.key or _pick(("（未填写）", "(not stated)"), language)


def calls_label(calls: int, language: str) -> str:
    """For example "（12通）"."""
    if language == "en":
        return f"({calls} {'call' if calls == 1 else 'calls'})"
    return f"（{calls}通）"


def title(heatmap: Heatmap, language: str) -> str:
    return _pick(("客户关注焦点热力图", "Customer focus heatmap"), language)


def definition(query: HeatmapQuery, language: str) -> str:
    """What a cell says, one sentence."""
    who = speaker_name(query.speaker, language)
    text = _pick(_DEFINITIONS[query.measure], language).format(who=who)
    return f"{text}{_pick(('；', '; '), language)}{_pick(_COUNTING, language)}"


def period(query: HeatmapQuery, language: str) -> str:
    """The days covered, both included. `until` is exclusive in the query, so its last day is the one before."""
    first = _day(query.since) if query.since else None
    last = _day(query.until - timedelta(microseconds=1)) if query.until else None
    if first and last:
        return first if first == last else _pick((f"{first} 至 {last}", f"{first} to {last}"), language)
    if first:
        return _pick((f"{first} 起", f"from {first}"), language)
    if last:
        return _pick((f"截至 {last}", f"until {last}"), language)
    return _pick(("全部时间", "all time"), language)


def unknown_note(heatmap: Heatmap, language: str) -> str | None:
    """Where speech by unknown speakers was left out: the row in which it matters most. None if nowhere."""
    worst = max(heatmap.rows, key=lambda r: r.unknown_share, default=None)
    if worst is None or worst.unknown_share <= 0:
        return None
    share, label = percent(worst.unknown_share), row_label(worst, language)
    return _pick(
        (
            f"说话人不明的语音未计入，占比最高的一行为“{label}”：{share}",
            f"Speech by unknown speakers is left out; most in “{label}”: {share}",
        ),
        language,
    )


def empty_note(language: str) -> str:
    return _pick(
        ("所选范围内还没有有效通话", "There are no effective calls in this selection yet"),
        language,
    )


def cell_text(value: float, measure: Measure) -> str:
    """Short enough for a cell; empty where nothing was said."""
    if value <= 0:
        return ""
    if measure is Measure.SHARE:
        return percent(value)
    if measure is Measure.MENTIONS:
        return f"{value:.1f}" if value >= 0.05 else "<0.1"
    return f"{value:,.0f}" if value >= 0.5 else "<1"


def percent(value: float) -> str:
    """0.375 -> 38%; a trace is not shown as nothing, nearly all not as all."""
    if 0 < value < 0.01:
        return "<1%"
    if 0.99 < value < 1:
        return "99%"
    return f"{value * 100:.0f}%"


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _pick(pair: tuple[str, str], language: str) -> str:
    return pair[1] if language == "en" else pair[0]
