"""Connections for webhooks: to checked addresses only, and with one time limit over everything.

A time limit per read, as HTTP libraries have it, lets a receiver that sends one byte every few seconds hold a worker
for ever; here each operation gets what is left of the whole.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from speechsvc.crm.guard import Guard


class Deadline:
    """One limit for name look-up, connect, TLS, request and answer."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. Raises httpcore.TimeoutException when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("time is up")
        return left


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves, judges and connects in one step; the connection goes to the very address that was judged.

    Host header and TLS server name stay those of the URL: they are set above this layer.
    """

    def __init__(self, guard: Guard, deadline: Deadline) -> None:
        self._guard = guard
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises AddressRefused, HostUnknown, httpcore.ConnectError or httpcore.TimeoutException."""
        addresses = self._guard.addresses(host, port, self._deadline.left())
        error: OSError | None = None
        for tried, address in enumerate(addresses):
            share = self._deadline.left() / (len(addresses) - tried)  # one dead address must not use up all time
            try:
                connection = socket.create_connection((address, port), timeout=share)
            except OSError as failed:
                error = failed
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Stream(connection, self._deadline)
        if isinstance(error, TimeoutError):
            raise httpcore.ConnectTimeout(str(error))
        raise httpcore.ConnectError(str(error))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("a webhook never goes to a local socket")


class _Stream(httpcore.NetworkStream):
    """A socket under the deadline. `timeout` arguments are ignored: the deadline is stricter."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket = connection
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(self._deadline.left())
        try:
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        self._socket.settimeout(self._deadline.left())
        try:
            self._socket.sendall(buffer)  # its time limit covers the whole buffer, not each part
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self._socket.settimeout(self._deadline.left())
        try:
            secure = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, ValueError) as error:
            self.close()
            raise TlsFailed(str(error)) from error
        return _Stream(secure, self._deadline)

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        return self._socket if info == "socket" else None


class TlsFailed(Exception):
    """The receiver's certificate is not trusted, or it does not speak TLS."""
