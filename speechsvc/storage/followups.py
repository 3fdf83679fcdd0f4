"""Follow-ups of one tenant with their items and appeals."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, false, func, insert, or_, select, true, update

from speechsvc.domain.access import Scope
from speechsvc.domain.analysis import Contact
from speechsvc.domain.call import CallStatus, Customer, Opportunity, Salesperson, Source
from speechsvc.domain.followup import Appeal, AppealState, Followup, FollowupState, Item, ItemKind, Ruling
from speechsvc.domain.followup_score import Frozen, JudgedCall
from speechsvc.domain.job import JobKind
from speechsvc.errors import NotFound
from speechsvc.ports import Beside, FollowupFilter, Page
from speechsvc.storage import codec
from speechsvc.storage.base import Repository, decode_cursor, encode_cursor, insert_if_absent
from speechsvc.storage.calls import forget_answers
from speechsvc.storage.tables import analyses, calls, followup_appeals, followup_items, followups, jobs, tenants

_BODIES = ("score", "history")
_INFO = [c for c in followups.c if c.name not in _BODIES]
_FINISHED = [s.value for s in CallStatus if s.finished]
_EFFECTIVE = Contact.EFFECTIVE.value
LONGEST_CALL = timedelta(hours=12)  # how far back a call may have begun that still runs: bounds the search
_AT_ONCE = 500  # ids in one query; SQLite takes no more than some thousand parameters


class FollowupTable(Repository):
    """Implements `FollowupRepository`."""

    def add(self, followup: Followup) -> bool:
        row = _columns({f.name: getattr(followup, f.name) for f in fields(followup) if f.name != "id"})
        row |= {"tenant_id": self._tenant_id, "id": followup.id, "standing": followup.standing[1]}
        return insert_if_absent(self._connection, followups, row, "tenant_id", "external_id")

    def find(self, external_id: str, scope: Scope | None = None) -> Followup | None:
        return self._one(followups.c.external_id == external_id, within(scope or Scope()))

    def get(self, external_id: str, scope: Scope | None = None) -> Followup:
        found = self.find(external_id, scope)
        if found is None:
            raise NotFound(what="follow-up")
        return found

    def by_id(self, followup_id: str) -> Followup | None:
        return self._one(followups.c.id == followup_id)

    def lock(self, followup_id: str) -> Followup:
        # an update that changes nothing holds the row on PostgreSQL; SQLite has one writer anyway
        touched = update(followups).where(self._this(followup_id)).values(revision=followups.c.revision)
        if self._connection.execute(touched).rowcount == 0:
            raise NotFound(what="follow-up")
        found = self._one(followups.c.id == followup_id)
        assert found is not None
        return found

    def episodes(self, key: str) -> tuple[Followup, ...]:
        query = self._mine_only(followups.c.episode_key == key).order_by(followups.c.id.desc())
        return tuple(_followup(row) for row in self._connection.execute(query).mappings())

    def list(self, where: FollowupFilter, *, cursor: str | None = None, limit: int = 50) -> Page[Followup]:
        query = self._mine_only(*_conditions(where))
        if cursor:
            at, id_ = decode_cursor(cursor, datetime, str)
            older = and_(followups.c.last_activity == at, followups.c.id < id_)
            query = query.where(or_(followups.c.last_activity < at, older))
        query = query.order_by(followups.c.last_activity.desc(), followups.c.id.desc()).limit(limit + 1)
        rows = self._connection.execute(query).mappings().all()
        found = tuple(_followup(row) for row in rows[:limit])
        more = encode_cursor(found[-1].last_activity, found[-1].id) if len(rows) > limit else None
        return Page(items=found, cursor=more)

    def all(self, where: FollowupFilter) -> tuple[Followup, ...]:
        query = self._mine_only(*_conditions(where)).order_by(followups.c.last_activity, followups.c.id)
        return tuple(_followup(row) for row in self._connection.execute(query).mappings())

    def salespeople(self, scope: Scope) -> dict[str, str]:
        c = followups.c
        query = select(c.salesperson_id, func.max(c.salesperson_name)).where(self._mine(followups), within(scope))
        query = query.where(c.salesperson_id.is_not(None)).group_by(c.salesperson_id).order_by(c.salesperson_id)
        return {id_: name or id_ for id_, name in self._connection.execute(query)}

    def update(self, followup_id: str, **fields: Any) -> None:
        values = _columns(fields)
        if self._connection.execute(update(followups).where(self._this(followup_id)).values(**values)).rowcount == 0:
            raise NotFound(what="follow-up")

    def freeze(self, followup_id: str, frozen: Frozen, history: Sequence[dict[str, Any]] | None = None) -> None:
        values: dict[str, Any] = {"score": codec.pack({"score": frozen.score, "snapshot": frozen.snapshot})}
        if history is not None:
            values["history"] = codec.pack({"scores": [*history]})
        self._connection.execute(update(followups).where(self._this(followup_id)).values(**values))

    def frozen(self, followup_id: str) -> tuple[Frozen | None, tuple[dict[str, Any], ...]]:
        row = self._connection.execute(
            select(followups.c.score, followups.c.history).where(self._this(followup_id))
        ).first()
        if row is None:
            raise NotFound(what="follow-up")
        earlier = () if row.history is None else tuple(codec.unpack(row.history)["scores"])
        return None if row.score is None else Frozen(**codec.unpack(row.score)), earlier

    def erase(self, followup_id: str) -> None:
        forget_answers(self._connection, self._tenant_id, followup_id)
        mine = and_(self._mine(jobs), jobs.c.subject == followup_id, jobs.c.kind == JobKind.SETTLE.value)
        self._connection.execute(delete(jobs).where(mine))
        self._connection.execute(delete(followups).where(self._this(followup_id)))  # items go with it: CASCADE

    def add_item(self, followup_id: str, item: Item) -> bool:
        row = asdict(item) | {"tenant_id": self._tenant_id, "followup_id": followup_id, "kind": item.kind.value}
        return insert_if_absent(self._connection, followup_items, row, "tenant_id", "id")

    def of_item(self, item_id: str) -> str | None:
        where = (self._mine(followup_items), followup_items.c.id == item_id)
        found = self._connection.execute(select(followup_items.c.followup_id).where(*where)).scalar()
        return None if found is None else str(found)

    def change_item(self, item_id: str, **fields: Any) -> None:
        where = (self._mine(followup_items), followup_items.c.id == item_id)
        self._connection.execute(update(followup_items).where(*where).values(**fields))

    def items(self, followup_id: str) -> tuple[Item, ...]:
        where = (self._mine(followup_items), followup_items.c.followup_id == followup_id)
        query = select(followup_items).where(*where).order_by(followup_items.c.at, followup_items.c.id)
        return tuple(_item(row) for row in self._connection.execute(query).mappings())

    def judged(self, items: Sequence[Item]) -> tuple[JudgedCall, ...]:
        found: builtins.list[JudgedCall] = []
        for begin in range(0, len(items), _AT_ONCE):
            by_id = {i.id: i for i in items[begin : begin + _AT_ONCE]}
            rows = self._connection.execute(
                select(
                    calls.c.id,
                    calls.c.source,
                    calls.c.salesperson_id,
                    calls.c.customer_id,
                    calls.c.started_at,
                    calls.c.duration,
                    calls.c.topics,
                    calls.c.versions,
                    analyses.c.body,
                )
                .join(analyses, and_(analyses.c.tenant_id == calls.c.tenant_id, analyses.c.call_id == calls.c.id))
                .where(self._mine(calls), calls.c.id.in_(by_id), calls.c.status.in_(_FINISHED))
                .order_by(calls.c.started_at, calls.c.id)
            ).mappings()
            found += [_judged(row, by_id[row["id"]]) for row in rows]
        return tuple(found)

    def unfinished(self, followup_id: str) -> int:
        mine = and_(followup_items.c.tenant_id == calls.c.tenant_id, followup_items.c.id == calls.c.id)
        query = (
            select(func.count())
            .select_from(followup_items.join(calls, mine))
            .where(self._mine(followup_items), followup_items.c.followup_id == followup_id)
            .where(followup_items.c.late.is_(False), calls.c.status.not_in(_FINISHED))
        )
        return int(self._connection.execute(query).scalar_one())

    def elsewhere(self, followup_id: str, items: Sequence[Item]) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for item in items:
            for reason, column, value in (
                ("same_recording", followup_items.c.sha256, item.sha256),
                ("same_words", followup_items.c.fingerprint, item.fingerprint),
            ):
                if value is not None and item.id not in found:
                    earlier = self._earlier(followup_id, item, column == value)
                    if earlier is not None:
                        found[item.id] = (reason, earlier)
        return found

    def _earlier(self, followup_id: str, item: Item, same: ColumnElement[bool]) -> str | None:
        c = followup_items.c
        before = or_(c.received_at < item.received_at, and_(c.received_at == item.received_at, c.id < item.id))
        query = (
            select(c.id)
            .where(self._mine(followup_items), same, c.kind == item.kind.value)
            .where(c.followup_id != followup_id, c.late.is_(False), c.erased.is_(False), before)
            .order_by(c.received_at, c.id)
            .limit(1)
        )
        found = self._connection.execute(query).scalar()
        return None if found is None else str(found)

    def beside(self, followup_id: str, call: JudgedCall) -> tuple[Beside, ...]:
        c, i = calls.c, followup_items.c
        parties = [col == v for col, v in _parties(call) if v is not None]
        if not parties:
            return ()
        end = call.started_at + timedelta(seconds=call.duration_s)
        before = or_(
            i.received_at < call.item.received_at, and_(i.received_at == call.item.received_at, i.id < call.item.id)
        )
        mine = and_(i.tenant_id == c.tenant_id, i.id == c.id)
        query = (
            select(c.id, i.followup_id, c.salesperson_id, c.started_at, c.duration)
            .select_from(followup_items.join(calls, mine))
            .where(self._mine(calls), or_(*parties), c.source == Source.CALL.value, c.contact == _EFFECTIVE)
            .where(c.started_at > call.started_at - LONGEST_CALL, c.started_at < end, c.duration.is_not(None))
            .where(i.followup_id != followup_id, i.late.is_(False), i.erased.is_(False), before)
            .order_by(i.received_at, i.id)
        )
        return tuple(_beside(row) for row in self._connection.execute(query).mappings())

    def sources(self) -> dict[str, str | None]:
        query = select(tenants.c.documents, tenants.c.minutes).where(tenants.c.id == self._tenant_id)
        return dict(self._connection.execute(query).mappings().one())

    def set_sources(self, rules: Mapping[str, str]) -> None:
        self._connection.execute(update(tenants).where(tenants.c.id == self._tenant_id).values(**rules))

    def fed(self, kind: str, since: datetime) -> bool:
        where = (self._mine(followup_items), followup_items.c.kind == kind, followup_items.c.received_at >= since)
        return self._connection.execute(select(followup_items.c.id).where(*where).limit(1)).first() is not None

    def add_appeal(self, followup_id: str, appeal: Appeal) -> None:
        row = asdict(appeal) | {"tenant_id": self._tenant_id, "followup_id": followup_id, "state": appeal.state.value}
        self._connection.execute(insert(followup_appeals).values(**row))

    def change_appeal(self, appeal_id: str, **fields: Any) -> None:
        values = {k: getattr(v, "value", v) for k, v in fields.items()}
        where = (self._mine(followup_appeals), followup_appeals.c.id == appeal_id)
        self._connection.execute(update(followup_appeals).where(*where).values(**values))

    def appeals(self, followup_id: str) -> tuple[Appeal, ...]:
        where = (self._mine(followup_appeals), followup_appeals.c.followup_id == followup_id)
        query = select(followup_appeals).where(*where).order_by(followup_appeals.c.at, followup_appeals.c.id)
        names = [f.name for f in fields(Appeal)]
        rows = self._connection.execute(query).mappings()
        return tuple(Appeal(**{n: r[n] for n in names} | {"state": AppealState(r["state"])}) for r in rows)

    def _one(self, *where: ColumnElement[bool]) -> Followup | None:
        row = self._connection.execute(self._mine_only(*where)).mappings().first()
        return None if row is None else _followup(row)

    def _mine_only(self, *where: ColumnElement[bool]) -> Any:
        return select(*_INFO).where(self._mine(followups), *where)

    def _this(self, followup_id: str) -> ColumnElement[bool]:
        return and_(self._mine(followups), followups.c.id == followup_id)


def _parties(call: JudgedCall) -> tuple[tuple[ColumnElement[Any], str | None], ...]:
    return (calls.c.salesperson_id, call.salesperson_id), (calls.c.customer_id, call.customer_id)


def _beside(row: RowMapping) -> Beside:
    return Beside(
        call_id=row["id"],
        followup_id=row["followup_id"],
        salesperson_id=row["salesperson_id"],
        started_at=row["started_at"],
        duration_s=row["duration"],
    )


def within(scope: Scope) -> ColumnElement[bool]:
    """The follow-ups that a scope shows; an empty team list or an empty salesperson id shows nothing."""
    condition: ColumnElement[bool] = true()
    if scope.teams is not None:
        condition = and_(condition, followups.c.team.in_(scope.teams) if scope.teams else false())
    if scope.salesperson_id is not None:
        mine = followups.c.salesperson_id == scope.salesperson_id
        condition = and_(condition, mine if scope.salesperson_id else false())
    return condition


def _conditions(where: FollowupFilter) -> Iterable[ColumnElement[bool]]:
    yield within(where.scope)
    wanted: builtins.list[tuple[ColumnElement[Any], Any]] = [
        (followups.c.salesperson_id, where.salesperson_id),
        (followups.c.team, where.team),
        (followups.c.customer_id, where.customer_id),
        (followups.c.opportunity_id, where.opportunity_id),
    ]
    yield from (column == value for column, value in wanted if value is not None)
    if where.counts is not None:
        yield followups.c.standing.is_(where.counts)
    if where.states is not None:
        yield followups.c.state.in_([s.value for s in where.states])
    if where.since is not None:
        yield followups.c.last_activity >= where.since
    if where.until is not None:
        yield followups.c.last_activity < where.until


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    """Column values for fields of Followup by name. Raises TypeError for a name that it does not have."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name == "salesperson":
            values |= _parts(value, {"id": "salesperson_id", "name": "salesperson_name", "team": "team"})
        elif name == "customer":
            names = {"id": "customer_id", "name": "customer_name", "industry": "industry", "region": "region"}
            values |= _parts(value, names)
        elif name == "opportunity":
            values |= _parts(value, {"id": "opportunity_id", "stage": "stage"})
        elif name == "rulings":
            values[name] = [asdict(r) | {"at": r.at.isoformat()} for r in value]
        elif name == "reasons":
            values[name] = list(value)
        elif name not in followups.c or name in ("tenant_id", "id"):
            raise TypeError(f"a follow-up has no field {name!r} to set")
        else:
            values[name] = getattr(value, "value", value)
    return values


