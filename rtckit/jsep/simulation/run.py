"""Plays a scenario, without I/O: yields what a peer shall do and is sent what came of it.

`play` does not know whether a peer is simulated or a real browser: `simulate` drives it with
simulated ones, the laboratory with real ones. Time is that of the signalling, and virtual.
"""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeAlias

from rtckit.jsep.simulation.ending import find_ending
from rtckit.jsep.simulation.expectations import judge_end, judge_step
from rtckit.jsep.simulation.negotiator import Operation, Outcome
from rtckit.jsep.simulation.peer_steps import PeerSteps
from rtckit.jsep.simulation.scenario import Scenario, Step
from rtckit.jsep.simulation.trace import Trace

__all__ = ["Play", "play"]

Play: TypeAlias = Generator[tuple[str, Operation], Outcome, Trace]
"""Yields a side and an operation for it, is sent the outcome, and returns the trace."""


def play(scenario: Scenario, real: tuple[str, ...] = ()) -> Play:
    """Play a scenario; ``real`` are the sides that the driver gives to real peers."""
    return _Director(scenario, real).direct()


class _Director(PeerSteps):
    """Goes through the steps, and judges each and the end."""

    def direct(self) -> Play:
        for side in self.machines:
            outcome = yield side, {"op": "getState"}
            self.states[side] = outcome["state"]
        for place, step in enumerate(self.scenario.steps, 1):
            self.place, self.current = place, step
            begin = len(self.trace)
            if step.is_channel:
                yield from self._channel(step)
            else:
                yield from self._peer(step)
            self._judge(step, begin)
        ending = find_ending(self.states, self.descriptions)
        judged = self.scenario.is_judged
        faults = judge_end(self.scenario.expect, ending, self.machines) if judged else ()
        return Trace(
            self.scenario,
            tuple(self.trace),
            tuple(self.network.messages),
            ending,
            faults,
            self.real,
        )

    def _judge(self, step: Step, begin: int) -> None:
        if not self.scenario.is_judged:
            return
        last = self.trace[-1]
        faults = judge_step(step, self.trace[begin:], self.scenario.peers)
        self.trace[-1] = replace(last, faults=(*last.faults, *faults))
