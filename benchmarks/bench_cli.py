"""What starting rtckit and diagnosing a saved call cost: CPU time and peak memory.

CPU time is user and system time of the process, the smallest of several runs; memory is the peak
resident set.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
HELP_CPU_MS = 100
DIAGNOSE_CPU_MS = 1500
DIAGNOSE_PEAK_MB = 150


class Cost(NamedTuple):
    """CPU milliseconds and peak megabytes of one process."""

    cpu_ms: float
    peak_mb: float


def measure(arguments: Sequence[str], runs: int) -> Cost:
    """The least of ``runs`` runs of ``rtckit ARGUMENTS``; 1 is a good exit code too."""
    costs = [_run(arguments) for _ in range(runs)]
    return Cost(min(cost.cpu_ms for cost in costs), min(cost.peak_mb for cost in costs))


def _run(arguments: Sequence[str]) -> Cost:
    command = [sys.executable, "-m", "rtckit", *arguments]
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(sys.executable, command, os.environ, file_actions=nowhere)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        raise SystemExit(f"rtckit {' '.join(arguments)} ended with {code}")
    return Cost((usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024)


def report(name: str, cost: Cost, cpu_ms: float, peak_mb: float | None) -> bool:
    """Print one line; whether the targets are met."""
    met = cost.cpu_ms < cpu_ms and (peak_mb is None or cost.peak_mb < peak_mb)
    memory = "" if peak_mb is None else f" (under {peak_mb:.0f})"
    print(
        f"{'ok    ' if met else 'MISSED'} {name:<44} CPU {cost.cpu_ms:7.0f} ms (under {cpu_ms:.0f})"
        f"   peak {cost.peak_mb:5.0f} MB{memory}"
    )
    return met


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    os.chdir(ROOT)
    met = [report("rtckit --help", measure(["--help"], 15), HELP_CPU_MS, None)]
    for call in sorted(path.parent for path in (ROOT / "captures").glob("*/bundle.toml")):
        name = f"diagnose captures/{call.name}"
        cost = measure(["diagnose", f"captures/{call.name}"], 3)
        met.append(report(f"rtckit {name}", cost, DIAGNOSE_CPU_MS, DIAGNOSE_PEAK_MB))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