def _parts(value: Any, names: dict[str, str]) -> dict[str, Any]:
    return {column: getattr(value, name, None) for name, column in names.items()}


def _followup(row: RowMapping) -> Followup:
    plain = ("id", "external_id", "episode_key", "total", "counts", "versions", "first_activity", "last_activity")
    times = ("touched_at", "created_at", "settled_at", "settles_at", "revision")
    return Followup(
        **{name: row[name] for name in (*plain, *times)},
        state=FollowupState(row["state"]),
        reasons=tuple(row["reasons"]),
        rulings=tuple(Ruling(**r | {"at": datetime.fromisoformat(r["at"])}) for r in row["rulings"]),
        salesperson=_salesperson(row),
        customer=_customer(row),
        opportunity=_opportunity(row),
    )


def _salesperson(row: RowMapping) -> Salesperson | None:
    if row["salesperson_id"] is None:
        return None
    return Salesperson(id=row["salesperson_id"], name=row["salesperson_name"], team=row["team"])


def _customer(row: RowMapping) -> Customer | None:
    if row["customer_id"] is None:
        return None
    return Customer(id=row["customer_id"], name=row["customer_name"], industry=row["industry"], region=row["region"])


def _opportunity(row: RowMapping) -> Opportunity | None:
    return None if row["opportunity_id"] is None else Opportunity(id=row["opportunity_id"], stage=row["stage"])


def _item(row: RowMapping) -> Item:
    return Item(**{f.name: row[f.name] for f in fields(Item)} | {"kind": ItemKind(row["kind"])})


def _judged(row: RowMapping, item: Item) -> JudgedCall:
    body = codec.unpack(row["body"])
    return JudgedCall(
        item=item,
        salesperson_id=row["salesperson_id"],
        customer_id=row["customer_id"],
        started_at=row["started_at"],
        duration_s=row["duration"] or 0.0,
        spoken=row["source"] == Source.CALL.value,
        total=int(body["score"]["total"]),
        snapshot=body["snapshot"],
        topics=tuple(row["topics"]),
        versions=row["versions"],
    )
