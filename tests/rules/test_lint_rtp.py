"""Places and tricky cases of the rules for RTP: multiplexing, feedback, sources, extensions."""

from rtckit.core.findings import Severity
from tests.rules.linting import places, severities

VIDEO = ("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000")
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


def test_rtcp_mux_is_asked_of_sections_in_use() -> None:
    assert places("RTP001", "m=audio 9 RTP/AVP 0") == [(1, 1, 20)]
    assert places("RTP001", "m=audio 0 RTP/AVP 0") == []
    assert places("RTP001", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel") == []


def test_a_section_with_rtcp_mux_only_is_told_once() -> None:
    lines = ("m=audio 9 RTP/AVP 0", "a=rtcp-mux-only")
    assert places("RTP001", *lines) == []
    assert places("RTP002", *lines) == [(2, 3, 16)]


def test_payload_types_of_rtcp_at_both_ends_of_the_range() -> None:
    media = "m=audio 9 RTP/SAVPF 63 64 95 96"
    maps = [f"a=rtpmap:{number} x{number}/8000" for number in (63, 64, 95, 96)]
    assert places("RTP003", media, *maps, "a=rtcp-mux") == [(1, 24, 26), (1, 27, 29)]
    assert places("RTP003", media, *maps) == []
    # A payload type that stands for nothing is left out by browsers, not refused.
    assert severities("RTP003", media, "a=rtcp-mux") == [Severity.WARNING] * 2


def test_feedback_names_its_payload_type() -> None:
    lines = (*VIDEO, "a=rtcp-fb:* nack", "a=rtcp-fb:98 nack pli", "a=rtcp-fb:9 nack")
    assert places("RTP041", *lines) == [(5, 11, 13), (6, 11, 12)]


def test_known_feedback() -> None:
    good = (
        "nack",
        "nack pli",
        "ccm fir",
        "ccm tmmbr smaxpr=120",
        "ccm vbcm 1 2",
        "trr-int 100",
        "transport-cc",
        "goog-remb",
        "ack ccfb",
        "nack app ecn",
    )
    assert places("RTP043", *VIDEO, *[f"a=rtcp-fb:96 {item}" for item in good]) == []
    bad = ("nackpli", "ccm pli", "trr-int", "NACK", "ack")
    found = places("RTP043", *VIDEO, *[f"a=rtcp-fb:96 {item}" for item in bad])
    assert found == [(4, 14, 21), (5, 14, 21), (6, 14, 21), (7, 14, 18), (8, 14, 17)]


def test_feedback_of_another_section_is_no_repetition() -> None:
    section = (*VIDEO, "a=rtcp-fb:96 nack")
    assert places("RTP045", *section, *section) == []
    assert places("RTP045", *section, "a=rtcp-fb:96  nack") == [(5, 3, 19)]


def test_ssrc_numbers() -> None:
    media = "m=audio 9 RTP/AVP 0"
    assert places("RTP031", media, "a=ssrc:4294967295 cname:c") == []
    assert places("RTP031", media, "a=ssrc:0x3e9 cname:c") == [(2, 8, 13)]
    assert severities("RTP031", media, "a=ssrc:0 cname:c") == [Severity.WARNING]
    assert places("RTP031", media, "a=ssrc:-5 cname:c") == [(2, 8, 10)]


def test_a_source_attribute_without_a_value_is_chromiums_error_only() -> None:
    lines = ("m=audio 9 RTP/AVP 0", "a=ssrc:1 cname:c", "a=ssrc:1 muted")
    assert places("RTP032", *lines, profile="rfc") == []
    assert severities("RTP032", *lines) == [Severity.WARNING]
    assert severities("RTP032", *lines, profile="chromium") == [Severity.ERROR]


def test_groups_of_sources() -> None:
    known = ("a=ssrc:1 cname:c", "a=ssrc:2 cname:c", "a=ssrc:3 cname:c")
    assert places("RTP035", *VIDEO, "a=ssrc-group:SIM 1 2 3", *known) == []
    assert places("RTP035", *VIDEO, "a=ssrc-group:FID 1 2 3", *known) == [(4, 14, 23)]
    assert places("RTP035", *VIDEO, "a=ssrc-group:FID 1 1", *known) == [(4, 20, 21)]
    assert places("RTP035", *VIDEO, "a=ssrc-group:FID 1 x", *known) == [(4, 20, 21)]
    assert places("RTP034", *VIDEO, "a=ssrc-group:FID 1 9", *known) == [(4, 20, 21)]


def test_extension_ids_at_the_edges_of_their_ranges() -> None:
    media = "m=audio 9 RTP/AVP 0"
    for number in (1, 14, 15, 255, 4096, 4351):
        assert places("RTP021", media, f"a=extmap:{number} {MID}") == [], number
    for number in (0, 256, 257, 4095, 4352, 99999):
        end = 10 + len(str(number))
        assert places("RTP021", media, f"a=extmap:{number} {MID}") == [(2, 10, end)], number
    assert places("RTP022", media, f"a=extmap:4096 {MID}", f"a=extmap:4351 {LEVEL}") == [
        (2, 10, 14),
        (3, 10, 14),
    ]


def test_ids_above_14_need_mixed_extensions_and_firefox_has_none() -> None:
    media = "m=audio 9 RTP/AVP 0"
    lines = (media, "a=extmap-allow-mixed", f"a=extmap:15 {MID}")
    assert places("RTP025", media, f"a=extmap:15 {MID}") == [(2, 10, 12)]
    assert places("RTP025", *lines) == []
    assert severities("RTP025", *lines, profile="firefox") == [Severity.ERROR]
    assert places("RTP025", "a=extmap-allow-mixed", media, f"a=extmap:15 {MID}") == []


def test_alternatives_may_share_an_extended_id() -> None:
    media = "m=audio 9 RTP/AVP 0"
    assert places("RTP023", media, f"a=extmap:4096 {MID}", f"a=extmap:4096 {LEVEL}") == []
    assert places("RTP023", media, f"a=extmap:3 {MID}", f"a=extmap:3 {LEVEL}") == [(3, 10, 11)]


def test_the_same_extension_line_twice_is_told_once() -> None:
    lines = ("m=audio 9 RTP/AVP 0", f"a=extmap:3 {MID}", f"a=extmap:3 {MID}")
    assert severities("RTP023", *lines) == [Severity.WARNING]
    assert severities("RTP023", *lines, profile="firefox") == [Severity.ERROR]
    assert places("RTP012", *lines) == []


def test_an_extension_with_attributes_is_another_one() -> None:
    uri = "urn:example:meta"
    lines = ("m=audio 9 RTP/AVP 0", f"a=extmap:3 {uri} short", f"a=extmap:4 {uri} long")
    assert places("RTP012", *lines) == []


def test_uris_of_extensions() -> None:
    media = "m=audio 9 RTP/AVP 0"
    encrypt = "urn:ietf:params:rtp-hdrext:encrypt"
    assert places("RTP026", media, f"a=extmap:3 {encrypt} {MID}") == []
    assert places("RTP026", media, f"a=extmap:3 {encrypt} {encrypt} {MID}") == [(2, 12, 46)]
    assert places("RTP026", media, "a=extmap:3/recvonly //example.com/x") == [(2, 21, 36)]


def test_unreadable_extensions() -> None:
    media = "m=audio 9 RTP/AVP 0"
    assert places("RTP013", media, "a=extmap:3/both urn:x") == [(2, 10, 22)]
    assert places("RTP013", media, "a=extmap:3") == [(2, 10, 11)]
    # Sections that take the session's extensions have none of their own to read.
    assert places("RTP013", f"a=extmap:3 {MID}", media) == []


def test_image_sizes() -> None:
    media = "m=video 9 RTP/SAVPF 96"
    good = (
        "a=imageattr:96 recv [x=640,y=480]",
        "a=imageattr:* send * recv [x=[48:16:1280],y=[48:720],sar=1.0,q=0.5] [x=[320,640],y=240]",
        "a=imageattr:96 send [x=640,y=480,par=[1.3-1.8],sar=[0.9,1.1]]",
    )
    for line in good:
        assert places("RTP071", media, line) == [], line
        assert places("RTP072", media, line) == [], line
    assert places("RTP071", media, "a=imageattr:96 recv [x=[1280:48],y=480]") == [(2, 24, 33)]
    assert places("RTP071", media, "a=imageattr:96 both [x=1,y=1]") == [(2, 16, 20)]
    assert places("RTP072", media, "a=imageattr:* recv [x=1,y=1,q=1.5]") == [(2, 31, 34)]


def test_extended_reports() -> None:
    assert places("RTP099", "a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,jitt new-one=3") == []
    assert places("RTP099", "a=rtcp-xr:voip-metrics rcvr-rtt=both") == [(1, 24, 37)]
