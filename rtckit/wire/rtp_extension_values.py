"""What the elements of RTP header extensions mean, by the URI that SDP gives their id.

:func:`parse_value`, :func:`decode_value` and :func:`build_value` turn the bytes of an element into
a value and back. The types, by URI: ``str`` for the SDES ids (mid, rid, repaired rid), ``int`` for
the plain numbers, the records below for the rest; bytes for a URI that has no reader here.
"""

from collections.abc import Callable
from enum import StrEnum
from struct import Struct
from struct import error as struct_error
from typing import Any, NamedTuple

from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem

__all__ = [
    "AbsoluteCaptureTime",
    "AudioLevel",
    "ColorSpace",
    "ExtensionUri",
    "FeedbackRequest",
    "PlayoutDelay",
    "TransportSequence",
    "VideoOrientation",
    "VideoTiming",
    "abs_send_time",
    "abs_send_time_ns",
    "build_value",
    "decode_value",
    "parse_value",
]

_SDES = "urn:ietf:params:rtp-hdrext:sdes:"
_WEBRTC = "http://www.webrtc.org/experiments/rtp-hdrext/"


class ExtensionUri(StrEnum):
    """The extensions met in WebRTC; those without a reader here are told so."""

    MID = _SDES + "mid"
    RTP_STREAM_ID = _SDES + "rtp-stream-id"
    REPAIRED_RTP_STREAM_ID = _SDES + "repaired-rtp-stream-id"
    AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
    CSRC_AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:csrc-audio-level"
    TRANSMISSION_OFFSET = "urn:ietf:params:rtp-hdrext:toffset"
    ABS_SEND_TIME = _WEBRTC + "abs-send-time"
    ABS_CAPTURE_TIME = _WEBRTC + "abs-capture-time"
    TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    TRANSPORT_CC_02 = _WEBRTC + "transport-wide-cc-02"
    VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
    PLAYOUT_DELAY = _WEBRTC + "playout-delay"
    VIDEO_CONTENT_TYPE = _WEBRTC + "video-content-type"
    VIDEO_TIMING = _WEBRTC + "video-timing"
    VIDEO_FRAME_TRACKING_ID = _WEBRTC + "video-frame-tracking-id"
    COLOR_SPACE = _WEBRTC + "color-space"
    INBAND_CN = _WEBRTC + "inband-cn"
    # Left as bytes: they are read together with the frames they describe.
    CORRUPTION_DETECTION = _WEBRTC + "corruption-detection"
    VIDEO_LAYERS_ALLOCATION = _WEBRTC + "video-layers-allocation00"
    DEPENDENCY_DESCRIPTOR = (
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
    )
    GENERIC_FRAME_DESCRIPTOR = _WEBRTC + "generic-frame-descriptor-00"
    FRAME_MARKING = "urn:ietf:params:rtp-hdrext:framemarking"
    ENCRYPT = "urn:ietf:params:rtp-hdrext:encrypt"


class AudioLevel(NamedTuple):
    """Level of the packet's audio in -dBov, 0 (loudest) to 127 (silence), and whether it is voice.

    ``voice`` means nothing when SDP says ``vad=off`` (RFC 6464, 3 and 4).
    """

    level: int
    voice: bool


class FeedbackRequest(NamedTuple):
    """A sender's wish for transport-cc feedback on its last ``packets`` packets, 0..32767."""

    timing: bool
    packets: int


class TransportSequence(NamedTuple):
    """Transport-wide sequence number, and version 02's request for feedback where it has one."""

    sequence: int
    request: FeedbackRequest | None = None


class VideoOrientation(NamedTuple):
    """How the picture was taken (3GPP TS 26.114, 7.4.5).

    ``rotation`` is how far, clockwise in degrees, the receiver turns the picture to show it
    upright; ``back_camera`` is false for the camera that faces the user, and when it is not known.
    """

    rotation: int
    flip: bool = False
    back_camera: bool = False


class PlayoutDelay(NamedTuple):
    """Limits for the delay from capture to render, in milliseconds: steps of 10, up to 40950."""

    minimum_ms: int
    maximum_ms: int


class VideoTiming(NamedTuple):
    """Milestones of a frame, each in milliseconds since its capture, 0..65535.

    ``flags``: 1 sent because a timer fired, 2 because the frame was larger than usual.
    """

    flags: int
    encode_start: int
    encode_finish: int
    packetization: int
    pacer_exit: int
    network: int = 0
    network_2: int = 0


class AbsoluteCaptureTime(NamedTuple):
    """When the first frame of a packet was captured.

    ``timestamp`` is a 64-bit NTP timestamp on the capturer's clock; ``clock_offset``, where sent,
    is a signed 32.32 fixed point number of seconds: capture clock minus sender clock.
    """

    timestamp: int
    clock_offset: int | None = None


class ColorSpace(NamedTuple):
    """Colours of a video: code points of ITU-T H.273 tables 2, 3 and 4, and the range byte.

    ``range_and_siting`` is range << 4 | horizontal siting << 2 | vertical siting; ``hdr`` is the 24
    bytes of mastering metadata and light levels, or empty.
    """

    primaries: int
    transfer: int
    matrix: int
    range_and_siting: int
    hdr: bytes = b""


