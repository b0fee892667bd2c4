"""Two traces of one scenario held against each other, step by step.

Most often one of them is simulated and the other real. Values that each peer makes up for itself
(ICE credentials, fingerprints, sources) are not compared, nor are candidates, nor times.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, TypeAlias

from rtckit.jsep.simulation.trace import Trace

__all__ = ["Comparison", "Difference", "StepPair", "compare_traces"]

Recorded: TypeAlias = Mapping[str, Any]
"""A trace as plain data: what `Trace.to_dict` returns."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same.

    Attributes:
        what: ``step``, ``success``, ``error``, ``message``, ``state``, ``transceivers``,
            ``events``, ``description`` or ``sent``.
        where: the side and method, as ``a.createOffer``; empty for the step itself.
        one: in the first trace, in words.
        other: in the second.
    """

    what: str
    where: str
    one: str
    other: str

    def to_dict(self) -> dict[str, str]:
        """As plain data."""
        return {"what": self.what, "where": self.where, "one": self.one, "other": self.other}


@dataclass(frozen=True, slots=True)
class StepPair:
    """The same step in both traces.

    Attributes:
        number: from 1.
        actor: who did it; empty for the signalling.
        title: what was done.
        differences: none when both went alike.
    """

    number: int
    actor: str
    title: str
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether both went alike, to the word."""
        return not self.differences

    @property
    def alike(self) -> bool:
        """Whether both went alike but for the wording of an error."""
        return all(item.what == "message" for item in self.differences)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two traces compared.

    Attributes:
        names: what the traces are called.
        steps: every step of the longer one.
    """

    names: tuple[str, str]
    steps: tuple[StepPair, ...]

    @property
    def equal(self) -> bool:
        """Whether all steps are equal, to the word."""
        return all(pair.equal for pair in self.steps)

    @property
    def alike(self) -> bool:
        """Whether all steps are equal but for the wording of errors."""
        return all(pair.alike for pair in self.steps)

    @property
    def first(self) -> StepPair | None:
        """The first step that differs."""
        return next((pair for pair in self.steps if not pair.equal), None)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        first = self.first
        return {
            "names": list(self.names),
            "equal": self.equal,
            "alike": self.alike,
            "first": first.number if first else None,
            "steps": [
                {
                    "number": pair.number,
                    "actor": pair.actor or None,
                    "title": pair.title,
                    "equal": pair.equal,
                    "differences": [item.to_dict() for item in pair.differences],
                }
                for pair in self.steps
            ],
        }


def compare_traces(
    one: Trace | Recorded,
    other: Trace | Recorded,
    names: tuple[str, str] = ("simulated", "real"),
) -> Comparison:
    """Compare two traces of one scenario, each a `Trace` or what its ``to_dict`` returned.

    Signalling states, success, names and texts of errors, the types of the descriptions held,
    transceivers, events, what was sent, and of each description that was set its sections, mids,
    directions, roles, codecs, layers and bundle.
    """
    left = _recorded(one)
    right = _recorded(other)
    return Comparison(
        names,
        tuple(
            _pair(number, first, second)
            for number, (first, second) in enumerate(zip_longest(left["steps"], right["steps"]), 1)
        ),
    )


def _recorded(trace: Trace | Recorded) -> Recorded:
    return trace.to_dict() if isinstance(trace, Trace) else trace


def _pair(number: int, one: Recorded | None, other: Recorded | None) -> StepPair:
    shown = one or other
    assert shown is not None
    actor, title = shown["actor"] or "", shown["title"]
    if one is None or other is None:
        said = [_say_step(item) if item else "no such step" for item in (one, other)]
        return StepPair(number, actor, title, (Difference("step", "", said[0], said[1]),))
    return StepPair(number, actor, title, tuple(_differences(one, other)))


def _say_step(step: Recorded) -> str:
    return f"{step['actor']} {step['title']}" if step["actor"] else str(step["title"])


def _differences(one: Recorded, other: Recorded) -> Iterator[Difference]:
    if _say_step(one) != _say_step(other):
        yield Difference("step", "", _say_step(one), _say_step(other))
    for first, second in zip_longest(one["calls"], other["calls"]):
        if first is None or second is None or _name(first) != _name(second):
            said = [_name(call) if call else "nothing" for call in (first, second)]
            yield Difference("step", "", said[0], said[1])
            break
        yield from _compare_calls(first, second)
    if len(one["sent"]) != len(other["sent"]):
        said = [f"{len(step['sent'])} messages sent" for step in (one, other)]
        yield Difference("sent", "", said[0], said[1])


def _name(call: Recorded) -> str:
    return f"{call['peer']}.{call['operation']['op']}"


def _compare_calls(one: Recorded, other: Recorded) -> Iterator[Difference]:
    where = _name(one)

    def differ(what: str, first: str, second: str) -> Iterator[Difference]:
        if first != second:
            yield Difference(what, where, first, second)

    if one["ok"] != other["ok"]:
        yield from differ("success", _say_success(one), _say_success(other))
    elif not one["ok"]:
        yield from differ("error", str(one["error"]), str(other["error"]))
        yield from differ("message", str(one["message"]), str(other["message"]))
    state, known = one["state"], other["state"]
    yield from differ("state", _say_state(state), _say_state(known))
    yield from differ("transceivers", _say_transceivers(state), _say_transceivers(known))
    yield from differ("events", _list(one["events"]), _list(other["events"]))
    mine, theirs = one["set"], other["set"]
    if mine and theirs:
        yield from _compare_descriptions(mine, theirs, where)


def _say_success(call: Recorded) -> str:
    return "ok" if call["ok"] else f"{call['error']}: {call['message']}"


def _say_state(state: Recorded) -> str:
    held = [
        f"{name} {state[key]}"
        for key, name in (
            ("currentLocal", "current local"),
            ("currentRemote", "current remote"),
            ("pendingLocal", "pending local"),
            ("pendingRemote", "pending remote"),
        )
        if state[key]
    ]
    sctp = ["sctp"] if state["sctp"] else []
    return ", ".join([str(state["signalingState"]), *held, *sctp])


def _say_transceivers(state: Recorded) -> str:
    return _list(
        [
            f"{item['kind']} mid {item['mid']} {item['direction']}, now {item['currentDirection']}"
            for item in state["transceivers"]
        ]
    )


def _list(items: Sequence[str]) -> str:
    return "; ".join(items) if items else "none"


def _compare_descriptions(one: Recorded, other: Recorded, where: str) -> Iterator[Difference]:
    if one["type"] != other["type"]:
        yield Difference("description", where, one["type"], other["type"])
    left, right = one["sections"], other["sections"]
    for mine, theirs in zip_longest(left, right):
        if mine is None or theirs is None:
            said = [f"{len(sections)} sections" for sections in (left, right)]
            yield Difference("description", where, said[0], said[1])
            return
        for key in mine:
            if mine[key] != theirs[key]:
                place = f"{key} of section {mine['index']}"
                yield Difference(
                    "description",
                    where,
                    f"{place}: {_spell(mine[key])}",
                    f"{place}: {_spell(theirs[key])}",
                )


def _spell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)
