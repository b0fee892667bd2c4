"""The shipped scenarios, simulated, against what real Chromium, Firefox and aiortc did.

The traces were recorded from the programs themselves (`tests.oracle.record_scenarios`).
"""

import pytest

from rtckit.jsep.simulation import compare_traces, simulate
from tests.oracle.record_scenarios import read_recorded

RECORDED = read_recorded()


def test_the_recording_covers_every_pair() -> None:
    pairs = {tuple(key.split("-")[:2]) for key in RECORDED}
    stacks = ("chromium", "firefox", "aiortc")
    assert {(a, b) for a in stacks for b in stacks} <= pairs


@pytest.mark.parametrize("key", RECORDED)
def test_simulated_is_as_real(key: str) -> None:
    a, b, name = key.split("-", 2)
    trace = simulate(name, a, None if b == "scripted" else b)
    compared = compare_traces(trace, RECORDED[key])
    found = [
        (pair.number, pair.title, item) for pair in compared.steps for item in pair.differences
    ]
    assert not found, found[:4]
