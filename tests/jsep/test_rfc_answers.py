"""Answers by RFC 9429, 5.3: what each line must be follows from the section that is cited."""

import pytest

from rtckit.jsep.connection import Configuration
from rtckit.jsep.stacks.rfc import CAPABILITIES
from rtckit.sdp import MediaSection
from tests.jsep.rfc_descriptions import (
    AUDIO,
    DATA,
    FINGERPRINT,
    GROUP,
    OFFER,
    OPTIONS,
    SESSION,
    TRANSPORT,
    VIDEO,
    answer_to,
    exchange,
    lines,
    peer,
    section,
    values,
)


def test_sections_and_session_level() -> None:
    answer = answer_to(OFFER)
    assert [media.kind for media in answer.media] == ["audio", "video", "application"]
    assert [media.mid for media in answer.media] == ["a1", "v1", "d1"]
    assert answer.bundle == ["a1", "v1", "d1"]
    assert answer.session.ice_options == ["trickle", "ice2"]
    origin = answer.session.origin
    assert origin is not None
    assert (origin.username, origin.version, origin.address) == ("-", "1", "0.0.0.0")
    assert int(origin.session_id) < 2**63 - 1
    assert answer.session.name == "-"
    assert all(media.port == 9 for media in answer.media)
    assert all(media.connection is not None for media in answer.media)


def test_transport_stands_in_the_tagged_section() -> None:
    tagged, *others = answer_to(OFFER).media
    assert tagged.setup == "active"
    assert tagged.rtcp_mux
    assert tagged.rtcp_rsize
    assert tagged.has("tls-id")
    assert not tagged.rtcp_mux_only
    for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup", "tls-id"):
        assert not any(media.has(name) for media in others), name
    # But for what each section of media must show (RFC 9429, 5.8.3).
    assert [media.rtcp_mux for media in others] == [media.is_rtp for media in others]


def test_codecs_in_the_order_of_the_offer_then_ones_own() -> None:
    audio, video, data = answer_to(OFFER).media
    assert audio.formats[:3] == ["96", "0", "97"]
    assert video.formats[:2] == ["100", "101"]
    assert video.codecs[0].rtcp_fb == ["nack", "nack pli"]
    # RFC 9429, 5.3.1: "Any currently available media formats that are not present ... MUST be
    # added after all existing formats", with numbers that mean nothing else.
    added = [codec.name for codec in video.codecs[2:]]
    assert added[:2] == ["H264", "rtx"]
    assert not {codec.name for codec in audio.codecs} & {"VP8", "H264"}
    assert len(set(video.formats)) == len(video.formats)
    for codec in video.codecs[2:]:
        assert set(codec.rtcp_fb) <= {"nack", "nack pli"}
    assert data.sctp_port == 5000
    assert data.max_message_size == CAPABILITIES.max_message_size
    assert data.formats == ["webrtc-datachannel"]


def test_a_free_number_for_what_is_added() -> None:
    # 102 and 96 are what this peer prefers for H264 and VP8; here they are other codecs.
    video = section(
        "video",
        "v1",
        "102 96",
        "a=rtpmap:102 VP8/90000",
        "a=rtpmap:96 x-other/90000",
        transport=True,
    )
    (media,) = answer_to(lines(SESSION, "a=group:BUNDLE v1", video)).media
    numbers = {codec.payload_type: codec.name for codec in media.codecs}
    assert numbers["102"] == "VP8"
    assert "96" not in numbers
    # Without rtx in the offer there is none in the answer.
    assert "rtx" not in numbers.values()


@pytest.mark.parametrize(
    ("offered", "own", "answered"),
    [
        ("sendrecv", None, "recvonly"),
        ("sendrecv", "audio", "sendrecv"),
        ("sendonly", "audio", "recvonly"),
        ("recvonly", "audio", "sendonly"),
        ("recvonly", None, "inactive"),
        ("inactive", "audio", "inactive"),
    ],
)
def test_directions(offered: str, own: str | None, answered: str) -> None:
    answerer = peer()
    if own is not None:
        answerer.add_track(own, stream_ids=["s"])
    text = OFFER.replace("a=sendrecv", f"a={offered}")
    audio = answer_to(text, answerer).media[0]
    assert audio.direction == answered
    # addTrack's transceiver takes a section that receives (RFC 9429, 5.10).
    assert audio.has("msid") == (own is not None and offered in ("sendrecv", "recvonly"))


