"""`speechsvc transcribe`: one recording to text, without the service."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from speechsvc.bootstrap import Application
from speechsvc.cli.common import FileMissing, channel_layout, err, load_settings, say, ui_language
from speechsvc.dashboard import names
from speechsvc.domain.call import Direction
from speechsvc.domain.roles import name_speakers
from speechsvc.domain.swapped import with_doubt
from speechsvc.domain.transcript import Transcript
from speechsvc.reporting import transcripts


class Format(StrEnum):
    JSON = "json"
    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"


def transcribe(
    file: Annotated[Path, typer.Argument(help="The recording.")],
    format: Annotated[Format, typer.Option(help="json, txt, srt or vtt.")] = Format.TXT,
    model: Annotated[str | None, typer.Option(help="Speech model: a name from the catalogue, or a folder.")] = None,
    channels: Annotated[
        str | None, typer.Option(help='"mono", or JSON such as {"left": "agent", "right": "customer"}.')
    ] = None,
    direction: Annotated[
        Direction | None, typer.Option(help="Who called: helps to tell salesperson and customer apart in mono.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Transcribe one recording to standard output. 转写一段录音。"""
    settings = load_settings(model=model)
    if not file.is_file():
        raise FileMissing(what=say(f"file {file}", f"文件 {file}"))
    layout = channel_layout(channels)
    application = Application(settings)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=err(),
        transient=True,
        disable=not err().is_terminal,
    ) as progress:
        task = progress.add_task(file.name, total=1.0)
        transcript = application.core.transcriber().transcribe(
            file,
            channels=layout,
            language=settings.language,
            progress=lambda part: progress.update(task, completed=part),
        )
    transcript = with_doubt(name_speakers(transcript, direction), direction)
    for code in transcript.warnings:
        err().print(
            f"{say('Note', '注意')} ({code}): {names.warning(code, ui_language())}", style="yellow", soft_wrap=True
        )
    print(render(transcript, Format.JSON if as_json else format))


def render(transcript: Transcript, format: Format) -> str:
    if format is Format.JSON:
        return json.dumps(transcripts.transcript_json(transcript), ensure_ascii=False, indent=1)
    if format is Format.SRT:
        return transcripts.transcript_srt(transcript)
    if format is Format.VTT:
        return transcripts.transcript_vtt(transcript)
    return transcripts.transcript_txt(transcript, ui_language())
