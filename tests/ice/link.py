"""Two agents on a virtual link in virtual time."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rtckit.core.address import Address
from rtckit.ice import Agent, Credentials, Event, IceCandidate, Settings, Transmit
from rtckit.ice.priority import candidate_priority, tcp_local_preference

A_CREDENTIALS = Credentials("aaaa", "a" * 22)
B_CREDENTIALS = Credentials("bbbb", "b" * 22)


def tcp_host(agent: Agent, ip: str, tcptype: str) -> IceCandidate:
    """A host candidate over TCP; active ones have port 9 (RFC 6544, 4.5)."""
    address = Address(ip, 9 if tcptype == "active" else 6000)
    return IceCandidate(
        *("host", "tcp", address, address),
        candidate_priority("host", tcp_local_preference("host", tcptype, 8191)),
        agent.next_foundation("host", "tcp", ip),
        tcptype=tcptype,
    )


def new_agent(name: str = "a", *, controlling: bool = True, **options: Any) -> Agent:
    """An agent without candidates."""
    credentials = A_CREDENTIALS if name == "a" else B_CREDENTIALS
    return Agent(
        controlling=controlling, credentials=credentials, random=random.Random(name), **options
    )


def host(agent: Agent, ip: str, rank: int = 0, port: int = 5000) -> IceCandidate:
    """A host candidate; the first rank is the best."""
    address = Address(ip, port)
    return IceCandidate(
        *("host", "udp", address, address),
        candidate_priority("host", 65535 - rank),
        agent.next_foundation("host", "udp", ip),
    )


@dataclass
class Link:
    """Carries datagrams with a delay, unless ``lost`` says otherwise."""

    a: Agent
    b: Agent
    one_way: float = 0.025
    lost: Callable[[Transmit], bool] = lambda transmit: False
    alive: Callable[[Address], bool] = lambda address: True
    now: float = 0.0
    events: dict[str, list[Event]] = field(default_factory=lambda: {"a": [], "b": []})
    carried: int = 0
    connections: dict[tuple[Address, Address], Address] = field(default_factory=dict)
    _under_way: list[tuple[float, int, Agent, Transmit]] = field(default_factory=list)

    def run(self, until: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass."""
        agents = (("a", self.a, self.b), ("b", self.b, self.a))
        while True:
            for name, agent, other in agents:
                for transmit in agent.take_transmits():
                    reachable = self.alive(transmit.local) and self.alive(transmit.remote)
                    if reachable and not self.lost(transmit):
                        self.carried += 1
                        entry = (self.now + self._delay(transmit), self.carried, other, transmit)
                        heapq.heappush(self._under_way, entry)
                self.events[name] += agent.take_events()
            if stop():
                return
            times = [agent.next_time() for _, agent, _ in agents]
            due = min((time for time in times if time is not None), default=None)
            arrival = self._under_way[0][0] if self._under_way else None
            if arrival is not None and (due is None or arrival <= due) and arrival <= until:
                self.now, _, other, transmit = heapq.heappop(self._under_way)
                local, remote = self._ends(transmit)
                other.receive(self.now, local, remote, transmit.data, transmit.transport)
            elif due is not None and due <= until:
                self.now = max(self.now, due)
                for time, (_, agent, _) in zip(times, agents, strict=True):
                    if time is not None and time <= self.now:
                        agent.on_time(self.now)
            else:
                self.now = until
                return

    def _delay(self, transmit: Transmit) -> float:
        """One way, and for the first frame of a connection its handshake before."""
        key = transmit.local, transmit.remote
        if transmit.transport == "udp" or transmit.local.port != 9 or key in self.connections:
            return self.one_way
        self.connections[key] = Address(transmit.local.ip, 40000 + len(self.connections))
        return 3 * self.one_way

    def _ends(self, transmit: Transmit) -> tuple[Address, Address]:
        """Where it arrives, and where it seems to come from: port 9 is no connection's own."""
        if transmit.transport == "udp":
            return transmit.remote, transmit.local
        own = self.connections.get((transmit.local, transmit.remote))
        if own is not None:
            return transmit.remote, own
        for (active, passive), port in self.connections.items():
            if (passive, port) == (transmit.local, transmit.remote):
                return active, passive
        raise AssertionError(f"no connection for {transmit}")

    def time_of(self, name: str, event: str, **detail: object) -> float | None:
        """When something happened first."""
        return next(
            (
                e.t
                for e in self.events[name]
                if e.event == event and detail.items() <= e.detail.items()
            ),
            None,
        )


def two_agents(
    *,
    controlling: tuple[bool, bool] = (True, False),
    addresses: int = 1,
    seed: int = 1,
    nomination: str = "regular",
    lite: bool = False,
    settings: Settings | None = None,
    **link: object,
) -> Link:
    """A link between two agents that know each other's candidates."""
    a, b = (
        Agent(
            controlling=role,
            credentials=credentials,
            random=random.Random(f"{seed}{name}"),
            nomination=nomination,
            lite=lite and name == "b",
            settings=settings,
        )
        for name, role, credentials in zip(
            "ab", controlling, (A_CREDENTIALS, B_CREDENTIALS), strict=True
        )
    )
    for agent, net in ((a, "10.0.0."), (b, "10.0.1.")):
        for rank in range(addresses):
            agent.add_local(0.0, host(agent, f"{net}{rank + 1}", rank))
        agent.end_of_local(0.0)
    a.set_remote(0.0, B_CREDENTIALS, lite=lite)
    b.set_remote(0.0, A_CREDENTIALS)
    for agent, other in ((a, b), (b, a)):
        for candidate in list(other.local):
            agent.add_remote(0.0, IceCandidate.from_sdp(candidate.to_sdp()))
        agent.end_of_remote(0.0)
    return Link(a, b, **link)  # type: ignore[arg-type]


def introduce(a: Agent, b: Agent, now: float = 0.0, **link: Any) -> Link:
    """Let two agents know each other: credentials, options and candidates, all at once."""
    for agent in (a, b):
        agent.end_of_local(now)
    for agent, other in ((a, b), (b, a)):
        agent.set_remote(now, other.credentials, lite=other.lite, options=other.options)
    for agent, other in ((a, b), (b, a)):
        for candidate in [c for c in other.local if c.type != "prflx"]:
            agent.add_remote(now, IceCandidate.from_sdp(candidate.to_sdp()))
        agent.end_of_remote(now)
    return Link(a, b, **link)
