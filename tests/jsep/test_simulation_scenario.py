"""Scenarios: what TOML becomes, and what is said of files that are none."""

import pytest

from rtckit.core.errors import ParseError
from rtckit.jsep.simulation import library_names, library_text, parse_scenario, read_library, step
from rtckit.jsep.simulation.actions import CHANNEL_ACTIONS, PEER_ACTIONS
from rtckit.jsep.simulation.places import find_places
from rtckit.jsep.simulation.scenario import ANY_ERROR, Step

WHOLE = """\
title = "Everything"
explanation = "Why."
seed = 7
unjudged = ["aiortc"]

[peers.a]
stack = "chromium"
role = "polite"
bundlePolicy = "max-bundle"

[peers.b]
name = "a gateway"
stack = "scripted"

[signalling]
delay_ms = 20
jitter_ms = 5
loss = 0.5
duplicate = 1
ordered = false

[[steps]]
a = "addTransceiver"
kind = "video"
encodings = [{ rid = "q", scaleResolutionDownBy = 4 }, { rid = "f" }]
note = "two layers"

[[steps]]
deliver = "b"
message = "offer a1"
error = { chromium = "TypeError", firefox = false, others = true }

[[steps]]
wait = 100

[[steps]]
negotiate = true
error = { aiortc = "either" }

[expect]
signaling = "stable"
directions = { a = ["video sendonly"] }
sends = ["video"]
ice_generations = { b = 2 }
"""


def test_every_key_is_read() -> None:
    scenario = parse_scenario(WHOLE, "whole")
    assert (scenario.title, scenario.explanation, scenario.name) == ("Everything", "Why.", "whole")
    assert (scenario.seed, scenario.unjudged) == (7, ("aiortc",))
    a, b = scenario.peers["a"], scenario.peers["b"]
    assert (a.stack, a.polite, a.configuration.bundle_policy) == ("chromium", True, "max-bundle")
    assert (b.stack, b.name, b.fixed) == ("scripted", "a gateway", True)
    assert scenario.machines == ("a",)
    signalling = scenario.signalling
    assert (signalling.delay_ms, signalling.jitter_ms, signalling.loss) == (20, 5, 0.5)
    assert (signalling.duplicate, signalling.ordered) == (1.0, False)
    first, second, third, last = scenario.steps
    assert (first.peer, first.action, first.line, first.note) == (
        "a",
        "addTransceiver",
        23,
        "two layers",
    )
    assert [item["rid"] for item in first.get("encodings")] == ["q", "f"]
    assert first.get("direction") == "sendrecv"
    assert (second.peer, second.get("message")) == ("b", "offer a1")
    stacks = ("chromium", "firefox", "rfc")
    assert [second.expected_error(s) for s in stacks] == ["TypeError", "", ANY_ERROR]
    assert (third.peer, third.get("ms")) == ("all", 100)
    assert last.expected_error("aiortc") is None
    assert last.expected_error("rfc") is None
    expect = scenario.expect
    assert expect.signaling == {"a": "stable", "b": "stable"}
    assert expect.directions == {"a": ("video sendonly",)}
    assert expect.sends == {"a": ("video",), "b": ("video",)}
    assert expect.ice_generations == {"b": 2}


STEP = 'title = "x"\n[[steps]]\n'


