"""What a diagnosis costs: CPU time and peak memory of whole processes, and where the time goes.

    python benchmarks/bench_diagnose.py [BUNDLE]

Targets: `rtckit --help` under 0.1 s of CPU time, `rtckit diagnose captures/chromium-firefox` under
1.5 s, its peak memory under 150 MB, `import rtckit` under 0.03 s over an empty interpreter.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 7


def measure(arguments: list[str]) -> tuple[float, float, int]:
    """(CPU seconds, wall seconds, peak kB) of a process: the best of several rounds."""
    best_cpu = best_wall = float("inf")
    peak = 0
    program = (
        "import resource, subprocess, sys, time\n"
        "begin = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "wall = time.perf_counter() - begin\n"
        "use = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(use.ru_utime + use.ru_stime, wall, use.ru_maxrss)\n"
    )
    for _ in range(ROUNDS):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        cpu, wall, memory = done.stdout.split()
        best_cpu, best_wall = min(best_cpu, float(cpu)), min(best_wall, float(wall))
        peak = max(peak, int(memory))
    return best_cpu, best_wall, peak


def main() -> None:
    bundle = sys.argv[1] if len(sys.argv) > 1 else "captures/chromium-firefox"
    rows = [
        ("python -c pass", [sys.executable, "-c", "pass"], None),
        ("import rtckit", [sys.executable, "-c", "import rtckit"], None),
        ("rtckit --help", [sys.executable, "-m", "rtckit", "--help"], 0.1),
        (f"rtckit diagnose {bundle}", [sys.executable, "-m", "rtckit", "diagnose", bundle], 1.5),
    ]
    print(f"{'':44} {'CPU s':>7} {'wall s':>7} {'peak MB':>8}  target")
    for label, arguments, target in rows:
        cpu, wall, peak = measure(arguments)
        aim = "" if target is None else f"CPU < {target} s: {'met' if cpu < target else 'MISSED'}"
        print(f"{label:44} {cpu:7.3f} {wall:7.3f} {peak / 1000:8.1f}  {aim}")

    sys.path.insert(0, str(ROOT))
    from rtckit.analysis.bundle import open_call
    from rtckit.capture import open_capture
    from rtckit.rules.diagnosis import diagnose

    path = ROOT / bundle
    begin = time.process_time()
    datagrams = 0
    for file in path.glob("*.pcapng"):
        with open_capture(file) as capture:
            datagrams += sum(1 for _ in capture)
    read = time.process_time() - begin
    begin = time.process_time()
    call = open_call(path)
    opened = time.process_time() - begin
    begin = time.process_time()
    diagnose(call)
    judged = time.process_time() - begin
    print(
        f"\nin one process: {datagrams} datagrams; read {read:.3f} s, "
        f"read and analysed {opened:.3f} s ({datagrams / opened:,.0f}/s), judged {judged:.3f} s"
    )
    print(
        f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.1f} MB"
    )


if __name__ == "__main__":
    main()
