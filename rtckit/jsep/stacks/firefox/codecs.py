"""The codecs Firefox ESR offers to share, and which formats of a section it takes for them.

H264 is a plug-in that a fresh profile has not yet downloaded, as on the machines measured.
"""

from rtckit.jsep.stacks.firefox.description import Section

_AUDIO = {
    ("opus", 48000, 2),
    ("g722", 8000, 1),
    ("pcmu", 8000, 1),
    ("pcma", 8000, 1),
    ("telephone-event", 8000, 1),
}
_VIDEO = {"vp8", "vp9", "av1"}
_VIDEO_CLOCK = 90000
_STATIC = ("9", "0", "8")  # G722, PCMU, PCMA, known without an rtpmap
_DATA_CHANNEL = "webrtc-datachannel"


def is_negotiable(section: Section) -> bool:
    """Whether a section has anything in common with Firefox.

    For sound and pictures a codec that stands by itself: rtx, red and ulpfec alone do not count.
    For data channels the name of the protocol with a port of SCTP other than 0.
    """
    if section.media == "application":
        if section.formats[:1] == [_DATA_CHANNEL] and section.sctp_port:
            return True
        return bool(section.sctp_maps) and section.sctp_maps[0].protocol.lower() == _DATA_CHANNEL
    return any(_is_known(section, payload_type) for payload_type in section.formats)


def _is_known(section: Section, payload_type: str) -> bool:
    """Whether a format is a codec of Firefox."""
    codec = section.codec(payload_type)
    if section.media == "audio":
        if codec is None:
            return payload_type in _STATIC
        return (codec.name.lower(), codec.clock_rate, codec.channels) in _AUDIO
    if section.media == "video":
        return (
            codec is not None and codec.name.lower() in _VIDEO and codec.clock_rate == _VIDEO_CLOCK
        )
    return False
