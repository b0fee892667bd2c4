"""What the behaviour of a NAT means for calls (RFC 4787; RFC 8445)."""

from collections.abc import Iterator

from rtckit.analysis.nat import ADDRESS_AND_PORT_DEPENDENT, ENDPOINT_INDEPENDENT, NatBehavior
from rtckit.core.findings import Certainty, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.nat_server import evidence_of

__all__: list[str] = []

_RECOMMENDED_S = 120
_KEEPALIVE_S = 15


@rule(
    "GATHER024",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8835, 3.4",),
    subject="nat",
)
def udp_is_blocked(behavior: NatBehavior) -> Iterator[Hit]:
    """UDP is not answered here.

    Why: without UDP there are no server-reflexive candidates, no relay over UDP and no direct pair
    outside of the local network. Many office networks let out nothing but TCP to ports 80 and 443.

    Fires on:
        m1 > S silent sent=5
        tcp 443
    Silent on:
        m1 > S mapped=N:4000
    Fix: give the application a TURN server over TLS on port 443
    (`turns:HOST:443?transport=tcp`), and see with `rtckit turn check` that it works from here. If
    only this server is silent, see that it runs.
    """
    if behavior.reachable.value is not False:
        return
    certain = any(behavior.tcp.values())
    yield Hit(
        f"no UDP to {behavior.server}: {behavior.reachable.why}",
        evidence=evidence_of(*behavior.outcomes[:4]),
        certainty=Certainty.SEEN if certain else Certainty.LIKELY,
    )


@rule(
    "GATHER025",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 4787, 4.1", "RFC 8445, 2"),
    subject="nat",
)
def mapping_depends_on_destination(behavior: NatBehavior) -> Iterator[Hit]:
    """The NAT maps each destination to another address or port ("symmetric").

    Why: the address that a STUN server tells is the mapping towards that server; packets to a peer
    come from another one. A peer whose NAT filters by port cannot be reached then, and two such
    NATs never reach each other without a relay.

    Fires on:
        m1 > S mapped=N:4000
        m1 > T mapped=N:4001
        m1 > T2 mapped=N:4002
    Silent on:
        m1 > S mapped=N:4000
        m1 > T mapped=N:4000
        m1 > T2 mapped=N:4000
    Fix: calls from here need a TURN server. On a router of your own look for a setting such as
    "full cone NAT", "endpoint-independent mapping" or "static port".
    """
    if behavior.depends.value:
        seen = [o for o in behavior.outcomes if o.test.plain and o.mapped][:4]
        kind = behavior.mapping.value
        named = f"{kind} mapping" if kind != "unknown" else "mapping by destination"
        in_turn = behavior.allocation.value == "sequential"
        more = "; the ports follow one another" if in_turn else ""
        yield Hit(
            f"{named}: {behavior.depends.why}{more}; without a relay only peers behind lenient "
            "NATs are reached",
            evidence=evidence_of(*seen),
        )


@rule("GATHER026", Severity.WARNING, layer=Layer.ICE, refs=("RFC 4787, 4.1",), subject="nat")
def addresses_are_pooled(behavior: NatBehavior) -> Iterator[Hit]:
    """The NAT gives one host several addresses outside ("arbitrary pooling").

    Why: RTP, RTCP and candidates of one host then come from different addresses. Servers that tie a
    session to an address drop them, and permissions on TURN servers, which are by address, cover
    only one.

    Fires on:
        m1 > S mapped=198.51.100.7:4000
        m2 > S mapped=198.51.100.8:4000
    Silent on:
        m1 > S mapped=198.51.100.7:4000
        m2 > S mapped=198.51.100.7:4001
    Fix: have the NAT pair a host with one address (RFC 4787, REQ-2); with a carrier's NAT, use TURN
    and bundle everything on one transport.
    """
    if behavior.pooling.value == "arbitrary":
        seen = {o.mapped.ip: o for o in reversed(behavior.outcomes) if o.mapped}
        yield Hit(
            f"this host has several addresses outside: {behavior.pooling.why}",
            evidence=evidence_of(*seen.values()),
        )


