"""`speechsvc touch-health`: how soon leads were reached."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from speechsvc.bootstrap import Application
from speechsvc.cli.common import load_settings, operator, out, say, ui_language
from speechsvc.domain.crm import Touch
from speechsvc.domain.touch import GroupBy
from speechsvc.ports import LeadFilter
from speechsvc.reporting.touch_table import HEADS, touch_csv
from speechsvc.services.touch_health import touch_matrix


def touch_health(
    by: Annotated[GroupBy, typer.Option(help="One matrix for all, or one a team or salesperson.")] = GroupBy.ALL,
    since: Annotated[datetime | None, typer.Option("--from", help="Leads created at or after, local time.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Leads created before, local time.")] = None,
    team: Annotated[str | None, typer.Option(help="This team only.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Show leads by grade and time to the first effective contact. 线索触达健康度矩阵。"""
    settings = load_settings()
    application = Application(settings)
    application.prepare()
    zone = ZoneInfo(application.system.tenant(settings.tenant).timezone)
    where = LeadFilter(
        since=since.replace(tzinfo=zone) if since else None,
        until=until.replace(tzinfo=zone) if until else None,
        team=team,
    )
    rows = touch_matrix(application.core, operator(settings), where, by)
    if as_json:
        shown = [{"group": r.group, "grade": r.grade, "leads": r.leads, "counts": r.counts} for r in rows]
        print(json.dumps(shown, ensure_ascii=False))
        return
    if csv:
        print(touch_csv(rows, by.value, ui_language()), end="")
        return
    heads = [say("grade", "等级"), *HEADS[ui_language()].values(), say("leads", "线索数")]
    table = Table(*([by.value] if by is not GroupBy.ALL else []), *heads, box=None)
    for row in rows:
        group = [row.group or "-"] if by is not GroupBy.ALL else []
        table.add_row(*group, row.grade, *(str(row.counts[t]) for t in Touch), str(row.leads))
    out().print(table)
