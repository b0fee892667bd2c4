"""Transceivers and sections: RFC 9429, 5.2.2, 5.7, 5.9 and 5.10, and W3C webrtc-pc, 5.1 and 5.4."""

import pytest

from rtckit.jsep.connection import PeerConnection, PeerError
from rtckit.jsep.transceiver import DIRECTIONS, Encoding, intersect, reverse_of
from rtckit.jsep.verdict import TypedSdp
from tests.jsep.plain_peer import PlainPeer, exchange, plain_peer

ROLLBACK = TypedSdp("rollback", "")


def pair() -> tuple[PlainPeer, PlainPeer]:
    return plain_peer("one"), plain_peer("two")


def shown(peer: PeerConnection) -> list[tuple[str | None, str, str, str | None]]:
    return [
        (t.mid, t.kind, t.shown_direction, t.shown_current_direction) for t in peer.transceivers
    ]


def sections(peer: PeerConnection) -> list[tuple[str, str | None, bool]]:
    """Kind, mid and whether rejected of each section of the local description."""
    return [(s.kind, s.mid, s.rejected) for s in peer.facts_of(peer.local).sections]


def test_directions_of_the_other_side() -> None:
    assert [reverse_of(d) for d in DIRECTIONS] == ["sendrecv", "recvonly", "sendonly", "inactive"]


@pytest.mark.parametrize("offered", DIRECTIONS)
@pytest.mark.parametrize("preferred", DIRECTIONS)
def test_an_answer_intersects_directions(offered: str, preferred: str) -> None:
    # RFC 3264, 6.1: it may only send what is received there, and receive what is sent there.
    one, two = pair()
    one.add_transceiver("audio", direction=offered)
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    two.set_direction(two.transceivers[0], preferred)
    two.set_local_description()
    assert two.local
    one.set_remote_description(two.local)
    expected = intersect(reverse_of(offered), preferred)
    sends = "send" in expected
    assert sends == ("send" in preferred and ("recv" in offered))
    assert shown(two) == [("0", "audio", preferred, expected)]
    assert shown(one) == [("0", "audio", offered, reverse_of(expected))]


def test_mids_are_proposed_by_the_offer_and_set_with_it() -> None:
    one, _ = pair()
    first, second = one.add_track("audio"), one.add_transceiver("video")
    one.create_offer()
    assert (first.mid, second.mid) == (None, None)  # 5.2.1: "this does not set" it
    one.set_local_description()
    assert (first.mid, first.level) == ("0", 0)
    assert (second.mid, second.level) == ("1", 1)


def test_a_remote_offer_makes_transceivers_that_receive() -> None:
    one, two = pair()
    one.add_transceiver("audio", stream_ids=["s", "t"])
    one.add_transceiver("video", direction="recvonly")
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    assert shown(two) == [("0", "audio", "recvonly", None), ("1", "video", "recvonly", None)]
    assert two.transceivers[0].remote_stream_ids == ("s", "t")
    # Only what the other side sends is a track (W3C, 5.1.1).
    assert two.take_events() == ["signalingstatechange:have-remote-offer", "track:0"]


def test_a_remote_offer_takes_transceivers_of_add_track_in_order() -> None:
    one, two = pair()
    by_transceiver = two.add_transceiver("audio")
    by_track = [two.add_track("video"), two.add_track("video"), two.add_track("video")]
    for kind, direction in (
        ("audio", "sendrecv"),
        ("video", "sendonly"),  # nothing can be sent there: a new one is made
        ("video", "recvonly"),
        ("video", "sendrecv"),
    ):
        one.add_transceiver(kind, direction=direction)
    exchange(one, two)
    assert by_transceiver.mid is None  # 5.10: only those "added ... by addTrack"
    assert [t.mid for t in by_track] == ["2", "3", None]
    made = [t for t in two.transceivers if t.made_by == "setRemoteDescription"]
    assert [t.mid for t in made] == ["0", "1"]
    assert two.negotiation_needed


def test_a_remote_offer_without_mids_gives_each_section_one() -> None:
    one, two = pair()
    one.add_track("audio")
    one.create_data_channel("x")
    text = one.create_offer().sdp
    bare = text.replace("a=mid:0\r\n", "").replace("a=mid:1\r\n", "").replace("BUNDLE 0 1", "X")
    two.set_remote_description(TypedSdp("offer", bare))
    two.set_local_description()
    assert two.transceivers[0].mid == "0"
    assert (two.data_mid, two.data_level) == ("1", 1)
    # The next one finds the same transceiver by its place.
    two.set_remote_description(TypedSdp("offer", bare))
    assert len(two.transceivers) == 1


