"""`speechsvc ingest`: hands many recordings to a running service; run it again and it goes on where it stopped."""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from speechsvc.cli.client import Client, Refused
from speechsvc.cli.common import FileMissing, channel_layout, err, load_settings, out, say, ui_language
from speechsvc.config import Settings
from speechsvc.errors import InvalidInput, Unauthenticated

AUDIO_SUFFIXES = frozenset({".wav", ".mp3", ".m4a", ".aac", ".amr", ".ogg", ".opus", ".flac", ".webm", ".gsm", ".wma"})
_FINISHED = ("done", "partial", "failed")


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="CSV with a column 'file' and any of: external_id, started_at, direction, salesperson_id, "
            "salesperson_name, team, customer_id, customer_name, industry, region, followup_id, "
            "opportunity_id, stage, lead_grade, caller, callee, extension, channels."
        ),
    ] = None,
    url: Annotated[str | None, typer.Option(help="Address of the service. [default: the local one]")] = None,
    key: Annotated[
        str | None, typer.Option(help="API key. [default: SPEECHSVC_API_KEY, or the local administrator's]")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until every call is analysed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON.")] = False,
) -> None:
    """Upload recordings. Running it again uploads nothing twice. 批量上传录音。"""
    settings = load_settings()
    client = connect(settings, url, key)
    rows = read_manifest(manifest) if manifest else {}
    files = list(find_recordings(paths))
    if not files:
        names = ", ".join(map(str, paths))
        raise FileMissing(what=say(f"recording in {names}", f"录音：{names}"))
    summary = _upload_all(client, files, rows, settings)
    if wait:
        _wait(client, [i for i in summary["ids"] if i], summary)
    _report(summary, as_json)
    if summary["refused"]:
        raise typer.Exit(1)


def connect(settings: Settings, url: str | None, key: str | None) -> Client:
    """Raises Unauthenticated when there is no key to be found."""
    stored = settings.data_dir / "admin.key"
    key = key or settings.api_key or (stored.read_text().strip() if stored.is_file() else "")
    if not key:
        raise Unauthenticated
    return Client(url or f"http://{settings.host}:{settings.port}", key, ui_language())


def find_recordings(paths: list[Path]) -> Iterator[Path]:
    """Named files as they are; folders searched for audio by suffix, in order of name."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
        elif path.is_file():
            yield path
        else:
            raise FileMissing(what=say(f"file or folder {path}", f"文件或文件夹 {path}"))


def read_manifest(path: Path) -> dict[str, dict[str, str]]:
    """Rows by file name. Raises InvalidInput."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(field="manifest", problem=f"{path} cannot be read as UTF-8 CSV") from error
    if rows and "file" not in rows[0]:
        raise InvalidInput(field="manifest", problem="needs a column named 'file'")
    return {Path(row["file"]).name: row for row in rows}


def metadata_of(file: Path, row: dict[str, str], digest: str) -> dict[str, Any]:
    """What the manifest says; without one, the file's name and bytes make the id, its time the time of the call."""
    started = row.get("started_at") or datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat()
    metadata: dict[str, Any] = {
        "external_id": row.get("external_id") or f"{file.stem}-{digest[:12]}",
        "started_at": started,
    }
    for name in ("direction", "followup_id", "lead_grade", "caller", "callee", "extension"):
        if row.get(name):
            metadata[name] = row[name]
    groups = {
        "salesperson": {"id": "salesperson_id", "name": "salesperson_name", "team": "team"},
        "customer": {"id": "customer_id", "name": "customer_name", "industry": "industry", "region": "region"},
        "opportunity": {"id": "opportunity_id", "stage": "stage"},
    }
    for group, fields in groups.items():
        values = {field: row[column] for field, column in fields.items() if row.get(column)}
        if values.get("id"):
            metadata[group] = values
    if row.get("channels"):
        metadata["channels"] = channel_layout(row["channels"])
    return metadata


def _upload_all(
    client: Client, files: list[Path], rows: dict[str, dict[str, str]], settings: Settings
) -> dict[str, Any]:
    summary: dict[str, Any] = {"files": len(files), "accepted": 0, "refused": [], "ids": [], "failed": []}
    with _bar() as progress:
        task = progress.add_task(say("uploading", "上传"), total=len(files))
        for file in files:
            progress.update(task, description=file.name[:40])
            try:
                digest = _sha256(file)
                answer = client.upload(file, metadata_of(file, rows.get(file.name, {}), digest))
                summary["accepted"] += 1
                summary["ids"].append(answer["id"])
            except Refused as error:
                if error.details["problem"] in ("unauthenticated", "forbidden"):
                    raise  # it will be the same for every file
                summary["refused"].append({"file": str(file), "error": error.message(ui_language())})
            progress.advance(task)
    return summary


def _wait(client: Client, ids: list[str], summary: dict[str, Any]) -> None:
    waiting = list(ids)
    with _bar() as progress:
        task = progress.add_task(say("analysing", "分析"), total=len(ids))
        while waiting:
            left, begun = [], 0.0  # begun: what is done of unfinished calls, in calls
            for call_id in waiting:
                call = client.get(f"/v1/calls/{call_id}")
                if call["status"] not in _FINISHED:
                    left.append(call_id)
                    begun += call.get("progress") or 0.0
                    continue
                if call["status"] == "failed":
                    summary["failed"].append({"id": call_id, "error": (call.get("error") or {}).get("message")})
            waiting = left
            progress.update(task, completed=len(ids) - len(left) + begun)
            time.sleep(0.5 if waiting else 0)


def _report(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary, ensure_ascii=False))
        return
    refused, failed = len(summary["refused"]), len(summary["failed"])
    out().print(
        say(
            f"{summary['files']} files: {summary['accepted']} accepted, {refused} refused, {failed} failed in analysis",
            f"{summary['files']} 个文件：接收 {summary['accepted']}，拒绝 {refused}，分析失败 {failed}",
        )
    )
    for item in [*summary["refused"], *summary["failed"]]:
        out().print(f"  {item.get('file') or item.get('id')}: {item['error']}", markup=False)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err(),
        transient=True,
        disable=not err().is_terminal,
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
