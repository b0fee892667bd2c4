"""Why a STUN or TURN server is not reached: names, routes, closed ports and firewalls."""

from collections.abc import Iterator

from rtckit.analysis.probe import ProbeSet, ServerProbe, Step
from rtckit.core.address import Address, Scope, scope_of
from rtckit.core.findings import Certainty, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.probe_evidence import failures, probe_hit, severity_for

__all__: list[str] = []

_ASKING = ("connect", "binding", "challenge")
_OWN = ("EPERM", "EACCES")
_OTHERWISE = ("port unreachable", "ECONNREFUSED", "ECONNRESET", "EPIPE")  # the host is there
_PROHIBITED = ("prohibited", "EPERM", "EACCES", "source address failed policy", "route rejected")


def _silence(probe: ServerProbe) -> Step | None:
    """The step at which nothing came back at all."""
    if probe.answered:
        return None
    for step, failure in probe.failed(*_ASKING):
        if failure.kind == "timeout":
            return step
    return None


def _closed(probe: ServerProbe) -> Step | None:
    for step, failure in probe.failed(*_ASKING):
        if failure.name in ("port unreachable", "ECONNREFUSED"):
            return step
    return None


def _same_place(one: ServerProbe, other: ServerProbe) -> bool:
    return one.interface == other.interface


def _answers_elsewhere(probes: ProbeSet, probe: ServerProbe) -> str | None:
    """What sets a silent probe apart from one of the same host that is answered."""
    others = [other for other in probes.others(probe) if other.answered]
    for other in others:
        if (
            other.way == probe.way
            and other.family == probe.family
            and not _same_place(other, probe)
        ):
            return "interface"
    for other in others:
        if other.way == probe.way and _same_place(other, probe) and other.family != probe.family:
            return "family"
    for other in others:
        if other.way != probe.way and other.family == probe.family and _same_place(other, probe):
            return "way"
    return None


@rule(
    "GATHER004",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8489, 8", "RFC 7065, 3.1"),
    subject="probe",
)
def name_unresolved(probes: ProbeSet) -> Iterator[Hit]:
    """The server's name has no address.

    Why: without an address nothing is ever sent. A misspelt name does not exist; a resolver that
    does not answer is this network's fault, not the server's. Browsers report error 701. When
    only one family is missing (no AAAA record) that is harmless.

    Fires on:
        turn:nosuch.example.org over udp
          resolve dns missing=yes
    Silent on:
        turn:T over udp
          resolve ok 2ms
          binding ok 12ms
    Fix: check the spelling and the DNS record; when the resolver is silent, try another network or
    the server's IP address.
    """
    for probe, step, failure in failures(probes, "resolve"):
        if failure.details.get("missing"):
            what = f"{probe.host} does not exist in the DNS"
        else:
            what = f"{probe.host} cannot be resolved: {failure.text}"
        yield probe_hit(what, probe, step)


@rule(
    "GATHER005",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8489, 6.2.1", "RFC 8489, 6.2.2"),
    subject="probe",
)
def server_silent(probes: ProbeSet) -> Iterator[Hit]:
    """The server does not answer at all.

    Why: every request left and nothing came back, no answer and no refusal: the server is down,
    the address or port is wrong, or a firewall on the way drops silently. A host that runs and has
    nothing on that port would refuse.

    Fires on:
        stun:S over udp
          binding timeout sent=4 5500ms
        stun:S over tcp
          connect timeout 5000ms
    Silent on:
        stun:S over udp
          binding ok 12ms
    Fix: check host and port; see that the server runs and listens on its public address; open the
    port in the firewalls of the server, its cloud provider and this network.
    """
    for probe in probes.probes:
        step = _silence(probe)
        if step is None or _answers_elsewhere(probes, probe) is not None:
            continue
        sent = step.failure.sent if step.failure is not None else 1
        asked = f" to {sent} requests" if sent > 1 else ""
        what = "TCP connection" if step.name == "connect" else f"answer{asked}"
        also = [other for other in probes.others(probe) if _silence(other) is not None]
        more = f"; {', '.join(sorted({other.way.upper() for other in also}))} too" if also else ""
        yield probe_hit(
            f"{probe.where}: no {what}{more}",
            probe,
            step,
            severity=severity_for(probe),
            certainty=Certainty.SEEN if sent > 1 else Certainty.LIKELY,
        )


