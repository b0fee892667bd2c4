"""The aioice engine on loopback: the same surface as the native one, and the same events."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aioice
import pytest

from rtckit.analysis.ice_feed import IceFeed
from rtckit.core.address import Address
from rtckit.core.errors import UsageError
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.events import Event
from rtckit.live.engines import aioice_observed
from rtckit.live.engines.aioice import AioiceEngine
from rtckit.live.engines.aioice_observed import ObservedConnection, missing_hooks
from rtckit.live.engines.engine import IceFailed
from rtckit.live.engines.native import NativeEngine
from rtckit.live.gather import GatherSettings
from rtckit.live.servers import parse_server
from rtckit.wire import stun

LOOPBACK = GatherSettings(interfaces=("lo",), families=(4,), budget_s=0.5)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine, with a limit of its own."""
    asyncio.run(asyncio.wait_for(work(), 30))  # type: ignore[arg-type]


def recorded(engine: Any) -> list[Event]:
    """The events of an engine from now on."""
    events: list[Event] = []
    engine.on_event = events.append
    return events


async def join(a: Any, b: Any) -> None:
    """Give each end what a description would."""
    await asyncio.gather(a.gather(), b.gather())
    for one, other in ((a, b), (b, a)):
        one.set_remote(other.credentials)
        for candidate in other.local:
            one.add_remote(candidate)
        one.end_of_remote()


def kinds(events: list[Event]) -> list[str]:
    """The kinds of events, in order."""
    return [event.event for event in events]


@pytest.mark.parametrize("controlling", [AioiceEngine, NativeEngine])
@pytest.mark.parametrize("controlled", [AioiceEngine, NativeEngine])
def test_it_connects_to_itself_and_to_the_native_engine(controlling: Any, controlled: Any) -> None:
    async def work() -> None:
        a = controlling(controlling=True, gathering=LOOPBACK)
        b = controlled(controlling=False, gathering=LOOPBACK)
        got: list[bytes] = []
        a.on_data = b.on_data = got.append
        events = {"a": recorded(a), "b": recorded(b)}
        try:
            await join(a, b)
            ours, theirs = await asyncio.gather(a.connect(10), b.connect(10))
            assert ours.local.address == theirs.remote.address
            assert theirs.local.address == ours.remote.address
            a.send(b"from a")
            b.send(b"from b")
            async with asyncio.timeout(5):
                while len(got) < 2:
                    await asyncio.sleep(0.01)
        finally:
            await asyncio.gather(a.close(), b.close())
        assert sorted(got) == [b"from a", b"from b"]
        assert a.state == b.state == "closed"
        for side, seen in events.items():
            feed = IceFeed()
            feed.apply_all(seen)
            pair = feed.table().selected
            assert pair is not None, side
            assert pair.state == "succeeded"
            assert pair.sent >= 1
            assert pair.received >= 1
            assert pair.rtt_ms is None or 0 < pair.rtt_ms < 5000

    run(work)


def test_its_events_tell_the_course_in_order() -> None:
    async def work() -> None:
        a = AioiceEngine(controlling=True, gathering=LOOPBACK)
        b = NativeEngine(controlling=False, gathering=LOOPBACK)
        events = recorded(a)
        try:
            await join(a, b)
            await asyncio.gather(a.connect(10), b.connect(10))
        finally:
            await asyncio.gather(a.close(), b.close())
        told = kinds(events)
        course = ["engine", "gathering", "local-candidate", "remote-candidate", "pair", "sent"]
        course += ["response", "nominated", "selected"]
        assert [told.index(kind) for kind in course] == sorted(told.index(kind) for kind in course)
        states = [event.detail["state"] for event in events if event.event == "state"]
        assert states == ["checking", "connected", "completed", "closed"]
        local = next(event for event in events if event.event == "local-candidate")
        assert local.detail["interface"] == "lo"
        pair = next(event for event in events if event.event == "pair")
        assert pair.detail["local"].startswith("host udp 127.0.0.1:")
        assert (pair.pair, len(pair.detail["foundation"])) == (1, 2)
        # USE-CANDIDATE stands in every check: aioice nominates aggressively.
        sent = [event for event in events if event.event == "sent"]
        assert all(event.detail["use_candidate"] for event in sent)

    run(work)


