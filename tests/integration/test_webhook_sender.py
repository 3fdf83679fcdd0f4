"""The sender against a real receiver on this machine that answers well, badly, slowly, endlessly, or not at all."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

import speechsvc
from speechsvc.crm.sender import MAX_REPLY_BYTES, MAX_SNIPPET_CHARS, HttpxSender
from speechsvc.domain.retry import Outcome, outcome
from speechsvc.domain.secret import new_webhook_secret
from speechsvc.domain.webhook import Attempt

BODY = b'{"type":"call.analysed","timestamp":"2026-11-23T10:00:00Z","data":{"call_id":"call_1"}}'
SECRET = new_webhook_secret()


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A raw socket server: an HTTP library would refuse to misbehave as receivers do."""

    answer: Callable[[socket.socket], None]
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    server_names: list[str | None] = field(default_factory=list)

    def __enter__(self) -> Receiver:
        self._socket = socket.create_server((self.host, 0))
        self.port = self._socket.getsockname()[1]
        if self.tls is not None:
            self.tls.sni_callback = lambda sock, name, context: self.server_names.append(name)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.received.append(_read_request(connection))
                self.answer(connection)
        except OSError:
            return  # the sender went away, as it should for some answers


def _read_request(connection: socket.socket) -> Received:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise OSError("no request")
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return Received(path=lines[0].split(" ")[1], headers=headers, body=body)


def replies(raw: str | bytes) -> Callable[[socket.socket], None]:
    data = raw.encode() if isinstance(raw, str) else raw
    return lambda connection: connection.sendall(data)


def status(line: str, *headers: str, body: str = "") -> Callable[[socket.socket], None]:
    head = [f"HTTP/1.1 {line}", f"Content-Length: {len(body.encode())}", *headers]
    return replies("\r\n".join(head) + "\r\n\r\n" + body)


def sender(
    *,
    timeout_s: float = 5.0,
    allow: Sequence[str] = ("127.0.0.0/8",),
    resolver: Callable[[str, int], Sequence[str]] | None = None,
    tls: ssl.SSLContext | None = None,
) -> HttpxSender:
    return HttpxSender(
        allow_cidrs=allow, allow_http=True, timeout_s=timeout_s, clock=SystemClock(), resolver=resolver, tls=tls
    )


def send(url: str, by: HttpxSender | None = None, secret: str = SECRET) -> Attempt:
    return (by or sender()).send(url, event_id="evt_1", body=BODY, secret=secret)


def test_delivered_and_signed() -> None:
    with Receiver(status("200 OK", body="谢谢")) as receiver:
        attempt = send(receiver.url("/hook?tenant=1"))
    assert (attempt.status, attempt.error, attempt.response, attempt.retry_after) == (200, None, "谢谢", None)
    assert outcome(attempt.status) is Outcome.DELIVERED
    assert 0 <= attempt.seconds < 5
    assert attempt.at.tzinfo is not None
    (request,) = receiver.received
    assert request.path == "/hook?tenant=1"
    assert request.body == BODY
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["user-agent"] == f"speechsvc/{speechsvc.__version__}"
    assert request.headers["content-type"].startswith("application/json")
    assert request.headers["webhook-id"] == "evt_1"
    assert Webhook(SECRET).verify(request.body, request.headers)["data"] == {"call_id": "call_1"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", request.headers)


def test_rotated_secret_reaches_the_receiver_with_both_signatures() -> None:
    other = new_webhook_secret()
    with Receiver(status("204 No Content")) as receiver:
        assert send(receiver.url(), secret=f"{other} {SECRET}").status == 204
    for secret in (SECRET, other):
        Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)


def test_each_try_has_the_same_id_and_a_fresh_timestamp() -> None:
    with Receiver(status("500 Internal Server Error", body="boom")) as receiver:
        first = send(receiver.url())
        time.sleep(1.1)
        send(receiver.url())
    assert (first.status, first.error, first.response) == (500, None, "boom")
    assert outcome(first.status) is Outcome.RETRY
    ids = {request.headers["webhook-id"] for request in receiver.received}
    stamps = {request.headers["webhook-timestamp"] for request in receiver.received}
    assert (len(ids), len(stamps)) == (1, 2)


