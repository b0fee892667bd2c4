"""Plan B: several tracks in one media section, told apart by ``a=ssrc``; and unified plan of it.

Plan B was the way of Chromium and of the SFUs around it until 2021: one section for all audio and
one for all video, whose tracks are named in ``a=ssrc:<ssrc> msid:<stream> <track>``. Unified plan
has a section for each track (RFC 9429, 5.2.1), with ``a=msid`` (RFC 8830).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rtckit.sdp.document import Document, parse
from rtckit.sdp.lines import words
from rtckit.sdp.media import MediaSection

__all__ = ["Conversion", "PlanB", "Track", "find_plan_b", "to_unified_plan", "tracks_of"]

_MIDS = frozenset(("audio", "video", "data"))
_SOURCES = ("ssrc", "ssrc-group")
_TRANSPORT = frozenset(
    (
        "ice-ufrag",
        "ice-pwd",
        "ice-options",
        "setup",
        "tls-id",
        "dtls-id",
        "connection",
        "candidate",
        "end-of-candidates",
        "remote-candidates",
        "rtcp",
        "rtcp-mux-only",
        "rtcp-rsize",
        "crypto",
    )
)
"""Categories IDENTICAL and TRANSPORT of RFC 8859, which bundled sections leave out.

All but ``rtcp-mux``, which peers look for in each section (RFC 9429, 5.8.3), and ``fingerprint``,
without which the process of a page of Firefox ends when it answers.
"""
_DIRECTIONS = frozenset(("sendrecv", "sendonly", "recvonly", "inactive"))


@dataclass(frozen=True, slots=True)
class PlanB:
    """Why a description is taken for Plan B.

    Attributes:
        is_certain: a section has several tracks. Else only the manner is that of Plan B, and the
            description means the same in unified plan.
        signs: sentences for people, without a full stop.
    """

    is_certain: bool
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """A track of a section.

    Attributes:
        stream: the id of its MediaStream; ``-`` for none.
        track: its own id.
        ssrcs: its sources, also those that only repeat or protect others of them.
    """

    stream: str
    track: str
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """A description in unified plan.

    Attributes:
        document: the description; the very one that was given when there was nothing to do.
        steps: what was done, a sentence each, without a full stop.
    """

    document: Document
    steps: tuple[str, ...]


def tracks_of(media: MediaSection) -> list[Track]:
    """The tracks that the ``a=ssrc`` lines of a section name, in the order of the lines.

    Sources without a name belong to the track of a source they are grouped with (RFC 5576, 4.2).
    """
    names: dict[int, tuple[str, str]] = {}
    for item in media.ssrc_attributes:
        if item.attribute == "msid" and item.ssrc not in names:
            # Two words; what follows would make an a=msid that nobody can read (RFC 8830, 2).
            parts = words(item.value or "")[:2]
            if parts:
                names[item.ssrc] = (parts[0], parts[-1])
    grouped = [group.ssrcs for group in media.ssrc_groups]
    for ssrcs in (*grouped, *grouped):
        known = next((names[ssrc] for ssrc in ssrcs if ssrc in names), None)
        if known is not None:
            for ssrc in ssrcs:
                names.setdefault(ssrc, known)
    found: dict[tuple[str, str], list[int]] = {}
    for ssrc, name in names.items():
        found.setdefault(name, []).append(ssrc)
    return [Track(stream, track, tuple(ssrcs)) for (stream, track), ssrcs in found.items()]


def find_plan_b(document: Document) -> PlanB | None:
    """Whether a description is in Plan B, and why; None if it is not.

    Several tracks in a section are certain. Mids that are the kinds of media, one section of each,
    and tracks named in ``a=ssrc`` alone are its manner: with a single track of each kind the two
    plans mean the same.
    """
    signs: list[str] = []
    manner = True
    named = False
    kinds: set[str] = set()
    for media in document.media:
        if media.kind in kinds or (media.mid is not None and media.mid not in _MIDS):
            manner = False
        kinds.add(media.kind)
        if not media.is_rtp:
            continue
        tracks = tracks_of(media)
        named = named or bool(tracks)
        manner = manner and not media.msids
        if len(tracks) > 1:
            what = f"section {media.index} ({media.kind[:20]})"
            signs.append(f"{what} has {len(tracks)} tracks: {_shown(tracks)}")
    if signs:
        return PlanB(True, tuple(signs))
    if manner and named:
        mids = ", ".join(media.mid for media in document.media if media.mid) or "none"
        return PlanB(
            False,
            (
                f"one section of each kind, with the mids {mids}",
                "tracks are named in a=ssrc lines alone, without a=msid",
            ),
        )
    return None


def _shown(tracks: Sequence[Track]) -> str:
    names = [track.track[:40] for track in tracks[:4]]
    return ", ".join(names) + (", ..." if len(tracks) > len(names) else "")


def to_unified_plan(document: Document) -> Conversion:
    """Give each track a section of its own, and ``a=msid`` to each section with a track.

    The first track of a section stays in it, and the section keeps its direction. Each other track
    gets a new section behind all others, with the same codecs; it is ``sendonly``, for what is
    received stays where it was. New sections are bundled with the one they come from: they are
    ``a=bundle-only`` (RFC 9143, 6), since there is no transport for them. Mids that are missing
    are made up, and so is the group.

    A description without a section of several tracks and without a section that lacks ``a=msid``
    comes back as it is.
    """
    return _Converter(document).convert()


class _Converter:
    """One conversion: the lines of the sections that are there, and those of the new ones."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.steps: list[str] = []
        self.sections: list[list[str]] = []
        self.new: list[list[str]] = []
        self.mids = [media.mid for media in document.media]
        self.bundle = list(document.bundle)
        self.added: list[str] = []

    def convert(self) -> Conversion:
        tracks = [tracks_of(media) if media.is_rtp else [] for media in self.document.media]
        if any(len(found) > 1 for found in tracks):
            self._name_sections()
        for media, found in zip(self.document.media, tracks, strict=True):
            self._convert_section(media, found)
        if not self.steps:
            return Conversion(self.document, ())
        lines = [*self._session_lines(), *_flat(self.sections), *_flat(self.new)]
        text = "".join(f"{line}\r\n" for line in lines)
        return Conversion(parse(text), tuple(self.steps))

    def _name_sections(self) -> None:
        """Make up mids: a group needs them (RFC 5888, 6)."""
        for index, mid in enumerate(self.mids):
            if mid is None:
                self.mids[index] = self._new_mid()
                self.steps.append(f"section {index} gets the mid {self.mids[index]}")

    def _new_mid(self) -> str:
        taken = {mid for mid in (*self.mids, *self.added) if mid is not None}
        return next(str(n) for n in range(len(taken) + 1) if str(n) not in taken)

    def _convert_section(self, media: MediaSection, tracks: Sequence[Track]) -> None:
        lines = [line.text for line in media.lines if line.text]
        mid = self.mids[media.index]
        if mid is not None and media.mid is None:
            lines.append(f"a=mid:{mid}")
        if not tracks:
            self.sections.append(lines)
            return
        first, *others = tracks
        if others:
            lines = list(_with_sources(media, lines, first))
        if not media.msids:
            lines.append(f"a=msid:{first.stream} {first.track}")
            self.steps.append(f"section {media.index} names its track {first.track[:60]} in a=msid")
        elif others:
            lines = [line for line in lines if not line.startswith("a=msid:")]
            lines.append(f"a=msid:{first.stream} {first.track}")
        self.sections.append(lines)
        for track in others:
            self._add_section(media, track, mid or "")

    def _add_section(self, media: MediaSection, track: Track, beside: str) -> None:
        mid = self._new_mid()
        self.added.append(mid)
        if beside not in self.bundle:
            self.bundle.append(beside)
        self.bundle.append(mid)
        kept = []
        for line in media.lines[1:]:
            name = line.text[2:].partition(":")[0] if line.type == "a" else ""
            if name in _TRANSPORT or name in _DIRECTIONS or name in ("mid", "msid", "bundle-only"):
                continue
            if line.text:
                kept.append(line.text)
        kept = list(_with_sources(media, kept, track))
        first, _, *rest = [*media.lines[0].text.split(" "), ""]
        head = " ".join([first, "0", *rest]).rstrip(" ")
        sends = media.direction in ("sendrecv", "sendonly")
        self.new.append(
            [
                head,
                *kept,
                f"a=mid:{mid}",
                f"a={'sendonly' if sends else 'inactive'}",
                f"a=msid:{track.stream} {track.track}",
                "a=bundle-only",
            ]
        )
        self.steps.append(
            f"track {track.track[:60]} of section {media.index} gets section "
            f"{len(self.document.media) + len(self.new) - 1} with the mid {mid}, bundled with "
            f"{beside}"
        )

    def _session_lines(self) -> Iterator[str]:
        group = f"a=group:BUNDLE {' '.join(self.bundle)}"
        written = not self.added
        for line in self.document.session.lines:
            if not written and line.text.startswith("a=group:BUNDLE"):
                written = True
                yield group
            elif line.text:
                yield line.text
        if not written:
            self.steps.append(f"the bundle {' '.join(self.bundle)} is made")
            yield group


def _with_sources(media: MediaSection, lines: Sequence[str], track: Track) -> Iterator[str]:
    """The lines of a section without the sources of other tracks."""
    own = frozenset(str(ssrc) for ssrc in track.ssrcs)
    others = {str(ssrc) for each in tracks_of(media) for ssrc in each.ssrcs} - own
    for line in lines:
        name, _, value = line[2:].partition(":")
        if line.startswith("a=") and name in _SOURCES:
            parts = value.split()
            members = parts[1:] if name == "ssrc-group" else parts[:1]
            if any(member in others for member in members):
                continue
        yield line


def _flat(sections: Sequence[Sequence[str]]) -> Iterator[str]:
    for section in sections:
        yield from section
