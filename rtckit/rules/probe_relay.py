"""What a TURN server does not grant, and relays that do not carry (RFC 8656)."""

from collections.abc import Iterator
from typing import Any

from rtckit.analysis.probe import ProbeSet, ServerProbe, Step
from rtckit.core.address import Address, Scope, scope_of
from rtckit.core.findings import Certainty, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.probe_evidence import failures, probe_hit, quoted_reason, severity_for

__all__: list[str] = []

_ALLOCATING = ("challenge", "allocate", "second", "tcp-allocate")
_FOR_PEERS = ("permission", "channel", "tcp-echo")
_INSIDE = {
    Scope.PRIVATE,
    Scope.SHARED,
    Scope.LOOPBACK,
    Scope.LINK_LOCAL,
    Scope.UNIQUE_LOCAL,
    Scope.UNSPECIFIED,
}
_UNSUPPORTED = {
    440: "it relays no addresses of that family",
    442: "it does not relay that transport, or not for clients that come this way",
    443: "the peer's address is of another family than the relayed one",
}


@rule(
    "TURN018",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 8656, 10.2", "RFC 8656, 12.2"),
    subject="probe",
)
def peer_forbidden(probes: ProbeSet) -> Iterator[Hit]:
    """The TURN server forbids a peer (403).

    Why: servers refuse to relay to private, loopback and denied addresses. For a private host
    candidate that is expected; when every peer is refused, the relay carries nothing.

    Fires on:
        turn:T over udp user=alice
          allocate ok relayed=203.0.113.9:50000
          permission 403 "Forbidden IP" forbidden=203.0.113.9
    Silent on:
        turn:T over udp user=alice
          allocate ok relayed=203.0.113.9:50000
          permission ok peers=203.0.113.9
    Fix: allow the peers' range (coturn: allowed-peer-ip, denied-peer-ip; allow-loopback-peers in a
    laboratory), or see that peers signal public or relayed candidates.
    """
    for probe in probes.probes:
        for step in probe.steps:
            refused = step.failure is not None and step.failure.code == 403
            if step.name not in _FOR_PEERS or not refused:
                continue
            assert step.failure is not None
            forbidden = _texts(step.facts.get("forbidden"))
            allowed = _texts(step.facts.get("allowed"))
            every = not allowed
            inside = forbidden and all(scope_of(peer) in _INSIDE for peer in forbidden)
            message = (
                f"{probe.where}: {step.name} for {', '.join(forbidden) or 'the peer'} answered "
                f"{quoted_reason(step.failure)}"
            )
            if allowed:
                message += f"; allowed for {', '.join(allowed)}"
            elif inside:
                message += "; private addresses are rarely allowed"
            severity = Severity.ERROR if every else Severity.WARNING
            yield probe_hit(message, probe, step, severity=severity_for(probe, severity))


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


