"""What follows from the outcomes of NAT tests (RFC 5780, 4.2 to 4.5).

An answer proves something; silence proves something only together with answers to other requests of
the same socket, and is never taken from a single packet. Where two sockets disagree, what an answer
proves stands, and the confidence sinks.
"""

import itertools
from collections.abc import Iterable, Sequence

from rtckit.analysis.nat import (
    ADDRESS_AND_PORT_DEPENDENT,
    ADDRESS_DEPENDENT,
    ENDPOINT_INDEPENDENT,
    UNKNOWN,
    Confidence,
    Fact,
    NatBehavior,
    Outcome,
)
from rtckit.core.address import Address

__all__ = ["judge"]

_LEAST_SENDINGS = 3
_NEXT = range(1, 5)
"""By how much a port counts as following another."""


def judge(
    server: Address, outcomes: Iterable[Outcome], tcp: dict[int, bool] | None = None
) -> NatBehavior:
    """Conclude what can be concluded; what cannot is ``unknown``, and its ``why`` says the reason.

    ``server`` is the primary address of the tests. Sockets named ``m...`` were used for mapping,
    ``f...`` for filtering, ``h...`` for hairpinning, ``p...`` for fragments, ``l...`` for the
    lifetime.
    """
    told = tuple(outcomes)
    plain = [outcome for outcome in told if outcome.test.plain]
    reachable = _reachable(plain, tcp or {})
    if not any(outcome.answer for outcome in told):
        return NatBehavior(server, told, reachable, tcp=tcp or {})
    translated = _translated(plain)
    mapping, depends = _mapping(plain)
    if translated.value is False:
        why = "the server sees the address and port of the socket itself: nothing is translated"
        mapping = Fact(ENDPOINT_INDEPENDENT, translated.confidence, why)
        depends = Fact(False, translated.confidence, why)
    preservation = _preservation(plain)
    return NatBehavior(
        server,
        told,
        reachable,
        translated,
        mapping,
        depends,
        _filtering(server, told),
        _hairpinning(told, mapping.value),
        preservation,
        _pooling(plain),
        _allocation(plain, preservation),
        _parity(plain),
        _fragments(told),
        _rewritten(told),
        _lifetime(told),
        tcp or {},
    )


def _reachable(plain: Sequence[Outcome], tcp: dict[int, bool]) -> Fact[bool | None]:
    answered = [outcome for outcome in plain if outcome.answer]
    if answered:
        return Fact(True, Confidence.HIGH, "the server answers over UDP")
    errors = [outcome.error for outcome in plain if outcome.error]
    if errors:
        code, reason = errors[0]
        return Fact(True, Confidence.HIGH, f"the server answers, but with {code} {reason}")
    refused = next((outcome.refused for outcome in plain if outcome.refused), "")
    if refused.startswith("the server itself"):
        # UDP went there, and the answer came back: it is the port that is closed.
        return Fact(False, Confidence.LOW, f"{refused}: nothing listens on that port")
    if refused:
        return Fact(False, Confidence.MEDIUM, f"UDP is refused: {refused}")
    sent = sum(outcome.sent for outcome in plain)
    connected = [port for port, works in tcp.items() if works]
    if connected:
        ports = " and ".join(map(str, connected))
        why = f"{sent} requests over UDP were not answered, yet TCP reaches port {ports}"
        return Fact(False, Confidence.HIGH, why)
    servers = {outcome.test.to.ip for outcome in plain}
    if len(servers) > 1:
        why = f"{sent} requests over UDP to {len(servers)} servers were not answered"
        return Fact(False, Confidence.MEDIUM, why)
    why = f"{sent} requests over UDP were not answered: blocked, or the server does not run"
    return Fact(False, Confidence.LOW, why)


