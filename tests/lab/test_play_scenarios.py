"""Shipped scenarios between real peers, now and here: each step as it is simulated.

A handful of each pair of programs; the recorded traces of all are held against the simulation in
``tests/jsep/test_simulation_recorded.py``.
"""

import asyncio

import pytest

from rtckit.core.errors import ExitCode
from rtckit.jsep.simulation import compare_traces, read_library, simulate
from rtckit.lab.play import Stages
from tests.capabilities import require

PLAYED = {
    ("chromium", "chromium"): ("plain-call", "glare", "recycled-section", "upgrade"),
    ("firefox", "firefox"): ("hold-resume", "ice-restart-by-offerer", "rollback"),
    ("chromium", "firefox"): ("two-answers", "glare-polite-callee", "role-swap", "sfu-reoffers"),
    ("firefox", "chromium"): ("stale-offer", "simulcast-to-sfu", "plan-b-peer"),
    ("aiortc", "chromium"): ("plain-call", "upgrade", "sip-gateway-sdes"),
}


@pytest.mark.slow
@pytest.mark.lab
@pytest.mark.browser
def test_scenarios_go_as_simulated() -> None:
    require("netns", "chromium", "firefox", "aiortc")

    async def play_all() -> list[str]:
        found = []
        async with Stages() as stages:
            for (a, b), names in PLAYED.items():
                for name in names:
                    scenario = read_library(name).between(a, b)
                    real = await stages.play(scenario)
                    assert real.real
                    compared = compare_traces(simulate(scenario), real)
                    found += [
                        f"{a}-{b} {name}, step {pair.number} {pair.title}: {difference}"
                        for pair in compared.steps
                        for difference in pair.differences
                    ]
                    found += [f"{a}-{b} {name}: {fault}" for fault in real.faults]
        return found

    assert asyncio.run(play_all()) == []


@pytest.mark.slow
@pytest.mark.lab
@pytest.mark.browser
def test_the_command_compares_with_a_real_peer(capsys: pytest.CaptureFixture[str]) -> None:
    require("netns", "chromium")
    from rtckit.cli.main import main

    arguments = ["jsep", "simulate", "plain-call", "--a", "chromium", "--b", "rfc", "--real", "a"]
    assert main(arguments) == ExitCode.CLEAN
    assert "simulated and real are equal in all of 12 steps" in capsys.readouterr().out
