"""Simulated negotiations: steps, messages, perfect negotiation, and how it ends."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtckit.jsep.negotiation import peer_connection
from rtckit.jsep.simulation import (
    Scenario,
    SimulatedPlayer,
    Step,
    Trace,
    compare_traces,
    library_names,
    read_library,
    simulate,
    step,
)
from rtckit.jsep.simulation.ending import Descriptions
from rtckit.jsep.simulation.negotiator import Negotiator
from rtckit.jsep.simulation.network import Signalling
from rtckit.jsep.simulation.scenario import Expectations, PeerSetup

STACKS = ("rfc", "chromium", "firefox", "aiortc")


def scenario_of(*steps: Step, a: str = "rfc", b: str = "rfc", **more: Any) -> Scenario:
    peers = {"a": PeerSetup(a), "b": PeerSetup(b, polite=True)}
    return Scenario(title="a test", peers=peers, steps=steps, **more)


AUDIO = step("a", "addTrack", kind="audio")


def test_a_call_is_told_step_by_step() -> None:
    trace = simulate(scenario_of(AUDIO, step("a", "exchange"), signalling=Signalling(delay_ms=30)))
    told = [(s.number, s.time_ms, s.actor, s.title) for s in trace.steps]
    assert told == [
        (1, 0, "a", "adds an audio track"),
        (2, 0, "a", "makes an offer"),
        (3, 30, "b", "gets offer a1"),
        (4, 30, "b", "makes an answer"),
        (5, 60, "a", "gets answer b1"),
    ]
    assert [dict(s.states) for s in trace.steps][1:4] == [
        {"a": "have-local-offer", "b": "stable"},
        {"a": "have-local-offer", "b": "have-remote-offer"},
        {"a": "have-local-offer", "b": "stable"},
    ]
    assert trace.as_expected
    assert trace.ending.consistent
    (media,) = trace.ending.media
    assert (media.kind, dict(media.directions)) == ("audio", {"a": "sendonly", "b": "recvonly"})
    # RFC 7587, 7 and RFC 7874, 3: opus comes first, and is always 48000/2.
    assert media.flows["a"].codec == "opus/48000/2"
    assert "b" not in media.flows
    assert trace.ending.ice_generations == {"a": 1, "b": 1}
    offer, answer = trace.messages
    assert (offer.sent_in, offer.arrived_in, answer.sent_in, answer.arrived_in) == (2, 3, 4, 5)


def test_the_payload_type_is_the_one_the_receiver_asked_for() -> None:
    call = (AUDIO, step("b", "addTrack", kind="audio"), step("a", "exchange"))
    (media,) = simulate(scenario_of(*call, a="firefox", b="chromium")).ending.media
    # Firefox offers opus as 109, and Chromium answers with the number that was offered.
    assert {side: flow.payload_type for side, flow in media.flows.items()} == {
        "a": "109",
        "b": "109",
    }


def test_a_later_description_is_told_by_what_changed() -> None:
    trace = simulate(
        scenario_of(
            AUDIO,
            step("a", "exchange"),
            step("a", "setDirection", mid="0", direction="inactive"),
            step("a", "offer"),
        )
    )
    first, last = (s.calls[-1].description for s in (trace.steps[1], trace.steps[-1]))
    assert first is not None
    assert last is not None
    assert first.diff is None
    assert [c.a + " -> " + c.b for c in last.changes if c.leaf == "direction" and c.a and c.b] == [
        "sendrecv -> inactive"
    ]


def faults(trace: Trace) -> list[str]:
    return [fault for item in trace.steps for fault in item.faults] + list(trace.faults)


def test_errors_are_held_against_what_is_expected() -> None:
    unexpected = simulate(scenario_of(step("a", "answer")))
    assert faults(unexpected) == ["createAnswer of a failed and should not"]
    named = simulate(scenario_of(step("a", "answer", error="InvalidStateError")))
    assert named.as_expected
    other = simulate(scenario_of(step("a", "answer", error="TypeError")))
    assert faults(other) == ["createAnswer of a failed with InvalidStateError, not with TypeError"]
    missing = simulate(scenario_of(step("a", "createOffer", error="TypeError")))
    assert faults(missing) == ["createOffer of a went well, and should fail with TypeError"]
    by_stack = step("a", "answer", error={"rfc": "InvalidStateError", "others": "TypeError"})
    assert simulate(scenario_of(by_stack)).as_expected
    assert not simulate(scenario_of(by_stack), a="firefox").as_expected


def test_the_end_is_held_against_what_is_expected() -> None:
    expect = Expectations(
        signaling={"a": "stable", "b": "closed"},
        directions={"a": ("audio sendonly",), "b": ("audio inactive",)},
        sends={"a": ("audio",), "b": ("audio",)},
        ice_generations={"a": 1, "b": 2},
    )
    trace = simulate(scenario_of(AUDIO, step("a", "exchange"), expect=expect))
    assert list(trace.faults) == [
        "signalling state of b: stable, expected was closed",
        "directions of b: audio recvonly, expected was audio inactive",
        "media sent of b: nothing, expected was audio",
        "ICE credentials of b: 1, expected was 2",
    ]


def test_a_scenario_that_promises_nothing_has_no_faults() -> None:
    scenario = scenario_of(step("a", "answer"), step("all", "deliver"), unjudged=("rfc",))
    assert simulate(scenario).as_expected
    assert not simulate(scenario, "firefox", "chromium").as_expected


def test_what_becomes_of_messages() -> None:
    trace = simulate(
        scenario_of(
            AUDIO,
            step("a", "offer", as_="first"),
            step("b", "duplicate"),
            step("b", "lose"),
            step("b", "delay", by_ms=70),
            step("all", "wait", ms=200),
            step("b", "deliver"),
        )
    )
    first, copy = trace.messages
    assert (first.fate, copy.fate, copy.copy_of, copy.arrives_ms) == ("lost", "delivered", 1, 120)
    assert [s.cause for s in trace.steps][-3:] == ["signalling", "scenario", "scenario"]
    assert trace.steps[-2].title == "200 ms pass"
    assert trace.steps[-2].time_ms == 200
    assert faults(trace) == ["no message is under way to b"]


def test_a_scripted_peer_sends_what_it_is_told() -> None:
    send = step("b", "send", type="offer", sdp="v=0\n", as_="nonsense")
    scenario = scenario_of(send, step("a", "deliver", error=True), step("b", "offer"), b="scripted")
    trace = simulate(scenario)
    assert trace.messages[0].content == {"type": "offer", "sdp": "v=0\r\n"}
    assert faults(trace) == ["b is scripted: it can only send texts of the scenario"]
    assert set(trace.ending.states) == {"a"}


def test_edits_are_made_and_marked() -> None:
    trace = simulate(
        scenario_of(
            AUDIO,
            step("a", "createOffer"),
            step("a", "setLocalDescription", description="created"),
            step("a", "send", replace={"a=sendrecv\n": "a=inactive\n", "a=x": "a=y"}, as_="mine"),
            step("b", "deliver"),
            step("b", "setRemoteDescription", description="mine", replace={"s=-": "s=edited"}),
            step("b", "setRemoteDescription", description="nobody's"),
        )
    )
    assert "a=inactive\r\n" in trace.messages[0].content["sdp"]
    edited = trace.steps[-2].calls[0].description
    assert edited is not None
    assert edited.edited
    assert faults(trace) == [
        "there is no 'a=x' to replace",
        "there is no description to set: no message nobody's",
    ]


def test_candidates_follow_the_transports() -> None:
    trace = simulate(
        scenario_of(
            step("a", "candidates"),
            AUDIO,
            step("a", "createDataChannel"),
            step("a", "offer"),
            step("a", "candidates"),
            step("a", "candidates", candidate="candidate:x", sdpMid="0"),
            step("b", "deliver", message="offer a1"),
            step("b", "deliver"),
            step("b", "deliver", error="OperationError"),
        )
    )
    kinds = [message.kind for message in trace.messages]
    assert kinds == ["offer", "candidate", "candidate"]
    assert trace.messages[1].content["sdpMid"] == "0"
    assert faults(trace) == ["there is no local description with a transport to gather for"]


@pytest.mark.parametrize("name", library_names())
@pytest.mark.parametrize("stack", ["rfc", "chromium", "firefox"])
def test_the_library_goes_as_it_says(name: str, stack: str) -> None:
    trace = simulate(name, stack, stack)
    assert faults(trace) == []


def test_the_library_shows_what_it_is_about() -> None:
    glare = simulate("glare", "chromium", "firefox")
    texts = [call.message or "" for call in glare.failures]
    assert any("Called in wrong state: stable" in text for text in texts)
    assert any("Cannot set remote answer in state stable" in text for text in texts)
    assert not glare.ending.consistent
    upgrade = simulate("upgrade", "chromium", "firefox")
    assert upgrade.ending.ice_generations == {"a": 1, "b": 1}
    restart = simulate("ice-restart-by-offerer", "firefox", "chromium")
    assert restart.ending.ice_generations == {"a": 2, "b": 2}
    simulcast = simulate("simulcast-to-sfu", "chromium")
    assert simulcast.ending.media[0].flows["a"].layers == ("q", "h", "f")


# -- perfect negotiation ------------------------------------------------------------------------

DESIRES = st.lists(
    st.one_of(
        st.builds(
            step,
            st.sampled_from("ab"),
            st.just("addTrack"),
            kind=st.sampled_from(["audio", "video"]),
            streams=st.just(["s"]),
        ),
        st.builds(
            step,
            st.sampled_from("ab"),
            st.just("addTransceiver"),
            kind=st.sampled_from(["audio", "video"]),
            direction=st.sampled_from(["sendrecv", "sendonly", "recvonly", "inactive"]),
        ),
        st.builds(step, st.sampled_from("ab"), st.just("createDataChannel")),
        st.builds(step, st.sampled_from("ab"), st.just("restartIce")),
    ),
    min_size=1,
    max_size=4,
)
CHANNELS = st.builds(
    Signalling, delay_ms=st.sampled_from([0, 1, 50]), jitter_ms=st.sampled_from([0, 7, 200])
)
NEGOTIATE = step("all", "negotiate", error={"others": "either"})


def negotiate(
    desires: list[list[Step]], channel: Signalling, a: str, b: str, polite: str, seed: int
) -> Trace:
    steps = [item for part in desires for item in [*part, NEGOTIATE]]
    peers = {side: PeerSetup(stack, polite=side == polite) for side, stack in (("a", a), ("b", b))}
    return simulate(
        Scenario(title="law", peers=peers, steps=tuple(steps), signalling=channel, seed=seed)
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(DESIRES, min_size=1, max_size=2), CHANNELS, st.sampled_from("ab"), st.integers(0, 9)
)
def test_by_the_book_perfect_negotiation_ends_stable(
    desires: list[list[Step]], channel: Signalling, polite: str, seed: int
) -> None:
    trace = negotiate(desires, channel, "rfc", "rfc", polite, seed)
    assert not trace.failures
    assert dict(trace.ending.states) == {"a": "stable", "b": "stable"}
    assert trace.ending.consistent, trace.ending


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(DESIRES, min_size=1, max_size=2),
    CHANNELS,
    st.sampled_from(STACKS),
    st.sampled_from(STACKS),
    st.sampled_from("ab"),
    st.integers(0, 9),
)
def test_any_two_stacks_end_stable_or_with_a_named_failure(
    desires: list[list[Step]], channel: Signalling, a: str, b: str, polite: str, seed: int
) -> None:
    trace = negotiate(desires, channel, a, b, polite, seed)
    stable = set(trace.ending.states.values()) == {"stable"}
    restless = any("come to rest" in r for s in trace.steps for r in (*s.remarks, *s.faults))
    assert (stable and trace.ending.consistent) or trace.failures or restless, trace.ending
    for call in trace.failures:
        assert call.error


def test_a_restart_in_the_middle_of_glare_is_done_once() -> None:
    first = [step("a", "createDataChannel"), AUDIO]
    second = [step("b", "addTrack", kind="audio"), step("a", "restartIce")]
    trace = negotiate([first, second], Signalling(), "rfc", "rfc", "a", 0)
    assert not trace.failures
    assert trace.ending.consistent
    # The offer that was rolled back had the second, the one after it the third.
    assert trace.ending.ice_generations == {"a": 3, "b": 2}
    assert len(trace.messages) < 10


def test_the_polite_side_gives_way() -> None:
    steps = [AUDIO, step("b", "addTrack", kind="audio")]
    trace = negotiate([steps], Signalling(), "rfc", "rfc", "b", 0)
    titles = [f"{s.actor} {s.title}" for s in trace.steps]
    assert titles[4:] == [
        "b gets offer a1 and answers",
        "a ignores offer b1",
        "a gets answer b1",
    ]
    assert [m.heeded for m in trace.messages] == [True, False, True]


def outcome(state: str, *events: str, ok: bool = True) -> Mapping[str, Any]:
    described = {"type": "offer", "sdp": "x"}
    return {
        "ok": ok,
        "description": described,
        "events": events,
        "state": {"signalingState": state},
    }


def test_a_negotiator_that_makes_an_offer_is_not_ready_for_one() -> None:
    # W3C webrtc-pc, 10.7: makingOffer holds from the event until the description is set.
    for polite in (True, False):
        negotiator = Negotiator(polite)
        negotiator.note({"op": "addTrack"}, outcome("stable", "negotiationneeded"))
        assert negotiator.wants_to_offer
        making = negotiator.offer()
        assert next(making) == {"op": "setLocalDescription", "description": None}
        receiving = list(negotiator.receive({"type": "offer", "sdp": ""})) if not polite else []
        assert negotiator.ignore_offer is not polite
        assert receiving == []
        with pytest.raises(StopIteration) as stop:
            making.send(outcome("have-local-offer"))
        assert stop.value.value == {"type": "offer", "sdp": "x"}
        assert not negotiator.making_offer


def test_a_failed_answer_leaves_the_negotiator_as_it_was() -> None:
    negotiator = Negotiator(polite=False, signaling_state="have-local-offer")
    run = negotiator.receive({"type": "answer", "sdp": "bad"})
    next(run)
    with pytest.raises(StopIteration):
        run.send(outcome("have-local-offer", ok=False))
    assert list(negotiator.receive({"type": "offer", "sdp": ""})) == []
    assert negotiator.ignore_offer


def test_candidates_of_an_ignored_offer_may_fail() -> None:
    steps = [
        AUDIO,
        step("b", "addTrack", kind="audio"),
        step("a", "offer"),
        step("b", "offer"),
        step("b", "candidates"),
        NEGOTIATE,
    ]
    trace = simulate(scenario_of(*steps))
    (failed,) = [call for s in trace.steps for call in s.failures]
    assert failed.op == "addIceCandidate"
    assert failed.forgiven
    assert not trace.failures
    assert trace.ending.consistent


# -- players, comparison, JSON ------------------------------------------------------------------


def test_a_player_answers_whatever_it_is_asked() -> None:
    player = SimulatedPlayer(peer_connection("rfc"))
    assert player.perform({"op": "stop", "transceiver": 3})["error"] == "IndexError"
    assert player.perform({"op": "dance"})["error"] == "UnknownOperation"
    added = player.perform({"op": "addTrack", "kind": "audio"})
    assert added["events"] == ["negotiationneeded"]
    (transceiver,) = added["state"]["transceivers"]
    assert transceiver == {
        "mid": None,
        "kind": "audio",
        "direction": "sendrecv",
        "currentDirection": None,
        "stopped": False,
    }
    closed = player.perform({"op": "close"})
    assert closed["state"]["signalingState"] == "closed"
    refused = player.perform({"op": "createOffer", "iceRestart": False})
    assert (refused["ok"], refused["error"]) == (False, "InvalidStateError")


@pytest.mark.parametrize("stack", ["rfc", "chromium", "firefox"])
def test_codec_preferences_are_named_by_mime_type(stack: str) -> None:
    player = SimulatedPlayer(peer_connection(stack))
    player.perform({"op": "addTransceiver", "kind": "video"})
    wanted = {"op": "setCodecPreferences", "transceiver": 0, "codecs": ["video/VP9"]}
    assert player.perform(wanted)["message"] is None
    offer = player.perform({"op": "createOffer"})["description"]["sdp"]
    names = {line.split(" ")[1] for line in offer.splitlines() if line.startswith("a=rtpmap:")}
    assert "VP9/90000" in names
    assert "VP8/90000" not in names
    unknown = {**wanted, "codecs": ["video/FOO"]}
    assert player.perform(unknown)["error"] == "InvalidModificationError"


def test_a_trace_equals_itself_and_differs_where_it_does() -> None:
    scenario = scenario_of(AUDIO, step("a", "exchange"), step("a", "answer", error=True))
    trace = simulate(scenario)
    same = compare_traces(trace, trace.to_dict())
    assert same.equal
    assert same.first is None
    words = compare_traces(trace, simulate(scenario, a="firefox"), ("book", "firefox"))
    assert not words.equal
    assert any(d.what == "message" for pair in words.steps for d in pair.differences)
    longer = simulate(scenario_of(AUDIO, step("a", "exchange"), step("a", "answer"), AUDIO))
    assert compare_traces(trace, longer).steps[-1].differences[0].one == "no such step"
    record = trace.to_dict()
    record["steps"][1]["calls"][1]["state"]["signalingState"] = "closed"
    first = compare_traces(trace, record).first
    assert first is not None
    assert (first.number, first.differences[0].what) == (2, "state")
    assert not first.alike


def test_the_same_seed_gives_the_same_trace() -> None:
    scenario = read_library("glare-polite-callee")
    assert simulate(scenario, seed=3).to_dict() == simulate(scenario, seed=3).to_dict()
    assert simulate(scenario, seed=3).to_dict() != simulate(scenario, seed=4).to_dict()


def test_a_refused_offer_leaves_its_rollback() -> None:
    held = Descriptions()
    held.note("local", "offer", "mine", "have-local-offer")
    held.note("remote", "offer", "yours", "have-remote-offer")
    assert held.in_force("local") is None
    held.note("local", "answer", "my answer", "stable")
    assert held.current == {"local": "my answer", "remote": "yours"}
    held.note("local", "offer", "next", "have-local-offer")
    held.note("local", "rollback", "", "stable")
    assert held.in_force("local") == "my answer"
    assert held.history == ["mine", "my answer", "next"]