def test_an_end_of_candidates_that_comes_too_early_loses_none() -> None:
    async def work() -> None:
        a = AioiceEngine(controlling=True, gathering=LOOPBACK)
        b = NativeEngine(controlling=False, gathering=LOOPBACK)
        try:
            await asyncio.gather(a.gather(), b.gather())
            a.end_of_remote()
            await asyncio.sleep(0.01)
            for one, other in ((a, b), (b, a)):
                one.set_remote(other.credentials)
                for candidate in other.local:
                    one.add_remote(candidate)
            b.end_of_remote()
            await asyncio.gather(a.connect(10), b.connect(10))
        finally:
            await asyncio.gather(a.close(), b.close())

    run(work)


def test_two_controlling_ends_settle_their_roles_and_tell() -> None:
    async def work() -> None:
        a = AioiceEngine(controlling=True, gathering=LOOPBACK)
        b = NativeEngine(controlling=True, gathering=LOOPBACK)
        ours, theirs = recorded(a), recorded(b)
        try:
            await join(a, b)
            await asyncio.gather(a.connect(10), b.connect(10))
            assert a.controlling != b.controlling
        finally:
            await asyncio.gather(a.close(), b.close())
        # aioice tells its first role as well.
        assert kinds(ours).count("role") + kinds(theirs).count("role") > 1

    run(work)


