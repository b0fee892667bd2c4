"""Sequences of operations: simulated peers do what real browsers did.

The floors are what the models reach on what is recorded of this machine's browsers
(`tests.oracle.record_sequences`); a change that falls below one has broken a model.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.capabilities import require
from tests.oracle.compare_sequences import Comparison, Tally, shrink, simulate
from tests.oracle.record_sequences import COUNTS, packed, read_recorded, unpacked
from tests.oracle.sequences import (
    LENGTH,
    Seen,
    Steps,
    make_sequences,
    resolved,
    sequences,
)

STACKS = ("rfc", "chromium", "firefox", "aiortc")
# Sequences equal, sequences identical, exact messages.
FLOORS = {"chromium": (1.0, 1.0, 1.0), "firefox": (1.0, 1.0, 1.0)}
# Of twenty sequences that are not recorded.
FRESH_FLOOR = 0.95
STABLE = Seen(None, None, "stable", (None,) * 4, (), ())


@pytest.mark.parametrize("stack", COUNTS)
def test_recorded_sequences_are_reached(stack: str) -> None:
    tally = Tally()
    tally.add(stack, read_recorded(stack))
    assert len(tally.comparisons) == COUNTS[stack]
    equal, identical, messages = FLOORS[stack]
    assert tally.equal_rate >= equal, tally
    assert tally.identical_rate >= identical, tally
    assert tally.message_rate >= messages, tally


@given(sequences, st.sampled_from(STACKS))
@settings(deadline=None, max_examples=150)
def test_no_sequence_ends_otherwise_than_in_words(steps: Steps, stack: str) -> None:
    for step, result in zip(steps, simulate(stack, steps), strict=True):
        assert result.error != "CRASH", (step, result.message)
        assert re.fullmatch(r"stable|closed|have-(local|remote)-(offer|pranswer)", result.signaling)
        mids = [item[0] for item in result.transceivers if item[0] is not None]
        assert len(mids) == len(set(mids))


@given(sequences)
def test_sequences_are_what_players_take(steps: Steps) -> None:
    assert 0 < len(steps) <= LENGTH
    for step in steps:
        assert step["peer"] in ("a", "b")
        if step.get("description"):
            assert step["description"]["take"]


def test_the_same_seed_draws_the_same_sequences() -> None:
    assert make_sequences(5, 3) == make_sequences(5, 3)
    assert make_sequences(5, 3) != make_sequences(5, 4)


def test_what_is_recorded_reads_back() -> None:
    steps = [{"peer": "a", "op": "close"}, {"peer": "b", "op": "close"}, {"peer": "a", "op": "x"}]
    item = ("0", "sendrecv", None, False)
    played = [
        STABLE._replace(transceivers=(item,), events=("negotiationneeded",)),
        STABLE._replace(error="TypeError", message="no"),
        STABLE._replace(transceivers=(item,)),
    ]
    assert unpacked(packed(steps, played)) == (steps, played)


def test_descriptions_are_named_by_where_they_come_from() -> None:
    own = {"local": None, "created": {"type": "offer", "sdp": "mine"}, "first": None}
    other = {"local": {"type": "answer", "sdp": "theirs"}, "created": None, "first": None}

    def description(take: str, **named: str) -> object:
        step = {"peer": "a", "op": "setLocalDescription", "description": {"take": take, **named}}
        return resolved(step, own, other, 0)["description"]

    assert description("created") == {"type": "offer", "sdp": "mine"}
    assert description("created", type="pranswer") == {"type": "pranswer", "sdp": "mine"}
    assert description("other") == {"type": "answer", "sdp": "theirs"}
    assert description("own") == {"type": "offer", "sdp": ""}
    assert description("nothing", type="rollback") == {"type": "rollback", "sdp": ""}
    step = {"peer": "a", "op": "stop", "transceiver": 5}
    assert resolved(step, own, other, 3) == {"op": "stop", "transceiver": 2}


def test_a_difference_is_named_and_shrunk() -> None:
    # A browser that, unlike all others, fires no negotiationneeded and closes on restartIce.
    def strange(drawn: list[Steps]) -> list[list[Seen]]:
        played = []
        for steps in drawn:
            results = simulate("rfc", steps)
            for place, step in enumerate(steps):
                if step["op"] == "restartIce":
                    results[place] = results[place]._replace(signaling="closed")
            played.append(results)
        return played

    steps = [
        {"peer": "a", "op": "addTrack", "kind": "audio", "streams": []},
        {"peer": "b", "op": "addTrack", "kind": "video", "streams": []},
        {"peer": "a", "op": "restartIce"},
        {"peer": "b", "op": "close"},
    ]
    comparison = Comparison(steps, strange([steps])[0], simulate("rfc", steps))
    assert not comparison.is_equal
    assert comparison.first_difference == 2
    assert comparison.cause == "restartIce in stable: closed, simulated stable"
    assert shrink("rfc", comparison, strange).steps == [steps[2]]


@pytest.mark.lab
@pytest.mark.browser
@pytest.mark.parametrize("stack", COUNTS)
def test_fresh_sequences_are_reached_live(stack: str) -> None:
    require("netns", stack)
    from tests.oracle.ask_sequences import Browser

    drawn = make_sequences(20, 20261121)
    with Browser(stack) as browser:
        played = browser.play(drawn)
    tally = Tally()
    tally.add(stack, zip(drawn, played, strict=True))
    assert tally.equal_rate >= FRESH_FLOOR, tally
