"""The sentences behind a heatmap cell, each with the second in which it was said."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.filters import SOURCES, HeatmapFilter, heatmap_filter
from speechsvc.dashboard.pages import Visitor
from speechsvc.dashboard.show import TOPIC_COLOURS
from speechsvc.ports import MentionFilter, Page, StoredMention
from speechsvc.reporting import heatmap_words as words
from speechsvc.services.build_heatmap import find_mentions

_PAGE = 50


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/mentions")
    def mentions(request: Request) -> Response:
        visitor, params = desk.visitor(request), request.query_params
        chosen = heatmap_filter(params)
        where = _where(chosen, params, visitor.timezone)
        cursor = params.get("cursor") or None
        found = find_mentions(desk.core, visitor.principal, where, cursor=cursor, limit=_PAGE)
        return _page(desk, visitor, chosen, where, found)


def _where(chosen: HeatmapFilter, params: Mapping[str, str], timezone: str) -> MentionFilter:
    since, until = chosen.period.bounds(timezone)
    by_row = "key" in params
    return MentionFilter(
        topic=params.get("topic") or None,
        row=chosen.row if by_row else None,
        row_key=params["key"] if by_row else None,
        speaker=chosen.speaker,
        sources=SOURCES[chosen.source],
        since=since,
        until=until,
    )


def _page(
    desk: Desk, visitor: Visitor, chosen: HeatmapFilter, where: MentionFilter, found: Page[StoredMention]
) -> Response:
    topics = desk.topics(visitor)
    return desk.page(
        visitor,
        "mentions.html",
        chosen=chosen,
        where=where,
        found=found,
        row_label=_row_label(where, found, visitor.language),
        topics=topics,
        colours={t: i % TOPIC_COLOURS for i, t in enumerate(topics)},
        back=chosen.address("/"),
        more=_more(visitor.request, found.cursor),
        words=words,
    )


def _row_label(where: MentionFilter, found: Page[StoredMention], language: str) -> str | None:
    """The row's name as the first call has it; the key where there is none."""
    if where.row is None:
        return None
    meta = found.items[0].call.metadata if found.items and found.items[0].call else None
    who = None
    if meta is not None and where.row.value in ("customer", "salesperson"):
        who = meta.customer if where.row.value == "customer" else meta.salesperson
    name = who.name if who else None
    return name or where.row_key or ("(not stated)" if language == "en" else "（未填写）")


def _more(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = [(k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "lang")]
    return f"/mentions?{urlencode([*query, ('cursor', cursor)])}"