@rule(
    "GATHER006",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 792", "RFC 4443, 3.1"),
    subject="probe",
)
def port_closed(probes: ProbeSet) -> Iterator[Hit]:
    """The host is there, and nothing listens on the port.

    Why: ICMP port unreachable (UDP) or a reset (TCP) comes from the host itself: the server does
    not run, listens on another port or address, or not over this transport.

    Fires on:
        turn:T over udp
          binding icmp "port unreachable"
    Silent on:
        turn:T over udp
          binding ok 12ms
    Fix: start the server; compare its listening port, address and transports with the URI (coturn:
    listening-port, listening-ip, no-udp, no-tcp).
    """
    for probe in probes.probes:
        step = _closed(probe)
        if step is None:
            continue
        said = "ICMP port unreachable" if probe.way in ("udp", "dtls") else "connection refused"
        port = probe.remote.port if probe.remote is not None else 0
        yield probe_hit(f"{probe.where}: nothing listens on port {port} ({said})", probe, step)


@rule(
    "GATHER007",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 1812, 5.2.7.1", "RFC 4443, 3.1"),
    subject="probe",
)
def administratively_prohibited(probes: ProbeSet) -> Iterator[Hit]:
    """A firewall says that it does not let this through.

    Why: an ICMP "administratively prohibited" names the filter that sent it; EPERM or EACCES on
    sending is this machine's own firewall.

    Fires on:
        turn:T over udp
          binding icmp "communication administratively prohibited"
    Silent on:
        turn:T over udp
          binding ok 12ms
    Fix: open the port in the firewall that answers, on this machine when it is EPERM or EACCES;
    where UDP is not to be had, use `turns:` over TCP on port 443.
    """
    for probe in probes.probes:
        refused = [
            (step, failure)
            for step, failure in probe.failed("route", *_ASKING)
            if any(word in failure.name for word in _PROHIBITED)
        ]
        if not refused:
            continue
        name = refused[0][1].name
        who = "this machine's own firewall" if name in _OWN else "a firewall on the way"
        steps = [step for step, _ in refused]
        yield probe_hit(f"{probe.where}: {who} forbids it ({name})", probe, *steps)


@rule(
    "GATHER008",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 8445, 5.1.1.2",),
    subject="probe",
)
def interface_without_internet(probes: ProbeSet) -> Iterator[Hit]:
    """The server answers on one interface and not on another.

    Why: bridges, container networks and some VPNs have no way to the Internet. Gathering from them
    costs the time until it gives up, in some stacks five seconds a server.

    Fires on:
        stun:S over udp from eth0
          binding ok 12ms
        stun:S over udp from docker0
          binding timeout sent=4
    Silent on:
        stun:S over udp from eth0
          binding ok 12ms
        stun:S over udp from wlan0
          binding ok 30ms
    Fix: leave the interface out of gathering (an interface filter), or give it a route; a time
    budget for gathering bounds what it costs.
    """
    for probe in probes.probes:
        step = _silence(probe)
        if step is None or _answers_elsewhere(probes, probe) != "interface":
            continue
        works = next(
            other.interface
            for other in probes.others(probe)
            if other.answered and other.way == probe.way and not _same_place(other, probe)
        )
        yield probe_hit(
            f"{probe.server} over {probe.way.upper()} answers on {works} and not on "
            f"{probe.interface}",
            probe,
            step,
            severity=severity_for(probe, Severity.WARNING),
        )


@rule(
    "GATHER009",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 8421, 4", "RFC 8445, 5.1.1.1"),
    subject="probe",
)
def one_family_silent(probes: ProbeSet) -> Iterator[Hit]:
    """The server answers over one IP version and not over the other.

    Why: the name has addresses of both, and one path is broken (most often IPv6). Clients that try
    both wait for the silent one.

    Fires on:
        stun:S over udp remote=203.0.113.10
          binding ok 12ms
        stun:S over udp remote=2001:db8::10
          binding timeout sent=4
    Silent on:
        stun:S over udp remote=203.0.113.10
          binding ok 12ms
        stun:S over udp remote=2001:db8::10
          binding ok 12ms
    Fix: repair the path (a router that advertises IPv6 and does not forward it), have the server
    listen on that address, or remove its record from the DNS.
    """
    for probe in probes.probes:
        step = _silence(probe)
        if step is None or _answers_elsewhere(probes, probe) != "family":
            continue
        works = 4 if probe.family == 6 else 6
        yield probe_hit(
            f"{probe.where}: answers over IPv{works} and not over IPv{probe.family}",
            probe,
            step,
            severity=severity_for(probe, Severity.WARNING),
        )


