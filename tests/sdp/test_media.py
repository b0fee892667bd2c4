import pytest

from rtckit.sdp import MediaSection, Span, parse
from rtckit.sdp.rtp import STATIC_PAYLOAD_TYPES
from tests.sdp.descriptions import CHROMIUM_OFFER, FINGERPRINT, FIREFOX_ANSWER, SDES_OFFER, crlf


def section(*lines: str, session: str = "v=0") -> MediaSection:
    """The media section of a description with these lines in it."""
    return parse(crlf("\n".join((session, *lines)))).media[0]


def test_the_media_lines_of_an_offer() -> None:
    audio, video, data = parse(CHROMIUM_OFFER).media
    assert (audio.index, audio.kind, audio.port, audio.mid) == (0, "audio", 56546, "0")
    assert audio.protocol == "UDP/TLS/RTP/SAVPF"
    assert audio.formats == ["111", "63", "9", "0", "13", "110"]
    assert (audio.direction, video.direction, data.direction) == (
        "sendrecv",
        "sendonly",
        "sendrecv",
    )
    assert (audio.is_rtp, audio.is_data) == (True, False)
    assert (data.is_rtp, data.is_data) == (False, True)
    assert not audio.rejected
    line = CHROMIUM_OFFER[: CHROMIUM_OFFER.index("m=video")].count("\n") + 1
    assert repr(video) == f"<MediaSection 1: video mid='1' line {line}>"


def test_codecs() -> None:
    audio, video, data = parse(CHROMIUM_OFFER).media
    assert [(c.payload_type, c.name, c.clock_rate, c.channels) for c in audio.codecs] == [
        ("111", "opus", 48000, 2),
        ("63", "red", 48000, 2),
        ("9", "G722", 8000, 1),
        ("0", "PCMU", 8000, 1),
        ("13", "CN", 8000, 1),
        ("110", "telephone-event", 48000, 1),
    ]
    assert [codec.static for codec in audio.codecs] == [False, False, False, False, False, False]
    assert audio.codecs[0].fmtp == {"minptime": "10", "useinbandfec": "1"}
    assert audio.codecs[0].fmtp_text == "minptime=10;useinbandfec=1"
    assert audio.codecs[0].rtcp_fb == ["transport-cc"]
    assert [(c.payload_type, c.name, c.channels) for c in video.codecs] == [
        ("96", "VP8", None),
        ("97", "rtx", None),
        ("102", "H264", None),
        ("103", "rtx", None),
        ("45", "AV1", None),
    ]
    assert video.codecs[0].rtcp_fb == ["goog-remb", "ccm fir", "nack", "nack pli"]
    assert video.codecs[2].rtcp_fb == ["nack", "ccm tmmbr smaxpr=120"]
    assert video.codecs[1].apt == "96"
    assert video.codecs[0].apt is None
    assert video.find_codec(102) is video.codecs[2]
    assert video.find_codec("102") is video.codecs[2]
    assert video.find_codec(1) is None
    assert data.codecs == []
    assert [str(codec) for codec in (*audio.codecs[:3:2], video.codecs[0])] == [
        "opus/48000/2",
        "G722/8000",
        "VP8/90000",
    ]


def test_a_codec_knows_its_place() -> None:
    media = section("m=audio 9 RTP/AVP 96 0 8", "a=rtpmap:96 opus/48000/2")
    assert [codec.span for codec in media.codecs] == [
        Span(3, 10, 25),  # after a=rtpmap:
        Span(2, 22, 23),  # in the m= line
        Span(2, 24, 25),
    ]


@pytest.mark.parametrize("payload_type", STATIC_PAYLOAD_TYPES)
def test_static_payload_types_need_no_rtpmap(payload_type: str) -> None:
    media = section(f"m=audio 9 RTP/AVP {payload_type}")
    (codec,) = media.codecs
    assert codec.static
    assert (codec.name, codec.clock_rate, codec.channels) == STATIC_PAYLOAD_TYPES[payload_type]
    assert media.problems == []