def test_what_is_optional_in_the_offer_is_answered_only_then() -> None:
    text = lines(
        SESSION,
        section(
            "audio",
            None,
            "0",
            "a=rtcp-mux",
            *(line for line in TRANSPORT[:4]),
        ),
    )
    (audio,) = answer_to(text).media
    assert audio.mid is None
    assert not audio.has("tls-id")  # RFC 8842, 5.3.
    assert not audio.rtcp_rsize
    assert audio.rtcp_mux
    assert not audio.extmap
    assert answer_to(text).session.ice_options == []
    assert answer_to(text).groups == []
    # Every payload type has its rtpmap, the static ones too (RFC 3264, 6.1).
    assert values(audio, "rtpmap")[0] == "0 PCMU/8000"


@pytest.mark.parametrize(
    ("setup", "answered"), [("actpass", "active"), ("active", "passive"), ("passive", "active")]
)
def test_setup(setup: str, answered: str) -> None:
    assert answer_to(OFFER.replace("actpass", setup)).media[0].setup == answered


def test_proto_is_that_of_the_offer() -> None:
    # RFC 9429, 5.1.2: RTP/SAVPF and others are taken for DTLS-SRTP, and answered as they are.
    for protocol in ("RTP/AVP", "RTP/SAVPF", "TCP/DTLS/RTP/SAVPF"):
        answer = answer_to(OFFER.replace("UDP/TLS/RTP/SAVPF", protocol))
        assert [media.protocol for media in answer.media[:2]] == [protocol] * 2
        assert not any(media.rejected for media in answer.media)


def test_what_is_unknown_is_rejected() -> None:
    text = lines(
        SESSION,
        OPTIONS,
        AUDIO,
        ("m=text 9 RTP/SAVPF 98", "a=rtpmap:98 t140/1000"),
        ("m=image 9 udptl t38",),
        section("video", "v", "99", "a=rtpmap:99 x-other/90000", transport=True),
        ("m=audio 9 UDP/UDP/RTP/SAVPF 0", *TRANSPORT),
        ("m=video 0 UDP/TLS/RTP/SAVPF 96",),
    )
    answerer = peer()
    answer = answer_to(text, answerer)
    assert [media.rejected for media in answer.media] == [False, *[True] * 5]
    assert answer.media[1].formats == ["98"]
    assert answer.media[2].protocol == "udptl"
    why = {item.index: item.why for item in answerer.decisions if item.outcome == "rejected"}
    assert why[1] == "'text' is no kind of media here"
    assert why[3] == "none of the offered codecs can be taken"
    assert why[4] == "'UDP/UDP/RTP/SAVPF' is not supported"
    assert why[5] == "it was offered with port 0"


def test_rejecting_the_first_section_moves_the_tag() -> None:
    # RFC 9143, 7.3.1: the next section with an address; its transport is the one in the answer.
    audio = section("audio", "a1", "99", "a=rtpmap:99 x/8000", transport=True)
    answer = answer_to(lines(SESSION, GROUP, audio, (*VIDEO, *TRANSPORT), DATA))
    assert answer.bundle == ["v1", "d1"]
    assert answer.media[0].rejected
    assert answer.media[1].has("ice-ufrag")
    assert not answer.media[2].has("ice-ufrag")


def test_what_has_no_transport_falls_with_its_tag() -> None:
    # RFC 9143, 7.3.1 and 7.3.3: there is no other section with an address to take the tag.
    audio = section("audio", "a1", "99", "a=rtpmap:99 x/8000", transport=True)
    answer = answer_to(lines(SESSION, GROUP, audio, VIDEO, DATA))
    assert all(media.rejected for media in answer.media)
    assert answer.groups == []