def _translated(plain: Sequence[Outcome]) -> Fact[bool | None]:
    pairs = [(outcome.local, outcome.mapped) for outcome in plain if outcome.mapped]
    same = sum(local == mapped for local, mapped in pairs)
    if not pairs:
        return Fact(None, Confidence.NONE, "no answer tells a mapped address")
    if same == len(pairs):
        why = "the server sees the address and port of each socket as they are"
        return Fact(False, Confidence.HIGH, why)
    local, mapped = next((local, mapped) for local, mapped in pairs if local != mapped)
    return Fact(True, Confidence.HIGH, f"the server sees {local} as {mapped}")


# --- mapping (RFC 5780, 4.3)


def _seen_by_socket(plain: Iterable[Outcome]) -> dict[str, dict[Address, Address]]:
    """The mapped address towards each destination, by socket; the first answer counts."""
    seen: dict[str, dict[Address, Address]] = {}
    for outcome in plain:
        if outcome.mapped is not None:
            seen.setdefault(outcome.test.socket, {}).setdefault(outcome.test.to, outcome.mapped)
    return seen


def _mapping(plain: Sequence[Outcome]) -> tuple[Fact[str], Fact[bool | None]]:
    seen = [found for found in _seen_by_socket(plain).values() if len(found) > 1]
    if not seen:
        why = "only one address and port of a server answers: there is nothing to compare with"
        return Fact(UNKNOWN, Confidence.NONE, why), Fact(None, Confidence.NONE, why)
    verdicts = [_mapping_of(found) for found in seen]
    depends = [found for found, _ in verdicts if found is not None]
    strictest = max((verdict for _, verdict in verdicts), key=_ORDER.index)
    complete = [verdict for _, verdict in verdicts if verdict != UNKNOWN]
    agree = len(set(complete)) == 1
    confidence = Confidence.HIGH if agree and len(complete) > 1 else Confidence.MEDIUM
    depending = any(depends) if depends else None
    depend_fact: Fact[bool | None] = Fact(
        depending,
        Confidence.NONE if depending is None else confidence,
        _mapping_example(seen, bool(depending)),
    )
    if strictest == UNKNOWN:
        why = (
            "mappings differ by the server's address; whether by its port too needs a server with "
            "a second port"
            if depending
            else "mappings of one server address are the same; whether of others needs a second"
        )
        return Fact(UNKNOWN, Confidence.NONE, why), depend_fact
    why = _mapping_example(seen, strictest != ENDPOINT_INDEPENDENT)
    if not agree and len(complete) > 1:
        why += "; not every socket is treated the same (RFC 5780, 4.1)"
    return Fact(strictest, confidence, why), depend_fact


_ORDER = (UNKNOWN, ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)


def _mapping_of(found: dict[Address, Address]) -> tuple[bool | None, str]:
    """Whether the mappings of one socket depend on the destination, and on what, if known."""
    by_ip: dict[str, set[Address]] = {}
    for destination, mapped in found.items():
        by_ip.setdefault(destination.ip, set()).add(mapped)
    if any(len(mapped) > 1 for mapped in by_ip.values()):
        return True, ADDRESS_AND_PORT_DEPENDENT
    if len(set(found.values())) > 1:
        two_ports = any(sum(destination.ip == ip for destination in found) > 1 for ip in by_ip)
        return True, ADDRESS_DEPENDENT if two_ports else UNKNOWN
    return (False, ENDPOINT_INDEPENDENT) if len(by_ip) > 1 else (None, UNKNOWN)


def _mapping_example(seen: Sequence[dict[Address, Address]], differing: bool) -> str:
    for found in seen:
        if (len(set(found.values())) > 1) is differing:
            parts = [f"{mapped} for {destination}" for destination, mapped in found.items()]
            return f"one socket is mapped to {', '.join(parts)}"
    return ""


# --- filtering (RFC 5780, 4.4)


