"""What aiortc 1.16 can send and receive, as its own offer shows it."""

from rtckit.jsep.capabilities import Capabilities, CodecCapability, ExtensionCapability
from rtckit.jsep.stacks.aiortc.reader import read_parameters
from rtckit.jsep.stacks.aiortc.records import CodecLine, Parameters

__all__ = ["RECORDED", "codec_lines", "extension_lines"]

_MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
_FEEDBACK = ("nack", "nack pli", "goog-remb")


def _h264(profile_level_id: str, payload_type: int) -> CodecCapability:
    parameters = (
        ("level-asymmetry-allowed", "1"),
        ("packetization-mode", "1"),
        ("profile-level-id", profile_level_id),
    )
    return CodecCapability(
        "video", "H264", 90000, None, parameters, _FEEDBACK, payload_type=payload_type
    )


def _rtx(payload_type: int) -> CodecCapability:
    apt = (("apt", str(payload_type - 1)),)
    return CodecCapability("video", "rtx", 90000, None, apt, payload_type=payload_type)


RECORDED = Capabilities(
    codecs=(
        CodecCapability("audio", "opus", 48000, 2, payload_type=96),
        CodecCapability("audio", "G722", 8000, 1, payload_type=9),
        CodecCapability("audio", "PCMU", 8000, 1, payload_type=0),
        CodecCapability("audio", "PCMA", 8000, 1, payload_type=8),
        CodecCapability("video", "VP8", 90000, None, (), _FEEDBACK, payload_type=97),
        _rtx(98),
        _h264("42001f", 99),
        _rtx(100),
        _h264("42e01f", 101),
        _rtx(102),
    ),
    extensions=(
        ExtensionCapability("audio", _MID, id=1),
        ExtensionCapability("audio", "urn:ietf:params:rtp-hdrext:ssrc-audio-level", id=2),
        ExtensionCapability("video", _MID, id=1),
        ExtensionCapability(
            "video", "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", id=3
        ),
    ),
    max_message_size=262144,
    sctp_port=5000,
    extmap_allow_mixed=False,
    rtcp_rsize=False,
    simulcast=False,
)
"""aiortc 1.16.0 with all its codecs."""


def codec_lines(capabilities: Capabilities, kind: str) -> list[CodecLine]:
    """The codecs of a kind as aiortc holds them."""
    return [_codec_line(codec) for codec in capabilities.codecs_of(kind)]


def extension_lines(capabilities: Capabilities, kind: str) -> list[tuple[int, str]]:
    """The header extensions of a kind: id and URI."""
    return [(item.id, item.uri) for item in capabilities.extensions_of(kind)]


def _codec_line(codec: CodecCapability) -> CodecLine:
    parameters: Parameters = read_parameters(codec.fmtp_text) if codec.fmtp else {}
    feedback: list[tuple[str, str | None]] = []
    for text in codec.feedback:
        name, _, parameter = text.partition(" ")
        feedback.append((name, parameter or None))
    return CodecLine(
        codec.payload_type, codec.name, codec.clock_rate, codec.channels, feedback, parameters
    )
