"""A description as aiortc keeps it: what it read, and what it writes again."""

from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = [
    "CandidateLine",
    "CodecLine",
    "Dtls",
    "MediaPart",
    "Parameters",
    "Read",
    "Source",
]

Parameters: TypeAlias = dict[str, str | int | None]
"""The parameters of ``a=fmtp``; None for one without ``=``, a number where aiortc reads one."""


@dataclass(slots=True)
class CodecLine:
    """One ``a=rtpmap``, with what later ``a=fmtp`` and ``a=rtcp-fb`` lines add.

    ``feedback`` are (type, parameter); ``channels`` is None but for audio.
    """

    payload_type: int
    name: str
    clock_rate: int
    channels: int | None = None
    feedback: list[tuple[str, str | None]] = field(default_factory=list)
    parameters: Parameters = field(default_factory=dict)

    @property
    def is_rtx(self) -> bool:
        """Whether it repeats another codec's packets."""
        return self.name.lower() == "rtx"

    @property
    def encoding(self) -> str:
        """What follows the payload type in ``a=rtpmap``; aiortc names two channels only."""
        return f"{self.name}/{self.clock_rate}" + ("/2" if self.channels == 2 else "")

    def copy(self) -> "CodecLine":
        """Return a codec that can be changed without changing this one."""
        return CodecLine(
            self.payload_type,
            self.name,
            self.clock_rate,
            self.channels,
            list(self.feedback),
            dict(self.parameters),
        )


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """An ``a=candidate``, as far as aiortc keeps it."""

    foundation: str
    component: int
    protocol: str
    priority: int
    address: str
    port: int
    type: str
    related_address: str | None = None
    related_port: int | None = None
    tcp_type: str | None = None


@dataclass(slots=True)
class Source:
    """The ``a=ssrc`` lines of one source; ``values`` by attribute."""

    ssrc: int
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Dtls:
    """Fingerprints as (algorithm, value), and the role: ``auto``, ``client`` or ``server``."""

    fingerprints: list[tuple[str, str]] = field(default_factory=list)
    role: str | None = None


@dataclass(slots=True)
class MediaPart:
    """A media section as aiortc keeps it.

    ``dtls`` is None without ``a=setup``, and so are then the fingerprints. ``mid`` is None for an
    ``a=mid`` without a colon, and empty without the attribute. ``groups`` are (semantics, sources).
    """

    kind: str
    port: int
    protocol: str
    formats: list[str]
    dtls: Dtls | None
    ufrag: str | None
    password: str | None
    ice_lite: bool = False
    ice_options: str | None = None
    host: str | None = None
    mid: str | None = ""
    direction: str | None = None
    msid: str | None = None
    rtcp_port: int | None = None
    rtcp_host: str | None = None
    rtcp_mux: bool = False
    sources: list[Source] = field(default_factory=list)
    groups: list[tuple[str, list[int]]] = field(default_factory=list)
    extensions: list[tuple[int, str]] = field(default_factory=list)
    codecs: list[CodecLine] = field(default_factory=list)
    sctpmap: dict[int, str] = field(default_factory=dict)
    sctp_port: int | None = None
    max_message_size: int | None = None
    candidates: list[CandidateLine] = field(default_factory=list)
    end_of_candidates: bool = False

    @property
    def is_media(self) -> bool:
        """Whether aiortc makes a transceiver of it; it does not look at the port."""
        return self.kind in ("audio", "video")


@dataclass(slots=True)
class Read:
    """A description as aiortc keeps it; ``groups`` and ``msid_semantic`` are (word, members)."""

    version: int = 0
    origin: str | None = None
    name: str = "-"
    time: str = "0 0"
    host: str | None = None
    groups: list[tuple[str, list[str | None]]] = field(default_factory=list)
    msid_semantic: list[tuple[str, list[str]]] = field(default_factory=list)
    media: list[MediaPart] = field(default_factory=list)
