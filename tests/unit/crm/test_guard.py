"""Where webhooks may go: the server-side request forgery list, and what an operator may open."""

import socket
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechsvc.crm.guard import AddressRefused, Guard, HostUnknown, InvalidUrl
from speechsvc.errors import InvalidInput

FORBIDDEN = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",  # carrier-grade NAT
    "100.100.100.200",  # metadata service of one cloud
    "169.254.169.254",  # metadata service of the others
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # IPv4-compatible
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",  # IPv4-translated
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
    "64:ff9b:1::1",  # local NAT64
    "2002:7f00:1::1",  # 6to4 of 127.0.0.1
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo of 127.0.0.1
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata service over IPv6
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "not an address",
    "",
]
PUBLIC = ["8.8.8.8", "114.114.114.114", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]


def _guard(*allow: str, answers: Sequence[str] = (), allow_http: bool = False) -> Guard:
    return Guard(allow, allow_http=allow_http, resolver=lambda host, port: list(answers))


@pytest.mark.parametrize("address", FORBIDDEN)
def test_forbidden_addresses(address: str) -> None:
    assert not _guard().allows(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert _guard().allows(address)


@given(st.ip_addresses(v=4))
def test_wrapping_never_opens_an_ipv4_address(inner: object) -> None:
    guard = _guard()
    high, low = divmod(int(inner), 1 << 16)  # type: ignore[call-overload]
    for wrapped in (f"::ffff:{inner}", f"64:ff9b::{high:x}:{low:x}", f"2002:{high:x}:{low:x}::1"):
        assert not guard.allows(wrapped) or guard.allows(str(inner))


def test_allow_list_opens_only_its_networks() -> None:
    guard = _guard("10.1.0.0/16", "fd12::/16")
    assert guard.allows("10.1.2.3")
    assert guard.allows("::ffff:10.1.2.3")
    assert guard.allows("64:ff9b::a01:203")
    assert guard.allows("fd12::1")
    assert not guard.allows("10.2.0.1")
    assert not guard.allows("127.0.0.1")


def test_allow_list_of_everything_still_refuses_multicast() -> None:
    guard = _guard("0.0.0.0/0", "::/0")
    assert guard.allows("127.0.0.1")
    assert not guard.allows("224.0.0.1")
    assert not guard.allows("ff02::1")


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.0.1", "[::1]", "0"]
)
def test_other_spellings_of_loopback_with_the_real_resolver(host: str) -> None:
    with pytest.raises(InvalidUrl):
        Guard((), allow_http=False).validate(f"https://{host}/hook")


@pytest.mark.parametrize("host", ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "localhost"])
def test_disguised_loopback_with_the_real_resolver(host: str) -> None:
    with pytest.raises(InvalidUrl):
        Guard((), allow_http=False).validate(f"https://{host}/hook")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "//crm.example.com/hook",
        "http://crm.example.com/hook",
        "ftp://crm.example.com/hook",
        "file:///etc/passwd",
        "gopher://crm.example.com/",
        "https:///hook",
        "https://user@crm.example.com/hook",
        "https://user:password@crm.example.com/hook",
        "https://crm.example.com:22/hook",
        "https://crm.example.com:0/hook",
        "https://crm.example.com:99999/hook",
        "https://crm.example.com:port/hook",
        "https://crm.example.com/\r\nX-Evil: 1",
        "https://[::1/hook",
        "https://crm.example.com/" + "a" * 2048,
    ],
)
def test_urls_that_are_refused_by_form(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _guard(answers=["8.8.8.8"]).validate(url)
    assert caught.value.code == "invalid_input"
    assert "url" in caught.value.message("zh")
    assert "{" not in caught.value.message("zh") + caught.value.message("en")


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com",
        "https://crm.example.com/hook?tenant=1",
        "https://crm.example.com:8443/hook",
        "https://客户.example.com/钩子",
        "https://8.8.8.8/hook",
    ],
)
def test_urls_that_pass(url: str) -> None:
    _guard(answers=["8.8.8.8"]).validate(url)


def test_http_only_when_allowed() -> None:
    _guard(answers=["8.8.8.8"], allow_http=True).validate("http://crm.example.com:8080/hook")


def test_every_address_is_judged_and_refused_ones_are_dropped() -> None:
    guard = _guard(answers=["127.0.0.1", "8.8.8.8", "::1", "10.0.0.1"])
    assert guard.addresses("crm.example.com", 443, 1.0) == ["8.8.8.8"]


def test_only_private_addresses_is_refused() -> None:
    with pytest.raises(AddressRefused):
        _guard(answers=["127.0.0.1", "::1"]).addresses("crm.example.com", 443, 1.0)


def test_unknown_host_passes_validation_but_not_the_connection() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    guard = Guard((), allow_http=False, resolver=unknown)
    guard.validate("https://later.example.com/hook")
    with pytest.raises(HostUnknown):
        guard.addresses("later.example.com", 443, 1.0)


def test_slow_name_server_is_left_behind() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(2)
        return ["8.8.8.8"]

    started = time.monotonic()
    with pytest.raises(HostUnknown):
        Guard((), allow_http=False, resolver=slow).addresses("slow.example.com", 443, 0.1)
    assert time.monotonic() - started < 1
