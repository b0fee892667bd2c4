"""The native engine on loopback: connecting, roles, data, restart, consent, failure."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from rtckit.core.address import Address
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.events import Event
from rtckit.ice.settings import Credentials, Settings
from rtckit.live.description import build_offer, read_remote
from rtckit.live.engines.engine import IceFailed
from rtckit.live.engines.native import NativeEngine
from rtckit.live.gather import GatherSettings

LOOPBACK = GatherSettings(interfaces=("lo",), families=(4,), budget_s=0.5)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 30))  # type: ignore[arg-type]


def described(candidate: IceCandidate) -> IceCandidate:
    """As it comes to the other end, through its SDP."""
    return IceCandidate.from_sdp(candidate.to_sdp())


async def join(a: NativeEngine, b: NativeEngine, transport: str | None = None) -> None:
    await asyncio.gather(a.gather(), b.gather())
    introduce(a, b, transport)


def introduce(a: NativeEngine, b: NativeEngine, transport: str | None = None) -> None:
    for one, other in ((a, b), (b, a)):
        one.set_remote(other.credentials)
        for candidate in other.local:
            if transport in (None, candidate.transport):
                one.add_remote(described(candidate))
        one.end_of_remote()


def pair_of_engines(**options: Any) -> tuple[NativeEngine, NativeEngine]:
    options = {"gathering": LOOPBACK} | options
    return NativeEngine(controlling=True, **options), NativeEngine(controlling=False, **options)


async def close(*engines: NativeEngine) -> None:
    await asyncio.gather(*(engine.close() for engine in engines))


async def exchange(a: NativeEngine, b: NativeEngine) -> None:
    """Data passes both ways; its first byte is none of STUN's."""
    for one, other in ((a, b), (b, a)):
        came = asyncio.get_running_loop().create_future()
        other.on_data = came.set_result
        one.send(b"\x80data")
        assert await asyncio.wait_for(came, 2) == b"\x80data"


@pytest.mark.parametrize("nomination", ["regular", "aggressive"])
def test_connects_and_carries_data(nomination: str) -> None:
    async def work() -> None:
        a, b = pair_of_engines(nomination=nomination)
        await join(a, b)
        ours, theirs = await asyncio.gather(a.connect(), b.connect())
        assert ours.local.address == theirs.remote.address
        assert ours.remote.address == theirs.local.address
        assert ours.rtt is not None
        assert 0 < ours.elapsed < 1
        await exchange(a, b)
        await close(a, b)
        assert a.state == "closed"
        with pytest.raises(IceFailed):
            a.send(b"late")

    run(work)


def test_early_checks_are_answered() -> None:
    # The answerer checks before the offerer has its answer (RFC 8445, 7.3).
    async def work() -> None:
        a, b = pair_of_engines()
        await asyncio.gather(a.gather(), b.gather())
        b.set_remote(a.credentials)
        for candidate in a.local:
            b.add_remote(described(candidate))
        await asyncio.sleep(0.05)
        assert a.state == "new"
        a.set_remote(b.credentials)  # and learns where b is from its checks alone
        await asyncio.gather(a.connect(2), b.connect(2))
        await close(a, b)

    run(work)


def test_a_conflict_of_roles_is_repaired() -> None:
    async def work() -> None:
        a = NativeEngine(controlling=True, gathering=LOOPBACK)
        b = NativeEngine(controlling=True, gathering=LOOPBACK)
        await join(a, b)
        await asyncio.gather(a.connect(2), b.connect(2))
        assert a.controlling != b.controlling
        await close(a, b)

    run(work)