@rule("GATHER027", Severity.INFO, layer=Layer.ICE, refs=("RFC 4787, 4.2.1",), subject="nat")
def ports_can_be_foretold(behavior: NatBehavior) -> Iterator[Hit]:
    """The NAT takes ports one after the other.

    Why: whoever knows one mapping can guess the next. That helps attackers against UDP services,
    and tools that punch holes between two symmetric NATs by guessing; ICE does not guess.

    Fires on:
        m1 > S mapped=N:50000
        m1 > T mapped=N:50001
        m1 > T2 mapped=N:50002
        m1 > S2 mapped=N:50003
    Silent on:
        m1 > S mapped=N:50000
        m1 > T mapped=N:61234
        m1 > T2 mapped=N:55117
        m1 > S2 mapped=N:49888
    Fix: nothing to change for calls; a router that can randomize ports should.
    """
    if behavior.allocation.value == "sequential":
        seen = [o for o in behavior.outcomes if o.test.plain and o.mapped][:6]
        yield Hit(
            f"ports outside follow one another: {behavior.allocation.why}",
            evidence=evidence_of(*seen),
        )


@rule(
    "GATHER028", Severity.INFO, layer=Layer.ICE, refs=("RFC 3489, 5", "RFC 6092, 3"), subject="nat"
)
def firewall_without_translation(behavior: NatBehavior) -> Iterator[Hit]:
    """There is no NAT, but a firewall that lets in only what was asked for.

    Why: the addresses are public and yet nobody can begin. ICE passes it as it passes a NAT that
    filters so, because both ends send; a server on this host is not reached.

    Fires on:
        m1 > S mapped=L:4000
        m1 > T mapped=L:4000
        m1 > S2 mapped=L:4000
        f1 > S mapped=L:4001
        f1 > S change=ip,port silent
        f1 > S change=port silent
    Silent on:
        m1 > S mapped=L:4000
        m1 > T mapped=L:4000
        m1 > S2 mapped=L:4000
        f1 > S mapped=L:4001
        f1 > S change=ip,port mapped=L:4001
        f1 > S change=port mapped=L:4001
    Fix: nothing to change for calls; for a server here, open its UDP ports.
    """
    filters = behavior.filtering.value
    if behavior.translated.value is False and filters not in ("unknown", ENDPOINT_INDEPENDENT):
        asked = [o for o in behavior.outcomes if o.test.change]
        yield Hit(
            f"a firewall and no NAT: {filters} filtering, addresses and ports as they are",
            evidence=evidence_of(*asked[:4]),
        )


@rule(
    "GATHER029",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 4787, 7", "RFC 8489, 14.2"),
    subject="nat",
)
def addresses_in_messages_are_rewritten(behavior: NatBehavior) -> Iterator[Hit]:
    """Something on the way rewrites addresses inside of messages (an ALG).

    Why: MAPPED-ADDRESS and XOR-MAPPED-ADDRESS are the same address, one of them disguised. When
    they differ, a helpful router replaced what looked like an address. It may do the same to SIP
    and to other payloads that hold four such bytes.

    Fires on:
        m1 > S mapped=N:4000 plain=L:4000
    Silent on:
        m1 > S mapped=N:4000 plain=N:4000
    Fix: switch off "SIP ALG", "STUN helper" or the like on the router.
    """
    if behavior.rewritten.value:
        differing = [
            o
            for o in behavior.outcomes
            if o.answer and o.answer.plain_mapped and o.answer.plain_mapped != o.answer.mapped
        ]
        yield Hit(
            f"addresses are rewritten on the way: {behavior.rewritten.why}",
            evidence=evidence_of(*differing[:2]),
        )


@rule(
    "GATHER030",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 4787, 10", "RFC 4787, 11"),
    subject="nat",
)
def fragments_are_dropped(behavior: NatBehavior) -> Iterator[Hit]:
    """Fragmented packets do not pass.

    Why: a DTLS handshake with a large certificate or a post-quantum key share, and any packet above
    the path's MTU, is cut into fragments. Where those are dropped, ICE connects and the handshake
    hangs.

    Fires on:
        m1 > S mapped=N:4000
        p1 > S mapped=N:4001
        p1 > S padding=1500 silent
        p1 > S mapped=N:4001
    Silent on:
        m1 > S mapped=N:4000
        p1 > S mapped=N:4001
        p1 > S padding=1500 mapped=N:4001 padded=1500
    Fix: keep packets below 1200 bytes (smaller DTLS flights, `max-ptime`, no MTU above 1280 in
    tunnels), or have the firewall reassemble fragments.
    """
    if behavior.fragments.value is False:
        tried = [o for o in behavior.outcomes if o.test.padding]
        yield Hit(
            f"fragments do not pass: {behavior.fragments.why}",
            evidence=evidence_of(*tried[:2]),
            certainty=Certainty.LIKELY,
        )


