"""A diagnosis drawn: the chain, each link with its reason, and the findings with their evidence."""

from typing import Any

from rtckit.analysis.timeline import timeline
from rtckit.core.clock import NANOSECONDS, format_duration
from rtckit.core.findings import Finding, Severity
from rtckit.core.text import escape_controls
from rtckit.report.details import details_to_dict, render_details
from rtckit.report.frame import describe_location, render_findings
from rtckit.report.text import Paint, format_count, paragraph
from rtckit.rules.catalogue import find_rule
from rtckit.rules.diagnosis import LAYER_NAMES, Diagnosis, Link, LinkState

__all__ = ["render_text", "to_dict"]

_STYLES = {
    LinkState.OK: "green",
    LinkState.FAILED: "bold red",
    LinkState.DEGRADED: "yellow",
    LinkState.UNKNOWN: "dim",
}
# Shapes as well as colours: the report must read on any terminal and to any eye.
_MARKS = {
    LinkState.OK: "✓",
    LinkState.FAILED: "✗",
    LinkState.DEGRADED: "!",
    LinkState.UNKNOWN: "?",
}


def to_dict(diagnosis: Diagnosis) -> dict[str, Any]:
    """The JSON shape of ``rtckit diagnose``, schema 1."""
    call = diagnosis.call
    return {
        "schema": 1,
        "findings": [finding.to_dict() for finding in diagnosis.findings],
        "call": call.name,
        "title": call.manifest.title if call.manifest else None,
        "chain": [_link_to_dict(link) for link in diagnosis.chain],
        "broken": str(diagnosis.broken) if diagnosis.broken else None,
        "captures": [
            {
                "file": vantage.file,
                "side": vantage.side,
                "frames": vantage.frames,
                "packets": vantage.packets,
                "duration_s": vantage.duration_ns / NANOSECONDS,
                "truncated": vantage.truncated,
                "problems": [str(problem) for problem in vantage.problems],
            }
            for vantage in call.vantages
        ],
        "details": details_to_dict(call),
        "absent": call.absent,
        "problems": [str(problem) for problem in call.problems],
    }


def _link_to_dict(link: Link) -> dict[str, Any]:
    return {
        "layer": str(link.layer),
        "state": str(link.state),
        "why": link.why,
        "evidence": [item.to_dict() for item in link.evidence],
        "findings": [finding.rule for finding in link.findings],
    }


def render_text(diagnosis: Diagnosis, *, color: bool, width: int, verbose: int = 0) -> str:
    """The report for people: verdict, chain, causes, and what could not be judged."""
    paint = Paint(color)
    width = max(40, width)
    blocks = [
        _head(diagnosis, paint, width),
        _chain(diagnosis, paint),
        _links(diagnosis, paint, width, verbose),
    ]
    shown = [
        finding
        for finding in diagnosis.findings
        if verbose or finding.severity is not Severity.INFO
    ]
    sources = {
        description.file: description.document.text
        for description in diagnosis.call.signalling.descriptions
        if description.line is None
    }
    blocks.append(
        render_findings(shown, paint=paint, width=width, sources=sources, verbose=verbose)
    )
    if verbose:
        blocks.append(render_details(diagnosis.call, paint=paint, width=width))
        blocks.append(_timeline(diagnosis, paint, width))
    notes = _notes(diagnosis, width, verbose)
    if notes:
        blocks.append(notes)
    blocks.append(_closing(diagnosis, shown, paint, width))
    return "\n\n".join(block for block in blocks if block)


def _head(diagnosis: Diagnosis, paint: Paint, width: int) -> str:
    call = diagnosis.call
    lines = [paint(escape_controls(call.name), "bold")]
    if call.manifest is not None:
        lines.append(paragraph(escape_controls(call.manifest.title), width=width))
        if call.manifest.topology:
            lines.append(paragraph(escape_controls(call.manifest.topology), width=width))
    for vantage in call.vantages:
        text = (
            f"{vantage.file}: {format_count(vantage.packets, 'datagram')} in "
            f"{format_duration(vantage.duration_ns)}"
        )
        if vantage.side is not None:
            text += f", taken at {call.peer_name(vantage.side)}"
        lines.append(paragraph(escape_controls(text), width=width))
    return "\n".join(lines)