def test_add_track_takes_a_transceiver_that_never_sent() -> None:
    one, two = pair()
    one.add_transceiver("audio")
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    made = two.transceivers[0]
    assert two.add_track("audio", stream_ids=["s"]) is made
    assert (made.direction, made.stream_ids) == ("sendrecv", ("s",))
    assert two.add_track("video") is not made
    assert two.add_track("audio") is not made  # it has a track now


def test_add_track_leaves_alone_what_has_sent_or_is_stopping() -> None:
    one, two = pair()
    transceiver = one.add_track("audio")
    exchange(one, two)
    assert transceiver.current_direction == "sendonly"
    one.remove_track(transceiver)
    assert transceiver.direction == "recvonly"
    assert one.add_track("audio") is not transceiver
    silent = one.add_transceiver("video", direction="inactive")
    one.stop(silent)
    assert one.add_track("video") is not silent


@pytest.mark.parametrize(("before", "after"), [("sendrecv", "recvonly"), ("sendonly", "inactive")])
def test_removing_a_track_turns_the_direction(before: str, after: str) -> None:
    one, _ = pair()
    transceiver = one.add_transceiver("audio", direction=before, track=True)
    one.remove_track(transceiver)
    assert (transceiver.direction, transceiver.track_id) == (after, None)
    one.remove_track(transceiver)
    assert transceiver.direction == after


@pytest.mark.parametrize(
    ("before", "after"),
    [("recvonly", "sendrecv"), ("inactive", "sendonly"), ("sendrecv", "sendrecv")],
)
def test_adding_a_track_turns_the_direction(before: str, after: str) -> None:
    one, _ = pair()
    transceiver = one.add_transceiver("audio", direction=before)
    assert one.add_track("audio") is transceiver
    assert transceiver.direction == after


def test_a_stopped_transceiver_goes_with_the_answer_on_both_sides() -> None:
    one, two = pair()
    one.add_track("audio")
    keep = one.add_track("video")
    exchange(one, two)
    gone, theirs = one.transceivers[0], two.transceivers[0]
    one.stop(gone)
    assert gone.shown_direction == "stopped"
    assert gone.shown_current_direction == "sendonly"  # not until the section is rejected
    one.set_local_description()
    assert sections(one) == [("audio", "0", True), ("video", "1", False)]
    assert one.transceivers == [gone, keep]
    assert one.local
    two.set_remote_description(one.local)
    assert (theirs.stopped, theirs in two.transceivers) == (True, True)
    two.set_local_description()
    assert theirs not in two.transceivers
    assert two.local
    one.set_remote_description(two.local)
    assert gone.stopped
    assert one.transceivers == [keep]
    assert not one.negotiation_needed
    assert not two.negotiation_needed


def test_stopping_on_the_answering_side_waits_for_its_own_offer() -> None:
    # W3C, 5.4, stop: "a transceiver that is stopping, but not stopped, will not affect
    # createAnswer".
    one, two = pair()
    one.add_transceiver("audio")
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    two.stop(two.transceivers[0])
    two.set_local_description()
    assert two.local
    assert sections(two) == [("audio", "0", False)]
    one.set_remote_description(two.local)
    assert shown(one) == [("0", "audio", "sendrecv", "inactive")]
    assert two.negotiation_needed
    exchange(two, one)
    assert one.transceivers == two.transceivers == []


def test_a_transceiver_stopped_before_any_offer_gets_no_section() -> None:
    one, two = pair()
    one.stop(one.add_transceiver("audio"))
    one.add_transceiver("video")
    exchange(one, two)
    assert sections(one) == [("video", "0", False)]


def test_a_rejected_section_is_recycled_by_either_side_and_kind() -> None:
    one, two = pair()
    one.add_track("audio")
    one.add_track("video")
    exchange(one, two)
    one.stop(one.transceivers[0])
    exchange(one, two)
    two.add_track("video")
    two.add_track("video")
    exchange(two, one)
    # 5.2.2: "including a new MID value" and "at the same index".
    assert sections(two) == [("video", "2", False), ("video", "1", False)]
    assert shown(one) == [
        ("1", "video", "sendrecv", "sendrecv"),
        ("2", "video", "recvonly", "recvonly"),
    ]
    one.stop(one.transceivers[1])
    exchange(one, two)
    assert sections(one) == [("video", "2", True), ("video", "1", False)]
    exchange(two, one)
    assert sections(two) == [("video", "2", True), ("video", "1", False)]


def test_a_section_is_not_recycled_before_the_exchange_that_rejects_it() -> None:
    one, two = pair()
    one.add_track("audio")
    exchange(one, two)
    one.stop(one.transceivers[0])
    one.add_track("audio")
    one.set_local_description()
    assert sections(one) == [("audio", "0", True), ("audio", "1", False)]