@pytest.mark.parametrize(
    ("text", "line", "message", "expected"),
    [
        ("", None, "a scenario without a title", 'title = "..."'),
        ('title = "x"\n', None, "a scenario without steps", "[[steps]]"),
        ("title = ", 1, "no TOML", "a scenario in TOML"),
        ('title = "x"\ntitle = "y"\n', 2, "no TOML", "a scenario in TOML"),
        ('titel = "x"\n', 1, 'unknown key "titel"', '"title"'),
        (STEP + 'c = "offer"\n', 2, "a step without anybody who does it", "one of a, b, deliver"),
        (STEP + 'a = "offer"\nb = "offer"\n', 2, "two steps in one", "one of a, b"),
        (STEP + 'a = "addTrak"\n', 3, 'a of step 1 is "addTrak"', '"addTrack"'),
        (STEP + 'a = "addTrack"\n', 2, "addTrack without kind", 'kind = "audio", "video"'),
        (STEP + 'a = "addTrack"\nkind = 3\n', 4, "kind of step 1 is 3", '"audio" or "video"'),
        (STEP + 'a = "addTrack"\nkind = []\n', 4, "kind of step 1 is a list", '"audio"'),
        (STEP + 'a = "offer"\nmid = "0"\n', 4, 'unknown key "mid" of offer', "iceRestart"),
        (STEP + 'a = "stop"\n', 2, "stop of what?", "transceiver"),
        (STEP + 'b = "send"\nsdp = "v=0"\n', 2, "a text to send has a type", "type"),
        (STEP + "wait = -1\n", 2, "ms of step 1 is -1", "a whole number"),
        (STEP + 'deliver = "c"\n', 3, 'deliver of step 1 is "c"', '"a", "b" or "all"'),
        (STEP + "negotiate = 1\n", 3, "negotiate of step 1 is 1", "true"),
        (STEP + 'a = "offer"\nerror = { safari = true }\n', 4, 'unknown key "safari"', "rfc"),
        (STEP + 'a = "offer"\n[peers.c]\n', 4, 'unknown key "c" in peers', "one of a, b"),
        (STEP + 'a = "offer"\n[peers.a]\nstack = "safari"\n', 5, "peers.a.stack", '"chromium"'),
        (STEP + 'a = "offer"\n[signalling]\nloss = 2\n', 5, "signalling.loss is 2", "from 0 to 1"),
        (STEP + 'a = "offer"\n[expect]\nsignaling = "calm"\n', 5, "calm", '"stable"'),
        (
            'title = "x"\nsteps = [\n  { a = "offer" },\n  { a = "of" },\n]\n',
            4,
            "step 2",
            "one of addTrack",
        ),
        ('title = "x"\na = ' + "[" * 5000, None, "this is no TOML", "a scenario"),
    ],
)
def test_a_bad_file_is_told_where_and_why(
    text: str, line: int | None, message: str, expected: str
) -> None:
    with pytest.raises(ParseError) as caught:
        parse_scenario(text)
    assert message in caught.value.message
    assert expected in caught.value.expected
    assert caught.value.line == line


def test_a_step_made_in_python_is_the_one_read_from_toml() -> None:
    made = step("a", "addTrack", kind="audio", streams=("s",), error="TypeError", note="why")
    read = parse_scenario(
        STEP + 'a = "addTrack"\nkind = "audio"\nstreams = ["s"]\nerror = "TypeError"\nnote = "why"'
    ).steps[0]
    assert made == Step(read.peer, read.action, read.arguments, read.errors, read.note)
    assert step("all", "wait", ms=5).get("ms") == 5
    assert step("b", "deliver").peer == "b"
    assert step("a", "offer", as_="first").get("as") == "first"
    with pytest.raises(ParseError, match="unknown key"):
        step("a", "offer", colour="red")


def test_other_stacks_are_put_in_but_not_for_a_fixed_peer() -> None:
    scenario = parse_scenario(WHOLE).between("firefox", "aiortc", 9)
    assert (scenario.peers["a"].stack, scenario.peers["b"].stack) == ("firefox", "scripted")
    assert scenario.seed == 9
    assert scenario.is_judged
    assert not scenario.between("aiortc").is_judged
    with pytest.raises(ValueError, match="safari"):
        scenario.between("safari")


def test_places_see_through_strings_comments_and_nesting() -> None:
    text = 'a = """\n[b]\n"""\n# [c]\n[d]\n"e f" = [\n  [1, 2],\n  { g = 1 },\n]\n'
    text += "[[h]]\n[[h]]\ni = 1\n"
    places = find_places(text)
    assert ("b",) not in places
    assert ("c",) not in places
    assert places["d",] == 5
    assert places["d", "e f", 0] == 7
    assert places["d", "e f", 0, 1] == 7
    assert places["d", "e f", 1, "g"] == 8
    assert places["h", 1, "i"] == 12


@pytest.mark.parametrize("name", library_names())
def test_the_library_is_explained(name: str) -> None:
    scenario = read_library(name)
    assert scenario.title
    assert len(scenario.explanation.split()) > 25
    assert all(
        len(line) <= 100 or line.startswith("a=") for line in library_text(name).splitlines()
    )
    assert all(item.line for item in scenario.steps)


def test_the_reference_names_every_action_and_key() -> None:
    import re
    from pathlib import Path

    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "scenario.md"
    text = page.read_text(encoding="utf-8").partition("## `[[steps]]`")[2]
    for action in (*PEER_ACTIONS.values(), *CHANNEL_ACTIONS.values()):
        row = re.search(rf"^\| `{action.name}` \|.*$", text, re.MULTILINE)
        assert row, action.name
        for item in action.fields:
            if (action.name, item.name) != ("wait", "ms"):
                assert f"`{item.name}`" in row[0], (action.name, item.name)