def test_without_a_bundle_each_section_has_its_transport() -> None:
    text = lines(SESSION, AUDIO, (*VIDEO, *TRANSPORT), (*DATA, *TRANSPORT[:4]))
    answer = answer_to(text)
    assert answer.groups == []
    assert len({media.ice_ufrag for media in answer.media}) == 3
    assert not answer.media[2].rtcp_mux
    # balanced: one section of a kind without a bundle (RFC 9429, 5.3.1).
    twice = lines(SESSION, AUDIO, tuple(line.replace("a1", "a2") for line in AUDIO))
    assert [media.rejected for media in answer_to(twice).media] == [False, True]
    kind = peer(configuration=Configuration(bundle_policy="max-compat"))
    assert not any(media.rejected for media in answer_to(twice, kind).media)
    single = peer(configuration=Configuration(bundle_policy="max-bundle"))
    assert [media.rejected for media in answer_to(text, single).media] == [False, True, True]


def test_header_extensions_and_mixing() -> None:
    extra = (
        "a=extmap:3/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:4096 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:5 urn:example:other",
        "a=extmap-allow-mixed",
    )
    answer = answer_to(lines(SESSION, GROUP, (*AUDIO, *extra), VIDEO, DATA))
    audio = answer.media[0]
    assert [(item.id, item.direction) for item in audio.extmap] == [
        (1, None),
        (3, "recvonly"),
        (2, None),
    ]
    assert audio.has("extmap-allow-mixed")
    assert not answer.session.has("extmap-allow-mixed")
    assert not answer.media[1].extmap_allow_mixed
    everywhere = OFFER.replace("t=0 0\r\n", "t=0 0\r\na=extmap-allow-mixed\r\n")
    assert answer_to(everywhere).session.has("extmap-allow-mixed")


def test_lip_sync_groups() -> None:
    # The example of RFC 9429, 5.3.1, in its three forms.
    text = OFFER.replace(GROUP, f"{GROUP}\r\na=group:LS a1 v1")

    def groups(*streams: str) -> list[tuple[str, ...]]:
        answerer = peer()
        for kind, stream in zip(("audio", "video"), streams, strict=False):
            answerer.add_track(kind, stream_ids=[stream])
        answer = answer_to(text, answerer)
        return [group.mids for group in answer.groups if group.semantics == "LS"]

    assert groups("ms2", "ms2") == [("a1", "v1")]
    assert groups("ms2a", "ms2b") == []
    assert groups() == [("a1", "v1")]


def test_simulcast_is_sent_and_not_received() -> None:
    def answered(*rids: str) -> MediaSection:
        answerer = peer()
        answerer.add_track("video")
        return answer_to(lines(SESSION, GROUP, AUDIO, (*VIDEO, *rids), DATA), answerer).media[1]

    extension = "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
    video = answered(extension, "a=rid:h send", "a=rid:l send", "a=simulcast:send h;l")
    assert not video.rids
    assert video.simulcast is None
    asked = ("a=rid:h recv", "a=rid:l recv pt=100", "a=simulcast:recv h;l")
    video = answered(extension, *asked)
    assert values(video, "rid") == ["h send", "l send pt=100"]
    assert values(video, "simulcast") == ["send h;l"]
    # Without the extension only RTCP names a stream, and packets come before it (RFC 8853, 5.5).
    assert not answered(*asked).rids


def test_codec_preferences_give_the_order_and_exclude() -> None:
    answerer = peer()
    transceiver = answerer.add_track("audio")
    answerer.set_codec_preferences(
        transceiver,
        [{"mimeType": "audio/PCMU", "clockRate": 8000}, {"mimeType": "audio/opus"}],
    )
    audio = answer_to(OFFER, answerer).media[0]
    assert [codec.name for codec in audio.codecs] == ["PCMU", "opus"]
    assert audio.formats == ["0", "96"]


def test_payload_types_in_conflict_leave_the_bundle() -> None:
    # RFC 9143, 9.1.1: 96 is opus in one section and VP8 in the other.
    video = section("video", "v1", "96", "a=rtpmap:96 VP8/90000", transport=True)
    answerer = peer()
    answer = answer_to(lines(SESSION, GROUP, AUDIO, video, DATA), answerer)
    assert answer.bundle == ["a1", "d1"]
    assert not answer.media[1].rejected
    assert answer.media[1].ice_ufrag != answer.media[0].ice_ufrag
    assert any("payload type 96" in item.why for item in answerer.decisions)


