"""What Firefox ESR 153 can send and receive, taken from an offer of a fresh profile.

H264 is a plug-in such a profile has not downloaded yet; it is not in the table. Numbers and order
are those of an offer with a sound, a picture and a data section.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from rtckit.jsep.capabilities import Capabilities, CodecCapability, ExtensionCapability

__all__ = ["CAPABILITIES", "Codec", "Extension", "codecs_of", "extensions_of"]

_VIDEO_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc")
_PICTURE = (("max-fs", "12288"), ("max-fr", "60"))
_RTP = "urn:ietf:params:rtp-hdrext:"
_GOOGLE = "http://www.webrtc.org/experiments/rtp-hdrext/"
_TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
_MAX_MESSAGE_SIZE = 1073741823


def _audio(
    name: str, payload_type: int, clock_rate: int = 8000, channels: int = 1, fmtp: str = ""
) -> CodecCapability:
    parts = (part.partition("=") for part in fmtp.split(";") if part)
    return CodecCapability(
        "audio",
        name,
        clock_rate,
        channels,
        tuple((key, value if equals else None) for key, equals, value in parts),
        () if name == "telephone-event" else ("transport-cc",),
        payload_type,
        name_channels=name in ("G722", "telephone-event"),
    )


def _video(name: str, payload_type: int, rtx: int = 0) -> list[CodecCapability]:
    fmtp = _PICTURE if name in ("VP8", "VP9") else ()
    codec = CodecCapability("video", name, 90000, None, fmtp, _VIDEO_FEEDBACK, payload_type)
    if not rtx:
        return [codec]
    repair = CodecCapability("video", "rtx", 90000, None, (("apt", str(payload_type)),), (), rtx)
    return [codec, repair]


CAPABILITIES = Capabilities(
    codecs=(
        _audio("opus", 109, 48000, 2, "maxplaybackrate=48000;stereo=1;useinbandfec=1"),
        _audio("G722", 9),
        _audio("PCMU", 0),
        _audio("PCMA", 8),
        _audio("telephone-event", 101, fmtp="0-15"),
        *_video("VP8", 120, 124),
        *_video("VP9", 121, 125),
        *_video("AV1", 99, 100),
        *_video("ulpfec", 123),
        *_video("red", 122, 119),
    ),
    extensions=(
        ExtensionCapability("audio", f"{_RTP}ssrc-audio-level", "sendrecv", 1),
        ExtensionCapability("audio", f"{_RTP}csrc-audio-level", "recvonly", 2),
        ExtensionCapability("audio", f"{_RTP}sdes:mid", "sendrecv", 3),
        ExtensionCapability("audio", _TRANSPORT_CC, "sendrecv", 7),
        ExtensionCapability("video", f"{_RTP}sdes:mid", "sendrecv", 3),
        ExtensionCapability("video", f"{_GOOGLE}abs-send-time", "sendrecv", 4),
        ExtensionCapability("video", f"{_RTP}toffset", "sendrecv", 5),
        ExtensionCapability("video", f"{_GOOGLE}playout-delay", "recvonly", 6),
        ExtensionCapability("video", _TRANSPORT_CC, "sendrecv", 7),
    ),
    max_message_size=_MAX_MESSAGE_SIZE,
    sctp_port=5000,
)
"""The capabilities of Firefox ESR 153.7 without plug-ins, as of an offer of its own."""


class Codec(NamedTuple):
    """A codec as Firefox keeps it for a track, with the numbers it goes by at the moment.

    Attributes:
        kind: ``audio`` or ``video``.
        name: the encoding name as Firefox writes it.
        clock_rate: hertz.
        channels: channels; 0 for pictures.
        encoding: what it writes behind the payload type in a=rtpmap.
        payload_type: its payload type.
        rtx: the payload type of its retransmissions; empty without.
        feedback: kind and parameter of each a=rtcp-fb, in order.
        fmtp: what it writes in a=fmtp; empty for none.
        key: the name in lower case.
    """

    kind: str
    name: str
    clock_rate: int
    channels: int
    encoding: str
    payload_type: str
    rtx: str
    feedback: tuple[tuple[str, str], ...]
    fmtp: str
    key: str


class Extension(NamedTuple):
    """A header extension of Firefox: its number in offers, URI and direction."""

    id: int
    uri: str
    direction: str


def codecs_of(capabilities: Capabilities, kind: str) -> tuple[Codec, ...]:
    """Return the codecs of a kind in order, each with its retransmissions."""
    if capabilities is CAPABILITIES:
        return _OWN_CODECS[kind]
    return _codecs_of(capabilities, kind)


def _codecs_of(capabilities: Capabilities, kind: str) -> tuple[Codec, ...]:
    found = capabilities.codecs_of(kind)
    repairs = {codec.apt: codec for codec in found if codec.name.lower() == "rtx"}
    codecs: list[Codec] = []
    for codec in found:
        if codec.name.lower() == "rtx":
            continue
        repair = repairs.get(codec.payload_type)
        pairs = (feedback.partition(" ") for feedback in codec.feedback)
        codecs.append(
            Codec(
                kind,
                codec.name,
                codec.clock_rate,
                codec.channels or 1 if kind == "audio" else 0,
                codec.encoding,
                str(codec.payload_type),
                str(repair.payload_type) if repair else "",
                tuple((kind_, parameter) for kind_, _, parameter in pairs),
                codec.fmtp_text,
                codec.name.lower(),
            )
        )
    return tuple(codecs)


def extensions_of(capabilities: Capabilities, kind: str) -> Mapping[str, Extension]:
    """Return the header extensions of a kind by URI, in order."""
    if capabilities is CAPABILITIES:
        return _OWN_EXTENSIONS[kind]
    return _extensions_of(capabilities, kind)


def _extensions_of(capabilities: Capabilities, kind: str) -> Mapping[str, Extension]:
    return MappingProxyType(
        {
            extension.uri: Extension(extension.id, extension.uri, extension.direction)
            for extension in capabilities.extensions_of(kind)
        }
    )


_OWN_CODECS = {kind: _codecs_of(CAPABILITIES, kind) for kind in ("audio", "video")}
_OWN_EXTENSIONS = {kind: _extensions_of(CAPABILITIES, kind) for kind in ("audio", "video")}