@rule("TURN019", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8656, 7.2",), subject="probe")
def user_forbidden(probes: ProbeSet) -> Iterator[Hit]:
    """The TURN server refuses this user or client an allocation (403).

    Why: the credentials are right, and policy says no: the user, the realm or the client's address
    may not allocate.

    Fires on:
        turn:T over udp user=alice
          allocate 403 Forbidden
    Silent on:
        turn:T over udp user=alice
          allocate ok relayed=203.0.113.9:50000
    Fix: look at the server's access lists and its log at the time of the request.
    """
    for probe, step, failure in failures(probes, codes=(403,)):
        if step.name in _FOR_PEERS:
            continue
        yield probe_hit(
            f"{probe.where}: {step.name} answered {quoted_reason(failure)}", probe, step
        )


@rule(
    "TURN020",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8656, 7.2", "RFC 8656, 8.2"),
    subject="probe",
)
def allocation_mismatch(probes: ProbeSet) -> Iterator[Hit]:
    """The server and the client disagree about the allocation (437).

    Why: on Allocate, the address and port of this client have one already, left by a client that
    ended without giving it back. On anything else, the allocation is gone: it expired, the server
    restarted, or a NAT changed the client's port so that the server sees a stranger.

    Fires on:
        turn:T over udp user=alice
          allocate 437 "Allocation Mismatch"
    Silent on:
        turn:T over udp user=alice
          allocate ok relayed=203.0.113.9:50000
    Fix: on Allocate use a new local port, or wait for the old allocation's lifetime (600 s at
    most, unless longer was asked for); later on, look for a NAT that forgets UDP bindings early.
    """
    for probe, step, failure in failures(probes, codes=(437,)):
        if step.name in _ALLOCATING:
            said = f"{probe.local or 'this address and port'} has an allocation already"
        else:
            said = "the allocation is gone, or belongs to another address and port"
        yield probe_hit(
            f"{probe.where}: {step.name} answered {quoted_reason(failure)}: {said}", probe, step
        )


@rule(
    "TURN021",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8656, 7.2", "RFC 8445, 5.1.1.2"),
    subject="probe",
)
def relayed_address_private(probes: ProbeSet) -> Iterator[Hit]:
    """The relayed address cannot be reached from outside.

    Why: a server behind a NAT or in a container relays from an address nobody outside can reach
    unless it is told its public one. Its candidates look fine and never work.

    Fires on:
        turn:T over udp user=alice remote=8.8.4.4:3478
          allocate ok relayed=172.17.0.2:50000
    Silent on:
        turn:T over udp user=alice remote=8.8.4.4:3478
          allocate ok relayed=8.8.4.4:50000
    Fix: tell the server its public address (coturn: external-ip=PUBLIC/PRIVATE) and forward its
    relay ports.
    """
    for probe in probes.probes:
        step = probe.step("allocate")
        if step is None or probe.remote is None or not _relays_from_inside(probe):
            continue
        relayed = step.facts["relayed"]
        yield probe_hit(
            f"{probe.where}: it relays from {relayed}, a {scope_of(relayed.ip)} address, "
            f"and is itself at {probe.remote.ip}",
            probe,
            step,
        )


def _relays_from_inside(probe: ServerProbe) -> bool:
    """Whether the relayed address is private or the like, and the server's own is not."""
    step = probe.step("allocate")
    relayed = None if step is None else step.facts.get("relayed")
    if not isinstance(relayed, Address) or probe.remote is None:
        return False
    return scope_of(relayed.ip) in _INSIDE and scope_of(probe.remote.ip) not in _INSIDE


@rule(
    "TURN022",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8656, 7.2", "RFC 8656, 19"),
    subject="probe",
)
def not_supported(probes: ProbeSet) -> Iterator[Hit]:
    """The server does not relay this address family or transport (440, 442, 443).

    Why: it has no address of that family, or its configuration forbids UDP or TCP relays; 443 says
    that an IPv4 allocation cannot send to an IPv6 peer or the other way round.

    Fires on:
        turn:T over udp user=alice
          allocate 442 "UDP Transport is not allowed"
    Silent on:
        turn:T over udp user=alice
          allocate ok relayed=203.0.113.9:50000
    Fix: enable it on the server (coturn: no no-udp-relay or no-tcp-relay, a relay-ip of that
    family), or offer another server that has it.
    """
    for probe, step, failure in failures(probes, codes=(440, 442, 443)):
        assert failure.code is not None
        yield probe_hit(
            f"{probe.where}: {step.name} answered {quoted_reason(failure)}: "
            f"{_UNSUPPORTED[failure.code]}",
            probe,
            step,
        )


@rule(
    "TURN023",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8656, 7.2", "RFC 8656, 19"),
    subject="probe",
)
def quota_or_capacity(probes: ProbeSet) -> Iterator[Hit]:
    """The server has no allocation left: for this user (486), or for anybody (508).

    Why: 486 is the user's quota: clients that ended without giving theirs back hold them for ten
    minutes. 508 is the server's own limit, most often of relay ports.

    Fires on:
        turn:T over udp user=alice
          allocate 486 "Allocation Quota Reached"
    Silent on:
        turn:T over udp user=alice
          allocate ok relayed=203.0.113.9:50000
    Fix: raise the limit (coturn: user-quota, total-quota, min-port and max-port), give users names
    of their own, and have clients close their connections.
    """
    for probe, step, failure in failures(probes, codes=(486, 508)):
        whose = "the user's quota" if failure.code == 486 else "the server's capacity"
        extra = " (the first one was granted)" if step.name == "second" else ""
        yield probe_hit(
            f"{probe.where}: {whose} is used up: {step.name} answered "
            f"{quoted_reason(failure)}{extra}",
            probe,
            step,
        )


@rule("TURN024", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 10",), subject="probe")
def redirected_in_circles(probes: ProbeSet) -> Iterator[Hit]:
    """The server redirects, and it does not end.

    Why: 300 (Try Alternate) names another server, which names the first again, or another, and so
    on. Clients stop at the first server they meet twice; most browsers do not follow at all.

    Fires on:
        turn:T over udp user=alice
          redirect redirect-loop
    Silent on:
        turn:T over udp user=alice
          redirect ok to=203.0.113.12:3478
          allocate ok relayed=203.0.113.12:50000
    Fix: mend the list of alternate servers (coturn: alternate-server); a server of that list must
    not redirect itself.
    """
    for probe, step, failure in failures(probes):
        if failure.kind == "redirect-loop" or failure.code == 300:
            yield probe_hit(f"{probe.where}: {failure.text}", probe, step)


@rule(
    "TURN025",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8489, 14.8", "RFC 8489, 6.3.4"),
    subject="probe",
)
def refused_otherwise(probes: ProbeSet) -> Iterator[Hit]:
    """The server refuses with an error of another kind.

    Why: 400 is a request it cannot read or that lacks something, 420 an attribute it does not
    know, 500 a failure of its own.

    Fires on:
        turn:T over udp user=alice
          allocate 500 "Server Error"
    Silent on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate 401 Unauthorized
    Fix: read the server's log at that time; the reason phrase says what it dislikes.
    """
    known = {300, 401, 403, 437, 438, 440, 441, 442, 443, 486, 508}
    for probe, step, failure in failures(probes):
        if failure.kind != "stun" or failure.code in known:
            continue
        unsigned = "" if failure.authenticated else " (unsigned: browsers ignore it and time out)"
        harmless = step.name == "binding" and probe.kind == "turn"
        yield probe_hit(
            f"{probe.where}: {step.name} answered {quoted_reason(failure)}{unsigned}",
            probe,
            step,
            severity=Severity.INFO if harmless else severity_for(probe),
        )


# --- data


def _count(step: Step, key: str) -> int | None:
    value = step.facts.get(key)
    return value if isinstance(value, int) else None


def _directions(probe: ServerProbe) -> Iterator[tuple[Step, int, int]]:
    """Each step that carried data: what came out of the relay, and what went in through it."""
    echo, outside = probe.step("echo"), probe.step("outside")
    if echo is not None and echo.ok is not None:
        there = (_count(echo, "send_there") or 0) + (_count(echo, "channel_there") or 0)
        back = (_count(echo, "send_back") or 0) + (_count(echo, "channel_back") or 0)
        yield echo, there, back
    if outside is not None and outside.ok is not None:
        yield outside, _count(outside, "outbound") or 0, _count(outside, "inbound") or 0


@rule(
    "TURN032",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8656, 7.2", "RFC 8656, 11"),
    subject="probe",
)
def relay_carries_nothing(probes: ProbeSet) -> Iterator[Hit]:
    """The allocation is fine, and data does not pass through the relay.

    Why: the relayed address has a port of its own, 49152 to 65535 unless configured; where a
    firewall lets only the listening port pass, allocations succeed and calls stay silent. When
    data passes in one direction only, the firewall is open in one direction only.

    Fires on:
        turn:T over udp user=alice
          allocate ok relayed=203.0.113.9:50000
          outside timeout sent=10 inbound=0 outbound=0
    Silent on:
        turn:T over udp user=alice
          allocate ok relayed=203.0.113.9:50000
          echo ok sent=10 send_there=10 send_back=10 channel_there=10 channel_back=10
          outside ok sent=10 inbound=10 outbound=10
    Fix: open the relay ports (coturn: min-port to max-port) over UDP in both directions, in the
    host's firewall, the cloud's security group and the NAT before it.
    """
    for probe in probes.probes:
        for step, outward, inward in _directions(probe):
            if outward and inward:
                continue
            if step.name == "outside" and _relays_from_inside(probe):
                continue  # TURN021 names the cause
            ports = "the relay ports are blocked"
            if outward or inward:
                way = "out of" if outward else "into"
                lost = "into" if outward else "out of"
                message = f"data passes {way} the relay and not {lost} it: {ports} one way"
            elif step.name == "outside":
                message = f"no data passes between the relayed address and this machine: {ports}"
            else:
                message = "no data passes between two allocations of the server"
            yield probe_hit(f"{probe.where}: {message}", probe, step, certainty=Certainty.LIKELY)


@rule("TURN033", Severity.WARNING, layer=Layer.ICE, refs=("RFC 8656, 11",), subject="probe")
def relay_loses_data(probes: ProbeSet) -> Iterator[Hit]:
    """The relay loses data.

    Why: more than one datagram in twenty was lost between the allocations; calls through it
    stutter. When only the large ones are lost, a path takes no datagrams of their size.

    Fires on:
        turn:T over udp user=alice
          echo ok sent=20 send_there=15 send_back=14 channel_there=20 channel_back=20
    Silent on:
        turn:T over udp user=alice
          echo ok sent=20 send_there=20 send_back=20 channel_there=20 channel_back=20
    Fix: look at the load and the bandwidth limits of the server (coturn: max-bps, bps-capacity)
    and at the way to it.
    """
    for probe in probes.probes:
        step = probe.step("echo")
        sent = 0 if step is None else _count(step, "sent") or 0
        if step is None or not sent:
            continue
        keys = ("send_there", "send_back", "channel_there", "channel_back")
        counts = {key: value for key in keys if (value := _count(step, key)) is not None}
        worst = min(counts.values(), default=sent)
        if 0 < worst < 0.95 * sent:
            lost = ", ".join(
                f"{key.replace('_', ' ')} {value}/{sent}" for key, value in counts.items()
            )
            yield probe_hit(
                f"{probe.where}: data is lost in the relay: {lost}",
                probe,
                step,
                severity=severity_for(probe, Severity.WARNING),
            )


@rule("TURN035", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8656, 7.2",), subject="probe")
def no_turn_server(probes: ProbeSet) -> Iterator[Hit]:
    """The server answers Binding requests, and nothing that is TURN.

    Why: a STUN server tells a client its address and relays nothing; it drops an Allocate request
    or refuses it.

    Fires on:
        turn:T over udp user=alice
          binding ok mapped=198.51.100.7:4000
          challenge timeout sent=4
    Silent on:
        turn:T over udp user=alice
          binding ok mapped=198.51.100.7:4000
          challenge ok realm=example.org
    Fix: use the address of a TURN server, or switch TURN on (coturn: no stun-only).
    """
    for probe, step, failure in failures(probes, "challenge"):
        binding = probe.step("binding")
        if failure.kind == "timeout" and binding is not None and binding.ok:
            yield probe_hit(
                f"{probe.where}: it answers Binding and not Allocate: STUN only, not TURN",
                probe,
                binding,
                step,
                certainty=Certainty.LIKELY,
            )


@rule(
    "TURN034",
    Severity.ERROR,
    layer=Layer.ICE,
    refs=("RFC 8656, 7.1", "RFC 8489, 6.1"),
    subject="probe",
)
def signed_request_vanishes(probes: ProbeSet) -> Iterator[Hit]:
    """The server answers without credentials, and the request with them gets no answer.

    Why: the signed request is longer and names a user. A middlebox that drops fragments or long
    datagrams, or that inspects STUN, takes it away; or the server looks the user up in a database
    that does not answer.

    Fires on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate timeout sent=4
    Silent on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate 401 Unauthorized
    Fix: try TLS, into which nothing on the way can look; look for the request in a capture at the
    server; look at the server's database.
    """
    for probe, step, failure in failures(probes, "allocate"):
        challenge = probe.step("challenge")
        if failure.kind in ("timeout", "closed") and challenge is not None and challenge.ok:
            yield probe_hit(
                f"{probe.where}: the challenge came, the Allocate request with credentials "
                "was never answered",
                probe,
                challenge,
                step,
                certainty=Certainty.LIKELY,
            )
