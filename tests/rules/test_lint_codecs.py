"""The rules for codecs and data channels; columns are counted by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import PROFILES, all_rules
from rtckit.rules.lint import LintedDescription
from rtckit.rules.sdp_h264 import h264_level, h264_profile
from rtckit.sdp.document import parse
from tests.growth import assert_linear
from tests.rules.linting import SESSION, places, severities

H264 = ("m=video 9 UDP/TLS/RTP/SAVPF 102", "a=rtpmap:102 H264/90000")
OPUS = ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2")
FAMILIES = ("BUNDLE", "RTP", "CODEC", "DATA")
RULES = [rule for rule in all_rules() if rule.subject == "sdp" and rule.family in FAMILIES]


# RFC 6184, 8.1, table 5, with bits of our own for its "x".
@pytest.mark.parametrize(
    ("number", "profile"),
    [
        ("42e01f", "Constrained Baseline"),
        ("42401f", "Constrained Baseline"),
        ("42F00A", "Constrained Baseline"),
        ("4d801f", "Constrained Baseline"),
        ("4df01f", "Constrained Baseline"),
        ("58c01f", "Constrained Baseline"),
        ("58f01f", "Constrained Baseline"),
        ("42001f", "Baseline"),
        ("42a01f", "Baseline"),
        ("58801f", "Baseline"),
        ("4d001f", "Main"),
        ("4d401f", "Main"),
        ("58001f", "Extended"),
        ("64001f", "High"),
        ("640c1f", "Constrained High"),
        ("6e001f", "High 10"),
        ("7a001f", "High 4:2:2"),
        ("f4001f", "High 4:4:4 Predictive"),
        ("6e101f", "High 10 Intra"),
        ("f4101f", "High 4:4:4 Intra"),
        ("2c101f", "CAVLC 4:4:4 Intra"),
        ("42e11f", None),
        ("4d201f", None),
        ("64e01f", None),
        ("2c001f", None),
        ("00001f", None),
        ("42e0", None),
        ("42e01g", None),
    ],
)
def test_profiles_of_h264(number: str, profile: str | None) -> None:
    assert h264_profile(number) == profile


# RFC 6184, 8.2.2: 1b has two spellings.
@pytest.mark.parametrize(
    ("number", "level"),
    [
        ("42e01f", "3.1"),
        ("42e00a", "1"),
        ("42e00b", "1.1"),
        ("42f00b", "1b"),
        ("4d500b", "1b"),
        ("640009", "1b"),
        ("64100b", "1.1"),
        ("42e009", None),
        ("42e028", "4"),
        ("42e034", "5.2"),
        ("42e031", None),
        ("42e0ff", None),
    ],
)
def test_levels_of_h264(number: str, level: str | None) -> None:
    assert h264_level(number) == level


def test_the_parameter_at_fault_has_the_place() -> None:
    # The last of repeated parameters counts; names compare without case; blanks are passed over.
    line = "a=fmtp:102 profile-level-id=42e01f; Profile-Level-ID = 42e01 ;packetization-mode=1"
    assert places("CODEC001", *H264, line) == [(3, 56, 61)]
    assert places("CODEC001", *H264, "a=fmtp:102 profile-level-id") == [(3, 12, 28)]
    assert places("CODEC001", *H264, "a=fmtp:102 x=1;profile-level-id=") == [(3, 33, 34)]


def test_h264_without_parameters_points_at_what_there_is() -> None:
    assert places("CODEC003", *H264) == [(2, 10, 24)]
    assert places("CODEC003", *H264, "a=fmtp:102 packetization-mode=1") == [(3, 12, 32)]


def test_the_interleaved_mode_is_the_standards_only() -> None:
    line = "a=fmtp:102 profile-level-id=42e01f;packetization-mode=2"
    assert places("CODEC004", *H264, line, profile="rfc") == []
    assert severities("CODEC004", *H264, line) == [Severity.WARNING]
    assert severities("CODEC004", *H264, line.replace("=2", "=9")) == [Severity.ERROR]
    assert places("CODEC004", *H264, "a=fmtp:102 profile-level-id=42e01f") == []


def test_opus_has_one_spelling() -> None:
    for encoding in ("opus/48000", "opus/48000/1", "opus/16000/2", "OPUS/8000"):
        end = 14 + len(encoding)
        assert places("CODEC012", OPUS[0], f"a=rtpmap:111 {encoding}") == [(2, 10, end)], encoding
    assert places("CODEC012", OPUS[0], "a=rtpmap:111 OPUS/48000/2") == []
    # Two streams in one packet are another codec.
    assert places("CODEC012", OPUS[0], "a=rtpmap:111 multiopus/48000/6") == []


def test_parameters_of_opus_at_the_edges_of_their_ranges() -> None:
    good = "maxplaybackrate=8000;sprop-maxcapturerate=48000;maxaveragebitrate=510000;stereo=1"
    assert places("CODEC013", *OPUS, f"a=fmtp:111 {good};minptime=10;usedtx=0") == []
    bad = "maxplaybackrate=7999;maxaveragebitrate=510001;stereo=2;cbr=on;useinbandfec"
    assert places("CODEC013", *OPUS, f"a=fmtp:111 {bad}") == [
        (3, 28, 32),
        (3, 51, 57),
        (3, 65, 66),
        (3, 71, 73),
        (3, 74, 86),
    ]


def test_retransmission_of_retransmission() -> None:
    video = ("m=video 9 RTP/SAVPF 96 97 98", "a=rtpmap:96 VP8/90000")
    rtx = ("a=rtpmap:97 rtx/90000", "a=rtpmap:98 rtx/90000")
    good = (*video, *rtx, "a=fmtp:97 apt=96;rtx-time=3000", "a=fmtp:98 rtx-time=1;apt=96")
    assert places("CODEC016", *good) == []
    assert places("CODEC016", *video, *rtx, "a=fmtp:97 apt=98", "a=fmtp:98 apt=x") == [
        (5, 15, 17),
        (6, 15, 16),
    ]
    assert places("CODEC016", *video, *rtx, "a=fmtp:97 apt=97") == [(5, 15, 17), (4, 10, 22)]


def test_retransmission_of_a_codec_without_a_readable_rtpmap() -> None:
    lines = ("m=video 9 RTP/SAVPF 96 97", "a=rtpmap:96 VP8/0", "a=rtpmap:97 rtx/90000")
    assert severities("CODEC016", *lines, "a=fmtp:97 apt=96") == [Severity.WARNING]
    assert severities("CODEC016", *lines, "a=fmtp:97 apt=98") == [Severity.ERROR]


def test_retransmission_may_stand_before_its_codec() -> None:
    lines = ("m=video 9 RTP/SAVPF 97 96", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96")
    assert places("CODEC016", *lines, "a=rtpmap:96 VP8/90000") == []
    assert places("CODEC017", *lines, "a=rtpmap:96 VP8/8000") == [(2, 10, 22)]


def test_sections_without_media() -> None:
    rtx = ("m=video 9 RTP/SAVPF 97", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96")
    assert places("CODEC018", *rtx) == [(1, 1, 23)]
    assert places("CODEC018", "m=audio 9 RTP/SAVPF 13") == [(1, 1, 23)]
    assert places("CODEC018", "m=audio 0 RTP/SAVPF 13") == [], "rejected"
    assert places("CODEC018", "m=audio 9 RTP/SAVPF 0 13") == []
    # Payload types that say nothing are another rule's.
    assert places("CODEC018", "m=audio 9 RTP/SAVPF 111") == []


def test_redundancy() -> None:
    audio = ("m=audio 9 RTP/SAVPF 63 111 0", "a=rtpmap:111 opus/48000/2")
    assert places("CODEC019", *audio, "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111") == []
    assert places("CODEC019", *audio, "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/0") == [(4, 11, 16)]
    video = ("m=video 9 RTP/SAVPF 96 100", "a=rtpmap:96 VP8/90000", "a=rtpmap:100 red/90000")
    assert places("CODEC019", *video) == []


def test_telephone_events() -> None:
    audio = ("m=audio 9 RTP/SAVPF 0 101", "a=rtpmap:101 telephone-event/8000")
    for events in ("0-15", "0-15,66,70", "0", "5,3-4"):
        assert places("CODEC021", *audio, f"a=fmtp:101 {events}") == [], events
    for events in ("0-15, 66", "15-0", "0-256", "a-b", "0-15;66"):
        end = 12 + len(events)
        assert places("CODEC021", *audio, f"a=fmtp:101 {events}") == [(3, 12, end)], events
    other = ("m=audio 9 RTP/SAVPF 111 101", OPUS[1], "a=rtpmap:101 telephone-event/8000")
    assert severities("CODEC021", *other) == [Severity.INFO]


def test_comfort_noise_of_no_clock() -> None:
    assert places("CODEC022", "m=audio 9 RTP/SAVPF 0 13") == []
    assert places("CODEC022", "m=audio 9 RTP/SAVPF 111 13", OPUS[1]) == [(1, 25, 27)]


def test_codecs_that_differ_in_a_parameter_are_two() -> None:
    lines = ("m=video 9 RTP/SAVPF 98 100", "a=rtpmap:98 VP9/90000", "a=rtpmap:100 VP9/90000")
    assert places("CODEC023", *lines, "a=fmtp:100 profile-id=2") == []
    assert places("CODEC023", *lines) == [(3, 10, 23)]


def test_video_parameters() -> None:
    vp9 = ("m=video 9 RTP/SAVPF 98", "a=rtpmap:98 VP9/90000")
    assert places("CODEC007", *vp9, "a=fmtp:98 profile-id=3") == []
    assert places("CODEC007", *vp9, "a=fmtp:98 profile-id=two") == [(3, 22, 25)]
    av1 = ("m=video 9 RTP/SAVPF 45", "a=rtpmap:45 AV1/90000")
    assert places("CODEC008", *av1, "a=fmtp:45 level-idx=31;profile=2;tier=1") == []
    assert places("CODEC008", *av1, "a=fmtp:45 level-idx=24;profile=3;tier=2") == [
        (3, 32, 33),
        (3, 21, 23),
        (3, 39, 40),
    ]


def test_what_is_no_number_is_told_at_once() -> None:
    # The range of max-fs has two thousand million numbers.
    vp8 = ("m=video 9 RTP/SAVPF 96", "a=rtpmap:96 VP8/90000", "a=fmtp:96 max-fs=x;max-fr=")
    assert places("CODEC011", *vp8) == [(3, 27, 28), (3, 18, 19)]


def test_data_channels() -> None:
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
    old = ("m=application 9 DTLS/SCTP 5000", "a=sctpmap:5000 webrtc-datachannel 1024")
    assert places("DATA001", *old) == []
    assert places("DATA006", *old) == [(1, 17, 26)]
    assert places("DATA009", *old) == []
    mixed = (data, old[1])
    assert places("DATA001", *mixed) == []
    assert places("DATA006", *mixed) == [(2, 3, 39)]
    assert places("DATA005", "m=audio 9 UDP/DTLS/SCTP webrtc-datachannel") == [(1, 3, 8)]
    assert places("DATA005", f"{data} x") == [(1, 50, 51)]
    assert places("DATA007", data, data.replace(" 9 ", " 0 ")) == []


def test_numbers_of_data_channels() -> None:
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
    for value, severity in (
        ("5000", None),
        ("65535", None),
        ("0", "warning"),
        ("05000", "warning"),
    ):
        expected = [severity] if severity else []
        assert severities("DATA002", data, f"a=sctp-port:{value}") == expected, value
    for value in ("65536", "-1", "5000x", "webrtc"):
        assert severities("DATA002", data, f"a=sctp-port:{value}") == ["error"], value
    assert severities("DATA004", data, "a=max-message-size:0") == []
    assert severities("DATA004", data, "a=max-message-size:1e6") == ["error"]
    assert severities("DATA004", data, "a=max-message-size:064") == ["warning"]


LINES = st.sampled_from(
    [line for rule in RULES for line in (rule.fires_on + "\n" + rule.silent_on).split("\n")]
)
PIECES = st.text(st.sampled_from("abz019 ;:,=~/-*[]\t\0é\ud800"), max_size=6)


@st.composite
def mutated_lines(draw: st.DrawFn) -> str:
    """A line of some rule's example with something put in, or cut off."""
    line = draw(LINES)
    at = draw(st.integers(0, len(line)))
    kept = draw(st.integers(at, len(line)))
    return line[:at] + draw(PIECES) + line[kept:]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(LINES, mutated_lines()), max_size=14), st.sampled_from(PROFILES))
