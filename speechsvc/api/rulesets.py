"""Lexicon and rubric: the same routes for both. Read, draft, check, publish, compare, restore, merge, measure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from speechsvc.api import ruleset_schemas as s
from speechsvc.api.preconditions import IfMatch, etag, required_revision, seen_revision
from speechsvc.api.queries import Cursor, Limit
from speechsvc.api.responses import refusals
from speechsvc.api.route import From, api_router, needs
from speechsvc.domain.access import Permission
from speechsvc.domain.ruleset import Content, Draft, FileFormat, RulesetKind, RulesetVersion
from speechsvc.domain.ruleset_diff import Change, tally
from speechsvc.services import edit_draft, exchange_rules, merge_default, publish_rules, read_rules
from speechsvc.services.check_rules import check_draft
from speechsvc.services.compare_rules import compare_rules
from speechsvc.services.evaluate_rules import evaluate_rules

_READ, _WRITE = needs(Permission.RULES_READ), needs(Permission.RULES_WRITE)
_NO_VERSION = (404, "No such version")
_CHANGED = (412, "Somebody changed the draft meanwhile: `draft_changed`")
_UNSEEN = (428, "If-Match is missing")
_MEDIA = {
    FileFormat.YAML: "application/yaml",
    FileFormat.JSON: "application/json",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.CSV: "application/zip",
}
_FILE = {
    "requestBody": {
        "required": True,
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in _MEDIA.values()},
    }
}
Reference = Annotated[str, Query(max_length=20, description="a number (0: the service's default), published or draft")]


def make_router(kind: RulesetKind) -> APIRouter:
    """All routes of one kind, under /v1/lexicon or /v1/rubric."""
    router = api_router(kind.value)
    for add in (_add_reading, _add_draft, _add_publishing, _add_comparing, _add_merging, _add_files):
        add(router, kind, f"/{kind.value}")
    return router


def _add_reading(router: APIRouter, kind: RulesetKind, path: str) -> None:
    @router.get(path, summary=f"The {kind} in force", openapi_extra=_READ, response_model=s.VersionWithContent)
    def get_current(caller: From) -> s.VersionWithContent:
        """Number 0 is the service's default: your company has published nothing of its own yet."""
        return _whole(*read_rules.read_current(caller.core, caller.principal, kind))

    @router.get(f"{path}/versions", summary="Versions", openapi_extra=_READ, response_model=s.VersionPage)
    def get_versions(caller: From, cursor: Cursor = None, limit: Limit = 50) -> s.VersionPage:
        """Newest first, without their content."""
        page = read_rules.list_versions(caller.core, caller.principal, kind, cursor=cursor, limit=limit)
        return s.VersionPage(versions=[_info(v) for v in page.items], cursor=page.cursor)

    @router.get(
        f"{path}/versions/{{number}}",
        summary="One version",
        openapi_extra=_READ,
        response_model=s.VersionWithContent,
        responses=refusals(_NO_VERSION),
    )
    def get_version(caller: From, number: str) -> s.VersionWithContent:
        """Exactly as it was published; 0 is the service's default."""
        return _whole(*read_rules.read_version(caller.core, caller.principal, kind, number))