_ABS_SEND_TIME_SECOND = 1 << 18
_VIDEO_TIMING = Struct("!B6H")
_CAPTURE_TIME = Struct("!Q")
_CAPTURE_TIME_AND_OFFSET = Struct("!Qq")


def abs_send_time(ntp_timestamp: int) -> int:
    """The 24-bit absolute send time of a 64-bit NTP timestamp; it wraps every 64 seconds."""
    return ntp_timestamp >> 14 & 0xFFFFFF


def abs_send_time_ns(value: int) -> int:
    """An absolute send time (6.18 fixed point seconds) in nanoseconds, 0..64 s, rounded."""
    return (value * 1_000_000_000 + _ABS_SEND_TIME_SECOND // 2) // _ABS_SEND_TIME_SECOND


def _sized(value: bytes, *sizes: int) -> bytes:
    if len(value) not in sizes:
        wanted = " or ".join(str(size) for size in sizes)
        raise ParseError(f"{len(value)} bytes of data", offset=0, expected=f"{wanted} bytes")
    return value


def _parse_mid(value: bytes) -> str:
    # RFC 9143, 15.2: UTF-8, not ended by a zero.
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError("mid is not UTF-8", offset=error.start, expected="UTF-8") from None


def _parse_rid(value: bytes) -> str:
    # RFC 8852, 3: digits and letters only.
    for offset, byte in enumerate(value):
        if not (byte < 0x80 and chr(byte).isalnum()):
            raise ParseError(
                f"rid holds byte 0x{byte:02x}", offset=offset, expected="ASCII letters and digits"
            )
    if not value:
        raise ParseError("empty rid", offset=0, expected="ASCII letters and digits")
    return value.decode("ascii")


def _build_rid(value: str) -> bytes:
    if not (value.isascii() and value.isalnum()):
        raise ValueError(f"rid {value!r} is not ASCII letters and digits")
    return value.encode("ascii")


def _parse_audio_level(value: bytes) -> AudioLevel:
    byte = _sized(value, 1)[0]
    return AudioLevel(byte & 0x7F, byte > 0x7F)


def _build_audio_level(value: AudioLevel) -> bytes:
    return bytes([_bits(value.level, 7) | (0x80 if value.voice else 0)])


def _parse_csrc_levels(value: bytes) -> tuple[int, ...]:
    # RFC 6465, 4: one byte a CSRC, at most 15; the top bit is unused and always 0.
    if not 1 <= len(value) <= 15:
        raise ParseError(f"{len(value)} audio levels", offset=0, expected="1 to 15 levels")
    return tuple(byte & 0x7F for byte in value)


def _build_csrc_levels(value: tuple[int, ...]) -> bytes:
    if not 1 <= len(value) <= 15:
        raise ValueError(f"{len(value)} audio levels; 1 to 15 fit")
    return bytes(_bits(level, 7) for level in value)


def _parse_transmission_offset(value: bytes) -> int:
    return int.from_bytes(_sized(value, 3), "big", signed=True)


def _parse_transport_cc(value: bytes) -> TransportSequence:
    return TransportSequence(int.from_bytes(_sized(value, 2), "big"))


def _parse_transport_cc_02(value: bytes) -> TransportSequence:
    sequence = int.from_bytes(_sized(value, 2, 4)[:2], "big")
    if len(value) == 2:
        return TransportSequence(sequence)
    request = int.from_bytes(value[2:], "big")
    return TransportSequence(sequence, FeedbackRequest(request > 0x7FFF, request & 0x7FFF))


def _build_transport_cc(value: TransportSequence) -> bytes:
    if value.request is not None:
        raise ValueError("version 01 has no feedback request")
    return value.sequence.to_bytes(2, "big")


def _build_transport_cc_02(value: TransportSequence) -> bytes:
    data = value.sequence.to_bytes(2, "big")
    if value.request is None:
        return data
    request = _bits(value.request.packets, 15) | (0x8000 if value.request.timing else 0)
    return data + request.to_bytes(2, "big")


def _parse_video_orientation(value: bytes) -> VideoOrientation:
    byte = _sized(value, 1)[0]
    return VideoOrientation((byte & 0x03) * 90, byte & 0x04 != 0, byte & 0x08 != 0)


def _build_video_orientation(value: VideoOrientation) -> bytes:
    if value.rotation not in (0, 90, 180, 270):
        raise ValueError(f"rotation {value.rotation} is not a quarter turn in 0..270")
    return bytes(
        [value.rotation // 90 | (4 if value.flip else 0) | (8 if value.back_camera else 0)]
    )


def _parse_playout_delay(value: bytes) -> PlayoutDelay:
    both = int.from_bytes(_sized(value, 3), "big")
    return PlayoutDelay((both >> 12) * 10, (both & 0xFFF) * 10)


def _build_playout_delay(value: PlayoutDelay) -> bytes:
    if value.minimum_ms % 10 or value.maximum_ms % 10:
        raise ValueError("playout delays go in steps of 10 ms")
    both = _bits(value.minimum_ms // 10, 12) << 12 | _bits(value.maximum_ms // 10, 12)
    return both.to_bytes(3, "big")


def _parse_video_timing(value: bytes) -> VideoTiming:
    return VideoTiming(*_VIDEO_TIMING.unpack(_sized(value, _VIDEO_TIMING.size)))


def _parse_capture_time(value: bytes) -> AbsoluteCaptureTime:
    if len(_sized(value, 8, 16)) == 8:
        return AbsoluteCaptureTime(*_CAPTURE_TIME.unpack(value))
    return AbsoluteCaptureTime(*_CAPTURE_TIME_AND_OFFSET.unpack(value))


def _build_capture_time(value: AbsoluteCaptureTime) -> bytes:
    if value.clock_offset is None:
        return _CAPTURE_TIME.pack(value.timestamp)
    return _CAPTURE_TIME_AND_OFFSET.pack(*value)


def _parse_color_space(value: bytes) -> ColorSpace:
    _sized(value, 4, 28)
    return ColorSpace(value[0], value[1], value[2], value[3], value[4:])


def _build_color_space(value: ColorSpace) -> bytes:
    if len(value.hdr) not in (0, 24):
        raise ValueError(f"{len(value.hdr)} bytes of HDR metadata; 24 or none")
    return bytes(value[:4]) + value.hdr


def _parse_inband_cn(value: bytes) -> int | None:
    byte = _sized(value, 1)[0]
    return byte & 0x7F if byte > 0x7F else None


def _build_inband_cn(value: int | None) -> bytes:
    return bytes([0 if value is None else 0x80 | _bits(value, 7)])


def _bits(value: int, width: int) -> int:
    if value >> width:
        raise ValueError(f"{value} does not fit in {width} bits")
    return value


def _unsigned(size: int) -> tuple[Callable[[bytes], int], Callable[[int], bytes]]:
    return (
        lambda value: int.from_bytes(_sized(value, size), "big"),
        lambda value: value.to_bytes(size, "big"),
    )


_CODECS: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], bytes]]] = {
    ExtensionUri.MID: (_parse_mid, lambda value: value.encode("utf-8")),
    ExtensionUri.RTP_STREAM_ID: (_parse_rid, _build_rid),
    ExtensionUri.REPAIRED_RTP_STREAM_ID: (_parse_rid, _build_rid),
    ExtensionUri.AUDIO_LEVEL: (_parse_audio_level, _build_audio_level),
    ExtensionUri.CSRC_AUDIO_LEVEL: (_parse_csrc_levels, _build_csrc_levels),
    ExtensionUri.TRANSMISSION_OFFSET: (
        _parse_transmission_offset,
        lambda value: value.to_bytes(3, "big", signed=True),
    ),
    ExtensionUri.ABS_SEND_TIME: _unsigned(3),
    ExtensionUri.ABS_CAPTURE_TIME: (_parse_capture_time, _build_capture_time),
    ExtensionUri.TRANSPORT_CC: (_parse_transport_cc, _build_transport_cc),
    ExtensionUri.TRANSPORT_CC_02: (_parse_transport_cc_02, _build_transport_cc_02),
    ExtensionUri.VIDEO_ORIENTATION: (_parse_video_orientation, _build_video_orientation),
    ExtensionUri.PLAYOUT_DELAY: (_parse_playout_delay, _build_playout_delay),
    ExtensionUri.VIDEO_CONTENT_TYPE: _unsigned(1),
    ExtensionUri.VIDEO_TIMING: (_parse_video_timing, lambda value: _VIDEO_TIMING.pack(*value)),
    ExtensionUri.VIDEO_FRAME_TRACKING_ID: _unsigned(2),
    ExtensionUri.COLOR_SPACE: (_parse_color_space, _build_color_space),
    ExtensionUri.INBAND_CN: (_parse_inband_cn, _build_inband_cn),
}


def parse_value(uri: str, value: bytes) -> Any:
    """The value of an element of the extension ``uri``; bytes themselves for one unknown here.

    :class:`ParseError`, with the offset in ``value``, when the bytes cannot be that extension's.
    """
    codec = _CODECS.get(uri)
    return value if codec is None else codec[0](value)


def decode_value(uri: str, value: bytes) -> tuple[Any | None, tuple[Problem, ...]]:
    """As :func:`parse_value`, but never raises: None and the problem instead.

    None alone is no failure: it is how an in-band comfort noise element without a level reads.
    """
    try:
        return parse_value(uri, value), ()
    except ParseError as error:
        return None, (Problem(f"{uri}: {error.message}", error.offset, error.expected),)


def build_value(uri: str, value: Any) -> bytes:
    """The bytes of an element of the extension ``uri``; ``ValueError`` when it cannot carry it."""
    codec = _CODECS.get(uri)
    if codec is None:
        return bytes(value)
    try:
        return codec[1](value)
    except (OverflowError, struct_error) as error:
        raise ValueError(f"{uri} cannot carry {value!r}: {error}") from error
