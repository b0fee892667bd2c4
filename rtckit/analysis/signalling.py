"""What was signalled: descriptions and candidates, who sent them, and in which file they stand.

The offerer is called ``a`` and the answerer ``b`` unless the record says otherwise. Nothing here
negotiates; it keeps what later questions need: which ufrag is whose, its password, which payload
type means what.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from rtckit.core.errors import ParseError
from rtckit.core.findings import Location, Problem
from rtckit.sdp import Candidate, Codec, Document, MediaSection, parse_candidate, read_description

__all__ = ["Credentials", "Description", "Signalling", "TrickledCandidate", "read_signalling_log"]


@dataclass(frozen=True, slots=True)
class Description:
    """A session description as it was signalled.

    ``sender`` is ``"a"`` or ``"b"``; ``time_s`` counts seconds from the start of the record, where
    that is known; ``line`` is the line of ``file`` on which a description stands that is one line
    of a log.
    """

    type: str | None
    document: Document
    file: str
    sender: str | None = None
    time_s: float | None = None
    line: int | None = None

    def location(self, line: int | None = None, column: int | None = None) -> Location:
        """The place of a line of this description in its file."""
        if self.line is not None:
            return Location(self.file, self.line)
        return Location(self.file, line, column)


@dataclass(frozen=True, slots=True)
class TrickledCandidate:
    """A candidate that was signalled apart from its description (RFC 8838)."""

    candidate: Candidate | None  # None is end-of-candidates
    mid: str | None
    sender: str | None
    time_s: float | None
    location: Location


@dataclass(frozen=True, slots=True)
class Credentials:
    """The ICE credentials of one agent, and the description that carries them."""

    ufrag: str
    pwd: str
    description: Description
    section: MediaSection


@dataclass(slots=True)
class Signalling:
    """Everything signalled, in order."""

    descriptions: list[Description] = field(default_factory=list)
    candidates: list[TrickledCandidate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _by_ufrag: dict[str, Credentials] = field(default_factory=dict, repr=False)
    _read: int = field(default=0, repr=False)

    def __bool__(self) -> bool:
        return bool(self.descriptions)

    @property
    def offer(self) -> Description | None:
        """The last offer that was answered, or the last one."""
        offers = [item for item in self.descriptions if item.type == "offer"]
        answer = self.answer
        if answer is not None:
            before = self.descriptions[: self.descriptions.index(answer)]
            offers = [item for item in before if item.type == "offer"] or offers
        return offers[-1] if offers else None

    @property
    def answer(self) -> Description | None:
        """The last final answer."""
        answers = [item for item in self.descriptions if item.type == "answer"]
        return answers[-1] if answers else None

    def of(self, side: str) -> Description | None:
        """The latest description side ``a`` or ``b`` sent."""
        sent = [item for item in self.descriptions if item.sender == side]
        return sent[-1] if sent else None

    def credentials(self) -> Iterator[Credentials]:
        """Every ufrag with its password, once per description and ufrag."""
        for description in self.descriptions:
            seen: set[str] = set()
            for section in description.document.media:
                ufrag, pwd = section.ice_ufrag, section.ice_pwd
                if ufrag and pwd and ufrag not in seen:
                    seen.add(ufrag)
                    yield Credentials(ufrag, pwd, description, section)

    def find_credentials(self, ufrag: str) -> Credentials | None:
        """The latest credentials with this ufrag."""
        # Asked for every check: read once, again only when a description has come since.
        if self._read != len(self.descriptions):
            self._by_ufrag = {item.ufrag: item for item in self.credentials()}
            self._read = len(self.descriptions)
        return self._by_ufrag.get(ufrag)

    def candidates_of(self, side: str) -> Iterator[tuple[Candidate, Location]]:
        """The candidates side ``a`` or ``b`` signalled, in descriptions and trickled."""
        for description in self.descriptions:
            if description.sender == side:
                for section in description.document.media:
                    for candidate in section.candidates:
                        span = candidate.span
                        yield (
                            candidate,
                            description.location(
                                span.line if span else None, span.column if span else None
                            ),
                        )
        for trickled in self.candidates:
            if trickled.sender == side and trickled.candidate is not None:
                yield trickled.candidate, trickled.location

    def codec_for(self, sender: str | None, payload_type: int) -> tuple[MediaSection, Codec] | None:
        """What a payload type in packets from ``sender`` means.

        A sender uses the numbers its peer's description lists (RFC 3264, 5.1); its own description
        is asked next, because many captures come with one description only.
        """
        wanted = str(payload_type)
        peer = {"a": "b", "b": "a"}.get(sender or "")
        sides = [peer, sender] if peer else ["b", "a", None]
        for side in sides:
            for description in reversed(self.descriptions):
                if description.sender != side:
                    continue
                for section in description.document.media:
                    for codec in section.codecs:
                        if codec.payload_type == wanted:
                            return section, codec
        return None

    def section_of_ssrc(self, ssrc: int) -> tuple[Description, MediaSection] | None:
        """The media section that announces a synchronisation source (RFC 5576)."""
        for description in reversed(self.descriptions):
            for section in description.document.media:
                if ssrc in section.ssrcs:
                    return description, section
        return None

    def mid_extension_id(self) -> dict[str | None, int]:
        """The header extension id that carries the mid, by sender."""
        found: dict[str | None, int] = {}
        for description in self.descriptions:
            for section in description.document.media:
                for extension in section.extmap:
                    if extension.uri == "urn:ietf:params:rtp-hdrext:sdes:mid":
                        found[description.sender] = extension.id
        return found


def read_signalling_log(text: str, file: str) -> Signalling:
    """A record of signalling: a JSON object a line with ``t``, ``from``, ``type`` and ``sdp``.

    Lines that cannot be read are problems, never errors.
    """
    result = Signalling()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            _add_message(result, json.loads(line), file, number)
        except (ValueError, ParseError, RecursionError) as error:
            _note(result, f"line {number} of {file} is no signalling message: {error}")
    return result


def _add_message(result: Signalling, message: object, file: str, number: int) -> None:
    if not isinstance(message, dict):
        raise ValueError("not a JSON object")
    time = message.get("t")
    time_s = float(time) if isinstance(time, int | float) else None
    sender = message.get("from") if message.get("from") in ("a", "b") else None
    kind = message.get("type")
    body = message.get("sdp")
    if isinstance(body, str) and kind in ("offer", "answer", "pranswer"):
        document = read_description(body).document
        result.descriptions.append(Description(kind, document, file, sender, time_s, number))
    elif kind == "candidate" or "candidate" in message:
        text = message.get("candidate")
        mid = message.get("sdpMid")
        candidate = parse_candidate(text) if isinstance(text, str) and text else None
        result.candidates.append(
            TrickledCandidate(
                candidate,
                mid if isinstance(mid, str) else None,
                sender,
                time_s,
                Location(file, number),
            )
        )


def _note(result: Signalling, text: str) -> None:
    if len(result.problems) < 100:
        result.problems.append(Problem(text))
