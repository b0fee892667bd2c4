"""Players: real peer connections that do one operation at a time, and scenarios played with them.

The live tests start one browser each; what they expect is the W3C's (webrtc-pc, 4.4), where the
browsers follow it.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import pytest

from rtckit.core.errors import MissingCapability, NetworkFailure, UsageError
from rtckit.jsep.configuration import Configuration
from rtckit.jsep.simulation import parse_scenario, simulate
from rtckit.jsep.simulation.scenario import PeerSetup
from rtckit.lab import play as playing
from rtckit.lab.play import Stages, play_for_real, play_with
from rtckit.lab.players.player import OPERATIONS, ConnectionPlayer, Outcome
from tests.capabilities import require

STABLE = {
    "signalingState": "stable",
    "currentLocal": None,
    "currentRemote": None,
    "pendingLocal": None,
    "pendingRemote": None,
    "transceivers": [],
    "sctp": False,
}
CALL = """
title = "call"
[[steps]]
a = "addTrack"
kind = "audio"
[[steps]]
a = "exchange"
[expect]
signaling = "stable"
sends = { a = ["audio"], b = [] }
"""


class FakeStage:
    """Remembers what it is asked for; every operation goes well."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    async def open(self, name: str, configuration: Mapping[str, Any]) -> None:
        self.asked.append(("open", name, dict(configuration)))

    async def perform(self, name: str, operation: Mapping[str, Any]) -> Outcome:
        self.asked.append(("perform", name, operation["op"]))
        return {
            "ok": True,
            "error": None,
            "message": None,
            "description": None,
            "events": [],
            "state": STABLE,
        }

    async def drop(self, name: str) -> None:
        self.asked.append(("drop", name))


def test_the_page_knows_every_operation() -> None:
    script = files("rtckit.lab.players").joinpath("performer.js").read_text("utf-8")
    table = script[script.index("const operations = {") : script.index("async function performOne")]
    assert tuple(re.findall(r"^    (\w+): ", table, re.MULTILINE)) == OPERATIONS


def test_connection_player_speaks_for_one_connection() -> None:
    stage = FakeStage()

    async def run() -> None:
        player = await ConnectionPlayer.opened(stage, "a", {"bundlePolicy": "max-bundle"})
        assert (await player.perform({"op": "getState"}))["ok"]
        with pytest.raises(ValueError, match="no such operation: 'dance'"):
            await player.perform({"op": "dance"})
        await player.close()
        await player.close()
        with pytest.raises(NetworkFailure, match="given up"):
            await player.perform({"op": "getState"})

    asyncio.run(run())
    assert stage.asked == [
        ("open", "a", {"bundlePolicy": "max-bundle"}),
        ("perform", "a", "getState"),
        ("drop", "a"),
    ]


def test_only_what_is_not_default_is_configured() -> None:
    assert playing._dictionary(Configuration()) == {}
    assert playing._dictionary(Configuration("max-bundle", "negotiate", "relay")) == {
        "bundlePolicy": "max-bundle",
        "rtcpMuxPolicy": "negotiate",
        "iceTransportPolicy": "relay",
    }


def test_a_stack_without_a_program_is_not_real() -> None:
    scenario = parse_scenario(CALL).between("rfc", "chromium")
    with pytest.raises(UsageError, match="side a is rfc"):
        playing._real_sides(scenario, ("a", "b"))
    assert playing._real_sides(scenario, ("b",)) == ("b",)
    fixed = {**scenario.peers, "a": PeerSetup("rfc", fixed=True)}
    scenario = parse_scenario(CALL)
    object.__setattr__(scenario, "peers", {**fixed, "b": PeerSetup("firefox")})
    assert playing._real_sides(scenario, ("a", "b")) == ("b",)


def test_a_lacking_browser_is_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(names: Sequence[str]) -> None:
        raise MissingCapability(f"this machine lacks {', '.join(names)}", "apt-get install it")

    monkeypatch.setattr(playing, "require", refuse)
    with pytest.raises(MissingCapability, match="lacks netns, chromium, firefox") as caught:
        play_for_real(parse_scenario(CALL), "chromium", "firefox")
    assert caught.value.exit_code == 5


