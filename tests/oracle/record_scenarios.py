"""Plays the shipped scenarios with real peers and keeps what came of each step.

``python -m tests.oracle.record_scenarios`` writes ``data/scenario-traces.json.gz``; it takes a
minute, and needs Chromium, Firefox, aiortc and network namespaces. Texts of descriptions are not
kept, only what a comparison of traces looks at.
"""

import asyncio
import gzip
import itertools
import json
import sys
from pathlib import Path
from typing import Any

from rtckit.jsep.simulation import library_names, read_library
from rtckit.jsep.simulation.trace import Trace
from rtckit.lab.play import REAL_STACKS, Stages

PATH = Path(__file__).parent / "data" / "scenario-traces.json.gz"


def read_recorded() -> dict[str, dict[str, Any]]:
    """The traces by ``a-b-scenario``, each as `compare_traces` takes it."""
    recorded: dict[str, dict[str, Any]] = json.loads(gzip.decompress(PATH.read_bytes()))
    return recorded


def condense(trace: Trace) -> dict[str, Any]:
    """What a comparison looks at."""
    return {
        "steps": [
            {
                "actor": step["actor"],
                "title": step["title"],
                "sent": step["sent"],
                "calls": [_condense_call(call) for call in step["calls"]],
            }
            for step in trace.to_dict()["steps"]
        ]
    }


def _condense_call(call: dict[str, Any]) -> dict[str, Any]:
    kept = {key: call[key] for key in ("peer", "ok", "error", "message", "events", "state")}
    found = call["set"]
    return {
        **kept,
        "operation": {"op": call["operation"]["op"]},
        "set": found and {"type": found["type"], "sections": found["sections"]},
    }


async def _record() -> dict[str, Any]:
    traces = {}
    async with Stages() as stages:
        for a, b in itertools.product(REAL_STACKS, REAL_STACKS):
            for name in library_names():
                scenario = read_library(name).between(a, b)
                key = "-".join([*(scenario.peers[side].stack for side in ("a", "b")), name])
                if key in traces:
                    continue
                sys.stderr.write(f"{key}\n")
                sides = [s for s in scenario.machines if scenario.peers[s].stack in REAL_STACKS]
                traces[key] = condense(await stages.play(scenario, sides))
    return traces


def main() -> None:
    """Write the file."""
    text = json.dumps(asyncio.run(_record()), separators=(",", ":"), sort_keys=True)
    PATH.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
