"""`speechsvc tenants`: the companies of this installation and the language of their calls."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from speechsvc.bootstrap import Application
from speechsvc.cli.common import load_settings, out, say
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


def _prepared() -> Application:
    application = Application(load_settings())
    application.prepare()
    return application
