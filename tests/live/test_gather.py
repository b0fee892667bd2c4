"""Gathering: on loopback with servers of the test, and the order of interfaces."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import pytest

from rtckit.core.address import Address, Scope, scope_of
from rtckit.ice.events import Event
from rtckit.live.engines.native import NativeEngine
from rtckit.live.gather import Gatherer, GatherSettings, gather
from rtckit.live.interfaces import Interface, InterfaceAddress
from rtckit.live.preferences import choose_bases
from rtckit.live.servers import Server
from rtckit.live.stun_server import StunServer
from rtckit.wire import stun


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 30))  # type: ignore[arg-type]


async def gathered(*servers: Server, **options: Any) -> list[Event]:
    options = {"interfaces": ("lo",), "families": (4,), "budget_s": 0.6} | options
    return [event async for event in gather(servers, **options)]


def of(events: Iterable[Event], kind: str) -> list[dict[str, Any]]:
    return [event.detail for event in events if event.event == kind]


class Mapper(asyncio.DatagramProtocol):
    """A STUN server that sees everybody as one address; after ``mute`` requests it answers."""

    def __init__(self, mapped: Address, mute: int = 0) -> None:
        self.mapped = mapped
        self.mute = mute

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, source: Any) -> None:
        if self.mute:
            self.mute -= 1
            return
        answer = stun.build(
            stun.Method.BINDING,
            stun.MessageClass.SUCCESS,
            stun.parse(data).transaction_id,
            [(stun.AttributeType.XOR_MAPPED_ADDRESS, self.mapped)],
        )
        self.transport.sendto(answer, source)


@contextlib.asynccontextmanager
async def mapper(mapped: str, mute: int = 0) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Mapper(Address(mapped, 4000), mute), local_addr=("127.0.0.1", 0)
    )
    yield Server("stun", "127.0.0.1", transport.get_extra_info("sockname")[1])
    transport.close()


def test_host_candidates_alone() -> None:
    async def work() -> None:
        events = await gathered()
        assert [event.event for event in events] == [
            "gathering",
            "local-candidate",
            "gathering",
            "result",
        ]
        [candidate] = of(events, "local-candidate")
        assert (candidate["type"], candidate["address"]) == ("host", "127.0.0.1")
        assert candidate["interface"] == "lo"

    run(work)


def test_loopback_only_when_asked() -> None:
    async def work() -> None:
        events = await gathered(interfaces=None)
        assert all(entry["interface"] != "lo" for entry in of(events, "local-candidate"))

    run(work)


def test_what_several_servers_see() -> None:
    async def work() -> None:
        async with mapper("198.51.100.1") as one, mapper("198.51.100.2") as other:
            events = await gathered(one, other)
            found = [c for c in of(events, "local-candidate") if c["type"] == "srflx"]
            assert {(c["address"], c["server"]) for c in found} == {
                ("198.51.100.1", one.label),
                ("198.51.100.2", other.label),
            }
            assert all(c["rtt_ms"] is not None for c in found)
            assert [entry["ok"] for entry in of(events, "server")] == [True, True]
            # RFC 8445, 5.1.1.3: of another server, another foundation.
            assert len({c["foundation"] for c in of(events, "local-candidate")}) == 3

    run(work)


def test_redundant_candidates_are_left_out() -> None:
    # Without a NAT the server sees the host candidate (RFC 8445, 5.1.3).
    async def work() -> None:
        async with StunServer(("127.0.0.1",), 0) as server:
            place = server.addresses[0]
            events = await gathered(Server("stun", place.ip, place.port))
        assert [c["type"] for c in of(events, "local-candidate")] == ["host"]
        [answer] = of(events, "server")
        assert answer["mapped"].startswith("127.0.0.1:")

    run(work)


def test_a_refused_server_ends_it_at_once() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        events = await gathered(Server("stun", "127.0.0.1", 9), budget_s=5.0)
        assert loop.time() - began < 1.0
        [error] = of(events, "candidate-error")
        assert error["error"] == "icmp"
        assert error["code"] == 701
        assert "port unreachable" in error["reason"]

    run(work)


def test_a_silent_server_costs_the_budget_and_no_more() -> None:
    async def work() -> None:
        async with mapper("198.51.100.9", mute=100) as silent, mapper("198.51.100.1") as fine:
            loop = asyncio.get_running_loop()
            began = loop.time()
            events = await gathered(silent, fine, budget_s=0.3)
            assert 0.25 < loop.time() - began < 0.8
            [error] = of(events, "candidate-error")
            assert (error["server"], error["error"]) == (silent.label, "timeout")
            assert [c["type"] for c in of(events, "local-candidate")] == ["host", "srflx"]

    run(work)


def test_a_server_is_not_blamed_for_an_interruption() -> None:
    async def work() -> None:
        events: list[Event] = []
        async with mapper("198.51.100.1", mute=100) as silent:
            gatherer = Gatherer(
                GatherSettings((silent,), ("lo",), (4,)),
                clock=asyncio.get_running_loop().time,
                foundation=lambda *_: "1",
                on_candidate=lambda *_: None,
                on_event=events.append,
                on_link=lambda _: None,
            )
            task = asyncio.ensure_future(gatherer.gather())
            await asyncio.sleep(0.05)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await gatherer.close()
        assert [event.event for event in events] == ["gathering"]

    run(work)


def test_a_lost_request_is_sent_again() -> None:
    async def work() -> None:
        async with mapper("198.51.100.1", mute=1) as server:
            settings = GatherSettings((server,), ("lo",), (4,), budget_s=2.0, rto_s=0.05)
            engine = NativeEngine(controlling=True, gathering=settings)
            await engine.gather()
            assert [c.type for c in engine.local] == ["host", "srflx"]
            await engine.close()

    run(work)


def test_an_unknown_name_and_an_unknown_interface() -> None:
    async def work() -> None:
        events = await gathered(Server("stun", "nosuch.invalid", 3478), budget_s=2.0)
        [error] = of(events, "candidate-error")
        assert error["error"] in ("dns", "timeout")
        events = await gathered(interfaces=("nosuch0",))
        [error] = of(events, "candidate-error")
        assert "nosuch0" in error["reason"]
        assert of(events, "result")[0]["candidates"] == []

    run(work)


def test_relay_policy_offers_no_address_of_this_machine() -> None:
    async def work() -> None:
        async with mapper("198.51.100.1") as server:
            events = await gathered(server, policy="relay")
            assert of(events, "local-candidate") == []

    run(work)


def test_mdns_hides_every_related_address() -> None:
    async def work() -> None:
        async with mapper("198.51.100.1") as server:
            settings = GatherSettings((server,), ("lo",), (4,), mdns=True, budget_s=1.0)
            engine = NativeEngine(controlling=True, gathering=settings)
            await engine.gather()
            lines = [candidate.to_sdp(hide_related=True) for candidate in engine.local]
            host, reflexive = lines
            assert host.address.endswith(".local")
            assert (reflexive.related_address, reflexive.related_port) == ("0.0.0.0", 0)
            await engine.close()

    run(work)


def test_mappings_are_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtckit.live.gather._KEEP_ALIVE_S", 0.05)

    async def work() -> None:
        heard: list[bytes] = []

        class Listening(Mapper):
            def datagram_received(self, data: bytes, source: Any) -> None:
                heard.append(data)
                super().datagram_received(data, source)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Listening(Address("198.51.100.1", 4000)), local_addr=("127.0.0.1", 0)
        )
        server = Server("stun", "127.0.0.1", transport.get_extra_info("sockname")[1])
        engine = NativeEngine(
            controlling=True, gathering=GatherSettings((server,), ("lo",), (4,), budget_s=1.0)
        )
        await engine.gather()
        await asyncio.sleep(0.2)
        await engine.close()
        count = len(heard)
        kinds = [stun.parse(data).message_class for data in heard]
        assert kinds[0] is stun.MessageClass.REQUEST
        assert stun.MessageClass.INDICATION in kinds[1:]
        await asyncio.sleep(0.1)
        assert len(heard) == count
        transport.close()

    run(work)


def test_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="policy"):
        GatherSettings(policy="host")
    with pytest.raises(ValueError, match="times"):
        GatherSettings(budget_s=0)


# --- which addresses come first


def interface(name: str, *ips: str, leads_out: bool = False, kind: str = "wired") -> Interface:
    return Interface(
        name,
        1,
        tuple(InterfaceAddress(ip, 24, scope_of(ip)) for ip in ips),
        is_up=True,
        is_loopback=kind == "loopback",
        is_point_to_point=False,
        mtu=1500,
        is_default_route=leads_out,
        kind=kind,
    )


def test_the_default_route_comes_first_and_containers_last() -> None:
    found = choose_bases(
        [
            interface("docker0", "172.17.0.1", kind="container"),
            interface("tun0", "10.8.0.2", kind="vpn"),
            interface("eth1", "192.168.5.5"),
            interface("eth0", "192.0.2.2", leads_out=True),
            interface("lo", "127.0.0.1", kind="loopback"),
        ]
    )
    assert [base.interface for base in found] == ["eth0", "eth1", "tun0", "docker0"]
    preferences = [base.preference for base in found]
    assert preferences == sorted(preferences, reverse=True)
    assert len(set(preferences)) == 4


def test_families_take_turns() -> None:
    # RFC 8421, 4: neither family waits for all of the other.
    found = choose_bases(
        [
            interface("eth0", "192.0.2.2", "2001:db8::2", leads_out=True),
            interface("eth1", "10.0.0.1"),
        ]
    )
    assert [base.ip for base in found] == ["2001:db8::2", "192.0.2.2", "10.0.0.1"]


def test_addresses_that_are_of_no_use() -> None:
    eth = interface("eth0", "fe80::1", "169.254.1.1", "10.0.0.1")
    old = InterfaceAddress("2001:db8::9", 64, Scope.DOCUMENTATION, deprecated=True)
    fresh = InterfaceAddress("2001:db8::a", 64, Scope.DOCUMENTATION, tentative=True)
    other = Interface("eth1", 2, (old, fresh), True, False, False, 1500, False, "wired")
    assert [base.ip for base in choose_bases([eth, other])] == ["10.0.0.1", "169.254.1.1"]
