"""`speechsvc doctor`: what is installed, which device, which services answer, what to fix."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated
from urllib.request import getproxies

import ctranslate2
import typer
from rich.table import Column, Table

from speechsvc import __version__
from speechsvc.bootstrap import Application, build_analyser, full_diarizer_ready, recognition_layout, recognition_wishes
from speechsvc.cli.common import load_settings, out, say, ui_language
from speechsvc.cli.serve import AddressUnusable, PortTaken, check_port
from speechsvc.config import Settings
from speechsvc.errors import SpeechsvcError
from speechsvc.transcription.catalogue import load_catalogue
from speechsvc.transcription.engine import choose_device, gpu_problem
from speechsvc.transcription.models import locate_model
from speechsvc.transcription.profiles import decoding_for

_PACKAGES = ("faster-whisper", "ctranslate2", "av", "spacy", "jieba", "celery", "sqlalchemy", "fastapi")


@dataclass(frozen=True)
class Finding:
    """One line of the report; `state` is ok, note or problem."""

    state: str
    what: str
    found: str
    cure: str = ""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False) -> None:
    """Check this installation; the exit status is 1 if something must be fixed. 检查安装与环境。"""
    findings = list(examine(load_settings()))
    problems = [f for f in findings if f.state == "problem"]
    if as_json:
        print(json.dumps({"ok": not problems, "findings": [asdict(f) for f in findings]}, ensure_ascii=False))
    else:
        _show(findings)
    if problems:
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """All checks, one after the other; none changes anything."""
    yield Finding("ok", "speechsvc", f"{__version__}, Python {platform.python_version()}, {platform.platform()}")
    yield Finding("ok", "packages", ", ".join(f"{p} {_version(p)}" for p in _PACKAGES))
    yield _try("speech model", lambda: _model(settings))
    yield _try("device", lambda: _device(settings))
    yield _try("recognition", lambda: _recognition(settings))
    yield _try("speakers of mono recordings", lambda: _diarizer(settings))
    yield _try("lexicon and rubric", lambda: _lexicon(settings))
    yield _try("data folder", lambda: _data_dir(settings))
    yield _port(settings)
    application = Application(settings)
    yield _try("database", lambda: _database(application))
    yield _try("recordings", lambda: _checked(application.blobs.check, _shape(settings.blob_url, "local folder")))
    yield _try("broker", lambda: _checked(application.announcer.check, _shape(settings.broker_url, "embedded")))
    if getproxies():
        found = say("used for model downloads only", "仅用于下载模型")
        yield Finding("note", "proxy", found)


def _try(what: str, check: Callable[[], str]) -> Finding:
    """A problem's finding comes from the error itself."""
    try:
        return Finding("ok", what, check())
    except SpeechsvcError as error:
        return Finding("problem", what, error.message(ui_language()), error.next_step(ui_language()))


def _model(settings: Settings) -> str:
    found = locate_model(settings.model, model_dir=settings.effective_model_dir)
    if found is None:
        return say(
            f"{settings.model}: not downloaded yet; the first recording will fetch it",
            f"{settings.model}：尚未下载，处理第一段录音时会自动下载",
        )
    if settings.model == "demo":
        return say(
            "demo: synthetic voices only; for real calls see docs/models.md",
            "demo：只认合成语音，真实通话见 docs/models.md",
        )
    return f"{settings.model}: {found}"


def _device(settings: Settings) -> str:
    """Asked for by name, a GPU that does not work is a problem; chosen by itself, the reason is said."""
    choice = choose_device(settings.device, settings.compute_type)
    reason = gpu_problem() if choice.device == "cpu" and settings.device == "auto" else None
    supported = ", ".join(sorted(ctranslate2.get_supported_compute_types(choice.device)))
    return f"{choice.device}, {choice.compute_type} ({say('supported', '支持')}: {supported})" + (
        say(f"; no GPU: {reason}", f"；未用 GPU：{reason}") if reason else ""
    )


