"""Descriptions of a connection: W3C webrtc-pc, 4.4.1.4 and 4.4.2, and RFC 9429, 5.4 to 5.7."""

import pytest

from rtckit.jsep.connection import PeerError
from rtckit.jsep.states import SDP_TYPES, SIDES, TRANSITIONS
from rtckit.jsep.verdict import TypedSdp
from tests.jsep.plain_peer import PlainPeer, exchange, plain_peer

ROLLBACK = TypedSdp("rollback", "")


def call(offering: int = 1) -> tuple[PlainPeer, PlainPeer]:
    """Two peers, the first with so many audio tracks."""
    one, two = plain_peer("one"), plain_peer("two")
    for _ in range(offering):
        one.add_track("audio")
    return one, two


def fails(name: str, action: object, *arguments: object, **options: object) -> str:
    """The message of the PeerError of that name that an action raises."""
    with pytest.raises(PeerError) as caught:
        action(*arguments, **options)  # type: ignore[operator]
    assert caught.value.name == name
    return caught.value.message


def bring(state: str) -> tuple[PlainPeer, TypedSdp, TypedSdp]:
    """A peer in a state, an offer of another peer, and an answer of another to its own offer."""
    one, two = call()
    other = plain_peer("other")
    other.add_track("audio")
    offer = other.create_offer()
    two.set_remote_description(one.create_offer())
    answer = two.create_answer()
    if state in ("have-local-offer", "have-remote-pranswer"):
        one.set_local_description()
    if state == "have-remote-pranswer":
        one.set_remote_description(TypedSdp("pranswer", answer.sdp))
    if state in ("have-remote-offer", "have-local-pranswer"):
        one.set_remote_description(offer)
    if state == "have-local-pranswer":
        one.set_local_description(TypedSdp("pranswer", one.create_answer().sdp))
    if state == "closed":
        one.close()
    assert one.signaling_state == state
    return one, offer, answer


@pytest.mark.parametrize(
    "state",
    [
        "stable",
        "have-local-offer",
        "have-remote-offer",
        "have-local-pranswer",
        "have-remote-pranswer",
        "closed",
    ],
)
@pytest.mark.parametrize("sdp_type", SDP_TYPES)
@pytest.mark.parametrize("side", SIDES)
def test_every_setter_in_every_state(state: str, side: str, sdp_type: str) -> None:
    peer, offer, answer = bring(state)
    if sdp_type == "rollback":
        description = ROLLBACK
    elif side == "remote":
        description = TypedSdp(sdp_type, (offer if sdp_type == "offer" else answer).sdp)
    else:
        description = TypedSdp(sdp_type, "")  # made as needed, where it can be
    setter = peer.set_local_description if side == "local" else peer.set_remote_description
    after = TRANSITIONS.get((state, side, sdp_type))
    if (state, side, sdp_type) == ("have-local-offer", "remote", "offer"):
        after = "have-remote-offer"  # by the implicit rollback
    if after is None:
        fails("InvalidStateError", setter, description)
        assert peer.signaling_state == state
    else:
        setter(description)
        assert peer.signaling_state == after
        assert (after == "stable") == (peer.pending_local is peer.pending_remote is None)


def test_a_whole_exchange_moves_pending_to_current() -> None:
    one, two = call()
    offer = one.create_offer()
    assert (offer.type, one.created_offer) == ("offer", offer.sdp)
    one.set_local_description(offer)
    assert one.local == one.pending_local == offer
    assert one.current_local is None
    two.set_remote_description(offer)
    assert two.remote == two.pending_remote == offer
    answer = two.create_answer()
    two.set_local_description(answer)
    assert (two.current_remote, two.current_local) == (offer, answer)
    one.set_remote_description(answer)
    for peer in (one, two):
        assert peer.signaling_state == "stable"
        assert peer.pending_local is peer.pending_remote is None
        assert peer.created_offer is peer.created_answer is None
    assert (one.current_local, one.current_remote) == (offer, answer)
    assert (one.is_offerer, two.is_offerer) == (True, False)


