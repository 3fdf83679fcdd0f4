"""Signing in with an API key, or with a ticket that `speechsvc demo` prints; signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from speechsvc.dashboard.desk import Desk
from speechsvc.dashboard.language import language_of
from speechsvc.dashboard.pages import HEADERS, render
from speechsvc.dashboard.session import local_target, require_same_origin
from speechsvc.errors import Unauthenticated


def add(pages: APIRouter, desk: Desk) -> None:
    @pages.get("/login")
    def form(request: Request, ticket: str = "", next: str = "") -> Response:
        if not ticket:
            return _form(request, local_target(next))
        answer = _go("/")
        try:
            desk.sessions.sign_in_with_ticket(request, answer, ticket)
        except Unauthenticated:
            problem = ("登录链接已失效，请用密钥登录。", "This sign-in link has expired; use your key.")
            return _form(request, "/", problem)
        return answer

    @pages.post("/login")
    def sign_in(
        request: Request, key: Annotated[str, Form(max_length=500)] = "", next: Annotated[str, Form()] = ""
    ) -> Response:
        require_same_origin(request, desk.application.settings.public_url)
        answer = _go(local_target(next))
        try:
            desk.sessions.sign_in(request, answer, key.strip())
        except Unauthenticated:
            problem = ("密钥无效或已被吊销。", "This key is not valid, or it has been revoked.")
            return _form(request, local_target(next), problem)
        return answer

    @pages.post("/logout")
    def sign_out(request: Request) -> Response:
        require_same_origin(request, desk.application.settings.public_url)
        answer = _go("/login")
        desk.sessions.sign_out(answer)
        return answer


def _form(request: Request, target: str, problem: tuple[str, str] | None = None) -> Response:
    words = problem[1 if language_of(request) == "en" else 0] if problem else None
    return render(request, "login.html", status=401 if problem else 200, target=target, problem=words)


def _go(target: str) -> RedirectResponse:
    return RedirectResponse(target, status_code=303, headers=HEADERS)
