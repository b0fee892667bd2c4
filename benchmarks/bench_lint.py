"""How long a full lint takes, from text to findings, with every rule for one description.

    python benchmarks/bench_lint.py [--rounds 15]

Two real Chromium offers: one of audio, video and data, and one of 151 sections as a conference
server has it. The best round counts, in CPU time of this process. Ends with 1 when a target is
missed.
"""

import argparse
import gzip
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import process_time

from rtckit.rules.catalogue import CATALOGUE
from rtckit.rules.lint import lint, linted

ROOT = Path(__file__).resolve().parent.parent
SMALL = ROOT / "captures" / "chromium-firefox" / "offer.sdp"
LARGE = ROOT / "tests" / "sdp" / "data" / "sfu-offer.sdp.gz"

SMALL_TARGET_MS = 5.0
LARGE_TARGET_MS = 400.0


def best(work: Callable[[], object], rounds: int) -> float:
    """The shortest of some runs, in milliseconds of CPU."""
    spent = []
    for _ in range(rounds):
        before = process_time()
        work()
        spent.append(process_time() - before)
    return min(spent) * 1000


def held(work: Callable[[], object]) -> float:
    """The most memory that ``work`` has at one time, in MiB."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def dearest(text: str) -> list[tuple[float, str]]:
    """The rules that cost most on a description whose views the others have made."""
    description = linted(text)
    rules = CATALOGUE.rules_for("sdp")
    for rule in rules:
        list(rule.function(description))
    return sorted(
        ((best(lambda rule=rule: list(rule.function(description)), 3), rule.id) for rule in rules),
        reverse=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    met = True
    for name, text, target, times in (
        ("browser offer", SMALL.read_bytes().decode(), SMALL_TARGET_MS, rounds * 4),
        ("conference offer", gzip.decompress(LARGE.read_bytes()).decode(), LARGE_TARGET_MS, rounds),
    ):
        found = lint(text)
        spent = best(lambda text=text: lint(text), times)
        memory = held(lambda text=text: lint(text))
        met &= spent < target
        print(
            f"{name}: {len(text):,} characters, {len(CATALOGUE.rules_for('sdp'))} rules, "
            f"{len(found)} findings: {spent:.2f} ms (target {target:g} ms), "
            f"{memory:.1f} MiB at most: {'met' if spent < target else 'MISSED'}"
        )
        shown = ", ".join(f"{rule} {cost:.2f}" for cost, rule in dearest(text)[:8])
        print(f"  dearest rules, ms: {shown}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
