"""What an endpoint is able to that follows the documents of WebRTC.

Required are VP8 and H.264 Constrained Baseline (RFC 7742, 5), Opus, G.711, comfort noise with G.711
and telephone events (RFC 7874, 3), retransmission (RFC 8834, 6.1) and flexible FEC for video (RFC
8854, 7); the other codecs are those that browsers have in common.
"""

from rtckit.jsep.capabilities import Capabilities, CodecCapability, ExtensionCapability

__all__ = ["CAPABILITIES"]

_VIDEO_FEEDBACK = ("nack", "nack pli", "ccm fir", "ccm tmmbr", "transport-cc")
_DTMF = (("0-15", None),)
_H264 = "42e01f"


def _audio(
    number: int,
    name: str,
    clock_rate: int = 8000,
    channels: int = 1,
    fmtp: tuple[tuple[str, str | None], ...] = (),
    feedback: tuple[str, ...] = ("transport-cc",),
) -> CodecCapability:
    return CodecCapability("audio", name, clock_rate, channels, fmtp, feedback, number)


def _video(number: int, name: str, **fmtp: str) -> CodecCapability:
    parameters = tuple((key.replace("_", "-"), value) for key, value in fmtp.items())
    return CodecCapability("video", name, 90000, None, parameters, _VIDEO_FEEDBACK, number)


def _rtx(number: int, apt: int) -> CodecCapability:
    return CodecCapability("video", "rtx", 90000, None, (("apt", str(apt)),), (), number)


_AUDIO = (
    _audio(111, "opus", 48000, 2, (("minptime", "10"), ("useinbandfec", "1"))),
    _audio(63, "red", 48000, 2, (("111/111", None),), ()),
    _audio(9, "G722"),
    _audio(0, "PCMU"),
    _audio(8, "PCMA"),
    _audio(13, "CN", feedback=()),
    _audio(110, "telephone-event", 48000, 1, _DTMF, ()),
    _audio(126, "telephone-event", 8000, 1, _DTMF, ()),
)

_VIDEO = (
    _video(96, "VP8"),
    _rtx(97, 96),
    _video(
        102, "H264", level_asymmetry_allowed="1", packetization_mode="1", profile_level_id=_H264
    ),
    _rtx(103, 102),
    _video(
        104, "H264", level_asymmetry_allowed="1", packetization_mode="0", profile_level_id=_H264
    ),
    _rtx(105, 104),
    _video(98, "VP9", profile_id="0"),
    _rtx(99, 98),
    _video(45, "AV1", level_idx="5", profile="0", tier="0"),
    _rtx(46, 45),
    _video(49, "H265", level_id="93", profile_id="1", tier_flag="0", tx_mode="SRST"),
    _rtx(50, 49),
    CodecCapability("video", "red", 90000, payload_type=116),
    _rtx(117, 116),
    CodecCapability("video", "ulpfec", 90000, payload_type=118),
    CodecCapability(
        "video", "flexfec", 90000, fmtp=(("repair-window", "10000000"),), payload_type=119
    ),
)

_MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
_TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

# RFC 8834, 5.2: mid is required, the audio levels, rids and orientation recommended.
_EXTENSIONS = (
    ExtensionCapability("audio", _MID, id=1),
    ExtensionCapability("audio", "urn:ietf:params:rtp-hdrext:ssrc-audio-level", id=2),
    ExtensionCapability("audio", "urn:ietf:params:rtp-hdrext:csrc-audio-level", "recvonly", id=3),
    ExtensionCapability("audio", _TRANSPORT_CC, id=4),
    ExtensionCapability("video", _MID, id=1),
    ExtensionCapability("video", "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", id=5),
    ExtensionCapability("video", "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", id=6),
    ExtensionCapability("video", _TRANSPORT_CC, id=4),
    ExtensionCapability("video", "urn:3gpp:video-orientation", id=7),
    ExtensionCapability("video", "urn:ietf:params:rtp-hdrext:toffset", id=8),
)

CAPABILITIES = Capabilities((*_AUDIO, *_VIDEO), _EXTENSIONS, max_message_size=262144)
"""Audio before video, the preferred first."""