def test_an_rtpmap_goes_before_the_static_table() -> None:
    media = section("m=audio 9 RTP/AVP 0", "a=rtpmap:0 opus/48000/2")
    assert [(codec.name, codec.static) for codec in media.codecs] == [("opus", False)]


def test_feedback_for_every_format() -> None:
    media = section(
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:97 VP9/90000",
        "a=rtcp-fb:* nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:* ccm  fir",
    )
    assert [codec.rtcp_fb for codec in media.codecs] == [
        ["nack pli", "nack", "ccm fir"],
        ["nack", "ccm fir"],
    ]


def test_the_first_of_two_conflicting_lines_counts() -> None:
    media = section(
        "m=audio 9 RTP/AVP 96 96",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:96 PCMU/8000",
        "a=fmtp:96 a=1",
        "a=fmtp:96 b=2",
        "a=mid:x",
        "a=mid:y",
    )
    (codec,) = media.codecs
    assert (codec.name, codec.fmtp) == ("opus", {"a": "1"})
    assert media.mid == "x"
    assert [item.value for item in media.find_all("mid")] == ["x", "y"]


def test_damaged_values_are_left_out_and_listed() -> None:
    media = section(
        "m=video 9 RTP/AVPF 96 97 98 x",
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:97 VP9",
        "a=fmtp:96",
        "a=rtcp-fb:96",
        "a=candidate:1 1 udp 1 192.0.2.1",
        "a=candidate:2 1 udp 9 192.0.2.1 5 typ host",
        "a=extmap:1",
        "a=ssrc:x cname:y",
        "a=ssrc-group:FID x",
        "a=rid:q up",
        "a=simulcast:q",
        "a=msid:a b c",
        "a=rtcp:x",
        "a=mid:",
        "a=crypto:1",
        "a=sctp-port:70000",
        "a=max-message-size:big",
        "a=sctpmap:x",
    )
    assert [codec.payload_type for codec in media.codecs] == ["96"]
    assert [candidate.foundation for candidate in media.candidates] == ["2"]
    for empty in (media.extmap, media.ssrc_groups, media.rids, media.msids, media.crypto):
        assert empty == []
    assert media.ssrcs == {}
    for absent in (media.simulcast, media.rtcp, media.mid, media.msid, media.sctp_port):
        assert absent is None
    assert media.max_message_size is None
    assert [problem.span[:2] for problem in media.problems] == [
        (2, 23),  # 97: unreadable rtpmap
        (2, 26),  # 98: no rtpmap
        (2, 29),  # x: no payload type
        (4, 13),
        (5, 3),
        (6, 3),
        (7, 13),
        (9, 11),
        (10, 8),
        (11, 14),
        (12, 7),
        (13, 13),
        (14, 8),
        (15, 8),
        (16, 3),
        (17, 10),
        (18, 3),
        (19, 3),
        (20, 11),
    ]
    assert "unreadable rtpmap" in media.problems[0].message


@pytest.mark.parametrize(
    ("line", "port", "rejected"),
    [
        ("m=audio 9 RTP/AVP 0", 9, False),
        ("m=audio 0 RTP/AVP 0", 0, True),
        ("m=audio x RTP/AVP 0", None, False),
        ("m=audio 65536 RTP/AVP 0", None, False),
        ("m=audio 49170/2 RTP/AVP 0", 49170, False),
        ("m=audio", None, False),
        ("m=", None, False),
    ],
)
def test_ports(line: str, port: int | None, rejected: bool) -> None:
    media = section(line)
    assert (media.port, media.rejected) == (port, rejected)
    assert (media.problems == []) == (port is not None)


def test_a_bundle_only_section_is_not_rejected() -> None:
    # RFC 9143, 6
    media = section("m=video 0 RTP/AVPF 96", "a=rtpmap:96 VP8/90000", "a=bundle-only")
    assert media.bundle_only
    assert not media.rejected


