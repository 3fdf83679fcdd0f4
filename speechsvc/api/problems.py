"""Errors as application/problem+json (RFC 9457), in Chinese or English."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from speechsvc.api.errors import BadRequest, MethodNotAllowed, RouteNotFound
from speechsvc.api.field_errors import FieldErrors, field_problems
from speechsvc.api.language import language_of
from speechsvc.errors import InvalidInput, SpeechsvcError

_TITLES = {
    400: ("Bad request", "请求有误"),
    401: ("Not authenticated", "未认证"),
    403: ("Not allowed", "无权限"),
    404: ("Not found", "不存在"),
    405: ("Method not allowed", "方法不被接受"),
    408: ("Timed out", "超时"),
    409: ("Conflict", "冲突"),
    410: ("Gone", "已失效"),
    412: ("Precondition failed", "前提不符"),
    413: ("Too large", "内容过大"),
    415: ("Unsupported content type", "内容类型不支持"),
    416: ("Range not satisfiable", "范围无效"),
    422: ("Invalid input", "输入无效"),
    428: ("Precondition required", "缺少前提条件"),
    503: ("Not available", "服务不可用"),
    507: ("Storage full", "存储已满"),
}


_MOST_LISTED = 200
_RETRY_AFTER = {503: "5", 507: "60"}  # seconds


class ProblemResponse(JSONResponse):
    """The only shape an error has."""

    media_type = "application/problem+json"


def problem(
    error: SpeechsvcError,
    request: Request,
    *,
    fields: Sequence[dict[str, str]] = (),
    headers: dict[str, str] | None = None,
) -> ProblemResponse:
    """The document for one error; `fields` lists {field, problem} where several are wrong."""
    language = language_of(request)
    english, chinese = _TITLES.get(error.status, ("Internal error", "内部错误"))
    content: dict[str, Any] = {
        "type": f"urn:speechsvc:error:{error.code}",
        "title": chinese if language == "zh" else english,
        "status": error.status,
        "code": error.code,
        "detail": error.message(language),
        "next_step": error.next_step(language),
        "request_id": getattr(request.state, "request_id", None),
    }
    if fields:
        content["errors"] = list(fields)
    sent = {"Content-Language": language} | (headers or {})
    if error.status == 401:
        sent["WWW-Authenticate"] = 'Bearer realm="speechsvc"'
    return ProblemResponse(content, status_code=error.status, headers=sent)


def install(app: FastAPI) -> None:
    """Every error of this application takes this road. Unexpected ones are caught by the outermost middleware."""
    app.add_exception_handler(SpeechsvcError, _known)
    app.add_exception_handler(FieldErrors, _invalid)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, SpeechsvcError)
    request.state.error_code = error.code
    pause = _RETRY_AFTER.get(error.status)
    headers = {"Retry-After": pause} if pause else None
    if error.status == 416:
        headers = {"Content-Range": f"bytes */{error.details['size']}"}
    fields = [_field(error, language_of(request))] if isinstance(error, InvalidInput) else _listed(error)
    return problem(error, request, fields=fields, headers=headers)


def _listed(error: SpeechsvcError) -> list[dict[str, str]]:
    """Of an error about a whole document, each of its problems."""
    return [{"field": "content", "problem": str(p)} for p in error.details.get("problems", ())[:_MOST_LISTED]]


def _field(error: InvalidInput, language: str) -> dict[str, str]:
    english = str(error.details.get("problem", "invalid"))
    shown = error.details.get("problem_zh", english) if language == "zh" else english
    return {"field": str(error.details.get("field", "body")), "problem": str(shown)}


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError | FieldErrors)
    found = field_problems(error.errors(), language_of(request))
    request.state.error_code = InvalidInput.code
    return problem(InvalidInput(**found[0]), request, fields=found)


async def _http(request: Request, error: Exception) -> Response:
    """What routing and FastAPI itself refuse."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, SpeechsvcError):  # ours, wrapped by FastAPI while it read the body
        return await _known(request, error.__cause__)
    known: SpeechsvcError
    if error.status_code == 404:
        known = RouteNotFound()
    elif error.status_code == 405:
        known = MethodNotAllowed(method=request.method)
    else:
        known = BadRequest(problem=str(error.detail), problem_zh=str(error.detail))
    request.state.error_code = known.code
    return problem(known, request, headers=dict(error.headers or {}))
