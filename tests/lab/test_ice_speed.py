"""A sample of the benchmark: connecting takes the round trips it must, and no timers' worth more.

What counts is the quickest of a few rounds: the others tell what else the machine does. The whole
table, with medians and beside aioice, is printed by ``benchmarks/bench_ice.py``.
"""

import asyncio

import pytest

from benchmarks.bench_ice import measure, round_trip, two_hosts
from tests.capabilities import require

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    ("dead", "nomination", "round_trips", "more_ms"),
    [(0, "regular", 2, 10.0), (0, "aggressive", 1, 10.0), (7, "aggressive", 1, 60.0)],
)
def test_at_50_ms(dead: int, nomination: str, round_trips: int, more_ms: float) -> None:
    require("netns", "nft")
    with two_hosts(50.0, dead) as (a, b):
        rtt = round_trip(a, b)
        times = asyncio.run(measure(a, b, "native", nomination, 4))
    assert round_trips * rtt <= min(times) < round_trips * rtt + more_ms


def test_without_delay() -> None:
    require("netns", "nft")
    with two_hosts(0.0, 0) as (a, b):
        times = asyncio.run(measure(a, b, "native", "regular", 10))
    assert min(times) < 10.0  # aioice looks every 20 ms
