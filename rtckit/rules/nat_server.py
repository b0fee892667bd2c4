"""What a STUN server cannot tell about NATs, or tells wrongly (RFC 5780)."""

from collections.abc import Iterator

from rtckit.analysis.nat import Confidence, NatBehavior, Outcome
from rtckit.core.findings import Certainty, Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule

__all__ = ["evidence_of"]


def evidence_of(*outcomes: Outcome) -> tuple[Evidence, ...]:
    """Tests and what became of them, as evidence."""
    return tuple(Evidence(_words(outcome)) for outcome in outcomes)


def _words(outcome: Outcome) -> str:
    test = outcome.test
    asked = f", asked to change {test.change}" if test.change else ""
    asked += f", {test.padding} bytes of padding" if test.padding else ""
    asked += (
        f", for port {test.response_port} after {test.wait_s:g} s" if test.response_port else ""
    )
    head = f"{outcome.local} to {test.to}{asked}: "
    if outcome.answer is not None:
        mapped = f", sees {outcome.answer.mapped}" if outcome.answer.mapped else ""
        return f"{head}answer from {outcome.answer.source}{mapped}"
    if outcome.error is not None:
        return f"{head}{outcome.error[0]} {outcome.error[1]}"
    return head + (outcome.refused or f"no answer to {outcome.sent} requests")


def _answered(behavior: NatBehavior) -> list[Outcome]:
    return [o for o in behavior.outcomes if o.answer and o.test.plain]


@rule("GATHER020", Severity.INFO, layer=Layer.ICE, refs=("RFC 5780, 4.4",), subject="nat")
def server_without_other_address(behavior: NatBehavior) -> Iterator[Hit]:
    """The STUN server cannot test filtering: it has no other address.

    Why: how a NAT filters shows only when something arrives from an address that nothing was sent
    to. A server with one address, as most public ones, says no OTHER-ADDRESS and cannot send so.
    How the NAT maps can still be told by two servers.

    Fires on:
        m1 > S mapped=N:4000 other=none
    Silent on:
        m1 > S mapped=N:4000 other=T2
    Fix: ask a server with two addresses (`rtckit stun serve` with two, or coturn with two
    `listening-ip`); for the mapping alone name another server with `--server2`.
    """
    answered = _answered(behavior)
    if answered and not any(o.answer and o.answer.other for o in answered):
        comparable = behavior.depends.value is not None
        more = "" if comparable else ", nor, without a second server, how it maps"
        yield Hit(
            f"{behavior.server} has no other address to answer from: how the NAT filters cannot "
            f"be told{more}",
            evidence=evidence_of(answered[0]),
        )


@rule("GATHER021", Severity.WARNING, layer=Layer.ICE, refs=("RFC 5780, 7.4",), subject="nat")
def other_address_is_the_same(behavior: NatBehavior) -> Iterator[Hit]:
    """The server's OTHER-ADDRESS is no other IP address.

    Why: a server must not send OTHER-ADDRESS unless it has a second IP address. Verdicts that rest
    on it are void: what looks like another address is the same one, so that every NAT seems to map
    and to filter independently of it.

    Fires on:
        m1 > S mapped=N:4000 other=S2
    Silent on:
        m1 > S mapped=N:4000 other=T2
    Fix: use another server for NAT detection, or tell this one's operator to give it a second
    address.
    """
    for outcome in _answered(behavior):
        answer = outcome.answer
        # Only of the server that was named: coturn says nonsense on its second address.
        if outcome.test.to != behavior.server:
            continue
        if answer and answer.other and answer.other.ip == outcome.test.to.ip:
            yield Hit(
                f"{outcome.test.to} says that its other address is {answer.other}, which is the "
                "same IP address: nothing that needs another one was tested",
                evidence=evidence_of(outcome),
            )
            return


