"""The touch-health matrix as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from speechsvc.domain.crm import NO_GRADE, Touch
from speechsvc.domain.touch import TouchRow

HEADS = {
    "zh": {"2h": "≤2小时", "24h": "2-24小时", "72h": "24-72小时", "late": ">72小时", "none": "未触达"},
    "en": {"2h": "<=2 h", "24h": "2-24 h", "72h": "24-72 h", "late": ">72 h", "none": "none yet"},
}
_WORDS = {
    "zh": {"team": "团队", "salesperson": "销售", "grade": "等级", "leads": "线索数", NO_GRADE: "未定级"},
    "en": {"team": "team", "salesperson": "salesperson", "grade": "grade", "leads": "leads", NO_GRADE: "none"},
}


def touch_csv(rows: Sequence[TouchRow], by: str, language: str) -> str:
    """One line a group and grade; `by` is all, team or salesperson."""
    words, heads = _WORDS[language], HEADS[language]
    out = io.StringIO()
    writer = csv.writer(out)
    grouped = [words[by]] if by != "all" else []
    writer.writerow([*grouped, words["grade"], *(heads[touch] for touch in Touch), words["leads"]])
    for row in rows:
        grade = words[NO_GRADE] if row.grade == NO_GRADE else _plain(row.grade)
        group = [_plain(row.group or "")] if grouped else []
        writer.writerow([*group, grade, *(row.counts[touch] for touch in Touch), row.leads])
    return out.getvalue()


def _plain(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
