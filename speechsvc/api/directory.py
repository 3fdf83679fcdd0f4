"""Salespeople and customers with their numbers, as they are from a moment on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from speechsvc.api.errors import Invalid
from speechsvc.api.inputs import Moment, Optional, Phone, Strict
from speechsvc.api.queries import Cursor, Limit
from speechsvc.api.route import From, api_router, needs
from speechsvc.api.views import mask_phone
from speechsvc.domain.access import Permission
from speechsvc.ports import DirectoryEntry, EntryKind
from speechsvc.services.directory import beginning, list_entries, put_entry

router = api_router("directory")
_MANAGE = needs(Permission.DIRECTORY_MANAGE)
Numbers = Annotated[list[Phone], Field(max_length=50)]
From_ = Annotated[
    Moment | None, Field(description="from when on this holds; none: always. Earlier entries stay for earlier calls")
]


class SalespersonEntryIn(Strict):
    name: Optional = None
    team: Optional = Field(None, examples=["华东一组"])
    extensions: Numbers = Field(default_factory=list, examples=[["8017"]])
    phones: Numbers = Field(default_factory=list)
    valid_from: From_ = None


class CustomerEntryIn(Strict):
    name: Optional = None
    industry: Optional = None
    region: Optional = None
    phones: Numbers = Field(default_factory=list)
    valid_from: From_ = None


class EntryOut(BaseModel):
    id: str
    valid_from: datetime
    name: str | None
    team: str | None
    industry: str | None
    region: str | None
    numbers: list[str] = Field(description="extensions and phone numbers, masked")


class EntryAnswer(BaseModel):
    entry: EntryOut
    matched_calls: int = Field(description="calls that had only known the number")


class EntryPage(BaseModel):
    entries: list[EntryOut]
    cursor: str | None


@router.put("/salespeople/{id}", summary="A salesperson", openapi_extra=_MANAGE, response_model=EntryAnswer)
def put_salesperson(caller: From, id: str, body: SalespersonEntryIn) -> EntryAnswer:
    """Calls that only know an extension or number are matched, those that came before too; team as at call time."""
    entry = DirectoryEntry(
        kind=EntryKind.SALESPERSON,
        id=_id(id),
        valid_from=beginning(body.valid_from),
        name=body.name,
        team=body.team,
        numbers=tuple(n for n in (*body.extensions, *body.phones) if n),
    )
    return _put(caller, entry)


@router.put("/customers/{id}", summary="A customer", openapi_extra=_MANAGE, response_model=EntryAnswer)
def put_customer(caller: From, id: str, body: CustomerEntryIn) -> EntryAnswer:
    """As for salespeople: by phone number, with industry and region as at call time."""
    entry = DirectoryEntry(
        kind=EntryKind.CUSTOMER,
        id=_id(id),
        valid_from=beginning(body.valid_from),
        name=body.name,
        industry=body.industry,
        region=body.region,
        numbers=tuple(n for n in body.phones if n),
    )
    return _put(caller, entry)


@router.get("/salespeople", summary="Salespeople", openapi_extra=_MANAGE, response_model=EntryPage)
def get_salespeople(caller: From, cursor: Cursor = None, limit: Limit = 50) -> EntryPage:
    """The newest entry of each, by id."""
    return _list(caller, EntryKind.SALESPERSON, cursor, limit)


@router.get("/customers", summary="Customers", openapi_extra=_MANAGE, response_model=EntryPage)
def get_customers(caller: From, cursor: Cursor = None, limit: Limit = 50) -> EntryPage:
    """The newest entry of each, by id."""
    return _list(caller, EntryKind.CUSTOMER, cursor, limit)


def _put(caller: From, entry: DirectoryEntry) -> EntryAnswer:
    matched = put_entry(caller.core, caller.principal, entry)
    return EntryAnswer(entry=_out(entry), matched_calls=matched)


def _list(caller: From, kind: EntryKind, cursor: str | None, limit: int) -> EntryPage:
    page = list_entries(caller.core, caller.principal, kind, cursor=cursor, limit=limit)
    return EntryPage(entries=[_out(e) for e in page.items], cursor=page.cursor)


def _out(entry: DirectoryEntry) -> EntryOut:
    values = {n: getattr(entry, n) for n in ("id", "valid_from", "name", "team", "industry", "region")}
    return EntryOut(**values, numbers=[mask_phone(n) or "" for n in entry.numbers])


def _id(text: str) -> str:
    if not 0 < len(text.strip()) <= 200:
        raise Invalid("id", "1 to 200 characters", "应为 1 到 200 个字符")
    return text.strip()
