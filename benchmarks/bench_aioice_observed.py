"""What watching aioice costs: connects of plain aioice and of the watched one, in turns.

::

    .venv/bin/python benchmarks/bench_aioice_observed.py [ROUNDS]

Both ends are on loopback. Prints the median and the least of the time from `connect` to connected,
in milliseconds, and of the processor time of the whole round (gather, connect, close).
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aioice

from rtckit.live.engines.aioice_observed import ObservedConnection

_ROUNDS = 60


class Loopback(aioice.Connection):
    """Plain aioice, on loopback, where it does not gather by itself."""

    async def get_component_candidates(
        self, component: int, addresses: list[str], timeout: int = 5
    ) -> list[aioice.Candidate]:
        """Gather on loopback alone."""
        return await super().get_component_candidates(component, ["127.0.0.1"], timeout)


def plain(controlling: bool, events: list[object]) -> aioice.Connection:
    """Nobody watches."""
    return Loopback(ice_controlling=controlling)


def observed(controlling: bool, events: list[object]) -> aioice.Connection:
    """Every event is told."""

    def tell(*arguments: object, **detail: object) -> None:
        events.append((arguments, detail))

    return ObservedConnection(
        tell, time.perf_counter, addresses=["127.0.0.1"], ice_controlling=controlling
    )


async def connect(
    make: Callable[[bool, list[object]], aioice.Connection],
) -> tuple[float, float, int]:
    """Connect two ends once: milliseconds, milliseconds of the processor, events."""
    events: list[object] = []
    processor = time.process_time()
    ends = make(True, events), make(False, events)
    await asyncio.gather(*(end.gather_candidates() for end in ends))
    for one, other in (ends, ends[::-1]):
        one.remote_username, one.remote_password = other.local_username, other.local_password
        for candidate in other.local_candidates:
            await one.add_remote_candidate(candidate)
        await one.add_remote_candidate(None)
    began = time.perf_counter()
    await asyncio.gather(*(end.connect() for end in ends))
    took = time.perf_counter() - began
    for end in ends:
        await end.close()
    return took * 1000, (time.process_time() - processor) * 1000, len(events)


async def run(rounds: int) -> None:
    """Take turns, so that both meet the same machine."""
    makers = {"plain": plain, "observed": observed}
    results: dict[str, list[tuple[float, float, int]]] = {name: [] for name in makers}
    for _ in range(rounds + 2):
        for name, make in makers.items():
            results[name].append(await connect(make))
    for name, seen in results.items():
        times = [took for took, _, _ in seen[2:]]
        processor = [used for _, used, _ in seen[2:]]
        print(
            f"{name:9} connect {median(times):6.2f} ms (least {min(times):6.2f}), "
            f"processor {median(processor):5.2f} ms, events {seen[-1][2]}"
        )


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS))
