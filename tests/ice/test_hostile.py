"""Strangers change nothing; `tests.ice.hostile` runs the same with a million datagrams."""

import pytest

from tests.ice import hostile


def test_damaged_and_forged_datagrams_change_nothing() -> None:
    seen = hostile.disturb(20_000)
    assert seen["taken for ICE"] > 8000
    assert seen["answered"] > 1000
    assert seen["bytes out"] < seen["bytes in"]


@pytest.mark.parametrize("signed", [False, True])
def test_a_flood_stays_within_bounded_memory(signed: bool) -> None:
    """A hundred thousand take no more room; events and answers are not even taken out."""
    assert hostile.flood(3000, signed=signed) < 4e6
