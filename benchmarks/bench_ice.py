"""How long two ends take to connect: rtckit's engine against aioice, in the same run.

Two network namespaces joined by a wire; each end is a process of its own, told its peer's
candidates at the same moment. Times are from then until an end has selected a pair; of the two
ends the later one counts, and of all rounds the median.

    python benchmarks/bench_ice.py [--rounds 11]
    chrt -f 50 python benchmarks/bench_ice.py     # on a machine that is busy with other things

Needs what `rtckit lab` needs: Linux, and root or user namespaces.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from rtckit.lab.namespaces import Namespace, Network
from rtckit.lab.wire import Impairment, Wire

_END = Path(__file__).with_name("ice_end.py")
_DEAD = 7
_DROP = """
table ip dead {
  chain input {
    type filter hook input priority 0;
    iifname eth0 ip saddr { 10.101.0.0/16, 10.102.0.0/16 } drop
    iifname eth0 ip daddr { 10.101.0.0/16, 10.102.0.0/16 } drop
  }
}
"""


class End:
    """A process in a namespace."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ask(self, **what: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("an end died")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.asynccontextmanager
async def end(namespace: Namespace, *arguments: str) -> AsyncIterator[End]:
    """Start an end in a namespace."""
    process = await asyncio.create_subprocess_exec(
        *namespace.command(sys.executable, str(_END), *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
        cwd=_END.parents[1],
        env={"PYTHONPATH": str(_END.parents[1]), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
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


@contextlib.contextmanager
def two_hosts(rtt_ms: float, dead: int) -> Iterator[tuple[Namespace, Namespace]]:
    """Two namespaces; besides the address on the wire each has ``dead`` ones that lead nowhere."""
    with Network() as network, contextlib.ExitStack() as stack:
        a, b = network.add("a", ipv6=False), network.add("b", ipv6=False)
        for number, short in enumerate("ab", 1):
            if dead:
                network.add(f"void{short}", ipv6=False)
            for place in range(dead):
                network.link(short, f"dead{place}", f"void{short}", f"to{place}")
                network.address(short, f"dead{place}", f"10.{100 + number}.{place}.1/24")
        if rtt_ms:
            half = Impairment(delay_ms=rtt_ms / 2)
            stack.enter_context(Wire(network, ("a", "eth0"), ("b", "eth0"), half))
        else:
            network.link("a", "eth0", "b", "eth0")
        for number, short in enumerate("ab", 1):
            network.address(short, "eth0", f"10.79.0.{number}/24")
            network.default_route(short, f"10.79.0.{3 - number}")
            if dead:
                network[short].run("nft", "-f", "-", text=_DROP)
        yield a, b


async def measure(
    a: Namespace, b: Namespace, engine: str, nomination: str, rounds: int
) -> list[float]:
    """Return the milliseconds of each round."""
    arguments = ("--engine", engine, "--nomination", nomination)
    times = []
    async with end(a, *arguments, "--controlling") as first, end(b, *arguments) as second:
        for _ in range(rounds + 1):
            ours, theirs = await asyncio.gather(first.ask(do="gather"), second.ask(do="gather"))
            done = await asyncio.gather(
                first.ask(**{**theirs, "do": "connect"}),
                second.ask(**{**ours, "do": "connect"}),
            )
            failed = [each["error"] for each in done if "error" in each]
            if failed:
                raise RuntimeError("; ".join(failed))
            times.append(max(each["elapsed_ms"] for each in done))
    return times[1:]  # the first one imports


def round_trip(a: Namespace, b: Namespace) -> float:
    """Return how long an echo takes over the wire as it is, in milliseconds: the least of nine."""
    times = []
    with a.socket() as here, b.socket() as there:
        there.bind(("10.79.0.2", 7))

        def echo() -> None:
            while (came := there.recvfrom(64))[0] != b"end":
                there.sendto(*came)

        thread = threading.Thread(target=echo)
        thread.start()
        for _ in range(9):
            began = time.perf_counter()
            here.sendto(b"echo", ("10.79.0.2", 7))
            here.recv(64)
            times.append((time.perf_counter() - began) * 1000)
        here.sendto(b"end", ("10.79.0.2", 7))
        thread.join()
    return min(times)


def limit(nomination: str, rtt: float, dead: int) -> float:
    """Return the target, in milliseconds."""
    if dead:
        return rtt + 60.0
    if not rtt:
        return 3.0
    return 2 * rtt + 3.0 if nomination == "regular" else rtt + 2.0


async def run(rounds: int) -> bool:
    """Measure everything and print it; whether every target was met."""
    met = True
    print(f"{'link':<40}{'engine':<22}{'median':>9}{'least':>9}{'most':>9}{'target':>9}  (ms)")
    for title, dead, rtt_ms in (
        ("no delay", 0, 0.0),
        ("RTT 50 ms", 0, 50.0),
        (f"RTT 50 ms, {_DEAD} dead addresses a side", _DEAD, 50.0),
    ):
        with two_hosts(rtt_ms, dead) as (a, b):
            rtt = round_trip(a, b) if rtt_ms else 0.0
            for engine, nomination in (
                ("native", "regular"),
                ("native", "aggressive"),
                ("aioice", "aggressive"),
            ):
                few = rounds if engine == "native" or not dead else max(3, rounds // 3)
                times = await measure(a, b, engine, nomination, few)
                middle, target = statistics.median(times), ""
                if engine == "native":
                    wanted = limit(nomination, rtt, dead)
                    met = met and middle < wanted
                    target = f"< {wanted:.1f}"
                print(
                    f"{title:<40}{engine + ', ' + nomination:<22}"
                    f"{middle:>9.2f}{min(times):>9.2f}{max(times):>9.2f}{target:>9}"
                )
                sys.stdout.flush()
    return met


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    sys.exit(0 if asyncio.run(run(parser.parse_args().rounds)) else 1)
