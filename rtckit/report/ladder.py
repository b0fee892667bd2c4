"""A negotiation as a ladder (SVG): two lifelines, the messages between them, states as bands.

The picture stands alone: no script, nothing loaded, a light background of its own. Every foreign
text is escaped. Rows are steps, not a scale of time; each says when it was.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rtckit.jsep.simulation.advice import advise
from rtckit.jsep.simulation.ending import MediaEnding
from rtckit.jsep.simulation.network import Message
from rtckit.jsep.simulation.trace import Call, Trace, TraceStep
from rtckit.report.simulation import change_lines, describe_sections
from rtckit.sdp.comparison.markup import safe

__all__ = ["STATE_COLOURS", "render_fragment", "render_svg"]

STATE_COLOURS = {
    "stable": "#8fcb9b",
    "have-local-offer": "#f2c14e",
    "have-remote-offer": "#7fb2e5",
    "have-local-pranswer": "#e0a3c8",
    "have-remote-pranswer": "#b6a3e0",
    "closed": "#b5b5b5",
}
"""The colour of each signalling state."""

_WIDTH = 1120
_MARGIN = 16
_TIME_RIGHT = 72
_LIFE = {"a": 440, "b": 700}
_BAND = 12
_TEXT = {"a": 84, "b": 724}
_TEXT_WIDTH = {"a": 330, "b": 380}
_LINE = 16
_GAP = 16
_PER_CHARACTER = 6.8
_BOLD_PER_CHARACTER = 7.8
_MOST_LINES = 5

_STYLE = (
    ".rl text{font-family:Helvetica,Arial,'Liberation Sans',sans-serif;font-size:12px;fill:#333}"
    ".rl .h{font-size:18px;font-weight:bold;fill:#111}.rl .b{font-weight:bold;font-size:13px;"
    "fill:#111}.rl .d{fill:#6b6b6b}.rl .e{fill:#b3261e}.rl .eb{fill:#b3261e;font-weight:bold;"
    "font-size:13px}.rl .m{font-size:11px;fill:#222}.rl .s{font-size:11px;fill:#222}"
)


class _Line(NamedTuple):
    """A line of text and its class."""

    text: str
    style: str = ""


@dataclass(slots=True)
class _Row:
    """A step, laid out."""

    step: TraceStep
    lines: list[_Line]
    top: float = 0.0
    height: float = 0.0
    changed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def arrives(self) -> float:
        """Where an arrow ends."""
        return self.top + 12

    def leaves(self, place: int) -> float:
        """Where the arrow of a message sent in this step begins."""
        first = self.top + (30 if self.step.received is not None else 12)
        return first + 15 * place


def render_svg(trace: Trace) -> str:
    """The ladder of a trace, as a file of its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + render_fragment(trace)


def render_fragment(trace: Trace) -> str:
    """The ladder of a trace, to be put into a page or a notebook."""
    return _Ladder(trace).draw()


