"""Posts one signed webhook and reports what happened; whatever the receiver does, it comes back as an `Attempt`."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpcore
import httpx

from speechsvc import __version__
from speechsvc.crm.guard import AddressRefused, Guard, HostUnknown, InvalidUrl, Resolver
from speechsvc.crm.signing import signed_headers
from speechsvc.crm.transport import Deadline, GuardedBackend, TlsFailed
from speechsvc.domain.retry import retry_after_s
from speechsvc.domain.webhook import Attempt
from speechsvc.ports import Clock

MAX_REPLY_BYTES = 64 * 1024
MAX_SNIPPET_CHARS = 500
MAX_ERROR_CHARS = 300  # an HTTP parser quotes what it did not understand, however long
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # PostgreSQL refuses NUL in text


class HttpxSender:
    """Implements `ports.Sender`. Safe to share between threads: every call has its own connection.

    `allow_cidrs`: private networks that may be called. `timeout_s`: seconds for the whole exchange.
    `resolver` and `tls` replace name look-up and trusted certificates.
    """

    def __init__(
        self,
        *,
        allow_cidrs: Sequence[str],
        allow_http: bool,
        timeout_s: float,
        clock: Clock,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = Guard(allow_cidrs, allow_http=allow_http, resolver=resolver)
        self._timeout_s = timeout_s
        self._clock = clock
        self._tls = tls or _trusted()

    def validate(self, url: str) -> None:
        """Raises InvalidInput when the URL may not be called."""
        self._guard.validate(url)

    def send(self, url: str, *, event_id: str, body: bytes, secret: str) -> Attempt:
        """One try. `secret` may hold several secrets parted by spaces (rotation). `Attempt.error` begins with a
        stable word: refused, url, dns, connect, tls, timeout, broken, redirect. An answer whose status arrived
        counts, even if its body breaks off afterwards."""
        at, started = self._clock.now(), time.monotonic()
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": f"speechsvc/{__version__}",
            "accept-encoding": "identity",
            "connection": "close",
            **signed_headers(event_id=event_id, at=at, body=body, secret=secret),
        }
        reply = self._exchange(url, headers, body)
        return Attempt(
            at=at,
            status=reply.status,
            error=reply.error and _storable(reply.error, MAX_ERROR_CHARS),
            response=reply.text(),
            seconds=round(time.monotonic() - started, 3),
            retry_after=retry_after_s(reply.status, reply.retry_after, self._clock.now()),
        )

    def _exchange(self, url: str, headers: dict[str, str], body: bytes) -> _Reply:
        reply = _Reply()
        try:
            self._post(self._guard.check_url(url), headers, body, reply)
        except InvalidUrl as error:
            reply.error = f"url: {error.details['problem']}"
        except AddressRefused:
            reply.error = "refused: the host has no address that may be called"
        except HostUnknown:
            reply.error = "dns: the host name has no address"
        except TlsFailed as error:
            reply.error = f"tls: {error}"
        except httpcore.TimeoutException:
            reply.error = f"timeout: no complete answer within {self._timeout_s:g} s"
        except (httpcore.ConnectError, OSError) as error:
            reply.error = f"connect: {error}"
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            reply.error = f"broken: {error}"
        reply.judge()
        return reply

    def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes, reply: _Reply) -> None:
        backend = GuardedBackend(self._guard, Deadline(self._timeout_s))
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        # httpcore itself follows no redirect, knows no proxy, keeps no cookie and reads no environment.
        with (
            httpcore.ConnectionPool(
                ssl_context=self._tls, network_backend=backend, max_keepalive_connections=0
            ) as pool,
            pool.stream("POST", target, headers=list(headers.items()), content=body) as response,
        ):
            reply.status = response.status
            reply.retry_after = _header(response, b"retry-after")
            for part in response.iter_stream():
                reply.body += part[: MAX_REPLY_BYTES - len(reply.body)]
                if len(reply.body) >= MAX_REPLY_BYTES:
                    break


@dataclass(kw_only=True, slots=True)
class _Reply:
    """What came back so far; filled while reading, so that a break keeps what had arrived."""

    status: int | None = None
    retry_after: str | None = None
    body: bytes = b""
    error: str | None = None

    def judge(self) -> None:
        if self.status is None:
            return
        if 300 <= self.status < 400:
            self.error = "redirect: redirects are not followed; register the final URL"
        else:
            self.error = None

    def text(self) -> str | None:
        if self.status is None:
            return None
        return _storable(self.body.decode("utf-8", "replace"), MAX_SNIPPET_CHARS)


def _storable(text: str, length: int) -> str:
    return _CONTROL.sub("\ufffd", text)[:length]


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


def _trusted() -> ssl.SSLContext:
    """Public authorities that travel with httpx, plus those of the machine: an on-premises CRM often has its own."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
