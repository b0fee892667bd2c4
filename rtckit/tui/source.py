"""Where the screen takes its events from: a recording that is played, or a session that runs."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable
from typing import Protocol

from rtckit.analysis.ice_feed import Player
from rtckit.ice.events import Event

__all__ = ["LiveSource", "ReplaySource", "Source"]


class Source(Protocol):
    """What the screen asks, many times a second.

    Attributes:
        title: what is watched, for the first line.
        live: whether it goes on by itself; a recording can be played faster or slower.
    """

    title: str
    live: bool

    @property
    def now(self) -> float:
        """The present on the clock of the events, in seconds."""
        ...

    @property
    def finished(self) -> bool:
        """Whether no more events come."""
        ...

    def poll(self, elapsed: float) -> list[Event]:
        """Return the events of the last ``elapsed`` seconds of the viewer."""
        ...


class ReplaySource:
    """A recording, with its player."""

    live = False

    def __init__(self, title: str, events: Iterable[Event], *, speed: float = 1.0) -> None:
        self.title = title
        self.player = Player(events, speed=speed)

    @property
    def now(self) -> float:
        """How far it was played."""
        return self.player.position

    @property
    def finished(self) -> bool:
        """Whether it was played to its end."""
        return self.player.finished

    def poll(self, elapsed: float) -> list[Event]:
        """Play on."""
        return self.player.advance(elapsed)


class LiveSource:
    """A session that runs in the event loop of the screen.

    `run` takes the events as they come; `poll` hands them on. What ends the session with an error
    becomes an event too, because there is nobody else to tell.
    """

    live = True

    def __init__(self, title: str, events: AsyncGenerator[Event, None]) -> None:
        self.title = title
        self._events = events
        self._waiting: list[Event] = []
        self._offset: float | None = None
        self._last = 0.0
        self._over = False
        self.error: Exception | None = None

    @property
    def now(self) -> float:
        """The time of the session: of its last event, and what passed since."""
        if self._offset is None or self._over:
            return self._last
        return max(asyncio.get_running_loop().time() + self._offset, self._last)

    @property
    def finished(self) -> bool:
        """Whether the session is over and everything was handed on."""
        return self._over and not self._waiting

    async def run(self) -> None:
        """Take events until there are no more."""
        loop = asyncio.get_running_loop()
        try:
            async with contextlib.aclosing(self._events) as events:
                async for event in events:
                    self._waiting.append(event)
                    self._last = max(self._last, event.t)
                    self._offset = self._last - loop.time()
        except Exception as error:
            self.error = error
            detail = {"state": "failed", "why": str(error) or type(error).__name__}
            self._waiting.append(Event(self._last, "state", None, detail))
        finally:
            self._over = True

    def poll(self, elapsed: float) -> list[Event]:
        """Hand on what came."""
        events, self._waiting = self._waiting, []
        return events
