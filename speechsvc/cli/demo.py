"""`speechsvc demo`: the whole service on bundled sample calls, from recordings to CRM events."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from speechsvc.bootstrap import Application
from speechsvc.cli.client import Client
from speechsvc.cli.common import load_settings, operator, out, say, ui_language
from speechsvc.cli.demo_receiver import Receiver
from speechsvc.cli.demo_report import print_call, print_events, print_heatmap, write_results
from speechsvc.config import Settings, child_environment
from speechsvc.dashboard.routes import make_ticket
from speechsvc.domain.access import Role
from speechsvc.domain.heatmap import HeatmapQuery
from speechsvc.errors import SpeechsvcError
from speechsvc.resources import bundled
from speechsvc.services.build_heatmap import build_heatmap
from speechsvc.services.manage_keys import create_key

_START_PATIENCE_S = 120.0
_FINISHED = ("done", "partial", "failed")


class DemoServiceDidNotStart(SpeechsvcError):
    """The demo's service did not become ready within {seconds} seconds."""

    code = "demo_not_ready"
    zh = "演示服务在 {seconds} 秒内未能就绪。"
    advice = "Look into {log}; 'speechsvc doctor' checks the installation."
    advice_zh = "请查看 {log}；可运行 'speechsvc doctor' 检查安装。"


class FolderTaken(SpeechsvcError):
    """{folder} holds files that are not of an earlier demo."""

    code = "folder_taken"
    zh = "{folder} 中的文件不是之前演示留下的。"
    advice = "Choose another folder with --out; the demo begins afresh and would delete them."
    advice_zh = "请用 --out 换一个文件夹；演示会从头开始并删除其中的文件。"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop when the results are written.")] = False,
    folder: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("demo-output"),
    port: Annotated[int | None, typer.Option(help="Port of the dashboard; a free one if taken.")] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the dashboard in a browser.")] = False,
) -> None:
    """Run the whole service on six bundled recordings and show what comes out. 用内置录音演示全流程。"""
    folder.mkdir(parents=True, exist_ok=True)
    with Receiver() as receiver:
        settings = _settings(folder, port)
        application = Application(settings)
        application.prepare()
        key, _ = create_key(application.system, tenant_id=settings.tenant, role=Role.ADMIN, name="demo")
        address = f"http://{settings.host}:{settings.port}"
        client = Client(address, key, ui_language())
        console = out()
        began = time.monotonic()
        with _service(settings, client, folder / "service.log", console):
            receiver.secret = client.post("/v1/webhooks", {"url": receiver.url})["secret"]
            results = _run(client, console)
            heatmap = client.get("/v1/heatmap", row="customer")
            built = build_heatmap(application.core, operator(settings), HeatmapQuery())
            names = {t: zh if ui_language() == "zh" else en for t, zh, en in built.topics}
            for result in results:
                print_call(console, result, names)
            print_heatmap(console, built)
            events = list(client.changes())
            received = receiver.wait_for(len(events), timeout_s=20)
            print_events(console, events, received)
            write_results(folder, results, heatmap, events, client)
            seconds = time.monotonic() - began
            console.print(
                say(
                    f"\nDone in {seconds:.0f} s. Results: {folder}/", f"\n完成，用时 {seconds:.0f} 秒。结果在 {folder}/"
                )
            )
            if not once:
                _keep_serving(console, f"{address}/login?ticket={make_ticket(application, key)}", open_browser)
        application.close()
    if any(r["call"]["status"] == "failed" for r in results):
        raise typer.Exit(1)


def _settings(folder: Path, port: int | None) -> Settings:
    """A service of its own, begun afresh each time, that touches nothing of a real one."""
    data = folder / "service"
    if data.exists() and not (data / "speechsvc.db").is_file() and any(data.iterdir()):
        raise FolderTaken(folder=data)
    shutil.rmtree(data, ignore_errors=True)
    return load_settings(
        data_dir=data.resolve(),
        database_url="",
        broker_url="",
        blob_url="",
        model="demo",
        model_dir=None,
        tenant="demo",
        host="127.0.0.1",
        port=_free_port(port),
        webhook_allow_cidrs=["127.0.0.0/8"],
        webhook_allow_http=True,
        log_format="json",
    )


def _free_port(wanted: int | None) -> int:
    for candidate in (wanted or 8321, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 8321


@contextmanager
def _service(settings: Settings, client: Client, log: Path, console: Console) -> Iterator[None]:
    """`speechsvc serve` as users start it, its log in a file."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "speechsvc", "serve"],
            env=child_environment(settings, {"SPEECHSVC_SUPERVISOR_PID": str(os.getpid())}),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C reaches us first; we end it in order
        )
        try:
            with console.status(say("Starting the service ...", "正在启动服务……")):
                _await_ready(client, process, log)
            yield
        finally:
            console.print(say("Stopping ...", "正在停止……"))
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _await_ready(client: Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        if client.ready():
            return
        time.sleep(0.3)
    raise DemoServiceDidNotStart(seconds=int(_START_PATIENCE_S), log=log)


def _run(client: Client, console: Console) -> list[dict[str, Any]]:
    """Uploads all sample calls, shows progress until each is finished, and reads the results back."""
    samples = bundled("models") / "sample-calls"
    calls = json.loads((samples / "metadata.json").read_text(encoding="utf-8"))
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        tasks: dict[str, TaskID] = {}
        for item in calls:
            answer = client.upload(samples / item["file"], item["metadata"])
            name = f"{item['file']} {item['metadata']['customer']['name']}"
            tasks[answer["id"]] = progress.add_task(name, total=1.0, status=answer["status"])
        _follow(client, progress, tasks)
    return [_result(client, call_id) for call_id in tasks]


def _follow(client: Client, progress: Progress, tasks: dict[str, TaskID]) -> None:
    waiting = set(tasks)
    while waiting:
        for call_id in sorted(waiting):
            call = client.get(f"/v1/calls/{call_id}")
            done = call["status"] in _FINISHED
            progress.update(tasks[call_id], completed=1.0 if done else call["progress"], status=call["status"])
            if done:
                waiting.discard(call_id)
        time.sleep(0.4 if waiting else 0)


def _result(client: Client, call_id: str) -> dict[str, Any]:
    call = client.get(f"/v1/calls/{call_id}")
    if call["status"] == "failed":
        return {"call": call}
    parts = ("transcript", "mentions", "score")
    return {"call": call} | {part: client.get(f"/v1/calls/{call_id}/{part}") for part in parts}


def _keep_serving(console: Console, link: str, open_browser: bool) -> None:
    console.print(say("\nDashboard (signed in for you):", "\n看板（已为您登录）："))
    console.print(link, soft_wrap=True)
    console.print(say("Ctrl-C stops it.", "按 Ctrl-C 停止。"))
    if open_browser:
        webbrowser.open(link)
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
