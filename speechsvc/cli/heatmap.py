"""`speechsvc heatmap`: the customer-focus heatmap from the command line."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from speechsvc.bootstrap import Application
from speechsvc.cli.common import err, load_settings, operator, out, say, ui_language
from speechsvc.domain.heatmap import Heatmap, HeatmapQuery, Measure, RowKind
from speechsvc.reporting import heatmap_image, heatmap_table
from speechsvc.services.build_heatmap import build_heatmap


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PNG = "png"


class SpeakerChoice(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    ANY = "any"


def heatmap(
    row: Annotated[RowKind, typer.Option(help="What a row is.")] = RowKind.CUSTOMER,
    measure: Annotated[Measure, typer.Option(help="What a cell shows.")] = Measure.SHARE,
    speaker: Annotated[SpeakerChoice, typer.Option(help="Whose mentions count.")] = SpeakerChoice.CUSTOMER,
    since: Annotated[datetime | None, typer.Option("--from", help="Calls that began at or after, local time.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Calls that began before, local time.")] = None,
    format: Annotated[Format, typer.Option(help="table, csv, json or png.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--out", help="File to write; needed for png unless piped.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show which topics customers raise: rows by topics. 客户关注焦点热力图。"""
    settings = load_settings()
    application = Application(settings)
    application.prepare()
    zone = ZoneInfo(application.system.tenant(settings.tenant).timezone)
    query = HeatmapQuery(
        row=row,
        measure=measure,
        speaker=speaker.value,
        since=since.replace(tzinfo=zone) if since else None,
        until=until.replace(tzinfo=zone) if until else None,
    )
    built = build_heatmap(application.core, operator(settings), query)
    _emit(built, Format.JSON if as_json else format, output)


def _emit(built: Heatmap, format: Format, output: Path | None) -> None:
    language = ui_language()
    if format is Format.TABLE and output is None:
        console = out()
        console.print(heatmap_table.heatmap_text(built, language, console.width))
        return
    data = render(built, format, language)
    if output is not None:
        output.write_bytes(data)
        err().print(say(f"Written: {output}", f"已写入：{output}"))
    elif format is Format.PNG and sys.stdout.isatty():
        raise typer.BadParameter("a picture needs --out FILE.png")
    else:
        sys.stdout.buffer.write(data)


def render(built: Heatmap, format: Format, language: str) -> bytes:
    if format is Format.PNG:
        return heatmap_image.heatmap_png(built, language)
    if format is Format.CSV:
        return heatmap_table.heatmap_csv(built, language).encode()
    return json.dumps(heatmap_table.heatmap_json(built), ensure_ascii=False, indent=1).encode()
