"""The candidates of both ends, from whatever showed them (RFC 8445, 5.1.1).

Signalled ones come first; then what servers told (server-reflexive and relayed addresses) and what
checks revealed (peer-reflexive addresses). ``0.0.0.0`` and ``.local`` stand for what a browser hid.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rtckit.analysis.call import Call
from rtckit.core.address import Address
from rtckit.core.findings import Location

__all__ = ["SeenCandidate", "seen_candidates"]


@dataclass(frozen=True, slots=True)
class SeenCandidate:
    """A candidate of one end and how it is known.

    ``type`` is host, srflx, prflx or relay; ``source`` says in words what showed it; ``base`` is
    its local address where that is known.
    """

    side: str
    type: str
    transport: str
    address: Address
    base: Address | None
    source: str
    location: Location


def seen_candidates(call: Call) -> list[SeenCandidate]:
    """Every candidate once, each end's in the order host, srflx, prflx, relay they were shown."""
    found: dict[tuple[str, str, Address], SeenCandidate] = {}
    for candidate in _all(call):
        key = (candidate.side, candidate.transport, candidate.address)
        found.setdefault(key, candidate)
    return sorted(found.values(), key=lambda candidate: candidate.side)


def _all(call: Call) -> Iterator[SeenCandidate]:
    for side in ("a", "b"):
        for item, location in call.signalling.candidates_of(side):
            base = None
            if item.related_address and item.related_port:
                base = Address(item.related_address, item.related_port)
            yield SeenCandidate(
                side,
                item.type,
                item.transport.lower(),
                Address(item.address, item.port),
                base,
                "signalled",
                location,
            )
    for vantage, seen_base in call.bases:
        if vantage.side is None:
            continue
        for query in seen_base.queries:
            mapped = query.mapped
            answered = query.transactions[0].responses
            if mapped is None or not answered:
                continue
            yield SeenCandidate(
                vantage.side,
                "host" if mapped == seen_base.address else "srflx",
                query.transactions[0].transport,
                mapped,
                seen_base.address,
                f"STUN server {query.server}",
                call.locate(vantage.name, answered[0].frame),
            )
    for vantage, allocation in call.allocations:
        if vantage.side is None or allocation.relayed is None or allocation.allocated is None:
            continue
        yield SeenCandidate(
            vantage.side,
            "relay",
            "udp",
            allocation.relayed,
            allocation.client,
            f"TURN server {allocation.server}",
            call.locate(vantage.name, allocation.allocated.frame),
        )
    yield from _revealed_by_checks(call)


def _revealed_by_checks(call: Call) -> Iterator[SeenCandidate]:
    """Addresses that checks came from: a base at its own end, peer-reflexive at the other.

    A relayed address is one wherever its allocation was seen, also in a capture of no known end.
    """
    relays = {allocation.relayed: allocation for _, allocation in call.allocations}
    for session in call.ice:
        for view in session.views:
            vantage = call.vantage(view.vantage)
            for side in ("a", "b"):
                own = vantage.side == side
                for address, frame in view.agent(side).addresses.items():
                    relay = relays.get(address)
                    if relay is not None:
                        yield SeenCandidate(
                            side,
                            "relay",
                            "udp",
                            address,
                            relay.client,
                            f"TURN server {relay.server}",
                            call.locate(vantage.name, frame),
                        )
                        continue
                    yield SeenCandidate(
                        side,
                        "host" if own else "prflx",
                        "udp",
                        address,
                        address if own else None,
                        "its own checks" if own else f"checks that arrived at {vantage.name}",
                        call.locate(vantage.name, frame),
                    )
