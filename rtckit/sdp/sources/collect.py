"""Gathers what the readers of the forms find, within bounds that hostile input cannot move."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.sdp.candidate import decode_candidate
from rtckit.sdp.document import Document, parse
from rtckit.sdp.sources.records import Description, FoundCandidate, Fragment, Place, Sources

__all__ = [
    "LAYERS",
    "Collector",
    "Context",
    "find_type",
    "guess_type",
    "guess_type_of",
    "read_time",
]

LAYERS = 6
"""How deep forms may lie in one another."""

_UNPACKED_LIMIT = 64 * 1024 * 1024
_ITEMS_LIMIT = 20_000
_PROBLEMS_LIMIT = 100
_TYPE = re.compile(r"pranswer|offer|answer", re.IGNORECASE)
_ISO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?"
)
_DAY_TIME = re.compile(r"\b(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?")


class Context(NamedTuple):
    """What is known about a piece of text from what it stood in."""

    undone: tuple[str, ...] = ()
    line: int | None = None
    path: str = ""
    type: str | None = None
    sender: str | None = None
    connection: str | None = None
    side: str | None = None
    event: str | None = None
    time_s: float | None = None
    depth: int = 0

    def inside(self, *undone: str) -> "Context":
        """The context of what lies one form deeper."""
        return self._replace(undone=self.undone + undone, depth=self.depth + 1)


@dataclass(slots=True)
class Collector:
    """The sources under way. ``read_text`` is the reader of any text, for forms within forms."""

    name: str
    read_text: Callable[["Collector", str, Context], bool]
    form: str = ""
    items: list[Description | FoundCandidate | Fragment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unpacked: int = 0
    too_deep: bool = False
    _cut: bool = False

    def add_description(
        self, source: str | bytes, context: Context, *, error: str | None = None
    ) -> bool:
        """Keep a description; False when ``source`` is no SDP at all."""
        if not self._room():
            return True
        try:
            document = parse(source)
        except ParseError:
            return False
        self.items.append(
            Description(
                document,
                context.type,
                list(context.undone),
                self.place(context),
                context.sender,
                context.connection,
                context.side,
                context.event,
                context.time_s,
                error,
            )
        )
        return True

    def add_candidate(
        self,
        text: str,
        context: Context,
        mid: str | None = None,
        index: int | None = None,
        ufrag: str | None = None,
    ) -> None:
        """Keep a candidate; empty ``text`` is end-of-candidates."""
        if not self._room():
            return
        text = text.strip()
        candidate, problems = decode_candidate(text) if text else (None, ())
        for problem in problems:
            self.note(f"{self.place(context) or 'candidate'}: {problem.message}")
        if candidate is not None and ufrag is None:
            ufrag = candidate.extension("ufrag")
        self.items.append(
            FoundCandidate(
                text,
                candidate,
                mid,
                index,
                ufrag,
                list(context.undone),
                self.place(context),
                context.sender,
                context.connection,
                context.side,
                context.event,
                context.time_s,
            )
        )

    def add_fragment(self, document: Document, context: Context) -> None:
        """Keep a trickle body."""
        if self._room():
            self.items.append(
                Fragment(
                    document,
                    list(context.undone),
                    self.place(context),
                    context.sender,
                    context.time_s,
                )
            )

    def refuse_last(self, context: Context, event: str, error: str) -> None:
        """Write what a browser said into the last description it was given by ``event``."""
        for position in range(len(self.items) - 1, -1, -1):
            item = self.items[position]
            if (
                isinstance(item, Description)
                and item.connection == context.connection
                and item.event == event
            ):
                self.items[position] = replace(item, error=error)
                return

    def note(self, message: str) -> None:
        """A part that could not be read; the first hundred are kept."""
        if len(self.problems) < _PROBLEMS_LIMIT:
            self.problems.append(Problem(message))

    def place(self, context: Context) -> Place:
        """Where the context is."""
        return Place(self.name, context.line, context.path)

    def unpack(self, size: int) -> None:
        """Count unpacked characters. Raises :class:`ParseError` over 64 MiB in one file."""
        self.unpacked += size
        if self.unpacked > _UNPACKED_LIMIT:
            raise ParseError("unpacks to more than 64 MiB", offset=0, expected="a description")

    @property
    def room(self) -> int:
        """How many more bytes may be unpacked."""
        return max(0, _UNPACKED_LIMIT - self.unpacked)

    @property
    def full(self) -> bool:
        """Whether nothing more is kept."""
        return len(self.items) >= _ITEMS_LIMIT

    def _room(self) -> bool:
        if self.full and not self._cut:
            self._cut = True
            what = f"more than {_ITEMS_LIMIT} descriptions and candidates; the rest is left out"
            self.problems.append(Problem(what))
        return not self.full

    def finish(self) -> Sources:
        """What was found."""
        return Sources(self.name, self.form, self.items, self.problems)


def find_type(text: str) -> str | None:
    """The one type of description that ``text`` names; None when it names none or several."""
    found = {match.lower() for match in _TYPE.findall(text)}
    return found.pop() if len(found) == 1 else None


def guess_type(document: Document) -> str | None:
    """Offer or answer by ``a=setup``: offers say ``actpass``, answers never do.

    RFC 8842, 5.2 and 5.3. None when the sections say nothing, or contradict each other.
    """
    setups = {media.setup for media in document.media if media.setup}
    if setups == {"actpass"}:
        return "offer"
    if setups and setups <= {"active", "passive"}:
        return "answer"
    return None


def guess_type_of(text: str) -> str | None:
    """:func:`guess_type` of a description as text; None also for what is none."""
    try:
        return guess_type(parse(text))
    except ParseError:
        return None


def read_time(value: Any) -> float | None:
    """Seconds from what a form calls a time; None when it cannot be told.

    Numbers from 1e11 on are milliseconds since 1970. Text may hold an ISO 8601 date and time (UTC
    when it names no zone), or a time of day, which gives seconds since midnight.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        if not abs(value) < 1e15:
            return None
        return value / 1000 if abs(value) >= 1e11 else float(value)
    if not isinstance(value, str):
        return None
    head = value[:200]
    found = _ISO_TIME.search(head)
    if found:
        day, clock, fraction, zone = found.groups()
        zone = "+00:00" if zone in (None, "Z") else zone
        try:
            moment = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
    found = _DAY_TIME.search(head)
    if found:
        hours, minutes, seconds, fraction = found.groups()
        whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        return whole + (float(f"0.{fraction}") if fraction else 0.0)
    return None
