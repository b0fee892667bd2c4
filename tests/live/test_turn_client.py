"""An allocation in use: permissions, channels, data, keeping it alive, giving it back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rtckit.core.address import Address
from rtckit.live.errors import BadAnswer, ProbeError, StreamClosed, StunError
from rtckit.live.turn_client import TurnClient
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method
from rtckit.wire.turn import ChannelData, build_channel_data
from tests.live.fakes import MAPPED, RELAYED, SERVER, FakeTransport, FakeTurnServer

PEER = Address("192.0.2.9", 5000)


def run(work: Callable[[FakeTransport, FakeTurnServer, TurnClient], Awaitable[Any]]) -> Any:
    async def prepared() -> Any:
        transport, server = FakeTransport(), FakeTurnServer(algorithms=(2, 1))
        transport.server = server
        client = TurnClient(transport, SERVER, "alice", "open sesame", rto=0.05, attempts=2)
        try:
            return await asyncio.wait_for(work(transport, server, client), 10)  # type: ignore[arg-type]
        finally:
            client.abandon()

    return asyncio.run(prepared())


def data_indication(peer: Address, *attributes: tuple[int, Any]) -> bytes:
    kind = MessageClass.INDICATION
    return stun.build(Method.DATA, kind, bytes(12), [(T.XOR_PEER_ADDRESS, peer), *attributes])


def test_allocation_refresh_and_the_end() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        allocation = await client.allocate()
        assert (allocation.relayed, allocation.mapped) == (RELAYED, MAPPED)
        assert allocation.transactions == 2
        assert await client.refresh(300) == 300
        await client.close()
        assert not server.allocated
        assert transport.closed

    run(work)


def test_what_an_allocate_request_carries() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        await client.allocate(
            family=6, lifetime=900, even_port=True, dont_fragment=True, keep=False
        )
        request = transport.requests(Method.ALLOCATE)[-1]
        assert request.get(T.REQUESTED_TRANSPORT) == 17
        assert request.get(T.REQUESTED_ADDRESS_FAMILY) == 2
        assert request.lifetime == 900
        assert request.get(T.EVEN_PORT) is True
        assert request.has(T.DONT_FRAGMENT)
        assert request.attributes[-1].type == T.FINGERPRINT

    run(work)


def test_data_both_ways() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        await client.allocate(keep=False)
        got: list[tuple[bytes, Address]] = []
        client.on_data = lambda data, peer: got.append((data, peer))
        client.send(b"too early", PEER)
        assert server.relayed_data == [], "no permission yet"
        await client.create_permission([PEER])
        assert client.permissions == {PEER.ip}
        client.send(b"by indication", PEER)
        channel = await client.bind_channel(PEER)
        assert 0x4000 <= channel <= 0x4FFF
        assert await client.bind_channel(PEER) == channel, "renewed, not another"
        client.send(b"by channel", PEER)
        client.send(b"by indication again", PEER, channel=False)
        assert [data for data, _ in server.relayed_data] == [
            b"by indication",
            b"by channel",
            b"by indication again",
        ]
        transport.arrive(data_indication(PEER, (T.DATA, b"in an indication")))
        transport.arrive(build_channel_data(ChannelData(channel, b"in a channel")))
        transport.arrive(build_channel_data(ChannelData(channel, b"")))
        assert got == [(b"in an indication", PEER), (b"in a channel", PEER), (b"", PEER)]

    run(work)


def test_what_is_not_from_the_server_or_a_permitted_peer_is_dropped() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        await client.allocate(keep=False)
        channel = await client.bind_channel(PEER)
        got: list[bytes] = []
        client.on_data = lambda data, peer: got.append(data)
        stranger = Address("192.0.2.66", 1)
        transport.arrive(data_indication(PEER, (T.DATA, b"x")), stranger)
        transport.arrive(build_channel_data(ChannelData(channel, b"x")), stranger)
        transport.arrive(data_indication(stranger, (T.DATA, b"x")))
        transport.arrive(build_channel_data(ChannelData(channel + 1, b"x")))
        transport.arrive(data_indication(PEER))
        transport.arrive(b"\x40")
        assert got == []

    run(work)


def test_icmp_from_the_far_side() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        await client.allocate(keep=False)
        await client.create_permission([PEER])
        told: list[tuple[Address, stun.Icmp]] = []
        client.on_icmp = lambda peer, icmp: told.append((peer, icmp))
        transport.arrive(data_indication(PEER, (T.ICMP, (3, 3, 0))))
        assert told == [(PEER, stun.Icmp(3, 3, 0))]

    run(work)


def test_the_allocation_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    from rtckit.live import turn_client

    monkeypatch.setattr(turn_client, "_PERMISSION_S", 60.5)
    monkeypatch.setattr(turn_client, "_CHANNEL_S", 60.5)

    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        server.lifetime = 1
        await client.allocate()
        await client.create_permission(["192.0.2.10"])
        await client.bind_channel(PEER)
        await asyncio.sleep(1.3)
        for method in (Method.REFRESH, Method.CHANNEL_BIND, Method.CREATE_PERMISSION):
            assert transport.requests(method), stun.method_name(method)
        assert len(transport.requests(Method.CHANNEL_BIND)) >= 2

    run(work)


def test_losing_the_allocation_is_told() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        lost: list[ProbeError] = []
        client.on_lost = lost.append
        await client.allocate()
        transport.on_error(StreamClosed(), SERVER)
        assert len(lost) == 1
        assert client.allocation is None

    run(work)


def test_close_does_not_wait_for_a_server_that_is_gone() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        await client.allocate()
        transport.server = None
        start = asyncio.get_running_loop().time()
        await client.close(wait_s=0.05)
        assert asyncio.get_running_loop().time() - start < 1
        assert transport.closed

    run(work)


@pytest.mark.parametrize("lacking", [T.XOR_RELAYED_ADDRESS, T.LIFETIME])
def test_an_allocate_success_must_say_what_it_lends(lacking: int) -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        whole = server._act

        def less(message: stun.Message, key: bytes) -> bytes:
            answer = stun.parse(whole(message, key))
            kept = [
                (item.type, item.value)
                for item in answer.attributes
                if item.type not in (lacking, T.MESSAGE_INTEGRITY_SHA256, T.FINGERPRINT)
            ]
            return stun.build(
                answer.method, answer.message_class, answer.transaction_id, kept, key_sha256=key
            )

        server._act = less  # type: ignore[method-assign]
        with pytest.raises(BadAnswer):
            await client.allocate()

    run(work)


def test_without_credentials_the_challenge_is_the_answer() -> None:
    async def work() -> None:
        transport = FakeTransport()
        transport.server = FakeTurnServer()
        client = TurnClient(transport, SERVER)
        with pytest.raises(StunError) as caught:
            await client.allocate()
        assert caught.value.message.realm == "example.org"

    asyncio.run(work())


def test_connection_attempts_are_told() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        told: list[tuple[int, Address]] = []
        client.on_attempt = lambda number, peer: told.append((number, peer))
        attributes = [(T.XOR_PEER_ADDRESS, PEER), (T.CONNECTION_ID, 77)]
        transport.arrive(
            stun.build(Method.CONNECTION_ATTEMPT, MessageClass.INDICATION, bytes(12), attributes)
        )
        assert told == [(77, PEER)]

    run(work)


def test_release_asks_once_and_waits_for_nothing() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        await client.allocate()
        client.release()
        assert not server.allocated
        assert transport.closed
        count = len(transport.sent)
        client.release()
        assert len(transport.sent) == count

    run(work)


def test_a_closed_transport_carries_no_request() -> None:
    async def work(transport: FakeTransport, server: FakeTurnServer, client: TurnClient) -> None:
        transport.close()
        with pytest.raises(StreamClosed):
            await client.allocate()

    run(work)