@pytest.mark.parametrize("code", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
def test_redirect_is_not_followed(code: str) -> None:
    with Receiver(status("200 OK")) as target, Receiver(status(code, f"Location: {target.url()}")) as receiver:
        attempt = send(receiver.url())
    assert attempt.status == int(code[:3])
    assert attempt.error is not None
    assert attempt.error.startswith("redirect")
    assert outcome(attempt.status) is Outcome.RETRY
    assert target.connections == 0


def test_gone() -> None:
    with Receiver(status("410 Gone")) as receiver:
        assert outcome(send(receiver.url()).status) is Outcome.GONE


@pytest.mark.parametrize("line", ["429 Too Many Requests", "503 Service Unavailable"])
def test_retry_after_is_reported(line: str) -> None:
    with Receiver(status(line, "Retry-After: 120")) as receiver:
        attempt = send(receiver.url())
    assert (attempt.status, attempt.retry_after) == (int(line[:3]), 120.0)


def test_receiver_that_hangs() -> None:
    with Receiver(lambda connection: time.sleep(20)) as receiver:
        attempt = send(receiver.url(), sender(timeout_s=0.5))
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("timeout")
    assert 0.4 < attempt.seconds < 2


def test_receiver_that_never_accepts_the_tls_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        attempt = send(f"https://127.0.0.1:{silent.getsockname()[1]}/", sender(timeout_s=0.5))
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("timeout")
    assert attempt.seconds < 2


def _drip(data: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    return answer


def test_receiver_that_drips_its_headers() -> None:
    with Receiver(_drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)) as receiver:
        attempt = send(receiver.url(), sender(timeout_s=0.8))
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("timeout")
    assert attempt.seconds < 2


def test_receiver_that_accepts_and_then_drips_its_body() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        _drip(b"b" * 1000)(connection)

    with Receiver(answer) as receiver:
        attempt = send(receiver.url(), sender(timeout_s=0.8))
    assert (attempt.status, attempt.error) == (200, None)
    assert attempt.response
    assert set(attempt.response) == {"b"}
    assert attempt.seconds < 2


def test_receiver_that_sends_early_hints_for_ever() -> None:
    def answer(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
            time.sleep(0.01)

    with Receiver(answer) as receiver:
        attempt = send(receiver.url(), sender(timeout_s=0.5))
    assert attempt.status is None
    assert attempt.seconds < 2


@pytest.mark.parametrize("head", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
def test_receiver_that_sends_a_gigabyte(head: str) -> None:
    part = b"g" * 65536
    if head.startswith("Transfer"):
        part = b"10000\r\n" + part + b"\r\n"
    done = threading.Event()
    total = 0

    def answer(connection: socket.socket) -> None:
        nonlocal total
        try:
            connection.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
            while total < 1_000_000_000:
                connection.sendall(part)
                total += len(part)
        finally:
            done.set()

    with Receiver(answer) as receiver:
        attempt = send(receiver.url())
        assert done.wait(5)
    assert attempt.status == 200
    assert attempt.response == "g" * MAX_SNIPPET_CHARS
    assert attempt.seconds < 2
    assert total < 20_000_000  # what fits into the kernel's buffers, not what the receiver wanted to send
    assert MAX_REPLY_BYTES == 65536


def test_receiver_that_sends_endless_headers() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: " + b"h" * 65000 + b"\r\n")

    with Receiver(answer) as receiver:
        attempt = send(receiver.url())
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("broken")
    assert attempt.seconds < 2


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize(
    "answer",
    [_reset, replies(b""), replies("SSH-2.0-OpenSSH\r\n"), replies(b"\x00" * 100), replies("n" * 60_000 + "\r\n\r\n")],
)
def test_receiver_that_breaks_off_or_speaks_no_http(answer: Callable[[socket.socket], None]) -> None:
    with Receiver(answer) as receiver:
        attempt = send(receiver.url())
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("broken")
    assert len(attempt.error) <= 300
    assert attempt.response is None
    assert outcome(attempt.status) is Outcome.RETRY


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    attempt = send(f"http://127.0.0.1:{port}/")
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("connect")


def test_reply_is_fit_to_store() -> None:
    with Receiver(replies(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na\x00b\xff\xfe\x1b[0m")) as receiver:
        attempt = send(receiver.url())
    assert attempt.response is not None
    assert "\x00" not in attempt.response
    assert "\x1b" not in attempt.response
    attempt.response.encode()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_nothing_is_sent_to_this_machine_unless_allowed(host: str) -> None:
    with Receiver(status("200 OK")) as receiver:
        attempt = send(receiver.url(host=host), sender(allow=()))
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("refused")
    assert receiver.connections == 0


def test_name_that_changes_its_address_after_validation() -> None:
    """DNS rebinding: public when the endpoint is registered, this machine when the webhook is sent."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    by = sender(allow=(), resolver=lambda host, port: next(answers))
    with Receiver(status("200 OK")) as receiver:
        url = receiver.url(host="rebind.example.com")
        by.validate(url)
        attempt = send(url, by)
    assert attempt.error is not None
    assert attempt.error.startswith("refused")
    assert receiver.connections == 0


def test_name_is_looked_up_once_for_check_and_connection() -> None:
    """An answer that would differ the second time is never asked for a second time."""
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.255.255.1"]

    with Receiver(status("200 OK")) as receiver:
        attempt = send(receiver.url(host="crm.example.com"), sender(resolver=resolver))
    assert attempt.status == 200
    assert asked == ["crm.example.com"]
    assert receiver.received[0].headers["host"] == f"crm.example.com:{receiver.port}"


@pytest.mark.skipif(sys.platform == "darwin", reason="only 127.0.0.1 of 127.0.0.0/8 is configured on macOS")
def test_refused_address_beside_an_allowed_one_is_never_tried() -> None:
    with Receiver(status("200 OK"), host="127.0.0.2") as receiver:
        by = sender(allow=("127.0.0.1/32",), resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
        attempt = send(receiver.url(host="crm.example.com"), by)
    assert attempt.error is not None
    assert attempt.error.startswith("connect")  # nobody listens on the allowed one
    assert receiver.connections == 0


def test_next_address_is_tried_when_one_is_dead() -> None:
    with Receiver(status("200 OK")) as receiver:
        by = sender(resolver=lambda host, port: ["127.0.0.9", "127.0.0.1"])
        assert send(receiver.url(host="crm.example.com"), by).status == 200


def test_environment_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver(status("200 OK", body="proxy")) as proxy, Receiver(status("200 OK", body="receiver")) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        assert send(receiver.url()).response == "receiver"
    assert proxy.connections == 0


@pytest.mark.parametrize(
    "url", ["ftp://crm.example.com/", "http://user:pw@crm.example.com/", "http://crm.example.com:25/"]
)
def test_bad_url_in_the_store_is_an_attempt_not_a_crash(url: str) -> None:
    attempt = send(url)
    assert attempt.status is None
    assert attempt.error is not None
    assert attempt.error.startswith("url")
    assert "pw" not in attempt.error


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a self-signed certificate for crm.example.com."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crm.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("crm.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + made.public_bytes(serialization.Encoding.PEM)
    path = tmp_path / "crm.pem"
    path.write_bytes(pem)
    return path


def _server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_tls_keeps_the_name_of_the_url(certificate: Path) -> None:
    by = sender(
        resolver=lambda host, port: ["127.0.0.1"], tls=ssl.create_default_context(cadata=_public_part(certificate))
    )
    with Receiver(status("200 OK"), tls=_server_tls(certificate)) as receiver:
        assert send(receiver.url(host="crm.example.com"), by).status == 200
        assert receiver.server_names == ["crm.example.com"]
        wrong_name = send(receiver.url(host="other.example.com"), by)
    assert wrong_name.status is None
    assert wrong_name.error is not None
    assert wrong_name.error.startswith("tls")
    assert len(receiver.received) == 1


def test_untrusted_certificate_gets_nothing(certificate: Path) -> None:
    by = sender(resolver=lambda host, port: ["127.0.0.1"])
    with Receiver(status("200 OK"), tls=_server_tls(certificate)) as receiver:
        attempt = send(receiver.url(host="crm.example.com"), by)
    assert attempt.error is not None
    assert attempt.error.startswith("tls")
    assert receiver.received == []


def _public_part(certificate: Path) -> str:
    text = certificate.read_text()
    return text[text.index("-----BEGIN CERTIFICATE") :]


def test_receiver_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/crm.md's receiver, as printed there, takes what we send once and refuses another's signature."""
    page = (Path(__file__).parents[2] / "docs" / "crm.md").read_text("utf-8")
    code = page.split("```python\n", 1)[1].split("```", 1)[0]
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(code, "docs/crm.md", "exec"), names)
    monkeypatch.setattr(names["Receiver"], "log_message", lambda *_: None, raising=False)
    server = names["ThreadingHTTPServer"](("127.0.0.1", 0), names["Receiver"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    body = b'{"id":"evt_1","type":"call.erased","data":{"call_id":"call_1"}}'
    try:
        assert [sender().send(url, event_id="evt_1", body=body, secret=SECRET).status for _ in range(2)] == [204, 204]
        assert sender().send(url, event_id="evt_2", body=body, secret=new_webhook_secret()).status == 401
    finally:
        server.shutdown()
        server.server_close()
    assert list(names["seen"]) == ["evt_1"]
