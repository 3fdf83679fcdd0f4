"""Requests with a key; safe ones are tried again with growing pauses. Proxies are not used for loopback."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from speechsvc.client.errors import Refused, Unreachable

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PASSING = (408, 429, 502, 503, 504, 507)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """`tries` in all; the pause before the n-th repetition is `first_s` times 2^n, at most `longest_s`."""

    tries: int = 6
    first_s: float = 0.5
    longest_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def pause(self, tried: int, response: httpx.Response | None) -> None:
        wait = min(self.longest_s, self.first_s * 2.0 ** (tried - 1)) * (0.5 + random.random() / 2)  # noqa: S311
        asked = response.headers.get("retry-after", "") if response is not None else ""
        self.sleep(max(wait, min(float(asked), self.longest_s)) if asked.isdigit() else wait)


NO_RETRY = Retry(tries=1)


class Transport:
    """One key, one service."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        language: str = "en",
        timeout_s: float = 60.0,
        retry: Retry = NO_RETRY,
        http: httpx.BaseTransport | None = None,
    ) -> None:
        """`http` replaces the network, for tests."""
        self.url, self.retry = url.rstrip("/"), retry
        trust = urlsplit(url).hostname not in _LOOPBACK
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
        timeout = httpx.Timeout(timeout_s, connect=10)
        self._http = httpx.Client(base_url=self.url, headers=headers, trust_env=trust, timeout=timeout, transport=http)

    def close(self) -> None:
        self._http.close()

    def json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        body: dict[str, Any] = self.request(method, path, **arguments).json()
        return body

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """For what is safe to send again: everything in this service is. Raises Refused, Unreachable."""
        return self.repeat(lambda: arguments, method, path)

    def repeat(
        self, make: Callable[[], dict[str, Any]], method: str, path: str, tries: int | None = None
    ) -> httpx.Response:
        """`make` gives the arguments of each try anew: a file that was read must be opened again."""
        tried = 0
        while True:
            tried += 1
            response, failure = self.once(make(), method, path)
            if response is not None and response.status_code not in _PASSING:
                break
            if tried >= (tries or self.retry.tries):
                break
            self.retry.pause(tried, response)
        if response is None:
            raise Unreachable(self.url, failure or "no answer")
        if response.is_error:
            raise refused(response)
        return response

    def once(self, arguments: dict[str, Any], method: str, path: str) -> tuple[httpx.Response | None, str | None]:
        try:
            return self._http.request(method, path, **arguments), None
        except httpx.TransportError as error:
            return None, type(error).__name__

    def answers(self, path: str) -> bool:
        response, _ = self.once({"timeout": 5}, "GET", path)
        return response is not None and response.status_code == httpx.codes.OK


def refused(response: httpx.Response) -> Refused:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    return Refused(
        response.status_code,
        problem.get("code") or f"http_{response.status_code}",
        problem.get("detail") or f"HTTP {response.status_code}",
        problem.get("next_step") or "",
        problem.get("errors") or (),
    )
