"""Text for a terminal: colour, widths, tables and paragraphs.

Every function that takes foreign text escapes it (:func:`rtckit.core.text.escape_controls`), so a
hostile capture cannot move the cursor or change the title of a window. Widths are cells: an East
Asian wide character takes two, a combining mark none.
"""

import textwrap
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rtckit.core.findings import Severity
from rtckit.core.text import escape_controls

__all__ = [
    "Paint",
    "Styled",
    "bullet",
    "clip",
    "columns",
    "display_width",
    "format_bytes",
    "format_count",
    "paragraph",
    "sentence",
]

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_LEAST_WIDTH = 8
_SEVERITY_STYLE = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.INFO: "bold cyan",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours text, or leaves it alone when ``color`` is false.

    A style is one or more of bold, dim, red, green, yellow, blue, magenta and cyan, parted by
    spaces. The text is not escaped here.
    """

    color: bool = False

    def __call__(self, text: str, style: str) -> str:
        """``text`` in ``style``; an empty style or text stays plain."""
        if not self.color or not style or not text:
            return text
        codes = ";".join(_CODES[name] for name in style.split())
        return f"\x1b[{codes}m{text}\x1b[0m"

    def severity(self, severity: Severity, text: str | None = None) -> str:
        """``text``, or the severity's name, in the severity's colour."""
        return self(str(severity) if text is None else text, _SEVERITY_STYLE[severity])


class Styled(NamedTuple):
    """A piece of text and the style it is painted in."""

    text: str
    style: str = ""


def display_width(text: str) -> int:
    """How many terminal cells ``text`` takes."""
    if text.isascii():
        return len(text)
    width = 0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
            continue
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return width


def clip(text: str, width: int) -> str:
    """``text`` cut to ``width`` cells, the last of them an ellipsis where something was cut."""
    if display_width(text) <= width:
        return text
    kept: list[str] = []
    room = width - 1
    for character in text:
        room -= display_width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "…" if width > 0 else ""


def columns(
    rows: Sequence[Sequence[str | Styled]],
    *,
    paint: Paint,
    header: Sequence[str] = (),
    right: Collection[int] = (),
    width: int = 0,
    flexible: Collection[int] | None = None,
    indent: str = "",
) -> str:
    """``rows`` as a table without rules, one row a line, columns parted by two spaces.

    ``right`` names the columns that are aligned right. Cells are escaped. With a ``width`` above 0
    the widest of the ``flexible`` columns (all of them, unless named) are clipped until the table
    fits, none below eight cells. Rows may be shorter than others. No rows and no header give an
    empty text.
    """
    cells = [[_cell(cell) for cell in row] for row in rows]
    if header:
        cells.insert(0, [Styled(name, "dim") for name in header])
    count = max((len(row) for row in cells), default=0)
    widths = [
        max((display_width(row[index].text) for row in cells if index < len(row)), default=0)
        for index in range(count)
    ]
    if width > 0:
        room = width - display_width(indent) - 2 * (count - 1)
        _shrink(widths, range(count) if flexible is None else flexible, room)
    lines = []
    for row in cells:
        parts = []
        for index, cell in enumerate(row):
            text = clip(cell.text, widths[index])
            padding = " " * (widths[index] - display_width(text))
            painted = paint(text, cell.style)
            if index in right:
                parts.append(padding + painted)
            else:
                parts.append(painted if index == len(row) - 1 else painted + padding)
        lines.append((indent + "  ".join(parts)).rstrip())
    return "\n".join(lines)


def _cell(cell: str | Styled) -> Styled:
    if isinstance(cell, Styled):
        return Styled(escape_controls(cell.text), cell.style)
    return Styled(escape_controls(cell))


def _shrink(widths: list[int], flexible: Collection[int], room: int) -> None:
    while sum(widths) > room:
        widest = max(flexible, key=lambda index: widths[index], default=None)
        if widest is None or widths[widest] <= _LEAST_WIDTH:
            return
        widths[widest] -= 1


def paragraph(text: str, *, width: int, indent: str = "", first: str | None = None) -> str:
    """Prose filled to ``width`` cells, each line after ``indent``, the first after ``first``.

    Paragraphs are parted by an empty line and stay so. The text is escaped; the indents are not.
    """
    lead = indent if first is None else first
    blocks = []
    for block in text.split("\n\n"):
        words = escape_controls(" ".join(block.split()))
        filled = textwrap.fill(
            words,
            # textwrap counts characters; a few wide ones may pass the edge.
            width=max(24, width),
            initial_indent=lead,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        blocks.append(filled or lead.rstrip())
        lead = indent
    return "\n\n".join(blocks)


def bullet(label: str, text: str, *, width: int, paint: Paint, style: str = "bold") -> str:
    """``label: text`` filled to ``width``, continued under the text."""
    indent = " " * (display_width(label) + 1)
    filled = paragraph(text, width=width, indent=indent)
    return paint(label, style) + " " + filled[len(indent) :]


def sentence(text: str) -> str:
    """``text`` with a capital letter, unless it begins with a name (``getStats``, ``a=setup``)."""
    word = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if word.isalpha() and word.islower() else text


def format_bytes(count: int) -> str:
    """A number of bytes for people: ``812 B``, ``1.2 kB``, ``34.5 MB`` (powers of 1000)."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95 or unit == "GB":
            return f"{value:.1f} {unit}"
    raise AssertionError("unreachable")


def format_count(count: int, singular: str, plural: str = "") -> str:
    """``1 packet``, ``2 packets``, ``12,345 packets``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
