"""When an exchange is needed: W3C webrtc-pc, 4.7.3, check by check."""

from collections.abc import Callable

import pytest

from rtckit.jsep.verdict import TypedSdp
from tests.jsep.plain_peer import PlainPeer, exchange, plain_peer

ROLLBACK = TypedSdp("rollback", "")
Change = Callable[[PlainPeer], object]

NEEDED: dict[str, Change] = {
    "a track is added": lambda p: p.add_track("video"),
    "a transceiver is added": lambda p: p.add_transceiver("audio", direction="inactive"),
    "a transceiver is stopped": lambda p: p.stop(p.transceivers[0]),
    "a direction is changed": lambda p: p.set_direction(p.transceivers[0], "inactive"),
    "a track is removed": lambda p: p.remove_track(p.transceivers[0]),
    "the first channel is created": lambda p: p.create_data_channel("x"),
    "ICE is to restart": lambda p: p.restart_ice(),
}
NOT_NEEDED: dict[str, Change] = {
    "a track is replaced": lambda p: p.replace_track(p.transceivers[0], "other"),
    "preferences are set": lambda p: p.set_codec_preferences(p.transceivers[0], []),
    "a direction is set to what it is": lambda p: p.set_direction(p.transceivers[0], "sendrecv"),
    "an offer is made": lambda p: p.create_offer(),
}


def connected() -> tuple[PlainPeer, PlainPeer]:
    """Two peers after an exchange of one audio section, both sending, without events."""
    one, two = plain_peer("one"), plain_peer("two")
    one.add_track("audio", stream_ids=["s"])
    two.add_track("audio", stream_ids=["t"])
    exchange(one, two)
    for peer in (one, two):
        assert not peer.negotiation_needed
        peer.take_events()
    return one, two


@pytest.mark.parametrize("offers", [True, False], ids=["offerer", "answerer"])
@pytest.mark.parametrize("change", NEEDED)
def test_changes_that_need_one(change: str, offers: bool) -> None:
    one, two = connected()
    peer, other = (one, two) if offers else (two, one)
    NEEDED[change](peer)
    assert peer.take_events() == ["negotiationneeded"]
    NEEDED[change](peer)
    assert peer.take_events() == []  # told once
    exchange(peer, other)
    assert not peer.negotiation_needed
    assert "negotiationneeded" not in peer.take_events()
    assert "negotiationneeded" not in other.take_events()


@pytest.mark.parametrize("change", NOT_NEEDED)
def test_changes_that_do_not(change: str) -> None:
    one, _ = connected()
    NOT_NEEDED[change](one)
    assert one.take_events() == []


def test_nothing_is_needed_of_a_new_connection() -> None:
    peer = plain_peer()
    assert not peer.negotiation_needed
    exchange(peer, plain_peer("two"))
    assert "negotiationneeded" not in peer.take_events()


@pytest.mark.parametrize("change", NEEDED)
def test_changes_while_an_exchange_is_open_are_told_after_it(change: str) -> None:
    one, two = connected()
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    two.set_local_description()
    one.take_events()
    NEEDED[change](one)
    assert one.take_events() == []
    assert two.local
    one.set_remote_description(two.local)
    assert one.take_events() == ["signalingstatechange:stable", "negotiationneeded"]


def test_a_change_taken_back_clears_the_flag() -> None:
    one, _ = connected()
    one.set_direction(one.transceivers[0], "sendonly")
    one.set_direction(one.transceivers[0], "sendrecv")
    assert one.take_events() == ["negotiationneeded"]
    assert not one.negotiation_needed
    one.set_direction(one.transceivers[0], "inactive")
    assert one.take_events() == ["negotiationneeded"]


def test_rollback_asks_again() -> None:
    # 4.4.1.4, step 13.2: in stable the flag is cleared and updated.
    one, _ = connected()
    one.add_track("video")
    one.set_local_description()
    one.take_events()
    one.set_local_description(ROLLBACK)
    assert one.take_events() == ["signalingstatechange:stable", "negotiationneeded"]


def test_what_the_answer_could_not_hold_is_needed_after_it() -> None:
    one, two = connected()
    two.add_track("video")
    two.take_events()
    exchange(one, two)
    assert two.take_events()[-1] == "negotiationneeded"


@pytest.mark.parametrize(
    ("offered", "preferred", "needed"),
    [
        ("sendrecv", "recvonly", False),
        ("sendonly", "sendrecv", False),  # intersected with the offer
        ("recvonly", "sendonly", False),
        ("inactive", "sendrecv", False),
        ("sendonly", "inactive", False),
    ],
)
def test_an_answerer_that_got_what_it_could_is_content(
    offered: str, preferred: str, needed: bool
) -> None:
    one, two = plain_peer("one"), plain_peer("two")
    one.add_transceiver("audio", direction=offered)
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    two.set_direction(two.transceivers[0], preferred)
    two.set_local_description()
    assert two.local
    one.set_remote_description(two.local)
    assert two.negotiation_needed is needed
    assert one.negotiation_needed is False


def test_an_answerer_that_changes_its_mind_after_the_answer_needs_one() -> None:
    _, two = connected()
    for direction, needed in (("recvonly", True), ("sendrecv", False), ("inactive", True)):
        two.set_direction(two.transceivers[0], direction)
        assert two.negotiation_needed is needed


def test_an_offerer_whose_direction_was_narrowed_needs_none_either_way() -> None:
    # 4.7.3, 5.3.2: the direction may match the local description or the reversed remote one.
    one, two = connected()
    two.set_direction(two.transceivers[0], "recvonly")
    exchange(one, two)
    assert one.transceivers[0].current_direction == "sendonly"
    assert not one.negotiation_needed
    one.set_direction(one.transceivers[0], "sendonly")
    assert not one.negotiation_needed
    one.set_direction(one.transceivers[0], "recvonly")
    assert one.negotiation_needed


def test_other_streams_need_one() -> None:
    # 4.7.3, 5.3.1: a=msid is compared with the streams of the sender.
    one, two = plain_peer("one"), plain_peer("two")
    one.add_transceiver("audio", direction="sendrecv")
    exchange(one, two)
    one.take_events()
    one.transceivers[0].stream_ids = ("other",)
    one.replace_track(one.transceivers[0], None)
    one.create_data_channel("x")
    exchange(one, two)
    assert not one.negotiation_needed
    one.transceivers[0].stream_ids = ("another",)
    one.set_direction(one.transceivers[0], "sendonly")
    assert one.negotiation_needed
