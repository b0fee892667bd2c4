"""NATs against NATs: what theory says, the simulator predicts and real engines come to.

The whole of it for both engines, with times: ``python -m benchmarks.ice_matrix``. Here every cell
of the native engine that connects, some that cannot, and a sample of aioice's.
"""

import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.ice_matrix import (
    KINDS,
    Cell,
    cells,
    compare,
    play,
    simulated,
    standing,
    theory,
)
from rtckit.lab.coturn import Coturn
from rtckit.lab.topology import Topology
from tests.capabilities import require

HOPELESS = [
    Cell("symmetric", "port restricted", turn=False),
    Cell("port restricted", "symmetric", turn=False),
    Cell("udp blocked", "open", turn=False),
    Cell("full cone", "udp blocked", turn=False),
]
SAMPLE = [
    Cell("open", "symmetric", turn=False),
    Cell("port restricted", "port restricted", turn=False),
    Cell("symmetric", "restricted", turn=False),
    Cell("restricted", "open", turn=False),
    Cell("full cone", "port restricted", turn=True),
    Cell("udp blocked", "symmetric", turn=True),
]


@pytest.mark.parametrize("turn", [False, True], ids=["without TURN", "with TURN"])
def test_simulator_predicts_what_theory_says(turn: bool) -> None:
    chosen = cells(turn)
    assert len(set(chosen)) == len(KINDS) ** 2 == 36
    assert [simulated(cell).connected for cell in chosen] == [theory(cell) for cell in chosen]
    # By hand: 11 with an end that has no UDP, and three that cannot be punched through.
    assert sum(map(theory, chosen)) == (36 if turn else 36 - 11 - 3)


@pytest.fixture(scope="module")
def network() -> Iterator[tuple[Topology, Coturn]]:
    require("netns", "nft", "coturn")
    with standing() as (topology, coturn):
        yield topology, coturn


@pytest.mark.lab
@pytest.mark.coturn
@pytest.mark.slow
def test_native_engine_connects_as_predicted(network: tuple[Topology, Coturn]) -> None:
    """Reachability, and the very types of candidates that the simulator selects."""
    possible = [cell for cell in cells(turn=False) if theory(cell)]
    chosen = [*possible, *HOPELESS, *cells(turn=True)]
    found = asyncio.run(play(*network, "native", chosen))
    differing = compare("native", found)
    if differing:
        # Which pair is first may hang on milliseconds that a busy machine does not keep.
        again = [cell for cell in chosen if compare("native", {cell: found[cell]})]
        found = asyncio.run(play(*network, "native", again, at_once=False))
        differing = compare("native", found)
    assert differing == []


@pytest.mark.lab
@pytest.mark.coturn
@pytest.mark.slow
def test_aioice_connects_where_theory_says(network: tuple[Topology, Coturn]) -> None:
    found = asyncio.run(play(*network, "aioice", SAMPLE))
    assert compare("aioice", found) == []
