"""Offer/answer as a whole: two peers and the signalling between them, in virtual time.

A scenario (TOML, or made in Python) says what either side does and what becomes of the messages;
`simulate` plays it between any two stacks and gives a trace. Scenarios that show how negotiations
go right and wrong ship with rtckit: `library_names`, `read_library`.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtckit.jsep.simulation.compare import Comparison, compare_traces
    from rtckit.jsep.simulation.player import SimulatedPlayer
    from rtckit.jsep.simulation.reading import parse_scenario, step
    from rtckit.jsep.simulation.scenario import Scenario, Step
    from rtckit.jsep.simulation.trace import Trace, TraceStep

__all__ = [
    "Comparison",
    "Scenario",
    "SimulatedPlayer",
    "Step",
    "Trace",
    "TraceStep",
    "compare_traces",
    "library_names",
    "parse_scenario",
    "read_library",
    "simulate",
    "step",
]

_LIBRARY = Path(__file__).parent / "library"
_LAZY = {
    "Comparison": "compare",
    "compare_traces": "compare",
    "SimulatedPlayer": "player",
    "Scenario": "scenario",
    "Step": "scenario",
    "parse_scenario": "reading",
    "step": "reading",
    "Trace": "trace",
    "TraceStep": "trace",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        module = importlib.import_module(f"rtckit.jsep.simulation.{_LAZY[name]}")
        return getattr(module, name)
    raise AttributeError(f"module 'rtckit.jsep.simulation' has no attribute {name!r}")


def library_names() -> list[str]:
    """The names of the scenarios that ship with rtckit, sorted."""
    return sorted(path.stem for path in _LIBRARY.glob("*.toml"))


def read_library(name: str) -> "Scenario":
    """A scenario of the library.

    Raises:
        KeyError: there is none of that name.
    """
    from rtckit.jsep.simulation.reading import parse_scenario

    return parse_scenario(library_text(name), name)


def library_text(name: str) -> str:
    """The TOML of a scenario of the library.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in library_names():
        raise KeyError(name)
    return (_LIBRARY / f"{name}.toml").read_text(encoding="utf-8")


def simulate(
    scenario: "Scenario | str",
    a: str | None = None,
    b: str | None = None,
    *,
    seed: int | None = None,
    progress: Callable[[str, str], None] | None = None,
) -> "Trace":
    """Play a scenario between two simulated peers.

    Args:
        scenario: a scenario, or the name of one in the library.
        a: the stack of side ``a``: ``rfc``, ``chromium``, ``firefox`` or ``aiortc``; None for the
            scenario's own.
        b: the same of side ``b``.
        seed: what chance and the values the peers make up depend on; None for the scenario's.
        progress: told of each operation: the side and the method.

    Raises:
        KeyError: there is no scenario of that name.
        ValueError: there is no stack of that name.
    """
    from rtckit.jsep.simulation.run import play

    if isinstance(scenario, str):
        scenario = read_library(scenario)
    scenario = scenario.between(a, b, seed)
    players = {side: make_player(scenario, side) for side in scenario.machines}
    run = play(scenario)
    try:
        side, operation = next(run)
        while True:
            if progress is not None:
                progress(side, operation["op"])
            side, operation = run.send(players[side].perform(operation))
    except StopIteration as stop:
        trace: Trace = stop.value
        return trace


def make_player(scenario: "Scenario", side: str) -> "SimulatedPlayer":
    """A simulated player for one side of a scenario, with a connection newly made."""
    from rtckit.jsep.identity import Identity
    from rtckit.jsep.negotiation import peer_connection
    from rtckit.jsep.simulation.player import SimulatedPlayer

    setup = scenario.peers[side]
    more = {}
    if setup.receives_simulcast and setup.stack == "rfc":
        from rtckit.jsep.stacks.rfc.capabilities import CAPABILITIES

        more["capabilities"] = replace(CAPABILITIES, simulcast_receive=True)
    return SimulatedPlayer(
        peer_connection(
            setup.stack,
            configuration=setup.configuration,
            identity=Identity(f"{scenario.seed}/{side}"),
            **more,
        )
    )
