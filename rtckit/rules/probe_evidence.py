"""What the rules over probes share: where a hit is shown, and how grave it is."""

from collections.abc import Iterator

from rtckit.analysis.probe import Failure, ProbeSet, ServerProbe, Step
from rtckit.core.findings import Certainty, Evidence, Location, Severity
from rtckit.core.text import escape_controls
from rtckit.rules.catalogue import Hit

__all__ = ["failures", "probe_hit", "quoted_reason", "severity_for", "step_evidence"]


def step_evidence(probe: ServerProbe, step: Step) -> Evidence:
    """One step of a probe in words."""
    outcome = "ok" if step.ok else "skipped" if step.ok is None else "failed"
    if step.failure is not None:
        outcome = step.failure.text
        if step.failure.sent > 1:
            outcome += f" (sent {step.failure.sent} times)"
    ms = "" if step.ms is None else f" after {step.ms:.0f} ms"
    text = escape_controls(f"{probe.where}, {step.name}: {outcome}{ms}")
    return Evidence(text, Location(file=probe.place))


def severity_for(probe: ServerProbe, severity: Severity = Severity.ERROR) -> Severity:
    """``severity``, or info when the way was tried only to compare with the one asked for."""
    return severity if probe.asked else Severity.INFO


def probe_hit(
    message: str,
    probe: ServerProbe,
    *steps: Step,
    severity: Severity | None = None,
    certainty: Certainty = Certainty.SEEN,
    help: str | None = None,  # noqa: A002 - the field's name
) -> Hit:
    """A hit at ``probe`` that shows ``steps``."""
    return Hit(
        escape_controls(message),
        Location(file=probe.place),
        tuple(step_evidence(probe, step) for step in steps),
        certainty,
        severity_for(probe) if severity is None else severity,
        help,
    )


def failures(
    probes: ProbeSet, *names: str, codes: tuple[int, ...] = ()
) -> Iterator[tuple[ServerProbe, Step, Failure]]:
    """Every failed step of these names (all unless given), only of these STUN codes if given."""
    for probe in probes.probes:
        for step, failure in probe.failed(*names):
            if not codes or failure.code in codes:
                yield probe, step, failure


def quoted_reason(failure: Failure) -> str:
    """Code and reason of an error response, as the server wrote it."""
    return f"{failure.code} {failure.reason}".strip()