def test_play_with_passes_operations_and_outcomes() -> None:
    stage = FakeStage()
    told: list[tuple[str, str]] = []

    def run() -> Any:
        first = yield "a", {"op": "createOffer"}
        second = yield "b", {"op": "close"}
        return first["ok"], second["ok"]

    async def drive() -> Any:
        players = {side: await ConnectionPlayer.opened(stage, side) for side in "ab"}
        return await play_with(run(), players, lambda side, op: told.append((side, op)))

    assert asyncio.run(drive()) == (True, True)
    assert told == [("a", "createOffer"), ("b", "close")]


# -- live ---------------------------------------------------------------------------------------


async def _negotiate(stack: str) -> None:
    """A call with a refusal in it, one operation at a time; then a batch."""
    async with Stages() as stages:
        stage = await stages.get(stack)
        a = await ConnectionPlayer.opened(stage, "a", {"bundlePolicy": "max-bundle"})
        b = await ConnectionPlayer.opened(stage, "b")
        assert (await a.perform({"op": "getState"}))["state"] == STABLE
        added = await a.perform({"op": "addTrack", "kind": "audio", "streams": ["s"]})
        assert added["events"] == ["negotiationneeded"]
        assert added["state"]["transceivers"] == [
            {
                "mid": None,
                "kind": "audio",
                "direction": "sendrecv",
                "currentDirection": None,
                "stopped": False,
            }
        ]
        await a.perform({"op": "createDataChannel", "label": "d"})
        early = await a.perform({"op": "createAnswer"})
        assert (early["ok"], early["error"]) == (False, "InvalidStateError")
        assert early["message"]
        offer = await a.perform({"op": "setLocalDescription", "description": None})
        assert offer["description"]["type"] == "offer"
        assert offer["events"] == ["signalingstatechange:have-local-offer"]
        given = {"op": "setRemoteDescription", "description": offer["description"]}
        assert "track:0" in (await b.perform(given))["events"]
        answer = await b.perform({"op": "setLocalDescription", "description": None})
        done = await a.perform({"op": "setRemoteDescription", "description": answer["description"]})
        assert done["state"]["signalingState"] == "stable"
        assert done["state"]["currentRemote"] == "answer"
        assert done["state"]["transceivers"][0]["currentDirection"] == "sendonly"
        assert (await a.perform({"op": "setDirection", "transceiver": 3, "direction": "inactive"}))[
            "error"
        ] == "IndexError"
        assert (await a.perform({"op": "close"}))["state"]["signalingState"] == "closed"
        await a.close()
        await b.close()
        steps = [
            {"peer": "a", "op": "addTransceiver", "kind": "video"},
            {"peer": "a", "op": "setLocalDescription", "description": None},
            {"peer": "b", "op": "setRemoteDescription", "description": {"take": "other"}},
        ]
        played = await stage.perform_all([steps] * 3)
        assert [[one["ok"] for one in outcomes] for outcomes in played] == [[True] * 3] * 3
        assert played[0][2]["state"]["transceivers"][0]["mid"] == "0"


@pytest.mark.lab
@pytest.mark.browser
@pytest.mark.parametrize("stack", ["chromium", "firefox"])
def test_a_browser_performs_operations(stack: str) -> None:
    require("netns", stack)
    asyncio.run(_negotiate(stack))


@pytest.mark.lab
@pytest.mark.browser
def test_a_scenario_has_a_real_and_a_simulated_end() -> None:
    require("netns", "chromium")
    scenario = parse_scenario(CALL).between("chromium", "firefox")
    trace = play_for_real(scenario, real=("a",))
    assert trace.real == ("a",)
    assert trace.as_expected
    assert [call.peer for call in trace.calls] == [call.peer for call in simulate(scenario).calls]