def _chain(diagnosis: Diagnosis, paint: Paint) -> str:
    cells = [
        paint(f"{_MARKS[link.state]} {LAYER_NAMES[link.layer]}", _STYLES[link.state])
        for link in diagnosis.chain
    ]
    return "  " + " ── ".join(cells)


def _links(diagnosis: Diagnosis, paint: Paint, width: int, verbose: int) -> str:
    lines = []
    for link in diagnosis.chain:
        label = f"{LAYER_NAMES[link.layer]:<10} {link.state:<8} "
        text = paragraph(
            escape_controls(link.why),
            width=width,
            indent=" " * (len(label) + 2),
            first="  " + label,
        )
        lines.append(text.replace(label, paint(label, _STYLES[link.state]), 1))
        if verbose:
            for item in link.evidence:
                where = describe_location(item.location)
                lines.append(
                    paragraph(
                        f"{where}: {item.text}" if where else item.text,
                        width=width,
                        indent=" " * (len(label) + 4),
                    )
                )
    return "\n".join(lines)


def _timeline(diagnosis: Diagnosis, paint: Paint, width: int) -> str:
    events = timeline(diagnosis.call)
    if not events:
        return ""
    start = events[0].time_ns
    lines = [paint("timeline (seconds)", "bold")]
    for event in events:
        first = f"  {(event.time_ns - start) / NANOSECONDS:8.3f}  {event.layer:<7} "
        text = f"{event.text} ({describe_location(event.location)})"
        lines.append(
            paragraph(escape_controls(text), width=width, indent=" " * len(first), first=first)
        )
    return "\n".join(lines)


def _notes(diagnosis: Diagnosis, width: int, verbose: int) -> str:
    call = diagnosis.call
    lines = []
    for vantage in call.vantages:
        if vantage.truncated:
            lines.append(f"{vantage.file} is cut short: what follows the cut is not judged")
        problems = vantage.problems if verbose else vantage.problems[:3]
        lines += [f"{vantage.file}: {problem}" for problem in problems]
        if len(vantage.problems) > len(problems):
            lines.append(f"{vantage.file}: {len(vantage.problems) - len(problems)} more problems")
    lines += [str(problem) for problem in (call.problems if verbose else call.problems[:3])]
    lines += [f"not given: {item}" for item in call.absent]
    return "\n".join(
        paragraph(escape_controls(line), width=width, indent="        ", first="  note: ")
        for line in lines
    )


def _closing(diagnosis: Diagnosis, shown: list[Finding], paint: Paint, width: int) -> str:
    broken = diagnosis.broken
    if broken is not None:
        link = diagnosis.link(broken)
        cause = next((item for item in link.findings if item.severity is Severity.ERROR), None)
        text = f"Broken: {LAYER_NAMES[broken]}."
        if cause is not None:
            text += f" {find_rule(cause.rule).title} ({cause.rule}, {cause.certainty})."
            text += f" More: rtckit explain {cause.rule}"
        else:
            text += " No rule knows why; `rtckit diagnose -v` shows the evidence."
        return paint(paragraph(text, width=width), "bold")
    unknown = [
        LAYER_NAMES[link.layer] for link in diagnosis.chain if link.state is LinkState.UNKNOWN
    ]
    if diagnosis.degraded is not None:
        text = f"Nothing is broken; {LAYER_NAMES[diagnosis.degraded]} is degraded."
    else:
        text = "Nothing is broken."
    if unknown:
        text += f" Not judged: {', '.join(unknown)}."
    return paint(paragraph(text, width=width), "bold")