@rule("GATHER032", Severity.INFO, layer=Layer.ICE, refs=("RFC 4787, 6",), subject="nat")
def no_hairpinning(behavior: NatBehavior) -> Iterator[Hit]:
    """Two hosts behind this NAT do not reach each other by their addresses outside.

    Why: two ends in the same network usually connect by their host candidates. When those are
    hidden (mDNS names that do not resolve) or kept apart (guest networks, isolated clients, several
    networks behind one carrier's NAT), only hairpinning or a relay is left.

    Fires on:
        m1 > S mapped=N:4000
        m1 > T mapped=N:4000
        h1 > S mapped=N:4001
        h2 > S mapped=N:4002
        h1 > N:4002 at=h2 silent
        h2 > N:4001 at=h1 silent
    Silent on:
        m1 > S mapped=N:4000
        m1 > T mapped=N:4000
        h1 > S mapped=N:4001
        h2 > S mapped=N:4002
        h1 > N:4002 at=h2 back from=N:4001
    Fix: give the application a TURN server; let host candidates through within the network.
    """
    if behavior.hairpinning.value is False and behavior.translated.value:
        tried = [o for o in behavior.outcomes if o.test.at]
        yield Hit(f"no hairpinning: {behavior.hairpinning.why}", evidence=evidence_of(*tried[:2]))


@rule("GATHER033", Severity.WARNING, layer=Layer.ICE, refs=("RFC 4787, 4.3",), subject="nat")
def mappings_end_early(behavior: NatBehavior) -> Iterator[Hit]:
    """Mappings end sooner than NATs may let them.

    Why: a NAT must keep a UDP mapping for two minutes without packets. ICE sends a packet every 15
    seconds; below that, or for applications that send less often, calls go silent and candidates
    are dead before they are used.

    Fires on:
        m1 > S mapped=N:4000
        l0 > S mapped=N:4001
        l1 > S mapped=N:4002
        y1 > S port=4001 after=20 at=l0 mapped=N:4003
        y1 > S port=4002 after=30 at=l1 silent
    Silent on:
        m1 > S mapped=N:4000
        l0 > S mapped=N:4001
        l1 > S mapped=N:4002
        y1 > S port=4001 after=120 at=l0 mapped=N:4003
        y1 > S port=4002 after=300 at=l1 silent
    Fix: raise the router's UDP timeout to 120 s or more (on Linux
    `net.netfilter.nf_conntrack_udp_timeout`), or send keepalives more often.
    """
    lifetime = behavior.lifetime.value
    if lifetime is None or lifetime[1] is None or lifetime[1] > _RECOMMENDED_S:
        return
    grave = lifetime[1] <= _KEEPALIVE_S
    yield Hit(
        f"mappings live less than {lifetime[1]:g} s: {behavior.lifetime.why}",
        severity=Severity.ERROR if grave else None,
        evidence=evidence_of(*(o for o in behavior.outcomes if o.test.response_port is not None)),
    )


@rule(
    "GATHER034",
    Severity.INFO,
    layer=Layer.ICE,
    refs=("RFC 4787, 4.1", "RFC 4787, 5"),
    subject="nat",
)
def nat_is_as_strict_as_can_be_punched(behavior: NatBehavior) -> Iterator[Hit]:
    """The NAT is port restricted: it reaches all but symmetric NATs.

    Why: it maps independently of the destination and lets in only from where was sent to. Hole
    punching works with every NAT that maps so as well; a peer behind a symmetric one comes from a
    port that nobody could send to before.

    Fires on:
        m1 > S mapped=N:4000
        m1 > T mapped=N:4000
        m1 > S2 mapped=N:4000
        f1 > S mapped=N:4001
        f1 > S change=ip,port silent
        f1 > S change=port silent
    Silent on:
        m1 > S mapped=N:4000
        m1 > T mapped=N:4000
        m1 > S2 mapped=N:4000
        f1 > S mapped=N:4001
        f1 > S change=ip,port mapped=N:4001
    Fix: give the application a TURN server for calls with peers behind symmetric NATs.
    """
    if (
        behavior.translated.value
        and behavior.mapping.value == ENDPOINT_INDEPENDENT
        and behavior.filtering.value == ADDRESS_AND_PORT_DEPENDENT
    ):
        asked = [o for o in behavior.outcomes if o.test.change]
        yield Hit(
            "a port restricted cone: peers behind symmetric NATs need a relay",
            evidence=evidence_of(*asked[:4]),
        )
