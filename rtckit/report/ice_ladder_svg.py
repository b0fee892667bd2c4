"""A simulated ICE session as a ladder (SVG): both ends, the NATs between, what was dropped where.

The picture stands alone: no script, nothing loaded, a light background of its own. Rows are moments
in order, not a scale of time; an arrow begins where it was sent and ends where it arrived.
"""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from rtckit.ice.simulation import Message, Simulation
from rtckit.ice.virtual.nat import Nat
from rtckit.report.ice_ladder import describe_verdict, session_marks, shown_messages
from rtckit.report.text import clip
from rtckit.sdp.comparison.markup import safe

__all__ = ["render_fragment", "render_svg"]

_WIDTH = 1120
_MARGIN = 24
_LEFT, _RIGHT = 200.0, 960.0
_ROW = 22.0
_RELAY = "relay"
_GOOD, _BAD, _PLAIN, _QUIET = "#2a7d3f", "#b3261e", "#333333", "#8a8a8a"

_STYLE = (
    ".ri text{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;font-size:12px;fill:#333}"
    ".ri .h{font-size:18px;font-weight:bold}.ri .b{font-weight:bold;font-size:13px}"
    ".ri .d{fill:#6b6b6b}.ri .e{fill:#b3261e;font-size:11px}.ri .m{font-size:11px}"
    ".ri .g{fill:#2a7d3f;font-weight:bold}"
)


class _Column(NamedTuple):
    """A vertical line: an end, a NAT or the relay."""

    key: str
    x: float
    lines: tuple[str, ...]
    is_end: bool


