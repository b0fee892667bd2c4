"""The lines of descriptions, as RFC 9429, 5.2.1 and 5.3.1 list them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rtckit.jsep.matching.formats import Formats, MediaFormat
from rtckit.sdp.media import MediaSection

__all__ = [
    "BUNDLED_MUX",
    "CONNECTION",
    "DATA_FORMAT",
    "DATA_PROTOCOL",
    "RTP_PROTOCOL",
    "Transport",
    "codec_lines",
    "format_lines",
    "longest_packet",
    "media_line",
    "numbers_text",
    "rejected_lines",
    "session_lines",
]

CONNECTION = "c=IN IP4 0.0.0.0"
"""There are no candidates yet (RFC 8840, 4.1.1)."""

BUNDLED_MUX = "a=rtcp-mux"
"""What a section of media has of a transport that stands in another one.

The standards disagree: the attribute is of category IDENTICAL and belongs into the tagged section
alone (RFC 9143, 7.1.3), but under the policy "require" a peer must find it in each section, or
refuse the description (RFC 9429, 5.8.3). Browsers do refuse, nobody minds that it is there, and its
value cannot differ: so it is written.
"""

RTP_PROTOCOL = "UDP/TLS/RTP/SAVPF"
DATA_PROTOCOL = "UDP/DTLS/SCTP"
DATA_FORMAT = "webrtc-datachannel"

# Milliseconds of audio in the longest packet; PCM has no bound of its own (RFC 7587, 4.2).
_LONGEST = {"opus": 120}


@dataclass(frozen=True, slots=True)
class Transport:
    """The attributes of category IDENTICAL and TRANSPORT of one transport (RFC 8859).

    They stand in the section that is not bundled into another one, and nowhere else but for
    `BUNDLED_MUX`.

    Attributes:
        ufrag: ICE username fragment.
        pwd: ICE password.
        fingerprint: SHA-256 of the certificate.
        setup: DTLS role.
        tls_id: id of the DTLS association; None without that line.
        rtcp: whether RTCP has an address of its own, so far the default one.
        rtcp_mux: ``a=rtcp-mux``.
        rtcp_mux_only: ``a=rtcp-mux-only``.
        rtcp_rsize: ``a=rtcp-rsize``.
    """

    ufrag: str
    pwd: str
    fingerprint: str
    setup: str
    tls_id: str | None = None
    rtcp: bool = False
    rtcp_mux: bool = False
    rtcp_mux_only: bool = False
    rtcp_rsize: bool = False

    def lines(self) -> Iterator[str]:
        """The attribute lines."""
        yield f"a=ice-ufrag:{self.ufrag}"
        yield f"a=ice-pwd:{self.pwd}"
        yield f"a=fingerprint:sha-256 {self.fingerprint}"
        yield f"a=setup:{self.setup}"
        if self.tls_id is not None:
            yield f"a=tls-id:{self.tls_id}"
        if self.rtcp:
            yield "a=rtcp:9 IN IP4 0.0.0.0"
        if self.rtcp_mux:
            yield "a=rtcp-mux"
        if self.rtcp_mux_only:
            yield "a=rtcp-mux-only"
        if self.rtcp_rsize:
            yield "a=rtcp-rsize"


def session_lines(
    session_id: str,
    version: int,
    options: Sequence[str],
    groups: Iterable[tuple[str, Sequence[str]]],
    *,
    ice_lite: bool = False,
    allow_mixed: bool = False,
    times: str = "0 0",
) -> Iterator[str]:
    """The session level; ``groups`` are semantics and mids."""
    yield "v=0"
    yield f"o=- {session_id} {version} IN IP4 0.0.0.0"
    yield "s=-"
    yield f"t={times}"
    for semantics, mids in groups:
        yield f"a=group:{semantics} {' '.join(mids)}"
    if ice_lite:
        yield "a=ice-lite"
    if options:
        yield f"a=ice-options:{' '.join(options)}"
    if allow_mixed:
        yield "a=extmap-allow-mixed"


def media_line(kind: str, port: int, protocol: str, formats: Iterable[object]) -> str:
    """The ``m=`` line."""
    return f"m={kind} {port} {protocol} {' '.join(str(item) for item in formats)}"


@lru_cache(maxsize=256)
def format_lines(formats: Formats) -> tuple[str, ...]:
    """``a=rtpmap``, ``a=fmtp`` and ``a=rtcp-fb`` of each format."""
    return tuple(line for item in formats for line in _lines_of(item))


@lru_cache(maxsize=256)
def codec_lines(formats: Formats) -> tuple[str, ...]:
    """The lines of each format, and ``a=maxptime`` behind them where it is known."""
    longest = longest_packet(formats)
    bound = () if longest is None else (f"a=maxptime:{longest}",)
    return format_lines(formats) + bound


@lru_cache(maxsize=256)
def numbers_text(formats: Formats) -> str:
    """The payload types as an ``m=`` line has them."""
    return " ".join([str(item.payload_type) for item in formats])


@lru_cache(maxsize=1024)
def _lines_of(item: MediaFormat) -> tuple[str, ...]:
    number = item.payload_type
    lines = [f"a=rtpmap:{number} {item.encoding}"]
    if item.fmtp:
        text = ";".join(name if value is None else f"{name}={value}" for name, value in item.fmtp)
        lines.append(f"a=fmtp:{number} {text}")
    lines += [f"a=rtcp-fb:{number} {feedback}" for feedback in item.feedback]
    return tuple(lines)


def rejected_lines(media: MediaSection, mid: str | None) -> Iterator[str]:
    """A section with port zero; protocol and formats are as they were (RFC 3264, 6 and 8.2).

    The formats mean nothing, but their rtpmaps stay, so that none is without a name.
    """
    yield media_line(media.kind, 0, media.protocol, media.formats or ["0"])
    yield CONNECTION
    if mid:
        yield f"a=mid:{mid}"
    if media.is_rtp:
        yield "a=inactive"
        for codec in media.codecs:
            yield f"a=rtpmap:{codec.payload_type} {codec}"


def longest_packet(formats: Iterable[MediaFormat]) -> int | None:
    """The value of ``a=maxptime``: the least of the codecs' longest packets; None without bound."""
    known = [_LONGEST[name] for item in formats if (name := item.name.lower()) in _LONGEST]
    return min(known, default=None)