def _filtering(server: Address, told: Sequence[Outcome]) -> Fact[str]:
    asked = [outcome for outcome in told if outcome.test.change_port]
    plain = [outcome for outcome in told if outcome.test.plain]
    other = next((o.answer.other for o in plain if o.answer and o.answer.other), None)
    if not asked:
        why = "filtering was not tested"
        if other is None:
            why = "the server has no other address (no OTHER-ADDRESS): it cannot test filtering"
        elif other.ip == server.ip:
            why = f"the server's other address {other} is no other IP address (RFC 5780, 7.4)"
        return Fact(UNKNOWN, Confidence.NONE, why)
    if any(_ignored_change(outcome) for outcome in asked):
        why = "the server answers from the address that was asked, whatever CHANGE-REQUEST says"
        return Fact(UNKNOWN, Confidence.NONE, why)
    errors = [outcome.error for outcome in asked if outcome.error]
    if errors and not any(outcome.answer for outcome in asked):
        code, reason = errors[0]
        return Fact(UNKNOWN, Confidence.NONE, f"the server refuses to test it: {code} {reason}")
    both = [outcome for outcome in asked if outcome.test.change_ip]
    port = [outcome for outcome in asked if not outcome.test.change_ip]
    answered_both = [outcome for outcome in both if outcome.answer]
    answered_port = [outcome for outcome in port if outcome.answer]
    if answered_both:
        answer = answered_both[0].answer
        assert answer is not None
        lossy = len(answered_both) < len(both)
        why = f"an answer of {answer.source} arrived, to which nothing had been sent"
        return Fact(ENDPOINT_INDEPENDENT, Confidence.MEDIUM if lossy else Confidence.HIGH, why)
    alive = {outcome.test.to for outcome in plain if outcome.answer}
    if not any(address.ip != server.ip for address in alive):
        why = "the server's other address never answers, so its silence says nothing"
        return Fact(UNKNOWN, Confidence.NONE, why)
    confidence = _confidence_of_silence(both if answered_port else asked, told)
    sent = sum(outcome.sent for outcome in both)
    if answered_port:
        answer = answered_port[0].answer
        assert answer is not None
        why = (
            f"an answer of {answer.source} arrived, to which nothing had been sent; {sent} from "
            "the other address did not"
        )
        if len(answered_port) < len(port):
            confidence = min(confidence, Confidence.MEDIUM, key=_SURE.index)
        return Fact(ADDRESS_DEPENDENT, confidence, why)
    sent += sum(outcome.sent for outcome in port)
    if not any(address.ip == server.ip and address.port != server.port for address in alive):
        confidence = Confidence.LOW
    why = f"none of {sent} answers from another address or port arrived, all others did"
    return Fact(ADDRESS_AND_PORT_DEPENDENT, confidence, why)


