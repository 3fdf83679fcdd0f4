"""`speechsvc webhooks`: where events go, through a running service."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from speechsvc.cli.client import Client
from speechsvc.cli.common import err, load_settings, out, say
from speechsvc.cli.ingest import connect

app = typer.Typer(help="Send events to a CRM, and see what became of them. 管理 Webhook 推送。", no_args_is_help=True)

Url = Annotated[str | None, typer.Option("--service", help="Address of the service. [default: the local one]")]
Key = Annotated[str | None, typer.Option(help="API key. [default: SPEECHSVC_API_KEY, or the local administrator's]")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
Hook = Annotated[str, typer.Argument(help="The webhook's id.")]


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where events are posted.")],
    event: Annotated[list[str] | None, typer.Option(help="An event type; may be repeated. [default: all]")] = None,
    service: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Subscribe; the secret is shown this once. 新建 Webhook，密钥仅显示一次。"""
    _secret(_client(service, key).post("/v1/webhooks", {"url": url, "event_types": event or []}), as_json)


@app.command("list")
def list_webhooks(service: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """List webhooks and whether they work. 列出 Webhook 及其状态。"""
    found = _client(service, key).get("/v1/webhooks")["webhooks"]
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        err().print(say("There are no webhooks yet.", "还没有 Webhook。"))
        return
    table = Table(Column("id", no_wrap=True), say("state", "状态"), Column("url", overflow="fold"), box=None)
    for hook in found:
        table.add_row(hook["id"], _state(hook), hook["url"])
    out().print(table)


@app.command()
def delete(webhook: Hook, service: Url = None, key: Key = None) -> None:
    """Remove a webhook; what waits for it is dropped. 删除 Webhook。"""
    _client(service, key).delete(f"/v1/webhooks/{webhook}")
    err().print(say(f"Removed {webhook}.", f"已删除 {webhook}。"))


@app.command()
def enable(webhook: Hook, service: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """Switch on again what was switched off; replay what it missed. 重新启用 Webhook。"""
    hook = _client(service, key).post(f"/v1/webhooks/{webhook}/enable", None)
    _tell(hook, as_json, say("Switched on.", "已启用。"))


@app.command()
def rotate(
    webhook: Hook,
    overlap: Annotated[float, typer.Option(help="Hours during which the old secret signs too.")] = 24.0,
    service: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Make another secret; both sign during the overlap. 轮换密钥，重叠期内新旧密钥均签名。"""
    _secret(_client(service, key).post(f"/v1/webhooks/{webhook}/rotate", {"overlap_h": overlap}), as_json)


@app.command()
def replay(
    webhook: Hook,
    event: Annotated[list[str] | None, typer.Option(help="An event's id; may be repeated.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Events from this moment on: RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Events before this moment: RFC 3339.")] = None,
    undelivered: Annotated[bool, typer.Option(help="Of a time range only what was not delivered.")] = False,
    service: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send events again, by id or by time. 按事件或时间段重发。"""
    body: dict[str, Any] = {"event_ids": event} if event else {"from": since, "to": until}
    if not event:
        body["undelivered_only"] = undelivered
    sent = _client(service, key).post(
        f"/v1/webhooks/{webhook}/replay", {k: v for k, v in body.items() if v is not None}
    )
    _tell(sent, as_json, say(f"{sent['events']} events are on their way.", f"已重发 {sent['events']} 个事件。"))


@app.command()
def deliveries(
    webhook: Hook,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, newest first.")] = 20,
    service: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what was tried and what came back. 查看投递记录与对方响应。"""
    found = _client(service, key).get(f"/v1/webhooks/{webhook}/deliveries", limit=limit)["deliveries"]
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    heads = (say("event", "事件"), say("state", "状态"), say("tries", "次数"), say("last answer", "最近响应"))
    table = Table(Column("id", no_wrap=True), *heads, box=None)
    for delivery in found:
        tries = delivery["attempts"]
        last = tries[-1] if tries else {}
        answer = last.get("error") or last.get("status") or ""
        table.add_row(delivery["event_id"], delivery["event_type"], delivery["state"], str(len(tries)), str(answer))
    out().print(table)


@app.command("test")
def send_test(webhook: Hook, service: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """Send one signed test event now; exit status 1 unless it was taken. 立即发送测试事件。"""
    attempt = _client(service, key).post(f"/v1/webhooks/{webhook}/test", None)
    answer = attempt["error"] or f"HTTP {attempt['status']}"
    _tell(attempt, as_json, f"{answer}  {attempt['seconds']:.2f} s")
    if attempt["status"] is None or not 200 <= attempt["status"] < 300:
        raise typer.Exit(1)


def _state(hook: dict[str, Any]) -> str:
    if not hook["enabled"]:
        return say(f"off: {hook['disabled_reason']}", f"已停用：{hook['disabled_reason']}")
    if hook["failing_since"]:
        return say(f"failing since {hook['failing_since'][:16]}", f"自 {hook['failing_since'][:16]} 起失败")
    return say("on", "启用")


def _secret(hook: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(hook, ensure_ascii=False))
        return
    err().print(
        say(f"{hook['id']}: keep the secret; it is not shown again.", f"{hook['id']}：请妥善保存密钥，之后不再显示。")
    )
    print(hook["secret"])


def _tell(answer: dict[str, Any], as_json: bool, text: str) -> None:
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        out().print(text, markup=False)


def _client(url: str | None, key: str | None) -> Client:
    return connect(load_settings(), url, key)
