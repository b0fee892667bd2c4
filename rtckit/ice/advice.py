"""What to change so that two ends connect, or connect better, from what a simulation came to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rtckit.ice.virtual.nat import (
    ADDRESS_AND_PORT_DEPENDENT,
    ENDPOINT_INDEPENDENT,
    NatType,
    nat_type,
)

if TYPE_CHECKING:
    from rtckit.ice.simulation import Simulation
    from rtckit.ice.virtual.peer import Peer

__all__ = ["Advice", "advise"]


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to know, and what to do about it.

    Attributes:
        kind: a stable word for programs.
        text: what is so, and why it matters.
        fix: what to change.
    """

    kind: str
    text: str
    fix: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON would take it."""
        return {"kind": self.kind, "text": self.text, "fix": self.fix}


def advise(result: "Simulation") -> tuple[Advice, ...]:
    """Return what to change, the most useful first."""
    found = _when_connected(result) if result.connected else _when_not(result)
    return tuple(found)


def _kinds(peer: "Peer") -> list[NatType]:
    return [kind for name in peer.end.nats if (kind := nat_type(name)) is not None]


def _when_not(result: "Simulation") -> Iterator[Advice]:
    a, b = result.a, result.b
    turn = result.options.get("turn")
    if a.end.lite and b.end.lite:
        yield Advice(
            "both-lite",
            "Both ends are ICE-lite: neither checks, and what they chose does not reach through.",
            "Make one of them a full agent.",
        )
    for peer in (a, b):
        if peer.end.lite and _kinds(peer) and not (a.end.lite and b.end.lite):
            yield Advice(
                "lite-behind-nat",
                f"{peer.name} is ICE-lite behind a NAT: it only answers, so that nothing opens its "
                "NAT, and it tells of its private address only (RFC 8445, 2.5).",
                f"Give {peer.name} a public address and an open port range, or make it full.",
            )
    if (not a.end.ipv4 and b.end.ipv6 is None) or (not b.end.ipv4 and a.end.ipv6 is None):
        yield Advice(
            "no-common-family",
            "One end has only IPv6 and the other only IPv4: no pair can be formed.",
            "Give both a TURN server that allocates IPv4 and IPv6 (RFC 8656, 7.1), or both IPv6.",
        )
    blocked = [peer for peer in (a, b) if any(kind.blocks_udp for kind in _kinds(peer))]
    for peer in blocked:
        webby = any(kind.web_only for kind in _kinds(peer))
        over = "turns: on port 443 (TLS)" if webby else "turn: over TCP or turns: on port 443"
        needs = "" if turn is None else f", and the TURN server here is reached over {turn}"
        yield Advice(
            "udp-blocked",
            f"UDP does not get out of the network of {peer.name}{needs}.",
            f"Give {peer.name} {over}.",
        )
    if result.options.get("same_lan") and a.end.isolated:
        yield Advice(
            "isolated",
            "Both ends are in one network that keeps its hosts apart, and its NAT sends nothing "
            "back inside (no hairpinning).",
            "Let hosts of that network reach each other, or use a TURN server.",
        )
    elif not blocked:
        yield from _symmetric(result)
    if turn is None and not blocked:
        yield Advice(
            "no-relay",
            "There is no TURN server, so nothing but a direct path could work.",
            "Give at least one end a TURN server: a relayed candidate works with any NAT.",
        )
    if result.options.get("loss", 0) >= 0.5:
        yield Advice(
            "loss",
            f"{result.options['loss']:.0%} of the packets are lost: checks give up after seven.",
            "Mend the network first.",
        )


def _symmetric(result: "Simulation") -> Iterator[Advice]:
    a, b = result.a, result.b
    for peer, other in ((a, b), (b, a)):
        maps_anew = [k for k in _kinds(peer) if k.mapping != ENDPOINT_INDEPENDENT]
        strict = [k for k in _kinds(other) if k.filtering == ADDRESS_AND_PORT_DEPENDENT]
        if not maps_anew or not strict or not peer.end.ipv4 or not other.end.ipv4:
            continue
        yield Advice(
            "symmetric",
            f"The NAT of {peer.name} takes a new port for each destination, and that of "
            f"{other.name} lets in only ports it has sent to, which nobody can tell it before: "
            "each drops the checks of the other.",
            f"Use a TURN server, or change the mapping of {peer.name}'s NAT to endpoint-independent"
            " (RFC 4787, REQ-1); IPv6 on both ends does without either.",
        )
        return


def _when_connected(result: "Simulation") -> Iterator[Advice]:
    pair = result.pair
    if result.lost_at is not None:
        lifetimes = [k.lifetime for peer in (result.a, result.b) for k in _kinds(peer)]
        short = min(lifetimes, default=0.0)
        yield Advice(
            "mapping-lifetime",
            f"The connection was lost after {result.lost_at:.0f} s: a NAT forgets a mapping after "
            f"{short:g} s without a packet, and consent is asked for every 4 to 6 s only.",
            "Raise the UDP timeout of that NAT (RFC 4787, REQ-5 wants 2 minutes), or send more "
            "often.",
        )
    if pair is not None and "relay" in pair:
        if any(k.blocks_udp for peer in (result.a, result.b) for k in _kinds(peer)):
            text = "Only the relay works, because UDP does not get out of one network."
            fix = "Let UDP out, and the media need not go through the relay and over TCP."
        else:
            text = "Only the relay works: no NAT lets the checks of the other end in."
            fix = (
                "Nothing has to change; IPv6 or endpoint-independent mapping on one end would save "
                "the relay."
            )
        yield Advice("relayed", text, fix)
    time, trips = result.connect_time, result.round_trips
    lossy = bool(result.options.get("loss"))
    if lossy and time is not None and trips is not None and trips > 4 and time > 0.6:
        yield Advice(
            "slow",
            f"It took {time * 1000:.0f} ms, {trips:.1f} round trips, where two would do: checks "
            "were lost and are sent again after half a second at the earliest.",
            "Mend the loss; media will suffer from it as well.",
        )
