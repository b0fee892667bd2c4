"""Values of header extensions: bytes by hand from each specification, and aiortc's reading."""

from typing import Any

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
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
    abs_send_time,
    abs_send_time_ns,
    build_value,
    decode_value,
    parse_value,
)
from rtckit.wire.rtp_extensions import build_extensions, profile_for
from tests.strategies.rtp import extension_values

BY_HAND = [
    (ExtensionUri.MID, b"audio".hex(), "audio"),
    (ExtensionUri.MID, "", ""),
    (ExtensionUri.RTP_STREAM_ID, b"hi1".hex(), "hi1"),
    # RFC 6464, 3: V in the top bit, then -dBov. 0x85: voice at -5 dBov; 0x7f: silence.
    (ExtensionUri.AUDIO_LEVEL, "85", AudioLevel(5, True)),
    (ExtensionUri.AUDIO_LEVEL, "7f", AudioLevel(127, False)),
    (ExtensionUri.CSRC_AUDIO_LEVEL, "00057f", (0, 5, 127)),
    # RFC 5450, 3: 24 bits, signed. ffff9c: -100.
    (ExtensionUri.TRANSMISSION_OFFSET, "ffff9c", -100),
    (ExtensionUri.ABS_SEND_TIME, "040000", 1 << 18),
    (ExtensionUri.TRANSPORT_CC, "0102", TransportSequence(0x0102)),
    (ExtensionUri.TRANSPORT_CC_02, "0102", TransportSequence(0x0102)),
    # T=1, 5 packets: 0x8000 | 5.
    (ExtensionUri.TRANSPORT_CC_02, "01028005", TransportSequence(0x0102, FeedbackRequest(True, 5))),
    # 3GPP TS 26.114, 7.4.5: 0000 C F R1 R0.
    (ExtensionUri.VIDEO_ORIENTATION, "00", VideoOrientation(0)),
    (ExtensionUri.VIDEO_ORIENTATION, "0d", VideoOrientation(90, True, True)),
    (ExtensionUri.VIDEO_ORIENTATION, "03", VideoOrientation(270)),
    # MIN 10 = 0x00a, MAX 40 = 0x028 in steps of 10 ms.
    (ExtensionUri.PLAYOUT_DELAY, "00a028", PlayoutDelay(100, 400)),
    (ExtensionUri.PLAYOUT_DELAY, "ffffff", PlayoutDelay(40950, 40950)),
    (ExtensionUri.VIDEO_CONTENT_TYPE, "01", 1),
    (
        ExtensionUri.VIDEO_TIMING,
        "01 0001 0014 0015 0020 0000 0000",
        VideoTiming(1, 1, 20, 21, 32, 0, 0),
    ),
    (ExtensionUri.VIDEO_FRAME_TRACKING_ID, "002a", 42),
    (ExtensionUri.ABS_CAPTURE_TIME, "b44db705 20000000", AbsoluteCaptureTime(0xB44DB70520000000)),
    # The offset is signed 32.32: -1/2 s is ffffffff 80000000.
    (
        ExtensionUri.ABS_CAPTURE_TIME,
        "b44db705 20000000 ffffffff 80000000",
        AbsoluteCaptureTime(0xB44DB70520000000, -(1 << 31)),
    ),
    # BT.709 is 1 in all three tables; range 1 << 4.
    (ExtensionUri.COLOR_SPACE, "01010110", ColorSpace(1, 1, 1, 0x10)),
    (ExtensionUri.COLOR_SPACE, "01010110" + "00" * 24, ColorSpace(1, 1, 1, 0x10, bytes(24))),
    (ExtensionUri.INBAND_CN, "b4", 0x34),
    (ExtensionUri.INBAND_CN, "00", None),
    (ExtensionUri.FRAME_MARKING, "c00102", b"\xc0\1\2"),
    ("urn:example:unknown", "c00102", b"\xc0\1\2"),
]


@pytest.mark.parametrize(("uri", "data", "value"), BY_HAND)
def test_by_hand(uri: str, data: str, value: Any) -> None:
    octets = bytes.fromhex(data)
    assert parse_value(uri, octets) == value
    assert decode_value(uri, octets) == (value, ())
    assert build_value(uri, value) == octets


@pytest.mark.parametrize(
    ("uri", "data", "offset"),
    [
        (ExtensionUri.MID, "61ff", 1),
        (ExtensionUri.RTP_STREAM_ID, "612d", 1),  # a hyphen: RFC 8852 allows none
        (ExtensionUri.RTP_STREAM_ID, "", 0),
        (ExtensionUri.AUDIO_LEVEL, "8500", 0),
        (ExtensionUri.CSRC_AUDIO_LEVEL, "00" * 16, 0),
        (ExtensionUri.TRANSMISSION_OFFSET, "ff9c", 0),
        (ExtensionUri.TRANSPORT_CC, "01028005", 0),
        (ExtensionUri.VIDEO_TIMING, "00" * 12, 0),
        (ExtensionUri.COLOR_SPACE, "00" * 5, 0),
    ],
)
def test_wrong_bytes(uri: str, data: str, offset: int) -> None:
    octets = bytes.fromhex(data)
    with pytest.raises(ParseError) as caught:
        parse_value(uri, octets)
    assert caught.value.offset == offset
    value, problems = decode_value(uri, octets)
    assert value is None
    assert [problem.offset for problem in problems] == [offset]
    assert problems[0].message.startswith(uri)


