"""Places and tricky cases of the rules for BUNDLE, mids and msids; columns are counted by hand."""

from rtckit.core.findings import Severity
from tests.rules.linting import places, severities

AUDIO = ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=rtpmap:111 opus/48000/2")
VIDEO = ("m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=rtpmap:96 VP8/90000")


def test_the_third_section_of_one_mid_names_the_first() -> None:
    lines = ["m=audio 9 RTP/AVP 0", "a=mid:x"] * 3
    assert places("BUNDLE001", *lines) == [(4, 7, 8), (6, 7, 8)]


def test_mids_compare_with_case() -> None:
    lines = ["m=audio 9 RTP/AVP 0", "a=mid:A", "m=audio 9 RTP/AVP 0", "a=mid:a"]
    assert places("BUNDLE001", *lines) == []


def test_a_mid_is_measured_in_bytes() -> None:
    # Eight letters of two bytes each fit, nine do not.
    assert places("BUNDLE003", "m=audio 9 RTP/AVP 0", "a=mid:" + "ä" * 8) == []
    assert places("BUNDLE003", "m=audio 9 RTP/AVP 0", "a=mid:" + "ä" * 9) == [(2, 7, 16)]


def test_each_unknown_mid_of_a_group_has_its_place() -> None:
    lines = ["a=group:BUNDLE 7 0  88", *AUDIO]
    assert places("BUNDLE005", *lines) == [(1, 16, 17), (1, 21, 23)]


def test_a_group_of_no_section_needs_no_mids() -> None:
    lines = ["a=group:BUNDLE", "m=audio 9 RTP/AVP 0", "m=video 9 RTP/AVP 96"]
    assert places("BUNDLE002", *lines) == []
    assert places("BUNDLE005", *lines) == []


def test_twice_in_one_group_is_worse_for_firefox() -> None:
    lines = ["a=group:BUNDLE 0 1 0", *AUDIO, *VIDEO]
    assert places("BUNDLE006", *lines) == [(1, 20, 21)]
    assert severities("BUNDLE006", *lines, profile="chromium") == [Severity.WARNING]
    assert severities("BUNDLE006", *lines, profile="firefox") == [Severity.ERROR]


def test_chromium_takes_an_offer_whose_first_section_is_rejected_but_no_such_answer() -> None:
    lines = ["a=group:BUNDLE 0 1", "m=audio 0 UDP/TLS/RTP/SAVPF 111", "a=mid:0", *VIDEO]
    offered = severities("BUNDLE007", *lines, kind="offer", profile="chromium")
    assert offered == [Severity.WARNING]
    answered = severities("BUNDLE007", *lines, kind="answer", profile="chromium")
    assert answered == [Severity.ERROR]


def test_bundle_only_in_a_group_is_no_rejection() -> None:
    lines = [
        "a=group:BUNDLE 0 1",
        *AUDIO,
        "m=video 0 UDP/TLS/RTP/SAVPF 96",
        "a=mid:1",
        "a=bundle-only",
    ]
    for rule in ("BUNDLE007", "BUNDLE008", "BUNDLE009"):
        assert places(rule, *lines, kind="offer") == [], rule
    assert places("BUNDLE009", *lines, kind="answer") == [(7, 3, 14)]


def test_one_payload_type_of_equal_configuration_may_stand_in_two_sections() -> None:
    h264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id="
    first = ("m=video 9 UDP/TLS/RTP/SAVPF 102", "a=mid:0", "a=rtpmap:102 H264/90000")
    second = ("m=video 9 UDP/TLS/RTP/SAVPF 102", "a=mid:1", "a=rtpmap:102 h264/90000")
    # Another level, another spelling: the same configuration.
    lines = ["a=group:BUNDLE 0 1", *first, f"a=fmtp:102 {h264}42e01f", *second]
    assert places("BUNDLE012", *lines, f"a=fmtp:102 {h264}42E034") == []
    # Another profile, and another mode, are another configuration.
    assert places("BUNDLE012", *lines, f"a=fmtp:102 {h264}64001f") == [(8, 10, 24)]
    other = "a=fmtp:102 profile-level-id=42e01f"
    assert places("BUNDLE012", *lines, other) == [(8, 10, 24)]


def test_payload_types_of_different_bundles_do_not_conflict() -> None:
    video = ("m=video 9 UDP/TLS/RTP/SAVPF 111", "a=mid:1", "a=rtpmap:111 VP8/90000")
    assert places("BUNDLE012", "a=group:BUNDLE 0", "a=group:BUNDLE 1", *AUDIO, *video) == []
    assert places("BUNDLE012", "a=group:BUNDLE 0 1", *AUDIO, *video) == [(7, 10, 23)]


