"""What is found in a file: descriptions, candidates and fragments, each with where it stood."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rtckit.core.findings import Problem
from rtckit.sdp.candidate import Candidate
from rtckit.sdp.document import Document

__all__ = ["Description", "FoundCandidate", "Fragment", "Place", "Sources"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stood.

    ``name`` is the file. ``line`` counts from 1 in the file's text (after unpacking) and is the
    first line of what was found; None where the form has no lines of its own, as in a single JSON
    value. ``path`` is the way through the form: ``PeerConnections.6-1.updateLog[7].value``.
    """

    name: str = ""
    line: int | None = None
    path: str = ""

    def __str__(self) -> str:
        parts = [self.name] if self.name else []
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.path:
            parts.append(self.path)
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Description:
    """A description with what came along with it.

    ``type`` is ``offer``, ``pranswer``, ``answer`` or None when nothing says it. ``undone`` lists
    in words, outermost first, what was taken off to get at the SDP; it is empty for plain SDP.
    Where something was undone, lines and columns are those of the SDP inside. ``sender`` names who
    sent it where a message says so; in a browser's dump ``connection`` is the peer connection,
    ``side`` is ``local`` or ``remote`` as that connection sees it, and ``event`` what was done
    (``createOfferOnSuccess``, ``setLocalDescription``...). ``time_s`` is in seconds, since 1970
    where the form has dates, else since the form's own start. ``error`` is what a browser said
    when it refused the description.
    """

    document: Document
    type: str | None = None
    undone: list[str] = field(default_factory=list)
    place: Place = Place()
    sender: str | None = None
    connection: str | None = None
    side: str | None = None
    event: str | None = None
    time_s: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class FoundCandidate:
    """A candidate that stood apart from a description.

    ``candidate`` is None for end-of-candidates (``text`` is empty then) and for text that cannot be
    read as one. ``mid`` and ``index`` are ``sdpMid`` and ``sdpMLineIndex``. The other fields are
    those of :class:`Description`.
    """

    text: str
    candidate: Candidate | None
    mid: str | None = None
    index: int | None = None
    ufrag: str | None = None
    undone: list[str] = field(default_factory=list)
    place: Place = Place()
    sender: str | None = None
    connection: str | None = None
    side: str | None = None
    event: str | None = None
    time_s: float | None = None

    @property
    def is_end(self) -> bool:
        """Whether this says that no more candidates follow."""
        return not self.text


@dataclass(frozen=True, slots=True)
class Fragment:
    """The body of a trickle message: ``application/trickle-ice-sdpfrag`` (RFC 8840, 9).

    ``document`` holds its lines; its candidates are among the candidates of :class:`Sources` too.
    """

    document: Document
    undone: list[str] = field(default_factory=list)
    place: Place = Place()
    sender: str | None = None
    time_s: float | None = None


@dataclass(slots=True)
class Sources:
    """Everything found in a file, in the order in which it stood there.

    ``form`` says in words what the file is. ``problems`` are parts that could not be read.
    """

    name: str = ""
    form: str = ""
    items: list[Description | FoundCandidate | Fragment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.items)

    @property
    def descriptions(self) -> list[Description]:
        """The descriptions, in order, repetitions included."""
        return [item for item in self.items if isinstance(item, Description)]

    @property
    def candidates(self) -> list[FoundCandidate]:
        """The candidates that stood apart from descriptions, in order."""
        return [item for item in self.items if isinstance(item, FoundCandidate)]

    @property
    def fragments(self) -> list[Fragment]:
        """The trickle bodies, in order."""
        return [item for item in self.items if isinstance(item, Fragment)]

    @property
    def distinct(self) -> list[Description]:
        """The descriptions without repetitions of one text; the first of each stays.

        A dump of a page that calls itself shows each description up to six times.
        """
        return list(self._distinct())

    def _distinct(self) -> Iterator[Description]:
        seen: set[tuple[str, str | None]] = set()
        for item in self.descriptions:
            key = (item.document.text, item.type)
            if key not in seen:
                seen.add(key)
                yield item

    @property
    def undone(self) -> list[str]:
        """Everything undone anywhere, each once."""
        return list(dict.fromkeys(what for item in self.items for what in item.undone))
