"""The customer-focus heatmap and the mentions behind each of its cells."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query, Response
from fastapi.responses import JSONResponse

from speechsvc.api import views
from speechsvc.api.errors import Invalid
from speechsvc.api.queries import Cursor, Lang, Limit, Short, Since, Sources, Until, moment, sources
from speechsvc.api.route import Caller, From, api_router, needs
from speechsvc.api.schemas import HeatmapOut, MentionPage
from speechsvc.domain.access import Permission
from speechsvc.domain.call import Source
from speechsvc.domain.heatmap import Heatmap, HeatmapQuery, Measure, Row, RowKind
from speechsvc.ports import MentionFilter
from speechsvc.reporting import heatmap_image, heatmap_table
from speechsvc.reporting.heatmap_xlsx import heatmap_xlsx
from speechsvc.services.build_heatmap import build_heatmap, find_mentions

router = api_router("heatmap")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_SPOKEN = (Source.CALL, Source.TRANSCRIPT)
Speaker = Annotated[
    Literal["customer", "agent", "any"], Query(description="any: either side; unknown speakers are always left out")
]


@router.get(
    "/heatmap",
    summary="Customer-focus heatmap",
    openapi_extra=needs(Permission.HEATMAP_READ),
    response_class=Response,
    responses={
        200: {
            "description": "In the asked format",
            "model": HeatmapOut,
            "content": {"text/csv": {"schema": {"type": "string"}}, "image/png": {}, _XLSX: {}},
        }
    },
)
def get_heatmap(
    caller: From,
    since: Since = None,
    until: Until = None,
    row: RowKind = RowKind.CUSTOMER,
    speaker: Speaker = "customer",
    source: Sources = None,
    measure: Measure = Measure.SHARE,
    format: Literal["json", "csv", "png", "xlsx"] = "json",
    lang: Lang = None,
) -> Response:
    """Rows by topics, within what this key may see. A cell counts affirmed, unsuspect mentions in effective calls.

    JSON holds all three measures of each cell and a link to its mentions. Sources: calls and transcripts unless asked.
    """
    zone = caller.core.system.tenant(caller.principal.tenant_id).timezone
    query = HeatmapQuery(
        row=row,
        since=moment(since, "from", zone),
        until=moment(until, "to", zone),
        speaker=speaker,
        measure=measure,
        sources=sources(source, _SPOKEN) or tuple(Source),
    )
    heatmap = build_heatmap(caller.core, caller.principal, query)
    language = lang or caller.language
    if format == "csv":
        content = heatmap_table.heatmap_csv(heatmap, language).encode()
        return Response(content, media_type="text/csv; charset=utf-8", headers=_saved_as("heatmap.csv"))
    if format == "xlsx":
        return Response(heatmap_xlsx(heatmap, language), media_type=_XLSX, headers=_saved_as("heatmap.xlsx"))
    if format == "png":
        return Response(heatmap_image.heatmap_png(heatmap, language), media_type="image/png")
    return JSONResponse(heatmap_table.heatmap_json(heatmap, link=lambda r, t: _mentions_url(caller, heatmap, r, t)))


@router.get(
    "/mentions",
    summary="Mentions behind a heatmap cell",
    openapi_extra=needs(Permission.CALLS_READ),
    response_model=MentionPage,
)
def get_found_mentions(
    caller: From,
    topic: Short = None,
    row: RowKind | None = None,
    row_key: Short = None,
    speaker: Speaker = "customer",
    source: Sources = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> MentionPage:
    """With a cell's own parameters it lists exactly what the cell counts, newest call first, masked."""
    if (row is None) != (row_key is None):
        raise Invalid("row_key", "send 'row' and 'row_key' together", "row 和 row_key 必须同时提供")
    zone = caller.core.system.tenant(caller.principal.tenant_id).timezone
    where = MentionFilter(
        topic=topic,
        row=row,
        row_key=row_key,
        speaker=speaker,
        sources=sources(source, _SPOKEN),
        since=moment(since, "from", zone),
        until=moment(until, "to", zone),
    )
    page = find_mentions(caller.core, caller.principal, where, cursor=cursor, limit=limit)
    return MentionPage(mentions=[views.found_mention(caller, m) for m in page.items], cursor=page.cursor)


def _mentions_url(caller: Caller, heatmap: Heatmap, row: Row, topic: str) -> str:
    query = heatmap.query
    parameters = {
        "topic": topic,
        "row": query.row.value,
        "row_key": row.key,
        "speaker": query.speaker,
        "source": ",".join(s.value for s in query.sources),
    }
    if query.since:
        parameters["from"] = query.since.isoformat()
    if query.until:
        parameters["to"] = query.until.isoformat()
    return caller.link(f"/v1/mentions?{urlencode(parameters)}")


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
