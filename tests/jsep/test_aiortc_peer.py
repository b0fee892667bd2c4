"""aiortc's connection where it departs from W3C webrtc-pc; each held of aiortc 1.16.0.

`test_aiortc_sequences` compares the same with aiortc itself; here it is spelt out.
"""

import pytest

from rtckit.jsep.connection import Configuration, PeerError
from rtckit.jsep.negotiation import offer, peer_connection
from rtckit.jsep.stacks.aiortc.peer import AiortcPeer
from rtckit.jsep.transceiver import Encoding
from rtckit.jsep.verdict import State, TypedSdp, predict_verdict
from rtckit.sdp import parse

CANDIDATE = "candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host"


def remote_offer(audio: int = 1, video: int = 0, data: bool = False) -> TypedSdp:
    return TypedSdp("offer", offer("rfc", audio, video, data).text)


def answered(policy: str = "balanced") -> AiortcPeer:
    peer = AiortcPeer(Configuration(bundle_policy=policy))
    peer.set_remote_description(remote_offer(1, 1, True))
    peer.set_local_description()
    return peer


def test_exchange_between_two() -> None:
    a, b = AiortcPeer(), AiortcPeer()
    a.add_track("audio")
    a.create_data_channel("chat")
    a.set_local_description(a.create_offer())
    assert a.local is not None
    b.set_remote_description(a.local)
    b.set_local_description()
    assert b.local is not None
    a.set_remote_description(b.local)
    assert (a.signaling_state, b.signaling_state) == ("stable", "stable")
    assert (a.is_offerer, b.is_offerer) == (True, False)
    assert [t.current_direction for t in (*a.transceivers, *b.transceivers)] == [
        "sendonly",
        "recvonly",
    ]
    # The offer stays pending where it was set; only the answer becomes current.
    assert (a.current_local, a.pending_local and a.pending_local.type) == (None, "offer")
    assert (b.current_remote, b.pending_remote and b.pending_remote.type) == (None, "offer")
    assert a.take_events() == [
        "signalingstatechange:have-local-offer",
        "signalingstatechange:stable",
    ]
    assert b.take_events() == [
        "track:0",
        "signalingstatechange:have-remote-offer",
        "signalingstatechange:stable",
    ]
    assert (a.data_mid, a.data_level, a.has_sctp) == ("1", 1, True)
    assert a.credentials.keys() == {"0", "1"}


def test_it_is_made_by_name() -> None:
    assert isinstance(peer_connection("aiortc"), AiortcPeer)


@pytest.mark.parametrize(
    ("call", "name", "message"),
    [
        (lambda p: p.restart_ice(), "AttributeError", "restartIce"),
        (lambda p: p.remove_track(p.transceivers[0]), "AttributeError", "removeTrack"),
        (lambda p: p.create_offer(ice_restart=True), "TypeError", "iceRestart"),
        (
            lambda p: p.add_transceiver("video", send_encodings=[Encoding("h")]),
            "TypeError",
            "sendEncodings",
        ),
        (lambda p: p.add_transceiver("text"), "InternalError", 'Invalid track kind "text"'),
        (
            lambda p: p.add_transceiver("audio", direction="up"),
            "InternalError",
            'Invalid direction "up"',
        ),
        (lambda p: p.set_direction(p.transceivers[0], "stopped"), "AssertionError", ""),
        (
            lambda p: p.set_remote_description(TypedSdp("wish", "")),
            "ValueError",
            "'type' must be in ['offer', 'pranswer', 'answer', 'rollback'] (got 'wish')",
        ),
        (lambda p: p.add_ice_candidate("candidate:1 2", "0"), "AssertionError", ""),
        (
            lambda p: p.add_ice_candidate(CANDIDATE),
            "ValueError",
            "Candidate must have either sdpMid or sdpMLineIndex",
        ),
        (
            lambda p: p.set_codec_preferences(p.transceivers[0], [{"mimeType": "audio/x"}]),
            "ValueError",
            "Codec is not in capabilities",
        ),
    ],
)
def test_refusals(call: object, name: str, message: str) -> None:
    assert callable(call)
    peer = AiortcPeer()
    peer.add_track("audio", track_id="t")
    with pytest.raises(PeerError) as caught:
        call(peer)
    assert caught.value.name == name
    assert message in caught.value.message


def test_a_rollback_is_kept_as_a_description_and_undoes_nothing() -> None:
    peer = AiortcPeer()
    peer.add_track("audio")
    peer.set_local_description()
    peer.take_events()
    peer.set_local_description(TypedSdp("rollback", ""))
    assert peer.signaling_state == "have-local-offer"
    assert peer.pending_local == TypedSdp("rollback", "v=0\r\no=None\r\ns=-\r\nt=0 0\r\n")
    assert peer.take_events() == []


def test_a_remote_offer_is_refused_in_have_local_offer() -> None:
    peer = AiortcPeer()
    peer.add_track("audio")
    peer.set_local_description()
    with pytest.raises(PeerError, match='Cannot handle offer in signaling state "have-local-off'):
        peer.set_remote_description(remote_offer())


def test_a_failed_answer_leaves_the_connection_stable_without_it() -> None:
    peer = AiortcPeer()
    peer.add_transceiver("video")
    peer.set_remote_description(remote_offer())
    made = peer.create_answer()
    with pytest.raises(PeerError, match="None is not in list"):
        peer.set_local_description(made)
    assert peer.signaling_state == "stable"
    assert peer.current_local is None