def render_svg(result: Simulation) -> str:
    """Return the ladder of a simulation, as a file of its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + render_fragment(result)


def render_fragment(result: Simulation) -> str:
    """Return the ladder, to be put into a page or a notebook."""
    return _Drawing(result).draw()


class _Drawing:
    """Lays out and draws one simulation."""

    def __init__(self, result: Simulation) -> None:
        self.result = result
        self.messages, self.more = shown_messages(result)
        self.columns = _columns(result, self.messages)
        self.parts: list[str] = []
        self.y = 0.0
        self.rows: dict[float, float] = {}
        self.slots: list[float] = []
        self.heads: list[str] = []
        self.labels: list[tuple[float, float, str, str, str, float]] = []

    def draw(self) -> str:
        self._head()
        top = self.y
        self._lay_out()
        self._lifelines(top)
        for place, message in enumerate(self.messages):
            self._message(place, message)
        for label in self.labels:
            self._halo(*label)
        self.parts += self.heads
        self._marks()
        self._foot()
        height = round(self.y + _MARGIN)
        title = f"ICE between {self.result.a.nat} and {self.result.b.nat}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ri" viewBox="0 0 {_WIDTH} {height}" '
            f'width="{_WIDTH}" height="{height}" role="img" style="max-width:100%;height:auto">'
            f"<title>{safe(title)}</title><style>{_STYLE}</style>"
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
            f"{''.join(self.parts)}</svg>\n"
        )

    # -- pieces ---------------------------------------------------------------------------------

    def _text(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        kind = f' class="{style}"' if style else ""
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}"{kind}{where}>{safe(text)}</text>')

    def _halo(self, x: float, y: float, text: str, style: str, anchor: str, size: float) -> None:
        """Write on a white ground, for lines may cross."""
        width = len(text) * size + 4
        left = {"start": x - 2, "middle": x - width / 2, "end": x - width + 2}[anchor]
        self.parts.append(
            f'<rect x="{left:.0f}" y="{y - 11:.0f}" width="{width:.0f}" height="14" '
            'fill="#ffffff" fill-opacity="0.85"/>'
        )
        self._text(x, y, text, style, anchor)

    def _line(self, x1: float, y1: float, x2: float, y2: float, colour: str, wide: float) -> None:
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{wide}"/>'
        )

    def _arrow_head(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 or 1.0
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        points = [
            (x2, y2),
            (x2 - 10 * ux - 4 * uy, y2 - 10 * uy + 4 * ux),
            (x2 - 10 * ux + 4 * uy, y2 - 10 * uy - 4 * ux),
        ]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.heads.append(f'<polygon points="{drawn}" fill="{colour}"/>')

    def _cross(self, x: float, y: float) -> None:
        self.parts.append(
            f'<path d="M{x - 5:.0f} {y - 5:.0f}L{x + 5:.0f} {y + 5:.0f}'
            f'M{x - 5:.0f} {y + 5:.0f}L{x + 5:.0f} {y - 5:.0f}" '
            f'stroke="{_BAD}" stroke-width="2.4" fill="none"/>'
        )

    # -- layout ---------------------------------------------------------------------------------

    def _head(self) -> None:
        verdict = describe_verdict(self.result)
        self.y = 36
        self._text(_MARGIN, self.y, verdict[0], "h")
        for line in verdict[1:]:
            for piece in textwrap.wrap(line, 150):
                self.y += 18
                self._text(_MARGIN, self.y, piece, "d")
        self.y += 34
        lines = max(len(column.lines) for column in self.columns)
        for column in self.columns:
            for number, line in enumerate(column.lines):
                y = self.y + 15 * (lines - len(column.lines) + number)
                self._text(column.x, y, line, "b" if column.is_end else "d", "middle")
        self.y += 15 * lines

    def _lay_out(self) -> None:
        """Give each message a row where it leaves; what arrives uses the first of its moment."""
        times = {_at(m.sent) for m in self.messages}
        times |= {_at(m.arrived) for m in self.messages if m.arrived is not None}
        times |= {_at(time) for time, _, _ in session_marks(self.result)}
        leaving: dict[float, int] = {}
        for message in self.messages:
            leaving[_at(message.sent)] = leaving.get(_at(message.sent), 0) + 1
        for time in sorted(times):
            self.y += _ROW
            self.rows[time] = self.y
            self.y += _ROW * max(0, leaving.get(time, 0) - 1)
        self.y += _ROW
        used: dict[float, int] = {}
        for message in self.messages:
            time = _at(message.sent)
            self.slots.append(self.rows[time] + _ROW * used.get(time, 0))
            used[time] = used.get(time, 0) + 1

    def _lifelines(self, top: float) -> None:
        for column in self.columns:
            wide = 3.0 if column.is_end else 1.4
            colour = "#555555" if column.is_end else "#bbbbbb"
            dash = ' stroke-dasharray="4 4"' if column.key == _RELAY else ""
            self.parts.append(
                f'<line x1="{column.x:.0f}" y1="{top:.0f}" x2="{column.x:.0f}" y2="{self.y:.0f}" '
                f'stroke="{colour}" stroke-width="{wide}"{dash}/>'
            )
        for time, y in self.rows.items():
            self._text(_MARGIN - 12, y + 4, f"{time * 1000:.1f} ms", "d")

    def _x(self, key: str) -> float:
        return next(column.x for column in self.columns if column.key == key)

    # -- messages -------------------------------------------------------------------------------

    def _message(self, place: int, message: Message) -> None:
        start = self._x(message.sender)
        y1 = self.slots[place]
        way = 1 if message.sender == "a" else -1
        anchor = "start" if way > 0 else "end"
        is_choice = message.what == "nomination"
        number = f" #{message.pair}" if message.pair is not None else ""
        style = "g" if is_choice else "m"
        label = (start + 8 * way, y1 - 4, f"{message.what}{number}", style, anchor, 5.6)
        self.labels.append(label)
        if message.arrived is None:
            self._dropped(message, start, y1)
            return
        end = self._x("b" if message.sender == "a" else "a") - 3 * way
        y2 = max(self.rows[_at(message.arrived)], y1)
        colour = _GOOD if is_choice else _BAD if message.what.startswith("refus") else _PLAIN
        wide = 2.2 if is_choice else 1.4
        if message.relayed and any(column.key == _RELAY for column in self.columns):
            middle, half = self._x(_RELAY), (y1 + y2) / 2
            self._line(start, y1, middle, half, colour, wide)
            self._line(middle, half, end, y2, colour, wide)
            self._arrow_head(middle, half, end, y2, colour)
        else:
            self._line(start, y1, end, y2, colour, wide)
            self._arrow_head(start, y1, end, y2, colour)

    def _dropped(self, message: Message, start: float, y: float) -> None:
        """Draw how far a message came, and say why no farther, beyond the cross or before it."""
        way = 1 if message.sender == "a" else -1
        place = next((column.x for column in self.columns if column.key == message.place), None)
        end = (_LEFT + _RIGHT) / 2 - way * 60 if place is None else place
        self._line(start, y, end, y, _QUIET, 1.2)
        self._cross(end, y)
        again = f" ({message.times} times)" if message.times > 1 else ""
        beyond = (_RIGHT - end if way > 0 else end - _LEFT) - 24
        before = abs(end - start) - 96
        if beyond >= before:
            room, x, raised = beyond, end + 12 * way, -4.0
            anchor = "start" if way > 0 else "end"
        else:
            room, x, raised = before, end - 10 * way, 4.0
            anchor = "end" if way > 0 else "start"
        said = clip(message.why or "", int(room / 5.5) - len(again)) + again
        self.labels.append((x, y - raised if raised < 0 else y - 4, said, "e", anchor, 5.5))

    def _marks(self) -> None:
        for time, side, said in session_marks(self.result):
            y = self.rows[_at(time)]
            x = self._x(side)
            good = "selects" in said
            self.parts.append(
                f'<circle cx="{x:.0f}" cy="{y:.0f}" r="6" fill="{_GOOD if good else _BAD}"/>'
            )
            short = said.removeprefix(f"{side} ")
            if side == "a":
                self._halo(x - 12, y + 4, short, "g" if good else "e", "end", 6.6)
            else:
                self._halo(x + 12, y + 4, short, "g" if good else "e", "start", 6.6)

    def _foot(self) -> None:
        if self.more:
            self.y += 14
            self._text(_MARGIN, self.y, f"and {self.more} messages more", "d")
        for advice in self.result.advice:
            self.y += 10
            for piece in textwrap.wrap(f"{advice.text} {advice.fix}", 165):
                self.y += 17
                self._text(_MARGIN, self.y, piece)


def _at(time: float) -> float:
    """Return a moment such that what is meant to be simultaneous is."""
    return round(time, 6)


def _columns(result: Simulation, messages: Sequence[Message]) -> list[_Column]:
    """Place the ends, their NATs between, and the relay in the middle when it was used."""
    ours = _nats(result, "a", messages)
    theirs = [nat for nat in _nats(result, "b", messages) if nat not in ours]
    middle = [_RELAY] if any(message.relayed for message in messages) else []
    keys = ["a", *(n.name for n in ours), *middle, *(n.name for n in reversed(theirs)), "b"]
    step = (_RIGHT - _LEFT) / max(1, len(keys) - 1)
    columns = []
    for number, key in enumerate(keys):
        said: tuple[str, ...]
        if key in ("a", "b"):
            said = (key, result.peer(key).nat)
        else:
            said = ("TURN relay" if key == _RELAY else key.removeprefix("the "),)
        lines = tuple(piece for line in said for piece in textwrap.wrap(line, 24))
        columns.append(_Column(key, _LEFT + number * step, lines, key in ("a", "b")))
    return columns


def _nats(result: Simulation, side: str, messages: Sequence[Message]) -> list[Nat]:
    """Return what stands before a side; an IPv6 firewall only where it dropped something."""
    host = result.peer(side).host
    seen = {message.place for message in messages}
    return [*host.nats, *(each for each in host.firewalls if each.name in seen)]
