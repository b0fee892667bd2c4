"""NAT detection over real sockets, against servers that lie, damage, or say nothing."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from typing import cast

import pytest

from rtckit.analysis.nat import NatBehavior
from rtckit.core.address import Address
from rtckit.live.nat_behavior import detect_nat
from rtckit.live.stun_server import StunServer
from rtckit.wire import stun

Answering = Callable[[bytes, tuple[str, int]], list[bytes]]


class FakeServer(asyncio.DatagramProtocol):
    """Answers each datagram with what a function makes of it."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.requests += 1
        for answer in self.answering(data, addr):
            self.transport.sendto(answer, addr)


def detect(answering: Answering, **options: object) -> tuple[NatBehavior, int]:
    """What is concluded from such a server, and how many requests it got."""

    async def run() -> tuple[NatBehavior, int]:
        loop = asyncio.get_running_loop()
        transport, fake = await loop.create_datagram_endpoint(
            lambda: FakeServer(answering), local_addr=("127.0.0.1", 0)
        )
        address = Address(*transport.get_extra_info("sockname"))
        try:
            behavior = await detect_nat(address, pace_s=0.0, **options)  # type: ignore[arg-type]
        finally:
            transport.close()
        return behavior, fake.requests

    return asyncio.run(run())


def answer(data: bytes, mapped: tuple[str, int], *more: tuple[int, object]) -> bytes:
    return stun.build(
        stun.Method.BINDING,
        stun.MessageClass.SUCCESS,
        stun.parse(data).transaction_id,
        [(stun.AttributeType.XOR_MAPPED_ADDRESS, Address(*mapped)), *more],
    )


def test_silence_is_asked_five_times_and_tcp_once() -> None:
    behavior, requests = detect(lambda data, source: [])
    assert requests == 5
    assert behavior.rfc3489 == "blocked"
    # Nothing listens on the port by TCP either, nor on 443 here.
    assert not any(behavior.tcp.values())
    assert behavior.reachable.confidence == "low"


def test_tcp_that_answers_makes_it_certain() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", port))
            behavior = asyncio.run(detect_nat(Address("127.0.0.1", port), pace_s=0.0))
    assert (behavior.rfc3489, behavior.reachable.confidence) == ("blocked", "high")
    assert behavior.tcp[port]


def test_lost_first_answers_are_made_up_for() -> None:
    seen: dict[bytes, int] = {}

    def lose_two(data: bytes, source: tuple[str, int]) -> list[bytes]:
        seen[data] = seen.get(data, 0) + 1
        return [] if seen[data] < 3 else [answer(data, source)]

    behavior, _ = detect(lose_two, quick=True)
    assert behavior.translated.value is False
    assert behavior.outcomes[0].sent == 3


def test_change_request_that_is_ignored_voids_the_filtering() -> None:
    other = (stun.AttributeType.OTHER_ADDRESS, Address("127.0.0.2", 9))
    behavior, _ = detect(lambda data, source: [answer(data, source, other)], quick=True)
    assert behavior.filtering.value == "unknown"
    assert "whatever CHANGE-REQUEST says" in behavior.filtering.why


def test_error_is_an_answer_and_no_verdict() -> None:
    def refuse(data: bytes, source: tuple[str, int]) -> list[bytes]:
        transaction = stun.parse(data).transaction_id
        error = (stun.AttributeType.ERROR_CODE, stun.ErrorCode(401, "Unauthenticated"))
        return [stun.build(stun.Method.BINDING, stun.MessageClass.ERROR, transaction, [error])]

    behavior, requests = detect(refuse)
    assert requests == 1
    assert behavior.mapping.value == "unknown"
    assert "401" in behavior.reachable.why


@pytest.mark.parametrize("seed", range(3))
def test_rubbish_before_and_behind_each_answer_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)

    def damage(data: bytes) -> bytes:
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        return bytes(damaged[: chance.randint(0, len(damaged))])

    def spoil(data: bytes, source: tuple[str, int]) -> list[bytes]:
        lie = answer(data, ("192.0.2.1", 1))
        # Right but for its transaction: a guess of somebody else.
        guessed = lie[:8] + chance.randbytes(12) + lie[20:]
        wrong = [damage(lie)[:19], guessed, chance.randbytes(60), b"", struct.pack("!H", 0x0101)]
        chance.shuffle(wrong)
        return [*wrong, data[:1], answer(data, source), answer(data, ("192.0.2.9", 9))]

    behavior, _ = detect(spoil, quick=True)
    assert behavior.translated.value is False


def test_request_that_a_server_sends_back_is_no_answer() -> None:
    behavior, _ = detect(lambda data, source: [data])
    assert behavior.rfc3489 == "blocked"


def test_own_server_shows_that_loopback_is_open() -> None:
    async def run() -> NatBehavior:
        async with StunServer(("127.0.0.1", "127.0.0.2"), 0, tcp=False) as server:
            return await detect_nat(server.addresses[0], pace_s=0.0)

    behavior = asyncio.run(run())
    assert behavior.rfc3489 == "open"
    assert behavior.fragments.value is True


def test_new_requests_are_ten_a_second_at_most() -> None:
    times: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        async with StunServer(("127.0.0.1", "127.0.0.2"), 0, tcp=False) as server:
            server.on_request = lambda *_: times.append(loop.time())
            await detect_nat(server.addresses[0])

    asyncio.run(run())
    assert len(times) > 15
    # RFC 5780, 5; a timer may fire a little early or late.
    for earlier, later in zip(times, times[11:], strict=False):
        assert later - earlier > 0.9