def test_a_stopped_transceiver_is_offered_again() -> None:
    peer = answered()
    peer.stop(peer.transceivers[0])
    assert peer.transceivers[0].stopped
    assert peer.transceivers[0].shown_direction == "recvonly"
    sections = parse(peer.create_offer().sdp).media
    assert [(media.kind, media.rejected) for media in sections] == [
        ("audio", False),
        ("video", False),
        ("application", False),
    ]


def test_one_stopped_before_its_first_offer_is_left_out() -> None:
    peer = AiortcPeer()
    peer.stop(peer.add_transceiver("audio"))
    peer.add_transceiver("video")
    assert [media.kind for media in parse(peer.create_offer().sdp).media] == ["video"]


def test_an_offer_in_between_makes_the_answer_hold_every_codec() -> None:
    text = remote_offer(0, 1).sdp
    peer = AiortcPeer()
    peer.set_remote_description(TypedSdp("offer", text))
    before = parse(peer.create_answer().sdp).media[0].formats
    peer.create_offer()
    after = parse(peer.create_answer().sdp).media[0].formats
    assert before != after == ["97", "98", "99", "100", "101", "102"]


def test_add_track_takes_any_transceiver_without_a_track() -> None:
    peer = answered()
    taken = peer.add_track("audio")
    assert taken is peer.transceivers[0]
    assert taken.direction == "sendrecv"
    peer.replace_track(taken, None)
    taken.direction = "inactive"
    assert peer.add_track("audio") is taken
    assert taken.direction == "sendonly"
    assert peer.add_track("audio") is not taken


def test_a_track_has_one_sender() -> None:
    peer = AiortcPeer()
    peer.add_track("audio", track_id="t")
    with pytest.raises(PeerError, match="Track already has a sender"):
        peer.add_track("audio", track_id="t")


def test_codec_preferences_order_an_offer() -> None:
    peer = AiortcPeer()
    transceiver = peer.add_transceiver("video")
    h264 = {
        "mimeType": "video/H264",
        "clockRate": 90000,
        "sdpFmtpLine": "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    }
    vp8 = {"mimeType": "video/VP8", "clockRate": 90000}
    peer.set_codec_preferences(transceiver, [h264, vp8, h264])
    assert parse(peer.create_offer().sdp).media[0].formats == ["101", "97"]
    peer.set_codec_preferences(
        transceiver, [vp8, {"mimeType": "video/rtx", "clockRate": 90000, "sdpFmtpLine": "apt=97"}]
    )
    peer.explain = True
    assert parse(peer.create_offer().sdp).media[0].formats == ["97", "98"]
    dropped = [each.name for each in peer.decisions if each.outcome == "dropped"]
    assert dropped == ["99 H264/90000", "100 rtx/90000", "101 H264/90000", "102 rtx/90000"]
    peer.set_codec_preferences(transceiver, [])
    assert len(parse(peer.create_offer().sdp).media[0].formats) == 6


def test_candidates_show_in_the_remote_description() -> None:
    peer = AiortcPeer()
    peer.add_ice_candidate(CANDIDATE, "0")
    peer.set_remote_description(remote_offer(1, 1))
    peer.add_ice_candidate(CANDIDATE, "1")
    peer.add_ice_candidate(CANDIDATE, "9")
    peer.add_ice_candidate("")
    assert peer.remote is not None
    first, second = parse(peer.remote.sdp).media
    assert (len(first.candidates), len(second.candidates)) == (0, 1)
    assert first.end_of_candidates
    assert second.end_of_candidates


def test_a_leader_of_the_bundle_that_is_not_there_strands_the_others() -> None:
    text = remote_offer(1, 1, True).sdp.replace("a=group:BUNDLE 0", "a=group:BUNDLE x 0")
    peer = AiortcPeer()
    peer.set_remote_description(TypedSdp("offer", text))
    with pytest.raises(PeerError, match="'NoneType' object has no attribute 'transport'"):
        peer.create_answer()
    with pytest.raises(PeerError, match="_unregister_data_receiver"):
        peer.close()
    assert peer.signaling_state == "closed"
    with pytest.raises(PeerError, match="the coroutine does not end"):
        peer.close()


def test_closed() -> None:
    peer = answered()
    peer.take_events()
    peer.close()
    peer.close()
    assert peer.take_events() == ["signalingstatechange:closed"]
    assert all(item.stopped for item in peer.transceivers)
    for call in (peer.create_offer, peer.create_answer, peer.set_local_description):
        with pytest.raises(PeerError, match="RTCPeerConnection is closed"):
            call()
    with pytest.raises(PeerError, match="RTCPeerConnection is closed"):
        peer.add_track("audio")
    # setRemoteDescription looks at the state only once it has read the text.
    with pytest.raises(PeerError, match='Cannot handle offer in signaling state "closed"'):
        peer.set_remote_description(remote_offer())
    with pytest.raises(PeerError, match="ICE username fragment or password is missing"):
        peer.set_remote_description(TypedSdp("rollback", "m=audio 9 X 0\r\n"))
    peer.create_data_channel("still")
    verdict = predict_verdict(remote_offer().sdp, "aiortc", state=State("closed"))
    assert verdict.message == 'Cannot handle offer in signaling state "closed"'


@pytest.mark.parametrize("policy", ["balanced", "max-compat", "max-bundle"])
def test_bundle_policies_share_one_set_of_credentials(policy: str) -> None:
    peer = answered(policy)
    peer.add_track("audio")
    peer.add_track("audio")
    made = parse(peer.create_offer().sdp)
    assert len(made.media) == 4
    assert len({media.ice_ufrag for media in made.media}) == 1
    assert made.bundle == ["0", "1", "2", "3"]