_SURE = (Confidence.NONE, Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


def _ignored_change(outcome: Outcome) -> bool:
    """Whether it was answered, but not from where was asked for."""
    answer, test = outcome.answer, outcome.test
    if answer is None:
        return False
    wrong_ip = test.change_ip and answer.source.ip == test.to.ip
    wrong_port = test.change_port and answer.source.port == test.to.port
    return wrong_ip or wrong_port


def _confidence_of_silence(silent: Sequence[Outcome], told: Sequence[Outcome]) -> Confidence:
    """How much silence says, by the sockets, the sendings, and what was lost of other requests."""
    sockets = {outcome.test.socket for outcome in silent}
    if any(outcome.sent < _LEAST_SENDINGS for outcome in silent):
        return Confidence.LOW
    controls = [o for o in told if o.test.plain and o.test.socket in sockets]
    lost = sum(outcome.sent - 1 for outcome in controls if outcome.answer)
    if any(not outcome.answer for outcome in controls):
        return Confidence.LOW
    enough = len(sockets) > 1 and lost <= len(controls) // 4
    return Confidence.HIGH if enough else Confidence.MEDIUM


# --- hairpinning (RFC 4787, 6; RFC 3489, 5)


def _hairpinning(told: Sequence[Outcome], mapping: str) -> Fact[bool | None]:
    tried = [outcome for outcome in told if outcome.test.at and outcome.test.at[0] == "h"]
    if not tried:
        return Fact(None, Confidence.NONE, "hairpinning was not tested")
    arrived = next((outcome for outcome in tried if outcome.answer), None)
    if arrived is not None and arrived.answer is not None:
        source = arrived.answer.source
        own = source == arrived.local
        kind = "its own address, not the one outside (RFC 4787, REQ-9)" if own else "outside"
        why = f"a packet to {arrived.test.to} came back in, from {source}: {kind}"
        return Fact(True, Confidence.HIGH, why)
    sent = sum(outcome.sent for outcome in tried)
    why = f"none of {sent} packets to an address outside of this NAT came back in"
    if mapping != ENDPOINT_INDEPENDENT:
        why += "; its filter may have dropped them, for their source cannot be known before"
        return Fact(False, Confidence.MEDIUM, why)
    enough = len(tried) > 1 and all(outcome.sent >= _LEAST_SENDINGS for outcome in tried)
    return Fact(False, Confidence.HIGH if enough else Confidence.MEDIUM, why)


# --- ports and addresses (RFC 4787, 4)


def _first_mappings(plain: Sequence[Outcome]) -> list[tuple[Address, Address]]:
    """Each socket's own address and its first mapping."""
    first: dict[str, tuple[Address, Address]] = {}
    for outcome in plain:
        if outcome.mapped is not None:
            first.setdefault(outcome.test.socket, (outcome.local, outcome.mapped))
    return list(first.values())


def _preservation(plain: Sequence[Outcome]) -> Fact[bool | None]:
    pairs = _first_mappings(plain)
    kept = sum(local.port == mapped.port for local, mapped in pairs)
    if not pairs:
        return Fact(None)
    why = f"{kept} of {len(pairs)} sockets kept their port"
    if kept == len(pairs):
        sure = Confidence.HIGH if len(pairs) > 1 else Confidence.MEDIUM
        return Fact(True, sure, why)
    if kept == 0:
        return Fact(False, Confidence.HIGH if len(pairs) > 1 else Confidence.MEDIUM, why)
    # A port that is taken outside cannot be kept (RFC 4787, 4.2.1).
    return Fact(kept * 2 > len(pairs), Confidence.MEDIUM, why)


def _pooling(plain: Sequence[Outcome]) -> Fact[str]:
    pairs = [(o.local.ip, o.mapped.ip) for o in plain if o.mapped is not None]
    outside = {mapped for _, mapped in pairs}
    sockets = {outcome.test.socket for outcome in plain if outcome.mapped}
    if len(outside) > 1:
        seen = ", ".join(sorted(outside))
        return Fact("arbitrary", Confidence.HIGH, f"one host appears as {seen}")
    if len(sockets) > 1:
        why = f"all {len(sockets)} sockets appear as {next(iter(outside))}"
        return Fact("paired", Confidence.MEDIUM, why)
    return Fact(UNKNOWN)


def _allocation(plain: Sequence[Outcome], preservation: Fact[bool | None]) -> Fact[str]:
    if preservation.value:
        return Fact("preserved", preservation.confidence, preservation.why)
    ports: list[int] = []
    for outcome in plain:
        if outcome.mapped is not None and outcome.mapped.port not in ports:
            ports.append(outcome.mapped.port)
    steps = [following - port for port, following in itertools.pairwise(ports)]
    if len(steps) < 2:
        return Fact(UNKNOWN, Confidence.NONE, "too few mappings to tell how ports follow")
    row = sum(step in _NEXT for step in steps)
    shown = ", ".join(map(str, ports[:6]))
    if row * 4 >= len(steps) * 3:
        return Fact("sequential", Confidence.HIGH, f"new mappings got the ports {shown}")
    sure = Confidence.HIGH if row == 0 else Confidence.MEDIUM
    return Fact("random", sure, f"new mappings got the ports {shown}")


def _parity(plain: Sequence[Outcome]) -> Fact[bool | None]:
    pairs = _first_mappings(plain)
    kept = sum(local.port % 2 == mapped.port % 2 for local, mapped in pairs)
    if len(pairs) < 4:
        return Fact(None)
    why = f"{kept} of {len(pairs)} ports stayed even or odd"
    if kept < len(pairs):
        return Fact(False, Confidence.HIGH, why)
    sure = Confidence.HIGH if len(pairs) >= 7 else Confidence.MEDIUM
    return Fact(True, sure, why)


# --- what else happens on the way


def _fragments(told: Sequence[Outcome]) -> Fact[bool | None]:
    tried = [outcome for outcome in told if outcome.test.padding]
    if not tried:
        return Fact(None, Confidence.NONE, "fragments were not tested")
    size = tried[0].test.padding
    answered = next((outcome.answer for outcome in tried if outcome.answer), None)
    if answered is not None and answered.padding >= size:
        return Fact(True, Confidence.HIGH, f"{size} bytes of padding went out and came back")
    if answered is not None:
        why = "a fragmented request passes; the server does not pad its answers"
        return Fact(True, Confidence.MEDIUM, why)
    errors = [outcome.error for outcome in tried if outcome.error]
    if errors:
        code, reason = errors[0]
        why = f"the server does not know PADDING: {code} {reason}"
        return Fact(None, Confidence.NONE, why)
    refused = next((outcome.refused for outcome in tried if outcome.refused), "")
    if refused:
        return Fact(False, Confidence.HIGH, f"a padded request cannot be sent: {refused}")
    sent = sum(outcome.sent for outcome in tried)
    confidence = _confidence_of_silence(tried, told)
    why = (
        f"{sent} requests with {size} bytes of padding were not answered, short ones were: "
        "fragments are dropped on one of the ways"
    )
    return Fact(False, min(confidence, Confidence.MEDIUM, key=_SURE.index), why)


def _rewritten(told: Sequence[Outcome]) -> Fact[bool | None]:
    both = [
        (o.answer.plain_mapped, o.answer.mapped)
        for o in told
        if o.answer and o.answer.plain_mapped and o.answer.mapped
    ]
    if not both:
        why = "the server sends only one of MAPPED-ADDRESS and XOR-MAPPED-ADDRESS"
        return Fact(None, Confidence.NONE, why)
    for mapped, xored in both:
        if mapped != xored:
            why = f"MAPPED-ADDRESS says {mapped}, XOR-MAPPED-ADDRESS {xored}"
            return Fact(True, Confidence.HIGH, why)
    return Fact(False, Confidence.HIGH, "MAPPED-ADDRESS and XOR-MAPPED-ADDRESS are the same")


def _lifetime(told: Sequence[Outcome]) -> Fact[tuple[float, float | None] | None]:
    tried = sorted(
        (outcome for outcome in told if outcome.test.response_port is not None),
        key=lambda outcome: outcome.test.wait_s,
    )
    if not tried:
        return Fact(None, Confidence.NONE, "the lifetime was not measured")
    errors = [outcome.error for outcome in tried if outcome.error]
    if errors:
        code, reason = errors[0]
        why = f"the server does not know RESPONSE-PORT: {code} {reason}"
        return Fact(None, Confidence.NONE, why)
    alive = [o.test.wait_s for o in tried if o.answer and o.answer.at == o.test.at]
    dead = [o.test.wait_s for o in tried if not o.answer or o.answer.at != o.test.at]
    longest = max(alive, default=0.0)
    shortest = min((wait for wait in dead if wait > longest), default=None)
    if not alive:
        why = "no answer came to another port: the server may ignore RESPONSE-PORT"
        return Fact(None, Confidence.NONE, why)
    contradicting = [wait for wait in dead if wait < longest]
    sure = Confidence.MEDIUM if contradicting or shortest is None else Confidence.HIGH
    why = f"a mapping was still there after {longest:g} s"
    why += f", and gone after {shortest:g} s" if shortest is not None else "; no longer was tried"
    return Fact((longest, shortest), sure, why)
