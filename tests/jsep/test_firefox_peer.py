"""Peculiarities of Firefox as a peer connection; each was seen of Firefox ESR 153 itself."""

import re

import pytest

from rtckit.jsep import Encoding, offer
from rtckit.jsep.connection import PeerConnection, PeerError
from rtckit.jsep.stacks.firefox.peer import FirefoxPeer
from rtckit.jsep.verdict import TypedSdp
from rtckit.sdp import parse

CANDIDATE = "candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host"
ROLLBACK = TypedSdp("rollback", "")


def _exchange(one: PeerConnection, two: PeerConnection) -> None:
    made = one.create_offer()
    one.set_local_description(made)
    two.set_remote_description(made)
    answer = two.create_answer()
    two.set_local_description(answer)
    one.set_remote_description(answer)


def _fragment(made: TypedSdp) -> str:
    (found,) = set(re.findall(r"a=ice-ufrag:(\S+)", made.sdp))
    return str(found)


def _called() -> FirefoxPeer:
    peer = FirefoxPeer()
    peer.add_track("audio")
    _exchange(peer, FirefoxPeer())
    return peer


# -- restarts of ICE ----------------------------------------------------------------------------


def test_a_restart_that_is_not_offered_again_is_forgotten() -> None:
    peer = FirefoxPeer()
    peer.add_track("audio")
    first = _fragment(peer.create_offer())
    restarted = [_fragment(peer.create_offer(ice_restart=True)) for _ in range(2)]
    assert len({first, *restarted}) == 3
    assert _fragment(peer.create_offer()) == first


def test_a_restart_that_made_way_for_an_offer_is_forgotten() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    peer.add_track("audio")
    first = _fragment(peer.create_offer())
    peer.set_local_description(peer.create_offer(ice_restart=True))
    other.add_track("audio")
    peer.set_remote_description(other.create_offer())
    assert _fragment(peer.create_answer()) == first


def test_an_answer_restarts_once() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    peer.add_track("audio")
    _exchange(peer, other)
    before = _fragment(other.create_offer())
    other.set_remote_description(peer.create_offer(ice_restart=True))
    answers = {_fragment(other.create_answer()) for _ in range(3)}
    assert len(answers) == 1
    assert before not in answers


def test_a_section_that_is_rejected_restarts_nothing() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    peer.add_track("audio")
    video = peer.add_track("video")
    _exchange(peer, other)
    before = _fragment(other.create_offer())
    peer.stop(video)
    _exchange(peer, other)
    assert _fragment(other.create_offer()) == before


def test_the_other_side_may_not_restart_after_an_offer_that_was_taken_back() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    peer.add_track("audio")
    _exchange(peer, other)
    peer.set_local_description(peer.create_offer())
    peer.set_local_description(ROLLBACK)
    restarting = other.create_offer(ice_restart=True)
    with pytest.raises(PeerError, match="offer did not request ICE restart"):
        peer.set_remote_description(restarting)


# -- numbers and codecs -------------------------------------------------------------------------


def test_extensions_move_one_after_another() -> None:
    # ssrc-audio-level gives way to toffset, csrc-audio-level to abs-send-time and then to mid.
    peer = FirefoxPeer()
    peer.add_track("audio")
    peer.set_remote_description(TypedSdp("offer", offer("chromium", audio=1, video=1).text))
    text = peer.create_answer().sdp
    peer.set_local_description(TypedSdp("answer", text))
    made = parse(peer.create_offer().sdp)
    numbers = {each.uri: each.id for media in made.media for each in media.extmap}
    assert len(set(numbers.values())) == len(numbers)
    agreed = {each.uri: each.id for media in parse(text).media for each in media.extmap}
    assert {uri: numbers[uri] for uri in agreed} == agreed


def test_preferences_bring_the_first_numbers_back() -> None:
    peer = FirefoxPeer()
    video = peer.add_track("video")
    peer.set_remote_description(TypedSdp("offer", offer("chromium", video=1).text))
    peer.set_local_description(peer.create_answer())
    (section,) = parse(peer.create_offer().sdp).media
    assert section.formats[0] == "96"
    vp9 = {"mimeType": "video/VP9", "clockRate": 90000, "sdpFmtpLine": "max-fs=12288;max-fr=60"}
    peer.set_codec_preferences(video, [vp9])
    (section,) = parse(peer.create_offer().sdp).media
    assert section.formats == ["121"]
    # The feedback of the sender stays, whose codecs preferences do not touch.
    written = re.findall(r"a=rtcp-fb:(\d+) nack\r", peer.created_offer or "")
    assert written == ["96", "45", "98", "118", "120", "121"]