def test_legacy_data_section() -> None:
    legacy = (
        "m=application 9 DTLS/SCTP 5000",
        "c=IN IP4 0.0.0.0",
        "a=mid:data",
        "a=sctpmap:5000 webrtc-datachannel 1024",
        *TRANSPORT[:4],
    )
    (data,) = answer_to(lines(SESSION, legacy)).media
    assert (data.protocol, data.formats) == ("DTLS/SCTP", ["5000"])
    assert values(data, "sctpmap") == ["5000 webrtc-datachannel 1024"]
    assert data.sctp_port == 5000


def test_every_offered_thing_is_explained() -> None:
    answerer = peer()
    answer_to(OFFER, answerer)
    told = {(item.index, item.subject) for item in answerer.decisions}
    assert {(0, "section"), (0, "codec"), (0, "extension"), (0, "direction")} <= told
    assert (2, "section") in told
    assert all(item.why and not item.why.endswith(".") for item in answerer.decisions)
    assert all(item.refs for item in answerer.decisions)
    outcomes = {item.outcome for item in answerer.decisions}
    assert outcomes <= {"taken", "dropped", "changed", "rejected"}


def test_nothing_is_explained_unless_asked() -> None:
    answerer = peer()
    answerer.explain = False
    answer_to(OFFER, answerer)
    assert answerer.decisions == []


# -- subsequent answers (5.3.2) -------------------------------------------------------------------


def test_a_second_answer_keeps_what_must_stay() -> None:
    answerer = peer()
    first = answer_to(OFFER, answerer)
    second = answer_to(OFFER.replace(" 1 IN IP4", " 2 IN IP4"), answerer)
    before, after = first.session.origin, second.session.origin
    assert before is not None
    assert after is not None
    assert after.session_id == before.session_id
    assert int(after.version) > int(before.version)
    for name in ("ice-ufrag", "ice-pwd", "tls-id", "setup", "mid"):
        assert values(second.media[0], name) == values(first.media[0], name), name
    assert second.media[0].formats == first.media[0].formats
    assert second.media[1].formats == first.media[1].formats


def test_an_ice_restart_is_answered_with_new_credentials() -> None:
    answerer = peer()
    first = answer_to(OFFER, answerer)
    text = OFFER.replace("ETEn", "XYZw").replace("OtSK0WpNtpUjkY4+86js7Z/l", "n" * 24)
    second = answer_to(text, answerer)
    assert second.media[0].ice_ufrag != first.media[0].ice_ufrag
    assert second.media[0].ice_pwd != first.media[0].ice_pwd
    # The DTLS association goes on (RFC 8842, 5.3).
    assert values(second.media[0], "tls-id") == values(first.media[0], "tls-id")
    assert second.media[0].setup == first.media[0].setup
    third = answer_to(text, answerer)
    assert third.media[0].ice_ufrag == second.media[0].ice_ufrag


def test_a_new_association_has_a_new_id() -> None:
    answerer = peer()
    first = answer_to(OFFER, answerer)
    text = OFFER.replace("ETEn", "XYZw").replace("OtSK0WpNtpUjkY4+86js7Z/l", "n" * 24)
    text = text.replace("91bbf309", "00000000").replace("actpass", "active")
    second = answer_to(text, answerer)
    assert values(second.media[0], "tls-id") != values(first.media[0], "tls-id")
    assert second.media[0].setup == "passive"


def test_roles_stay_when_the_other_side_offers() -> None:
    one, other = peer("one"), peer("other")
    one.add_track("audio")
    _, answer = exchange(one, other)
    assert answer.media[0].setup == "active"
    # Now the one that is passive answers; it stays so.
    _, again = exchange(other, one)
    assert again.media[0].setup == "passive"


def test_fingerprints_are_those_of_the_certificate() -> None:
    answerer = peer()
    audio = answer_to(OFFER, answerer).media[0]
    assert [item.value for item in audio.fingerprints] == [answerer.identity.fingerprint]
    assert audio.fingerprints[0].value != FINGERPRINT
