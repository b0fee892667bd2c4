"""A session description as a document: every byte kept, every value read when it is asked for.

``parse(x).write() == x`` for every ``x`` that is SDP at all, text or bytes.
"""

import importlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from rtckit.sdp.fields import (
    Group,
    Identity,
    Origin,
    Timing,
    parse_group,
    parse_identity,
    parse_origin,
    parse_timing,
)
from rtckit.sdp.lines import (
    BLANKS,
    Line,
    SdpProblem,
    SplitText,
    join_lines,
    read_integer,
    split_lines,
)
from rtckit.sdp.media import MediaSection
from rtckit.sdp.recognition import looks_like_sdp, refuse
from rtckit.sdp.rtp import MsidSemantic, parse_msid_semantic
from rtckit.sdp.schedule import (
    RepeatTimes,
    TextLine,
    TimeZones,
    parse_repeat_times,
    parse_text_line,
    parse_time_zones,
)
from rtckit.sdp.section import Section
from rtckit.sdp.view import view

if TYPE_CHECKING:
    from rtckit.sdp.edit import Editor

__all__ = ["Document", "SessionSection", "parse"]

_BYTE_ORDER_MARK = "\ufeff"
_KEPT_SECTIONS = 4096
"""Conferences have hundreds."""


class SessionSection(Section):
    """The session level: every line before the first ``m=``."""

    _READ_BY: ClassVar[dict[str, str]] = {
        **Section._READ_BY,
        "v=": "version",
        "o=": "origin",
        "t=": "timings",
        "r=": "repeat_times",
        "z=": "time_zones",
        "u=": "uris",
        "e=": "emails",
        "p=": "phones",
        "msid-semantic": "msid_semantics",
        "group": "groups",
        "identity": "identity_assertion",
    }

    def __repr__(self) -> str:
        return f"<SessionSection: {self._stop - self._start} lines>"

    @view
    def version(self) -> int | None:
        """The protocol version, 0 (RFC 8866, 5.1)."""
        lines = self._by_type.get("v", ())
        for line in lines:
            number = read_integer(line.value.strip(BLANKS))
            if number is not None:
                return number
            self._note(f"version {line.value[:40]!r}", line.span, "0")
        return None

    @view
    def origin(self) -> Origin | None:
        """Who started the session, and which version of the description this is."""
        origins = self._read_lines("o", parse_origin)
        return origins[0] if origins else None

    @property
    def name(self) -> str | None:
        """The session name; ``-`` in WebRTC."""
        lines = self._by_type.get("s")
        return lines[0].value if lines else None

    @view
    def uris(self) -> list[TextLine]:
        """The ``u=`` lines: where more is said about the session."""
        return self._read_lines("u", parse_text_line)

    @view
    def emails(self) -> list[TextLine]:
        """The ``e=`` lines."""
        return self._read_lines("e", parse_text_line)

    @view
    def phones(self) -> list[TextLine]:
        """The ``p=`` lines."""
        return self._read_lines("p", parse_text_line)

    @view
    def timings(self) -> list[Timing]:
        """The ``t=`` lines; ``0 0`` in WebRTC."""
        return self._read_lines("t", parse_timing)

    @view
    def repeat_times(self) -> list[RepeatTimes]:
        """The ``r=`` lines; each belongs to the last ``t=`` line before it."""
        return self._read_lines("r", parse_repeat_times)

    @view
    def time_zones(self) -> list[TimeZones]:
        """The ``z=`` lines; each holds for the ``r=`` lines just before it."""
        return self._read_lines("z", parse_time_zones)

    @view
    def groups(self) -> list[Group]:
        """The ``a=group`` lines."""
        return self._read_all("group", parse_group)

    @property
    def ice_lite(self) -> bool:
        """Whether the writer is an ICE lite agent (RFC 8839, 5.3)."""
        return self.has("ice-lite")

    @property
    def identity(self) -> str | None:
        """The identity assertion with its extensions, as written; None without or when empty."""
        attribute = self.find("identity")
        return ((attribute.value or "").strip(BLANKS) or None) if attribute else None

    @view
    def identity_assertion(self) -> Identity | None:
        """The identity assertion (RFC 8827, 5)."""
        return self._read_first("identity", parse_identity)

    @view
    def msid_semantics(self) -> list[MsidSemantic]:
        """The legacy ``a=msid-semantic`` lines."""
        return self._read_all("msid-semantic", parse_msid_semantic)


