"""`speechsvc models`: which speech models there are, and fetching one ahead of the first recording."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from speechsvc.cli.common import err, load_settings, out, say
from speechsvc.transcription.catalogue import load_catalogue
from speechsvc.transcription.models import locate_model, resolve_model

app = typer.Typer(help="List and download speech models. 语音模型。", no_args_is_help=True)


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False) -> None:
    """The catalogue, and which models are on this machine."""
    settings = load_settings()
    here = {e.name: locate_model(e.name, model_dir=settings.effective_model_dir) for e in load_catalogue().models}
    if as_json:
        print(json.dumps({name: str(path) if path else None for name, path in here.items()}))
        return
    table = Table("name", "on this machine", "for")
    for entry in load_catalogue().models:
        table.add_row(entry.name, str(here[entry.name] or ""), say(entry.title, entry.title_zh))
    out().print(table)


@app.command()
def download(name: Annotated[str, typer.Argument(help="A name from the list, for example large-v3-turbo.")]) -> None:
    """Download a model; interrupted, it goes on where it stopped. A mirror: SPEECHSVC_HUB_ENDPOINT."""
    settings = load_settings()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err()) as progress:
        task = progress.add_task(name, total=1.0)
        folder = resolve_model(
            name,
            model_dir=settings.effective_model_dir,
            hub_endpoint=settings.hub_endpoint,
            offline=settings.offline,
            progress=lambda part: progress.update(task, completed=part),
        )
        progress.update(task, completed=1.0)
    if name.startswith("diarization-"):
        err().print(say("Used by SPEECHSVC_DIARIZER=auto or full", "供 SPEECHSVC_DIARIZER=auto 或 full 使用"))
        print(folder)
        return
    err().print(say(f"Use it with SPEECHSVC_MODEL={name}", f"使用方法：SPEECHSVC_MODEL={name}"))
    print(folder)
