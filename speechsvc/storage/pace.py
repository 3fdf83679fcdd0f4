"""The pace of recognition, by machine, model and profile. Holds no customer data, so it has no tenant."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from speechsvc.domain.pace import Pace
from speechsvc.storage.base import insert_if_absent
from speechsvc.storage.tables import recognition_pace as table

_FIGURES = ("factor", "call_s", "calls", "audio_s", "work_s")


def note(connection: Connection, pace: Pace, audio_s: float, work_s: float, at: datetime) -> None:
    """Adds one call to the average that is stored for the machine, model and profile of `pace`."""
    key = {"host": pace.host, "model": pace.model, "profile": pace.profile}
    zero = dict.fromkeys(_FIGURES, 0)
    insert_if_absent(connection, table, {**key, **zero, "updated_at": at}, *key)
    mine = (table.c.host == pace.host) & (table.c.model == pace.model) & (table.c.profile == pace.profile)
    row = connection.execute(select(table).where(mine).with_for_update()).mappings().one()
    new = _pace(row).after(audio_s, work_s)
    values = {name: getattr(new, name) for name in _FIGURES}
    connection.execute(update(table).where(mine).values(**values, updated_at=at))


def read(connection: Connection) -> tuple[Pace, ...]:
    """All of them, the last one used first."""
    rows = connection.execute(select(table).order_by(table.c.updated_at.desc())).mappings()
    return tuple(_pace(row) for row in rows)


def _pace(row: RowMapping) -> Pace:
    return Pace(**{field.name: row[field.name] for field in fields(Pace)})
