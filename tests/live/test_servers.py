"""Servers as people write them (RFC 7064; RFC 7065), and names that do not resolve."""

import asyncio
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ExitCode, ParseError
from rtckit.live.errors import ResolveFailed
from rtckit.live.servers import Server, parse_server, resolve


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        # The examples of RFC 7064, A and RFC 7065, A, and what they stand for.
        ("stun:example.org", ("stun", "example.org", 3478, "udp", False)),
        ("stuns:example.org", ("stun", "example.org", 5349, "tcp", True)),
        ("stun:example.org:8000", ("stun", "example.org", 8000, "udp", False)),
        ("turn:example.org", ("turn", "example.org", 3478, "udp", False)),
        ("turns:example.org", ("turn", "example.org", 5349, "tcp", True)),
        ("turn:example.org:8000", ("turn", "example.org", 8000, "udp", False)),
        ("turn:example.org?transport=udp", ("turn", "example.org", 3478, "udp", False)),
        ("turn:example.org?transport=tcp", ("turn", "example.org", 3478, "tcp", False)),
        ("turns:example.org?transport=tcp", ("turn", "example.org", 5349, "tcp", True)),
        ("turns:example.org?transport=udp", ("turn", "example.org", 5349, "udp", True)),
        ("TURN:Example.org:443?transport=TCP", ("turn", "Example.org", 443, "tcp", False)),
        ("stun:192.0.2.1:1", ("stun", "192.0.2.1", 1, "udp", False)),
        ("stun:[2001:db8::1]", ("stun", "2001:db8::1", 3478, "udp", False)),
        ("turns:[::1]:443", ("turn", "::1", 443, "tcp", True)),
        (" stun:example.org ", ("stun", "example.org", 3478, "udp", False)),
        ("stun:bücher.example", ("stun", "xn--bcher-kva.example", 3478, "udp", False)),
    ],
)
def test_servers(uri: str, expected: tuple[str, str, int, str, bool]) -> None:
    server = parse_server(uri)
    shape = (server.kind, server.host, server.port, server.transport, server.tls)
    assert shape == expected
    assert parse_server(server.uri) == server


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "example.org",
        "http://example.org",
        "stun://example.org",
        "turn:",
        "stun:exa mple.org",
        "stun:example.org:0",
        "stun:example.org:65536",
        "stun:example.org:port",
        "stun:2001:db8::1",
        "stun:[2001:db8::1",
        "stun:[192.0.2.1]x",
        "turn:alice:secret@example.org",
        "turn:example.org?transport=sctp",
        "turn:example.org?tcp",
        "stun:example.org?transport=udp",
        "stun:example..org",
    ],
)
def test_what_names_no_server(uri: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_server(uri)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("example.org", "example.org", 3478),
        ("example.org:99", "example.org", 99),
        ("[::1]:99", "::1", 99),
        ("localhost", "localhost", 3478),
        ("stun", "stun", 3478),
        ("turn:1", "1", 3478),
    ],
)
def test_bare_hosts_where_they_are_allowed(text: str, host: str, port: int) -> None:
    server = parse_server(text, default_kind="turn")
    assert (server.host, server.port) == (host, port)


@given(st.text(max_size=60))
def test_never_anything_but_a_parse_error(text: str) -> None:
    for kind in (None, "stun"):
        try:
            server = parse_server(text, default_kind=kind)
        except ParseError:
            continue
        assert parse_server(server.uri) == server


@pytest.mark.parametrize(
    ("way", "uri"),
    [
        ("udp", "turn:h:3478"),
        ("tcp", "turn:h:3478?transport=tcp"),
        ("tls", "turns:h:5349"),
        ("dtls", "turns:h:5349?transport=udp"),
    ],
)
def test_other_ways_to_the_same_server(way: str, uri: str) -> None:
    server = Server("turn", "h", 3478).over(way)
    assert server.uri == uri
    assert server.way == way
    assert Server("turn", "h", 99).over("tls").port == 99
    assert Server("turn", "h", 3478).over("tls", 443).port == 443


def test_addresses_resolve_to_themselves() -> None:
    for host in ("192.0.2.1", "2001:db8::1"):
        found = asyncio.run(resolve(Server("stun", host, 99)))
        assert [(address.ip, address.port) for address in found.addresses] == [(host, 99)]
        assert found.failures == ()
    with pytest.raises(ResolveFailed):
        asyncio.run(resolve(Server("stun", "192.0.2.1", 99), families=(6,)))


def test_localhost_resolves_and_names_under_invalid_do_not() -> None:
    found = asyncio.run(resolve(Server("stun", "localhost", 99)))
    assert {address.ip for address in found.addresses} <= {"127.0.0.1", "::1"}
    with pytest.raises(ResolveFailed) as caught:  # RFC 6761, 6.4
        asyncio.run(resolve(Server("stun", "nobody.invalid", 99), timeout_s=3))
    assert caught.value.as_json()["error"] == "dns"


def test_a_resolver_that_does_not_answer_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def wait(*arguments: object) -> list[object]:
        ended.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    start = time.monotonic()
    with pytest.raises(ResolveFailed) as caught:
        asyncio.run(resolve(Server("stun", "slow.example", 99), timeout_s=0.2))
    assert time.monotonic() - start < 3
    assert not caught.value.missing
    ended.set()


def test_one_family_without_an_address_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_ipv4(host: str, port: int, family: int, kind: int) -> list[object]:
        if family == socket.AF_INET6:
            raise socket.gaierror(socket.EAI_NONAME, "")
        return [(family, kind, 17, "", ("192.0.2.1", port))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", only_ipv4)
    found = asyncio.run(resolve(Server("stun", "v4.example", 99)))
    assert found.addresses == (("192.0.2.1", 99),)
    assert [failure.missing for failure in found.failures] == [True]
