"""Commands that `speechsvc lexicon` and `rubric` share: versions of a running service, files of this machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from speechsvc.cli.client import Client
from speechsvc.cli.common import err, load_settings, out, say
from speechsvc.cli.ingest import connect
from speechsvc.cli.rule_files import read_rules, table_bytes, write_rules
from speechsvc.domain.ruleset import Content, RulesetKind
from speechsvc.domain.ruleset_diff import Change, compare, tally
from speechsvc.errors import InvalidInput

Url = Annotated[str | None, typer.Option(help="Address of the service. [default: the local one]")]
Key = Annotated[str | None, typer.Option(help="API key. [default: SPEECHSVC_API_KEY, or the local administrator's]")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
Author = Annotated[str, typer.Option(help="Who answers for it. [default: the key's name]")]
Note = Annotated[str, typer.Option(help="Why.")]
Source = Annotated[str, typer.Argument(help="A file or folder, a number (0: the default), 'published' or 'draft'.")]


def add_commands(app: typer.Typer, kind: RulesetKind) -> None:
    """The commands of one kind."""
    for add in (_add_versions, _add_publish, _add_restore, _add_diff, _add_files, _add_merge, _add_draft):
        add(app, kind)


def _add_versions(app: typer.Typer, kind: RulesetKind) -> None:
    @app.command()
    def versions(url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
        """List what was published, newest first. 列出已发布的版本。"""
        client = _client(url, key)
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = client.get(f"/v1/{kind}/versions", limit=200, **({"cursor": cursor} if cursor else {}))
            found += page["versions"]
            cursor = page["cursor"]
            if not cursor:
                break
        if as_json:
            print(json.dumps(found, ensure_ascii=False))
        elif not found:
            err().print(say("Nothing published yet: the default is in force.", "尚未发布过：正在使用默认内容。"))
        else:
            out().print(_versions(found))


def _add_publish(app: typer.Typer, kind: RulesetKind) -> None:
    @app.command()
    def publish(
        file: Annotated[
            Path | None, typer.Argument(help="Becomes the draft first; without it the draft as it is.")
        ] = None,
        note: Note = "",
        author: Author = "",
        replaces: Annotated[
            int | None, typer.Option(help="The version you know to be in force. [default: the draft's beginning]")
        ] = None,
        url: Url = None,
        key: Key = None,
        as_json: AsJson = False,
    ) -> None:
        """Check the draft and make it the next version, at once for all. 检查并发布草稿，立即生效。"""
        if file is not None:
            _put(kind, file, url, key)
        client = _client(url, key)
        body: dict[str, Any] = {"note": note, "author": author or None, "replaces": replaces}
        _told(client.post(f"/v1/{kind}/draft/publish", body), as_json)


def _add_restore(app: typer.Typer, kind: RulesetKind) -> None:
    @app.command()
    def restore(
        number: Annotated[int, typer.Argument(help="The version to go back to; 0: the default.")],
        note: Note = "",
        author: Author = "",
        url: Url = None,
        key: Key = None,
        as_json: AsJson = False,
    ) -> None:
        """Publish an earlier version again, as a new one. 恢复旧版本（发布为新版本）。"""
        client = _client(url, key)
        _told(client.post(f"/v1/{kind}/versions/{number}/restore", {"note": note, "author": author or None}), as_json)


def _add_diff(app: typer.Typer, kind: RulesetKind) -> None:
    @app.command()
    def diff(a: Source, b: Source, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
        """Show what differs, field by field. 逐项比较两个版本或文件。"""
        before, after = (_content(kind, source, url, key) for source in (a, b))
        changes = compare(kind, before, after)
        if as_json:
            print(json.dumps({"counts": tally(changes), "changes": [_view(c) for c in changes]}, ensure_ascii=False))
        else:
            _show(changes)


def _add_files(app: typer.Typer, kind: RulesetKind) -> None:
    @app.command("export")
    def export_file(
        file: Annotated[
            Path, typer.Argument(help="*.yaml, *.json; for a lexicon also *.xlsx, *.zip (CSV), or a folder for CSV.")
        ],
        source: Annotated[str, typer.Option("--from", help="As in 'diff'.")] = "published",
        url: Url = None,
        key: Key = None,
    ) -> None:
        """Write it to a file, or turn one file into another. 导出为文件，或转换文件格式。"""
        write_rules(kind, _content(kind, source, url, key), file)
        err().print(say(f"Written: {file}", f"已写入：{file}"), markup=False)

    @app.command("import")
    def import_file(
        file: Annotated[Path, typer.Argument(help="Any form that 'export' writes.")],
        to: Annotated[Path | None, typer.Option(help="A file instead of the service's draft.")] = None,
        url: Url = None,
        key: Key = None,
        as_json: AsJson = False,
    ) -> None:
        """Make a file the draft; nothing is published. 把文件导入为草稿，不会发布。"""
        if to is not None:
            write_rules(kind, read_rules(kind, file), to)
            err().print(say(f"Written: {to}", f"已写入：{to}"), markup=False)
            return
        draft = _put(kind, file, url, key)
        brief = {k: v for k, v in draft.items() if k != "content"}
        if as_json:
            print(json.dumps(brief, ensure_ascii=False))
        else:
            out().print(say(f"Draft, revision {draft['revision']}", f"草稿，修订 {draft['revision']}"))


def _add_merge(app: typer.Typer, kind: RulesetKind) -> None:
    @app.command()
    def merge(url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
        """Bring what a newer default changed into the draft. 把新版默认内容合并进草稿。"""
        merged = _client(url, key).post(f"/v1/{kind}/draft/merge-default", None)
        conflicts = merged["draft"]["conflicts"]
        if as_json:
            print(json.dumps({"counts": merged["counts"], "conflicts": conflicts}, ensure_ascii=False))
            return
        out().print(json.dumps(merged["counts"], ensure_ascii=False), markup=False)
        _show_conflicts(conflicts)

    @app.command()
    def resolve(
        choices: Annotated[
            list[str], typer.Argument(help="ID=draft or ID=default; all=draft or all=default decides the rest.")
        ],
        url: Url = None,
        key: Key = None,
        as_json: AsJson = False,
    ) -> None:
        """Decide conflicts of a merge. 决定合并冲突的取舍。"""
        client = _client(url, key)
        given = dict(_choice(c) for c in choices)
        rest = given.pop("all", None)
        if rest:
            open_ids = [c["id"] for c in client.get(f"/v1/{kind}/draft")["conflicts"]]
            given = dict.fromkeys(open_ids, rest) | given
        draft = client.post(f"/v1/{kind}/draft/resolve", {"choices": given})
        if as_json:
            print(json.dumps({"conflicts": draft["conflicts"]}, ensure_ascii=False))
        else:
            _show_conflicts(draft["conflicts"])


def _add_draft(app: typer.Typer, kind: RulesetKind) -> None:
    @app.command()
    def discard(url: Url = None, key: Key = None) -> None:
        """Drop the draft. 丢弃草稿。"""
        _client(url, key).delete(f"/v1/{kind}/draft")
        err().print(say("The draft is gone.", "草稿已丢弃。"))


def check_draft(kind: RulesetKind, url: str | None, key: str | None, as_json: bool) -> None:
    """Of `check --draft`: exit status 1 where it could not be published."""
    report = _client(url, key).post(f"/v1/{kind}/draft/check", None)
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        for line in (*report["problems"], *report["warnings"]):
            out().print(line, markup=False)
        _show_conflicts(report["conflicts"])
        out().print(say("ready to publish", "可以发布") if report["ok"] else say("not ready", "尚不能发布"))
    if not report["ok"]:
        raise typer.Exit(1)


def _client(url: str | None, key: str | None) -> Client:
    return connect(load_settings(), url, key)


def _content(kind: RulesetKind, source: str, url: str | None, key: str | None) -> Content:
    """Of a file where one has that name, else of the service."""
    if Path(source).exists() or Path(source).suffix:
        return read_rules(kind, Path(source))
    places = {"published": "", "draft": "/draft"}
    content: Content = _client(url, key).get(f"/v1/{kind}{places.get(source, f'/versions/{source}')}")["content"]
    return content


def _put(kind: RulesetKind, file: Path, url: str | None, key: str | None) -> dict[str, Any]:
    """Replaces the draft that is there now; a change meanwhile is refused. Mistakes are found before anything is sent.

    Tables go as they are: the service keeps what of the draft they cannot hold.
    """
    content, table = read_rules(kind, file), table_bytes(file)
    client = _client(url, key)
    tag = {"If-Match": f'"{client.get(f"/v1/{kind}/draft")["revision"]}"'}
    if table is not None:
        data, format = table
        return client.post_bytes(f"/v1/{kind}/draft/import", data, headers=tag, format=format.value)
    return client.put(f"/v1/{kind}/draft", {"content": content}, headers=tag)


def _choice(text: str) -> tuple[str, str]:
    name, _, choice = text.partition("=")
    if choice not in ("draft", "default"):
        wanted = "ID=draft, ID=default"
        raise InvalidInput(field=text, problem=f"write one of {wanted}", problem_zh=f"请写成 {wanted} 之一")
    return name, choice


def _told(version: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(version, ensure_ascii=False))
    else:
        out().print(say(f"In force: {version['label']}", f"现行版本：{version['label']}"), markup=False)


def _versions(found: Sequence[dict[str, Any]]) -> Table:
    heads = (say("number", "版本"), say("published", "发布时间"), say("author", "负责人"), say("note", "说明"))
    table = Table(*(Column(h, overflow="fold") for h in heads), Column("label", no_wrap=True), box=None, pad_edge=False)
    for v in found:
        note = v["note"] if v["restored_from"] is None else f"← {v['restored_from']} {v['note']}"
        table.add_row(str(v["number"]), v["published_at"][:16], escape(v["author"]), escape(note), v["label"])
    return table


def _view(change: Change) -> dict[str, Any]:
    fields = [{"field": f.field, "before": f.before, "after": f.after} for f in change.fields]
    return {"change": change.change, "what": change.what, "path": list(change.path), "fields": fields}


def _show(changes: Sequence[Change]) -> None:
    signs = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
    console = out()
    for change in changes:
        sign, colour = signs[change.change]
        console.print(f"{sign} {change.what} {'/'.join(change.path[-1:])}", style=colour, markup=False)
        for field in change.fields if change.change == "changed" else ():
            console.print(f"    {field.field}: {_brief(field.before)} → {_brief(field.after)}", markup=False)
    if not changes:
        err().print(say("No difference.", "没有差别。"))


def _show_conflicts(conflicts: Sequence[dict[str, Any]]) -> None:
    console = out()
    for c in conflicts:
        place = "/".join(c["path"][-1:]) + (f" · {c['field']}" if c["field"] else "")
        console.print(f"! {c['id']}  {place}", style="red", markup=False)
        console.print(f"    draft: {_brief(c['draft'])}\n    default: {_brief(c['default'])}", markup=False)


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else text[:157] + "..."