class _Ladder:
    """Lays out and draws one trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.parts: list[str] = []
        self.y = 0.0

    def draw(self) -> str:
        self._head()
        rows = self._lay_out()
        self._bands(rows)
        for message in self.trace.messages:
            self._arrow(message, rows)
        for row in rows:
            self._row(row)
        self._ending()
        height = round(self.y + _MARGIN)
        title = safe(self.trace.scenario.title)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="rl" viewBox="0 0 {_WIDTH} {height}" '
            f'width="{_WIDTH}" height="{height}" role="img" style="max-width:100%;height:auto">'
            f"<title>{title}</title><style>{_STYLE}</style>"
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
            f"{''.join(self.parts)}</svg>\n"
        )

    # -- pieces ---------------------------------------------------------------------------------

    def _text(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        kind = f' class="{style}"' if style else ""
        where = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}"{kind}{where}>{safe(text)}</text>')

    def _rect(self, x: float, y: float, width: float, height: float, fill: str, r: int = 0) -> None:
        corner = f' rx="{r}"' if r else ""
        self.parts.append(
            f'<rect x="{x:.0f}" y="{y:.1f}" width="{width:.0f}" height="{height:.1f}" '
            f'fill="{fill}"{corner}/>'
        )

    def _pill(self, side: str, y: float, state: str) -> None:
        """A state, beside the lifeline on its outer side."""
        width = len(state) * 6 + 14
        x = _LIFE["a"] - _BAND - 4 - width if side == "a" else _LIFE["b"] + _BAND + 4
        self._rect(x, y - 12, width, 16, STATE_COLOURS.get(state, "#dddddd"), 8)
        self._text(x + width / 2, y, state, "s", "middle")

    def _head(self) -> None:
        scenario = self.trace.scenario
        self.y = 34
        self._text(_MARGIN, self.y, scenario.title, "h")
        self.y += 8
        for line in textwrap.wrap(" ".join(scenario.explanation.split()), 170):
            self.y += _LINE
            self._text(_MARGIN, self.y, line, "d")
        self.y += 24
        self._legend()
        self.y += 26
        roles = any(step.action == "negotiate" for step in scenario.steps)
        for side, x in _LIFE.items():
            setup = scenario.peers[side]
            role = ", polite" if setup.polite else ", impolite"
            said = f"{side}: {self.trace.peer_name(side)}"
            said += role if roles and setup.stack != "scripted" else ""
            width = max(110, len(said) * 7 + 20)
            # Each head grows outwards, so that the two never meet.
            left = min(x - 40, x + 55 - width) if side == "a" else x - 55 + min(0, 0)
            self.parts.append(
                f'<rect x="{left:.0f}" y="{self.y - 16:.0f}" width="{width}" height="24" rx="4" '
                'fill="#f4f4f4" stroke="#888"/>'
            )
            self._text(left + width / 2, self.y, said, "b", "middle")
        self.y += 8

    def _legend(self) -> None:
        seen = dict.fromkeys(
            ["stable", *(s for step in self.trace.steps for s in step.states.values())]
        )
        x = float(_MARGIN)
        for state in seen:
            self._rect(x, self.y - 11, 14, 14, STATE_COLOURS.get(state, "#dddddd"), 3)
            self._text(x + 20, self.y, state, "d")
            x += 34 + len(state) * 6.5

    # -- rows -----------------------------------------------------------------------------------

    def _lay_out(self) -> list[_Row]:
        states = dict.fromkeys(self.trace.ending.states, "stable")
        advised: set[str] = set()
        rows = []
        for step in self.trace.steps:
            row = _Row(step, list(_lines_of(step, advised)))
            row.changed = [(s, v) for s, v in step.states.items() if states.get(s) != v]
            states.update(step.states)
            row.top = self.y + _GAP / 2
            lines = len(row.lines) * _LINE + (20 if row.changed else 0)
            arrows = 30 + 15 * len(step.sent) if step.sent or step.received is not None else 0
            row.height = max(lines, arrows, 18) + _GAP / 2
            self.y = row.top + row.height
            rows.append(row)
        self.y += 6
        return rows

    def _bands(self, rows: Sequence[_Row]) -> None:
        """The lifelines, coloured by state; a side that is no machine has a thin line."""
        begin = rows[0].top - _GAP / 2 if rows else self.y
        for side, x in _LIFE.items():
            if side not in self.trace.ending.states:
                self._rect(x - 1, begin, 2, self.y - begin, "#999999")
                continue
            state, since = "stable", begin
            for row in rows:
                for changed, new in row.changed:
                    if changed == side:
                        at = row.arrives
                        self._band(x, since, at, state)
                        state, since = new, at
            self._band(x, since, self.y, state)

    def _band(self, x: float, since: float, until: float, state: str) -> None:
        colour = STATE_COLOURS.get(state, "#dddddd")
        self._rect(x - _BAND / 2, since, _BAND, until - since, colour)

    def _row(self, row: _Row) -> None:
        step = row.step
        time = f"{step.time_ms} ms"
        self._text(_TIME_RIGHT - 6, row.top + 16, time, "d", "end")
        if step.actor not in _TEXT:
            self._channel_row(row)
            return
        y = row.top + 16
        for line in row.lines:
            self._text(_TEXT[step.actor], y, line.text, line.style)
            y += _LINE
        for side, state in row.changed:
            self._pill(side, y if side == step.actor else row.top + 16, state)
        if step.failures:
            x = _LIFE[step.actor]
            self._cross(x, row.arrives, 7)

    def _channel_row(self, row: _Row) -> None:
        """What happens to the signalling stands between the lifelines."""
        middle = (_LIFE["a"] + _LIFE["b"]) / 2
        y = row.top + 16
        for line in row.lines:
            width = len(line.text) * 6.6 + 14
            self._rect(middle - width / 2, y - 12, width, _LINE, "#ffffff")
            style = line.style if line.style.startswith("e") else "d"
            self._text(middle, y, line.text, style, "middle")
            y += _LINE
        for side, state in row.changed:
            self._pill(side, row.top + 16, state)

    def _cross(self, x: float, y: float, size: float) -> None:
        self.parts.append(
            f'<path d="M{x - size:.0f} {y - size:.0f}L{x + size:.0f} {y + size:.0f}'
            f'M{x - size:.0f} {y + size:.0f}L{x + size:.0f} {y - size:.0f}" '
            'stroke="#b3261e" stroke-width="3" fill="none"/>'
        )

    # -- messages -------------------------------------------------------------------------------

    def _arrow(self, message: Message, rows: Sequence[_Row]) -> None:
        if message.sent_in is None:
            return
        row = rows[message.sent_in - 1]
        place = row.step.sent.index(message.number) if message.number in row.step.sent else 0
        side = message.sender
        way = 1 if side == "a" else -1
        x1 = _LIFE[side] + way * (_BAND / 2 + 1)
        x2 = _LIFE[message.receiver] - way * (_BAND / 2 + 2)
        y1 = row.leaves(place)
        lost = message.fate == "lost"
        if message.arrived_in is not None:
            y2 = rows[message.arrived_in - 1].arrives
        else:
            y2 = min(y1 + 34, self.y) if lost else self.y
        if message.arrived_in is None:
            x2 = x1 + (x2 - x1) * (0.6 if lost else 0.92)
        colour = "#b3261e" if lost else "#999999" if not message.heeded else "#333333"
        dashed = ' stroke-dasharray="5 4"' if message.copy_of or message.fate != "delivered" else ""
        self.parts.append(
            f'<line x1="{x1:.0f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="1.4"{dashed}/>'
        )
        if lost:
            self._cross(x2, y2, 6)
        elif message.arrived_in is not None:
            self._arrow_head(x1, y1, x2, y2, colour)
        if message.copy_of is None:
            said = message.name + ("" if message.heeded else ", ignored")
            said += ", lost" if lost else "" if message.fate != "under way" else ", never arrives"
            anchor = "start" if side == "a" else "end"
            # A halo, for other arrows may cross the label.
            width = len(said) * 5.8
            x = x1 + way * 5
            self._rect(x if way > 0 else x - width, y1 - 14, width, 12, "#ffffff")
            self._text(x, y1 - 4, said, "m", anchor)

    def _arrow_head(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 or 1.0
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        points = [
            (x2, y2),
            (x2 - 10 * ux - 4 * uy, y2 - 10 * uy + 4 * ux),
            (x2 - 10 * ux + 4 * uy, y2 - 10 * uy - 4 * ux),
        ]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{drawn}" fill="{colour}"/>')

    # -- the end --------------------------------------------------------------------------------

    def _ending(self) -> None:
        ending = self.trace.ending
        self.y += 18
        self._rect(_MARGIN, self.y - 14, _WIDTH - 2 * _MARGIN, 1, "#cccccc")
        self.y += 8
        agreed = "both agree" if ending.consistent else "they do not agree"
        states = ", ".join(f"{side} is {state}" for side, state in ending.states.items())
        said = f"In the end: {states}"
        said += f"; {agreed}" if len(ending.states) == 2 else ""
        self._text(_MARGIN, self.y, said, "b" if ending.consistent else "eb")
        if not ending.media:
            self.y += 20
            self._text(_MARGIN, self.y, "nothing was negotiated", "d")
        for item in ending.media:
            self.y += 24
            self._media(item, "#2a7d3f" if ending.consistent else "#999999")
        problems = [*ending.problems, *(p for item in ending.media for p in item.problems)]
        faults = [
            f"step {step.number}: {fault}" for step in self.trace.steps for fault in step.faults
        ]
        faults += self.trace.faults
        self.y += 8
        for problem in problems:
            self.y += _LINE
            self._text(_MARGIN, self.y, problem, "e")
        for fault in faults:
            self.y += _LINE
            self._text(_MARGIN, self.y, f"not as the scenario expects: {fault}", "e")

    def _media(self, item: MediaEnding, colour: str) -> None:
        """A section: who sends stands at its side, the arrows between."""
        self._text(_MARGIN, self.y, f"media {item.index}", "d")
        name = item.kind + (f", mid {item.mid}" if item.mid is not None else "")
        middle = (_LIFE["a"] + _LIFE["b"]) / 2
        self._text(
            middle, self.y - 6, name + (", rejected" if item.rejected else ""), "m", "middle"
        )
        left, right = _LIFE["a"] + 8, _LIFE["b"] - 8
        if not item.flows:
            self.parts.append(
                f'<line x1="{left}" y1="{self.y:.0f}" x2="{right}" y2="{self.y:.0f}" '
                'stroke="#bbbbbb" stroke-dasharray="2 5"/>'
            )
            return
        self.parts.append(
            f'<line x1="{left}" y1="{self.y:.0f}" x2="{right}" y2="{self.y:.0f}" '
            f'stroke="{colour}" stroke-width="2.4"/>'
        )
        for side, flow in item.flows.items():
            ends = (left, right) if side == "a" else (right, left)
            self._arrow_head(ends[0], self.y, ends[1], self.y, colour)
            said = str(flow) if item.kind != "data" else "data channels"
            if side == "a":
                self._text(_LIFE["a"] - 12, self.y + 4, said, "", "end")
            else:
                self._text(_LIFE["b"] + 12, self.y + 4, said)


def _lines_of(step: TraceStep, advised: set[str]) -> Iterator[_Line]:
    """What stands beside the lifeline at a step."""
    width = _TEXT_WIDTH.get(step.actor, 240)
    bad = any(not call.forgiven for call in step.failures)
    yield from _wrap(step.title, "eb" if bad else "b", width)
    if step.note:
        yield from _wrap(step.note, "d", width)
    for call in step.calls:
        yield from _call_lines(call, width, advised)
    for remark in step.remarks:
        yield from _wrap(remark, "d", width)
    for fault in step.faults:
        yield from _wrap(f"not expected: {fault}", "e", width)


def _call_lines(call: Call, width: int, advised: set[str]) -> Iterator[_Line]:
    if not call.ok:
        style = "d" if call.forgiven else "e"
        yield from _wrap(f"{call.op}: {call.error}", style, width)
        yield from _clip(_wrap(call.message or "", style, width))
        advice = advise(call)
        if advice is not None and not call.forgiven and advice.means not in advised:
            advised.add(advice.means)
            yield from _wrap(f"means: {advice.means}", "", width)
            yield from _wrap(f"do: {advice.fix}", "", width)
        return
    found = call.description
    if found is None or found.side != "local" or not found.sdp:
        return
    if found.before is None:
        said: Iterable[str] = [f"{found.type}: {describe_sections(found.sections)}"]
    else:
        said = [line.partition("  => ")[0] for line in change_lines(found)]
        said = said or [f"{found.type}: nothing changed"]
    yield from _clip(line for text in said for line in _wrap(text, "d", width))


def _wrap(text: str, style: str, width: int) -> Iterator[_Line]:
    per_character = _BOLD_PER_CHARACTER if style in ("b", "eb") else _PER_CHARACTER
    for line in textwrap.wrap(" ".join(text.split()), int(width / per_character)):
        yield _Line(line, style)


def _clip(lines: Iterable[_Line]) -> Iterator[_Line]:
    """The first few lines; of what is left, how much it is."""
    found = list(lines)
    yield from found[:_MOST_LINES]
    if len(found) > _MOST_LINES:
        yield _Line("…", found[0].style)
