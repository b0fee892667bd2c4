"""A feed of ICE events: from a file or a list, folded into tables, played at any speed.

A feed may tell of both ends of a session; the ``side`` of an event's detail says which, and each
end has a table of its own. An event without a side in such a feed is about all of them.
"""

import json
from collections import deque
from collections.abc import Iterable
from math import isfinite
from typing import Any

from rtckit.analysis.ice_table import IceTable
from rtckit.core.errors import ParseError
from rtckit.ice.events import Event

__all__ = ["IceFeed", "Player", "parse_event", "read_events"]

_MOST_EVENTS = 50_000
_MOST_SIDES = 8
_LONGEST_LINE = 1_000_000


class IceFeed:
    """The tables of a session's ends after the events so far.

    Attributes:
        tables: by side, in the order in which they were first told of; the side is empty where a
            feed is about one end.
        events: the last ones, for export.
        version: grows with every event.
    """

    def __init__(self) -> None:
        self.tables: dict[str, IceTable] = {}
        self.events: deque[Event] = deque(maxlen=_MOST_EVENTS)
        self.version = 0

    def apply(self, event: Event) -> None:
        """Take an event, whatever it holds."""
        self.version += 1
        self.events.append(event)
        side = event.detail.get("side") if isinstance(event.detail, dict) else None
        if event.event == "description":
            side = None  # there it tells whose description it is
        if isinstance(side, str) and len(side) <= 40:
            table = self.tables.get(side)
            if table is None and len(self.tables) < _MOST_SIDES:
                table = self.tables[side] = IceTable(side)
            if table is not None:
                table.apply(event)
            return
        if not self.tables:
            self.tables[""] = IceTable()
        for table in self.tables.values():
            table.apply(event)

    def apply_all(self, events: Iterable[Event]) -> None:
        """Take several."""
        for event in events:
            self.apply(event)

    @property
    def sides(self) -> list[str]:
        """The ends told of."""
        return list(self.tables) or [""]

    def table(self, side: str | None = None) -> IceTable:
        """The table of one end, of the first one unless named; an empty one before any event."""
        if side is None:
            return next(iter(self.tables.values()), IceTable())
        return self.tables.get(side) or IceTable(side)

    @property
    def now(self) -> float:
        """The time of the last event."""
        return max((table.now for table in self.tables.values()), default=0.0)


class Player:
    """Plays events that are known beforehand, in the order of their times.

    ``position`` is the time played up to, in seconds on the clock of the events; ``speed`` how
    many of those seconds pass in one.
    """

    SPEEDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0)

    def __init__(self, events: Iterable[Event], *, speed: float = 1.0) -> None:
        self.events = sorted(events, key=lambda event: event.t if isfinite(event.t) else 0.0)
        self.speed = speed
        self.rewind()

    def rewind(self) -> None:
        """Begin again; the next call of `advance` gives the first events."""
        self._next = 0
        self.position = self.events[0].t if self.events else 0.0

    @property
    def begin(self) -> float:
        """The time of the first event."""
        return self.events[0].t if self.events else 0.0

    @property
    def end(self) -> float:
        """The time of the last event."""
        return self.events[-1].t if self.events else 0.0

    @property
    def finished(self) -> bool:
        """Whether everything has been played."""
        return self._next >= len(self.events)

    def advance(self, elapsed: float) -> list[Event]:
        """Let ``elapsed`` seconds of the viewer pass; return what happened meanwhile."""
        if self.finished:
            return []
        self.position = min(self.position + max(elapsed, 0.0) * self.speed, self.end)
        return self._take(self.position)

    def step(self) -> list[Event]:
        """Go on to the next moment at which something happens."""
        if self.finished:
            return []
        self.position = max(self.position, self.events[self._next].t)
        return self._take(self.position)

    def finish(self) -> list[Event]:
        """Go to the end."""
        self.position = max(self.position, self.end)
        return self._take(self.position)

    def change_speed(self, by: int) -> float:
        """Play faster or slower by so many of `SPEEDS`; returns the new speed."""
        nearest = min(self.SPEEDS, key=lambda speed: abs(speed - self.speed))
        place = self.SPEEDS.index(nearest) + by
        self.speed = self.SPEEDS[max(0, min(place, len(self.SPEEDS) - 1))]
        return self.speed

    def _take(self, until: float) -> list[Event]:
        begin = self._next
        while self._next < len(self.events) and self.events[self._next].t <= until:
            self._next += 1
        return self.events[begin : self._next]


def parse_event(line: str) -> Event:
    """Read an event from a line of JSON as `Event.as_json` writes it.

    Raises:
        ParseError: it is no JSON object with an ``event``.
    """
    if len(line) > _LONGEST_LINE:
        raise ParseError(f"a line of {len(line)} characters is no event")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"no JSON: {error}", expected='{"t": ..., "event": ...}') from None
    if not isinstance(value, dict) or not isinstance(value.get("event"), str):
        raise ParseError("no event", expected='{"t": ..., "event": ...}')
    return Event(_time(value.pop("t", 0.0)), value.pop("event"), _number(value), value)


def read_events(text: str) -> list[Event]:
    """Read a file of events, one JSON object a line; empty lines do not count.

    Raises:
        ParseError: a line is no event, with its number, or there is none at all.
    """
    events = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            events.append(parse_event(line))
        except ParseError as error:
            raise ParseError(error.message, line=number, expected=error.expected) from None
    if not events:
        raise ParseError("no events", line=1, expected='{"t": ..., "event": ...}')
    return events


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        return float(value) if isfinite(value) else 0.0
    except OverflowError:
        return 0.0


def _number(value: dict[str, Any]) -> int | None:
    number = value.get("pair")
    if isinstance(number, bool) or not isinstance(number, int):
        return None
    del value["pair"]
    return number