def test_a_rejected_section_takes_no_part_in_conflicts() -> None:
    video = ("m=video 0 UDP/TLS/RTP/SAVPF 111", "a=mid:1", "a=rtpmap:111 VP8/90000")
    assert places("BUNDLE012", "a=group:BUNDLE 0 1", *AUDIO, *video) == []


def test_rtx_of_one_number_for_two_codecs_conflicts() -> None:
    first = ("m=video 9 RTP/SAVPF 96 97", "a=mid:0", "a=rtpmap:96 VP8/90000")
    second = ("m=video 9 RTP/SAVPF 98 97", "a=mid:1", "a=rtpmap:98 VP9/90000")
    rtx = "a=rtpmap:97 rtx/90000"
    lines = ["a=group:BUNDLE 0 1", *first, rtx, "a=fmtp:97 apt=96", *second, rtx]
    assert places("BUNDLE012", *lines, "a=fmtp:97 apt=98") == [(10, 10, 22)]


def test_rtcp_mux_of_the_first_section_is_enough_by_the_letter_only() -> None:
    lines = ["a=group:BUNDLE 0 1", *AUDIO, "a=rtcp-mux", *VIDEO]
    assert places("BUNDLE015", *lines) == [(6, 1, 31)]
    assert places("BUNDLE015", *lines, profile="rfc") == []


def test_an_ssrc_of_two_sections_points_at_the_number() -> None:
    lines = ["a=group:BUNDLE 0 1", *AUDIO, "a=ssrc:77 cname:c", *VIDEO, "a=ssrc:77 cname:c"]
    assert places("BUNDLE019", *lines) == [(9, 8, 10)]
    apart = ["a=group:BUNDLE 0", *lines[1:]]
    assert places("BUNDLE019", *apart) == [], "two transports are two spaces of SSRCs"


def test_msid_words() -> None:
    media = "m=audio 9 RTP/AVP 0"
    assert places("BUNDLE023", media, "a=msid:- {aaaa-bbbb}") == []
    assert places("BUNDLE023", media, "a=msid:a/b t") == [(2, 8, 11)]
    assert places("BUNDLE023", media, "a=msid:s " + "t" * 65) == [(2, 10, 75)]
    assert places("BUNDLE023", media, "a=msid:s ") == [(2, 8, 10)]


def test_two_tracks_are_chromiums_error_one_without_is_not() -> None:
    media = "m=audio 9 RTP/AVP 0"
    two = (media, "a=msid:s1 t1", "a=msid:s2 t2")
    assert severities("BUNDLE024", *two, profile="chromium") == [Severity.ERROR]
    bare = (media, "a=msid:s1 t1", "a=msid:s2")
    assert severities("BUNDLE024", *bare, profile="chromium") == [Severity.WARNING]


def test_the_msid_of_sources_counts_where_the_section_has_none() -> None:
    legacy = ("m=audio 9 RTP/AVP 0", "a=ssrc:1 cname:c", "a=ssrc:1 msid:s t")
    assert places("BUNDLE025", *legacy) == []
    assert places("BUNDLE025", "m=audio 9 RTP/AVP 0", "a=recvonly") == []
    assert places("BUNDLE026", *legacy) == []
    assert places("BUNDLE027", "a=msid-semantic: WMS s", *legacy) == []
    assert places("BUNDLE027", "a=msid-semantic:WMS *", *legacy) == []


def test_two_associations_in_one_bundle() -> None:
    data = ("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:5000")
    lines = ["a=group:BUNDLE 0 1", *data, "a=mid:0", *data, "a=mid:1"]
    assert places("BUNDLE017", *lines) == [(6, 3, 17)]
    assert places("BUNDLE017", *lines[:4]) == []


def test_plan_b_names_each_further_track_once() -> None:
    def source(number: int, track: str) -> tuple[str, str]:
        return (f"a=ssrc:{number} cname:c", f"a=ssrc:{number} msid:s {track}")

    video = "m=video 9 RTP/SAVPF 96"
    # A retransmission has the track of its media.
    sources = (*source(1, "t1"), *source(2, "t1"), *source(3, "t2"), *source(4, "t2"))
    assert places("BUNDLE030", video, *sources) == [(7, 8, 19)]
    assert places("BUNDLE030", video, *sources[:4]) == []
    assert places("BUNDLE030", video, *sources[:4], video, *sources[4:]) == []
