"""Index, runs and marks as stored: what erasure leaves, and what happens when a call changes meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from speechsvc.domain.call import CallStatus
from speechsvc.domain.heatmap import RowKind
from speechsvc.domain.mark import Verdict
from speechsvc.domain.mention import Polarity
from speechsvc.domain.run import CallRange, RunKind, RunState
from speechsvc.errors import NotFound
from speechsvc.storage import tables
from speechsvc.storage.database import SqlDatabase
from speechsvc.storage.engine import transaction
from speechsvc.storage.system import SqlSystem
from tests.unit.storage.builders import START, make_call, make_mark, make_run, make_transcript, store_done, store_three


def rows(database: SqlDatabase, *names: str) -> list[int]:
    with transaction(database.engine, write=False) as connection:
        return [connection.execute(select(func.count()).select_from(getattr(tables, n))).scalar_one() for n in names]


def pack(database: SqlDatabase, *call_ids: str) -> bool:
    with database.tenant("t") as uow:
        said = uow.call_index.conversations(call_ids)
        texts = uow.call_index.texts(call_ids)
        assert [said[c][0] for c in call_ids] == [texts[c].conversation(c) for c in call_ids]
        made = uow.call_index.add_block("v1", {c: said[c][1] for c in call_ids}, {7: b"seven", 8: b"eight"})
        if made:
            uow.commit()
    return made


def test_calls_come_newest_first_with_their_places(database: SqlDatabase, system: SqlSystem) -> None:
    calls = store_three(database)
    assert pack(database, calls[0].id, calls[2].id)
    with database.tenant("t", write=False) as uow:
        first = uow.call_index.calls(CallRange(), RowKind.TEAM, limit=2)
        rest = uow.call_index.calls(CallRange(), RowKind.TEAM, cursor=first.cursor, limit=2)
        found = (*first.items, *rest.items)
        assert [c.call_id for c in found] == [c.id for c in reversed(calls)]
        assert [(c.block, c.place) for c in found] == [(1, 1), (None, 0), (1, 0)]
        assert [c.row_key for c in found] == ["华东", "华南", "华东"]
        assert rest.cursor is None
        assert uow.call_index.calls(CallRange(), RowKind.TEAM, cursor=uow.call_index.position(calls[1].id)).items == (
            found[2],
        )
        assert uow.call_index.missing(limit=9) == (calls[1].id,)
        assert uow.call_index.count(CallRange(team="华东")) == 2
        assert uow.call_index.count(CallRange(until=calls[1].metadata.started_at)) == 1
        assert uow.call_index.postings(1, [8, 9]) == {8: b"eight"}
        state = uow.call_index.state("v1")
        assert (state.calls, state.indexed, state.blocks, state.size) == (3, 2, 1, 10)
        assert uow.call_index.state("v2").indexed == 0


@pytest.mark.parametrize("how", ["erased", "transcribed again"])
def test_a_call_that_changes_takes_its_block_with_it(database: SqlDatabase, system: SqlSystem, how: str) -> None:
    calls = store_three(database)
    assert pack(database, calls[0].id, calls[1].id)
    assert pack(database, calls[2].id)
    with database.tenant("t") as uow:
        if how == "erased":
            uow.calls.erase(calls[0].id)
        else:
            uow.transcripts.save(calls[0].id, make_transcript())
        uow.commit()
    assert rows(database, "index_blocks", "index_postings", "index_places") == [1, 2, 1]
    with database.tenant("t", write=False) as uow:
        missing = {calls[1].id} if how == "erased" else {calls[0].id, calls[1].id}
        assert set(uow.call_index.missing(limit=9)) == missing


def test_a_block_of_words_that_changed_meanwhile_is_not_stored(database: SqlDatabase, system: SqlSystem) -> None:
    calls = store_three(database)
    ids = [c.id for c in calls]
    with database.tenant("t", write=False) as uow:
        digests = {c: digest for c, (_, digest) in uow.call_index.conversations(ids).items()}
    with database.tenant("t") as uow:
        uow.transcripts.save(ids[1], replace(make_transcript(), warnings=("other",)))
        uow.commit()
    with database.tenant("t") as uow:
        assert not uow.call_index.add_block("v1", {c: digests[c] for c in ids}, {})
    with database.tenant("t") as uow:
        uow.calls.erase(ids[2])
        uow.commit()
    with database.tenant("t") as uow:
        assert not uow.call_index.add_block("v1", {c: digests[c] for c in (ids[0], ids[2])}, {})
    assert rows(database, "index_blocks", "index_places") == [0, 0]


def test_runs_come_back_and_change_only_from_where_they_are(database: SqlDatabase, system: SqlSystem) -> None:
    call = make_call()
    store_done(database, "t", call)
    run = make_run()
    with database.tenant("t") as uow:
        uow.runs.add(run)
        assert uow.runs.get("prv_1", RunKind.PREVIEW) == run
        with pytest.raises(NotFound):
            uow.runs.get("prv_1", RunKind.RETAG)
        assert not uow.runs.change("prv_1", only=(RunState.PAUSED,), state=RunState.RUNNING)
        assert uow.runs.change("prv_1", only=(RunState.RUNNING,), state=RunState.FINISHED, counts={"seen": 2})
        assert uow.runs.get("prv_1", RunKind.PREVIEW).counts == {"seen": 2}
        uow.runs.add_calls("prv_1", [(n, call.id, {"n": n}) for n in range(3)])
        assert [p for p, _, _ in uow.runs.calls("prv_1", after=0, limit=1)] == [1]
        uow.commit()
    with database.tenant("t") as uow:
        uow.calls.erase(call.id)
        assert uow.runs.calls("prv_1") == ()
        assert uow.runs.forget(RunKind.PREVIEW, START) == 0
        assert uow.runs.forget(RunKind.PREVIEW, START.replace(year=2030)) == 1
        uow.commit()


def test_marks_outlive_a_new_analysis_and_go_with_the_call(database: SqlDatabase, system: SqlSystem) -> None:
    call, other = make_call(1), make_call(2)
    store_done(database, "t", call)
    store_done(database, "t", other)
    with database.tenant("t") as uow:
        mark = uow.marks.put(make_mark(call.id))
        again = uow.marks.put(
            make_mark(call.id, id="mrk_9", verdict=Verdict.RIGHT, polarity=Polarity.NEGATED, entry="e2")
        )
        assert again.id == mark.id
        uow.marks.put(make_mark(other.id, id="mrk_2"))
        uow.marks.put(make_mark(other.id, id="mrk_3", topic="budget", verdict=Verdict.MISSED, entry=None))
        uow.commit()
    store_again(database, call.id)
    with database.tenant("t") as uow:
        assert uow.marks.of_call(call.id) == (again,)
        assert uow.marks.by_entry() == {"e2": (1, 0), "pricing_discount.price": (0, 1)}
        assert uow.marks.call_ids() == tuple(sorted((call.id, other.id)))
        first = uow.marks.list(limit=2)
        rest = uow.marks.list(limit=2, cursor=first.cursor)
        assert {m.id for m in (*first.items, *rest.items)} == {"mrk_1", "mrk_2", "mrk_3"}
        assert [m.id for m in uow.marks.list(verdict="missed").items] == ["mrk_3"]
        uow.calls.erase(other.id)
        assert uow.marks.call_ids() == (call.id,)
        with pytest.raises(NotFound):
            uow.marks.put(make_mark(other.id))
        uow.commit()


def store_again(database: SqlDatabase, call_id: str) -> None:
    from tests.unit.storage.builders import make_analysis

    with database.tenant("t") as uow:
        uow.analyses.save(call_id, make_analysis(call_id))
        uow.calls.update(call_id, status=CallStatus.DONE)
        uow.commit()
