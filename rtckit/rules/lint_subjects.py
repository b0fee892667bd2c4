"""What rules for descriptions look at: one description, a pair, a negotiation.

Every view is made once, whichever rules read it; a place is made when a rule has found something.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rtckit.core.findings import Location
from rtckit.sdp.document import Document, SessionSection
from rtckit.sdp.lines import Attribute, Line, Span, SplitText, split_lines, words
from rtckit.sdp.media import MediaSection
from rtckit.sdp.section import Section
from rtckit.sdp.view import view

__all__ = ["CandidateLine", "Linted", "LintedDescription", "OfferAnswer", "Sequence"]

_WORD = re.compile(r"[^ \t]+")


class CandidateLine(NamedTuple):
    """An ``a=candidate`` line as words: foundation, component, transport, priority and so on."""

    media: MediaSection
    attribute: Attribute
    words: list[str]

    def extension(self, name: str) -> str | None:
        """The word after the first ``name`` behind the type (``raddr``, ``tcptype``...)."""
        fields = self.words
        for index in range(8, len(fields) - 1, 2):
            if fields[index] == name:
                return fields[index + 1]
        return None


class LintedDescription:
    """One description with all that its rules share.

    ``type`` is ``offer``, ``answer``, ``pranswer`` or None; where it was not told it is guessed
    from ``a=setup`` (``actpass`` is an offer, a chosen role an answer). ``file`` names it in
    locations. ``index`` is its place among the descriptions linted together.
    """

    def __init__(
        self,
        document: Document,
        type: str | None = None,  # noqa: A002 - the word for it
        file: str | None = None,
        profile: str = "jsep",
        index: int = 0,
    ) -> None:
        self.document = document
        self.type_told = type is not None
        self.type = type if type is not None else _guess_type(document)
        self.file = file
        self.profile = profile
        self.index = index
        # Places are asked for in runs: of the words of one line, the formats of one section.
        self._last_words: tuple[tuple[int, int], list[tuple[int, int]]] = ((0, 0), [])
        self._last_formats: tuple[int, dict[str, int]] = (-1, {})
        self._by_format: dict[str, list[tuple[MediaSection, dict[str, list[Attribute]]]]] = {}

    def __repr__(self) -> str:
        return f"<LintedDescription: {self.type} {self.file or ''} {self.document!r}>"

    @property
    def is_offer(self) -> bool:
        """Whether this is an offer, as far as one knows."""
        return self.type == "offer"

    @property
    def is_answer(self) -> bool:
        """Whether this is a final or provisional answer, as far as one knows."""
        return self.type in ("answer", "pranswer")

    # -- what rules read ------------------------------------------------------------------------

    @view
    def session(self) -> SessionSection:
        """The session level."""
        return self.document.session

    @view
    def media(self) -> list[MediaSection]:
        """The media sections, in order."""
        return self.document.media

    @view
    def active_media(self) -> list[MediaSection]:
        """The media sections that are not rejected."""
        return [media for media in self.media if not media.rejected]

    @view
    def rtp_media(self) -> list[MediaSection]:
        """The media sections over RTP that are not rejected."""
        return [media for media in self.active_media if media.is_rtp]

    @view
    def sections(self) -> list[Section]:
        """The session level, then each media section."""
        return list(self.document.sections)

    @view
    def text(self) -> str:
        """The whole description without a byte order mark: looked through before its lines are."""
        return self.document.text.removeprefix("\ufeff")

    @view
    def split(self) -> SplitText:
        """The lines' texts and their ends."""
        return split_lines(self.text)

    @property
    def lines(self) -> list[str]:
        """Every line's text without its end; line ``n`` is ``lines[n - 1]``."""
        return self.split.bodies

    @view
    def typed_lines(self) -> list[tuple[Section, list[Line]]]:
        """Of each section the lines that are no ``a=`` lines, in order."""
        bodies = self.lines
        starts = [section.first_line for section in self.sections] + [len(bodies) + 1]
        return [
            (
                section,
                [
                    Line(number, bodies[number - 1], "")
                    for number in range(start, stop)
                    if bodies[number - 1][:2] != "a="
                ],
            )
            for section, start, stop in zip(self.sections, starts, starts[1:], strict=False)
        ]

    @view
    def _lines_by_type(self) -> dict[str, list[tuple[Section, Line]]]:
        index: dict[str, list[tuple[Section, Line]]] = {}
        for section, lines in self.typed_lines:
            for line in lines:
                index.setdefault(line.type, []).append((section, line))
        return index

    @property
    def line_letters(self) -> Iterable[str]:
        """The letter of every line type but ``a`` that occurs, each once."""
        return self._lines_by_type.keys()

    def find_lines(self, letter: str) -> list[tuple[Section, Line]]:
        """Every line of a type other than ``a``, at any level, in order, with its section.

        The lines of type ``""`` are those that have no ``<letter>=``.
        """
        return self._lines_by_type.get(letter, [])

    @view
    def transports(self) -> list[MediaSection]:
        """The sections whose ICE and DTLS lines count.

        That is every section that is not rejected and is no other's guest in a BUNDLE group.
        """
        transport_of = self.document.transport_of
        return [media for media in self.active_media if transport_of(media) is media]

    @view
    def _attributes(self) -> dict[str, list[tuple[Section, Attribute]]]:
        index: dict[str, list[tuple[Section, Attribute]]] = {}
        for section in self.sections:
            for attribute in section.attributes:
                found = index.get(attribute.name)
                if found is None:
                    index[attribute.name] = [(section, attribute)]
                else:
                    found.append((section, attribute))
        return index

    @property
    def attribute_names(self) -> Iterable[str]:
        """The name of every attribute that occurs, each once."""
        return self._attributes.keys()

    def find_all(self, name: str) -> list[tuple[Section, Attribute]]:
        """Every ``a=`` line called ``name`` at any level, in order, with its section."""
        return self._attributes.get(name, [])

    def find_in_media(self, name: str) -> Iterator[tuple[MediaSection, Attribute]]:
        """Every ``a=`` line called ``name`` in a media section, in order."""
        for section, attribute in self._attributes.get(name, ()):
            if isinstance(section, MediaSection):
                yield section, attribute

    def has(self, name: str) -> bool:
        """Whether the attribute occurs at any level."""
        return name in self._attributes

    def by_format(self, name: str) -> list[tuple[MediaSection, dict[str, list[Attribute]]]]:
        """The ``rtpmap``, ``fmtp`` or ``rtcp-fb`` lines of each section that has some.

        By the format they are for, which is the first word of the value.
        """
        found = self._by_format.get(name)
        if found is None:
            found = self._by_format[name] = []
            previous: MediaSection | None = None
            for section, attribute in self.find_in_media(name):
                if section is not previous:
                    formats: dict[str, list[Attribute]] = {}
                    found.append((section, formats))
                    previous = section
                payload_type = (attribute.value or "").partition(" ")[0]
                formats.setdefault(payload_type, []).append(attribute)
        return found

    @view
    def candidates(self) -> list[CandidateLine]:
        """Every ``a=candidate`` in a media section that has its first eight fields, in order."""
        found = []
        for media, attribute in self.find_in_media("candidate"):
            fields = words(attribute.value or "")
            if len(fields) >= 8 and fields[6] == "typ":
                found.append(CandidateLine(media, attribute, fields))
        return found

    # -- places ---------------------------------------------------------------------------------

    def at(self, span: Span) -> Location:
        """The place of a typed value, such as ``candidate.span``."""
        line, column, end_column = span
        return Location(self.file, line, column, max(end_column, column + 1))

    def at_line(self, where: Line | Section | Attribute | int) -> Location:
        """A whole line: by number, or that of an attribute, or the first one of a section."""
        number = _line_number(where)
        text = self.lines[number - 1] if 0 < number <= len(self.lines) else ""
        return Location(self.file, number, 1, max(len(text) + 1, 2))

    def at_value(self, attribute: Attribute) -> Location:
        """The value of an attribute; its name when it has none."""
        if not attribute.value:
            return self.at(attribute.span)
        return self.at(attribute.value_span)

    def at_name(self, attribute: Attribute) -> Location:
        """The name of an attribute."""
        return Location(self.file, attribute.line, 3, max(4, 3 + len(attribute.name)))

    def at_word(self, where: Line | Section | Attribute, index: int) -> Location:
        """The word ``index`` (from 0) of an attribute's value, a line, or a section's ``m=`` line.

        The whole line where there are not so many words.
        """
        number = _line_number(where)
        text = self.lines[number - 1] if 0 < number <= len(self.lines) else ""
        position = 2
        if isinstance(where, Attribute) and where.value is not None:
            position = 3 + len(where.name)
        if self._last_words[0] != (number, position):
            found = [match.span() for match in _WORD.finditer(text, position)]
            self._last_words = ((number, position), found)
        spans = self._last_words[1]
        if index >= len(spans):
            return self.at_line(number)
        start, stop = spans[index]
        return Location(self.file, number, start + 1, stop + 1)

    def at_text(self, where: Line | Section | Attribute | int, text: str) -> Location:
        """Where ``text`` stands in a line (of an attribute: in its value); else the whole line."""
        number = _line_number(where)
        line = self.lines[number - 1] if 0 < number <= len(self.lines) else ""
        after = 2 + len(where.name) if isinstance(where, Attribute) else 0
        start = line.find(text, after) if text else -1
        if start < 0:
            return self.at_line(number)
        return Location(self.file, number, start + 1, start + 1 + len(text))

    def at_format(self, media: MediaSection, payload_type: str) -> Location:
        """Where a payload type stands in the ``m=`` line; the whole line where it does not."""
        if self._last_formats[0] != media.index:
            places: dict[str, int] = {}
            for index, name in enumerate(media.media_line.formats):
                places.setdefault(name, 3 + index)
            self._last_formats = (media.index, places)
        word = self._last_formats[1].get(payload_type)
        return self.at_line(media) if word is None else self.at_word(media, word)

    def at_end(self) -> Location:
        """The last line: where something is missing from the end."""
        return self.at_line(max(1, len(self.lines)))


