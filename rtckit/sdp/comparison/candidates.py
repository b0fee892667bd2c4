"""ICE candidates compared by transport address; their order means nothing."""

import ipaddress
from collections.abc import Hashable

from rtckit.core.address import Address
from rtckit.sdp.candidate import Candidate
from rtckit.sdp.comparison.impact import candidate_impact
from rtckit.sdp.comparison.matching import pair_up
from rtckit.sdp.comparison.recorder import Recorder
from rtckit.sdp.media import MediaSection
from rtckit.sdp.secrets import hide_secrets

__all__ = ["compare_candidates"]

_VOLATILE = frozenset({"generation", "network-id", "network-cost", "ufrag"})
"""Extensions that number things inside one agent."""


def compare_candidates(
    recorder: Recorder, x: MediaSection, y: MediaSection, *, tagged: bool, same_session: bool
) -> None:
    """Compare the candidates of two sections.

    With ``tagged`` false both are bundled and another section's candidates hold: one that has none
    of its own lacks nothing.
    """
    if not tagged and not (x.candidates and y.candidates):
        for candidate in x.candidates:
            _single(recorder, candidate, None, "those of the bundle's first section hold", True)
        for candidate in y.candidates:
            _single(recorder, None, candidate, "those of the bundle's first section hold", True)
        return
    pairs = pair_up(
        x.candidates,
        y.candidates,
        lambda item: (*_address(item), item.foundation, item.priority, item.related_address),
        lambda item: (*_address(item), item.related_address, item.related_port),
        _address,
        lambda item: _address(item)[:4],
    )
    for one, other in pairs:
        if one is not None and other is not None:
            _compare_candidate(recorder, one, other)
            continue
        single = one or other
        assert single is not None
        if not same_session:
            impact = "a candidate of one session only"
        elif not y.candidates:
            impact = (
                "no candidates here, and none will follow"
                if y.end_of_candidates
                else "no candidates here: they follow one by one (trickle)"
            )
        else:
            impact = candidate_impact(single, y.candidates, added=one is None)
        _single(recorder, one, other, impact, False)


def _address(candidate: Candidate) -> tuple[Hashable, ...]:
    """The transport address, its component and type; IPv6 text in one form."""
    return (
        candidate.component,
        candidate.transport.lower(),
        _canonical(candidate.address),
        candidate.port,
        candidate.type.lower(),
        candidate.tcptype,
    )


def _canonical(address: str) -> str:
    if ":" in address:
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            pass
    return address.lower()


def _path(candidate: Candidate) -> str:
    place = Address(candidate.address, candidate.port)
    component = "" if candidate.component == 1 else f" component {candidate.component}"
    return f"candidates[{candidate.transport.lower()} {place} {candidate.type}{component}]"


def _describe(candidate: Candidate) -> str:
    parts = [
        candidate.type,
        candidate.transport.lower(),
        str(Address(candidate.address, candidate.port)),
    ]
    if candidate.tcptype:
        parts.append(candidate.tcptype)
    related = _related(candidate)
    if related:
        parts.append(f"from {related}")
    return " ".join(parts)


def _related(candidate: Candidate) -> str | None:
    if candidate.related_address is None:
        return None
    if candidate.related_port is None:
        return candidate.related_address
    return str(Address(candidate.related_address, candidate.related_port))


def _single(
    recorder: Recorder, one: Candidate | None, other: Candidate | None, impact: str, folded: bool
) -> None:
    candidate = one or other
    assert candidate is not None
    shown = _describe(candidate)
    recorder.add(
        _path(candidate),
        shown if one else None,
        shown if other else None,
        (one.span if one else None, other.span if other else None),
        impact,
        volatile=folded,
    )


def _compare_candidate(recorder: Recorder, one: Candidate, other: Candidate) -> None:
    if one == other:
        return
    path = _path(one)
    places = (one.span, other.span)
    recorder.compare(
        f"{path}.foundation",
        one.foundation,
        other.foundation,
        places,
        "which candidates are frozen together (RFC 8445, 5.1.1.3)",
        volatile=True,
    )
    impact = "another kind of address in the same place"
    recorder.compare(f"{path}.type", one.type.lower(), other.type.lower(), places, impact)
    impact = "who opens the TCP connection (RFC 6544, 4.5)"
    recorder.compare(f"{path}.tcptype", one.tcptype, other.tcptype, places, impact)
    impact = "the order in which pairs are checked and preferred (RFC 8445, 5.1.2)"
    recorder.compare(f"{path}.priority", one.priority, other.priority, places, impact)
    impact = "only for information: where the candidate was gathered from"
    recorder.compare(f"{path}.related", _related(one), _related(other), places, impact)
    before, after = _extensions(one), _extensions(other)
    for name in sorted({*before, *after}):
        recorder.compare(
            f"{path}.{name}",
            before.get(name),
            after.get(name),
            places,
            "numbers things inside one agent" if name in _VOLATILE else "",
            volatile=name in _VOLATILE,
        )


def _extensions(candidate: Candidate) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in candidate.extensions:
        # A password travels in old Google candidates.
        found.setdefault(name, hide_secrets(f" {name} {value}")[len(name) + 2 :])
    return found
