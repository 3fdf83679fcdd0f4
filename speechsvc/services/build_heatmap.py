"""The customer-focus heatmap, and the mentions behind each cell."""

from __future__ import annotations

from dataclasses import replace

from speechsvc.domain.access import Permission, Principal
from speechsvc.domain.heatmap import Heatmap, HeatmapQuery, build
from speechsvc.ports import MentionFilter, Page, StoredMention
from speechsvc.services.core import Core
from speechsvc.services.mask_words import mask_mentions


def build_heatmap(core: Core, principal: Principal, query: HeatmapQuery) -> Heatmap:
    """Counts within what the principal may see, whatever scope the query asks for. Raises Forbidden."""
    principal.require(Permission.HEATMAP_READ)
    query = replace(query, scope=principal.scope())
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        rows, cells = uow.analyses.heatmap(query)
    return build(query, rows, cells, core.topics(principal.tenant_id))


def find_mentions(
    core: Core, principal: Principal, where: MentionFilter, *, cursor: str | None = None, limit: int = 50
) -> Page[StoredMention]:
    """The sentences behind a cell, masked, newest call first. Raises Forbidden."""
    principal.require(Permission.CALLS_READ)
    where = replace(where, scope=principal.scope())
    with core.db.tenant(principal.tenant_id, write=False) as uow:
        page = uow.analyses.find_mentions(where, cursor=cursor, limit=limit)
        return Page(items=mask_mentions(uow, page.items), cursor=page.cursor)