@rule(
    "GATHER010",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8656, 3.1", "RFC 8835, 3.4"),
    subject="probe",
)
def udp_blocked(probes: ProbeSet) -> Iterator[Hit]:
    """UDP gets no answer where TCP or TLS to the same server works.

    Why: this network lets no UDP out, or the server's firewall lets none in. Calls work only
    through TURN over TCP or TLS, at the price of delay when packets are lost.

    Fires on:
        turn:T over udp
          binding timeout sent=4
        turn:T over tls
          connect ok 20ms
          tls ok 40ms
          binding ok 20ms
    Silent on:
        turn:T over udp
          binding ok 12ms
        turn:T over tls
          connect ok 20ms
          tls ok 40ms
          binding ok 20ms
    Fix: allow UDP to the server's port where you can; else put `turns:HOST:443?transport=tcp` into
    the iceServers, which passes most networks.
    """
    for probe in probes.probes:
        step = _silence(probe)
        if probe.way != "udp" or step is None or _answers_elsewhere(probes, probe) != "way":
            continue
        ways = sorted(
            {other.way.upper() for other in probes.others(probe) if other.answered} - {"UDP"}
        )
        yield probe_hit(
            f"{probe.server}: UDP gets no answer, {' and '.join(ways)} "
            f"{'works' if len(ways) == 1 else 'work'}: UDP is blocked on the way",
            probe,
            step,
            certainty=Certainty.LIKELY,
        )


@rule(
    "GATHER011",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 792", "RFC 8445, 5.1.1.1"),
    subject="probe",
)
def no_route(probes: ProbeSet) -> Iterator[Hit]:
    """This machine, or a router on the way, has no route to the server.

    Why: the datagram never left, or a router said that the network or host is unreachable. For one
    IP version where the other works that is harmless.

    Fires on:
        turn:T over udp
          route socket ENETUNREACH
    Silent on:
        turn:T over udp
          binding ok 12ms
    Fix: check the routes (`ip route get ADDRESS`), the VPN, and that the chosen interface and local
    address belong together.
    """
    for probe in probes.probes:
        lost = [
            (step, failure)
            for step, failure in probe.failed("route", *_ASKING)
            if failure.kind in ("icmp", "socket")
            and failure.name not in _OTHERWISE
            and not any(word in failure.name for word in _PROHIBITED)
        ]
        if not lost:
            continue
        name = lost[0][1].name
        harmless = any(other.answered and other.way == probe.way for other in probes.others(probe))
        yield probe_hit(
            f"{probe.where}: no way to {probe.remote} ({name})",
            probe,
            *(step for step, _ in lost),
            severity=Severity.INFO if harmless else severity_for(probe),
        )


@rule(
    "GATHER012",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 8489, 14.2",),
    subject="probe",
)
def address_rewritten(probes: ProbeSet) -> Iterator[Hit]:
    """Something on the way rewrites addresses inside packets (an ALG).

    Why: MAPPED-ADDRESS and XOR-MAPPED-ADDRESS of one answer must say the same. An application
    layer gateway that replaces addresses finds only the plain one; it may damage other protocols
    as well.

    Fires on:
        stun:S over udp
          binding ok mapped=198.51.100.7:4000 mapped_plain=10.0.0.2:4000
    Silent on:
        stun:S over udp
          binding ok mapped=198.51.100.7:4000 mapped_plain=198.51.100.7:4000
    Fix: turn the gateway off in the router (SIP ALG, STUN helper), or use TLS, which it cannot
    look into.
    """
    for probe in probes.probes:
        step = probe.step("binding")
        if step is None or not step.ok:
            continue
        plain, xored = step.facts.get("mapped_plain"), step.facts.get("mapped")
        if plain is not None and xored is not None and plain != xored:
            yield probe_hit(
                f"{probe.where}: MAPPED-ADDRESS says {plain}, XOR-MAPPED-ADDRESS {xored}: "
                "a gateway on the way rewrites addresses",
                probe,
                step,
                severity=Severity.WARNING,
            )


@rule(
    "GATHER013",
    Severity.INFO,
    layer=Layer.ICE,
    refs=("RFC 6598, 4", "RFC 8445, 5.1.1.2"),
    subject="probe",
)
def seen_from_inside(probes: ProbeSet) -> Iterator[Hit]:
    """The server sees an address that nobody outside can reach.

    Why: a reflexive candidate is of use only where others can send to it. A private one means that
    the server stands inside the same NAT, a shared one (100.64.0.0/10) inside the carrier's.

    Fires on:
        stun:S over udp remote=8.8.4.4:3478
          binding ok mapped=100.64.7.7:4000
    Silent on:
        stun:S over udp remote=8.8.4.4:3478
          binding ok mapped=198.51.100.7:4000
    Fix: ask a server on the other side of the NAT, as the peers will stand there.
    """
    inside = (Scope.PRIVATE, Scope.SHARED, Scope.UNIQUE_LOCAL)
    for probe in probes.probes:
        step = probe.step("binding")
        mapped = None if step is None or not step.ok else step.facts.get("mapped")
        if step is None or not isinstance(mapped, Address) or probe.remote is None:
            continue
        if scope_of(mapped.ip) in inside and scope_of(probe.remote.ip) is Scope.PUBLIC:
            yield probe_hit(
                f"{probe.where}: it sees {mapped}, a {scope_of(mapped.ip)} address",
                probe,
                step,
                severity=Severity.INFO,
            )
