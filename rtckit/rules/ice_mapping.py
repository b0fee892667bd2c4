"""NATs that no pair can pass without a relay (RFC 4787)."""

from collections.abc import Iterator
from dataclasses import dataclass

from rtckit.analysis.call import Call
from rtckit.analysis.gathering import Mapping
from rtckit.core.address import Address
from rtckit.core.findings import Certainty, Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import check_evidence, connected, frame_evidence, sides
from rtckit.rules.ice_evidence import checks_from, lost_on_the_way

__all__ = ["blocked_by_mapping"]


@dataclass(frozen=True, slots=True)
class DependentMapping:
    """A port that its NAT maps differently for different destinations, and what shows it."""

    side: str
    base: Address
    mapped: tuple[Address, ...]
    evidence: tuple[Evidence, ...]


def _dependent_mappings(call: Call, side: str) -> Iterator[DependentMapping]:
    """Bases of one end mapped differently for each server, by packets, else by candidates."""
    from_packets = False
    for vantage, base in call.bases:
        if vantage.side == side and base.mapping is Mapping.DEPENDENT:
            from_packets = True
            evidence = tuple(
                frame_evidence(
                    vantage,
                    query.transactions[0].responses[0],
                    f"STUN server {query.server} saw {base.address} as {query.mapped}",
                )
                for query in base.queries
                if query.transactions[0].responses and query.mapped is not None
            )
            yield DependentMapping(side, base.address, tuple(base.mapped.values()), evidence)
    if from_packets:
        return
    signalled: dict[Address, dict[Address, Evidence]] = {}
    for candidate, location in call.signalling.candidates_of(side):
        host, port = candidate.related_address, candidate.related_port
        # Browsers that hide host addresses write 0.0.0.0:0 here, which is no base.
        if candidate.type == "srflx" and host and port:
            mapped = Address(candidate.address, candidate.port)
            text = f"candidate {mapped} for the base {Address(host, port)}"
            signalled.setdefault(Address(host, port), {})[mapped] = Evidence(text, location)
    for base_address, seen in signalled.items():
        # Two interfaces of one NAT differ in the address; one mapping per destination in the port.
        if len({address.port for address in seen}) > 1 and len({a.ip for a in seen}) == 1:
            yield DependentMapping(side, base_address, tuple(seen), tuple(seen.values()))


def has_relay(call: Call) -> bool:
    signalled = any(
        candidate.type == "relay"
        for side, _ in sides(call)
        for candidate, _ in call.signalling.candidates_of(side)
    )
    return signalled or any(allocation.relayed is not None for _, allocation in call.allocations)


def blocked_by_mapping(call: Call) -> list[DependentMapping]:
    """The mappings that make a failed call hopeless without a relay."""
    if connected(call) or not call.ice or has_relay(call):
        return []
    return [mapping for side, _ in sides(call) for mapping in _dependent_mappings(call, side)]


def _unanswered_to(call: Call, sender: str) -> list[Evidence]:
    """One unanswered check of an end, as evidence."""
    for session in call.ice:
        for view in session.views:
            if call.vantage(view.vantage).side not in (sender, None):
                continue
            for check in checks_from(view, sender):
                if not check.transaction.responses:
                    return [check_evidence(call, view.vantage, check)]
    return []


@rule(
    "CHECK001",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 4787, 4.1", "RFC 4787, 5", "RFC 8445, 2"),
)
def mapping_needs_relay(call: Call) -> Iterator[Hit]:
    """A NAT maps each destination to another port ("symmetric"), and there is no relay.

    Why: the server-reflexive candidate of such an end is the mapping towards the STUN server only;
    its checks to the peer come from yet another port. If the peer's NAT lets in only what it sent
    to (port-restricted filtering), no pair can work, and only TURN connects the two.

    Fires on:
        == capture a
        0.00 A > S binding-request
        0.01 S > A binding-success mapped=198.51.100.1:40000
        0.02 A > 203.0.113.11:3478 binding-request
        0.03 203.0.113.11:3478 > A binding-success mapped=198.51.100.1:47777
        1.00 A > N binding-request user=bbbb:aaaa controlling repeat=5 every=0.5
    Silent on:
        == capture a
        0.00 A > S binding-request
        0.01 S > A binding-success mapped=198.51.100.1:40000
        0.02 A > 203.0.113.11:3478 binding-request
        0.03 203.0.113.11:3478 > A binding-success mapped=198.51.100.1:40000
        1.00 A > N binding-request user=bbbb:aaaa controlling repeat=5 every=0.5
    Fix: give both ends a TURN server in iceServers, with `turns:` over TCP 443 as well for networks
    that block UDP. No setting of STUN or of the browser gets through this pair of NATs.
    """
    for mapping in blocked_by_mapping(call):
        evidence = list(mapping.evidence)
        lost = lost_on_the_way(call, mapping.side)
        if lost:
            view, checks, _ = lost
            evidence.append(check_evidence(call, view.vantage, checks[0]))
            evidence.append(
                Evidence(
                    f"{len(checks)} checks left {call.peer_name(mapping.side)} and never arrived"
                )
            )
        evidence += _unanswered_to(call, "b" if mapping.side == "a" else "a")
        ports = " and ".join(str(address) for address in mapping.mapped[:2])
        yield Hit(
            f"{call.peer_name(mapping.side)} is behind a NAT that maps each destination to another "
            f"port: {mapping.base} appears as {ports}; with no relay candidate no pair can pass "
            "both NATs",
            evidence[0].location,
            tuple(evidence[:8]),
            certainty=Certainty.SEEN if lost else Certainty.LIKELY,
        )
        return
