"""RTP packets, header extension elements and their values, as hypothesis draws them."""

from hypothesis import strategies as st

from rtckit.wire.rtp import CRYPTEX_ONE_BYTE, CRYPTEX_TWO_BYTE, RtpPacket
from rtckit.wire.rtp_extension_values import (
    AbsoluteCaptureTime,
    AudioLevel,
    ColorSpace,
    ExtensionUri,
    FeedbackRequest,
    PlayoutDelay,
    TransportSequence,
    VideoOrientation,
    VideoTiming,
)
from rtckit.wire.rtp_extensions import ONE_BYTE, TWO_BYTE, ExtensionElement

u7 = st.integers(0, 0x7F)
u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u24 = st.integers(0, 0xFFFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
u64 = st.integers(0, 0xFFFFFFFFFFFFFFFF)

profiles = st.one_of(
    u16, st.sampled_from([ONE_BYTE, TWO_BYTE, TWO_BYTE | 5, CRYPTEX_ONE_BYTE, CRYPTEX_TWO_BYTE])
)


@st.composite
def rtp_packets(draw: st.DrawFn) -> RtpPacket:
    profile = draw(st.none() | profiles)
    words = st.binary(max_size=40).map(lambda data: data[: len(data) // 4 * 4])
    return RtpPacket(
        payload_type=draw(u7),
        sequence=draw(u16),
        timestamp=draw(u32),
        ssrc=draw(u32),
        payload=draw(st.binary(max_size=64)),
        marker=draw(st.booleans()),
        csrcs=tuple(draw(st.lists(u32, max_size=15))),
        extension_profile=profile,
        extension=b"" if profile is None else draw(words),
        padding_length=draw(st.just(0) | u8),
    )


one_byte_elements = st.lists(
    st.builds(ExtensionElement, st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=8
)
two_byte_elements = st.lists(
    st.builds(ExtensionElement, st.integers(1, 255), st.binary(max_size=255)), max_size=6
)
two_byte_profiles = st.integers(TWO_BYTE, TWO_BYTE | 0xF)

rids = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=99
)

# For each extension with a reader: the values it can carry.
extension_values = {
    ExtensionUri.MID: st.text(max_size=60),
    ExtensionUri.RTP_STREAM_ID: rids,
    ExtensionUri.REPAIRED_RTP_STREAM_ID: rids,
    ExtensionUri.AUDIO_LEVEL: st.builds(AudioLevel, u7, st.booleans()),
    ExtensionUri.CSRC_AUDIO_LEVEL: st.lists(u7, min_size=1, max_size=15).map(tuple),
    ExtensionUri.TRANSMISSION_OFFSET: st.integers(-(1 << 23), (1 << 23) - 1),
    ExtensionUri.ABS_SEND_TIME: u24,
    ExtensionUri.ABS_CAPTURE_TIME: st.builds(
        AbsoluteCaptureTime, u64, st.none() | st.integers(-(1 << 63), (1 << 63) - 1)
    ),
    ExtensionUri.TRANSPORT_CC: st.builds(TransportSequence, u16, st.none()),
    ExtensionUri.TRANSPORT_CC_02: st.builds(
        TransportSequence,
        u16,
        st.none() | st.builds(FeedbackRequest, st.booleans(), st.integers(0, 0x7FFF)),
    ),
    ExtensionUri.VIDEO_ORIENTATION: st.builds(
        VideoOrientation, st.sampled_from([0, 90, 180, 270]), st.booleans(), st.booleans()
    ),
    ExtensionUri.PLAYOUT_DELAY: st.builds(
        PlayoutDelay,
        st.integers(0, 4095).map(lambda steps: steps * 10),
        st.integers(0, 4095).map(lambda steps: steps * 10),
    ),
    ExtensionUri.VIDEO_CONTENT_TYPE: u8,
    ExtensionUri.VIDEO_TIMING: st.builds(VideoTiming, u8, u16, u16, u16, u16, u16, u16),
    ExtensionUri.VIDEO_FRAME_TRACKING_ID: u16,
    ExtensionUri.COLOR_SPACE: st.builds(
        ColorSpace, u8, u8, u8, u8, st.just(b"") | st.binary(min_size=24, max_size=24)
    ),
    ExtensionUri.INBAND_CN: st.none() | u7,
}