def test_ice_and_dtls() -> None:
    audio = parse(CHROMIUM_OFFER).media[0]
    assert (audio.ice_ufrag, audio.ice_pwd) == ("YOmo", "B14uzuQzBJjWnVIHYVlp7Qmk")
    assert audio.ice_options == ["trickle", "renomination"]
    assert audio.setup == "actpass"
    assert [(item.hash_function, item.value) for item in audio.fingerprints] == [
        ("sha-256", FINGERPRINT)
    ]
    assert [(c.type, c.address, c.port, c.tcptype) for c in audio.candidates] == [
        ("host", "192.0.2.17", 56546, None),
        ("host", "2001:db8::17", 56547, None),
        ("srflx", "203.0.113.9", 61002, None),
        ("host", "192.0.2.17", 9, "active"),
    ]
    assert audio.candidates[2].related_address == "192.0.2.17"
    assert audio.candidates[0].span == Span(11, 13, 92)
    assert not audio.end_of_candidates
    assert (audio.rtcp_mux, audio.rtcp_rsize, audio.rtcp_mux_only) == (True, True, False)
    assert audio.rtcp is not None
    assert audio.rtcp.port == 9


def test_what_the_session_says_holds_for_sections_that_say_nothing() -> None:
    audio, video, data = parse(SDES_OFFER).media
    for media in (audio, video, data):
        assert (media.ice_ufrag, media.ice_pwd) == ("session8", "sessionsessionsession22")
        assert media.setup == "passive"
        assert [item.id for item in media.extmap] == [3]
    assert (audio.direction, video.direction) == ("inactive", "sendonly")
    assert audio.connection is not None
    assert audio.connection.address == "192.0.2.1"
    assert video.connection is not None
    assert (video.connection.address, video.connection.ttl) == ("233.252.0.1", 127)
    assert [limit[:2] for limit in video.bandwidth] == [("TIAS", 256000)]


def test_a_section_goes_before_the_session() -> None:
    session = "\n".join(
        (
            "v=0",
            "a=ice-ufrag:sess",
            "a=ice-pwd:sessionsessionsession22",
            f"a=fingerprint:sha-1 {FINGERPRINT[:59]}",
            "a=setup:actpass",
            "a=ice-options:ice2",
            "a=tls-id:abc3de65cddef001be82",
            "a=extmap:1 urn:s",
        )
    )
    media = section(
        "m=audio 9 RTP/AVP 0",
        "a=ice-ufrag:mine",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=setup:active",
        "a=ice-options:trickle",
        "a=extmap:2 urn:m",
        session=session,
    )
    assert (media.ice_ufrag, media.ice_pwd) == ("mine", "sessionsessionsession22")
    assert [item.hash_function for item in media.fingerprints] == ["sha-256"]
    assert media.setup == "active"
    assert media.ice_options == ["trickle"]
    assert media.tls_id == "abc3de65cddef001be82"
    assert [item.uri for item in media.extmap] == ["urn:m"]


def test_a_damaged_value_does_not_fall_back_to_the_session() -> None:
    media = section("m=audio 9 RTP/AVP 0", "a=setup:x", session="v=0\na=setup:active")
    assert media.setup is None
    media = section(
        "m=audio 9 RTP/AVP 0",
        "a=fingerprint:x",
        session=f"v=0\na=fingerprint:sha-256 {FINGERPRINT}",
    )
    assert media.fingerprints == []


def test_the_last_direction_counts() -> None:
    media = section("m=audio 9 RTP/AVP 0", "a=sendonly", "a=inactive", "a=recvonly")
    assert media.direction == "recvonly"
    assert section("m=audio 9 RTP/AVP 0").direction == "sendrecv"


