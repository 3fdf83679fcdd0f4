"""/docs: the OpenAPI document as one page without scripts, so that it works where there is no internet."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter()

_STYLE = """
:root{color-scheme:light dark}body{font:15px/1.55 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:60rem;
margin:2rem auto;padding:0 1rem}code,pre{font-family:ui-monospace,Consolas,monospace;font-size:.92em}
pre{white-space:pre-wrap;overflow-x:auto;padding:.7rem;border:1px solid #8884;border-radius:6px}
details{border-top:1px solid #8884;padding:.5rem 0}
summary{cursor:pointer}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem
.6rem .25rem 0;border-bottom:1px solid #8883}.m{display:inline-block;min-width:4.2em;font-weight:600}.p{opacity:.7}
"""
_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """Rendered on the server."""
    return HTMLResponse(render(request.app.openapi()), headers={"Content-Security-Policy": _CSP})


def render(document: dict[str, Any]) -> str:
    """HTML of an OpenAPI document; every text is escaped."""
    groups = "".join(_group(document, tag) for tag in document["tags"])
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style>"
        f"<h1>{escape(info['title'])} API <small>{escape(info['version'])}</small></h1>"
        f"<p>{escape(info['summary'])}. Machine-readable: <a href='/openapi.json'>/openapi.json</a></p>"
        f"<pre>{escape(info['description'].strip())}</pre>{groups}"
        f"<h2>webhooks</h2>{''.join(_webhook(n, w['post']) for n, w in document['webhooks'].items())}"
        f"<h2>schemas</h2>{''.join(_schema(n, s) for n, s in sorted(document['components']['schemas'].items()))}"
    )


def _group(document: dict[str, Any], tag: dict[str, str]) -> str:
    operations = "".join(
        _operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if tag["name"] in operation.get("tags", ())
    )
    return f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>{operations}"


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    permission = operation.get("x-permission")
    note = f" <span class='p'>{escape(permission)}</span>" if permission else ""
    body = "".join(
        f"<p>Body: <code>{escape(kind)}</code> {_type(content.get('schema', {}))}</p>"
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    )
    return (
        f"<details><summary><span class='m'>{method.upper()}</span> <code>{escape(path)}</code> "
        f"{escape(operation.get('summary', ''))}{note}</summary><p>{escape(operation.get('description', ''))}</p>{body}"
        f"{_parameters(operation.get('parameters', []))}{_answers(operation['responses'])}</details>"
    )


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}</td><td>{_type(p['schema'])}</td>"
        f"<td>{escape(p.get('description', ''))}</td></tr>"
        for p in parameters
    )
    return f"<table>{rows}</table>" if rows else ""


def _answers(responses: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td><td>"
        + ", ".join(f"{escape(k)} {_type(c.get('schema', {}))}" for k, c in answer.get("content", {}).items())
        + "</td></tr>"
        for status, answer in sorted(responses.items())
    )
    return f"<table>{rows}</table>"


def _type(schema: dict[str, Any]) -> str:
    """A short name of a schema, with a link where it has its own entry."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[1])
        return f"<a href='#{name}'>{name}</a>"
    if "enum" in schema:
        return escape(" | ".join(map(str, schema["enum"])))
    if "anyOf" in schema:
        return " | ".join(_type(s) for s in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    if "properties" in schema:
        return "{" + ", ".join(f"{escape(n)}: {_type(s)}" for n, s in schema["properties"].items()) + "}"
    return escape(str(schema.get("const", schema.get("format") or schema.get("type", ""))))


def _webhook(name: str, operation: dict[str, Any]) -> str:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    summary = f"<code>{escape(name)}</code> {escape(operation['summary'])}"
    return f"<details><summary>{summary}</summary>{_type(schema)}</details>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code>{'' if field in required else '?'}</td><td>{_type(s)}</td>"
        f"<td>{escape(s.get('description', ''))} {_example(s)}</td></tr>"
        for field, s in schema.get("properties", {}).items()
    )
    about = escape(schema.get("description", ""))
    values = escape(" | ".join(map(str, schema.get("enum", ()))))
    return (
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code></summary><p>{about}</p>"
        f"<p>{values}</p><table>{rows}</table></details>"
    )


def _example(schema: dict[str, Any]) -> str:
    examples = schema.get("examples")
    return f"<code>{escape(json.dumps(examples[0], ensure_ascii=False))}</code>" if examples else ""