class Document:
    """A parsed description. Made by :func:`parse`; not changed afterwards."""

    def __init__(
        self, split: SplitText, starts: list[int], *, byte_order_mark: bool, binary: bool
    ) -> None:
        self._split = split
        self._starts = starts
        self.byte_order_mark = byte_order_mark
        self.binary = binary
        """Whether it was parsed from bytes, and is written as such."""

    def __repr__(self) -> str:
        return f"<Document: {len(self._starts)} media sections, {len(self._split.bodies)} lines>"

    def _repr_html_(self) -> str:
        """The description explained line by line, as notebooks show it; secrets are hidden."""
        # By name and when asked for: drawing is above this layer, and costs nothing until then.
        drawing = importlib.import_module("rtckit.report.sdp_annotate")
        fragment: str = drawing.render_fragment(self)
        return fragment

    def write(self) -> str | bytes:
        """The description again: text when it was parsed from text, bytes when from bytes."""
        text = self.text
        return text.encode("utf-8", "surrogateescape") if self.binary else text

    def edit(self) -> "Editor":
        """An editor that starts from this description, which itself stays as it is."""
        from rtckit.sdp.edit import Editor

        return Editor(self)

    @property
    def text(self) -> str:
        """The description as text; bytes that are no UTF-8 are lone surrogates (PEP 383)."""
        mark = _BYTE_ORDER_MARK if self.byte_order_mark else ""
        return mark + join_lines(self._split)

    @view
    def lines(self) -> list[Line]:
        """Every line, in order. A byte order mark is no part of the first."""
        return [line for section in self.sections for line in section.lines]

    @property
    def line_starts(self) -> str:
        """The first two characters of every line, in order: ``v=o=s=t=a=a=m=c=a=``.

        Empty where a line is shorter than that.
        """
        bodies = self._split.bodies
        starts = "".join([body[:2] for body in bodies])
        return starts if len(starts) == 2 * len(bodies) else ""

    @view
    def session(self) -> SessionSection:
        """The session level."""
        stop = self._starts[0] if self._starts else len(self._split.bodies)
        return SessionSection(self._split, 0, stop)

    @view
    def media(self) -> list[MediaSection]:
        """The media sections, in order."""
        return list(self._media_sections())

    def _media_sections(self) -> Iterator[MediaSection]:
        bounds = [*self._starts, len(self._split.bodies)]
        for index, (start, stop) in enumerate(pairwise(bounds)):
            yield MediaSection(self._split, start, stop, self.session, index)

    @property
    def sections(self) -> Iterator[Section]:
        """The session level, then each media section."""
        yield self.session
        yield from self.media

    @property
    def groups(self) -> list[Group]:
        """The groups of media sections."""
        return self.session.groups

    @property
    def bundle(self) -> list[str]:
        """The mids of the first BUNDLE group (RFC 9143, 5); empty without one."""
        return next((list(group.mids) for group in self.groups if group.semantics == "BUNDLE"), [])

    def find_media(self, mid: str) -> MediaSection | None:
        """The first media section with this mid, or None."""
        return self._media_by_mid.get(mid)

    @view
    def _media_by_mid(self) -> dict[str, MediaSection]:
        found: dict[str, MediaSection] = {}
        for media in self.media:
            if media.mid is not None:
                found.setdefault(media.mid, media)
        return found

    def transport_of(self, media: MediaSection) -> MediaSection:
        """The section whose ICE and DTLS lines hold for ``media``.

        That is the tagged section of its BUNDLE group: the first one listed whose port is not zero
        (RFC 9143, 7.2.1 and 7.3.1). ``media`` itself outside a group, or when there is none such.
        """
        tag = self._bundle_tags.get(media.mid) if media.mid is not None else None
        return (self.find_media(tag) if tag is not None else None) or media

    @view
    def _bundle_tags(self) -> dict[str, str]:
        tags: dict[str, str] = {}
        for group in self.groups:
            if group.semantics == "BUNDLE":
                tag = next((mid for mid in group.mids if self._may_be_tagged(mid)), None)
                if tag is not None:
                    tags.update((mid, tag) for mid in group.mids if mid not in tags)
        return tags

    def _may_be_tagged(self, mid: str) -> bool:
        media = self.find_media(mid)
        return media is not None and media.port != 0

    @view
    def problems(self) -> list[SdpProblem]:
        """Everything that could not be read, in order of lines."""
        # Of very many sections each is read by itself and dropped; their views take gigabytes.
        few = len(self._starts) <= _KEPT_SECTIONS
        media: Iterable[MediaSection] = self.media if few else self._media_sections()
        problems = list(self.session.problems)
        for section in media:
            problems += section.problems
        return problems


def parse(source: str | bytes) -> Document:
    """Read a session description, tolerantly and without loss.

    Text or bytes (UTF-8; other bytes survive as lone surrogates), with any mixture of line ends, a
    byte order mark, blank, unknown and damaged lines. Raises :class:`ParseError` only when nothing
    in it is SDP, and says what it is instead. Values are read on first access; what is wrong with
    them is in :attr:`Document.problems`. Time and memory are linear in the length of ``source``.
    """
    if isinstance(source, str):
        text, binary = source, False
    else:
        source = bytes(source)
        text, binary = source.decode("utf-8", "surrogateescape"), True
    byte_order_mark = text.startswith(_BYTE_ORDER_MARK)
    split = split_lines(text[1:] if byte_order_mark else text)
    bodies = split.bodies
    if (not bodies or bodies[0] != "v=0") and not looks_like_sdp(split):
        raise refuse(source, split)
    return Document(
        split,
        _media_starts(split, text[byte_order_mark:]),
        byte_order_mark=byte_order_mark,
        binary=binary,
    )


def _media_starts(split: SplitText, text: str) -> list[int]:
    """The indices of the ``m=`` lines; ``text`` is what was split."""
    bodies, ends, _ = split
    if not isinstance(ends, str):
        return [index for index, body in enumerate(bodies) if body[:2] == "m="]
    # Where all lines end alike, counting ends is several times as fast as looking at lines.
    end = ends[-1]
    starts = [0] if text.startswith("m=") else []
    index = 0
    for section in text.split(f"{end}m=")[:-1]:
        index += section.count(end) + 1
        starts.append(index)
    return starts
