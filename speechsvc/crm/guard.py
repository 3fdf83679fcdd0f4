"""Where a webhook may go: public addresses, and private ones an operator named. Checked on resolved addresses.

A tenant chooses the URL, the service makes the request from inside the network: without this guard a webhook would
read a cloud's metadata service or reach a database next door. Names are checked when they are resolved for the
connection itself, so a name that changes its address between two look-ups gains nothing.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from speechsvc.errors import InvalidInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

MAX_URL_CHARS = 2048
VALIDATE_TIMEOUT_S = 3.0
_LOWEST_FREE_PORT = 1024
_NAT64 = ip_network("64:ff9b::/96")
# Python's own tables learned some of these only in later patch releases.
_NEVER_PUBLIC: tuple[Network, ...] = (ip_network("192.0.0.0/24"), ip_network("2001::/23"), ip_network("3fff::/20"))
_GLOBAL_UNICAST_V6 = ip_network("2000::/3")


class InvalidUrl(InvalidInput):
    """{field}: {problem}"""

    zh = "{field}：{problem_zh}"


class AddressRefused(Exception):
    """Every address of the host is private, local or reserved, and no allow-list names it."""


class HostUnknown(Exception):
    """The name has no address, or the look-up took too long."""


class Guard:
    """Decides on URLs and addresses. `resolver` turns (host, port) into addresses as text; tests put theirs here."""

    def __init__(self, allow_cidrs: Sequence[str], *, allow_http: bool, resolver: Resolver | None = None) -> None:
        self._allow: tuple[Network, ...] = tuple(ip_network(cidr, strict=False) for cidr in allow_cidrs)
        self._allow_http = allow_http
        self._resolver = resolver or resolve

    def check_url(self, url: str) -> httpx.URL:
        """The parsed URL, judged by its form alone. Raises InvalidUrl."""
        if len(url) > MAX_URL_CHARS:
            raise _invalid(f"longer than {MAX_URL_CHARS} characters", f"超过 {MAX_URL_CHARS} 个字符")
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise _invalid("not a URL", "不是有效的网址") from error
        if parsed.scheme != "https" and not (self._allow_http and parsed.scheme == "http"):
            raise _invalid("must begin with https://", "必须以 https:// 开头")
        if not parsed.host:
            raise _invalid("has no host name", "缺少主机名")
        if parsed.userinfo:
            raise _invalid("must not contain a user name or password", "不能包含用户名或密码")
        port = parsed.port
        if port is not None and port not in (80, 443) and not _LOWEST_FREE_PORT <= port <= 65535:
            raise _invalid("the port must be 80, 443 or 1024 to 65535", "端口必须是 80、443 或 1024 至 65535")
        return parsed

    def validate(self, url: str) -> None:
        """`check_url`, and the addresses the host has now. A name that does not resolve yet passes: the check that
        protects is the one at connect time. Raises InvalidUrl."""
        parsed = self.check_url(url)
        try:
            self.addresses(_host(parsed), parsed.port or 443, VALIDATE_TIMEOUT_S)
        except AddressRefused as error:
            raise _invalid(
                "leads to a private or reserved address; an operator can allow it with SPEECHSVC_WEBHOOK_ALLOW_CIDRS",
                "指向内网或保留地址；管理员可用 SPEECHSVC_WEBHOOK_ALLOW_CIDRS 放行",
            ) from error
        except HostUnknown:
            return

    def addresses(self, host: str, port: int, timeout_s: float) -> list[str]:
        """Addresses of `host` that may be called, in the resolver's order.

        Every address is judged and the refused ones are dropped. Raises AddressRefused when none is left,
        HostUnknown when there was none.
        """
        found = _in_time(lambda: self._resolver(host, port), timeout_s)
        if not found:
            raise HostUnknown(host)
        allowed = [address for address in found if self.allows(address)]
        if not allowed:
            raise AddressRefused(host)
        return allowed

    def allows(self, address: str) -> bool:
        """Whether a connection to this address may be made; text that is no address is refused."""
        try:
            return self._allows(ip_address(address))
        except ValueError:
            return False

    def _allows(self, address: Address) -> bool:
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            return self._allows(address.ipv4_mapped)
        if address.is_multicast:
            return False
        if any(address in network for network in self._allow if network.version == address.version):
            return True
        if any(address in network for network in _NEVER_PUBLIC if network.version == address.version):
            return False
        if isinstance(address, IPv4Address):
            return address.is_global
        inner = _tunnelled(address)
        if any(not self._allows(each) for each in inner):
            return False
        return (address in _NAT64) or (address in _GLOBAL_UNICAST_V6 and address.is_global)


def resolve(host: str, port: int) -> list[str]:
    """The system's answer, each address once, in its order of preference. Raises OSError."""
    # getaddrinfo also reads 2130706433, 0x7f.1 and 0177.0.0.1 as the addresses they are.
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


def _tunnelled(address: IPv6Address) -> list[IPv4Address]:
    """IPv4 addresses that a gateway would take out of this IPv6 address."""
    inner: list[IPv4Address] = []
    if address in _NAT64:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour is not None:
        inner.append(address.sixtofour)
    if address.teredo is not None:
        inner.extend(address.teredo)
    return inner


def _in_time(look_up: Callable[[], Sequence[str]], timeout_s: float) -> Sequence[str]:
    """The system resolver has no time limit of its own, so it runs aside and is left behind when too slow."""
    result: list[str] = []

    def run() -> None:
        try:
            result.extend(look_up())
        except (OSError, UnicodeError):
            return  # no answer is the answer; the caller sees an empty list

    thread = threading.Thread(target=run, daemon=True, name="webhook-dns")
    thread.start()
    thread.join(max(0.0, timeout_s))
    return [] if thread.is_alive() else result


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").strip("[]")


def _invalid(problem: str, problem_zh: str) -> InvalidUrl:
    return InvalidUrl(field="url", problem=problem, problem_zh=problem_zh)
