"""Gathering candidates on every interface and from every server, at once (RFC 8445, 5.1.1).

Each step is told as it happens, each failure with its kind: nothing is swallowed. Gathering ends
with the last answer, and at the end of its budget whatever is missing.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from random import SystemRandom
from types import ModuleType
from typing import Any

from rtckit.analysis.probe import ProbeSet
from rtckit.core.address import Address
from rtckit.ice.candidate import HOST, RELAY, SRFLX, IceCandidate
from rtckit.ice.events import Event
from rtckit.ice.priority import candidate_priority, tcp_local_preference
from rtckit.ice.settings import Settings
from rtckit.live.errors import ProbeError
from rtckit.live.gather_log import GatherLog
from rtckit.live.interfaces import list_interfaces
from rtckit.live.links import Link, UdpLink
from rtckit.live.preferences import Base, choose_bases
from rtckit.live.relay_link import RelayLink
from rtckit.live.servers import Server, resolve
from rtckit.live.stun_client import StunClient
from rtckit.live.transport import open_transport, open_udp
from rtckit.live.turn_client import TurnClient, open_turn
from rtckit.wire import stun

__all__ = ["GatherSettings", "Gatherer", "gather"]

_KEEP_ALIVE_S = 15.0
"""How often a reflexive address is used while nobody knows whether it is needed (RFC 8445, 11)."""


@dataclass(frozen=True, slots=True)
class GatherSettings:
    """Where candidates come from.

    Attributes:
        servers: STUN and TURN servers to ask; none is known by default.
        interfaces: names of those to gather on; None for all that are up, but for loopback.
        families: 4, 6 or both.
        policy: ``all``, or ``relay`` for relayed candidates alone.
        loopback: gather on loopback too.
        tcp: host candidates over TCP too, active and passive (RFC 6544).
        mdns: name host candidates instead of telling their addresses.
        budget_s: when to end without the servers that have not answered, in seconds.
        rto_s: until a request to a server is sent again, twice that the next time.
    """

    servers: tuple[Server, ...] = ()
    interfaces: tuple[str, ...] | None = None
    families: tuple[int, ...] = (4, 6)
    policy: str = "all"
    loopback: bool = False
    tcp: bool = False
    mdns: bool = False
    budget_s: float = 2.5
    rto_s: float = 0.5

    def __post_init__(self) -> None:
        if self.policy not in ("all", "relay"):
            raise ValueError(f"no such policy: {self.policy!r} (all or relay)")
        if self.budget_s <= 0 or self.rto_s <= 0:
            raise ValueError("times are more than nothing")


class Gatherer:
    """Gathers once, and keeps the sockets that the candidates stand on.

    Args:
        settings: where candidates come from.
        clock: gives the time of events, in seconds.
        foundation: gives the foundation for a type, transport, base IP and server.
        on_candidate: takes each candidate, with the seconds its server took, or None.
        on_event: takes ``gathering``, ``server`` and ``candidate-error`` events.
        on_link: takes each link, before its candidates.
    """

    def __init__(
        self,
        settings: GatherSettings,
        *,
        clock: Callable[[], float],
        foundation: Callable[[str, str, str, str], str],
        on_candidate: Callable[[IceCandidate, float | None], None],
        on_event: Callable[[Event], None],
        on_link: Callable[[Link], None],
    ) -> None:
        self.settings = settings
        self.complete = False
        self._interrupted = False
        self.log = GatherLog(clock, on_event)
        self._clock = clock
        self._foundation = foundation
        self._on_candidate = on_candidate
        self._on_link = on_link
        self._bases: list[Base] = []
        self._hosts: list[tuple[Base, UdpLink]] = []
        self._links: list[Link] = []
        self._addresses: dict[Server, asyncio.Task[tuple[Address, ...]]] = {}
        self._next_start = 0.0
        self._mdns: Any = None
        self._mappings: dict[tuple[Address, Address], UdpLink] = {}
        self._keeping: asyncio.TimerHandle | None = None

    # -- the course ------------------------------------------------------------------------------

    async def gather(self) -> None:
        """Gather everything; returns with the last answer, or when the budget is used up."""
        began = self._clock()
        settings = self.settings
        bases = self._choose_bases()
        names = list(dict.fromkeys(base.interface for base in bases))
        self.log.emit("gathering", state="started", interfaces=names, policy=settings.policy)
        if not bases:
            self.log.failed(None, None, ProbeError(self._why_no_address()), began)
        for base in bases:
            await self._open_host(base)
        work = self._questions(bases)
        if work:
            await self._run(work, began)
        self.complete = True
        self.log.emit(
            "gathering",
            state="complete",
            elapsed_ms=_ms(self._clock() - began),
            errors=len(self.log.errors),
        )

    def _choose_bases(self) -> list[Base]:
        """Return the addresses to gather on; they are looked up once."""
        if not self._bases:
            settings = self.settings
            self._bases = choose_bases(
                list_interfaces(),
                names=settings.interfaces,
                families=settings.families,
                loopback=settings.loopback,
            )
        return self._bases

    def _why_no_address(self) -> str:
        known = [interface.name for interface in list_interfaces()]
        wanted = self.settings.interfaces
        if wanted is not None:
            missing = [name for name in wanted if name not in known]
            if missing:
                there = ", ".join(known) or "none"
                return f"no interface {', '.join(missing)} (there is: {there})"
            return f"no usable address on {', '.join(wanted)}"
        return "no interface is up with an address besides loopback"

    def probes(self) -> ProbeSet:
        """Return what asking the servers brought, for the rules."""
        resolved = {
            server: found.result()
            for server, found in self._addresses.items()
            if found.done() and not found.cancelled() and found.exception() is None
        }
        return self.log.probes(resolved)

    async def _open_host(self, base: Base) -> None:
        try:
            link = UdpLink(await open_udp(base.ip))
        except ProbeError as error:
            self.log.failed(None, base, error, self._clock())
            return
        link.client.rto = self.settings.rto_s
        self._hosts.append((base, link))
        self._links.append(link)
        if self.settings.policy == "relay":
            return
        name = await self._name(base)
        self._on_link(link)
        self._add(HOST, base, link.base, link.base, name=name)
        if self.settings.tcp:
            await self._open_tcp(base, name)

    async def _open_tcp(self, base: Base, name: str | None) -> None:
        """Offer TCP from and to an address (RFC 6544, 4.1)."""
        from rtckit.live.tcp_links import ActiveLink, open_passive

        active = ActiveLink(base.ip)
        links: list[Link] = [active]
        try:
            links.append(await open_passive(base.ip))
        except OSError as error:
            self.log.failed(
                None, base, ProbeError(f"cannot listen: {error.strerror}"), self._clock()
            )
        for link, tcptype in zip(links, ("active", "passive"), strict=False):
            self._links.append(link)
            self._on_link(link)
            self._add(HOST, base, link.base, link.base, tcptype=tcptype, name=name)

    async def _name(self, base: Base) -> str | None:
        if not self.settings.mdns:
            return None
        names = await self._mdns_names()
        return str(names.publish(base.ip, SystemRandom()))

    async def _mdns_names(self) -> Any:
        from rtckit.live.mdns import MdnsNames

        if self._mdns is None:
            self._mdns = MdnsNames([base.ip for base in self._choose_bases()])
        return self._mdns

    async def resolve_name(self, name: str) -> tuple[str | None, str]:
        """Ask the local networks for an mDNS name: its address, or None and why not."""
        names = await self._mdns_names()
        answer: tuple[str | None, str] = await names.resolve(name)
        return answer

    # -- servers ---------------------------------------------------------------------------------

    def _questions(self, bases: Sequence[Base]) -> list[Coroutine[Any, Any, None]]:
        work: list[Coroutine[Any, Any, None]] = []
        for server in self.settings.servers:
            for base, link in self._hosts:
                if server.way == "udp" and self.settings.policy == "all":
                    work.append(self._ask_stun(server, base, link))
                elif server.kind == "stun" and server.way != "udp":
                    work.append(self._ask_stun_stream(server, base))
                if server.kind == "turn":
                    work.append(self._ask_turn(server, base))
        return work

    async def _run(self, work: list[Coroutine[Any, Any, None]], began: float) -> None:
        tasks = [asyncio.ensure_future(each) for each in work]
        left = self.settings.budget_s - (self._clock() - began)
        try:
            _, unfinished = await asyncio.wait(tasks, timeout=max(left, 0.0))
        except asyncio.CancelledError:
            unfinished = set(tasks)
            self._interrupted = True
            raise
        finally:
            for task in unfinished:
                task.cancel()
            for resolving in self._addresses.values():
                resolving.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    @contextlib.asynccontextmanager
    async def _failures_of(self, server: Server, base: Base, step: str) -> AsyncIterator[None]:
        """Tell what goes wrong with a server, also that the budget ran out."""
        began = self._clock()
        try:
            yield
        except ProbeError as error:
            self._fail(server, base, error, began, step)
        except asyncio.CancelledError:
            if self._interrupted:
                raise  # the server had no time to answer, and is not to blame
            waited = self._clock() - began
            spent = ProbeError(f"no answer in {waited:.1f} s, which is all there was to wait")
            self._fail(server, base, spent, began, step, kind="timeout")
            raise

    def _fail(
        self,
        server: Server,
        base: Base,
        error: ProbeError,
        began: float,
        step: str,
        *,
        kind: str | None = None,
    ) -> None:
        """Tell an error; that a TURN server answers no Binding request is none by itself."""
        if server.kind == "turn" and step == "binding":
            self.log.missed(server, base, error, began, step)
        else:
            self.log.failed(server, base, error, began, step, kind=kind)

    async def _pace(self) -> None:
        """Begin one question each 5 ms (RFC 8445, 14.2 and B.1)."""
        now = self._clock()
        start = max(now, self._next_start)
        self._next_start = start + Settings().ta
        if start > now:
            await asyncio.sleep(start - now)

    async def _addresses_of(self, server: Server, base: Base) -> Address:
        """Return the server's address of the family of a base; each server is looked up once."""
        resolving = self._addresses.get(server)
        if resolving is None:
            resolving = asyncio.ensure_future(self._resolve(server))
            self._addresses[server] = resolving
        found = await asyncio.shield(resolving)
        for address in found:
            if address.family == base.family:
                return address
        raise _WrongFamily(f"{server.host} has no IPv{base.family} address")

    async def _resolve(self, server: Server) -> tuple[Address, ...]:
        resolution = await resolve(
            server, families=self.settings.families, timeout_s=self.settings.budget_s
        )
        return resolution.addresses

    async def _ask_stun(self, server: Server, base: Base, link: UdpLink) -> None:
        with contextlib.suppress(_WrongFamily):
            async with self._failures_of(server, base, "binding"):
                remote = await self._addresses_of(server, base)
                await self._pace()
                response = await link.client.request(stun.Method.BINDING, (), remote)
                mapped = response.message.xor_mapped_address
                if mapped is None:
                    raise ProbeError("the answer has no XOR-MAPPED-ADDRESS")
                rtt = response.rtt_s
                self.log.answered(server, base, "binding", rtt, mapped=str(mapped))
                if mapped != link.base:
                    self._keep_alive(link, remote)
                self._add(SRFLX, base, mapped, link.base, related=link.base, server=server, rtt=rtt)

    def _keep_alive(self, link: UdpLink, server: Address) -> None:
        """Keep a NAT from forgetting a mapping until the session is over (RFC 8445, 5.1.1.4)."""
        self._mappings[link.base, server] = link
        if self._keeping is None:
            loop = asyncio.get_running_loop()
            self._keeping = loop.call_later(_KEEP_ALIVE_S, self._refresh_mappings)

    def _refresh_mappings(self) -> None:
        for (_, server), link in self._mappings.items():
            link.client.indicate(stun.Method.BINDING, (), server)
        loop = asyncio.get_running_loop()
        self._keeping = loop.call_later(_KEEP_ALIVE_S, self._refresh_mappings)

    async def _ask_stun_stream(self, server: Server, base: Base) -> None:
        """Ask over TCP or TLS: what it maps to is of no use to UDP, but that it answers is."""
        with contextlib.suppress(_WrongFamily):
            async with self._failures_of(server, base, "binding"):
                remote = await self._addresses_of(server, base)
                await self._pace()
                transport = await open_transport(server, remote, local_ip=base.ip)
                client = StunClient(transport)
                try:
                    response = await client.request(stun.Method.BINDING, (), remote)
                finally:
                    client.close()
                mapped = response.message.xor_mapped_address
                self.log.answered(server, base, "binding", response.rtt_s, mapped=str(mapped))

    async def _ask_turn(self, server: Server, base: Base) -> None:
        with contextlib.suppress(_WrongFamily):
            async with self._failures_of(server, base, "allocate"):
                remote = await self._addresses_of(server, base)
                await self._pace()
                family = 6 if base.family == 6 else None
                client = await open_turn(
                    server,
                    remote=remote,
                    local_ip=base.ip,
                    rto=self.settings.rto_s,
                    family=family,
                )
                self._relayed(server, base, client)

    def _relayed(self, server: Server, base: Base, client: TurnClient) -> None:
        allocation = client.allocation
        assert allocation is not None
        link = RelayLink(client, server.label)
        self._links.append(link)
        self.log.answered(
            *(server, base, "allocate", allocation.rtt_s),
            relayed=str(allocation.relayed),
            mapped=None if allocation.mapped is None else str(allocation.mapped),
        )
        self._on_link(link)
        related = allocation.mapped or client.transport.local
        self._add(
            *(RELAY, base, allocation.relayed, allocation.relayed),
            related=related,
            server=server,
            rtt=allocation.rtt_s,
        )

    # -- what is told ----------------------------------------------------------------------------

    def _add(
        self,
        kind: str,
        base: Base,
        address: Address,
        from_address: Address,
        *,
        related: Address | None = None,
        tcptype: str | None = None,
        server: Server | None = None,
        rtt: float | None = None,
        name: str | None = None,
    ) -> None:
        transport = "tcp" if tcptype else "udp"
        preference = base.preference
        if tcptype is not None:
            preference = tcp_local_preference(kind, tcptype, 8191 - (65535 - base.preference))
        elif kind == RELAY and server is not None:
            # Of relays of one server, the one over UDP costs the least (RFC 8445, 5.1.2.2).
            preference = max(0, preference - {"udp": 0, "tcp": 256, "tls": 512}.get(server.way, 0))
        label = "" if server is None else server.label
        if self.settings.mdns and related is not None:
            # draft-ietf-mmusic-mdns-ice-candidates, 3.1.2: what is hidden is hidden here too.
            related = Address("::" if related.family == 6 else "0.0.0.0", 0)
        candidate = IceCandidate(
            *(kind, transport, address, from_address),
            candidate_priority(kind, preference),
            self._foundation(kind, transport, base.ip, label),
            related=related,
            tcptype=tcptype,
            interface=base.interface,
            server=label or None,
            name=name,
        )
        self._on_candidate(candidate, rtt)

    async def close(self) -> None:
        """Give allocations back and close every socket."""
        if self._keeping is not None:
            self._keeping.cancel()
        self._mappings.clear()
        relays = [link for link in self._links if isinstance(link, RelayLink)]
        for link in self._links:
            if not isinstance(link, RelayLink):
                link.close()
        self._links.clear()
        self._hosts.clear()
        if self._mdns is not None:
            self._mdns.close()
            self._mdns = None
        await asyncio.gather(*(relay.give_back() for relay in relays))


