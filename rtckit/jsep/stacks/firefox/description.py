"""A description as Firefox's JSEP code sees it: what SIPCC kept, typed, defaults filled in."""

from dataclasses import dataclass, field
from typing import NamedTuple

from rtckit.jsep.stacks.firefox.attributes import ExtMap, Feedback, Msid, RtpMap, SctpMap
from rtckit.jsep.stacks.firefox.fmtp import Fmtp
from rtckit.jsep.stacks.firefox.rids import Simulcast


def has_rtcp(protocol: str) -> bool:
    """Whether a protocol has RTCP in Firefox's eyes: the profiles with feedback do."""
    return protocol.startswith(("RTP/", "UDP/TLS/RTP/", "TCP/DTLS/RTP/")) and (
        protocol.endswith("AVPF")
    )


class OfferedCodecs(NamedTuple):
    """The codecs of a section.

    Attributes:
        media: ``audio`` or ``video``.
        formats: the payload types of the m= line.
        codecs: each a=rtpmap.
        repairs: payload types that have retransmissions, each with that of these.
        feedback: each a=rtcp-fb.
    """

    media: str
    formats: tuple[str, ...]
    codecs: tuple[RtpMap, ...]
    repairs: tuple[tuple[str, str], ...]
    feedback: tuple[Feedback, ...]


@dataclass(slots=True)
class Section:
    """A media section; what may stand at the session level is filled in from there.

    Attributes:
        level: its index.
        media: ``audio``, ``video``, ``application`` or ``text``.
        port: the port; 0 with bundle-only is no refusal.
        protocol: the protocol in SIPCC's spelling.
        formats: the formats as text.
        mid: its mid; None without a usable a=mid.
        direction: the last direction attribute of the section, ``sendrecv`` without one.
        ice_ufrag, ice_pwd: empty if missing.
        fingerprints: how many of them have a known algorithm; None without a fingerprint.
        setup: the role; None if missing.
        extensions: the header extensions; None without a=extmap.
        formats_read: each a=fmtp with the parameters SIPCC knows.
        feedback: each a=rtcp-fb.
        is_mixed: a=extmap-allow-mixed, of the section or of the session.
        rids: the direction of each rid.
        max_message_size: None without the attribute.
        agreed: what was asked for last of its codecs, and what came of it.
    """

    level: int
    media: str
    port: int
    protocol: str
    formats: list[str] = field(default_factory=list)
    mid: str | None = None
    direction: str = "sendrecv"
    is_bundle_only: bool = False
    has_rtcp_mux: bool = False
    ice_ufrag: str = ""
    ice_pwd: str = ""
    fingerprints: int | None = None
    setup: str | None = None
    extensions: list[ExtMap] | None = None
    codecs: list[RtpMap] = field(default_factory=list)
    formats_read: list[Fmtp] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    has_rtcp_rsize: bool = False
    is_mixed: bool = False
    rids: dict[str, str] = field(default_factory=dict)
    simulcast: Simulcast | None = None
    msids: list[Msid] = field(default_factory=list)
    max_message_size: int | None = None
    sctp_port: int = 0
    sctp_maps: list[SctpMap] = field(default_factory=list)
    has_candidates: bool = False
    has_end_of_candidates: bool = False
    _by_number: dict[str, RtpMap] | None = field(default=None, repr=False, compare=False)
    _offered: OfferedCodecs | None = field(default=None, repr=False, compare=False)
    agreed: tuple[object, object] = field(default=(None, None), repr=False, compare=False)

    @property
    def is_disabled(self) -> bool:
        """Refused: port 0 without bundle-only."""
        return self.port == 0 and not self.is_bundle_only

    @property
    def is_sending(self) -> bool:
        """Whether its author sends."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def is_receiving(self) -> bool:
        """Whether its author receives."""
        return self.direction in ("sendrecv", "recvonly")

    @property
    def has_rtcp(self) -> bool:
        """Whether the protocol has RTCP; see `has_rtcp`."""
        return has_rtcp(self.protocol)

    def codec(self, payload_type: str) -> RtpMap | None:
        """Return the first rtpmap of a format."""
        if self._by_number is None:
            self._by_number = {}
            for codec in self.codecs:
                self._by_number.setdefault(str(codec.payload_type), codec)
        return self._by_number.get(payload_type)

    def offered_codecs(self) -> OfferedCodecs:
        """Return what is to be known of its codecs to answer them."""
        if self._offered is None:
            self._offered = OfferedCodecs(
                self.media,
                tuple(self.formats),
                tuple(self.codecs),
                tuple(self._repairs().items()),
                tuple(self.feedback),
            )
        return self._offered

    def _repairs(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for fmtp in self.formats_read:
            if fmtp.apt is None:
                continue
            payload_type = str(fmtp.payload_type)
            entry = self.codec(payload_type)
            if entry is not None and entry.name.lower() == "rtx":
                found.setdefault(fmtp.apt, payload_type)
        return found


@dataclass(slots=True)
class Description:
    """A whole description.

    Attributes:
        sections: the media sections in order.
        bundles: the mids of each BUNDLE group.
        is_ice_lite: a=ice-lite stands at the session level.
        is_mixed: a=extmap-allow-mixed stands there.
    """

    sections: list[Section] = field(default_factory=list)
    bundles: list[list[str]] = field(default_factory=list)
    is_ice_lite: bool = False
    is_mixed: bool = False

    def by_mid(self) -> dict[str, Section]:
        """Return the first section of each mid."""
        found: dict[str, Section] = {}
        for section in self.sections:
            if section.mid is not None:
                found.setdefault(section.mid, section)
        return found
