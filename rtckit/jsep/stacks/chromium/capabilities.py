"""What Chromium 156 can send and receive, as its own offers on this machine show it.

A build of Debian without hardware codecs: H264 by openh264 and ffmpeg, no H265. The sets differ by
direction; those of a section that only receives hold more profiles.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from rtckit.jsep.capabilities import Capabilities, CodecCapability, ExtensionCapability
from rtckit.jsep.stacks.chromium.description import AUDIO, VIDEO, Codec

__all__ = ["RECORDED", "VERSION", "Engine", "OwnExtension", "engine_of", "own_capabilities"]

VERSION = "156.0.8078.79"
"""The version that was recorded."""

MOST_MESSAGE_SIZE = 262144
"""The largest data channel message offered, in bytes."""

_VIDEO_FEEDBACK = (
    ("goog-remb", ""),
    ("transport-cc", ""),
    ("ccm", "fir"),
    ("nack", ""),
    ("nack", "pli"),
)


@dataclass(frozen=True, slots=True)
class OwnExtension:
    """A header extension Chromium knows.

    Attributes:
        uri: its name.
        id: the number it is offered under where no other has it.
        offered: whether it is offered without being asked for; one that is not is taken from an
            offer all the same.
        for_simulcast: whether it is offered with simulcast all the same.
    """

    uri: str
    id: int
    offered: bool = True
    for_simulcast: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """The codecs and header extensions of a peer, by kind and direction.

    Attributes:
        audio: the audio codecs, for either direction.
        video_send: the video codecs of a section that sends.
        video_receive: those of one that only receives.
        extensions: the header extensions of each kind.
    """

    audio: tuple[Codec, ...]
    video_send: tuple[Codec, ...]
    video_receive: tuple[Codec, ...]
    extensions: dict[str, tuple[OwnExtension, ...]]

    def codecs(self, kind: str, direction: str) -> tuple[Codec, ...]:
        """Return the codecs of a section of a kind and direction, best first."""
        if kind == AUDIO:
            return self.audio
        return self.video_receive if direction == "recvonly" else self.video_send

    def all_codecs(self, kind: str) -> tuple[Codec, ...]:
        """Return the codecs of a kind for any direction."""
        return self.audio if kind == AUDIO else self.video_receive


def _audio(number: int, name: str, rate: int, channels: int = 1, **more: str) -> Codec:
    return Codec(number, name, rate, channels, dict(more))


def _red(number: int, of: int) -> Codec:
    return Codec(number, "red", 48000, 2, {"": f"{of}/{of}"})


def _video(number: int, name: str, rtx: int | None, parameters: str = "") -> list[Codec]:
    """Return a video codec and the rtx that goes with it."""
    fields = dict(part.split("=") for part in parameters.split(";") if part)
    feedback = [] if name in ("red", "ulpfec") else list(_VIDEO_FEEDBACK)
    codecs = [Codec(number, name, 90000, 0, fields, feedback)]
    if rtx is not None:
        codecs.append(Codec(rtx, "rtx", 90000, 0, {"apt": str(number)}))
    return codecs


def _h264(number: int, rtx: int, profile: str, mode: int) -> list[Codec]:
    return _video(
        number,
        "H264",
        rtx,
        f"level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}",
    )


_VP8 = _video(96, "VP8", 97)
_VP9 = [*_video(98, "VP9", 99, "profile-id=0"), *_video(100, "VP9", 101, "profile-id=2")]
_VP9_MORE = [*_video(35, "VP9", 36, "profile-id=1"), *_video(37, "VP9", 38, "profile-id=3")]
_H264 = [
    *_h264(102, 103, "42001f", 1),
    *_h264(104, 107, "42001f", 0),
    *_h264(108, 109, "42e01f", 1),
    *_h264(114, 115, "42e01f", 0),
    *_h264(116, 117, "4d001f", 1),
    *_h264(39, 40, "4d001f", 0),
]
_H264_MORE = [*_h264(41, 42, "f4001f", 1), *_h264(43, 44, "f4001f", 0)]
_AV1 = _video(45, "AV1", 46, "level-idx=5;profile=0;tier=0")
_AV1_MORE = _video(47, "AV1", 48, "level-idx=5;profile=1;tier=0")
_FEC = [*_video(118, "red", 119), *_video(120, "ulpfec", None)]
_FLEXFEC = Codec(
    49,
    "flexfec-03",
    90000,
    0,
    {"repair-window": "10000000"},
    [("goog-remb", ""), ("transport-cc", "")],
)

_SDES = "urn:ietf:params:rtp-hdrext:sdes:"
_GOOGLE = "http://www.webrtc.org/experiments/rtp-hdrext/"
MID_URI = _SDES + "mid"
RID_URI = _SDES + "rtp-stream-id"
REPAIRED_RID_URI = _SDES + "repaired-rtp-stream-id"
ABS_CAPTURE_TIME = _GOOGLE + "abs-capture-time"
FRAME_DESCRIPTOR = _GOOGLE + "generic-frame-descriptor-00"
LAYERS_ALLOCATION = _GOOGLE + "video-layers-allocation00"
DEPENDENCY_DESCRIPTOR = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
_TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

RECORDED = Engine(
    audio=(
        Codec(
            111,
            "opus",
            48000,
            2,
            {"minptime": "10", "useinbandfec": "1"},
            [("transport-cc", "")],
        ),
        _red(63, 111),
        _audio(9, "G722", 8000),
        _audio(0, "PCMU", 8000),
        _audio(8, "PCMA", 8000),
        _audio(13, "CN", 8000),
        _audio(110, "telephone-event", 48000),
        _audio(126, "telephone-event", 8000),
    ),
    video_send=(*_VP8, *_H264, *_AV1, *_VP9, *_FEC),
    video_receive=(
        *(*_VP8, *_VP9, *_VP9_MORE, *_H264, *_H264_MORE, *_AV1, *_AV1_MORE, *_FEC),
        _FLEXFEC,
    ),
    extensions={
        AUDIO: (
            OwnExtension("urn:ietf:params:rtp-hdrext:ssrc-audio-level", 1),
            OwnExtension(_GOOGLE + "abs-send-time", 2),
            OwnExtension(_TRANSPORT_CC, 3),
            OwnExtension(MID_URI, 4),
            OwnExtension(ABS_CAPTURE_TIME, 5, offered=False),
        ),
        VIDEO: (
            OwnExtension("urn:ietf:params:rtp-hdrext:toffset", 1),
            OwnExtension(_GOOGLE + "abs-send-time", 2),
            OwnExtension("urn:3gpp:video-orientation", 3),
            OwnExtension(_TRANSPORT_CC, 4),
            OwnExtension(_GOOGLE + "playout-delay", 5),
            OwnExtension(_GOOGLE + "video-content-type", 6),
            OwnExtension(_GOOGLE + "video-timing", 7),
            OwnExtension(_GOOGLE + "color-space", 8),
            OwnExtension(MID_URI, 9),
            OwnExtension(RID_URI, 10),
            OwnExtension(REPAIRED_RID_URI, 11),
            OwnExtension(_GOOGLE + "corruption-detection", 12, offered=False),
            OwnExtension(ABS_CAPTURE_TIME, 13, offered=False),
            OwnExtension(FRAME_DESCRIPTOR, 14, offered=False),
            OwnExtension(DEPENDENCY_DESCRIPTOR, 13, offered=False, for_simulcast=True),
            OwnExtension(LAYERS_ALLOCATION, 14, offered=False, for_simulcast=True),
        ),
    },
)
"""The tables of the recorded version."""


@lru_cache(maxsize=16)
def engine_of(capabilities: Capabilities | None) -> Engine:
    """Return the tables for given capabilities; those of Chromium 156 for None."""
    if capabilities is None:
        return RECORDED
    video = [(each, _codec_of(each)) for each in capabilities.codecs if each.kind == VIDEO]
    known = {
        (kind, extension.uri): extension
        for kind, extensions in RECORDED.extensions.items()
        for extension in extensions
    }
    extensions: dict[str, tuple[OwnExtension, ...]] = {}
    for kind in (AUDIO, VIDEO):
        given = [
            OwnExtension(each.uri, each.id or 1)
            for each in capabilities.extensions
            if each.kind == kind
        ]
        names = {each.uri for each in given}
        extensions[kind] = (
            *given,
            *(
                replace(extension, offered=False)
                for (other, uri), extension in known.items()
                if other == kind and not extension.offered and uri not in names
            ),
        )
    return Engine(
        tuple(_codec_of(each) for each in capabilities.codecs if each.kind == AUDIO),
        tuple(codec for each, codec in video if each.sends),
        tuple(codec for each, codec in video if each.receives),
        extensions,
    )


def _codec_of(capability: CodecCapability) -> Codec:
    """Return a capability as libwebrtc keeps a codec; what has no ``=`` goes by an empty name."""
    parameters = {}
    for name, value in capability.fmtp:
        parameters["" if value is None else name] = name if value is None else value
    feedback = []
    for text in capability.feedback:
        name, _, parameter = text.partition(" ")
        feedback.append((name, parameter))
    channels = (capability.channels or 1) if capability.kind == AUDIO else 0
    return Codec(
        capability.payload_type,
        capability.name,
        capability.clock_rate,
        channels,
        parameters,
        feedback,
    )


@cache
def own_capabilities() -> Capabilities:
    """Return what Chromium 156 can do, in the form all stacks share."""
    sending = {codec.payload_type for codec in RECORDED.video_send}
    codecs = [
        *_capabilities_of(AUDIO, RECORDED.audio, {c.payload_type for c in RECORDED.audio}),
        *_capabilities_of(VIDEO, RECORDED.video_receive, sending),
    ]
    extensions = [
        ExtensionCapability(kind, each.uri, "sendrecv", each.id)
        for kind, known in RECORDED.extensions.items()
        for each in known
        if each.offered
    ]
    return Capabilities(tuple(codecs), tuple(extensions), max_message_size=MOST_MESSAGE_SIZE)


def _capabilities_of(
    kind: str, codecs: Iterable[Codec], sending: set[int]
) -> Iterable[CodecCapability]:
    for codec in codecs:
        yield CodecCapability(
            kind,
            codec.name,
            codec.clock_rate,
            codec.channels if kind == AUDIO else None,
            tuple(
                (value, None) if not name else (name, value)
                for name, value in codec.parameters.items()
            ),
            tuple(" ".join(part for part in each if part) for each in codec.feedback),
            codec.payload_type,
            "sendrecv" if codec.payload_type in sending else "recvonly",
        )