class _WrongFamily(Exception):
    """A server cannot be asked from an address of the other family; that is no fault."""


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


async def gather(
    servers: Sequence[Server] = (),
    *,
    interfaces: Sequence[str] | None = None,
    families: Sequence[int] = (4, 6),
    policy: str = "all",
    budget_s: float = 2.5,
    loopback: bool = False,
    tcp: bool = False,
    mdns: bool = False,
) -> AsyncIterator[Event]:
    """Gather candidates and tell each step; the last event is the ``result``.

    Args:
        servers: STUN and TURN servers, from `rtckit.live.servers.parse_server`.
        interfaces: names of those to gather on; None for all but loopback.
        families: 4, 6 or both.
        policy: ``all`` or ``relay``.
        budget_s: when to end without the servers that have not answered, in seconds.
        loopback: gather on loopback too.
        tcp: host candidates over TCP too.
        mdns: name host candidates instead of telling their addresses.
    """
    from rtckit.live.engines.native import NativeEngine

    settings = GatherSettings(
        tuple(servers),
        None if interfaces is None else tuple(interfaces),
        tuple(families),
        policy,
        loopback,
        tcp,
        mdns,
        budget_s,
    )
    engine = NativeEngine(controlling=True, gathering=settings)
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    engine.on_event = events.put_nowait
    gathering = asyncio.ensure_future(engine.gather())
    gathering.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        await gathering
        yield Event(
            engine.now(),
            "result",
            None,
            {
                "candidates": [candidate.as_json() for candidate in engine.local],
                "errors": engine.gatherer.log.errors,
                "elapsed_ms": _ms(engine.now()),
            },
        )
    finally:
        gathering.cancel()
        await engine.close()


class _Callable(ModuleType):
    """``rtckit.live.gather`` names this module and its function: calling either is the same."""

    def __call__(self, *args: Any, **named: Any) -> AsyncIterator[Event]:
        return gather(*args, **named)


sys.modules[__name__].__class__ = _Callable