def test_no_preferences_are_preferences_without_retransmissions() -> None:
    peer = FirefoxPeer()
    video = peer.add_track("video")
    peer.set_codec_preferences(video, [])
    (section,) = parse(peer.create_offer().sdp).media
    assert section.formats == ["120", "121", "99", "123", "122"]


def test_a_data_section_keeps_mixed_headers() -> None:
    peer = FirefoxPeer()
    peer.set_remote_description(TypedSdp("offer", offer("chromium", data=True, audio=1).text))
    peer.set_local_description(peer.create_answer())
    assert peer.create_offer().sdp.count("a=extmap-allow-mixed") == 2


# -- transceivers and candidates ----------------------------------------------------------------


def test_a_rolled_back_offer_gives_sections_back() -> None:
    peer = FirefoxPeer()
    peer.add_track("video")
    peer.create_data_channel("d")
    peer.create_offer()
    peer.set_remote_description(TypedSdp("offer", offer("chromium", audio=1).text))
    peer.set_remote_description(ROLLBACK)
    peer.add_track("audio")
    kinds = [media.kind for media in parse(peer.create_offer().sdp).media]
    assert kinds == ["video", "application", "audio"]


def test_a_stopped_transceiver_swallows_tracks() -> None:
    peer = FirefoxPeer()
    peer.stop(peer.add_transceiver("video"))
    peer.add_track("video")
    peer.add_track("video")
    assert len(peer.transceivers) == 1
    assert "m=" not in peer.create_offer().sdp


def test_a_rollback_tells_of_the_state_before_tracks() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    peer.add_track("audio")
    other.add_track("audio")
    _exchange(peer, other)
    held = other.create_offer().sdp.replace("a=sendrecv", "a=inactive")
    peer.take_events()
    peer.set_remote_description(TypedSdp("offer", held))
    peer.set_remote_description(ROLLBACK)
    assert peer.take_events()[-2:] == ["signalingstatechange:stable", "track:0"]


@pytest.mark.parametrize(
    ("mid", "index", "message"),
    [
        ("0", 7, None),
        ("", 0, None),
        (None, 65536, None),
        ("9", 0, "Cannot set ICE candidate for level=0 mid=9: No such transceiver."),
        ("", None, "Cannot set ICE candidate for level=<Nothing> mid=: No such transceiver."),
        (None, -1, "Cannot set ICE candidate for level=65535 mid=: No such transceiver."),
        (None, 1, "Cannot set ICE candidate for level=1 mid=: No such transceiver."),
    ],
)
def test_where_candidates_go(mid: str | None, index: int | None, message: str | None) -> None:
    peer = _called()
    if message is None:
        peer.add_ice_candidate(CANDIDATE, mid, index)
        return
    with pytest.raises(PeerError) as refused:
        peer.add_ice_candidate(CANDIDATE, mid, index)
    assert (refused.value.name, refused.value.message) == ("OperationError", message)


def test_candidates_need_a_remote_section() -> None:
    peer = _called()
    peer.add_transceiver("video", send_encodings=[Encoding("h")])
    peer.set_local_description(peer.create_offer())
    with pytest.raises(PeerError, match="Index 1 out of range"):
        peer.add_ice_candidate(CANDIDATE, None, 1)


def test_a_section_without_a_fingerprint_ends_the_page() -> None:
    text = offer("chromium", audio=1, video=1).text
    head, audio, video = text.split("m=")
    video = re.sub(r"a=(fingerprint|setup|ice-\w+):.*\r\n", "", video)
    video = video.replace("video 9", "video 0").replace("a=mid:1", "a=mid:1\r\na=bundle-only")
    peer = FirefoxPeer()
    peer.set_remote_description(TypedSdp("offer", "m=".join((head, audio, video))))
    with pytest.raises(PeerError, match="the page is lost"):
        peer.set_local_description(peer.create_answer())


def test_retransmissions_of_the_sender_outlive_preferences() -> None:
    peer = FirefoxPeer()
    video = peer.add_track("video")
    peer.set_codec_preferences(video, [])
    text = peer.create_offer().sdp
    assert "rtx" not in text
    assert text.count("a=ssrc-group:FID") == 1


def test_data_offered_and_taken_back_twice_is_offered_back() -> None:
    text = offer("firefox", data=True).text
    peer = FirefoxPeer()
    for sections in (0, 1):
        peer.set_remote_description(TypedSdp("offer", text))
        peer.set_remote_description(ROLLBACK)
        assert peer.create_offer().sdp.count("m=application") == sections
    assert peer.take_events()[-1] == "negotiationneeded"


