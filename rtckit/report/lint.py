"""Findings of a lint: as code frames, one a line, and as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rtckit.core.findings import Finding, Severity
from rtckit.core.text import escape_controls
from rtckit.report.frame import render_findings
from rtckit.report.json import answer
from rtckit.report.text import Paint, format_count, paragraph

if TYPE_CHECKING:
    from rtckit.jsep import Verdict

__all__ = [
    "render_concise",
    "render_full",
    "summarize",
    "to_dict",
    "verdict_text",
    "verdict_to_dict",
]


def summarize(findings: Sequence[Finding]) -> str:
    """The last line of a report: how many problems of each severity, and where to read on."""
    if not findings:
        return "No problems found."
    counts = [
        format_count(count, str(severity)) if severity is not Severity.INFO else f"{count} info"
        for severity in Severity
        if (count := sum(finding.severity is severity for finding in findings))
    ]
    total = format_count(len(findings), "problem")
    gravest = min(findings, key=lambda finding: finding.severity.rank).rule
    return f"Found {total} ({', '.join(counts)}). Explain one: rtckit explain {gravest}"


def render_full(
    findings: Sequence[Finding],
    *,
    paint: Paint,
    width: int = 100,
    sources: Mapping[str, str | Sequence[str]] | None = None,
    verdict: "tuple[str, Verdict] | None" = None,
    verbose: int = 0,
) -> str:
    """Every finding with the lines it is about, the verdict of a stack, and the sum.

    ``sources`` are the lines of each file by the name that locations use; ``verdict`` is a stack's
    name and what it will do.
    """
    parts = []
    if findings:
        parts.append(
            render_findings(findings, paint=paint, width=width, sources=sources, verbose=verbose)
        )
    if verdict is not None:
        parts.append(verdict_text(*verdict, paint=paint, width=width))
    parts.append(summarize(findings))
    return "\n\n".join(parts)


def verdict_text(stack: str, verdict: "Verdict", *, paint: Paint, width: int) -> str:
    """What a stack will do with a description: that it accepts, or its own words."""
    if verdict.accepts:
        return f"{stack}: " + paint("accepts", "bold green") + " the description"
    head = f"{stack}: {verdict.error} in {verdict.stage}"
    text = paragraph(verdict.message or "(no message)", width=width, indent="    ", first="    ")
    return paint(head, "bold red") + "\n" + text


def render_concise(findings: Sequence[Finding]) -> str:
    """One finding a line, ``FILE:LINE:COLUMN: ID message``, for grep and for editors."""
    lines = []
    for finding in findings:
        place = finding.location
        where = ":".join(
            str(part) for part in (place.file, place.line, place.column) if part is not None
        )
        lines.append(escape_controls(f"{where}: {finding.rule} {finding.message}"))
    lines.append(summarize(findings))
    return "\n".join(lines)


def verdict_to_dict(stack: str, verdict: "Verdict") -> dict[str, Any]:
    """The ``verdict`` of the JSON answer; stage, error and message are null when it accepts."""
    return {
        "stack": stack,
        "accepts": verdict.accepts,
        "stage": verdict.stage,
        "error": verdict.error,
        "message": verdict.message,
    }


def to_dict(
    findings: Iterable[Finding],
    *,
    profile: str,
    verdict: "tuple[str, Verdict] | None" = None,
    types: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """The JSON answer of ``rtckit sdp lint``; ``types`` says what each file was taken for."""
    return answer(
        findings,
        profile=profile,
        descriptions=[{"file": name, "type": kind} for name, kind in (types or {}).items()],
        verdict=None if verdict is None else verdict_to_dict(*verdict),
    )
