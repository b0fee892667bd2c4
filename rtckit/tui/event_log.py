"""The event log: thousands of lines, of which only those on the screen are drawn."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from rtckit.analysis.ice_table import LogEntry
from rtckit.core.text import escape_controls
from rtckit.report.ice_privacy import AddressMask
from rtckit.tui.theme import LEVEL_STYLES

__all__ = ["EventLog"]

_MOST_WIDTH = 400


class EventLog(ScrollView, can_focus=True):
    """Entries as lines, the newest last; it follows them unless the reader scrolled up.

    Attributes:
        entries: the ones shown, after filtering.
    """

    def __init__(self, mask: AddressMask, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._mask = mask
        self.entries: Sequence[LogEntry] = ()
        self._moving = False  # on the way to the end, which lines that come meanwhile do not change

    def show(self, entries: Sequence[LogEntry]) -> None:
        """Show these entries."""
        follows = self._moving or self.is_at_end
        self.entries = entries
        self.virtual_size = Size(_MOST_WIDTH, len(entries))
        if follows:
            self._moving = True
            self.call_after_refresh(self._follow)
        self.refresh()

    def _follow(self) -> None:
        self._moving = False
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    @property
    def is_at_end(self) -> bool:
        """Whether the last line is in sight."""
        return self.scroll_offset.y >= self.max_scroll_y - 1

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.size.width
        left, top = int(self.scroll_offset.x), int(self.scroll_offset.y)
        number = top + y
        if number >= len(self.entries):
            return Strip.blank(width, self.rich_style)
        line = Strip(self._segments(self.entries[number]))
        return line.apply_style(self.rich_style).crop_extend(left, left + width, self.rich_style)

    def _segments(self, entry: LogEntry) -> list[Segment]:
        text = escape_controls(self._mask.text(entry.text))
        time = f"{entry.t:<9.4f} " if abs(entry.t) < 1e6 else f"{entry.t:<9.3g} "
        sign = {"bad": "✕ ", "good": "● ", "new": "+ "}.get(entry.level, "  ")
        style = LEVEL_STYLES[entry.level]
        return [Segment(time, Style(dim=True)), Segment(sign, style), Segment(text, style)]
