"""The first page: what customers care about, each cell a way to the sentences behind it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.filters import SOURCES, SPEAKERS, HeatmapFilter, heatmap_filter, presets
from speechsvc.dashboard.pages import HEADERS, Visitor
from speechsvc.domain.access import Permission
from speechsvc.domain.heatmap import Cell, Heatmap, Measure, Row, RowKind
from speechsvc.reporting import heatmap_words as words
from speechsvc.reporting.heatmap_image import heatmap_png
from speechsvc.reporting.heatmap_scale import top_of_scale
from speechsvc.reporting.heatmap_table import heatmap_csv
from speechsvc.reporting.heatmap_xlsx import heatmap_xlsx
from speechsvc.services.build_heatmap import build_heatmap

MOST_ROWS = 100
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LEVELS = 20  # classes h0 to h20 in heat.css


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/")
    def heatmap(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.principal.may(Permission.HEATMAP_READ):
            return RedirectResponse("/calls", status_code=303, headers=HEADERS)
        chosen = heatmap_filter(request.query_params)
        found = build_heatmap(desk.core, visitor.principal, chosen.domain(visitor.timezone))
        return _page(desk, visitor, chosen, found, every_row=request.query_params.get("rows") == "all")

    @pages.get("/heatmap.csv")
    def csv(request: Request) -> Response:
        visitor, found = _heatmap(desk, request)
        return _file(heatmap_csv(found, visitor.language).encode(), "text/csv; charset=utf-8", found, visitor, "csv")

    @pages.get("/heatmap.xlsx")
    def xlsx(request: Request) -> Response:
        visitor, found = _heatmap(desk, request)
        return _file(heatmap_xlsx(found, visitor.language), _EXCEL, found, visitor, "xlsx")

    @pages.get("/heatmap.png")
    def png(request: Request) -> Response:
        visitor, found = _heatmap(desk, request)
        return _file(heatmap_png(found, visitor.language), "image/png", found, visitor, "png")


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownCell:
    text: str
    level: int  # 0 to 20
    address: str
    label: str  # for screen readers and as a tooltip


def _heatmap(desk: Desk, request: Request) -> tuple[Visitor, Heatmap]:
    visitor = desk.visitor(request)
    query = heatmap_filter(request.query_params).domain(visitor.timezone)
    return visitor, build_heatmap(desk.core, visitor.principal, query)


def _file(body: bytes, media_type: str, found: Heatmap, visitor: Visitor, suffix: str) -> Response:
    name = f"{words.title(found, visitor.language)} {words.period(found.query, visitor.language)}.{suffix}"
    disposition = f"attachment; filename=\"heatmap.{suffix}\"; filename*=UTF-8''{quote(name)}"
    return Response(body, media_type=media_type, headers=HEADERS | {"Content-Disposition": disposition})


def _page(desk: Desk, visitor: Visitor, chosen: HeatmapFilter, found: Heatmap, *, every_row: bool) -> Response:
    rows = found.rows if every_row else found.rows[:MOST_ROWS]
    top = top_of_scale(found)
    shown = [(_total(found, visitor.language), True), *((row, False) for row in rows)]
    return desk.page(
        visitor,
        "heatmap.html",
        chosen=chosen,
        found=found,
        rows=[
            (row, all_, [_cell(visitor, chosen, found, row, t, top, all_) for t in found.topics]) for row, all_ in shown
        ],
        shown=len(rows),
        top=words.cell_text(top, found.query.measure),
        presets=presets(desk.today(visitor)),
        choices={"row": list(RowKind), "measure": list(Measure), "speaker": SPEAKERS, "source": tuple(SOURCES)},
        words=words,
        levels=range(LEVELS + 1),
    )


def _total(found: Heatmap, language: str) -> Row:
    """All rows as one. Each call belongs to exactly one row, so that sums are true."""
    calls = sum(r.calls for r in found.rows)
    cells = {}
    for topic, _, _ in found.topics:
        parts = [(r.calls, r.cells[topic]) for r in found.rows if topic in r.cells]
        with_topic = sum(c.calls for _, c in parts)
        cells[topic] = Cell(
            calls=with_topic,
            share=with_topic / max(1, calls),
            mentions=sum(n * c.mentions for n, c in parts) / max(1, calls),
            seconds=sum(c.seconds for _, c in parts),
        )
    return Row(key="", label="All" if language == "en" else "全部", calls=calls, unknown_share=0.0, cells=cells)


def _cell(
    visitor: Visitor,
    chosen: HeatmapFilter,
    found: Heatmap,
    row: Row,
    topic: tuple[str, str, str],
    top: float,
    every_row: bool,
) -> ShownCell | None:
    """None where nothing was said."""
    cell, value = row.cells.get(topic[0]), found.value(row, topic[0])
    if cell is None or value <= 0:
        return None
    return ShownCell(
        text=words.cell_text(value, found.query.measure),
        level=max(0, min(LEVELS, round(value / top * LEVELS))),
        address=_address(chosen, None if every_row else row, topic[0]),
        label=_label(cell, row, words.topic_name(topic, visitor.language), visitor.language),
    )


def _address(chosen: HeatmapFilter, row: Row | None, topic: str) -> str:
    """Where the mentions behind a cell are; of all rows where `row` is none."""
    where = {"row": chosen.row.value} | ({"key": row.key} if row else {}) | {"topic": topic, "speaker": chosen.speaker}
    return "/mentions?" + urlencode(where | {"source": chosen.source} | (chosen.period.query() or {"from": ""}))


def _label(cell: Cell, row: Row, topic: str, language: str) -> str:
    name, share = words.row_label(row, language), words.percent(cell.share)
    if language == "en":
        return (
            f"{name}, {topic}: {cell.calls} of {row.calls} calls ({share}), "
            f"{cell.mentions:.1f} mentions a call, {cell.seconds:.0f} s"
        )
    return (
        f"{name}，{topic}：{row.calls} 通中有 {cell.calls} 通（{share}），"
        f"每通 {cell.mentions:.1f} 次，共 {cell.seconds:.0f} 秒"
    )
