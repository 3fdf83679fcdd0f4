"""`speechsvc keys`: API keys of a tenant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from speechsvc.bootstrap import Application
from speechsvc.cli.common import err, load_settings, out, say
from speechsvc.domain.access import Role
from speechsvc.ports import KeyInfo, Tenant
from speechsvc.services.manage_keys import create_key

app = typer.Typer(help="Create, list and revoke API keys. 管理 API 密钥。", no_args_is_help=True)

TenantOption = Annotated[str | None, typer.Option(help="Tenant; the default one if not given.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


@app.command()
def create(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    name: Annotated[str, typer.Option(help="Whose key it is.")] = "",
    team: Annotated[list[str] | None, typer.Option(help="A manager's team; may be repeated.")] = None,
    salesperson: Annotated[str | None, typer.Option(help="A salesperson's own id.")] = None,
    raw: Annotated[
        bool, typer.Option(help="May read unmasked text and original audio; every read is audited.")
    ] = False,
    tenant: TenantOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a key; it is shown this once."""
    application = _prepared()
    tenant_id = tenant or application.settings.tenant
    application.system.add_tenant(Tenant(id=tenant_id, name=tenant_id, timezone=application.settings.timezone))
    key, principal = create_key(
        application.system,
        tenant_id=tenant_id,
        role=role,
        name=name,
        raw=raw,
        teams=team or (),
        salesperson_id=salesperson,
    )
    if as_json:
        print(json.dumps({"id": principal.key_id, "key": key, "role": role.value, "tenant": tenant_id}))
        return
    err().print(say("Keep it safe; it is not shown again.", "请妥善保存，之后不再显示。"))
    print(key)


@app.command("list")
def list_keys(tenant: TenantOption = None, as_json: JsonOption = False) -> None:
    """List keys, without the keys themselves."""
    application = _prepared()
    infos = application.system.keys(tenant or application.settings.tenant)
    if as_json:
        print(json.dumps([_view(i) for i in infos], ensure_ascii=False))
        return
    if not infos:
        err().print(say("There are no keys yet.", "还没有密钥。"))
        return
    out().print(_table(infos))


@app.command()
def revoke(key_id: str, tenant: TenantOption = None) -> None:
    """Revoke a key by its id; it stops working at once."""
    application = _prepared()
    application.system.revoke_key(tenant or application.settings.tenant, key_id)
    err().print(say(f"Revoked {key_id}.", f"已吊销 {key_id}。"))


def _table(infos: Sequence[KeyInfo]) -> Table:
    """Ids whole, as `revoke` needs them, also on 80 columns; --json has every moment."""
    heads = [say("name", "名称"), say("teams", "团队"), say("raw", "原文")]
    fixed = (Column("id", no_wrap=True), Column(say("role", "角色"), no_wrap=True))
    last = Column(say("last used", "最近使用"), no_wrap=True)
    table = Table(*fixed, *(Column(h, overflow="fold") for h in heads), last, box=None, pad_edge=False)
    for info in infos:
        p = info.principal
        used = say("revoked", "已吊销") if info.revoked_at else str(info.last_used_at or "-")[:10]
        table.add_row(p.key_id, p.role.value, escape(p.name), escape(", ".join(p.teams)), "✓" if p.raw else "", used)
    return table


def _view(info: KeyInfo) -> dict[str, object]:
    p = info.principal

    def moment(value: object) -> str | None:
        return str(value)[:19] if value else None

    return {
        "id": p.key_id,
        "role": p.role.value,
        "name": p.name,
        "teams": ", ".join(p.teams),
        "raw": p.raw,
        "created_at": moment(info.created_at),
        "last_used_at": moment(info.last_used_at),
        "revoked_at": moment(info.revoked_at),
    }


def _prepared() -> Application:
    application = Application(load_settings())
    application.prepare()
    return application
