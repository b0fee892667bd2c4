"""A finding with the place that shows it: the lines of a text with carets, or a frame of a capture.

::

    error[DTLS009]: the offer insists on a role
      --> offer.sdp:3:9
       |
     2 | m=audio 9 UDP/TLS/RTP/SAVPF 111
     3 | a=setup:active
       |         ^^^^^^
       = help: write `a=setup:actpass` and let the answerer choose
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rtckit.core.findings import Certainty, Finding, Location
from rtckit.core.text import escape_controls
from rtckit.report.text import Paint, clip, display_width, paragraph
from rtckit.sdp.secrets import hide_secrets

__all__ = ["describe_location", "render_finding", "render_findings", "source_lines"]


_LINE_END = re.compile(r"\r\n|\r|\n")


def describe_location(location: Location) -> str:
    """``offer.sdp:3:9``, or ``call.pcapng frame 42, bytes 20-35``; escaped, empty when unknown."""
    text = escape_controls(str(location))
    if location.file is None and location.line is not None:
        text = f"line {text}"
    if location.byte_start is None:
        return text
    start = location.byte_start
    last = start if location.byte_end is None else max(start, location.byte_end - 1)
    span = f"byte {start}" if last == start else f"bytes {start}-{last}"
    return f"{text}, {span}" if text else span


def source_lines(
    source: str | Sequence[str],
    location: Location,
    *,
    paint: Paint,
    width: int = 100,
    context: int = 1,
) -> list[str]:
    """The line of ``location`` in ``source`` with carets below, and ``context`` lines before it.

    ``source`` is a text or its lines. Empty when the location has no line or the source has not
    that many. Control characters are
    escaped, the carets counted in cells; a long line is cut around the place it is about.
    """
    # Only what SDP calls a line end: str.splitlines would split at U+2028 and shift the numbers.
    lines = _LINE_END.split(source) if isinstance(source, str) else source
    number = location.line
    if number is None or not 1 <= number <= len(lines):
        return []
    gutter = len(str(number))
    room = max(20, width - gutter - 3)
    edge = paint(" " * gutter + " |", "blue")
    drawn = [edge]
    for before in range(max(1, number - context), number):
        text = clip(escape_controls(hide_secrets(lines[before - 1])), room)
        drawn.append(_numbered(before, gutter, text, paint))
    line = hide_secrets(lines[number - 1])
    start = min((location.column or 1) - 1, len(line))
    stop = len(line) if location.end_column is None else location.end_column - 1
    stop = max(start, min(stop, len(line)))
    prefix, marked, rest = (
        escape_controls(part) for part in (line[:start], line[start:stop], line[stop:])
    )
    # Keep the marked part in view: what is before it gives way first, from the left.
    marked = clip(marked, room - 2)
    prefix = _clip_left(prefix, room - max(1, display_width(marked)) - bool(rest))
    text = clip(prefix + marked + rest, room)
    drawn.append(_numbered(number, gutter, text, paint))
    carets = " " * display_width(prefix) + "^" * max(1, display_width(marked))
    drawn.append(f"{edge} {paint(carets, 'bold red')}")
    return drawn


def _clip_left(text: str, width: int) -> str:
    if display_width(text) <= width:
        return text
    return clip(text[::-1], width)[::-1]


def _numbered(number: int, gutter: int, text: str, paint: Paint) -> str:
    return f"{paint(f'{number:>{gutter}} |', 'blue')} {text}".rstrip()


def render_findings(
    findings: Iterable[Finding],
    *,
    paint: Paint,
    width: int = 100,
    sources: Mapping[str, str | Sequence[str]] | None = None,
    verbose: int = 0,
) -> str:
    """Findings as frames parted by empty lines; advice given once is not repeated."""
    said: set[tuple[str, str, tuple[str, ...]]] = set()
    frames = []
    for finding in findings:
        advice = (finding.rule, finding.help, finding.refs)
        frames.append(
            render_finding(
                finding,
                paint=paint,
                width=width,
                sources=sources,
                verbose=verbose,
                advise=advice not in said,
            )
        )
        said.add(advice)
    return "\n\n".join(frames)


def render_finding(
    finding: Finding,
    *,
    paint: Paint,
    width: int = 100,
    sources: Mapping[str, str | Sequence[str]] | None = None,
    verbose: int = 0,
    advise: bool = True,
) -> str:
    """One finding as a rustc-like frame, no newline at its end.

    ``sources`` holds the texts of files, or their lines, by the name their locations use. Three
    pieces of evidence are shown, all of them with ``verbose``. Without ``advise``, help and
    references are left out.
    """
    head = f"{finding.severity}[{finding.rule}]"
    mark = " (likely)" if finding.certainty is Certainty.LIKELY else ""
    title = paragraph(f"{head}: {finding.message}{mark}", width=width, indent="    ", first="")
    lines = [paint.severity(finding.severity, head) + paint(title[len(head) :], "bold")]
    gutter = 1
    place = describe_location(finding.location)
    source = (sources or {}).get(finding.location.file or "")
    drawn = source_lines(source, finding.location, paint=paint, width=width) if source else []
    if drawn:
        gutter = len(str(finding.location.line))
    if place:
        lines.append(" " * gutter + paint("-->", "blue") + " " + place)
    lines += drawn
    shown = finding.evidence if verbose else finding.evidence[:3]
    for item in shown:
        # The file is named once, above.
        same = item.location.file == finding.location.file
        where = describe_location(replace(item.location, file=None) if same else item.location)
        lines.append(_note("seen", f"{where}: {item.text}" if where else item.text, gutter, width))
    if len(finding.evidence) > len(shown):
        lines.append(_note("seen", f"and {len(finding.evidence) - len(shown)} more", gutter, width))
    if advise and finding.help:
        lines.append(_note("help", finding.help, gutter, width))
    if advise and finding.refs:
        lines.append(_note("see", "; ".join(finding.refs), gutter, width))
    return "\n".join(lines)


def _note(label: str, text: str, gutter: int, width: int) -> str:
    lead = " " * gutter + f" = {label}: "
    return paragraph(text, width=width, indent=" " * len(lead), first=lead)
