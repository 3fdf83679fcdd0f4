"""Transcripts, analyses and the heatmap on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from speechsvc.domain.access import Scope
from speechsvc.domain.call import Call, CallStatus, Source
from speechsvc.domain.heatmap import HeatmapQuery, RowKind
from speechsvc.ports import MentionFilter
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.system import SqlSystem
from tests.unit.storage.builders import (
    START,
    add,
    make_analysis,
    make_call,
    make_mention,
    make_transcript,
    store_done,
    store_three,
)


@pytest.fixture
def three_calls(database: SqlDatabase, system: SqlSystem) -> list[Call]:
    return store_three(database)


def test_transcript_and_analysis_come_back_whole(database: SqlDatabase, system: SqlSystem) -> None:
    call = add(database, make_call())
    with database.tenant("t") as uow:
        assert uow.transcripts.get(call.id) is None
        assert uow.analyses.get(call.id) is None
        uow.transcripts.save(call.id, make_transcript())
        uow.transcripts.save(call.id, make_transcript())
        assert uow.analyses.save(call.id, make_analysis(call.id)) == 1
        uow.commit()
    with database.tenant("t", write=False) as uow:
        assert uow.transcripts.get(call.id) == make_transcript()
        assert uow.analyses.get(call.id) == make_analysis(call.id)
        assert [m.sentence for m in uow.analyses.mentions(call.id)] == ["你们价格多少，预算批了"]


def test_a_new_analysis_replaces_the_old_and_keeps_ids_of_what_stayed(database: SqlDatabase, system: SqlSystem) -> None:
    call = add(database, make_call())
    stays, goes, comes = make_mention(), make_mention(topic="a"), make_mention(topic="b")
    with database.tenant("t") as uow:
        uow.transcripts.save(call.id, make_transcript())
        assert uow.analyses.save(call.id, make_analysis(call.id, stays, goes)) == 1
        first = {m.mention.topic: m.id for m in uow.analyses.mentions(call.id)}
        assert uow.analyses.save(call.id, make_analysis(call.id, stays, comes)) == 2
        later = {m.mention.topic: m.id for m in uow.analyses.mentions(call.id)}
        assert uow.calls.get(call.id).analysis_revision == 2
        assert uow.analyses.traces([call.id, "call_none"]) == {call.id: b"numbers"}
        analysis = make_analysis(call.id, stays)
        uow.analyses.save(call.id, replace(analysis, tagging=replace(analysis.tagging, trace=None)))
        assert uow.analyses.traces([call.id]) == {}, "numbers of another analysis would mislead"
    assert later.keys() == {"pricing_discount", "b"}
    assert later["pricing_discount"] == first["pricing_discount"]


def test_heatmap_counts_by_hand(database: SqlDatabase, three_calls: list[Call]) -> None:
    refused = make_call(4)
    store_done(database, "t", refused, make_mention(), contact="refused")
    failed = make_call(5)
    store_done(database, "t", failed, make_mention(), status=CallStatus.FAILED)
    store_done(database, "other", make_call(6), make_mention())
    with database.tenant("t", write=False) as uow:
        rows, cells = uow.analyses.heatmap(HeatmapQuery(row=RowKind.CUSTOMER))
    assert {(r.key, r.label, r.calls, r.speech_s, r.unknown_s) for r in rows} == {
        ("c1", "蓝天科技", 2, 14.0, 2.0),
        ("c9", "c9", 1, 7.0, 1.0),  # a customer without a name is called by the id
    }
    assert {(c.key, c.topic, c.calls, c.mentions, c.seconds) for c in cells} == {
        ("c1", "pricing_discount", 1, 1, 4.0),
        ("c9", "pricing_discount", 1, 1, 4.0),  # the agent's own mention is left out
        ("c9", "budget_approval", 1, 1, 4.0),
    }


@pytest.mark.parametrize(
    ("query", "rows", "cells"),
    [
        ({"row": RowKind.TEAM}, {"华东": 2, "华南": 1}, {("华东", 1), ("华南", 2)}),
        ({"row": RowKind.INDUSTRY}, {"制造": 2, "": 1}, {("制造", 1), ("", 2)}),
        ({"row": RowKind.STAGE}, {"报价": 2, "": 1}, {("报价", 1), ("", 2)}),
        ({"row": RowKind.WEEK}, {"2026-W48": 2, "2026-W49": 1}, {("2026-W48", 1), ("2026-W49", 2)}),
        ({"row": RowKind.SALESPERSON, "speaker": "agent"}, {"s1": 2, "s2": 1}, {("s2", 1)}),
        ({"row": RowKind.REGION, "speaker": "any"}, {"上海": 2, "广东": 1}, {("上海", 1), ("广东", 3)}),
        ({"scope": Scope(teams=("华南",))}, {"c9": 1}, {("c9", 2)}),
        ({"scope": Scope(teams=())}, {}, set()),
        ({"since": START + timedelta(minutes=3)}, {"c1": 1}, set()),
        ({"sources": (Source.MINUTES,)}, {}, set()),
    ],
)
def test_heatmap_rows_and_filters(
    database: SqlDatabase, three_calls: list[Call], query: dict[str, Any], rows: dict[str, int], cells: set[Any]
) -> None:
    with database.tenant("t", write=False) as uow:
        found_rows, found_cells = uow.analyses.heatmap(HeatmapQuery(**query))
    assert {r.key: r.calls for r in found_rows} == rows
    assert {(r.key, sum(c.mentions for c in found_cells if c.key == r.key)) for r in found_rows} - {
        (key, 0) for key in rows
    } == cells


def test_drill_down_agrees_with_the_cell_and_pages(database: SqlDatabase, three_calls: list[Call]) -> None:
    def found(limit: int = 50, **fields: Any) -> list[tuple[str, str]]:
        items: list[tuple[str, str]] = []
        cursor = None
        with database.tenant("t", write=False) as uow:
            while True:
                page = uow.analyses.find_mentions(MentionFilter(**fields), cursor=cursor, limit=limit)
                items += [(m.call.metadata.external_id, m.mention.topic) for m in page.items if m.call]
                cursor = page.cursor
                if cursor is None:
                    return items

    price, budget = "pricing_discount", "budget_approval"
    assert found(topic=price, speaker="customer") == [("pbx-2", price), ("pbx-1", price)]
    assert found(row=RowKind.CUSTOMER, row_key="c9", speaker="customer", topic=budget) == [("pbx-2", budget)]
    assert found(row=RowKind.INDUSTRY, row_key="", topic=budget) == [("pbx-2", budget)]
    assert found(speaker="agent") == [("pbx-2", price)]
    assert found(scope=Scope(teams=("华东",))) == [("pbx-1", price)]
    assert len(found(counting_only=False)) == 5
    assert found(limit=1) == found()
    assert found(sources=(Source.CHAT,)) == []


def test_a_page_of_mentions_reads_each_transcript_once(database: SqlDatabase, three_calls: list[Call]) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    with database.tenant("t", write=False) as uow:
        page = uow.analyses.find_mentions(MentionFilter(counting_only=False))
    assert {m.sentence for m in page.items} == {"你们价格多少，预算批了", "您好，方便吗"}
    assert sum("FROM transcripts" in s for s in statements) == 3
