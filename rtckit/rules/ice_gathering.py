"""Why an end had few candidates or none (RFC 8445, 5.1)."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.core.address import Scope, scope_of
from rtckit.core.findings import Certainty, Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.evidence import at_frame, breaks_ice, quoted, request_evidence, sides

__all__: list[str] = []


@rule("GATHER001", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8445, 5.1.1", "RFC 8838, 4"))
def no_candidates(call: Call) -> Iterator[Hit]:
    """An end signalled no candidates at all.

    Why: no usable interface, `iceTransportPolicy: "relay"` without a working TURN server, a policy
    that forbids them, or candidates that were trickled and not recorded.

    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 111
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=candidate:1 1 udp 2130706431 10.0.0.2 6000 typ host
        == capture a
        0.0 A > T allocate-request repeat=3 every=0.5
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
        == capture a
        0.0 A > T allocate-request repeat=3 every=0.5
    Fix: look at the TURN and STUN findings first; then check the transport policy, the browser's
    IP handling policy, and that the interface is up.
    """
    if breaks_ice(call) is not Severity.ERROR or not call.vantages:
        return
    for side, _ in sides(call):
        description = call.signalling.of(side)
        if description is None or next(call.signalling.candidates_of(side), None) is not None:
            continue
        if any(view.agent(side).checks_sent for session in call.ice for view in session.views):
            continue
        refused = any(
            vantage.side == side and allocation.allocate_errors
            for vantage, allocation in call.allocations
        )
        yield Hit(
            f"{call.peer_name(side)} signalled no candidates and sent no checks",
            description.location(1),
            (Evidence(f"the {description.type} has no a=candidate line", description.location(1)),),
            certainty=Certainty.LIKELY,
            # A server that refuses is the cause; that nothing was gathered follows from it.
            severity=Severity.INFO if refused else Severity.ERROR,
        )


@rule("GATHER002", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8489, 6.2.1", "RFC 8445, 5.1.1.2"))
def stun_server_silent(call: Call) -> Iterator[Hit]:
    """A STUN server does not answer.

    Why: without an answer there is no server-reflexive candidate from that base, and gathering
    waits for it. From an interface without a way to the Internet (a bridge, a VPN) that is
    expected.

    Fires on:
        0.0 A > S binding-request repeat=4 every=0.5
    Silent on:
        0.0 A > S binding-request
        0.1 S > A binding-success mapped=M
    Fix: check the server's name and port and that UDP to it passes; leave out interfaces that have
    no route to it.
    """
    for vantage, base in call.bases:
        for query in base.queries:
            sent = sum(len(transaction.requests) for transaction in query.transactions)
            if query.answered or sent < 3:
                continue
            first = query.transactions[0]
            yield Hit(
                f"STUN server {query.server} never answered {base.address} ({sent} requests)",
                at_frame(vantage, first.first),
                (request_evidence(vantage, first),),
            )


@rule("GATHER003", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8445, 5.1.1", "RFC 8828, 5.2"))
def only_mdns_candidates(call: Call) -> Iterator[Hit]:
    """An end signalled nothing but mDNS host names, and ICE failed.

    Why: browsers hide host addresses behind `.local` names until they may use camera or microphone.
    A peer on another network cannot resolve them, and without STUN or TURN there is nothing else.

    Fires on:
        == offer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=candidate:1 1 udp 2113937151 0d5ee0a1-6e6c-4f4e-9d9c-3c0f0a4b8f11.local 5000 typ host
        == answer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=candidate:1 1 udp 2130706431 10.0.0.2 6000 typ host
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa repeat=4 every=0.5 controlling
    Silent on:
        == offer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:aaaa
        a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
        a=candidate:1 1 udp 2113937151 0d5ee0a1-6e6c-4f4e-9d9c-3c0f0a4b8f11.local 5000 typ host
        a=candidate:2 1 udp 1677729535 198.51.100.1 40000 typ srflx raddr 0.0.0.0 rport 0
        == answer
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=ice-ufrag:bbbb
        a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb
        a=candidate:1 1 udp 2130706431 10.0.0.2 6000 typ host
        == capture a
        0.0 A > B binding-request user=bbbb:aaaa repeat=4 every=0.5 controlling
    Fix: offer STUN and TURN servers; on one network, see that multicast DNS (UDP 5353) passes
    between the two hosts.
    """
    if breaks_ice(call) is not Severity.ERROR or not call.vantages:
        return
    for side, _ in sides(call):
        candidates = list(call.signalling.candidates_of(side))
        names = [item for item in candidates if scope_of(item[0].address) is Scope.MDNS]
        if candidates and len(names) == len(candidates):
            first, location = names[0]
            yield Hit(
                f"{call.peer_name(side)} signalled only mDNS names ({len(names)} candidate(s)), "
                "which the other end may be unable to resolve",
                location,
                (Evidence(f"candidate with the address {quoted(first.address)}", location),),
                certainty=Certainty.LIKELY,
            )
