"""A description line by line: what each line says in words, and where the standards say so.

As text, as plain data, and as HTML (also what a notebook shows of a document). Secrets are
asterisks unless asked for; every foreign text is escaped before it is drawn.
"""

import re
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

from rtckit.core.text import escape_controls
from rtckit.report.json import answer
from rtckit.report.sdp_words import reference_of, say_line
from rtckit.report.text import Paint, format_count, paragraph
from rtckit.sdp import Description, Document, MediaSection, SdpProblem, Section
from rtckit.sdp.lines import Line
from rtckit.sdp.secrets import hide_secrets

__all__ = ["AnnotatedLine", "annotate", "render_fragment", "render_html", "render_text", "to_dict"]

_FRAGMENT_LINES = 2000
_SECRET_WORD = re.compile(r"pwd|passw|crypto|key|secret|token", re.IGNORECASE)
_RFC = re.compile(r"RFC (\d+), ([\d.]+)")
_STYLE = """
.rtckit-sdp{border-collapse:collapse;font:13px/1.45 system-ui,sans-serif;width:100%;color:#1b1f24;
background:#fff}
.rtckit-sdp td{border:0;padding:1px 10px;text-align:left;vertical-align:top;background:none}
.rtckit-sdp .n{color:#8a929b;text-align:right;user-select:none;width:1%;font-family:monospace}
.rtckit-sdp .t{font-family:ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;
overflow-wrap:anywhere;width:52%}
.rtckit-sdp .w{color:#3d4650}
.rtckit-sdp .r{white-space:nowrap;width:1%}
.rtckit-sdp .r a,.rtckit-sdp .r{color:#0b62a8;text-decoration:none;font-size:12px}
.rtckit-sdp .h td{font-weight:600;padding-top:14px;border-bottom:1px solid #c9d1d9}
.rtckit-sdp .p{color:#a13c00;font-weight:600}
.rtckit-sdp tr:hover .t{background:#f2f6fa}
@media (prefers-color-scheme:dark){.rtckit-sdp{color:#e6edf3;background:#0d1117}
.rtckit-sdp .w{color:#b7c1cb}.rtckit-sdp .r a,.rtckit-sdp .r{color:#6cb6ff}
.rtckit-sdp .p{color:#ffa657}.rtckit-sdp tr:hover .t{background:#1b2430}
.rtckit-sdp .h td{border-color:#30363d}}
"""


class AnnotatedLine(NamedTuple):
    """One line: its number, its text (secrets as asterisks), what it says, and where defined.

    ``section`` is the index of the media section, None at the session level; ``problems`` are what
    could not be read in it.
    """

    number: int
    text: str
    says: str
    reference: str
    section: int | None
    problems: tuple[SdpProblem, ...]


def annotate(document: Document, *, secrets: bool = False) -> Iterator[AnnotatedLine]:
    """Every line of a description, explained; one at a time, for a document may be large."""
    problems: dict[int, list[SdpProblem]] = {}
    for problem in document.problems:
        problems.setdefault(problem.span.line, []).append(problem)
    for section in document.sections:
        index = section.index if isinstance(section, MediaSection) else None
        for line in section.lines:
            yield AnnotatedLine(
                line.number,
                line.text if secrets else _masked(line),
                say_line(section, line),
                reference_of(line),
                index,
                tuple(problems.get(line.number, ())),
            )


def _masked(line: Line) -> str:
    """The line without its secrets; of a damaged line that may hold one, the first word."""
    if line.type:
        return hide_secrets(line.text)
    if not _SECRET_WORD.search(line.text):
        return line.text
    word = re.match(r"[^:=\s]{0,20}", line.text)
    shown = word.group() if word else ""
    return shown + "*" * (len(line.text) - len(shown))


def heading_of(section: Section) -> str:
    """What stands above a section: ``media 1: video, mid 1, sendonly``."""
    if not isinstance(section, MediaSection):
        return "session"
    parts = [section.kind or "?"]
    if section.mid is not None:
        parts.append(f"mid {section.mid}")
    parts.append("rejected" if section.rejected else section.direction)
    return f"media {section.index}: {', '.join(parts)}"