def test_provisional_answers_replace_one_another_and_the_final_one_settles() -> None:
    one, two = call()
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    for _ in range(2):
        provisional = TypedSdp("pranswer", two.create_answer().sdp)
        two.set_local_description(provisional)
        one.set_remote_description(provisional)
        assert (one.signaling_state, two.signaling_state) == (
            "have-remote-pranswer",
            "have-local-pranswer",
        )
        assert one.pending_remote == two.pending_local == provisional
        assert one.current_local is None
    two.set_local_description()
    assert two.current_local
    assert two.current_local.type == "answer"
    one.set_remote_description(two.current_local)
    assert one.signaling_state == two.signaling_state == "stable"
    assert one.current_local
    assert one.current_local.type == "offer"


def test_a_changed_text_is_refused_as_local_description() -> None:
    # RFC 9429, 5.4: it "MUST NOT be changed"; W3C: InvalidModificationError.
    one, two = call()
    offer = one.create_offer()
    changed = TypedSdp("offer", offer.sdp + "a=x\r\n")
    fails("InvalidModificationError", one.set_local_description, changed)
    one.set_local_description(offer)
    two.set_remote_description(offer)
    answer = two.create_answer()
    changed = TypedSdp("answer", answer.sdp + "a=x\r\n")
    fails("InvalidModificationError", two.set_local_description, changed)
    stale = offer
    one.set_remote_description(ROLLBACK)
    one.create_offer()
    assert one.created_offer != stale.sdp
    fails("InvalidModificationError", one.set_local_description, stale)


def test_an_empty_text_stands_for_the_one_created_last() -> None:
    one, _ = call()
    offer = one.create_offer()
    one.set_local_description(TypedSdp("offer", ""))
    assert one.local == offer


def test_what_no_longer_fits_is_made_anew() -> None:
    # W3C: "or if it no longer accurately represents the offerer's system state".
    one, _ = call()
    offer = one.create_offer()
    one.add_track("video")
    one.set_local_description()
    assert one.local != offer
    assert len(one.facts_of(one.local).sections) == 2


def test_without_an_argument_the_state_says_what_is_made() -> None:
    one, two = call()
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    two.set_local_description()
    assert two.local
    assert two.local.type == "answer"


def test_session_versions_rise_with_each_description_made() -> None:
    # RFC 9429, 5.2.2: also after a rollback the next offer "will still have version N+2".
    one, two = call()
    exchange(one, two)
    versions = []
    for _ in range(3):
        one.set_local_description(one.create_offer())
        versions.append(one.version)
        one.set_local_description(ROLLBACK)
    assert versions == [2, 3, 4]


@pytest.mark.parametrize("setter", ["set_local_description", "set_remote_description"])
@pytest.mark.parametrize("state", ["have-local-offer", "have-remote-offer"])
def test_either_setter_rolls_back_either_offer(state: str, setter: str) -> None:
    # RFC 9429, 5.7: "The effect of rollback MUST be the same".
    peer, _, _ = bring(state)
    peer.take_events()
    getattr(peer, setter)(ROLLBACK)
    assert peer.signaling_state == "stable"
    assert peer.local is peer.remote is None
    assert [t.mid for t in peer.transceivers] == [None]
    assert peer.take_events() == ["signalingstatechange:stable", "negotiationneeded"]


def test_rollback_returns_to_the_current_descriptions() -> None:
    one, two = call()
    offer, answer = exchange(one, two)
    one.add_track("video")
    one.set_local_description()
    assert one.local != offer
    one.set_local_description(ROLLBACK)
    assert (one.local, one.remote) == (offer, answer)


def test_glare_is_resolved_by_rolling_the_local_offer_back() -> None:
    one, two = call()
    two.add_track("audio")
    one.set_local_description()
    two.set_local_description()
    assert two.local
    one.take_events()
    one.set_remote_description(two.local)
    assert one.signaling_state == "have-remote-offer"
    assert one.pending_local is None
    # The transceiver of addTrack takes the offered section (RFC 9429, 5.10).
    assert [t.mid for t in one.transceivers] == ["0"]
    assert one.take_events() == [
        "signalingstatechange:stable",
        "signalingstatechange:have-remote-offer",
        "track:0",
    ]


def test_a_refused_offer_leaves_the_rollback_it_caused() -> None:
    # W3C, setRemoteDescription: two steps, the rollback first.
    one, _ = call()
    one.set_local_description()
    fails("OperationError", one.set_remote_description, TypedSdp("offer", "nonsense"))
    assert one.signaling_state == "stable"


