"""Sockets on the loopback: datagrams and ICMP errors, streams in messages, TLS and its defects."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.lab.certificate import CertificateFiles, make_certificate
from rtckit.live.errors import IcmpError, NoAnswer, NotStun, Refused, StreamClosed, TlsFailed
from rtckit.live.interfaces import find_interface, list_interfaces, source_address_for
from rtckit.live.stun_client import StunClient
from rtckit.live.tls import TlsSettings, build_context
from rtckit.live.transport import MessageCutter, open_stream, open_udp
from rtckit.wire import stun
from rtckit.wire.stun import MessageClass, Method
from rtckit.wire.turn import ChannelData, build_channel_data


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(work(), 20))  # type: ignore[arg-type]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_datagrams_with_their_senders(ip: str) -> None:
    async def work() -> None:
        one, two = await open_udp(ip), await open_udp(ip)
        got: list[tuple[bytes, Address]] = []
        two.on_datagram = lambda data, remote: got.append((data, remote))
        for size in (0, 1, 1500, 9000):
            one.send(bytes(size), two.local)
        await until(lambda: len(got) == 4)
        assert [len(data) for data, _ in got] == [0, 1, 1500, 9000]
        assert {remote for _, remote in got} == {one.local}
        assert one.local.port != 0
        one.close()
        one.close()
        one.send(b"", two.local)
        two.close()

    run(work)


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_icmp_errors_name_their_destination(ip: str) -> None:
    async def work() -> None:
        closed = await open_udp(ip)
        nobody = closed.local
        closed.close()
        one, two = await open_udp(ip), await open_udp(ip)
        errors: list[tuple[Exception, Address | None]] = []
        got: list[bytes] = []
        one.on_error = lambda error, remote: errors.append((error, remote))
        two.on_datagram = lambda data, remote: got.append(data)
        for number in range(3):
            one.send(b"to nobody", nobody)
            one.send(b"to somebody %d" % number, two.local)
        await until(lambda: len(errors) >= 3 and len(got) == 3)
        for error, remote in errors:
            assert isinstance(error, IcmpError)
            assert error.name == "port unreachable"
            assert error.hard
            assert not error.prohibited
            assert remote == nobody
            assert error.reporter == ip
        one.close()
        two.close()

    run(work)


def test_a_closed_port_fails_a_request_at_once() -> None:
    async def work() -> None:
        closed = await open_udp("127.0.0.1")
        nobody = closed.local
        closed.close()
        client = StunClient(await open_udp("127.0.0.1"))
        start = asyncio.get_running_loop().time()
        with pytest.raises(Refused, match="ICMP port unreachable"):
            await client.request(Method.BINDING, [], nobody)
        assert asyncio.get_running_loop().time() - start < 0.4
        client.close()

    run(work)


def test_ports_and_addresses_that_cannot_be_had() -> None:
    async def work() -> None:
        one = await open_udp("127.0.0.1")
        with pytest.raises(Refused, match="in use"):
            await open_udp("127.0.0.1", port=one.local.port)
        with pytest.raises(Refused):
            await open_udp("192.0.2.77")
        one.close()

    run(work)


def test_closing_while_datagrams_wait() -> None:
    async def work() -> None:
        one, two = await open_udp("127.0.0.1"), await open_udp("127.0.0.1")
        got: list[bytes] = []

        def close_at_once(data: bytes, remote: Address) -> None:
            got.append(data)
            two.close()

        two.on_datagram = close_at_once
        for _ in range(5):
            one.send(b"x", two.local)
        await asyncio.sleep(0.05)
        assert got == [b"x"]
        one.close()

    run(work)


# --- cutting streams

REQUEST = stun.build(Method.BINDING, MessageClass.REQUEST, bytes(range(12)), [])
LONG = stun.build(Method.SEND, MessageClass.INDICATION, bytes(12), [(0x13, bytes(2000))])


@given(
    st.lists(
        st.one_of(
            st.sampled_from([REQUEST, LONG]),
            st.binary(max_size=300).map(lambda data: ChannelData(0x4001, data)),
        ),
        max_size=12,
    ),
    st.sampled_from([1, 3, 7, 64, 1400, 100_000]),
)
def test_a_stream_is_cut_where_its_messages_end(messages: list[Any], size: int) -> None:
    plain = [m if isinstance(m, bytes) else build_channel_data(m) for m in messages]
    stream = b"".join(m + bytes(-len(m) & 3) for m in plain)
    cutter = MessageCutter(begins_anyhow=True)
    found = []
    while stream:
        cutter.feed(stream[:size])
        stream = stream[size:]
        while (message := cutter.next_message()) is not None:
            found.append(message)
    assert found == plain
    assert cutter.pending == b""


@given(st.binary(max_size=200))
def test_foreign_streams_are_told_or_waited_for(data: bytes) -> None:
    cutter = MessageCutter()
    cutter.feed(data)
    with contextlib.suppress(NotStun):
        while cutter.next_message() is not None:
            pass
    assert len(cutter.pending) <= len(data)


@pytest.mark.parametrize(
    ("first", "speaks"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "TLS"),
        (b"\x80\x00\x00", None),
    ],
)
def test_what_other_servers_say_first(first: bytes, speaks: str | None) -> None:
    async def work() -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(first)
            await reader.read(1)
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        remote = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        client = StunClient(await open_stream(remote))
        with pytest.raises(NotStun) as caught:
            await client.request(Method.BINDING, [], remote, last_wait_s=2)
        assert caught.value.speaks == speaks
        client.close()
        server.close()

    run(work)


def test_a_server_that_hangs_up() -> None:
    async def work() -> None:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(20)
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        remote = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        client = StunClient(await open_stream(remote))
        with pytest.raises((StreamClosed, Refused)):
            await client.request(Method.BINDING, [], remote, last_wait_s=2)
        server.close()

    run(work)


def test_tcp_refused() -> None:
    async def work() -> None:
        listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        remote = Address("127.0.0.1", listener.sockets[0].getsockname()[1])
        listener.close()
        await listener.wait_closed()
        with pytest.raises(Refused) as caught:
            await open_stream(remote)
        assert caught.value.as_json()["errno"] == "ECONNREFUSED"
        assert caught.value.kind == "socket"

    run(work)


# --- TLS


async def tls_server(files: CertificateFiles, **versions: Any) -> tuple[asyncio.Server, Address]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    for name, value in versions.items():
        setattr(context, name, value)
    context.set_alpn_protocols(["stun.turn"])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = stun.parse(await reader.readexactly(28))
            kind = MessageClass.SUCCESS
            writer.write(stun.build(Method.BINDING, kind, request.transaction_id, []))
            await writer.drain()
            await reader.read(1)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    return server, Address("127.0.0.1", server.sockets[0].getsockname()[1])


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_tls(version: str, tmp_path: Path) -> None:
    files = make_certificate(tmp_path, ["127.0.0.1"])

    async def work() -> None:
        limit = ssl.TLSVersion.TLSv1_2 if version == "TLSv1.2" else ssl.TLSVersion.TLSv1_3
        server, remote = await tls_server(files, maximum_version=limit)
        settings = TlsSettings("127.0.0.1", ca_file=str(files.certificate))
        transport = await open_stream(remote, settings)
        assert transport.tls is not None
        assert transport.tls.version == version
        assert transport.tls.alpn == "stun.turn"
        assert transport.tls.defects == ()
        assert transport.tls.certificate is not None
        assert transport.tls.certificate.names == ("127.0.0.1",)
        client = StunClient(transport)
        await client.request(Method.BINDING, [], remote)
        client.close()
        server.close()

    run(work)


LONG_AGO = datetime.now(UTC) - timedelta(days=100)
LATER = datetime.now(UTC) + timedelta(days=10)


@pytest.mark.parametrize(
    ("name", "begins", "trusted", "defect", "all_defects"),
    [
        ("127.0.0.1", LONG_AGO, True, "expired", {"expired"}),
        ("127.0.0.1", LATER, True, "not-yet-valid", {"not-yet-valid"}),
        ("turn.example.org", None, True, "wrong-name", {"wrong-name"}),
        ("127.0.0.1", None, False, "self-signed", set()),
        ("turn.example.org", LONG_AGO, True, "wrong-name", {"expired", "wrong-name"}),
    ],
)
def test_defects_of_certificates(
    name: str,
    begins: datetime | None,
    trusted: bool,
    defect: str,
    all_defects: set[str],
    tmp_path: Path,
) -> None:
    files = make_certificate(tmp_path, [name], valid_from=begins)

    async def work() -> None:
        server, remote = await tls_server(files)
        ca = str(files.certificate) if trusted else None
        with pytest.raises(TlsFailed) as caught:
            await open_stream(remote, TlsSettings("127.0.0.1", ca_file=ca))
        assert caught.value.defect == defect
        lenient = await open_stream(remote, TlsSettings("127.0.0.1", verify=False))
        assert lenient.tls is not None
        assert set(lenient.tls.defects) == all_defects, "what the certificate itself shows"
        lenient.close()
        server.close()

    run(work)


def test_no_version_in_common(tmp_path: Path) -> None:
    # A server of its own thread: the event loop's drops the alert when a handshake fails.
    files = make_certificate(tmp_path, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        accepted, _ = listener.accept()
        with contextlib.suppress(OSError), context.wrap_socket(accepted, server_side=True):
            pass
        accepted.close()

    thread = threading.Thread(target=refuse)
    thread.start()

    async def work() -> None:
        remote = Address("127.0.0.1", listener.getsockname()[1])
        with pytest.raises(TlsFailed) as caught:
            await open_stream(remote, TlsSettings("127.0.0.1", verify=False, maximum="1.2"))
        assert caught.value.defect == "version"

    try:
        run(work)
    finally:
        thread.join()
        listener.close()


def test_tls_to_a_port_that_speaks_http() -> None:
    async def work() -> None:
        async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(http, "127.0.0.1", 0)
        remote = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(TlsFailed) as caught:
            await open_stream(remote, TlsSettings("127.0.0.1"))
        assert caught.value.defect == "plain"
        server.close()

    run(work)


def test_tls_to_a_port_that_says_nothing() -> None:
    async def work() -> None:
        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        build_context(TlsSettings("127.0.0.1"))
        server = await asyncio.start_server(listen, "127.0.0.1", 0)
        remote = Address("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises((TlsFailed, NoAnswer)) as caught:
            await open_stream(remote, TlsSettings("127.0.0.1"), timeout_s=0.2)
        assert caught.value.as_json()["defect"] == "timeout"
        server.close()

    run(work)


# --- interfaces


def test_interfaces_of_this_machine() -> None:
    found = list_interfaces()
    loopback = [item for item in found if item.is_loopback]
    assert loopback
    assert loopback[0].kind == "loopback"
    assert any(address.ip == "127.0.0.1" for address in loopback[0].addresses)
    assert found[-1].is_loopback, "loopback comes last"
    assert find_interface(loopback[0].name) == loopback[0]
    assert find_interface("no such thing") is None
    for item in found:
        for address in item.addresses:
            assert address.family in (4, 6)
            assert "%" not in address.ip


def test_the_address_a_route_chooses() -> None:
    assert source_address_for("127.0.0.1") == "127.0.0.1"
