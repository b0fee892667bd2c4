"""A part of a description: its lines, its attributes by name, and the views both levels share.

Views are read on first access and kept. A value that cannot be read is left out of its view and
listed in ``problems``. Where an attribute repeats that should not, the first one counts.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from operator import attrgetter
from typing import ClassVar, TypeVar

from rtckit.core.errors import ParseError
from rtckit.sdp.clocks import (
    MediaClock,
    ReferenceClock,
    parse_media_clock,
    parse_reference_clock,
)
from rtckit.sdp.fields import (
    Bandwidth,
    Connection,
    parse_bandwidth,
    parse_connection,
)
from rtckit.sdp.grammar import ATTRIBUTES, DIRECTIONS, LINE_TYPES, SESSION_LINE_ORDER
from rtckit.sdp.lines import (
    BLANKS,
    Attribute,
    Line,
    SdpProblem,
    Span,
    SplitText,
    read_integer,
    words,
)
from rtckit.sdp.rtp import ExtMap, XrBlock, parse_extmap, parse_rtcp_xr
from rtckit.sdp.schedule import (
    EncryptionKey,
    TextLine,
    parse_encryption_key,
    parse_text_line,
)
from rtckit.sdp.transport import (
    SETUP_ROLES,
    Fingerprint,
    KeyManagement,
    SourceFilter,
    parse_fingerprint,
    parse_key_management,
    parse_source_filter,
)
from rtckit.sdp.view import view

__all__ = ["Section"]

T = TypeVar("T")
_READ_LETTERS = frozenset("votrzkbciuep")
"""The line types whose values are read; one of a media section is not in its table."""
_LINE_OF = attrgetter("line")
_FIRST_WORD = re.compile(r"[^:=\s]{1,20}")


_REPEATED = frozenset(("rtpmap", "fmtp", "rtcp-fb", "extmap"))
_MOST_REPEATED = 4096
_LONGEST_REPEATED = 200
_NAMES: dict[str, str] = {}
"""The names of lines that stand in every description, and in each several times."""


def _name_of(text: str) -> str:
    """The name of an ``a=`` line."""
    name, colon, _ = text[2:].partition(":")
    if not colon:
        return name.rstrip(BLANKS)
    if name in _REPEATED and len(text) <= _LONGEST_REPEATED:
        if len(_NAMES) >= _MOST_REPEATED:
            _NAMES.clear()
        _NAMES[text] = name
    return name


def _value_of(text: str, name: str) -> str | None:
    """The value of an ``a=`` line; without a colon there may still be blanks behind the name."""
    at = 2 + len(name)
    return text[at + 1 :] if text[at : at + 1] == ":" else None


def _by_place(problem: SdpProblem) -> Span:
    return problem.span


class Section:
    """The session level, or one media section; ``parent`` is the session level of the latter.

    ``start`` and ``stop`` are line indices from 0, ``stop`` excluded.
    """

    _ALWAYS_READ: ClassVar[tuple[str, ...]] = ("stray_lines",)
    _READ_BY: ClassVar[dict[str, str]] = {
        "c=": "connections",
        "b=": "bandwidth",
        "ice-ufrag": "ice_ufrag",
        "ice-pwd": "ice_pwd",
        "ice-options": "ice_options",
        "fingerprint": "fingerprints",
        "setup": "setup",
        "tls-id": "tls_id",
        "dtls-id": "tls_id",
        "extmap": "extmap",
        "k=": "encryption_key",
        "i=": "_information",
        "key-mgmt": "key_management",
        "rtcp-xr": "rtcp_xr",
        "source-filter": "source_filters",
        "ts-refclk": "reference_clocks",
        "mediaclk": "media_clock",
    }
    """Which view reads an attribute or line type, and so notes what is wrong with it."""

    def __init__(
        self, split: SplitText, start: int, stop: int, parent: "Section | None" = None
    ) -> None:
        self._split = split
        self._start = start
        self._stop = stop
        self._parent = parent
        self._noted: list[SdpProblem] = []

    # -- lines and attributes -------------------------------------------------------------------

    @property
    def first_line(self) -> int:
        """The number of the section's first line, from 1."""
        return self._start + 1

    @view
    def lines(self) -> list[Line]:
        """The section's lines, in order."""
        bodies, ends, last_end = self._split
        count = len(bodies)
        return [
            Line(
                index + 1,
                bodies[index],
                ends[index]
                if isinstance(ends, list)
                else (ends if index + 1 < count else last_end),
            )
            for index in range(self._start, self._stop)
        ]

    @view
    def _sorted(self) -> tuple[dict[str, list[int]], dict[str, list[Line]]]:
        """Where the attributes of each name stand, and the other lines by type: one pass."""
        # Most attributes are asked for by name or not at all: only their places are kept.
        by_name: defaultdict[str, list[int]] = defaultdict(list)
        by_type: dict[str, list[Line]] = {}
        texts = self._split.bodies[self._start : self._stop]
        for place, name in enumerate(map(_NAMES.get, texts), self._start):
            if name is not None:
                by_name[name].append(place)
                continue
            text = texts[place - self._start]
            if text[:2] == "a=":
                by_name[_name_of(text)].append(place)
            else:
                line = Line(place + 1, text, "")
                letter = text[0] if text[1:2] == "=" and text[0] in LINE_TYPES else line.type
                by_type.setdefault(letter, []).append(line)
        return dict(by_name), by_type

    @view
    def attributes(self) -> list[Attribute]:
        """The ``a=`` lines, in order, the unknown among them."""
        found = [self._attributes(name, places) for name, places in self._places.items()]
        return sorted(chain.from_iterable(found), key=_LINE_OF)

    @view
    def _places(self) -> dict[str, list[int]]:
        """The indices of the lines of each attribute, by its name."""
        return self._sorted[0]

    def _attributes(self, name: str, places: Iterable[int]) -> list[Attribute]:
        bodies = self._split.bodies
        return [Attribute(name, _value_of(bodies[place], name), place + 1) for place in places]

    @view
    def _by_type(self) -> dict[str, list[Line]]:
        return self._sorted[1]

    @view
    def stray_lines(self) -> list[Line]:
        """The lines that are no SDP line: blank, without ``<letter>=``, or of an unknown letter."""
        strays: list[Line] = []
        for letter, lines in self._by_type.items():
            if letter not in LINE_TYPES:
                strays += lines
        if not strays:
            return strays
        strays.sort()
        for line in strays:
            span = Span(line.number, 1, max(len(line.text) + 1, 2))
            if not line.text.strip(BLANKS):
                self._note("blank line", span, "no blank lines in a description")
            elif line.type:
                self._note(
                    f"unknown line type {line.type!r}", span, f"one of {SESSION_LINE_ORDER}m"
                )
            else:
                # No more than its first word: a damaged line may hold a password.
                word = _FIRST_WORD.match(line.text)
                shown = word.group() if word else ""
                self._note(f"no SDP line: {shown!r}", span, "<letter>=<value>")
        return strays

    def find(self, name: str) -> Attribute | None:
        """The first attribute called ``name`` at this level, or None."""
        places = self._places.get(name)
        if places is None:
            return None
        text = self._split.bodies[places[0]]
        return Attribute(name, _value_of(text, name), places[0] + 1)

    def find_all(self, name: str) -> list[Attribute]:
        """Every attribute called ``name`` at this level, in order."""
        places = self._places.get(name)
        return self._attributes(name, places) if places else []

    def has(self, name: str) -> bool:
        """Whether an attribute called ``name`` stands at this level."""
        return name in self._places

    def find_lines(self, letter: str) -> list[Line]:
        """The section's lines of one type (``c``, ``b``...), in order."""
        return [line for line in self.lines if line.type == letter]

    def text_without(self, names: Iterable[str]) -> str:
        """The section's lines but for some attributes (``ssrc``) and line types (``c=``).

        What is left of a description when what differs from call to call is taken out; something
        to remember a reading by.
        """
        left_out: list[int] = []
        for name in names:
            if name[-1] == "=":
                left_out += [line.number - 1 for line in self._by_type.get(name[0], ())]
            else:
                left_out += self._places.get(name, ())
        bodies, start = self._split.bodies, self._start
        kept: list[str] = []
        for place in sorted(left_out):
            kept += bodies[start:place]
            start = place + 1
        kept += bodies[start : self._stop]
        return "\n".join(kept)

    # -- what could not be read -----------------------------------------------------------------

    def problems_in(self, names: Iterable[str]) -> list[SdpProblem]:
        """What could not be read of some attributes (``ssrc``) and line types (``c=``) alone."""
        readers = self._READ_BY
        by_name, by_type = self._sorted
        for name in names:
            known = by_type if name[-1] == "=" else by_name
            if (name[0] if name[-1] == "=" else name) in known and name in readers:
                getattr(self, readers[name])
        return sorted(self._noted, key=_by_place) if self._noted else []

    @view
    def problems(self) -> list[SdpProblem]:
        """Everything in this section that could not be read, in order of lines."""
        for name in self._ALWAYS_READ:
            getattr(self, name)
        by_name, by_type = self._sorted
        readers = self._READ_BY
        for name in by_name:
            if name in readers:
                getattr(self, readers[name])
        for letter in by_type:
            if letter in _READ_LETTERS:
                name = readers.get(letter + "=", "")
                if name:
                    getattr(self, name)
        return sorted(self._noted, key=_by_place) if self._noted else []

    def _note(self, message: str, span: Span, expected: str = "") -> None:
        self._noted.append(SdpProblem(message, span, expected))

    def _note_error(self, error: ParseError, span: Span) -> None:
        column = min(error.column or span.column, span.end_column)
        end = max(span.end_column, column + 1)
        self._note(error.message, Span(span.line, column, end), error.expected)

    def _read(self, attribute: Attribute, reader: Callable[[str, int, int], T]) -> T | None:
        """What ``reader`` makes of the value, or None and a note."""
        name, value, line = attribute
        try:
            return reader(value or "", line, 3 + len(name) + (value is not None))
        except ParseError as error:
            self._note_error(error, attribute.span)
            return None

    def _read_all(self, name: str, reader: Callable[[str, int, int], T]) -> list[T]:
        places = self._places.get(name)
        if not places:
            return []
        values = [self._read(attribute, reader) for attribute in self._attributes(name, places)]
        return [value for value in values if value is not None]

    def _read_first(self, name: str, reader: Callable[[str, int, int], T]) -> T | None:
        attribute = self.find(name)
        return None if attribute is None else self._read(attribute, reader)

    def _read_lines(self, letter: str, reader: Callable[[str, int, int], T]) -> list[T]:
        values = []
        for line in self._by_type.get(letter, ()):
            try:
                values.append(reader(line.value, line.number, 3))
            except ParseError as error:
                self._note_error(error, line.value_span)
        return values

    def _text(self, name: str) -> str | None:
        """The first attribute's value without surrounding blanks; an empty one is a problem."""
        attribute = self.find(name)
        if attribute is None:
            return None
        value = (attribute.value or "").strip(BLANKS)
        if not value:
            self._note(f"{name} without a value", attribute.span, ATTRIBUTES[name].form)
            return None
        return value

    def _number(self, name: str, maximum: int = 0xFFFF_FFFF_FFFF_FFFF) -> int | None:
        attribute = self.find(name)
        if attribute is None:
            return None
        number = read_integer((attribute.value or "").strip(BLANKS), maximum)
        if number is None:
            text = (attribute.value or "")[:40]
            self._note(f"{name} {text!r} is no number", attribute.span, ATTRIBUTES[name].form)
        return number

    # -- views of both levels -------------------------------------------------------------------

    @view
    def direction(self) -> str:
        """``sendrecv`` (also when nothing is said), ``sendonly``, ``recvonly`` or ``inactive``.

        RFC 8866, 6.7. Where several stand at one level the last one counts, as in the browsers.
        """
        own = [(found[-1], name) for name in DIRECTIONS if (found := self._places.get(name))]
        if own:
            return max(own)[1]
        return self._parent.direction if self._parent else "sendrecv"

    @view
    def ice_ufrag(self) -> str | None:
        """The username fragment, from the session level where the section has none."""
        own = self._text("ice-ufrag")
        return self._parent.ice_ufrag if own is None and self._parent else own

    @view
    def ice_pwd(self) -> str | None:
        """The ICE password, from the session level where the section has none."""
        own = self._text("ice-pwd")
        return self._parent.ice_pwd if own is None and self._parent else own

    @view
    def ice_options(self) -> list[str]:
        """The ICE options (``trickle``, ``ice2``, ``renomination``...)."""
        if self.has("ice-options"):
            return words(self._text("ice-options") or "")
        return self._parent.ice_options if self._parent else []

    @view
    def end_of_candidates(self) -> bool:
        """Whether no more candidates will follow, said here or for the session (RFC 8840, 8.1)."""
        own = self.has("end-of-candidates")
        return own or (self._parent.end_of_candidates if self._parent else False)

    @view
    def fingerprints(self) -> list[Fingerprint]:
        """The fingerprints; those of the session level where the section has none (RFC 8122, 5)."""
        if self.has("fingerprint") or not self._parent:
            return self._read_all("fingerprint", parse_fingerprint)
        return self._parent.fingerprints

    @view
    def setup(self) -> str | None:
        """The DTLS role offered or taken: ``actpass``, ``active``, ``passive`` or ``holdconn``."""
        value = self._text("setup")
        if value is None:
            return self._parent.setup if self._parent and not self.has("setup") else None
        if value not in SETUP_ROLES:
            attribute = self.find_all("setup")[0]
            self._note(f"setup {value[:40]!r}", attribute.value_span, ATTRIBUTES["setup"].form)
            return None
        return value

    @view
    def tls_id(self) -> str | None:
        """The id of the DTLS association, also under its draft name ``dtls-id``."""
        own = self._text("tls-id") or self._text("dtls-id")
        return self._parent.tls_id if own is None and self._parent else own

    @view
    def extmap(self) -> list[ExtMap]:
        """The RTP header extensions; those of the session level where the section has none."""
        if self.has("extmap") or not self._parent:
            return self._read_all("extmap", parse_extmap)
        return self._parent.extmap

    @view
    def extmap_allow_mixed(self) -> bool:
        """Whether one- and two-byte header extensions may mix (RFC 8285, 6)."""
        own = self.has("extmap-allow-mixed")
        return own or (self._parent.extmap_allow_mixed if self._parent else False)

    @view
    def connections(self) -> list[Connection]:
        """The section's own ``c=`` lines; several are layers of multicast."""
        return self._read_lines("c", parse_connection)

    @property
    def connection(self) -> Connection | None:
        """The first ``c=`` line, from the session level where the section has none."""
        if self.connections:
            return self.connections[0]
        return self._parent.connection if self._parent else None

    @view
    def _information(self) -> list[TextLine]:
        return self._read_lines("i", parse_text_line)

    @property
    def information(self) -> str | None:
        """The ``i=`` line: of the session, or the title of the media (RFC 8866, 5.4)."""
        return self._information[0].text if self._information else None

    @view
    def encryption_key(self) -> EncryptionKey | None:
        """The obsolete ``k=`` line at this level."""
        keys = self._read_lines("k", parse_encryption_key)
        return keys[0] if keys else None

    @view
    def key_management(self) -> list[KeyManagement]:
        """The key management messages, those of the session where the section has none."""
        if self.has("key-mgmt") or not self._parent:
            return self._read_all("key-mgmt", parse_key_management)
        return self._parent.key_management

    @view
    def source_filters(self) -> list[SourceFilter]:
        """The multicast sources to take or leave, those of the session where it has none."""
        if self.has("source-filter") or not self._parent:
            return self._read_all("source-filter", parse_source_filter)
        return self._parent.source_filters

    @view
    def reference_clocks(self) -> list[ReferenceClock]:
        """The clocks of timestamps, those of the session where the section has none."""
        if self.has("ts-refclk") or not self._parent:
            return self._read_all("ts-refclk", parse_reference_clock)
        return self._parent.reference_clocks

    @view
    def media_clock(self) -> MediaClock | None:
        """The clock of the media, that of the session where the section has none."""
        if self.has("mediaclk") or not self._parent:
            return self._read_first("mediaclk", parse_media_clock)
        return self._parent.media_clock

    @view
    def rtcp_xr(self) -> tuple[XrBlock, ...]:
        """The extended reports wanted, those of the session where the section has none."""
        if self.has("rtcp-xr") or not self._parent:
            return self._read_first("rtcp-xr", parse_rtcp_xr) or ()
        return self._parent.rtcp_xr

    @view
    def bandwidth(self) -> list[Bandwidth]:
        """The section's own ``b=`` lines."""
        return self._read_lines("b", parse_bandwidth)