def _headings(document: Document) -> dict[int, str]:
    return {section.first_line: heading_of(section) for section in document.sections}


def render_text(
    description: Description | Document,
    *,
    color: bool = False,
    width: int = 100,
    secrets: bool = False,
) -> str:
    """Each line as it stands, and under it what it says and the section that defines it."""
    document = description if isinstance(description, Document) else description.document
    paint = Paint(color)
    headings = _headings(document)
    digits = len(str(len(document.lines)))
    indent = " " * (digits + 4)
    rows: list[str] = []
    for item in annotate(document, secrets=secrets):
        if item.number in headings:
            rows += ["", paint(escape_controls(headings[item.number]), "bold")]
        number = paint(f"{item.number:>{digits}}", "dim")
        rows.append(f"{number}  {paint(escape_controls(item.text), 'cyan')}")
        words = f"{item.says} [{item.reference}]" if item.reference else item.says
        rows.append(paragraph(words, width=width, indent=indent, first=indent))
        for problem in item.problems:
            drawn = paragraph(_problem_text(problem), width=width, indent=indent, first=indent)
            rows.append(paint(drawn, "yellow"))
    return "\n".join(rows).lstrip("\n") + "\n"


def _problem_text(problem: SdpProblem) -> str:
    expected = f" (expected {problem.expected})" if problem.expected else ""
    return f"! column {problem.span.column}: {problem.message}{expected}"


def to_dict(description: Description, *, secrets: bool = False) -> dict[str, Any]:
    """The JSON answer of ``rtckit sdp show --annotate``."""
    return answer(
        type=description.type,
        undone=list(description.undone),
        lines=[
            {
                "line": item.number,
                "text": item.text,
                "says": item.says,
                "reference": item.reference,
                "section": item.section,
                "problems": [
                    {
                        "message": problem.message,
                        "column": problem.span.column,
                        "end_column": problem.span.end_column,
                        "expected": problem.expected,
                    }
                    for problem in item.problems
                ],
            }
            for item in annotate(description.document, secrets=secrets)
        ],
    )


def render_html(description: Description | Document, *, secrets: bool = False) -> str:
    """A page of its own, without scripts and without anything from elsewhere."""
    if isinstance(description, Document):
        description = Description(description)
    document, kind = description.document, description.type or "description"
    title = f"{kind}: {format_count(len(document.media), 'media section')}"
    table = render_fragment(document, secrets=secrets, limit=None)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>body{margin:16px}:root{color-scheme:light dark}</style>\n"
        f"{table}</html>\n"
    )


def render_fragment(
    document: Document, *, secrets: bool = False, limit: int | None = _FRAGMENT_LINES
) -> str:
    """A table for a page or a notebook, of the first ``limit`` lines (None: of all)."""
    headings = _headings(document)
    rows = [f"<style>{_STYLE}</style>", '<table class="rtckit-sdp">']
    count = len(document.lines)
    for shown, item in enumerate(annotate(document, secrets=secrets)):
        if limit is not None and shown >= limit:
            rows.append(f'<tr class="h"><td colspan="4">and {count - limit:,} more lines</td></tr>')
            break
        if item.number in headings:
            heading = _shown(headings[item.number])
            rows.append(f'<tr class="h"><td colspan="4">{heading}</td></tr>')
        words = _shown(item.says)
        for problem in item.problems:
            words += f'<div class="p">{_shown(_problem_text(problem))}</div>'
        rows.append(
            f'<tr><td class="n">{item.number}</td><td class="t">{_shown(item.text)}</td>'
            f'<td class="w">{words}</td><td class="r">{_link(item.reference)}</td></tr>'
        )
    rows.append("</table>\n")
    return "\n".join(rows)


def _shown(text: str) -> str:
    return escape(escape_controls(text))


def _link(reference: str) -> str:
    found = _RFC.fullmatch(reference)
    if found is None:
        return escape(reference)
    number, section = found.groups()
    address = f"https://www.rfc-editor.org/rfc/rfc{number}.html#section-{section}"
    return f'<a href="{address}">{escape(reference)}</a>'