def test_no_rule_raises_and_every_place_is_in_the_text(lines: list[str], profile: str) -> None:
    text = "".join(f"{line}\r\n" for line in (*SESSION, *lines))
    description = LintedDescription(parse(text), None, None, profile)
    for rule in RULES:
        for hit in rule.function(description):
            place = hit.location
            assert hit.message
            assert place.line is not None
            assert 1 <= place.line <= len(description.lines)
            assert place.column is not None
            assert place.end_column is not None
            assert 1 <= place.column < place.end_column
            assert place.end_column <= max(2, len(description.lines[place.line - 1]) + 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: ["a=group:BUNDLE " + " ".join(str(i) for i in range(n))],
        lambda n: [f"m=audio 9 RTP/SAVPF 0\r\na=mid:{i}" for i in range(n)],
        lambda n: ["m=video 9 RTP/SAVPF 96", *[f"a=ssrc:{i} cname:c" for i in range(n)]],
        lambda n: ["m=video 9 RTP/SAVPF 96", *[f"a=extmap:{i} urn:x{i}" for i in range(n)]],
        lambda n: ["m=video 9 RTP/SAVPF 96", *[f"a=rtcp-fb:97 x{i}" for i in range(n)]],
        lambda n: [
            "m=video 9 RTP/SAVPF 96",
            "a=simulcast:send " + ";".join("abc" for _ in range(n)),
        ],
        lambda n: ["m=video 9 RTP/SAVPF 96", "a=ssrc-group:FID " + " ".join(["7"] * n)],
        lambda n: ["m=video 9 RTP/SAVPF 96", "a=rtpmap:96 red/90000", "a=fmtp:96 " + "1/" * n],
        lambda n: ["m=video 9 RTP/SAVPF 96", "a=rid:a send depend=" + ",".join(["b"] * n)],
        lambda n: ["a=extmap:1 urn:a"] * n + ["m=video 9 RTP/SAVPF 96"] * n,
    ],
)
def test_time_is_linear(make: object) -> None:
    assert callable(make)

    def check(count: int) -> None:
        text = "".join(f"{line}\r\n" for line in (*SESSION, *make(count)))
        description = LintedDescription(parse(text))
        for rule in RULES:
            for _ in rule.function(description):
                pass

    assert_linear(check, 4000)