def _add_draft(router: APIRouter, kind: RulesetKind, path: str) -> None:
    @router.get(f"{path}/draft", summary="The draft", openapi_extra=_READ, response_model=s.DraftOut)
    def get_draft(caller: From, response: Response) -> s.DraftOut:
        """One for all editors. Where nobody began one, it holds what is in force, and a PUT begins it."""
        return _draft(edit_draft.read_draft(caller.core, caller.principal, kind), response)

    @router.put(
        f"{path}/draft",
        summary="Replace the draft",
        openapi_extra=_WRITE,
        response_model=s.DraftOut,
        responses=refusals(_CHANGED, _UNSEEN),
    )
    def put_draft(caller: From, response: Response, body: s.DraftIn, if_match: IfMatch = None) -> s.DraftOut:
        """Needs If-Match with the ETag that was read, so that nobody's work is overwritten unseen.

        Content with mistakes of form is refused, with every mistake in `errors`; whether the examples still match is
        found by the check.
        """
        seen = required_revision(if_match)
        return _draft(edit_draft.replace_draft(caller.core, caller.principal, kind, body.content, seen), response)

    @router.delete(
        f"{path}/draft",
        status_code=204,
        summary="Drop the draft",
        openapi_extra=_WRITE,
        responses=refusals(_CHANGED),
    )
    def delete_draft(caller: From, if_match: IfMatch = None) -> Response:
        """The next one begins from what is in force. No error where there is none."""
        edit_draft.drop_draft(caller.core, caller.principal, kind, seen_revision(if_match))
        return Response(status_code=204)

    @router.post(f"{path}/draft/check", summary="Check the draft", openapi_extra=_WRITE, response_model=s.CheckOut)
    def post_check(caller: From) -> s.CheckOut:
        """Form, sense, and for a lexicon every example through the real matcher. Takes a second or two."""
        report = check_draft(caller.core, caller.principal, kind)
        ok = not report.problems and not report.conflicts
        return s.CheckOut.model_validate(asdict(report) | {"ok": ok})


def _add_publishing(router: APIRouter, kind: RulesetKind, path: str) -> None:
    @router.post(
        f"{path}/draft/publish",
        status_code=201,
        summary="Publish the draft",
        openapi_extra=_WRITE,
        response_model=s.VersionOut,
        responses=refusals(
            (409, "`nothing_to_publish`, `conflicts_open`, or `draft_outdated`: another version was published"),
            _CHANGED,
            (422, "`check_failed`: `errors` names every problem; nothing was published"),
        ),
    )
    def post_publish(
        caller: From, response: Response, body: s.PublishDraftIn, if_match: IfMatch = None
    ) -> s.VersionOut:
        """Checks it and makes the next version; every process uses it from its next call on, within seconds.

        Calls that were analysed before keep their results until they are tagged again.
        """
        version = publish_rules.publish_draft(
            caller.core,
            caller.principal,
            kind,
            author=body.author or "",
            note=body.note,
            seen=seen_revision(if_match),
            replaces=body.replaces,
        )
        response.headers["Location"] = caller.link(f"/v1{path}/versions/{version.number}")
        return _info(version)

    @router.post(
        f"{path}/versions/{{number}}/restore",
        status_code=201,
        summary="Restore a version",
        openapi_extra=_WRITE,
        response_model=s.VersionOut,
        responses=refusals(_NO_VERSION, (409, "Somebody published at the same moment")),
    )
    def post_restore(caller: From, response: Response, number: str, body: s.PublishIn) -> s.VersionOut:
        """A new version with the old content; numbers never come again. The draft stays as it is."""
        version = publish_rules.restore_version(
            caller.core, caller.principal, kind, number, author=body.author or "", note=body.note
        )
        response.headers["Location"] = caller.link(f"/v1{path}/versions/{version.number}")
        return _info(version)


def _add_comparing(router: APIRouter, kind: RulesetKind, path: str) -> None:
    evaluation = s.LexiconEvaluation if kind is RulesetKind.LEXICON else s.RubricEvaluation

    @router.get(
        f"{path}/versions/{{a}}/diff/{{b}}",
        summary="What differs",
        openapi_extra=_READ,
        response_model=s.DiffOut,
        responses=refusals(_NO_VERSION),
    )
    def get_diff(caller: From, a: str, b: str) -> s.DiffOut:
        """From `a` to `b`: numbers (0: the service's default), `published` or `draft`."""
        changes = compare_rules(caller.core, caller.principal, kind, a, b)
        return s.DiffOut(counts=tally(changes), changes=_changes(changes))

    @router.post(
        f"{path}/evaluate",
        summary="Measure on labelled calls",
        openapi_extra=_WRITE,
        response_model=evaluation,
        responses=refusals(_NO_VERSION),
    )
    def post_evaluate(caller: From, body: s.EvaluateIn) -> object:
        """Draft against published, unless asked otherwise. The calls are not stored."""
        found = evaluate_rules(
            caller.core,
            caller.principal,
            kind,
            body.calls,
            marks=body.marks,
            candidate=body.candidate,
            against=body.against,
        )
        return evaluation.model_validate(found)


