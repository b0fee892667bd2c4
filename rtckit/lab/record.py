"""Records calls between real peers: ``python -m rtckit.lab.record NAME [--output captures/]``."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rtckit.core.errors import ExitCode, RtckitError
from rtckit.lab.recording import record
from rtckit.lab.scenarios import SCENARIOS, Scenario

__all__ = ["main", "parse_arguments"]


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """``names`` of scenarios, ``output`` (a folder) and ``list``; exits with 2 on misuse."""
    parser = argparse.ArgumentParser(
        prog="python -m rtckit.lab.record",
        description="Record calls between real peers into folders that rtckit diagnose reads.",
        epilog=f"Scenarios: {', '.join(SCENARIOS)}; or all.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a scenario, or all")
    parser.add_argument(
        "--output", type=Path, default=Path("captures"), help="where to write (default: captures)"
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios and what they need")
    arguments = parser.parse_args(argv)
    if not arguments.names and not arguments.list:
        parser.error("which scenario? See --list")
    if "all" in arguments.names:
        arguments.names = list(SCENARIOS)
    for name in arguments.names:
        if name not in SCENARIOS:
            parser.error(f"no scenario {name!r}: choose from {', '.join(SCENARIOS)}, or all")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Record what ``argv`` names and return the exit code; progress goes to stderr."""
    arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
    if arguments.list:
        for scenario in SCENARIOS.values():
            sys.stdout.write(f"{scenario.name}: needs {', '.join(scenario.needs)}\n")
        return ExitCode.CLEAN
    try:
        asyncio.run(_record_all([SCENARIOS[name] for name in arguments.names], arguments.output))
    except RtckitError as error:
        _say(f"error: {error}")
        return error.exit_code
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("interrupted; everything started has been stopped")
        return ExitCode.INTERRUPTED
    return ExitCode.CLEAN


async def _record_all(scenarios: Sequence[Scenario], output: Path) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    with contextlib.suppress(NotImplementedError, RuntimeError):
        # Being told to end is no reason to leave namespaces and browsers behind. A shell starts
        # its background jobs with SIGINT ignored: whoever sends it all the same means it.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
    for scenario in scenarios:
        began = loop.time()
        folder = await record(scenario, output, partial(_say_of, scenario.name))
        size = sum(path.stat().st_size for path in folder.iterdir())
        _say(f"{scenario.name}: {folder}, {size / 1000:.0f} kB, in {loop.time() - began:.1f} s")


def _say_of(name: str, text: str) -> None:
    _say(f"{name}: {text}")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
