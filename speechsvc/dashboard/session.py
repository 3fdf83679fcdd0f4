"""Who is signed in: a signed cookie that names the key by its hash. The key is looked up again at each request."""

from __future__ import annotations

import secrets
from threading import Lock
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from speechsvc.dashboard.application import Application
from speechsvc.dashboard.errors import LoginNeeded, OtherOrigin
from speechsvc.domain.access import Principal
from speechsvc.errors import Unauthenticated
from speechsvc.services.manage_keys import authenticate, digest

COOKIE = "speechsvc_session"
SESSION_S = 12 * 3600  # a working day; then sign in again
TICKET_S = 300
_MOST_USED_TICKETS = 10_000


class Sessions:
    """Makes and reads session cookies and sign-in tickets."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._used: dict[str, None] = {}  # nonces of tickets this process has taken, oldest first
        self._lock = Lock()
        self._secret = ""

    def principal(self, request: Request) -> Principal:
        """Raises LoginNeeded: no cookie, a forged or old one, or a key that has been revoked since."""
        key_hash = self._read("session", request.cookies.get(COOKIE, ""), SESSION_S).get("k", "")
        found = self._application.core.system.authenticate(key_hash) if key_hash else None
        if found is None:
            raise LoginNeeded
        return found

    def sign_in(self, request: Request, response: Response, key: str) -> None:
        """Sets the cookie. Raises Unauthenticated for a key that is not valid."""
        authenticate(self._application.core.system, key)
        self._set(request, response, digest(key))

    def sign_in_with_ticket(self, request: Request, response: Response, ticket: str) -> None:
        """Sets the cookie. Raises Unauthenticated for a ticket that is forged, too old or used."""
        data = self._read("ticket", ticket, TICKET_S)
        key_hash, nonce = data.get("k", ""), data.get("n", "")
        if not key_hash or not self._first_use(nonce) or self._application.core.system.authenticate(key_hash) is None:
            raise Unauthenticated
        self._set(request, response, key_hash)

    def ticket(self, key: str) -> str:
        """A token that signs in once, within five minutes. Raises Unauthenticated for a key that is not valid."""
        authenticate(self._application.core.system, key)
        return self._signer("ticket").dumps({"k": digest(key), "n": secrets.token_urlsafe(8)})

    def sign_out(self, response: Response) -> None:
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")

    def _set(self, request: Request, response: Response, key_hash: str) -> None:
        response.set_cookie(
            COOKIE,
            self._signer("session").dumps({"k": key_hash}),
            max_age=SESSION_S,
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https" or (self._application.settings.public_url or "").startswith("https:"),
        )

    def _read(self, purpose: str, token: str, seconds: int) -> dict[str, str]:
        """What the token says; empty if it is not ours or too old."""
        try:
            data = self._signer(purpose).loads(token, max_age=seconds)
        except BadSignature:  # its child SignatureExpired too
            return {}
        return data if isinstance(data, dict) else {}

    def _signer(self, purpose: str) -> URLSafeTimedSerializer:
        if not self._secret:  # made once for all processes, so one look is enough
            self._secret = self._application.core.system.secret("session", _new_secret)
        return URLSafeTimedSerializer(self._secret, salt=f"speechsvc.{purpose}")

    def _first_use(self, nonce: str) -> bool:
        with self._lock:
            if not nonce or nonce in self._used:
                return False
            self._used[nonce] = None
            if len(self._used) > _MOST_USED_TICKETS:
                self._used.pop(next(iter(self._used)))
            return True


def _new_secret() -> str:
    return secrets.token_urlsafe(48)


def require_same_origin(request: Request, public_url: str | None) -> None:
    """Raises OtherOrigin for a form that another site sent. SameSite=Strict already keeps the cookie away from it."""
    origin = request.headers.get("origin")
    if origin is None:
        allowed = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    else:
        ours = {request.headers.get("host", ""), urlsplit(public_url or "").netloc}
        allowed = origin != "null" and urlsplit(origin).netloc in ours - {""}
    if not allowed:
        raise OtherOrigin


def local_target(target: str | None) -> str:
    """Where to go after signing in: a path of this site, else the first page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\n" in target or "\r" in target:
        return "/"
    return target[:2000]
