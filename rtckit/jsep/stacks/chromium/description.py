"""What libwebrtc keeps of a description: contents, codecs, streams and transports."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from rtckit.jsep.stacks.chromium.fingerprint import Fingerprint
from rtckit.jsep.stacks.chromium.simulcast import Layer

RTP = "rtp"
SCTP = "sctp"

AUDIO = "audio"
VIDEO = "video"
DATA = "data"
UNSUPPORTED = "unsupported"


@dataclass(slots=True)
class Codec:
    """A payload type of a section; the name stays empty until an rtpmap line gives it one."""

    payload_type: int
    name: str = ""
    clock_rate: int = 90000
    channels: int = 0
    parameters: dict[str, str] = field(default_factory=dict)
    feedback: list[tuple[str, str]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The name as names are compared: without regard to case."""
        return self.name.lower()

    def with_number(self, payload_type: int) -> "Codec":
        """Return the same codec under another payload type."""
        return replace(self, payload_type=payload_type)

    def with_parameter(self, name: str, value: str) -> "Codec":
        """Return the same codec with a parameter set."""
        return replace(self, parameters={**self.parameters, name: value})


@dataclass(slots=True)
class SsrcGroup:
    """A group of sources and what it means (RFC 5576, 4.2)."""

    semantics: str
    ssrcs: list[int]


@dataclass(slots=True)
class Stream:
    """A track: its identifiers, its sources, and how they are grouped.

    ``track`` is None where libwebrtc would invent a random identifier.
    """

    track: str | None
    stream_ids: list[str] = field(default_factory=list)
    ssrcs: list[int] = field(default_factory=list)
    groups: list[SsrcGroup] = field(default_factory=list)
    cname: str = ""
    rids: list[str] = field(default_factory=list)

    @property
    def first_stream(self) -> str:
        """The first stream it belongs to; empty for none."""
        return self.stream_ids[0] if self.stream_ids else ""


@dataclass(slots=True)
class Transport:
    """The ICE and DTLS parameters of a section."""

    ufrag: str = ""
    pwd: str = ""
    options: list[str] = field(default_factory=list)
    lite: bool = False
    role: str | None = None
    fingerprint: Fingerprint | None = None


class Extension(NamedTuple):
    """A header extension (RFC 8285)."""

    uri: str
    id: int
    encrypted: bool = False


@dataclass(slots=True)
class Content:
    """A media section.

    Attributes:
        kind: ``audio``, ``video``, ``data`` or ``unsupported``.
        protocol: as the m line has it.
        media: the type the m line has, where the kind is ``unsupported``.
        allow_mixed: whether the section itself says ``extmap-allow-mixed`` (RFC 8285, 6).
        net_estimate: whether ``remote-net-estimate`` stands in it.
        mid: empty if there is none.
        rejected: port 0 without ``bundle-only``, or a section of an unsupported kind.
        sctpmap: whether the data section uses the old form with the port in the m line.
        xr_round_trip: whether receiver reference times are offered (RFC 3611, 4.4).
    """

    kind: str
    protocol: str
    transport: Transport
    mid: str = ""
    rejected: bool = False
    bundle_only: bool = False
    direction: str = "sendrecv"
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    codecs: list[Codec] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    extensions: list[Extension] = field(default_factory=list)
    simulcast_send: list[Layer] = field(default_factory=list)
    simulcast_receive: list[Layer] = field(default_factory=list)
    media: str = ""
    allow_mixed: bool = False
    net_estimate: bool = False
    cryptex: bool = False
    sframe: bool = False
    xr_round_trip: bool = False
    sctpmap: bool = True
    sctp_port: int = 5000
    sctp_init: bool = False
    max_message_size: int = 65536

    @property
    def media_protocol(self) -> str:
        """``sctp`` or ``rtp``: what the protocol field comes to."""
        return SCTP if is_dtls_sctp(self.protocol) else RTP

    @property
    def has_codecs(self) -> bool:
        """Whether it lists codecs; data sections never do."""
        return self.kind in (AUDIO, VIDEO) and bool(self.codecs)

    @property
    def sends(self) -> bool:
        """Whether whoever wrote it wants to send."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        """Whether whoever wrote it wants to receive."""
        return self.direction in ("sendrecv", "recvonly")


@dataclass(slots=True)
class Description:
    """A description as the parser leaves it.

    Attributes:
        groups: semantics and mids of each group line, in order.
        contents: the media sections.
        cryptex: whether header encryption is offered for the session (RFC 9335).
        allow_mixed: whether the session says ``extmap-allow-mixed`` (RFC 8285, 6).
        has_msid: whether a section has ``msid`` lines (RFC 8830).
        has_ssrc_msid: whether ``ssrc`` lines name tracks, as before RFC 8830.
    """

    groups: list[tuple[str, list[str]]] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)
    cryptex: bool = False
    allow_mixed: bool = False
    has_msid: bool = False
    has_ssrc_msid: bool = False
    _index: dict[str, Content] | None = None

    @property
    def bundles(self) -> list[list[str]]:
        """The mids of each BUNDLE group."""
        return [mids for semantics, mids in self.groups if semantics == "BUNDLE"]

    def content(self, mid: str) -> Content | None:
        """Return the section of a mid, the first if there are several."""
        if self._index is None:
            self._index = {content.mid: content for content in reversed(self.contents)}
        return self._index.get(mid)

    def set_mid(self, content: Content, mid: str) -> None:
        """Give a section a mid."""
        content.mid = mid
        self._index = None


@lru_cache(maxsize=64)
def is_dtls_sctp(protocol: str) -> bool:
    """Whether a protocol field means a data section."""
    return protocol in ("DTLS/SCTP", "UDP/DTLS/SCTP", "TCP/DTLS/SCTP")


@lru_cache(maxsize=64)
def is_rtp(protocol: str) -> bool:
    """Whether a protocol field means RTP: ``RTP/`` in it, not after a letter; or it is empty."""
    at = protocol.find("RTP/")
    if not protocol or at == 0:
        return True
    return at > 0 and not (protocol[at - 1].isascii() and protocol[at - 1].isalpha())
