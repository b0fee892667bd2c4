"""Two agents behind NATs of any kind, in virtual time: will they connect, over which pair, and why.

::

    result = simulate("symmetric", "port restricted", turn=False, seed=1)
    result.connected, result.pair, result.explain()
"""

import sys
from collections.abc import Callable, Sequence
from random import Random
from types import ModuleType
from typing import Any

from rtckit.ice.candidate import HOST, RELAY, SRFLX, IceCandidate
from rtckit.ice.settings import Settings
from rtckit.ice.simulation import Message, Simulation
from rtckit.ice.virtual.ends import End, parse_end
from rtckit.ice.virtual.network import Network
from rtckit.ice.virtual.peer import GATHERING_PATIENCE, Gathering, Peer, make_peer

__all__ = ["MATRIX", "TURN_TRANSPORTS", "End", "Message", "Peer", "Simulation", "simulate"]

MATRIX = ("open", "full cone", "restricted", "port restricted", "symmetric", "udp blocked")
"""The kinds of NAT that are tried against each other."""

TURN_TRANSPORTS = ("udp", "tcp", "tls")

_LIMIT = 90.0
_SIDES = {False: (), True: ("a", "b"), "a": ("a",), "b": ("b",), "both": ("a", "b")}
_LOST = ("failed", "closed")


def simulate(
    a: str | Sequence[str] | End = "open",
    b: str | Sequence[str] | End = "open",
    *,
    turn: bool | str = False,
    turn_transport: str = "tls",
    loss: float = 0.0,
    rtt: float = 0.08,
    seed: int = 1,
    nomination: str = "regular",
    same_lan: bool = False,
    hold: float = 0.0,
    settings: Settings | None = None,
) -> Simulation:
    """Connect two agents over a virtual network; the same arguments give the same course.

    Args:
        a: the controlling side: the NAT in front of it, and what else it has, as
            `rtckit.ice.virtual.parse_end` reads it: ``symmetric``, ``EI/APD+hairpin``,
            ``port restricted+ipv6+tcp``, ``full cone behind symmetric``, ``cgnat``.
        b: the same for the other side.
        turn: whether both sides have a TURN server, or which one: ``a`` or ``b``.
        turn_transport: how they reach it: ``udp``, ``tcp``, or ``tls``, which even a NAT without
            UDP lets out.
        loss: the part of packets that is lost, 0 to 1.
        rtt: the round trip between the two sides, in seconds; to the servers it is half of it.
        seed: of every random choice.
        nomination: ``regular`` or ``aggressive``.
        same_lan: both are behind one and the same NAT, that of ``a``.
        hold: how long to go on after both have connected, in seconds, to see whether it holds.
        settings: timers of the agents.

    Raises:
        ValueError: there is no such NAT or feature, or a number is out of its range.
    """
    if not 0 <= loss <= 1 or rtt < 0 or hold < 0:
        raise ValueError("loss is from 0 to 1, and no time is negative")
    if turn_transport not in TURN_TRANSPORTS:
        raise ValueError(f"no way to a TURN server: {turn_transport!r} (udp, tcp or tls)")
    if turn not in _SIDES:
        raise ValueError(f"who has a TURN server? a, b or both, not {turn!r}")
    network = Network(Random(f"{seed}/network"), loss=loss)
    ends = [parse_end(a), parse_end(a if same_lan else b)]
    peers = [
        make_peer(
            *(network, name, end),
            seed=seed,
            rtt=rtt,
            nomination=nomination,
            settings=settings or Settings(),
        )
        for name, end in zip("ab", ends, strict=True)
    ]
    if same_lan:
        first, second = (peer.host for peer in peers)
        second.nats, second.firewalls = first.nats, first.firewalls
        if not ends[0].isolated:
            second.lan = first.lan
    families = [4, *([6] if any(end.ipv6 for end in ends) else [])]
    for peer in peers:
        has_turn = peer.name in _SIDES[turn]
        Gathering(
            network, peer, turn=turn_transport if has_turn else None, relay_families=families
        ).begin()
    _run(network, peers, until=GATHERING_PATIENCE, stop=lambda: all(p.gathered_at for p in peers))
    exchanged = network.now
    _exchange(network, peers)
    _run(network, peers, until=exchanged + _LIMIT, stop=lambda: _is_over(peers), since=exchanged)
    options: dict[str, Any] = {
        "turn": turn_transport if turn else None,
        "turn_sides": list(_SIDES[turn]),
        "loss": loss,
        "rtt_ms": round(rtt * 1000, 3),
        "seed": seed,
        "nomination": nomination,
        "same_lan": same_lan,
    }
    side_a, side_b = peers
    result = Simulation(side_a, side_b, rtt, exchanged, network.drops, network.arrivals, options)
    if hold and result.connected:
        _hold(network, result, peers, hold)
    return result


def _hold(network: Network, result: Simulation, peers: list[Peer], seconds: float) -> None:
    """Let time pass on a connection, and note when it is lost."""
    drops, arrivals = list(network.drops), list(network.arrivals)
    selected = [peer.agent.selected for peer in peers]

    def is_lost() -> bool:
        return any(peer.agent.state in _LOST for peer in peers)

    _run(network, peers, until=network.now + seconds, stop=is_lost)
    if is_lost():
        result.lost_at = network.now - result.exchanged_at
    # What was selected, sent and dropped is told of the connecting, not of what came after.
    result.drops, result.arrivals = drops, arrivals
    for peer, pair in zip(peers, selected, strict=True):
        peer.agent.selected = pair


def _exchange(network: Network, peers: list[Peer]) -> None:
    """Give each side the credentials and candidates of the other, at once.

    Permissions on relays are asked for as soon as the peer's addresses are known.
    """
    now = network.now
    for peer, other in (peers, peers[::-1]):
        agent = other.agent
        peer.agent.set_remote(now, agent.credentials, lite=agent.lite, options=agent.options)
    described = [[c for c in peer.agent.local if c.type in (HOST, SRFLX, RELAY)] for peer in peers]
    for peer, candidates in zip(peers, described[::-1], strict=True):
        for candidate in candidates:
            peer.agent.add_remote(now, IceCandidate.from_sdp(candidate.to_sdp()))
        network.permit(peer.host, [candidate.address.ip for candidate in candidates])
        peer.agent.end_of_remote(now)


def _is_over(peers: list[Peer]) -> bool:
    return all(peer.agent.state in ("completed", "failed") for peer in peers)


def _run(
    network: Network,
    peers: list[Peer],
    *,
    until: float,
    stop: Callable[[], bool],
    since: float | None = None,
) -> None:
    while True:
        for peer in peers:
            peer.send_all(network, since)
        if stop():
            return
        times = [time for peer in peers if (time := peer.agent.next_time()) is not None]
        arrival, due = network.next_time(), min(times, default=None)
        if arrival is not None and arrival <= until and (due is None or arrival <= due):
            network.step()
        elif due is not None and due <= until:
            network.now = max(network.now, due)
            for peer in peers:
                wanted = peer.agent.next_time()
                if wanted is not None and wanted <= network.now:
                    peer.agent.on_time(network.now)
        else:
            network.now = max(network.now, until)
            return


class _Callable(ModuleType):
    """``rtckit.ice.simulate`` names this module and its function: calling either is the same."""

    def __call__(self, *args: Any, **named: Any) -> Simulation:
        return simulate(*args, **named)


sys.modules[__name__].__class__ = _Callable