def test_an_open_offer_keeps_what_it_recycled_when_made_again() -> None:
    one, two = pair()
    one.add_track("audio")
    exchange(one, two)
    one.stop(one.transceivers[0])
    exchange(one, two)
    one.add_track("video")
    one.set_local_description()
    first = sections(one)
    one.add_track("audio")
    one.set_local_description()
    assert first == [("video", "1", False)]
    assert sections(one) == [("video", "1", False), ("audio", "2", False)]


def test_rollback_of_a_local_offer_takes_the_mids_back() -> None:
    one, two = pair()
    old = one.add_track("audio")
    exchange(one, two)
    new = one.add_track("video")
    one.create_data_channel("x")
    one.set_local_description()
    assert (new.mid, one.data_mid) == ("1", "2")
    one.set_local_description(ROLLBACK)
    assert (old.mid, new.mid, new.level) == ("0", None, None)
    assert (one.data_mid, one.data_level) == (None, None)
    assert one.transceivers == [old, new]


def test_rollback_of_a_remote_offer_removes_what_it_made_but_not_what_has_a_track() -> None:
    # RFC 9429, 5.7.
    one, two = pair()
    for kind in ("audio", "video", "video"):
        one.add_transceiver(kind)
    mine = two.add_track("video")
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    made = [t for t in two.transceivers if t is not mine]
    assert [t.kind for t in made] == ["audio", "video"]
    assert two.add_track("audio") is made[0]
    two.set_remote_description(ROLLBACK)
    assert two.transceivers == [mine, made[0]]
    assert [t.mid for t in two.transceivers] == [None, None]
    assert made[1].stopped
    assert not made[0].is_receiving
    two.set_local_description()
    assert sections(two) == [("video", "3", False), ("audio", "4", False)]
    # What it now shares with addTrack, the next remote offer takes.
    two.set_local_description(ROLLBACK)
    two.set_remote_description(one.local)
    assert [t.mid for t in (mine, made[0])] == ["1", "0"]


def test_rollback_keeps_what_the_page_did_meanwhile() -> None:
    one, two = pair()
    one.add_track("audio")
    exchange(one, two)
    one.set_local_description()
    one.set_direction(one.transceivers[0], "inactive")
    video = one.add_transceiver("video")
    one.set_local_description(ROLLBACK)
    assert shown(one) == [
        ("0", "audio", "inactive", "sendonly"),
        (None, "video", "sendrecv", None),
    ]
    assert one.transceivers[1] is video


def test_rollback_of_a_recycled_section_leaves_it_rejected() -> None:
    one, two = pair()
    one.add_track("audio")
    exchange(one, two)
    one.stop(one.transceivers[0])
    exchange(one, two)
    video = one.add_track("video")
    one.set_local_description()
    one.set_local_description(ROLLBACK)
    assert (video.mid, sections(one)) == (None, [("audio", "0", True)])
    exchange(one, two)
    assert sections(one) == [("video", "2", False)]


def test_rollback_gives_streams_and_tracks_back() -> None:
    one, two = pair()
    sender = one.add_track("audio", stream_ids=["s"])
    exchange(one, two)
    receiver = two.transceivers[0]
    one.set_direction(sender, "inactive")
    one.set_local_description()
    assert one.local
    two.take_events()
    two.set_remote_description(one.local)
    assert (receiver.remote_stream_ids, receiver.is_receiving) == ((), False)
    two.set_remote_description(ROLLBACK)
    assert (receiver.remote_stream_ids, receiver.is_receiving) == (("s",), True)
    assert "track:0" in two.take_events()


def test_tracks_are_told_of_again_when_they_come_back_or_join_a_stream() -> None:
    one, two = pair()
    sender = one.add_track("audio", stream_ids=["s"])
    told = []
    for direction, streams in (
        ("sendrecv", ("s",)),
        ("sendrecv", ("s",)),
        ("recvonly", ("s",)),
        ("sendonly", ("s",)),
        ("sendonly", ("s", "t")),
        ("sendonly", ("t",)),
    ):
        one.set_direction(sender, direction)
        sender.stream_ids = streams
        exchange(one, two)
        told.append("track:0" in two.take_events())
    assert told == [True, False, False, True, True, False]


