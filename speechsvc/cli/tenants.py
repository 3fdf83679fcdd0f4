"""`speechsvc tenants`: the companies of this installation and the language of their calls."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from speechsvc.bootstrap import Application
from speechsvc.cli.common import load_settings, operator, out, say
from speechsvc.services.judged_sources import Fed, set_sources
from speechsvc.transcription.languages import check_language

app = typer.Typer(help="List tenants and set the language of their calls. 租户与通话语言。", no_args_is_help=True)


@app.command("list")
def list_tenants(as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False) -> None:
    """Tenants with time zone and language; without one of their own, the installation's (SPEECHSVC_LANGUAGE)."""
    application = _prepared()
    tenants = application.system.tenants()
    if as_json:
        print(json.dumps([asdict(tenant) for tenant in tenants], ensure_ascii=False))
        return
    table = Table("id", "name", "timezone", "language")
    for tenant in tenants:
        language = tenant.language or say(
            f"{application.settings.language} (the installation's)", f"{application.settings.language}（系统默认）"
        )
        table.add_row(escape(tenant.id), escape(tenant.name), tenant.timezone, language)
    out().print(table)


@app.command()
def language(
    tenant: Annotated[str, typer.Argument(help="Id of the tenant.")],
    code: Annotated[str, typer.Argument(help="Such as zh, yue or en; default: the installation's.")],
) -> None:
    """Set the language of a tenant's calls; it holds for recordings recognised from now on."""
    _prepared().system.set_language(tenant, None if code == "default" else check_language(code))


@app.command()
def sources(
    tenant: Annotated[str, typer.Argument(help="Id of the tenant.")],
    documents: Annotated[Fed | None, typer.Option(help="auto: judged where any came in the last 90 days.")] = None,
    minutes: Annotated[Fed | None, typer.Option(help="As documents.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Say whether a tenant feeds documents and minutes. What it does not is left out of its scores, visibly, and its
    points go to the rest. 设置租户是否接入文档与纪要。
    """
    application = _prepared()
    application.system.tenant(tenant)
    who = replace(operator(application.settings), tenant_id=tenant)
    found = set_sources(application.core, who, documents=documents, minutes=minutes)
    if as_json:
        print(json.dumps(found))
        return
    for name, rule in found.items():
        usual = say("the installation's", "系统默认")
        out().print(f"{name}: {rule or usual}", markup=False)


def _prepared() -> Application:
    application = Application(load_settings())
    application.prepare()
    return application
