"""Small heatmaps built by the domain, for the tests beside this file."""

from datetime import datetime, timedelta, timezone

from speechsvc.domain.heatmap import Heatmap, HeatmapQuery, Measure, RowCount, RowKind, TopicCount, build

TOPICS = (
    ("budget_approval", "预算审批", "Budget approval"),
    ("pricing_discount", "价格折扣", "Pricing and discount"),
    ("decision_chain", "决策链", "Decision chain"),
)
_CHINA = timezone(timedelta(hours=8))


def sample(
    measure: Measure = Measure.SHARE,
    *,
    labels: tuple[str, ...] = ("恒信医疗", "青云物流"),
    topics: tuple[tuple[str, str, str], ...] = TOPICS,
    row: RowKind = RowKind.CUSTOMER,
) -> Heatmap:
    """Row i has 8 - i effective calls (at least 1), 3 of the first with budget; 10 % unknown speech in the first."""
    rows = [
        RowCount(key=f"c{i}", label=label, calls=max(1, 8 - i), speech_s=100, unknown_s=0 if i else 10)
        for i, label in enumerate(labels)
    ]
    cells = [TopicCount(key="c0", topic="budget_approval", calls=3, mentions=6, seconds=42.5)] if rows else []
    query = HeatmapQuery(
        row=row,
        measure=measure,
        since=datetime(2026, 11, 1, tzinfo=_CHINA),
        until=datetime(2026, 12, 1, tzinfo=_CHINA),
    )
    return build(query, rows, cells, topics)