async def answer_stun(mapped: Address | None) -> tuple[asyncio.DatagramTransport, Address]:
    """A STUN server on loopback that tells everybody the same address, or never answers."""

    class Server(asyncio.DatagramProtocol):
        transport: asyncio.DatagramTransport

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            if mapped is None:
                return
            asked = stun.parse(data)
            answer = stun.build(
                stun.Method.BINDING,
                stun.MessageClass.SUCCESS,
                asked.transaction_id,
                [(stun.AttributeType.XOR_MAPPED_ADDRESS, mapped)],
            )
            self.transport.sendto(answer, addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    return transport, Address(*transport.get_extra_info("sockname"))


def settings_with(address: Address, **more: Any) -> GatherSettings:
    """Loopback and one STUN server."""
    server = parse_server(f"stun:{address.ip}:{address.port}")
    return GatherSettings((server,), ("lo",), (4,), budget_s=0.5, **more)


def test_what_a_stun_server_tells_is_a_candidate_with_its_round_trip() -> None:
    async def work() -> None:
        mapped = Address("192.0.2.7", 4242)
        transport, address = await answer_stun(mapped)
        engine = AioiceEngine(controlling=True, gathering=settings_with(address))
        events = recorded(engine)
        try:
            await engine.gather()
        finally:
            await engine.close()
            transport.close()
        (found,) = [e for e in events if e.detail.get("type") == "srflx"]
        assert (found.detail["address"], found.detail["port"]) == mapped
        assert found.detail["server"] == f"stun:{address.ip}:{address.port}"
        assert 0 < found.detail["rtt_ms"] < 500
        (candidate,) = [c for c in engine.local if c.type == "srflx"]
        assert candidate.base.ip == "127.0.0.1"

    run(work)


def test_a_stun_server_that_does_not_answer_is_told_of_and_costs_the_budget_alone() -> None:
    async def work() -> None:
        transport, address = await answer_stun(None)
        engine = AioiceEngine(controlling=True, gathering=settings_with(address))
        events = recorded(engine)
        begin = engine.now()
        try:
            await engine.gather()
            took = engine.now() - begin
        finally:
            await engine.close()
            transport.close()
        (error,) = [event.detail for event in events if event.event == "candidate-error"]
        assert error["server"] == f"stun:{address.ip}:{address.port}"
        assert error["reason"] == "no answer in 0.5 s"
        assert took < 3  # aioice itself would wait for five seconds

    run(work)


def test_a_turn_server_that_refuses_is_told_of_with_its_code() -> None:
    async def work() -> None:
        class Refuse(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                asked = stun.parse(data)
                attributes: list[tuple[int, Any]] = [
                    (stun.AttributeType.ERROR_CODE, stun.ErrorCode(486, "Allocation Quota Reached"))
                ]
                answer = stun.build(
                    asked.method, stun.MessageClass.ERROR, asked.transaction_id, attributes
                )
                self.transport.sendto(answer, addr)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Refuse, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        server = parse_server(f"turn:127.0.0.1:{port}", "user", "secret")
        gathering = GatherSettings((server,), ("lo",), (4,), "relay", budget_s=0.5)
        engine = AioiceEngine(controlling=True, gathering=gathering)
        events = recorded(engine)
        try:
            await engine.gather()
        finally:
            await engine.close()
            transport.close()
        (error,) = [event.detail for event in events if event.event == "candidate-error"]
        assert (error["code"], error["reason"]) == (486, "Allocation Quota Reached")
        assert error["server"] == f"turn:127.0.0.1:{port}"
        assert "secret" not in str(events)
        assert engine.local == []

    run(work)


def test_a_peer_that_is_not_there_is_given_up_in_time_and_its_pair_says_why() -> None:
    async def work() -> None:
        transport, address = await answer_stun(None)
        engine = AioiceEngine(controlling=True, gathering=LOOPBACK)
        other = NativeEngine(controlling=False, gathering=LOOPBACK)
        events = recorded(engine)
        try:
            await engine.gather()
            engine.set_remote(other.credentials)
            engine.add_remote(IceCandidate("host", "udp", address, address, 2130706431, "1"))
            engine.end_of_remote()
            with pytest.raises(IceFailed, match="no pair was selected"):
                await engine.connect(0.9)
            (pair,) = engine.pairs()
            assert (pair["state"], pair["requests_sent"]) == ("in-progress", 2)
            assert [event.event for event in events][-1] == "retransmitted"
        finally:
            await engine.close()
            await other.close()
            transport.close()

    run(work)


def test_without_candidates_it_fails_at_once_and_says_so() -> None:
    async def work() -> None:
        gathering = GatherSettings(interfaces=("no-such-interface",))
        engine = AioiceEngine(controlling=True, gathering=gathering)
        other = NativeEngine(controlling=False, gathering=LOOPBACK)
        try:
            await engine.gather()
            engine.set_remote(other.credentials)
            engine.end_of_remote()
            with pytest.raises(IceFailed, match="there is no local candidate"):
                await engine.connect(5)
        finally:
            await engine.close()
            await other.close()

    run(work)


def test_before_gathering_there_is_nothing_to_connect() -> None:
    async def work() -> None:
        engine = AioiceEngine(controlling=True, gathering=LOOPBACK)
        with pytest.raises(IceFailed):
            await engine.connect(1)
        with pytest.raises(IceFailed):
            engine.send(b"x")
        await engine.close()
        await engine.close()

    run(work)


def test_what_aioice_cannot_do_is_refused_or_told() -> None:
    async def work() -> None:
        with pytest.raises(UsageError, match="lite"):
            AioiceEngine(controlling=True, lite=True)
        with pytest.raises(UsageError, match="aggressively"):
            AioiceEngine(controlling=True, nomination="regular")
        servers = tuple(parse_server(f"stun:127.0.0.1:{port}") for port in (9, 10))
        gathering = GatherSettings(servers, ("lo",), (4,), tcp=True, budget_s=0.2)
        engine = AioiceEngine(controlling=True, gathering=gathering)
        events = recorded(engine)
        await engine.gather()
        await engine.close()
        reasons = [e.detail["reason"] for e in events if e.event == "candidate-error"]
        assert any("asks one STUN server" in reason for reason in reasons)
        assert "aioice knows no ICE-TCP" in reasons

    run(work)


# -- the observation ------------------------------------------------------------------------------


def test_this_aioice_has_every_name_the_observation_stands_on() -> None:
    async def work() -> None:
        assert missing_hooks() == []

    run(work)


def test_an_aioice_without_these_names_still_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.setattr(aioice_observed, "_HOOKS", ("no_such_method",))
        a = AioiceEngine(controlling=True, gathering=LOOPBACK)
        assert a.observed is not None
        assert "no_such_method" in a.observed
        b = NativeEngine(controlling=False, gathering=LOOPBACK)
        events = recorded(a)
        try:
            await join(a, b)
            await asyncio.gather(a.connect(10), b.connect(10))
        finally:
            await asyncio.gather(a.close(), b.close())
        assert "local-candidate" in kinds(events)
        assert "pair" not in kinds(events)
        note = next(event for event in events if event.event == "engine")
        assert "no_such_method" in note.detail["note"]

    run(work)


def test_an_observation_that_breaks_stops_and_the_connection_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        def breaks(self: ObservedConnection, *arguments: Any) -> None:
            raise KeyError("renamed")

        monkeypatch.setattr(ObservedConnection, "_note_state", breaks)
        a = AioiceEngine(controlling=True, gathering=LOOPBACK)
        b = NativeEngine(controlling=False, gathering=LOOPBACK)
        events = recorded(a)
        try:
            await join(a, b)
            await asyncio.gather(a.connect(10), b.connect(10))
        finally:
            await asyncio.gather(a.close(), b.close())
        notes = [e.detail["note"] for e in events if e.event == "engine" and e.detail.get("note")]
        assert len(notes) == 1
        assert "cannot be watched any more: KeyError" in notes[0]

    run(work)


def test_the_pin_is_the_version_that_was_read() -> None:
    assert aioice.__version__.startswith("0.13.")