def test_end_of_candidates_for_the_whole_session() -> None:
    # RFC 8840, 8.1
    assert section("m=audio 9 RTP/AVP 0", session="v=0\na=end-of-candidates").end_of_candidates


def test_sources_encodings_and_streams() -> None:
    audio, video, _ = parse(CHROMIUM_OFFER).media
    assert audio.ssrcs[332619158]["cname"] == "PFYLrFmLyfYBn1ic"
    assert list(video.ssrcs) == [463667899, 241741940]
    assert video.ssrc_groups[0][:2] == ("FID", (463667899, 241741940))
    assert [(rid.id, rid.direction) for rid in video.rids] == [
        ("q", "send"),
        ("h", "send"),
        ("f", "send"),
    ]
    assert video.rids[1].payload_types == ("96", "97")
    assert video.simulcast is not None
    assert [[s.rid for s in alternatives] for alternatives in video.simulcast.send] == [
        ["q"],
        ["h", "f"],
    ]
    assert [(item.id, item.uri.rpartition(":")[2]) for item in video.extmap] == [
        (14, "toffset"),
        (4, "mid"),
        (10, "rtp-stream-id"),
    ]
    assert video.extmap_allow_mixed
    assert video.msid == "- 9dfbdc5d-7f84-4a24-b04c-d2c2d88ac936"
    assert video.msids[0].stream == "-"
    assert audio.msid is not None


def test_data_channels() -> None:
    data = parse(CHROMIUM_OFFER).media[2]
    assert (data.sctp_port, data.max_message_size) == (5000, 262144)
    assert data.formats == ["webrtc-datachannel"]
    legacy = parse(SDES_OFFER).media[2]
    assert legacy.is_data
    assert legacy.sctp_port == 5000
    assert legacy.sctpmap[0].streams == 1024
    assert legacy.max_message_size is None


def test_keys_in_the_clear() -> None:
    audio = parse(SDES_OFFER).media[0]
    assert audio.crypto[0].suite == "AES_CM_128_HMAC_SHA1_80"
    assert audio.media_line.ports == 2
    assert [codec.name for codec in audio.codecs] == ["PCMU", "PCMA", "iLBC"]


def test_an_answer_of_another_make() -> None:
    audio, video, data = parse(FIREFOX_ANSWER).media
    assert audio.candidates[0].is_mdns
    assert audio.candidates[0].transport == "UDP"
    assert audio.candidates[1].tcptype == "active"
    assert audio.end_of_candidates
    assert audio.fingerprints == data.fingerprints
    assert audio.fingerprints[0].span.line == 6
    assert audio.extmap[0].direction == "recvonly"
    assert (video.rejected, video.direction) == (True, "inactive")
    assert data.max_message_size == 1073741823


def test_blanks_round_values_are_passed_over() -> None:
    media = section("m=audio 9 RTP/AVP 0 ", "a=mid:0 ", "a=rtcp-mux ", "a=setup: active\t")
    assert media.mid == "0"
    assert media.rtcp_mux
    assert media.setup == "active"
    assert media.formats == ["0"]
    assert media.find("mid") == ("mid", "0 ", 3)


def test_ids_are_never_numbers() -> None:
    media = section(
        "m=audio 9 RTP/AVP 111",
        "a=rtpmap:111 opus/48000/2",
        "a=mid:007",
        "a=ice-ufrag:1e10",
        "a=ice-pwd:00000000000000000000001",
        "a=rid:0 send",
        "a=candidate:0012 1 udp 1 192.0.2.1 9 typ host",
    )
    assert media.mid == "007"
    assert media.ice_ufrag == "1e10"
    assert media.ice_pwd == "00000000000000000000001"
    assert media.rids[0].id == "0"
    assert media.candidates[0].foundation == "0012"
    assert media.codecs[0].payload_type == "111"


def test_draft_names_of_the_tls_id() -> None:
    assert section("m=audio 9 RTP/AVP 0", "a=dtls-id:x").tls_id == "x"
