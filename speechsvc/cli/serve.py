"""`speechsvc serve`: web process and workers, supervised, on embedded defaults or whatever the settings name."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from speechsvc.bootstrap import Application, recognition_layout
from speechsvc.cli.common import err, load_settings, say
from speechsvc.cli.supervisor import Child, Supervisor, web_argv, worker_argv
from speechsvc.config import Settings, child_environment
from speechsvc.domain.access import Role
from speechsvc.errors import SpeechsvcError
from speechsvc.queueing.parent_watch import watch_parent
from speechsvc.services.manage_keys import create_key


class PortTaken(SpeechsvcError):
    """Port {port} on {host} is already in use."""

    code = "port_taken"
    zh = "{host} 的端口 {port} 已被占用。"
    advice = "Stop the other program, or choose another port with --port."
    advice_zh = "请停止占用端口的程序，或用 --port 换一个端口。"


class AddressUnusable(SpeechsvcError):
    """The service cannot listen on {host}, port {port}: {problem}"""

    code = "address_unusable"
    zh = "无法在 {host} 的端口 {port} 上监听：{problem}"
    advice = "Give an address of this machine with --host (127.0.0.1: this machine only, 0.0.0.0: every network)."
    advice_zh = "请用 --host 指定本机的地址（127.0.0.1 仅本机，0.0.0.0 所有网络）。"


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [default: 8321]")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder for database, recordings and models.")] = None,
    model: Annotated[str | None, typer.Option(help="Speech model: a name from the catalogue, or a folder.")] = None,
    workers: Annotated[bool, typer.Option(help="Start the workers too.")] = True,
) -> None:
    """Start the service: web process and workers, restarted when they die. 启动服务。"""
    settings = load_settings(host=host, port=port, data_dir=data_dir, model=model)
    check_port(settings)
    application = Application(settings)
    application.prepare()
    _greet(settings, first_key(application))
    environment = child_environment(settings, {"SPEECHSVC_SUPERVISOR_PID": str(os.getpid())})
    application.close()
    children = [Child("web", web_argv(), environment)]
    if workers:
        children.append(Child("asr worker", worker_argv("asr", recognition_layout(settings).processes), environment))
        children.append(Child("text worker", worker_argv("text,crm", settings.text_processes), environment))
    watch_parent(settings.supervisor_pid)  # the demo's service ends with the demo, however that ends
    Supervisor(children).run()


def serve_web() -> None:
    """The web process alone."""
    from speechsvc.cli.web import run

    run(load_settings())


def check_port(settings: Settings) -> None:
    """Raises PortTaken, AddressUnusable."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise AddressUnusable(host=settings.host, port=settings.port, problem=error.strerror) from error
            raise PortTaken(host=settings.host, port=settings.port) from error


def first_key(application: Application) -> Path | None:
    """Makes an administrator's key when the tenant has none, and writes it where only its owner can read it."""
    settings = application.settings
    path = settings.data_dir / "admin.key"
    if application.system.keys(settings.tenant):
        return path if path.is_file() else None
    key, _ = create_key(application.system, tenant_id=settings.tenant, role=Role.ADMIN, name="first administrator")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return path


def _greet(settings: Settings, key: Path | None) -> None:
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    console = err()
    console.print(f"speechsvc  {address}   API: {address}/docs")
    if key is not None:
        console.print(say(f"Administrator's key: {key}", f"管理员密钥：{key}"))
    if settings.model == "demo":
        console.print(
            say(
                "The bundled demo model knows synthetic voices only. For real calls set SPEECHSVC_MODEL=large-v3-turbo "
                "(docs/models.md).",
                "内置演示模型只认合成语音；处理真实通话请设置 SPEECHSVC_MODEL=large-v3-turbo（见 docs/models.md）。",
            ),
            soft_wrap=True,
        )
    console.print(say("Stop with Ctrl-C.", "按 Ctrl-C 停止。"))