@pytest.mark.parametrize(
    ("uri", "value"),
    [
        (ExtensionUri.RTP_STREAM_ID, "a-b"),
        (ExtensionUri.AUDIO_LEVEL, AudioLevel(128, True)),
        (ExtensionUri.CSRC_AUDIO_LEVEL, ()),
        (ExtensionUri.TRANSMISSION_OFFSET, 1 << 23),
        (ExtensionUri.TRANSPORT_CC, TransportSequence(1, FeedbackRequest(True, 1))),
        (ExtensionUri.TRANSPORT_CC_02, TransportSequence(1, FeedbackRequest(True, 1 << 15))),
        (ExtensionUri.VIDEO_ORIENTATION, VideoOrientation(45)),
        (ExtensionUri.PLAYOUT_DELAY, PlayoutDelay(5, 10)),
        (ExtensionUri.PLAYOUT_DELAY, PlayoutDelay(0, 40960)),
        (ExtensionUri.ABS_CAPTURE_TIME, AbsoluteCaptureTime(1 << 64)),
        (ExtensionUri.VIDEO_TIMING, VideoTiming(0, 65536, 0, 0, 0)),
        (ExtensionUri.COLOR_SPACE, ColorSpace(1, 1, 1, 1, b"short")),
        (ExtensionUri.INBAND_CN, 128),
    ],
)
def test_what_does_not_fit_is_not_built(uri: str, value: Any) -> None:
    with pytest.raises(ValueError):
        build_value(uri, value)


def test_abs_send_time() -> None:
    # NTP second 1, fraction 1/2: 0x1_8000_0000 >> 14 = 0x60000 = 1.5 * 2^18.
    assert abs_send_time(0x1_8000_0000) == 0x60000
    assert abs_send_time(0xFFFFFFFF_FFFFFFFF) == 0xFFFFFF
    assert abs_send_time_ns(0x60000) == 1_500_000_000
    assert abs_send_time_ns(1) == 3815  # 10^9 / 2^18 = 3814.7


@pytest.mark.parametrize("uri", sorted(extension_values))
@given(st.data())
def test_round_trip(uri: ExtensionUri, data: st.DataObject) -> None:
    value = data.draw(extension_values[uri])
    assert parse_value(uri, build_value(uri, value)) == value


@given(st.sampled_from(list(ExtensionUri)), st.binary(max_size=40))
def test_any_bytes(uri: str, data: bytes) -> None:
    value, problems = decode_value(uri, data)
    if problems:
        with pytest.raises(ParseError):
            parse_value(uri, data)
        return
    assert parse_value(uri, data) == value
    assert parse_value(uri, build_value(uri, value)) == value


_AIORTC = {
    ExtensionUri.MID: "mid",
    ExtensionUri.RTP_STREAM_ID: "rtp_stream_id",
    ExtensionUri.REPAIRED_RTP_STREAM_ID: "repaired_rtp_stream_id",
    ExtensionUri.ABS_SEND_TIME: "abs_send_time",
    ExtensionUri.TRANSMISSION_OFFSET: "transmission_offset",
    ExtensionUri.AUDIO_LEVEL: "audio_level",
    ExtensionUri.TRANSPORT_CC: "transport_sequence_number",
}


@given(st.fixed_dictionaries({uri: extension_values[uri] for uri in _AIORTC}))
def test_aiortc_reads_the_same(values: dict[ExtensionUri, Any]) -> None:
    known = HeaderExtensionsMap()
    ids = {uri: number for number, uri in enumerate(_AIORTC, 1)}
    known.configure(
        RTCRtpParameters(
            headerExtensions=[
                RTCRtpHeaderExtensionParameters(id=number, uri=str(uri))
                for uri, number in ids.items()
            ]
        )
    )
    elements = [(ids[uri], build_value(uri, value)) for uri, value in values.items()]
    profile = profile_for(elements)
    read = known.get(profile, build_extensions(profile, elements))
    for uri, name in _AIORTC.items():
        value = values[uri]
        if uri == ExtensionUri.AUDIO_LEVEL:
            value = (value.voice, value.level)
        elif uri == ExtensionUri.TRANSPORT_CC:
            value = value.sequence
        assert getattr(read, name) == value, uri
