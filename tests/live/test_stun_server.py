"""The STUN server: what it answers, from where, how much and how often (RFC 8489; RFC 5780)."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.core.errors import UsageError
from rtckit.live.errors import NoAnswer, Refused, StunError
from rtckit.live.stun_client import StunClient
from rtckit.live.stun_responder import RateLimit, Responder
from rtckit.live.stun_server import StunServer
from rtckit.live.transport import open_stream, open_udp
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method
from tests.capabilities import require

ONE = Address("192.0.2.1", 3478)
FOUR = tuple(Address(ip, port) for ip in ("192.0.2.1", "192.0.2.2") for port in (3478, 3479))
SOURCE = Address("198.51.100.7", 40000)
TRANSACTION = bytes(range(12))


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(work(), 20))  # type: ignore[arg-type]


def request(*attributes: tuple[int, Any], **settings: Any) -> bytes:
    return stun.build(Method.BINDING, MessageClass.REQUEST, TRANSACTION, attributes, **settings)


def ask(data: bytes, addresses: tuple[Address, ...] = (ONE,), **settings: Any) -> Any:
    return Responder(addresses).answer(data, SOURCE, addresses[0], 0.0, **settings)


def test_the_mapped_address_and_nothing_else() -> None:
    reply = ask(request(fingerprint=False))
    message = stun.parse(reply.data)
    assert message.message_class == MessageClass.SUCCESS
    assert message.transaction_id == TRANSACTION
    assert [item.type for item in message.attributes] == [T.XOR_MAPPED_ADDRESS]
    assert message.xor_mapped_address == SOURCE
    assert (reply.to, reply.source) == (SOURCE, ONE)


def test_fingerprint_answers_fingerprint() -> None:
    assert stun.verify_fingerprint(stun.parse(ask(request()).data)) is True


@pytest.mark.parametrize(
    ("change", "source"),
    [
        # RFC 5780, 6.1, table 1, asked at 192.0.2.1:3478.
        ((False, False), ("192.0.2.1", 3478)),
        ((True, False), ("192.0.2.2", 3478)),
        ((False, True), ("192.0.2.1", 3479)),
        ((True, True), ("192.0.2.2", 3479)),
    ],
)
def test_where_answers_come_from(change: tuple[bool, bool], source: tuple[str, int]) -> None:
    reply = ask(request((T.CHANGE_REQUEST, change)), FOUR)
    message = stun.parse(reply.data)
    assert reply.source == source
    assert message.get(T.RESPONSE_ORIGIN) == source
    assert message.get(T.OTHER_ADDRESS) == ("192.0.2.2", 3479)
    assert message.get(T.MAPPED_ADDRESS) == message.get(T.XOR_MAPPED_ADDRESS) == SOURCE


def test_one_address_changes_nothing() -> None:
    reply = ask(request((T.CHANGE_REQUEST, (True, False)), (T.RESPONSE_PORT, 99)))
    message = stun.parse(reply.data)
    assert message.error is not None
    assert message.error.code == 420
    assert message.get(T.UNKNOWN_ATTRIBUTES) == (T.CHANGE_REQUEST, T.RESPONSE_PORT)
    assert not stun.parse(ask(request()).data).has(T.OTHER_ADDRESS)


def test_response_port() -> None:
    reply = ask(request((T.RESPONSE_PORT, 7777)), FOUR)
    assert reply.to == (SOURCE.ip, 7777)
    assert stun.parse(reply.data).xor_mapped_address == SOURCE


def test_padding_is_as_long_as_it_came() -> None:
    data = request((T.PADDING, bytes(1500)))
    reply = ask(data, FOUR)
    assert len(stun.parse(reply.data).get(T.PADDING)) == 1500
    both = ask(request((T.PADDING, bytes(8)), (T.RESPONSE_PORT, 9)), FOUR)
    assert stun.parse(both.data).error.code == 400  # type: ignore[union-attr]
    assert both.to == SOURCE


def test_a_stream_answers_on_itself() -> None:
    for attribute in ((T.CHANGE_REQUEST, (True, False)), (T.RESPONSE_PORT, 9)):
        reply = ask(request(attribute), FOUR, stream=True)
        assert stun.parse(reply.data).error.code == 400  # type: ignore[union-attr]
    reply = ask(request((T.CHANGE_REQUEST, (False, False))), FOUR, stream=True)
    assert reply.source == FOUR[0]


def test_unknown_attributes() -> None:
    reply = ask(request((0x7777, b""), (0x8777, b""), (0x6666, b"x")))
    assert stun.parse(reply.data).get(T.UNKNOWN_ATTRIBUTES) == (0x7777, 0x6666)


def test_requests_of_ice_are_answered() -> None:
    attributes = ((T.USERNAME, "a:b"), (T.PRIORITY, 1), (T.USE_CANDIDATE, True))
    assert stun.parse(ask(request(*attributes, key=b"k")).data).error is None


def test_classic_stun() -> None:
    # RFC 3489 has sixteen bytes of transaction id where the cookie is.
    data = b"\0\1\0\0" + bytes(range(16))
    reply = ask(data, FOUR)
    message, _ = stun.decode(reply.data)
    assert message is not None
    assert message.raw[4:20] == bytes(range(16))
    assert message.get(T.MAPPED_ADDRESS) == SOURCE
    assert message.get(T.CHANGED_ADDRESS) == ("192.0.2.2", 3479)
    assert not message.has(T.XOR_MAPPED_ADDRESS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(20),
        stun.build(Method.BINDING, MessageClass.SUCCESS, TRANSACTION, []),
        stun.build(Method.BINDING, MessageClass.ERROR, TRANSACTION, [(T.ERROR_CODE, (400, ""))]),
        stun.build(Method.BINDING, MessageClass.INDICATION, TRANSACTION, []),
        stun.build(Method.ALLOCATE, MessageClass.REQUEST, TRANSACTION, []),
        request()[:-1] + b"\xff",
        request()[:-4],
        request() + b"more",
        b"\x80" * 40,
    ],
)
def test_silence(data: bytes) -> None:
    responder = Responder(FOUR)
    assert responder.answer(data, SOURCE, FOUR[0], 0.0) is None
    assert responder.counters.ignored == 1


def test_answers_meet_no_answers() -> None:
    """Two servers whose addresses were forged into each other's requests fall silent."""
    reply = ask(request())
    assert ask(reply.data) is None


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just(int(T.PADDING)), st.binary(max_size=200)),
            st.tuples(st.just(int(T.CHANGE_REQUEST)), st.tuples(st.booleans(), st.booleans())),
            st.tuples(st.integers(0x7000, 0x7FFF), st.binary(max_size=8)),
            st.tuples(st.integers(0xC100, 0xCFFF), st.binary(max_size=40)),
        ),
        max_size=30,
    ),
    st.booleans(),
    st.sampled_from([(ONE,), FOUR]),
)
def test_no_amplification(
    attributes: list[tuple[int, Any]], fingerprint: bool, addresses: tuple[Address, ...]
) -> None:
    data = request(*attributes, fingerprint=fingerprint)
    reply = ask(data, addresses)
    # What an answer must say: its mapped address; with RFC 5780 three addresses more.
    needed = 12 if len(addresses) == 1 else 48
    if stun.parse(reply.data).error is not None:
        needed = 12  # ERROR-CODE and the header of a list of numbers that came in longer attributes
    assert len(reply.data) <= len(data) + needed