def test_what_a_refused_call_made_is_seen_after_a_rollback() -> None:
    peer = FirefoxPeer()
    peer.set_local_description(peer.create_offer())
    with pytest.raises(PeerError, match="Rid must be non-empty"):
        peer.add_transceiver("video", send_encodings=[Encoding("")])
    assert not peer.transceivers
    peer.set_local_description(ROLLBACK)
    assert [each.direction for each in peer.transceivers] == ["recvonly"]


def test_one_stopped_between_two_offers_leaves_its_section() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    audio = peer.add_transceiver("audio")
    peer.set_local_description()
    assert audio.mid == "0"
    peer.stop(audio)
    peer.set_local_description()
    assert (audio.mid, len(peer.transceivers)) == (None, 1)
    _exchange(peer, other)
    assert not peer.transceivers
    peer.add_transceiver("audio")
    (section,) = parse(peer.create_offer().sdp).media
    assert not section.rejected


def test_what_a_refused_call_made_is_there_for_the_next_offer() -> None:
    peer = FirefoxPeer()
    text = offer("firefox").text
    peer.set_remote_description(TypedSdp("offer", text))
    with pytest.raises(PeerError, match="alphanumeric"):
        peer.add_transceiver("video", send_encodings=[Encoding("a-b")])
    peer.set_remote_description(TypedSdp("offer", text))
    assert [each.direction for each in peer.transceivers] == ["recvonly"]


def test_a_section_that_joined_a_bundle_takes_its_role() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    peer.add_track("audio")
    _exchange(peer, other)
    other.add_transceiver("video")
    _exchange(other, peer)
    roles = [re.findall(r"a=setup:(\w+)", peer.current_local.sdp)] if peer.current_local else []
    _exchange(other, peer)
    assert peer.current_local is not None
    roles.append(re.findall(r"a=setup:(\w+)", peer.current_local.sdp))
    # The new section says active at first, in a connection in which its author is passive.
    assert roles == [["passive", "active"], ["passive", "passive"]]


def _only(codec: str) -> list[dict[str, object]]:
    return [
        {"mimeType": f"video/{codec}", "clockRate": 90000, "sdpFmtpLine": "max-fs=12288;max-fr=60"}
    ]


def test_an_answer_that_rejects_a_section_ends_its_transceivers() -> None:
    peer, other = FirefoxPeer(), FirefoxPeer()
    peer.add_track("audio")
    peer.set_codec_preferences(peer.add_track("video"), _only("VP8"))
    other.set_codec_preferences(other.add_track("video"), _only("VP9"))
    _exchange(peer, other)
    # The answerer's is gone, the offerer's is seen for ever, stopped and without a mid.
    assert [each.kind for each in other.transceivers] == ["audio"]
    assert not other.negotiation_needed
    for _ in range(2):
        assert [(each.mid, each.stopped) for each in peer.transceivers] == [
            ("0", False),
            (None, True),
        ]
        _exchange(other, peer)
    assert parse(other.create_offer().sdp).media[1].rejected


def test_an_answer_that_rejects_data_ends_the_channels() -> None:
    peer = FirefoxPeer()
    peer.create_data_channel("d")
    text = offer("chromium", audio=1, data=True).text.replace("sctp-port:5000", "sctp-port:0")
    peer.set_remote_description(TypedSdp("offer", text))
    peer.set_local_description(peer.create_answer())
    assert not peer.negotiation_needed
    assert parse(peer.create_offer().sdp).media[1].rejected


@pytest.mark.parametrize(
    ("offered", "written"),
    [
        ("level-idx=5;profile=0;tier=0", ["tier=0"]),
        ("profile=0;tier=0;level-idx=0", ["profile=0;tier=0"]),
        ("level-idx=9;profile=1;tier=1", []),
        ("level-idx=5;profile=0", []),
    ],
)
def test_the_tier_of_an_av1_that_is_only_sent_slips_out(offered: str, written: list[str]) -> None:
    peer = FirefoxPeer()
    peer.set_codec_preferences(peer.add_track("video"), _only("VP9"))
    text = offer("chromium", video=1).text.replace("level-idx=5;profile=0;tier=0", offered)
    peer.set_remote_description(TypedSdp("offer", text))
    assert re.findall(r"a=fmtp:45 (.*)\r", peer.create_answer().sdp) == written
