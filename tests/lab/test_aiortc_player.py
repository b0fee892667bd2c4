"""aiortc as a player: operations one by one, in batches, and scenarios as they are simulated."""

import asyncio

import pytest

from rtckit.core.errors import NetworkFailure
from rtckit.jsep.simulation import read_library, simulate
from rtckit.jsep.simulation.compare import compare_traces
from rtckit.lab.play import Stages
from rtckit.lab.players.player import ConnectionPlayer
from tests.capabilities import require

SCENARIOS = ("plain-call", "upgrade", "rollback", "glare", "hold-resume", "recycled-section")


async def _perform() -> None:
    async with Stages() as stages:
        stage = await stages.get("aiortc")
        assert stage.version.startswith("1.")
        a = await ConnectionPlayer.opened(stage, "a", {"bundlePolicy": "max-bundle"})
        b = await ConnectionPlayer.opened(stage, "b")
        added = await a.perform({"op": "addTrack", "kind": "audio", "streams": ["s"]})
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
        assert (early["ok"], early["error"], early["message"]) == (
            False,
            "InvalidStateError",
            'Cannot create answer in signaling state "stable"',
        )
        lacking = await a.perform({"op": "restartIce"})
        assert lacking["error"] == "AttributeError"
        assert lacking["message"] == "'RTCPeerConnection' object has no attribute 'restartIce'"
        offer = await a.perform({"op": "setLocalDescription", "description": None})
        assert offer["description"]["type"] == "offer"
        assert offer["events"] == ["signalingstatechange:have-local-offer"]
        given = {"op": "setRemoteDescription", "description": offer["description"]}
        assert "track:0" in (await b.perform(given))["events"]
        answer = await b.perform({"op": "setLocalDescription", "description": None})
        done = await a.perform({"op": "setRemoteDescription", "description": answer["description"]})
        assert done["state"]["signalingState"] == "stable"
        assert done["state"]["transceivers"][0]["currentDirection"] == "sendonly"
        candidate = "candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host"
        more = {"op": "addIceCandidate", "candidate": candidate, "sdpMLineIndex": 0}
        assert (await a.perform(more))["ok"]
        assert (await a.perform({"op": "close"}))["state"]["signalingState"] == "closed"
        await a.close()
        await b.close()
        steps = [
            {"peer": "a", "op": "addTransceiver", "kind": "video"},
            {"peer": "a", "op": "setLocalDescription", "description": None},
            {"peer": "b", "op": "setRemoteDescription", "description": {"take": "other"}},
            {"peer": "b", "op": "setDirection", "transceiver": 5, "direction": "inactive"},
        ]
        played = await stage.perform_all([steps] * 3)
        assert [[one["ok"] for one in outcomes] for outcomes in played] == [[True] * 4] * 3
        assert played[0][3]["state"]["transceivers"][0]["direction"] == "inactive"
        with pytest.raises(NetworkFailure, match="KeyError"):
            await stage.call("dance")


@pytest.mark.lab
def test_aiortc_performs_operations() -> None:
    require("netns", "aiortc")
    asyncio.run(_perform())


@pytest.mark.lab
def test_scenarios_go_as_simulated() -> None:
    require("netns", "aiortc")

    async def play_all() -> None:
        async with Stages() as stages:
            for name in SCENARIOS:
                scenario = read_library(name).between("aiortc", "aiortc")
                real = await stages.play(scenario)
                assert real.real == ("a", "b")
                compared = compare_traces(simulate(scenario), real)
                assert all(step.equal for step in compared.steps), name

    asyncio.run(play_all())