def test_the_rate_is_bounded_for_each_source_and_for_all() -> None:
    limit = RateLimit(rate=10, burst=20, sources=100)
    now = 0.0
    assert sum(limit.allows("198.51.100.7", now) for _ in range(1000)) == 20
    assert limit.allows("198.51.100.8", now), "another source is served all the same"
    assert sum(limit.allows("198.51.100.7", now + 1) for _ in range(1000)) == 10
    # A /64 of IPv6 is one source.
    sent = sum(limit.allows(f"2001:db8::{number:x}", now + 1) for number in range(1000))
    assert sent == 20
    flood = [f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(50_000)]
    answered = sum(limit.allows(ip, 2.0) for ip in flood)
    assert answered <= 100 * 20
    assert limit.remembered <= 100


def test_over_udp_and_tcp() -> None:
    async def work() -> None:
        async with StunServer(port=0) as server:
            (address,) = server.addresses
            assert address.ip == "127.0.0.1"
            udp = await open_udp("127.0.0.1")
            response = await StunClient(udp).request(Method.BINDING, [], address)
            assert response.message.xor_mapped_address == udp.local
            udp.close()
            tcp = await open_stream(address)
            client = StunClient(tcp)
            for _ in range(3):
                response = await client.request(Method.BINDING, [], address)
                assert response.message.xor_mapped_address == tcp.local
            client.close()
        with pytest.raises(Refused):
            await open_stream(address)

    run(work)


