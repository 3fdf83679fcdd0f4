"""The OpenAPI document: what FastAPI derives, with uploads, problem documents and webhooks described in full."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from speechsvc.api import crm_inputs, event_schemas
from speechsvc.api.inputs import CallMetadataIn

_DESCRIPTION = """
Self-hosted speech-and-text analysis for Chinese B2B sales calls.

* **Keys**: `Authorization: Bearer <key>`. A key belongs to one tenant and has a role; each operation names the
  permission it needs (`x-permission`). What a key may not see does not exist for it: 404.
* **Errors** are `application/problem+json` with a stable `code`, a sentence in Chinese or English (`Accept-Language`),
  what to do next, and `request_id`.
* **Retries** are safe everywhere: `external_id` makes uploads and texts idempotent. Uploads that break off can be
  resumed under `/v1/uploads` (tus 1.0.0).
* **Pages**: send `cursor` back as it came.
* **Times** are RFC 3339 with a zone.
"""
_TAGS = {
    "calls": "Send recordings and texts, follow them, erase them",
    "uploads": "Recordings in pieces, for weak networks: tus 1.0.0, works with any tus client",
    "findings": "Transcript, mentions, score and sound of one call",
    "heatmap": "What customers care about, and the sentences behind each number",
    "lexicon": "What customers' words mean: versions, draft, check, publish",
    "rubric": "How follow-ups are scored: the same verbs",
    "workbench": "What a change of the lexicon would do, re-tagging, marks, statistics, suggestions",
    "followups": "What counts towards performance: grouping, score, appeals",
    "directory": "Salespeople and customers with their numbers",
    "crm": "Change feed, webhooks, events from the CRM, touch health",
    "audit": "Who did what",
    "operations": "Health and measurements; no key",
}
_REF = "#/components/schemas/{model}"


def install(app: FastAPI) -> None:
    """Replaces `app.openapi`; the document is made once."""

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title="speechsvc",
        version=app.version,
        summary="Transcripts, topics, heatmap and scores of sales calls",
        description=_DESCRIPTION,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    _add_models(schema)
    schema["webhooks"] = event_schemas.webhooks()
    for operation in _operations(schema):
        operation.pop("x-streamed", None)
        _problems_as_such(operation)
    return schema


def _add_models(schema: dict[str, Any]) -> None:
    """Models that no route names itself: the upload is parsed by hand, events only ever leave."""
    models: tuple[type[BaseModel], ...] = (CallMetadataIn, *crm_inputs.MODELS, *event_schemas.MODELS)
    wanted: list[tuple[type[BaseModel], Literal["validation"]]] = [(m, "validation") for m in models]
    _, found = models_json_schema(wanted, ref_template=_REF)
    for name, model in found["$defs"].items():
        schema["components"]["schemas"].setdefault(name, model)


def _operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in schema["paths"].values() for operation in path.values()]


def _problems_as_such(operation: dict[str, Any]) -> None:
    for answer in operation["responses"].values():
        content = answer.get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/Problem"):
            content["application/problem+json"] = content.pop("application/json")
