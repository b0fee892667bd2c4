"""What a connection takes from a description when it applies one: a few facts a section."""

from dataclasses import dataclass

from rtckit.sdp import Document, MediaSection, parse

__all__ = ["DescriptionFacts", "SectionFacts", "read_facts"]


@dataclass(frozen=True, slots=True)
class SectionFacts:
    """One media section, as its author wrote it; the author's send is the reader's receive.

    Attributes:
        index: its place among the sections, from 0.
        kind: ``audio``, ``video``, ``data`` for SCTP over DTLS, else what the m-line says.
        mid: its identification; None if it has none (RFC 5888, 4).
        rejected: the port is zero and it is not bundle-only.
        direction: ``sendrecv`` where nothing is said; ``inactive`` of what is rejected is kept
            as written.
        has_msid: there is an ``a=msid`` line.
        stream_ids: the streams of the msid lines, each once, without ``-``.
        track_id: the track of the first msid line.
        rids_send: rids its author sends by simulcast, in order, the first alternative of each.
        rids_recv: rids its author asks to receive.
        paused: those of both that are marked as paused.
        ufrag: the ICE username fragment, of the section or of the session.
        pwd: the ICE password.
        rtcp_mux: RTCP shares the port.
        is_rtp: the profile is one of RTP.
    """

    index: int
    kind: str
    mid: str | None = None
    rejected: bool = False
    direction: str = "sendrecv"
    has_msid: bool = False
    stream_ids: tuple[str, ...] = ()
    track_id: str | None = None
    rids_send: tuple[str, ...] = ()
    rids_recv: tuple[str, ...] = ()
    paused: frozenset[str] = frozenset()
    ufrag: str | None = None
    pwd: str | None = None
    rtcp_mux: bool = False
    is_rtp: bool = True

    @property
    def is_media(self) -> bool:
        """Whether a transceiver stands for it."""
        return self.kind in ("audio", "video")


@dataclass(frozen=True, slots=True)
class DescriptionFacts:
    """A description.

    Attributes:
        sections: its media sections in order.
        bundles: the mids of each BUNDLE group, the tagged one first (RFC 9143, 7.2.1).
        ice_lite: its author only answers checks.
    """

    sections: tuple[SectionFacts, ...] = ()
    bundles: tuple[tuple[str, ...], ...] = ()
    ice_lite: bool = False

    def find(self, mid: str | None) -> SectionFacts | None:
        """Return the first section of a mid; None if there is none."""
        if mid is None:
            return None
        return next((section for section in self.sections if section.mid == mid), None)

    def locate(self, mid: str | None, level: int | None) -> SectionFacts | None:
        """Return the section of a mid, or that at a level if its author named none."""
        found = self.find(mid)
        if found is None and level is not None and level < len(self.sections):
            section = self.sections[level]
            return section if section.mid is None else None
        return found


NOTHING = DescriptionFacts()
"""What stands in for a description that is not there."""


def read_facts(sdp: str | Document) -> DescriptionFacts:
    """Read what applying a description needs.

    Raises:
        ParseError: the text is no description at all.
    """
    document = parse(sdp) if isinstance(sdp, str) else sdp
    sections = tuple(_read_section(media) for media in document.media)
    bundles = tuple(
        tuple(group.mids) for group in document.groups if group.semantics.upper() == "BUNDLE"
    )
    return DescriptionFacts(sections, bundles, document.session.ice_lite)


def _read_section(media: MediaSection) -> SectionFacts:
    is_data = media.is_data
    msids = () if is_data else media.msids
    send: tuple[str, ...] = ()
    recv: tuple[str, ...] = ()
    paused: frozenset[str] = frozenset()
    simulcast = None if is_data else media.simulcast
    if simulcast is not None:
        send = tuple(choices[0].rid for choices in simulcast.send)
        recv = tuple(choices[0].rid for choices in simulcast.recv)
        paused = frozenset(
            choice.rid
            for choices in (*simulcast.send, *simulcast.recv)
            for choice in choices
            if choice.paused
        )
    return SectionFacts(
        index=media.index,
        kind="data" if is_data else media.kind,
        mid=media.mid,
        rejected=media.rejected,
        direction=media.direction,
        has_msid=bool(msids),
        stream_ids=tuple(dict.fromkeys(msid.stream for msid in msids if msid.stream != "-")),
        track_id=msids[0].track if msids else None,
        rids_send=send,
        rids_recv=recv,
        paused=paused,
        ufrag=media.ice_ufrag,
        pwd=media.ice_pwd,
        rtcp_mux=media.rtcp_mux,
        is_rtp=media.is_rtp,
    )
