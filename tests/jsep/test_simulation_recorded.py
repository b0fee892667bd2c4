"""The shipped scenarios, simulated, against what real Chromium, Firefox and aiortc did.

The traces were recorded from the programs themselves (`tests.oracle.record_scenarios`). A
difference that is known is named here with its cause; any other fails.
"""

import pytest

from rtckit.jsep.simulation import compare_traces, simulate
from rtckit.jsep.simulation.compare import Difference
from tests.oracle.record_scenarios import read_recorded

RECORDED = read_recorded()


def is_known(item: Difference) -> bool:
    """Whether the cause of a difference is known."""
    if item.what == "events":
        # A rollback fires both, in an order that queues decide.
        return sorted(item.one.split("; ")) == sorted(item.other.split("; "))
    if item.what == "state":
        # The browsers have the transport once a section for it is set, the book once it is agreed.
        return item.one.removesuffix(", sctp") == item.other.removesuffix(", sctp")
    return False


DIVERGING: dict[str, str] = {}
"""Scenarios that go another way than in life, with the cause."""


def test_the_recording_covers_every_pair() -> None:
    pairs = {tuple(key.split("-")[:2]) for key in RECORDED}
    stacks = ("chromium", "firefox", "aiortc")
    assert {(a, b) for a in stacks for b in stacks} <= pairs


@pytest.mark.parametrize("key", RECORDED)
def test_simulated_is_as_real(key: str) -> None:
    a, b, name = key.split("-", 2)
    trace = simulate(name, a, None if b == "scripted" else b)
    compared = compare_traces(trace, RECORDED[key])
    unknown = [
        (pair.number, pair.title, item)
        for pair in compared.steps
        for item in pair.differences
        if not is_known(item)
    ]
    if unknown and key in DIVERGING:
        pytest.skip(f"known to diverge: {DIVERGING[key]}")
    assert not unknown, unknown[:4]