class OfferAnswer:
    """An offer and its answer."""

    def __init__(self, offer: LintedDescription, answer: LintedDescription) -> None:
        self.offer = offer
        self.answer = answer

    def __repr__(self) -> str:
        return f"<OfferAnswer: {self.offer!r} {self.answer!r}>"

    @view
    def pairs(self) -> list[tuple[MediaSection, MediaSection]]:
        """The media sections with the same index, as far as both descriptions go."""
        return list(zip(self.offer.media, self.answer.media, strict=False))

    @view
    def accepted(self) -> list[tuple[MediaSection, MediaSection]]:
        """The pairs that neither side rejects."""
        return [pair for pair in self.pairs if not pair[0].rejected and not pair[1].rejected]


class Sequence:
    """The descriptions of one session, in the order in which they were exchanged."""

    def __init__(self, descriptions: list[LintedDescription]) -> None:
        self.descriptions = descriptions

    def __repr__(self) -> str:
        return f"<Sequence: {len(self.descriptions)} descriptions>"

    @view
    def exchanges(self) -> list[OfferAnswer]:
        """Each offer with the answer that follows it; provisional answers are passed over."""
        found: list[OfferAnswer] = []
        offer: LintedDescription | None = None
        for description in self.descriptions:
            if description.is_offer:
                offer = description
            elif description.type == "answer" and offer is not None:
                found.append(OfferAnswer(offer, description))
                offer = None
        return found

    @view
    def authors(self) -> list[int]:
        """Who wrote each description: 0 is the writer of the first one, 1 the other end.

        The session id of ``o=`` tells (RFC 8866, 5.2). A description with an unknown one is by
        the end that its type leaves: an answer is never by the writer of the offer before it, and
        offers without a known id are by the first writer.
        """
        authors: list[int] = []
        known: dict[tuple[str, str], int] = {}
        offerer = 0
        for description in self.descriptions:
            origin = description.session.origin
            key = (origin.username, origin.session_id) if origin is not None else None
            author = 1 - offerer if description.is_answer else 0
            if key is not None and not (description.is_answer and known.get(key) == offerer):
                author = known.setdefault(key, author)
            if description.is_offer:
                offerer = author
            authors.append(author)
        return authors

    @view
    def successions(self) -> list[tuple[LintedDescription, LintedDescription]]:
        """Each description with the one that the same end wrote before it."""
        last: dict[int, LintedDescription] = {}
        found = []
        for author, description in zip(self.authors, self.descriptions, strict=True):
            if author in last:
                found.append((last[author], description))
            last[author] = description
        return found


Linted = LintedDescription | OfferAnswer | Sequence
"""What can be linted."""


def _line_number(where: Line | Section | Attribute | int) -> int:
    if isinstance(where, int):
        return where
    if isinstance(where, Section):
        return where.first_line
    if isinstance(where, Line):
        return where.number
    return where.line


def _guess_type(document: Document) -> str | None:
    roles = {media.setup for media in document.media if not media.rejected}
    if "actpass" in roles:
        return "offer"
    return "answer" if roles & {"active", "passive"} else None
