"""The chain of a call, link by link, and the first broken one.

A link is ``ok`` on evidence only: a pair that was nominated and answered, a handshake that came to
its end, packets that an end counted. ``unknown`` says what would let one judge. Rules say why a
link failed; a link may fail without a rule knowing why, and says so.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rtckit.analysis.call import Call
from rtckit.core.findings import Evidence, Finding, Severity
from rtckit.rules.catalogue import Layer, find_rule, run
from rtckit.rules.links import (
    Judgement,
    LinkState,
    judge_data,
    judge_dtls,
    judge_ice,
    judge_media,
    judge_signalling,
    judge_srtp,
)

__all__ = ["LAYER_NAMES", "Diagnosis", "Link", "LinkState", "diagnose"]

_JUDGES: dict[Layer, Callable[[Call], Judgement]] = {
    Layer.SIGNALLING: judge_signalling,
    Layer.ICE: judge_ice,
    Layer.DTLS: judge_dtls,
    Layer.SRTP: judge_srtp,
    Layer.MEDIA: judge_media,
    Layer.DATA: judge_data,
}
# Within a layer, what comes first in a call is nearer to the cause.
_FAMILY_ORDER = ("SIG", "OA", "SDP", "TURN", "GATHER", "ICE", "CHECK", "CONSENT")
LAYER_NAMES = {
    Layer.SIGNALLING: "signalling",
    Layer.ICE: "ICE",
    Layer.DTLS: "DTLS",
    Layer.SRTP: "SRTP",
    Layer.MEDIA: "media",
    Layer.DATA: "data",
}
"""What people call the layers."""

_NEEDS = {
    Layer.DTLS: Layer.ICE,
    Layer.SRTP: Layer.DTLS,
    Layer.MEDIA: Layer.DTLS,
    Layer.DATA: Layer.DTLS,
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: its state, why, and what shows it.

    ``findings`` are those of this layer, the likeliest cause first.
    """

    layer: Layer
    state: LinkState
    why: str
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What became of a call."""

    call: Call
    chain: tuple[Link, ...]
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> Layer | None:
        """The first link that failed."""
        return next((link.layer for link in self.chain if link.state is LinkState.FAILED), None)

    @property
    def degraded(self) -> Layer | None:
        """The first link that works badly."""
        return next((link.layer for link in self.chain if link.state is LinkState.DEGRADED), None)

    def link(self, layer: Layer) -> Link:
        """The link of a layer."""
        return next(link for link in self.chain if link.layer is layer)


def diagnose(call: Call) -> Diagnosis:
    """Judge every link of a call and run every rule on it."""
    found = sorted(run("call", call), key=_cause_order)
    by_layer: dict[Layer, list[Finding]] = {layer: [] for layer in Layer}
    for finding in found:
        by_layer[find_rule(finding.rule).layer].append(finding)
    chain: list[Link] = []
    states: dict[Layer, LinkState] = {}
    for layer in Layer:
        link = _judge(layer, call, tuple(by_layer[layer]), states)
        states[layer] = link.state
        chain.append(link)
    return Diagnosis(call, tuple(chain), tuple(found))


def _cause_order(finding: Finding) -> tuple[int, int, int, str]:
    rule = find_rule(finding.rule)
    family = rule.family
    place = _FAMILY_ORDER.index(family) if family in _FAMILY_ORDER else len(_FAMILY_ORDER)
    return (finding.severity.rank, list(Layer).index(rule.layer), place, finding.rule)


def _judge(
    layer: Layer, call: Call, findings: tuple[Finding, ...], states: dict[Layer, LinkState]
) -> Link:
    needed = _NEEDS.get(layer)
    judgement = _JUDGES[layer](call)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    warnings = [finding for finding in findings if finding.severity is Severity.WARNING]
    if (
        needed is not None
        and judgement.state is not LinkState.OK
        and not errors
        and (failed := _cut_off(needed, states)) is not None
    ):
        return Link(
            layer, LinkState.UNKNOWN, f"not reached: {LAYER_NAMES[failed]} failed", (), findings
        )
    if errors:
        return Link(layer, LinkState.FAILED, errors[0].message, errors[0].evidence, findings)
    if judgement.state is LinkState.OK and warnings:
        why = f"{judgement.why}; but {warnings[0].message}"
        return Link(layer, LinkState.DEGRADED, why, judgement.evidence, findings)
    return Link(layer, judgement.state, judgement.why, judgement.evidence, findings)


def _cut_off(needed: Layer, states: dict[Layer, LinkState]) -> Layer | None:
    """The failed layer this one stands on, if there is one."""
    below: Layer | None = needed
    while below is not None:
        if states[below] is LinkState.FAILED:
            return below
        below = _NEEDS.get(below)
    return None