def test_texts_that_are_none() -> None:
    one, _ = call()
    message = fails("OperationError", one.set_remote_description, TypedSdp("offer", "nonsense"))
    assert "remote offer" in message
    fails("TypeError", one.set_remote_description, TypedSdp("Offer", "v=0\r\n"))
    assert one.signaling_state == "stable"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("a=mid:0", "a=mid:9", "has mid 9, was offered as 0"),
        ("m=audio", "m=video", "is video, was offered as audio"),
        ("a=rtcp-mux", "a=x", "lacks rtcp-mux"),
    ],
)
def test_answers_that_do_not_fit_their_offer(old: str, new: str, reason: str) -> None:
    one, two = call()
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    answer = TypedSdp("answer", two.create_answer().sdp.replace(old, new))
    assert reason in fails("InvalidAccessError", one.set_remote_description, answer)
    assert one.signaling_state == "have-local-offer"
    short = TypedSdp("answer", answer.sdp[: answer.sdp.index("m=")])
    assert "sections" in fails("InvalidAccessError", one.set_remote_description, short)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("a=mid:0", "a=mid:7", "had mid 0, has 7"),
        ("m=audio", "m=video", "was audio, is video"),
        ("a=mid:0", "a=mid:1", "a mid stands twice"),
    ],
)
def test_offers_that_do_not_fit_what_was_before(old: str, new: str, reason: str) -> None:
    one, two = call(2)
    exchange(one, two)
    if reason == "a mid stands twice":
        two = plain_peer("three")
    offer = one.create_offer().sdp
    changed = TypedSdp("offer", offer.replace(old, new, 1))
    assert reason in fails("InvalidAccessError", two.set_remote_description, changed)
    assert two.signaling_state == "stable"


def test_sections_do_not_disappear() -> None:
    # RFC 3264, 8: the number of m-lines never falls.
    one, two = call(2)
    exchange(one, two)
    offer = one.create_offer().sdp
    short = TypedSdp("offer", offer[: offer.rindex("m=")])
    assert "sections" in fails("InvalidAccessError", two.set_remote_description, short)


def test_rtcp_mux_may_be_left_out_when_the_policy_negotiates() -> None:
    from rtckit.jsep.configuration import Configuration

    one, _ = call()
    offer = TypedSdp("offer", one.create_offer().sdp.replace("a=rtcp-mux\r\n", ""))
    lax = plain_peer("lax", configuration=Configuration(rtcp_mux_policy="negotiate"))
    lax.set_remote_description(offer)
    assert lax.signaling_state == "have-remote-offer"


def test_a_closed_connection_refuses_everything_and_tells_nobody() -> None:
    one, two = call()
    exchange(one, two)
    one.take_events()
    transceiver = one.transceivers[0]
    one.close()
    one.close()
    assert one.signaling_state == "closed"
    assert one.take_events() == []
    assert transceiver.stopped
    assert transceiver.shown_current_direction == "stopped"
    for action in (
        one.create_offer,
        one.create_answer,
        one.set_local_description,
        lambda: one.set_remote_description(ROLLBACK),
        lambda: one.add_ice_candidate("", "0", 0),
        lambda: one.add_track("audio"),
        lambda: one.remove_track(transceiver),
        lambda: one.add_transceiver("audio"),
        lambda: one.create_data_channel("x"),
        lambda: one.stop(transceiver),
        lambda: one.replace_track(transceiver, None),
    ):
        fails("InvalidStateError", action)


@pytest.mark.parametrize(
    "state", ["have-remote-offer", "have-local-pranswer", "have-remote-pranswer"]
)
def test_offers_cannot_be_made_while_the_other_sides_is_open(state: str) -> None:
    peer, _, _ = bring(state)
    assert state in fails("InvalidStateError", peer.create_offer)


@pytest.mark.parametrize("state", ["stable", "have-local-offer", "have-remote-pranswer"])
def test_answers_cannot_be_made_without_an_offer(state: str) -> None:
    peer, _, _ = bring(state)
    assert state in fails("InvalidStateError", peer.create_answer)


