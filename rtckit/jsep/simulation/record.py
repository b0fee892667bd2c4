"""What is kept while a scenario is played: states, messages, the trace, and the calls of a step."""

from collections.abc import Generator, Mapping
from typing import Any, TypeAlias

from rtckit.jsep.simulation.ending import Descriptions
from rtckit.jsep.simulation.negotiator import Negotiator, Operation, Outcome, Run
from rtckit.jsep.simulation.network import Message, Network
from rtckit.jsep.simulation.scenario import Scenario, Step
from rtckit.jsep.simulation.trace import Call, SetDescription, TraceStep

__all__ = ["SETTERS", "Asked", "Record", "Steps", "other_side"]

Steps: TypeAlias = Generator[tuple[str, Operation], Outcome, None]
"""Yields a side and an operation for it, and is sent the outcome."""
Asked: TypeAlias = Generator[tuple[str, Operation], Outcome, Outcome]
"""The same for one operation, whose outcome it returns."""

SETTERS = {"setLocalDescription": "local", "setRemoteDescription": "remote"}
"""The methods that set a description, and which one."""


class Record:
    """The trace so far, and what has to be kept between steps."""

    def __init__(self, scenario: Scenario, real: tuple[str, ...]) -> None:
        self.scenario = scenario
        self.real = real
        self.network = Network(scenario.signalling, scenario.seed)
        setups = scenario.peers
        self.machines = scenario.machines
        self.negotiators = {
            side: Negotiator(setups[side].polite, told=setups[side].stack != "aiortc")
            for side in self.machines
        }
        self.descriptions = {side: Descriptions() for side in self.machines}
        self.states: dict[str, Mapping[str, Any]] = {}
        self.created: dict[str, Mapping[str, Any]] = {}
        self.named: dict[str, Message] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.trace: list[TraceStep] = []
        self.current: Step | None = None
        self.place = 0
        # Of the step of the trace that is being made:
        self.calls: list[Call] = []
        self.sent: list[Message] = []
        self.remarks: list[str] = []
        self.faults: list[str] = []

    # -- steps of the trace ---------------------------------------------------------------------

    def _end(
        self,
        actor: str,
        title: str,
        cause: str = "scenario",
        received: Message | None = None,
    ) -> None:
        """Close a step of the trace with the calls made and messages sent since the last one."""
        number = len(self.trace) + 1
        for message in self.sent:
            message.sent_in = number
        if received is not None:
            received.arrived_in = number
        step = self.current
        assert step is not None
        if not self.scenario.is_judged:
            self.remarks, self.faults = [*self.remarks, *self.faults], []
        first = not any(item.scenario_step == self.place for item in self.trace)
        self.trace.append(
            TraceStep(
                number,
                self.network.now_ms,
                actor,
                title,
                cause,
                tuple(self.calls),
                {side: str(state["signalingState"]) for side, state in self.states.items()},
                tuple(message.number for message in self.sent),
                received.number if received is not None else None,
                tuple(self.remarks),
                tuple(self.faults),
                step.note if first else "",
                self.place,
                step.line,
            )
        )
        self.calls, self.sent, self.remarks, self.faults = [], [], [], []

    # -- calls ----------------------------------------------------------------------------------

    def _call(self, side: str, operation: Operation, *, edited: bool = False) -> Asked:
        """Have a side do something, and learn from what came of it."""
        before = str(self.states[side]["signalingState"])
        outcome = yield side, operation
        self.states[side] = outcome["state"]
        self.negotiators[side].note(operation, outcome)
        description = None
        held = self.descriptions[side]
        setter = SETTERS.get(operation["op"])
        state = str(outcome["state"]["signalingState"])
        if setter is not None and outcome["ok"]:
            description = self._note_description(side, setter, operation, outcome, edited)
        elif state != before and state == "stable":
            # A refused offer leaves the rollback that made way for it.
            held.pending.clear()
        self.calls.append(Call(side, operation, outcome, before, description))
        return outcome

    def _note_description(
        self, side: str, setter: str, operation: Operation, outcome: Outcome, edited: bool
    ) -> SetDescription | None:
        given = operation.get("description")
        held = self.descriptions[side]
        state = str(outcome["state"]["signalingState"])
        if given is not None and given["type"] == "rollback":
            held.note(setter, "rollback", "", state)
            return SetDescription(setter, side, "rollback", "")
        said = outcome["description"] if setter == "local" else given
        if said is None:
            return None
        before = held.in_force(setter)
        held.note(setter, said["type"], said["sdp"], state)
        owner = side if setter == "local" else other_side(side)
        return SetDescription(setter, owner, said["type"], said["sdp"], before, edited)

    def _drive(self, side: str, run: Run) -> Generator[tuple[str, Operation], Outcome, Any]:
        """Do what a negotiator asks for; returns the description it wants sent."""
        try:
            operation = next(run)
            while True:
                outcome = yield from self._call(side, operation)
                operation = run.send(outcome)
        except StopIteration as stop:
            return stop.value

    def _send(self, side: str, content: Mapping[str, Any], name: str | None = None) -> Message:
        kind = content.get("type", "candidate")
        count = self.counts.get((side, kind), 0) + 1
        self.counts[side, kind] = count
        name = name or f"{kind} {side}{count}"
        known = len(self.network.messages)
        message = self.network.send(side, name, kind, content)
        self.named[name] = message
        self.sent += self.network.messages[known:]
        if message.fate == "lost":
            self.remarks.append(f"{name} is lost on the way")
        return message

    def _fault_unless_lenient(self, said: str, step: Step) -> None:
        """A fault, or where a stack at hand may fail at this step, a remark."""
        stacks = {self.scenario.peers[side].stack for side in self.machines}
        lenient = any(step.expected_error(stack) != "" for stack in stacks)
        (self.remarks if lenient else self.faults).append(said)


def other_side(side: str) -> str:
    """``b`` for ``a``, ``a`` for ``b``."""
    return "b" if side == "a" else "a"
