"""Plays sequences with simulated peers and says where a real browser did otherwise."""

import importlib
import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rtckit.jsep.simulation.player import SimulatedPlayer
from tests.oracle import recorded
from tests.oracle.sequences import Outcome, Seen, Step, Steps, play

Play = Callable[[Sequence[Steps]], Sequence[Sequence[Seen]]]
"""Plays sequences for real."""

_NOTHING: Outcome = {
    "ok": False,
    "events": (),
    "state": {
        "signalingState": "?",
        "currentLocal": None,
        "currentRemote": None,
        "pendingLocal": None,
        "pendingRemote": None,
        "transceivers": [],
        "sctp": False,
    },
}
# What the players themselves say, not a browser: there is no transceiver to speak of.
_OWN_ERRORS = ("IndexError",)


def simulate(stack: str, steps: Steps) -> list[Seen]:
    """Play a sequence with two simulated peers of a stack; a crash is seen as an error."""
    peer_class: Any = getattr(
        importlib.import_module(f"rtckit.jsep.stacks.{stack}.peer"), f"{stack.capitalize()}Peer"
    )
    identity = importlib.import_module("rtckit.jsep.identity").Identity
    peers = {name: peer_class(identity=identity(name)) for name in "ab"}
    players = {name: SimulatedPlayer(peer) for name, peer in peers.items()}

    def perform(peer: str, operation: Step) -> Outcome:
        try:
            return players[peer].perform(operation)
        except Exception as error:  # whatever it is, it is a finding of the measurement
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
            message = f"{type(error).__name__} in {where}: {error}"
            return {**_NOTHING, "error": "CRASH", "message": message}

    def local(peer: str) -> Outcome | None:
        description = peers[peer].local
        return {"type": description.type, "sdp": description.sdp} if description else None

    played = play(steps, perform, local)
    return [result._replace(message=recorded.masked(result.message)) for result in played]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One sequence, played for real and simulated."""

    steps: Steps
    real: Sequence[Seen]
    simulated: Sequence[Seen]

    @property
    def is_equal(self) -> bool:
        """Whether states, exceptions at every step and final directions are equal."""
        if any(
            (one.error, one.signaling) != (two.error, two.signaling)
            for one, two in zip(self.real, self.simulated, strict=True)
        ):
            return False
        return self._last_directions(self.real) == self._last_directions(self.simulated)

    def _last_directions(self, played: Sequence[Seen]) -> dict[str, tuple[str, ...]]:
        return {
            step["peer"]: result.directions for step, result in zip(self.steps, played, strict=True)
        }

    @property
    def first_difference(self) -> int | None:
        """The first step at which anything but messages and events differs; None without one."""
        for number, (one, two) in enumerate(zip(self.real, self.simulated, strict=True)):
            if _essence(one) != _essence(two):
                return number
        return None

    @property
    def cause(self) -> str | None:
        """What differs first, in a form under which alike differences fall together."""
        number = self.first_difference
        if number is None:
            return None
        step, one, two = self.steps[number], self.real[number], self.simulated[number]
        what = f"{_title(step)} in {self._state_before(number)}"
        if two.error == "CRASH":
            return f"{what}: crash: {two.message}"
        if one.error != two.error:
            return f"{what}: {_said(one)}, simulated {_said(two)}"
        if one.signaling != two.signaling:
            return f"{what}: {one.signaling}, simulated {two.signaling}"
        if one.types != two.types:
            return f"{what}: descriptions {one.types}, simulated {two.types}"
        if one.transceivers == two.transceivers:
            return f"{what}: sctp {one.sctp}, simulated {two.sctp}"
        return f"{what}: {_transceiver_difference(one, two)}"

    def _state_before(self, number: int) -> str:
        peer = self.steps[number]["peer"]
        before = [
            result.signaling
            for step, result in zip(self.steps[:number], self.real[:number], strict=True)
            if step["peer"] == peer
        ]
        return before[-1] if before else "stable"

    def text(self) -> str:
        """The sequence up to the first difference, a line a step."""
        number = self.first_difference
        end = len(self.steps) if number is None else number + 1
        lines = []
        for step, one in zip(self.steps[:end], self.real[:end], strict=True):
            rest = {k: v for k, v in step.items() if k not in ("peer", "op")}
            lines.append(f"    {step['peer']}.{step['op']} {rest or ''} -> {_short(one)}")
        if number is not None:
            lines.append(f"      simulated: {_short(self.simulated[number])}")
        return "\n".join(lines)


def _essence(result: Seen) -> tuple[Any, ...]:
    return result.error, result.signaling, result.types, result.transceivers, result.sctp


def _title(step: Step) -> str:
    described = step.get("description", False)
    if described is False:
        return str(step["op"])
    if described is None:
        return f"{step['op']}(implicit)"
    as_type = f" as {described['type']}" if "type" in described else ""
    return f"{step['op']}({described['take']}{as_type})"


def _said(result: Seen) -> str:
    if result.error is None:
        return "success"
    return f"{result.error} ({re.sub(r'[0-9]+', 'N', result.message or '')[-110:]})"


def _transceiver_difference(one: Seen, two: Seen) -> str:
    if len(one.transceivers) != len(two.transceivers):
        return f"{len(one.transceivers)} transceivers, simulated {len(two.transceivers)}"
    for first, second in zip(one.transceivers, two.transceivers, strict=True):
        for name, a, b in zip(
            ("mid", "direction", "currentDirection", "stopped"), first, second, strict=True
        ):
            if a != b:
                return f"{name} {a}, simulated {b}"
    return "nothing"


def _short(result: Seen) -> str:
    listed = " ".join("/".join(str(part) for part in item) for item in result.transceivers)
    types = ",".join(item or "-" for item in result.types)
    failure = f"{result.error}: {result.message} | " if result.error else ""
    return f"{failure}{result.signaling} [{types}] {listed}{' sctp' if result.sctp else ''}"


@dataclass
class Tally:
    """What a comparison of many sequences came to."""

    comparisons: list[Comparison] = field(default_factory=list)

    def add(self, stack: str, played: Iterable[tuple[Steps, Sequence[Seen]]]) -> None:
        """Simulate sequences that were played for real."""
        for steps, real in played:
            self.comparisons.append(Comparison(steps, real, simulate(stack, steps)))

    @property
    def equal_rate(self) -> float:
        """The part of the sequences that are equal; see `Comparison.is_equal`."""
        return _part(comparison.is_equal for comparison in self.comparisons)

    @property
    def identical_rate(self) -> float:
        """The part in which description types and transceivers are equal at every step too."""
        return _part(comparison.first_difference is None for comparison in self.comparisons)

    @property
    def step_rate(self) -> float:
        """The part of the steps with everything equal but messages and events."""
        return _part(_essence(one) == _essence(two) for one, two in self._pairs())

    @property
    def event_rate(self) -> float:
        """The part of the steps with the same events, in any order."""
        return _part(sorted(one.events) == sorted(two.events) for one, two in self._pairs())

    @property
    def message_rate(self) -> float:
        """The part of the real failures in which the simulated message is letter for letter it."""
        return _part(one.message == two.message for one, two in self._failures())

    @property
    def failures(self) -> int:
        """How many real failures there are."""
        return len(self._failures())

    def _pairs(self) -> list[tuple[Seen, Seen]]:
        return [
            pair
            for comparison in self.comparisons
            for pair in zip(comparison.real, comparison.simulated, strict=True)
        ]

    def _failures(self) -> list[tuple[Seen, Seen]]:
        return [
            (one, two)
            for one, two in self._pairs()
            if one.error is not None and one.error not in _OWN_ERRORS
        ]

    def message_misses(self) -> list[tuple[str, str]]:
        """Real and simulated texts where both fail alike in other words."""
        return [
            (one.message or "", two.message or "")
            for one, two in self._failures()
            if one.error == two.error and one.message != two.message
        ]

    def event_misses(self) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        """Operation, real and simulated events where all else is equal up to there."""
        missed = []
        for comparison in self.comparisons:
            end = comparison.first_difference
            for step, one, two in list(
                zip(comparison.steps, comparison.real, comparison.simulated, strict=True)
            )[:end]:
                if sorted(one.events) != sorted(two.events):
                    missed.append((_title(step), one.events, two.events))
                    break
        return missed

    def groups(self) -> list[tuple[str, list[Comparison]]]:
        """The sequences that differ, by cause; most frequent first, shortest sequence first."""
        found: dict[str, list[Comparison]] = {}
        for comparison in self.comparisons:
            if comparison.cause is not None:
                found.setdefault(comparison.cause, []).append(comparison)
        for group in found.values():
            group.sort(key=lambda comparison: comparison.first_difference or 0)
        return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))

    def __str__(self) -> str:
        return (
            f"{len(self.comparisons)} sequences, {len(self._pairs())} steps\n"
            f"sequences equal (states, exceptions at every step, final directions): "
            f"{self.equal_rate:.2%}\n"
            f"sequences identical (description types and transceivers at every step too): "
            f"{self.identical_rate:.2%}\n"
            f"steps identical: {self.step_rate:.2%}\n"
            f"steps with the same events: {self.event_rate:.2%}\n"
            f"exact messages: {self.message_rate:.2%} of {self.failures} failures"
        )


def _part(items: Iterable[bool]) -> float:
    listed = list(items)
    return sum(listed) / len(listed) if listed else 1.0


def shrink(stack: str, comparison: Comparison, ask: Play) -> Comparison:
    """Drop steps while the cause stays the same; each round asks the browser once."""
    number = comparison.first_difference
    assert number is not None
    best = Comparison(
        comparison.steps[: number + 1],
        comparison.real[: number + 1],
        comparison.simulated[: number + 1],
    )
    while len(best.steps) > 1:
        shorter = [best.steps[:at] + best.steps[at + 1 :] for at in range(len(best.steps) - 1)]
        found = [
            Comparison(steps, real, simulate(stack, steps))
            for steps, real in zip(shorter, ask(shorter), strict=True)
        ]
        same = next((each for each in found if each.cause == comparison.cause), None)
        if same is None:
            return best
        best = same
    return best