CANDIDATE = "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"


@pytest.mark.parametrize(
    ("candidate", "mid", "index", "error"),
    [
        (CANDIDATE, "0", None, None),
        (CANDIDATE, None, 0, None),
        (CANDIDATE, "0", 99, None),  # the mid counts
        (CANDIDATE, "9", 0, "OperationError"),
        (CANDIDATE, None, 1, "OperationError"),
        (CANDIDATE, None, None, "TypeError"),
        ("candidate:nonsense", "0", None, "OperationError"),
        ("", "0", 0, None),
        ("", None, None, None),
        ("", "9", None, "OperationError"),
    ],
)
def test_candidates(candidate: str, mid: str | None, index: int | None, error: str | None) -> None:
    one, two = call()
    before = "TypeError" if candidate and mid is index is None else "InvalidStateError"
    fails(before, one.add_ice_candidate, candidate, mid, index)
    exchange(one, two)
    if error is None:
        one.add_ice_candidate(candidate, mid, index)
        assert one.remote_candidates == [(mid if mid is not None else index, candidate)]
    else:
        fails(error, one.add_ice_candidate, candidate, mid, index)
        assert one.remote_candidates == []


def test_ice_restarts_change_credentials_once_and_on_both_sides() -> None:
    one, two = call(2)
    exchange(one, two)
    before = dict(one.credentials), dict(two.credentials)
    assert one.create_offer().sdp.count(before[0]["0"][0]) == 1  # kept: RFC 9429, 5.2.2
    one.take_events()
    one.restart_ice()
    assert one.take_events() == ["negotiationneeded"]
    exchange(one, two)
    after = dict(one.credentials), dict(two.credentials)
    for old, new in zip(before, after, strict=True):
        assert set(old) == set(new) == {"0", "1"}
        assert not set(old.values()) & set(new.values())
    assert not one.ice_restart_requested
    assert one.take_events() == [
        "signalingstatechange:have-local-offer",
        "signalingstatechange:stable",
    ]
    exchange(two, one)
    assert (one.credentials, two.credentials) == after


def test_the_option_of_create_offer_restarts_without_a_flag() -> None:
    one, two = call()
    exchange(one, two)
    old = one.credentials["0"]
    restarting = one.create_offer(ice_restart=True)
    assert old[0] not in restarting.sdp
    again = one.create_offer()  # the restarting one was never set
    assert f"a=ice-ufrag:{old[0]}\r\n" in again.sdp
    restarting = one.create_offer(ice_restart=True)
    one.set_local_description(restarting)
    one.set_local_description(ROLLBACK)
    assert f"a=ice-ufrag:{old[0]}\r\n" in one.create_offer().sdp


def test_a_restart_asked_for_while_an_offer_is_out_waits_for_the_next_one() -> None:
    one, two = call()
    exchange(one, two)
    one.set_local_description()
    one.restart_ice()
    assert one.local
    two.set_remote_description(one.local)
    two.set_local_description()
    assert two.local
    one.take_events()
    one.set_remote_description(two.local)
    assert one.take_events() == ["signalingstatechange:stable", "negotiationneeded"]


def test_a_restart_by_the_answerer_survives_the_other_sides_exchange() -> None:
    one, two = call()
    exchange(one, two)
    two.restart_ice()
    two.take_events()
    exchange(one, two)
    assert two.ice_restart_requested
    assert two.take_events()[-1] == "negotiationneeded"
    exchange(two, one)
    assert not two.ice_restart_requested


def test_a_failure_inside_applying_undoes_what_was_done() -> None:
    class Failing(PlainPeer):
        def _complete_exchange(self) -> None:
            super()._complete_exchange()
            raise PeerError("OperationError", "no")

    one, two = plain_peer("one"), Failing()
    one.add_transceiver("video")
    one.set_local_description()
    assert one.local
    two.set_remote_description(one.local)
    two.take_events()
    transceiver = two.transceivers[0]
    fails("OperationError", two.set_local_description)
    assert two.signaling_state == "have-remote-offer"
    assert two.transceivers == [transceiver]
    assert (transceiver.current_direction, transceiver.mid) == (None, "0")
    assert two.take_events() == []
    assert two.pending_remote == one.local