def test_simulcast_layers_follow_what_the_other_side_wants() -> None:
    one, two = pair()
    rids = [Encoding(rid) for rid in ("q", "h", "f")]
    sender = one.add_transceiver("video", send_encodings=rids)
    assert [e.scale_resolution_down_by for e in sender.encodings] == [4.0, 2.0, 1.0]
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    answer = two.create_answer().sdp
    wanted = answer + "a=rid:h recv\r\na=rid:q recv\r\na=simulcast:recv h;~q\r\n"
    one.set_remote_description(TypedSdp("pranswer", wanted))
    assert [(e.rid, e.active) for e in sender.encodings] == [("q", False), ("h", True)]
    one.set_remote_description(TypedSdp("answer", answer))
    assert len(sender.encodings) == 1


def test_an_offer_to_receive_simulcast_sets_the_layers() -> None:
    # W3C, 4.4.1.4, steps 10.2.1 to 10.2.5; the offer of a media server.
    one, two = pair()
    one.add_transceiver("video")
    offer = one.create_offer().sdp + "a=rid:q recv\r\na=rid:f recv\r\na=simulcast:recv q;f\r\n"
    track = two.add_track("video")
    two.set_remote_description(TypedSdp("offer", offer))
    assert [(e.rid, e.scale_resolution_down_by) for e in track.encodings] == [
        ("q", 2.0),
        ("f", 1.0),
    ]
    two.set_remote_description(ROLLBACK)
    assert [e.rid for e in track.encodings] == [None]


def test_one_data_section_however_many_channels() -> None:
    one, two = pair()
    one.create_data_channel("a")
    exchange(one, two)
    one.create_data_channel("b")
    two.create_data_channel("c")
    assert not one.negotiation_needed
    assert not two.negotiation_needed
    two.add_track("audio")
    exchange(two, one)
    assert sections(two) == [("data", "0", False), ("audio", "1", False)]
    assert one.data_mid == two.data_mid == "0"


def test_the_data_section_comes_last_in_a_first_offer() -> None:
    one, _ = pair()
    one.create_data_channel("a")
    one.add_track("audio")
    one.set_local_description()
    assert [kind for kind, _, _ in sections(one)] == ["audio", "data"]


def test_a_data_section_that_was_refused_is_free() -> None:
    one, two = pair()
    one.create_data_channel("a")
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    answer = two.create_answer().sdp.replace("m=application 9", "m=application 0")
    one.set_remote_description(TypedSdp("answer", answer))
    assert (one.data_mid, one.data_level) == (None, None)
    one.add_track("audio")
    one.data_channels.clear()
    one.set_local_description()
    assert sections(one) == [("audio", "1", False)]


@pytest.mark.parametrize(
    ("kind", "encodings", "name"),
    [
        ("video", [Encoding("a b")], "TypeError"),
        ("video", [Encoding("a"), Encoding("a")], "TypeError"),
        ("video", [Encoding("a"), Encoding()], "TypeError"),
        ("video", [Encoding("a", scale_resolution_down_by=0.5)], "RangeError"),
        ("screen", [], "TypeError"),
    ],
)
def test_what_add_transceiver_refuses(kind: str, encodings: list[Encoding], name: str) -> None:
    one, _ = pair()
    with pytest.raises(PeerError) as caught:
        one.add_transceiver(kind, send_encodings=encodings)
    assert caught.value.name == name
    assert one.transceivers == []


def test_encodings_are_completed() -> None:
    # W3C, addTransceiver, step 8.
    one, _ = pair()
    audio = one.add_transceiver("audio", send_encodings=[Encoding(scale_resolution_down_by=0.1)])
    assert audio.encodings == [Encoding()]
    lone = one.add_transceiver("video", send_encodings=[Encoding("x")])
    assert lone.encodings == [Encoding(None, True, 1.0)]
    mixed = one.add_transceiver(
        "video", send_encodings=[Encoding("x"), Encoding("y", scale_resolution_down_by=3.0)]
    )
    assert [e.scale_resolution_down_by for e in mixed.encodings] == [1.0, 3.0]


def test_what_a_stopping_transceiver_refuses() -> None:
    one, _ = pair()
    transceiver = one.add_track("audio")
    one.stop(transceiver)
    one.stop(transceiver)
    for action in (
        lambda: one.set_direction(transceiver, "inactive"),
        lambda: one.replace_track(transceiver, "x"),
    ):
        with pytest.raises(PeerError) as caught:
            action()
        assert caught.value.name == "InvalidStateError"
    with pytest.raises(PeerError) as caught:
        one.set_direction(one.add_track("audio"), "stopped")
    assert caught.value.name == "TypeError"


def test_a_track_is_added_once() -> None:
    one, _ = pair()
    one.add_track("audio", track_id="t")
    with pytest.raises(PeerError) as caught:
        one.add_track("audio", track_id="t")
    assert caught.value.name == "InvalidAccessError"