def test_four_sockets_answer_for_each_other() -> None:
    async def work() -> None:
        async with StunServer(("127.0.0.1", "127.0.0.2"), port=0, tcp=False) as server:
            assert len({(item.ip, item.port) for item in server.addresses}) == 4
            main = server.addresses[0]
            client = StunClient(await open_udp("127.0.0.1"))
            for change in ((True, True), (True, False), (False, True)):
                response = await client.request(
                    Method.BINDING, [(T.CHANGE_REQUEST, change)], main, any_source=True
                )
                origin = response.message.get(T.RESPONSE_ORIGIN)
                assert response.remote == origin != main
                assert (origin.ip != main.ip, origin.port != main.port) == change
            with pytest.raises(NoAnswer):
                await client.request(
                    Method.BINDING, [(T.CHANGE_REQUEST, (True, True))], main, rto=0.05, attempts=2
                )
            other = await open_udp("127.0.0.1")
            got: list[bytes] = []
            other.on_datagram = lambda data, remote: got.append(data)
            with pytest.raises(NoAnswer):
                await client.request(
                    Method.BINDING,
                    [(T.RESPONSE_PORT, other.local.port)],
                    main,
                    attempts=1,
                    last_wait_s=0.1,
                )
            assert len(got) == 1
            client.close()
            other.close()

    run(work)


def test_what_a_client_of_tcp_may_not_do() -> None:
    async def work() -> None:
        async with StunServer(port=0) as server:
            address = server.addresses[0]
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert await reader.read() == b""
            writer.close()
            client = StunClient(await open_stream(address))
            with pytest.raises(StunError) as caught:
                await client.request(Method.BINDING, [(0x7777, b"")], address)
            assert caught.value.code == 420
            client.close()

    run(work)


def test_ports_that_are_taken() -> None:
    async def work() -> None:
        async with StunServer(port=0) as server:
            with pytest.raises(Refused):
                async with StunServer(port=server.addresses[0].port):
                    pass

    run(work)


@pytest.mark.parametrize(
    "ips",
    [(), ("127.0.0.1",) * 2, ("127.0.0.1", "::1"), ("0.0.0.0", "127.0.0.1"), ("a", "b", "c")],
)
def test_addresses_that_make_no_server(ips: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        StunServer(ips)


def test_coturns_client_understands_the_server() -> None:
    require("coturn")

    async def work() -> tuple[str, Address]:
        async with StunServer(("127.0.0.1", "127.0.0.2"), port=0) as server:
            main = server.addresses[0]
            process = await asyncio.create_subprocess_exec(
                *("turnutils_natdiscovery", "-m", "-f", "-p", str(main.port), main.ip),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            said, _ = await process.communicate()
            return said.decode(), main

    said, main = run(work)
    assert f"Other addr: : 127.0.0.2:{main.port + 1}" in said, said
    assert "NAT with Endpoint Independent Mapping!" in said or "No NAT detected" in said, said
    assert "Endpoint Independent Filtering" in said, said


def test_over_ipv6() -> None:
    async def work() -> None:
        async with StunServer(("::1",), port=0) as server:
            (address,) = server.addresses
            client = StunClient(await open_udp("::1"))
            response = await client.request(Method.BINDING, [], address)
            assert response.message.xor_mapped_address == client.transport.local
            assert response.remote.ip == "::1"
            client.close()

    run(work)