def _recognition(settings: Settings) -> str:
    """Profile, and processes times threads with the reason."""
    layout = recognition_layout(settings)
    device = choose_device(settings.device, settings.compute_type).device
    decoding = decoding_for(recognition_wishes(settings), load_catalogue().find(settings.model), device=device)
    window = f"{decoding.window_seconds} s" if decoding.window_seconds else say("the model's own", "模型自带")
    batch = say(f", {decoding.batch_size} at once", f"，每批 {decoding.batch_size} 个")
    return say(
        f"{decoding.profile}: beam {decoding.beam_size}, window {window}{batch}; "
        f"{layout.processes} processes x {layout.threads} threads: {layout.why}",
        f"{decoding.profile}：束宽 {decoding.beam_size}，窗口 {window}{batch}；"
        f"{layout.processes} 进程 x {layout.threads} 线程：{layout.why_zh}",
    )


def _diarizer(settings: Settings) -> str:
    """Which way of telling speakers apart a mono recording would meet."""
    if settings.diarizer == "off":
        return say("not told apart (SPEECHSVC_DIARIZER=off)", "不区分（SPEECHSVC_DIARIZER=off）")
    if full_diarizer_ready(settings):
        basic = settings.diarizer == "basic"
        return say("basic, by setting", "基础聚类（按设置）") if basic else say("full, with models", "完整模型")
    if settings.diarizer == "full":
        return say(
            "full; its package or models are missing here and are needed with the first mono recording",
            "完整模型；本机缺少组件或模型，第一通单声道录音时需要",
        )
    return say("basic clustering, no download", "基础聚类，无需下载")


def _lexicon(settings: Settings) -> str:
    versions = build_analyser(settings).versions
    return f"{versions.lexicon}, {versions.rubric}, {versions.engine}"


def _data_dir(settings: Settings) -> str:
    path = settings.data_dir.resolve()
    existing = next(p for p in (path, *path.parents) if p.exists())
    if not os.access(existing, os.W_OK):
        raise DataDirReadOnly(path=path)
    return str(path)


class DataDirReadOnly(SpeechsvcError):
    """The data folder {path} cannot be written."""

    code = "data_dir_read_only"
    zh = "数据目录 {path} 不可写。"
    advice = "Choose another folder with SPEECHSVC_DATA_DIR, or give this user the right to write."
    advice_zh = "请用 SPEECHSVC_DATA_DIR 指定其他目录，或授予写权限。"


def _port(settings: Settings) -> Finding:
    try:
        check_port(settings)
    except PortTaken:
        found = say(
            f"{settings.host}:{settings.port} is in use: by a running speechsvc, or choose another with --port",
            f"{settings.host}:{settings.port} 已被占用：可能是正在运行的 speechsvc，否则请用 --port 换一个",
        )
        return Finding("note", "port", found)
    except AddressUnusable as error:
        return Finding("problem", "port", error.message(ui_language()), error.next_step(ui_language()))
    return Finding("ok", "port", f"{settings.host}:{settings.port}")


def _database(application: Application) -> str:
    settings = application.settings
    if not settings.database_url and not (settings.data_dir / "speechsvc.db").exists():
        return say("SQLite, made at the first start", "SQLite，首次启动时创建")
    return _checked(application.system.check, _shape(settings.database_url, "SQLite"))


def _checked(check: Callable[[], None], found: str) -> str:
    check()
    return found


def _shape(url: str, embedded: str) -> str:
    """What is in use, without passwords."""
    return url.split("://", 1)[0] + "://…" + url.rsplit("@", 1)[-1].split("?", 1)[0] if url else embedded


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _show(findings: list[Finding]) -> None:
    table = Table(Column(), Column(no_wrap=True), Column(overflow="fold"), show_header=False, box=None, pad_edge=False)
    signs = {"ok": "[green]✓[/]", "note": "[yellow]•[/]", "problem": "[red]✗[/]"}
    for f in findings:
        table.add_row(signs[f.state], f.what, f.found + (f"\n→ {f.cure}" if f.cure else ""))
    out().print(table)