def _add_merging(router: APIRouter, kind: RulesetKind, path: str) -> None:
    @router.post(
        f"{path}/draft/merge-default",
        summary="Merge a newer default",
        openapi_extra=_WRITE,
        response_model=s.MergeOut,
        responses=refusals((409, "`nothing_to_merge`, or `base_unknown`"), _CHANGED),
    )
    def post_merge(caller: From, response: Response, if_match: IfMatch = None) -> s.MergeOut:
        """Brings what the service's default changed, since the draft's content came from it, into the draft.

        Three-way: what only one side changed holds; what both changed differently stays as in the draft and is listed
        in `conflicts`, which stop publishing until somebody decides them.
        """
        merge = merge_default.merge_default(caller.core, caller.principal, kind, seen_revision(if_match))
        draft = _draft(merge.draft, response)
        return s.MergeOut(draft=draft, counts=tally(merge.changes), changes=_changes(merge.changes))

    @router.post(
        f"{path}/draft/resolve",
        summary="Decide conflicts",
        openapi_extra=_WRITE,
        response_model=s.DraftOut,
        responses=refusals(_CHANGED),
    )
    def post_resolve(caller: From, response: Response, body: s.ResolveIn, if_match: IfMatch = None) -> s.DraftOut:
        """Of a merge, all or some of them."""
        seen = seen_revision(if_match)
        draft = merge_default.resolve_conflicts(caller.core, caller.principal, kind, body.choices, seen)
        return _draft(draft, response)


def _add_files(router: APIRouter, kind: RulesetKind, path: str) -> None:
    @router.get(
        f"{path}/export",
        summary="As a file",
        openapi_extra=_READ,
        response_class=Response,
        responses={200: {"content": {media: {} for media in _MEDIA.values()}}, **refusals(_NO_VERSION)},
    )
    def get_export(caller: From, format: FileFormat = FileFormat.YAML, version: Reference = "published") -> Response:
        """YAML or JSON; a lexicon also as an Excel workbook, or as CSV in a zip archive."""
        data = exchange_rules.export_rules(caller.core, caller.principal, kind, version, format)
        suffix = "csv.zip" if format is FileFormat.CSV else format.value
        named = {"Content-Disposition": f'attachment; filename="{kind}.{suffix}"'}
        return Response(data, media_type=_MEDIA[format], headers=named)

    @router.post(
        f"{path}/draft/import",
        summary="A file becomes the draft",
        openapi_extra=_WRITE | _FILE,
        response_model=s.DraftOut,
        responses=refusals(_CHANGED, _UNSEEN, (413, "The file is too large")),
    )
    async def post_import(
        caller: From, request: Request, response: Response, format: FileFormat, if_match: IfMatch = None
    ) -> s.DraftOut:
        """The file is the body. Needs If-Match like a PUT; mistakes are named by sheet and row."""
        seen, data = required_revision(if_match), await request.body()
        draft = await run_in_threadpool(
            exchange_rules.import_rules, caller.core, caller.principal, kind, data, format, seen
        )
        return _draft(draft, response)


def _info(version: RulesetVersion) -> s.VersionOut:
    return s.VersionOut.model_validate(asdict(version))


def _whole(version: RulesetVersion, content: Content) -> s.VersionWithContent:
    return s.VersionWithContent(**_info(version).model_dump(), content=content)


def _draft(draft: Draft, response: Response) -> s.DraftOut:
    response.headers.update(etag(draft.revision))
    return s.DraftOut.model_validate(asdict(draft))


def _changes(changes: tuple[Change, ...]) -> list[s.ChangeOut]:
    return [s.ChangeOut.model_validate(asdict(change) | {"path": list(change.path)}) for change in changes]


lexicon_router, rubric_router = make_router(RulesetKind.LEXICON), make_router(RulesetKind.RUBRIC)
