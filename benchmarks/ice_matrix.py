"""Six kinds of NAT against each other, with and without TURN, by real engines and by simulation.

``python -m benchmarks.ice_matrix`` prints, for each engine, which cells connect, over which types
of candidates and how fast, beside what theory and `rtckit.ice.simulate` say; it ends with 1 when
any cell differs. Side a, the controlling one, is behind the NAT of the row.

All NATs stand at once around one coturn, each twice; the six cells of a diagonal have no host in
common and run at the same time, or with ``--one-at-a-time`` every cell alone, for honest times.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

from rtckit.ice.simulate import simulate
from rtckit.lab.certificate import make_certificate
from rtckit.lab.coturn import Coturn
from rtckit.lab.namespaces import Namespace
from rtckit.lab.nat import parse_nat
from rtckit.lab.theory import can_connect
from rtckit.lab.topology import SERVER_ADDRESSES, Topology, internet
from rtckit.lab.wire import Impairment

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("open", "full cone", "restricted", "port restricted", "symmetric", "udp blocked")
_LIMIT_S = {"native": 4.0, "aioice": 8.0}
"""How long a cell may try; what works at all works in a fraction of it."""
_SLACK_S = 20.0
_START_LIMIT_S = 90.0
RTT_S = 0.08
"""Between the two sides; to the server it is half of that, as in the simulator."""


class Result(NamedTuple):
    """What became of a cell: the types of the selected pair as side a sees them, or None."""

    connected: bool
    pair: tuple[str, str] | None = None
    elapsed_ms: float = 0.0
    data: bool = False
    why: str = ""


class Cell(NamedTuple):
    """The NAT of side a, that of side b, and whether there are TURN servers."""

    a: str
    b: str
    turn: bool


def cells(turn: bool) -> list[Cell]:
    """All 36, diagonal by diagonal: no two of one diagonal share a host."""
    count = len(KINDS)
    return [
        Cell(KINDS[at], KINDS[(at + shift) % count], turn)
        for shift in range(count)
        for at in range(count)
    ]


def theory(cell: Cell) -> bool:
    """Whether it must connect."""
    return can_connect(parse_nat(cell.a), parse_nat(cell.b), turn=cell.turn)


def simulated(cell: Cell, rtt_s: float = RTT_S) -> Result:
    """What the simulator predicts."""
    a, b = (_simulator_name(kind) for kind in cell[:2])
    told = simulate(a, b, turn=cell.turn, rtt=rtt_s)
    time_ms = (told.connect_time or 0) * 1000
    return Result(told.connected, told.pair if told.connected else None, time_ms)


def _simulator_name(kind: str) -> str:
    # The NAT of the laboratory that blocks UDP lets TCP out to port 443 alone.
    return "web only" if kind == "udp blocked" else kind


class End:
    """A process in a namespace that takes and gives lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lock = asyncio.Lock()

    async def ask(self, patience_s: float, /, **what: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        async with asyncio.timeout(patience_s):
            line = await self.process.stdout.readline()
        answer: dict[str, Any] = json.loads(line or b'{"error": "it ended"}')
        return answer


@contextlib.asynccontextmanager
async def _end(
    host: Namespace, engine: str, controlling: bool, coturn: Coturn
) -> AsyncIterator[End]:
    command = [sys.executable, str(ROOT / "benchmarks/ice_matrix_end.py"), "--engine", engine]
    command += ["--controlling"] if controlling else []
    command += ["--username", coturn.username, "--credential", coturn.password]
    assert coturn.tls is not None
    process = await asyncio.create_subprocess_exec(
        *host.command(*command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SSL_CERT_FILE": str(coturn.tls.certificate),
        },
    )
    try:
        yield End(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(3):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _servers(kind: str, turn: bool, coturn: Coturn) -> list[str]:
    """What a host behind this NAT is told: TURN over TLS on 443 where UDP does not get out."""
    if not turn:
        return [coturn.stun_urls()[0]]
    if kind == "udp blocked":
        return [coturn.stun_urls()[0], coturn.turns_urls()[0]]
    return [coturn.stun_urls()[0], coturn.turn_urls()[0]]


@contextlib.contextmanager
def standing(rtt_s: float = RTT_S) -> Iterator[tuple[Topology, Coturn]]:
    """The network: hosts ``a0`` to ``a5`` and ``b0`` to ``b5``, and coturn with TLS on 443."""
    sides = {f"{side}{at}": parse_nat(kind) for side in "ab" for at, kind in enumerate(KINDS)}
    delay = Impairment(rtt_s * 1000 / 4)
    wires = dict.fromkeys(sides, delay) if rtt_s else {}
    with internet(sides, wires=wires) as topology, tempfile.TemporaryDirectory() as folder:
        assert topology.server_host is not None
        directory = Path(folder)
        tls = make_certificate(directory, SERVER_ADDRESSES)
        server = SERVER_ADDRESSES[:1]
        with Coturn(topology.server_host, directory, server, tls=tls) as coturn:
            yield topology, coturn


async def play(
    topology: Topology,
    coturn: Coturn,
    engine: str,
    chosen: Sequence[Cell],
    *,
    at_once: bool = True,
) -> dict[Cell, Result]:
    """Connect the two ends of each cell with an engine."""
    found: dict[Cell, Result] = {}
    async with AsyncExitStack() as stack:
        ends: dict[tuple[str, str], End] = {}
        for cell in chosen:
            for side, kind in (("a", cell.a), ("b", cell.b)):
                if (side, kind) not in ends:
                    host = topology.hosts[f"{side}{KINDS.index(kind)}"]
                    opened = _end(host, engine, side == "a", coturn)
                    ends[side, kind] = await stack.enter_async_context(opened)
        await asyncio.gather(*(end.ask(_START_LIMIT_S, do="ready") for end in ends.values()))
        whole = asyncio.Lock()

        async def connect(cell: Cell) -> None:
            a, b = ends["a", cell.a], ends["b", cell.b]
            servers = [_servers(kind, cell.turn, coturn) for kind in cell[:2]]
            async with whole if not at_once else contextlib.nullcontext(), a.lock, b.lock:
                found[cell] = await _connect(a, b, servers, _LIMIT_S[engine])

        await asyncio.gather(*map(connect, chosen))
    return {cell: found[cell] for cell in chosen}


async def _connect(a: End, b: End, servers: list[list[str]], limit_s: float) -> Result:
    patience = limit_s + _SLACK_S
    ours, theirs = await asyncio.gather(
        a.ask(patience, do="gather", servers=servers[0]),
        b.ask(patience, do="gather", servers=servers[1]),
    )
    for told in (ours, theirs):
        if "error" in told:
            return Result(False, why=told["error"])
    said_a, said_b = await asyncio.gather(
        a.ask(patience, **{**theirs, "do": "connect", "limit_s": limit_s}),
        b.ask(patience, **{**ours, "do": "connect", "limit_s": limit_s}),
    )
    errors = [told["error"] for told in (said_a, said_b) if "error" in told]
    if errors:
        return Result(False, elapsed_ms=said_a["elapsed_ms"], why=errors[0])
    return Result(
        True,
        (said_a["local"], said_a["remote"]),
        max(said_a["elapsed_ms"], said_b["elapsed_ms"]),
        said_a["data"] and said_b["data"],
    )


def print_table(title: str, turn: bool, shown: dict[Cell, str]) -> None:
    """One table, a row for each NAT of side a."""
    print(f"\n{title}, {'with' if turn else 'without'} TURN (rows: side a)")
    print(f"{'':16}" + "".join(f"{kind:>17}" for kind in KINDS))
    for a in KINDS:
        print(f"{a:16}" + "".join(f"{shown.get(Cell(a, b, turn), ''):>17}" for b in KINDS))


def _word(result: Result) -> str:
    if not result.connected or result.pair is None:
        return "-"
    return f"{result.pair[0]}/{result.pair[1]}"


def compare(engine: str, found: dict[Cell, Result], rtt_s: float = RTT_S) -> list[str]:
    """What differs from theory and, for the native engine, from the simulator."""
    wrong = []
    for cell, result in found.items():
        name = f"{engine}: {cell.a} - {cell.b}, {'with' if cell.turn else 'without'} TURN"
        predicted = simulated(cell, rtt_s)
        if result.connected is not theory(cell):
            wrong.append(
                f"{name}: connected {result.connected}, theory says {theory(cell)} ({result.why})"
            )
        if predicted.connected is not theory(cell):
            wrong.append(f"{name}: the simulator says {predicted.connected}")
        if result.connected and not result.data:
            wrong.append(f"{name}: no data")
        if engine == "native" and result.pair != predicted.pair:
            wrong.append(f"{name}: selected {_word(result)}, simulated {_word(predicted)}")
    return wrong


def _differing(engine: str, found: dict[Cell, Result], rtt_s: float) -> list[Cell]:
    return [cell for cell in found if compare(engine, {cell: found[cell]}, rtt_s)]


def main() -> int:
    """Print the tables; 1 when a cell is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["native", "aioice"], action="append")
    parser.add_argument("--one-at-a-time", action="store_true")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--rtt", type=float, default=RTT_S * 1000, help="milliseconds, 0 for none")
    arguments = parser.parse_args()
    wrong: list[str] = []
    times: dict[str, dict[Cell, float]] = {}
    with standing(arguments.rtt / 1000) as (topology, coturn):
        for engine in arguments.engine or ["native", "aioice"]:
            for turn in (False, True):
                for _ in range(arguments.runs):
                    began = time.monotonic()
                    playing = play(
                        topology, coturn, engine, cells(turn), at_once=not arguments.one_at_a_time
                    )
                    found = asyncio.run(playing)
                    whole = time.monotonic() - began
                    again = _differing(engine, found, arguments.rtt / 1000)
                    if again:
                        # Which pair is first may hang on milliseconds, which others took.
                        print(f"{engine}: {len(again)} cells alone again: {again}")
                        found |= asyncio.run(play(topology, coturn, engine, again, at_once=False))
                    wrong += compare(engine, found, arguments.rtt / 1000)
                    print_table(engine, turn, {cell: _word(told) for cell, told in found.items()})
                    right = sum(told.connected is theory(cell) for cell, told in found.items())
                    print(f"{right} of {len(found)} as theory says, in {whole:.1f} s")
                took = times.setdefault(engine, {})
                took |= {cell: told.elapsed_ms for cell, told in found.items() if told.connected}
                shown = {cell: f"{took[cell]:.1f} ms" for cell in took if cell.turn is turn}
                print_table(f"{engine}, time to connect", turn, shown)
    for line in wrong:
        print(line)
    print(f"\n{len(wrong)} differences" if wrong else "\neverything as predicted")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