@pytest.mark.parametrize("other_follows", [True, False])
def test_renomination_needs_both_ends(other_follows: bool) -> None:
    async def work() -> None:
        settings = Settings(renomination=True)
        a = NativeEngine(controlling=True, gathering=LOOPBACK, settings=settings)
        b = NativeEngine(
            controlling=False, gathering=LOOPBACK, settings=settings if other_follows else None
        )
        await asyncio.gather(a.gather(), b.gather())
        for one, other in ((a, b), (b, a)):
            text = build_offer(one.credentials, one.local, Random(1), options=one.options)
            read = read_remote(text)
            assert ("renomination" in read.options) == (one is a or other_follows)
            other.set_remote(read.credentials, options=read.options)
            for candidate in read.candidates:
                other.add_remote(candidate)
        await asyncio.gather(a.connect(2), b.connect(2))
        assert a.agent.renominates == other_follows
        assert b.agent.renominates == other_follows
        await close(a, b)

    run(work)


def test_a_lite_end_only_answers() -> None:
    async def work() -> None:
        full = NativeEngine(controlling=False, gathering=LOOPBACK)
        lite = NativeEngine(controlling=False, gathering=LOOPBACK, lite=True)
        events: list[Event] = []
        lite.on_event = events.append
        await asyncio.gather(full.gather(), lite.gather())
        full.set_remote(lite.credentials, lite=True)
        lite.set_remote(full.credentials)
        for candidate in lite.local:
            full.add_remote(described(candidate))
        full.end_of_remote()
        await asyncio.gather(full.connect(2), lite.connect(2))
        assert full.controlling
        assert "sent" not in [event.event for event in events]
        await exchange(full, lite)
        await close(full, lite)

    run(work)


def test_tcp() -> None:
    async def work() -> None:
        a, b = pair_of_engines(gathering=replace(LOOPBACK, tcp=True))
        await join(a, b, "tcp")
        ours, theirs = await asyncio.gather(a.connect(5), b.connect(5))
        kinds = {ours.base.tcptype, theirs.base.tcptype}
        assert kinds == {"active", "passive"}
        await exchange(a, b)
        await close(a, b)

    run(work)


def test_restart_keeps_data_flowing_until_it_is_done() -> None:
    async def work() -> None:
        a, b = pair_of_engines()
        await join(a, b)
        await asyncio.gather(a.connect(2), b.connect(2))
        before = a.credentials
        assert a.restart() != before
        b.restart()
        await exchange(a, b)
        introduce(a, b)
        await asyncio.gather(a.connect(2), b.connect(2))
        await exchange(a, b)
        await close(a, b)

    run(work)


def test_consent_is_kept_and_its_loss_ends_the_session() -> None:
    quick = Settings(consent_interval=0.05, consent_timeout=0.4, disconnected_after=0.2)

    async def work() -> None:
        a, b = pair_of_engines(settings=quick)
        events: list[Event] = []
        a.on_event = events.append
        await join(a, b)
        await asyncio.gather(a.connect(2), b.connect(2))
        await asyncio.sleep(0.5)
        assert a.state == "completed"
        await b.close()
        await asyncio.sleep(0.6)
        assert a.state == "failed"
        with pytest.raises(IceFailed, match="consent"):
            a.send(b"gone")
        asked = [event for event in events if event.event == "consent"]
        assert any("rtt" in event.detail for event in asked)
        assert asked[-1].detail["lost"]
        await close(a)

    run(work)


def _dead(ip: str, port: int) -> IceCandidate:
    address = Address(ip, port)
    return IceCandidate("host", "udp", address, address, 2130706431, "dead")


def test_nothing_in_common_fails_at_once() -> None:
    async def work() -> None:
        engine = NativeEngine(controlling=True, gathering=LOOPBACK)
        await engine.gather()
        engine.set_remote(Credentials("them", "x" * 22))
        engine.add_remote(_dead("2001:db8::1", 5000))
        engine.end_of_remote()
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(IceFailed, match="suits"):
            await engine.connect()
        assert loop.time() - began < 0.1
        await close(engine)

    run(work)


