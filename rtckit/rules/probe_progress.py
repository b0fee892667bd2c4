"""Servers that begin well and then stop answering."""

from collections.abc import Iterator

from rtckit.analysis.probe import Failure, ProbeSet, ServerProbe, Step
from rtckit.core.findings import Certainty, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.probe_evidence import probe_hit, severity_for

__all__: list[str] = []

# What other rules speak of: kinds of failures wherever they occur, and at which steps.
_TOLD_EVERYWHERE = frozenset({"dns", "tls", "not-stun", "integrity", "redirect-loop"})
_TOLD_AT = {
    "timeout": frozenset({"connect", "challenge", "allocate", "echo", "outside"}),
    "icmp": frozenset({"route", "connect", "binding", "challenge"}),
    "socket": frozenset({"route", "connect", "binding", "challenge"}),
    "closed": frozenset({"connect", "binding", "challenge", "allocate"}),
    "bad-answer": frozenset({"challenge", "allocate"}),
}


def _untold(probe: ServerProbe, step: Step, failure: Failure) -> bool:
    if failure.kind in _TOLD_EVERYWHERE or failure.kind == "stun":
        return False
    if failure.kind == "timeout" and step.name == "binding":
        return probe.answered
    return step.name not in _TOLD_AT.get(failure.kind, ())


@rule(
    "TURN038",
    Severity.WARNING,
    layer=Layer.ICE,
    refs=("RFC 8489, 6.2.1", "RFC 8656, 3.2"),
    subject="probe",
)
def stops_answering(probes: ProbeSet) -> Iterator[Hit]:
    """The server answers at first, and not at a later step.

    Why: the allocation may be lost with the server, a middlebox may drop one kind of message, or a
    server may not know it and keep silent. A Binding request alone without an answer is harmless
    for TURN.

    Fires on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate ok relayed=203.0.113.9:50000
          refresh timeout sent=4
    Silent on:
        turn:T over udp user=alice
          challenge ok realm=example.org
          allocate ok relayed=203.0.113.9:50000
          refresh ok lifetime=600
    Fix: try again; when it is always the same step, look for that message in a capture taken at the
    server, and at the server's log.
    """
    for probe in probes.probes:
        untold = [item for item in probe.failed() if _untold(probe, *item)]
        if not untold:
            continue
        step, failure = untold[0]
        harmless = step.name == "binding" and probe.kind == "turn" and len(untold) == 1
        yield probe_hit(
            f"{probe.where}: {step.name} fails: {failure.text}",
            probe,
            *(item for item, _ in untold),
            severity=Severity.INFO if harmless else severity_for(probe, Severity.WARNING),
            certainty=Certainty.SEEN,
        )
