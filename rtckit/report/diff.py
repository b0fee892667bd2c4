"""Two descriptions compared, drawn: side by side where there is room, one below the other else."""

from collections.abc import Sequence

from rtckit.core.text import escape_controls
from rtckit.report.diff_data import to_dict
from rtckit.report.text import Paint, clip, display_width, paragraph
from rtckit.sdp.comparison import Change, Diff, Kind
from rtckit.sdp.comparison.grouping import Grouped, group_changes, heading, shown_leaf, summary
from rtckit.sdp.lines import Span

__all__ = ["SIDE_BY_SIDE_WIDTH", "render_text", "to_dict"]

SIDE_BY_SIDE_WIDTH = 110
"""From this many cells on the values of both descriptions stand beside each other."""

_STYLES = {
    Kind.ADDED: "green",
    Kind.REMOVED: "red",
    Kind.CHANGED: "yellow",
    Kind.MOVED: "blue",
}
_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~", Kind.MOVED: "^"}
_LEAST_COLUMN = 24
_MOST_LEAF = 36


def render_text(
    diff: Diff,
    *,
    names: tuple[str, str] = ("a", "b"),
    color: bool = False,
    width: int = 100,
    verbose: int = 0,
) -> str:
    """The changes of a diff, section by section; ``names`` are those of the two files.

    ``verbose`` tells every change by itself; without it the same one in several sections, or of
    several codecs, is told once.
    """
    drawing = _Drawing(diff, Paint(color), width)
    return drawing.draw(names, grouped=not verbose)


class _Drawing:
    """Draws one diff; ``wide`` puts the values beside each other."""

    def __init__(self, diff: Diff, paint: Paint, width: int) -> None:
        self.diff = diff
        self.paint = paint
        self.width = width
        self.wide = width >= SIDE_BY_SIDE_WIDTH
        self.lines: list[str] = []

    def draw(self, names: tuple[str, str], *, grouped: bool) -> str:
        diff = self.diff
        self.lines.append(paragraph(f"{summary(diff)}", width=self.width, indent="  ", first=""))
        if not diff.changes:
            return self.lines[0] + "\n"
        changes = (
            group_changes(diff.changes)
            if grouped
            else [Grouped(change, "") for change in diff.changes]
        )
        if self.wide:
            self._plan(changes)
            left = clip(escape_controls(names[0]), self.column)
            right = clip(escape_controls(names[1]), self.column)
            self.lines.append("")
            self._beside("", [self.paint(left, "bold")], [self.paint(right, "bold")], "")
        else:
            first = clip(escape_controls(names[0]), self.width - 4)
            second = clip(escape_controls(names[1]), self.width - 4)
            self.lines += [self.paint(f"--- {first}", "red"), self.paint(f"+++ {second}", "green")]
        section: tuple[int | None, int | None] | str = ""
        for item in changes:
            change = item.change
            here = (change.section_a, change.section_b)
            if here != section:
                section = here
                self.lines += ["", self.paint(escape_controls(heading(diff, change)), "bold")]
            (self._draw_wide if self.wide else self._draw_narrow)(item)
        return "\n".join(line.rstrip() for line in self.lines) + "\n"

    # -- one below the other

    def _draw_narrow(self, item: Grouped) -> None:
        change = item.change
        style = _STYLES[change.kind]
        also = f" ({item.also})" if item.also else ""
        title = f"{_SIGNS[change.kind]} {shown_leaf(change)}"
        filled = paragraph(title + also, width=self.width, indent="      ", first="  ")
        self.lines.append(self.paint(filled, style))
        for sign, value, place, tint in (
            ("-", change.a, change.place_a, "red"),
            ("+", change.b, change.place_b, "green"),
        ):
            if value is not None:
                at = f"  {place}" if place else ""
                lead = f"      {sign} "
                body = paragraph(
                    value or '""', width=self.width - len(at), indent=" " * 8, first=lead
                )
                self.lines.append(self.paint(body, tint) + self._dim(at))
        self._impact(change, "      ")

    def _dim(self, text: str) -> str:
        return self.paint(text, "dim") if text.strip() else ""

    def _impact(self, change: Change, indent: str) -> None:
        if change.impact:
            width = min(self.width, max(80, self.width - 30))
            self.lines.append(
                paragraph(change.impact, width=width, indent=indent + "   ", first=indent + "=> ")
            )

    # -- side by side

    def _plan(self, changes: Sequence[Grouped]) -> None:
        """The widths of the columns: the leaf, and two equal ones for the values."""
        longest = max(display_width(escape_controls(shown_leaf(item.change))) for item in changes)
        self.leaf = min(longest + 6, _MOST_LEAF)
        self.column = max(_LEAST_COLUMN, (self.width - self.leaf - 5) // 2)

    def _draw_wide(self, item: Grouped) -> None:
        change = item.change
        label = f"  {_SIGNS[change.kind]} {escape_controls(shown_leaf(change))}"
        left = self._cell(change.a, change.place_a, "red" if change.b is None else "yellow")
        right = self._cell(change.b, change.place_b, "green" if change.a is None else "yellow")
        if display_width(label) >= self.leaf:
            self.lines.append(self.paint(label, _STYLES[change.kind]))
            label = ""
        self._beside(label, left, right, _STYLES[change.kind])
        indent = " " * self.leaf
        if item.also:
            said = paragraph(item.also, width=self.width, indent=indent)
            self.lines.append(self.paint(said, "dim"))
        self._impact(change, indent)

    def _cell(self, value: str | None, place: Span | None, style: str) -> list[str]:
        """A value filled to the column, and its place behind it."""
        if value is None:
            return [""]
        at = f"{place} " if place else ""
        text = escape_controls(value) or '""'
        pieces = _fill(text, self.column - display_width(at))
        lines = [self._dim(at) + self.paint(pieces[0], style)]
        lines += [" " * len(at) + self.paint(piece, style) for piece in pieces[1:]]
        return lines

    def _beside(self, label: str, left: list[str], right: list[str], style: str) -> None:
        for index in range(max(len(left), len(right))):
            one = left[index] if index < len(left) else ""
            other = right[index] if index < len(right) else ""
            head = label if index == 0 else ""
            padding = " " * (self.leaf - display_width(head))
            gap = " " * (self.column - _visible_width(one))
            bar = self.paint("|", "dim")
            self.lines.append(f"{self.paint(head, style)}{padding}{one}{gap} {bar} {other}")


def _fill(text: str, width: int) -> list[str]:
    """Text broken into lines of at most ``width`` cells, at spaces where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if display_width(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while display_width(word) > width:
            kept = clip(word, width + 1)[:-1] or word[:1]
            kept = kept if display_width(kept) <= width else word[:1]
            lines.append(kept)
            word = word[len(kept) :]
        line = word
    return [*lines, line] if line or not lines else lines


def _visible_width(text: str) -> int:
    """Cells of painted text: colour takes none."""
    width, rest = 0, text
    while True:
        head, escape, rest = rest.partition("\x1b[")
        width += display_width(head)
        if not escape:
            return width
        rest = rest.partition("m")[2]