@rule(
    "GATHER022",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 5780, 6.1", "RFC 5780, 7.2"),
    subject="nat",
)
def change_request_is_ignored(behavior: NatBehavior) -> Iterator[Hit]:
    """The server ignores CHANGE-REQUEST and answers from the address that was asked.

    Why: such an answer passes every filter. A client that does not look where it came from takes
    any NAT for one that filters nothing ("full cone").

    Fires on:
        m1 > S mapped=N:4000
        f1 > S change=ip,port mapped=N:4001 from=S
    Silent on:
        m1 > S mapped=N:4000
        f1 > S change=ip,port mapped=N:4001 from=T2
    Fix: do not trust this server for NAT detection; one that keeps RFC 5780 answers from its other
    address, or with 420.
    """
    for outcome in behavior.outcomes:
        test, answer = outcome.test, outcome.answer
        if answer is None or not test.change:
            continue
        wrong_ip = test.change_ip and answer.source.ip == test.to.ip
        wrong_port = test.change_port and answer.source.port == test.to.port
        if wrong_ip or wrong_port:
            yield Hit(
                f"{test.to} was asked to answer from another {test.change.replace(', ', ' and ')}"
                f", and answered from {answer.source}: filtering cannot be told by it",
                evidence=evidence_of(outcome),
            )
            return


@rule("GATHER023", Severity.INFO, layer=Layer.ICE, refs=("RFC 5780, 4",), subject="nat")
def verdict_rests_on_little(behavior: NatBehavior) -> Iterator[Hit]:
    """A verdict about the NAT rests on little: packets are lost on the way.

    Why: a filter shows by silence, and so does loss. Silence is counted only when it was repeated,
    on more than one socket, and when other requests were answered meanwhile; where those are lost
    as well, both explanations remain.

    Fires on:
        m1 > S mapped=N:4000
        m1 > T mapped=N:4000
        m1 > S2 mapped=N:4000
        f1 > S mapped=N:4001
        f1 > S change=ip,port silent sent=1
        f1 > S change=port silent sent=1
    Silent on:
        m1 > S mapped=N:4000
        m1 > T mapped=N:4000
        m1 > S2 mapped=N:4000
        f1 > S mapped=N:4001
        f2 > S mapped=N:4002
        f1 > S change=ip,port silent
        f1 > S change=port silent
        f2 > S change=ip,port silent
        f2 > S change=port silent
    Fix: run it again when less is lost; `rtckit stun ping` shows how much is.
    """
    facts = {"mapping": behavior.mapping, "filtering": behavior.filtering}
    weak = [name for name, fact in facts.items() if fact.confidence is Confidence.LOW]
    if weak:
        why = facts[weak[0]].why
        lost = [o for o in behavior.outcomes if o.silent or (o.answer and o.sent > 1)]
        yield Hit(
            f"what is said of {' and '.join(weak)} is a guess: {why}",
            evidence=evidence_of(*lost[:6]),
            certainty=Certainty.LIKELY,
        )


@rule(
    "GATHER031",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 5780, 7.3",),
    subject="nat",
)
def answers_come_from_elsewhere(behavior: NatBehavior) -> Iterator[Hit]:
    """An answer says that it was sent from another address than it came from.

    Why: RESPONSE-ORIGIN is the address the server sent the answer from. When the packet's source is
    another one, something between rewrites it: a NAT before the server, or an interceptor that
    answers in its name, as captive portals and "transparent" proxies do. What is then measured may
    be that machine and not the NAT.

    Fires on:
        m1 > S mapped=N:4000 origin=192.0.2.99:3478
    Silent on:
        m1 > S mapped=N:4000 origin=S
    Fix: when the server itself is behind a NAT, give it its public address (coturn: `external-ip`);
    otherwise look for what intercepts UDP to port 3478 in this network.
    """
    for outcome in behavior.outcomes:
        answer = outcome.answer
        if answer is None or answer.origin is None or answer.origin == answer.source:
            continue
        yield Hit(
            f"an answer that came from {answer.source} says it was sent from {answer.origin}: "
            "something between rewrites addresses, or answers in the server's name",
            evidence=evidence_of(outcome),
            certainty=Certainty.LIKELY,
        )
        return