def test_unreachable_addresses_fail_at_once() -> None:
    # From 127.0.0.1 there is no way to a public address: the kernel says so (EINVAL).
    async def work() -> None:
        engine = NativeEngine(controlling=True, gathering=LOOPBACK)
        await engine.gather()
        engine.set_remote(Credentials("them", "x" * 22))
        engine.add_remote(_dead("198.51.100.1", 5000))
        engine.end_of_remote()
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(IceFailed):
            await engine.connect()
        assert loop.time() - began < 1.0
        [pair] = engine.pairs()
        assert pair["state"] == "failed"
        assert pair["why"]
        await close(engine)

    run(work)


def test_a_limit_of_the_caller() -> None:
    async def work() -> None:
        engine = NativeEngine(controlling=True, gathering=LOOPBACK)
        await engine.gather()
        engine.set_remote(Credentials("them", "x" * 22))
        with pytest.raises(IceFailed, match=r"0\.1 s"):
            await engine.connect(0.1)
        await close(engine)

    run(work)


def test_a_host_name_is_not_looked_up() -> None:
    async def work() -> None:
        engine = NativeEngine(controlling=True, gathering=LOOPBACK)
        events: list[Event] = []
        engine.on_event = events.append
        await engine.gather()
        engine.set_remote(Credentials("them", "x" * 22))
        engine.add_remote(_dead("peer.example.org", 5000))
        engine.end_of_remote()
        with pytest.raises(IceFailed):
            await engine.connect(2)
        assert any("not looked up" in str(e.detail.get("reason")) for e in events)
        await close(engine)

    run(work)


def test_trickle_hands_out_every_candidate_and_their_end() -> None:
    async def work() -> None:
        engine = NativeEngine(controlling=True, gathering=replace(LOOPBACK, tcp=True))
        told: list[IceCandidate | None] = []
        engine.on_candidate = told.append
        await engine.gather()
        assert told == [*engine.local, None]
        assert [c.tcptype for c in engine.local] == [None, "active", "passive"]
        await close(engine)

    run(work)


def test_garbage_is_data_and_forged_answers_change_nothing() -> None:
    async def work() -> None:
        a, b = pair_of_engines()
        await join(a, b)
        await asyncio.gather(a.connect(2), b.connect(2))
        came: list[bytes] = []
        a.on_data = came.append
        target = a.local[0].address
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=target
        )
        transport.sendto(b"\x00")
        transport.sendto(b"\x01\x01\x00\x00\x21\x12\xa4\x42" + b"\0" * 12)
        await asyncio.sleep(0.05)
        assert a.state == "completed"
        assert came == [b"\x00"]
        transport.close()
        await exchange(a, b)
        await close(a, b)

    run(work)


def test_a_silent_peer_is_given_up_when_rfc_8863_says_so() -> None:
    async def work() -> None:
        settings = Settings(pac=0.4, rto=0.1)
        engine = NativeEngine(controlling=True, gathering=LOOPBACK, settings=settings)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        await engine.gather()
        engine.set_remote(Credentials("them", "x" * 22))
        engine.add_remote(_dead(*transport.get_extra_info("sockname")))
        engine.end_of_remote()
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(IceFailed, match="nothing at all came from the peer"):
            await engine.connect()
        assert 0.35 < loop.time() - began < 2.0
        assert [cause["kind"] for cause in engine.causes()] == ["nothing-heard"]
        assert all(cause["fix"] for cause in engine.causes())
        transport.close()
        await close(engine)

    run(work)


def test_connects_faster_than_a_poll_could() -> None:
    # Both ends in one thread: the best of many says what the engine needs, not what others take.
    async def work() -> None:
        times = []
        for _ in range(30):
            a, b = pair_of_engines()
            await asyncio.gather(a.gather(), b.gather())
            began = asyncio.get_running_loop().time()
            introduce(a, b)
            await asyncio.gather(a.connect(), b.connect())
            times.append(asyncio.get_running_loop().time() - began)
            await close(a, b)
        assert min(times) < 0.006
        assert not [t for t in times if t > 1.0]

    run(work)
