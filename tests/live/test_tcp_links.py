"""Framing and connections of ICE-TCP (RFC 4571, 2; RFC 6544, 7)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.address import Address
from rtckit.live.links import Link
from rtckit.live.tcp_links import ActiveLink, FramedConnection, PassiveLink, open_passive

REMOTE = Address("192.0.2.1", 5000)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))  # type: ignore[arg-type]


def frame(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


class Listener:
    """Keeps what a link tells."""

    def __init__(self, link: ActiveLink | PassiveLink) -> None:
        self.came: list[bytes] = []
        self.failures: list[tuple[Address, str]] = []
        self.source: Address | None = None
        self.news = asyncio.Event()
        link.on_datagram = self.take
        link.on_failure = self.fail

    def take(self, link: Link, data: bytes, remote: Address) -> None:
        self.came.append(data)
        self.source = remote
        self.news.set()

    def fail(self, link: Link, remote: Address, why: str, transient: bool) -> None:
        self.failures.append((remote, why))
        self.news.set()

    async def next(self) -> None:
        await asyncio.wait_for(self.news.wait(), 5)
        self.news.clear()


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 40), max_size=60))
def test_any_cut_of_the_stream_gives_the_same_datagrams(
    datagrams: list[bytes], cuts: list[int]
) -> None:
    got: list[bytes] = []
    link = PassiveLink(Address("127.0.0.1", 1))
    link.on_datagram = lambda _, data, remote: got.append(data)
    connection = FramedConnection(link, REMOTE)
    stream = b"".join(map(frame, datagrams))
    for size in cuts:
        connection.data_received(stream[:size])
        stream = stream[size:]
    connection.data_received(stream)
    assert got == datagrams


@given(st.binary(max_size=500))
def test_any_bytes_are_bounded(data: bytes) -> None:
    link = PassiveLink(Address("127.0.0.1", 1))
    connection = FramedConnection(link, REMOTE)
    connection.data_received(data)
    assert len(connection._pending) <= 65537


def test_there_and_back() -> None:
    async def work() -> None:
        passive, active = await open_passive("127.0.0.1"), ActiveLink("127.0.0.1")
        assert (active.base.port, active.transport) == (9, "tcp")
        here, there = Listener(active), Listener(passive)
        active.send(b"one", passive.base)
        active.send(b"two", passive.base)
        while len(there.came) < 2:
            await there.next()
        assert there.came == [b"one", b"two"]
        assert there.source is not None
        passive.send(b"three", there.source)
        await here.next()
        assert here.came == [b"three"]
        assert here.source == passive.base
        passive.close()
        await here.next()
        assert here.failures[0][0] == Address(passive.base.ip, passive.base.port)
        active.close()

    run(work)


def test_nobody_listens() -> None:
    async def work() -> None:
        passive = await open_passive("127.0.0.1")
        closed = passive.base
        passive.close()
        active = ActiveLink("127.0.0.1")
        told = Listener(active)
        active.send(b"hello", closed)
        await told.next()
        assert told.failures[0][0] == closed
        assert "no TCP connection" in told.failures[0][1]
        active.close()

    run(work)


def test_a_passive_link_connects_to_nobody() -> None:
    async def work() -> None:
        passive = await open_passive("127.0.0.1")
        told = Listener(passive)
        passive.send(b"hello", REMOTE)
        await told.next()
        assert told.failures == [(REMOTE, "no TCP connection came from there")]
        passive.close()

    run(work)


def test_an_address_of_somebody_else_cannot_be_listened_on() -> None:
    async def work() -> None:
        with pytest.raises(OSError, match="assign"):
            await open_passive("192.0.2.99")

    run(work)


def test_a_flood_of_connections_is_bounded() -> None:
    async def work() -> None:
        passive = await open_passive("127.0.0.1")
        told = Listener(passive)
        writers = []
        for _ in range(80):
            _, writer = await asyncio.open_connection(*passive.base)
            writers.append(writer)
        await asyncio.sleep(0.05)
        assert len(passive._connections) <= 64
        writers[0].write(frame(b"first"))
        await told.next()
        assert told.came == [b"first"]
        for writer in writers:
            writer.close()
        passive.close()
        await asyncio.sleep(0.05)

    run(work)
