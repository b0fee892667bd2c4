"""Why no candidate pair worked, or none was used (RFC 8445, 6 to 8)."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.core.address import Address
from rtckit.core.findings import Certainty, Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import (
    at_frame,
    breaks_ice,
    check_evidence,
    connected,
    quoted,
    sides,
)
from rtckit.rules.ice_evidence import checks_from, lost_on_the_way, views
from rtckit.rules.ice_mapping import blocked_by_mapping

__all__: list[str] = []


@rule("CHECK005", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 7.2.5.1", "RFC 8445, 7.3.1.1"))
def role_conflict(call: Call) -> Iterator[Hit]:
    """Both ends claim the same role, and it is not resolved.

    Why: one 487 is the normal repair: the end with the smaller tie-breaker changes its role. When
    it goes on, one end ignores the answer, and no pair is ever nominated.

    Fires on:
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 B > A binding-error 487
        0.2 A > B binding-request user=bbbb:aaaa controlling
        0.3 B > A binding-error 487
        0.4 A > B binding-request user=bbbb:aaaa controlling
        0.5 B > A binding-error 487
    Silent on:
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 B > A binding-error 487
        0.2 A > B binding-request user=bbbb:aaaa controlled
        0.3 B > A binding-success mapped=A
        0.4 B > A binding-request user=aaaa:bbbb controlling use-candidate
        0.5 A > B binding-success mapped=B
    Fix: see which end keeps its role after 487; check a=ice-lite (both lite or both full?) and that
    only one end made the offer.
    """
    for _, view, vantage in views(call):
        conflicts = [
            check
            for check in view.checks
            if check.transaction.error is not None and check.transaction.error.code == 487
        ]
        if not conflicts:
            continue
        resolved = view.selected is not None
        if resolved and len(conflicts) < 3:
            continue
        yield Hit(
            f"{len(conflicts)} check(s) answered 487 (Role Conflict)"
            + ("" if resolved else "; it was never resolved"),
            at_frame(vantage, conflicts[0].transaction.responses[0]),
            tuple(check_evidence(call, vantage.name, check) for check in conflicts[:4]),
            severity=Severity.INFO if resolved else breaks_ice(call),
        )
        return


@rule("CHECK006", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 6.1.2.2",))
def nothing_to_pair(call: Call) -> Iterator[Hit]:
    """No candidate of one end can be paired with one of the other.

    Why: pairs need the same transport and the same address family. One end has only IPv4 and the
    other only IPv6, or one only UDP and the other only TCP.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=candidate:1 1 udp 2130706431 2001:db8::2 6000 typ host
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=candidate:1 1 udp 2130706431 10.0.0.2 6000 typ host
    Fix: offer a dual-stack TURN server, or enable the missing family or transport at one end.
    """
    kinds: dict[str, set[tuple[str, int]]] = {}
    places: list[Evidence] = []
    for side, _ in sides(call):
        for candidate, location in call.signalling.candidates_of(side):
            family = 6 if ":" in candidate.address else 4 if candidate.address[-1:].isdigit() else 0
            if side not in kinds:
                text = f"{candidate.transport} {quoted(candidate.address)}"
                places.append(Evidence(f"{call.peer_name(side)}: {text}", location))
            kinds.setdefault(side, set()).add((candidate.transport.lower(), family))
    if len(kinds) < 2 or connected(call):
        return
    # A name may resolve to either family.
    if any(family == 0 for found in kinds.values() for _, family in found):
        return
    if not kinds["a"] & kinds["b"]:
        yield Hit(
            f"{call.peer_name('a')} has {_kinds(kinds['a'])} candidates only, "
            f"{call.peer_name('b')} {_kinds(kinds['b'])} only",
            places[0].location,
            tuple(places),
            certainty=Certainty.LIKELY,
        )


def _kinds(found: set[tuple[str, int]]) -> str:
    return " and ".join(f"IPv{family} {transport}" for transport, family in sorted(found))


@rule("CHECK007", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8489, 6.2.1", "RFC 792"))
def unreachable(call: Call) -> Iterator[Hit]:
    """The network refuses datagrams of the call (ICMP unreachable).

    Why: a closed port says that nobody listens there (any more), a prohibited one that a firewall
    refuses, an unreachable network that there is no route. The pair or the server is lost.

    Fires on:
        0.0 A > N binding-request user=bbbb:aaaa controlling
        0.1 B > A icmp-port-unreachable src=A dst=N
    Silent on:
        0.0 A > N binding-request user=bbbb:aaaa controlling
        0.1 N > A binding-success mapped=M
    Fix: for the address named, check that the peer or server listens on that port and that the
    firewall lets it pass.
    """
    selected = {
        address
        for session in call.ice
        for view in session.views
        if (pair := view.selected) is not None
        for address in (pair.a, pair.b)
    }
    told: set[tuple[Address, str]] = set()
    for vantage in call.vantages:
        by_target: dict[tuple[Address, str], list[int]] = {}
        for index, error in enumerate(vantage.icmp_errors):
            by_target.setdefault((error.dst, error.meaning), []).append(index)
        for key, indexes in list(by_target.items())[:5]:
            first = vantage.icmp_errors[indexes[0]]
            # Sockets that close at the end of a call refuse the last packets of the other end.
            late = vantage.last_ns is not None and vantage.last_ns - first.time_ns < 2_000_000_000
            if key in told or (connected(call) and (late or first.dst in selected)):
                continue
            told.add(key)
            text = f"{first.reporter} reports {first.meaning} for {first.src} -> {first.dst}"
            place = Evidence(text, call.locate(vantage.name, first.frame))
            yield Hit(
                f"{first.dst}: {first.meaning}, {len(indexes)} time(s), "
                f"reported by {first.reporter}",
                place.location,
                (place,),
                severity=Severity.INFO if connected(call) else Severity.WARNING,
            )


@rule("CHECK008", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 8.1.1", "RFC 8445, 7.2.5.3.4"))
def never_nominated(call: Call) -> Iterator[Hit]:
    """Checks succeed and no pair is nominated.

    Why: the controlling end must send USE-CANDIDATE on one valid pair. Nobody does when both think
    they are controlled, when both are ICE-lite, or when the controlling end stopped too early.

    Fires on:
        0.0 A > B binding-request user=bbbb:aaaa controlled
        0.1 B > A binding-success mapped=A
        0.2 B > A binding-request user=aaaa:bbbb controlled
        0.3 A > B binding-success mapped=B
        5.0 A > B binding-request user=bbbb:aaaa controlled
        5.1 B > A binding-success mapped=A
    Silent on:
        0.0 A > B binding-request user=bbbb:aaaa controlling use-candidate
        0.1 B > A binding-success mapped=A
        0.2 B > A binding-request user=aaaa:bbbb controlled
        0.3 A > B binding-success mapped=B
        5.0 A > B binding-request user=bbbb:aaaa controlling
        5.1 B > A binding-success mapped=A
    Fix: check which end is controlling (the offerer, or the full agent opposite an ICE-lite one)
    and that it nominates; a=ice-lite on both sides is never right.
    """
    for session, view, vantage in views(call):
        if session.connected:
            continue
        succeeded = sorted(
            (check for check in view.checks if check.transaction.succeeded),
            key=lambda check: check.transaction.first.time_ns,
        )
        if not succeeded:
            continue
        span = (vantage.last_ns or 0) - succeeded[0].transaction.first.time_ns
        if span < 3_000_000_000:
            continue
        roles = {side: view.agent(side).controlling for side in ("a", "b")}
        both = " (both ends say they are controlled)" if set(roles.values()) == {False} else ""
        yield Hit(
            f"{len(succeeded)} check(s) succeeded and none nominated a pair{both}",
            at_frame(vantage, succeeded[0].transaction.first),
            tuple(check_evidence(call, vantage.name, check) for check in succeeded[:3]),
            severity=breaks_ice(call),
        )
        return


@rule("CHECK009", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8445, 7.2.5.2.1",))
def answer_from_elsewhere(call: Call) -> Iterator[Hit]:
    """Checks are answered from another address than they were sent to.

    Why: such a pair fails. The peer has several addresses and answers from the wrong one, or a NAT
    or a policy route rewrites one direction only.

    Fires on:
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 10.0.0.99:6000 > A binding-success mapped=A
    Silent on:
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 B > A binding-success mapped=A
    Fix: bind the peer's socket to the address it offers, and check its routing and NAT rules.
    """
    for _, view, vantage in views(call):
        strange = [check for check in view.checks if not check.transaction.from_expected_address]
        if strange:
            transaction = strange[0].transaction
            yield Hit(
                f"{len(strange)} check(s) to {transaction.dst} answered from "
                f"{transaction.response_src}",
                at_frame(vantage, transaction.responses[0]),
                tuple(check_evidence(call, vantage.name, check) for check in strange[:3]),
                severity=Severity.INFO if connected(call) else Severity.WARNING,
            )
            return


@rule("CHECK010", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 7.2.5", "RFC 4787, 5"))
def lost_underway(call: Call) -> Iterator[Hit]:
    """Checks leave one end and never arrive at the other.

    Why: captures of both ends show that a firewall or a NAT between them drops the packets.

    Fires on:
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling times=4 every=0.5
        3.0 A > S binding-request
        == capture b
        0.0 B > S binding-request
        3.0 B > S binding-request
    Silent on:
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling id=1
        3.0 A > S binding-request
        == capture b
        0.0 A > B binding-request user=bbbb:aaaa controlling id=1
        3.0 B > S binding-request
    Fix: find the hop between the two that drops UDP (a host firewall, a security group, a NAT that
    filters by port), open the port range, or offer TURN.
    """
    if connected(call) or blocked_by_mapping(call):
        return
    for side, far in sides(call):
        lost = lost_on_the_way(call, side)
        if lost is None:
            continue
        view, checks, arrived = lost
        total = len(checks_from(view, side))
        some = arrived is not None and checks_from(arrived, side)
        yield Hit(
            f"{len(checks)} of {total} checks of {call.peer_name(side)} left it and "
            f"{'did not arrive' if some else 'none arrived'} at {call.peer_name(far)}",
            at_frame(call.vantage(view.vantage), checks[0].transaction.first),
            tuple(check_evidence(call, view.vantage, check) for check in checks[:3]),
        )


@rule("CHECK011", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 7.3", "RFC 8445, 7.2.5.3"))
def one_way(call: Call) -> Iterator[Hit]:
    """The peer's checks arrive and ours are never answered.

    Why: packets pass in one direction only, or the peer drops our checks because it holds other
    credentials.

    Fires on:
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling times=4 every=0.5
        0.1 B > A binding-request user=aaaa:bbbb controlled times=4 every=0.5
    Silent on:
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling
        0.1 B > A binding-success mapped=A
        0.2 B > A binding-request user=aaaa:bbbb controlled
        0.3 A > B binding-success mapped=B
    Fix: look for a firewall that lets packets out but not in at the silent end, and compare both
    ends' credentials; a capture at the other end tells which it is.
    """
    if connected(call) or any(True for _ in lost_underway(call)):
        return
    for _, view, vantage in views(call):
        if vantage.side is None:
            continue
        far = "b" if vantage.side == "a" else "a"
        ours, theirs = checks_from(view, vantage.side), checks_from(view, far)
        if len(ours) < 2 or not theirs or any(check.transaction.responses for check in ours):
            continue
        yield Hit(
            f"{len(theirs)} check(s) of {call.peer_name(far)} arrive at "
            f"{call.peer_name(vantage.side)}, whose own {len(ours)} are never answered",
            at_frame(vantage, ours[0].transaction.first),
            (
                check_evidence(call, vantage.name, ours[0]),
                check_evidence(call, vantage.name, theirs[0]),
            ),
        )
        return


@rule("CHECK012", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 7.2.5", "RFC 8863, 4"))
def nothing_arrives(call: Call) -> Iterator[Hit]:
    """Checks go out and nothing at all comes from the peer.

    Why: the peer never got this end's description or candidates, is not running, or every path
    between the two drops UDP.

    Fires on:
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling times=6 every=0.5
    Silent on:
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa controlling times=6 every=0.5
        0.1 B > A binding-request user=aaaa:bbbb controlled
    Fix: check at the other end that the description was applied (its own capture shows whether it
    sends checks); where UDP is blocked, offer TURN over TCP or TLS.
    """
    if connected(call) or blocked_by_mapping(call):
        return
    for _, view, vantage in views(call):
        home = vantage.side or ("a" if view.a.checks_sent else "b")
        far = "b" if home == "a" else "a"
        ours = checks_from(view, home)
        if view.agent(far).checks_sent or any(check.transaction.responses for check in ours):
            continue
        if len(ours) < 2 and not any(check.transaction.retransmissions for check in ours):
            continue
        targets = sorted({str(check.transaction.dst) for check in ours})
        yield Hit(
            f"{len(ours)} check(s) of {call.peer_name(home)} to {len(targets)} address(es) "
            f"({', '.join(targets[:3])}) and not one packet from {call.peer_name(far)}",
            at_frame(vantage, ours[0].transaction.first),
            tuple(check_evidence(call, vantage.name, check) for check in ours[:3]),
            certainty=Certainty.LIKELY,
        )
        return
