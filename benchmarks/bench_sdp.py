"""How fast session descriptions are read and written, beside four other parsers.

    python benchmarks/bench_sdp.py [--rounds 15]

Two real Chromium offers: one of 5 kB or so (audio, video, data) and one of 151 sections and 467 kB,
as a conference server has it (``make_sfu_offer.py``). Beside rtckit: sdp-transform from PyPI,
aiortc, and npm's sdp-transform on node where npm can install it.

The others read every value they know when they parse; rtckit reads values on demand, and only
rtckit writes back the bytes it read. So rtckit has four rows: the document and its sections, that
written again, every line found by name, and every view of every section.

The Python libraries alternate round by round, and node has a turn before and after them, so that a
busy machine slows all; the best round of each counts. Then the limits: input made to be slow. Ends
with 1 when a target is missed.
"""

import argparse
import gzip
import sys
import tempfile
import timeit
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import sdp_transform
from aiortc.sdp import SessionDescription
from sdp_transform_node import NodeTransform

from rtckit.sdp import Document, parse

ROOT = Path(__file__).resolve().parent.parent
SMALL = ROOT / "captures" / "chromium-firefox" / "offer.sdp"
LARGE = ROOT / "tests" / "sdp" / "data" / "sfu-offer.sdp.gz"

SMALL_TARGET_US = 200
"""Reading a browser's offer into lines and sections, on a machine that does nothing else."""
PYPI_TARGET = 10.0
"""Parse and write, times as fast as PyPI's sdp-transform."""
LIMIT_S = 2.0
"""CPU time for input made to be slow."""

Figures = dict[str, float]


def read_lines(text: str) -> None:
    """Every section, its attributes by name."""
    for part in parse(text).sections:
        part.has("mid")


def read_values(text: str) -> list[Any]:
    """Every value of every section."""
    document: Document = parse(text)
    return [
        (media.candidates, media.codecs, media.extmap, media.ssrcs, media.problems)
        for media in document.media
    ]


def best(works: dict[str, Callable[[], object]], rounds: int, number: int) -> Figures:
    """Microseconds of each, the least of ``rounds`` in which they take turns."""
    least = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            spent = timeit.timeit(work, number=number) / number * 1e6
            least[name] = min(least[name], spent)
    return least


def held(work: Callable[[], object]) -> tuple[int, int]:
    """Bytes that the result of ``work`` holds, and the most there were on the way."""
    work()
    tracemalloc.start()
    result = work()
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return size, peak


def measure(name: str, text: str, rounds: int, number: int, node: NodeTransform) -> Figures:
    """Time every row for one description and print it."""
    works: dict[str, Callable[[], object]] = {
        "rtckit parse": lambda: parse(text),
        "rtckit parse + write": lambda: parse(text).write(),
        "rtckit lines by name": lambda: read_lines(text),
        "rtckit every value": lambda: read_values(text),
        "PyPI parse": lambda: sdp_transform.parse(text),
        "PyPI parse + write": lambda: sdp_transform.write(sdp_transform.parse(text)),
        "aiortc parse": lambda: SessionDescription.parse(text),
        "aiortc parse + write": lambda: str(SessionDescription.parse(text)),
    }
    turns = [] if node.reason else [node.measure(text, rounds, number)]
    spent = best(works, rounds, number)
    if turns:
        turns.append(node.measure(text, rounds, number))
        for work in ("parse", "parse + write"):
            spent[f"npm {work}"] = min(turn[work] for turn in turns)
    print(f"{name}: {len(text) / 1000:.1f} kB, {text.count(chr(10)):,} lines")
    for work, microseconds in spent.items():
        ratio = spent["PyPI parse + write"] / microseconds
        print(f"  {work:<24} {microseconds:11.1f} µs   {ratio:7.2f} x PyPI parse + write")
    print("  memory held (most on the way)")
    for work in ("rtckit parse", "rtckit every value", "PyPI parse", "aiortc parse"):
        size, peak = held(works[work])
        print(f"  {work:<24} {size / 1000:11.1f} kB  ({peak / 1000:.1f} kB)")
    if turns:
        print(f"  {'npm parse':<24} {min(turn['held'] for turn in turns) / 1000:11.1f} kB")
    return spent


def read_problems(text: str) -> None:
    """The document, its sections, and everything that is wrong with them."""
    document = parse(text)
    assert document.write() == text
    list(document.media)
    assert document.problems is not None


def split_sections(text: str) -> None:
    """The document and its sections."""
    list(parse(text).media)


LIMITS: dict[str, tuple[str, Callable[[str], None]]] = {
    "one line of 5 MB, every problem": ("v=0\r\na=x:" + "y" * 5_000_000, read_problems),
    "200,000 lines, every problem": (
        "v=0\r\nm=audio 9 RTP/AVP 0\r\n" + "a=rtcp-fb:0 nack\r\n" * 200_000,
        read_problems,
    ),
    "200,000 blank lines, every problem": ("v=0\r\n" + "\r\n" * 200_000, read_problems),
    "200,000 m= lines, sections": ("v=0\r\n" + "m=audio 9 RTP/AVP 0\r\n" * 200_000, split_sections),
}


def limits() -> list[bool]:
    """CPU seconds of what is made to be slow, the least of three."""
    met = []
    for name, (text, work) in LIMITS.items():
        least = float("inf")
        for _ in range(3):
            start = process_time()
            work(text)
            least = min(least, process_time() - start)
        met.append(report(name, f"{least:.2f} s", least < LIMIT_S, f"under {LIMIT_S:g} s"))
    return met


def report(name: str, shown: str, met: bool, target: str) -> bool:
    """Print one line; whether the target is met."""
    print(f"{'ok    ' if met else 'MISSED'} {name:<44} {shown:>10} ({target})")
    return met


def compare(name: str, spent: Figures, node: NodeTransform) -> list[bool]:
    """Whether parse and write are as fast as promised beside the others."""
    ours = spent["rtckit parse + write"]
    pypi = spent["PyPI parse + write"] / ours
    by_name = spent["aiortc parse"] / spent["rtckit lines by name"]
    goal = f"at least {PYPI_TARGET:g}"
    met = [
        report(f"{name}, parse + write", f"{pypi:.1f} x PyPI", pypi >= PYPI_TARGET, goal),
        report(f"{name}, lines by name", f"{by_name:.1f} x aiortc", by_name >= 1, "at least 1"),
    ]
    if node.reason:
        print(f"left out: {node.name}: {node.reason}")
    else:
        npm = spent["npm parse + write"] / ours
        met.append(report(f"{name}, parse + write", f"{npm:.1f} x npm", npm > 1, "over 1"))
    return met


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--rounds", type=int, default=15)
    rounds = options.parse_args().rounds
    small_text = SMALL.read_bytes().decode()
    large_text = gzip.decompress(LARGE.read_bytes()).decode()
    with tempfile.TemporaryDirectory() as directory:
        node = NodeTransform(Path(directory))
        small = measure("browser offer", small_text, rounds, 50, node)
        large = measure("conference offer", large_text, max(3, rounds // 2), 1, node)
    print(f"sdp-transform {getattr(sdp_transform, '__version__', '1')} from PyPI; {node.name}")
    parsed = small["rtckit parse"]
    met = [
        report(
            "browser offer, parse",
            f"{parsed:.0f} µs",
            parsed < SMALL_TARGET_US,
            f"under {SMALL_TARGET_US} µs",
        ),
        *compare("browser offer", small, node),
        *compare("conference offer", large, node),
        *limits(),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
