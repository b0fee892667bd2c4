"""Findings as workflow commands, which GitHub shows beside the lines they are about."""

from collections.abc import Iterable

from rtckit.core.findings import Finding, Severity
from rtckit.core.text import escape_controls
from rtckit.report.text import sentence

__all__ = ["render_github"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render_github(findings: Iterable[Finding]) -> str:
    """One ``::error ...::message`` command a line, the advice on the message's second line."""
    lines = []
    for finding in findings:
        place = finding.location
        properties: list[tuple[str, object]] = [("title", f"rtckit ({finding.rule})")]
        if place.file is not None:
            properties.append(("file", place.file))
        if place.line is not None:
            properties += [("line", place.line), ("endLine", place.line)]
            if place.column is not None:
                properties.append(("col", place.column))
            if place.end_column is not None:
                properties.append(("endColumn", place.end_column))
        shown = ",".join(f"{name}={_property(str(value))}" for name, value in properties)
        text = _data(finding.message)
        if finding.help:
            text += "%0A" + _data(sentence(finding.help))
        lines.append(f"::{_COMMANDS[finding.severity]} {shown}::{text}")
    return "\n".join(lines)


def _data(text: str) -> str:
    return escape_controls(" ".join(text.split("\n"))).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
