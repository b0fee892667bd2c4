"""What happened in a simulation, or in the same scenario between real peers, step by step."""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from rtckit.jsep.simulation.ending import Ending
from rtckit.jsep.simulation.network import Message
from rtckit.jsep.simulation.outline import SectionOutline, compare_texts, outline
from rtckit.jsep.simulation.scenario import Scenario
from rtckit.sdp.comparison import Change, Diff

__all__ = ["Call", "SetDescription", "Trace", "TraceStep"]

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class SetDescription:
    """A description that was set.

    Attributes:
        side: ``local`` or ``remote``.
        owner: whose it is, ``a`` or ``b``.
        type: ``offer``, ``pranswer``, ``answer`` or ``rollback``.
        sdp: the text; empty for a rollback.
        before: the text that side had in force before; None for the first.
        edited: the text differs from what was created or sent.
    """

    side: str
    owner: str
    type: str
    sdp: str
    before: str | None = None
    edited: bool = False

    @property
    def sections(self) -> tuple[SectionOutline, ...]:
        """Its sections in short."""
        return outline(self.sdp)

    @property
    def diff(self) -> Diff | None:
        """What changed against the description before; None for the first of that side."""
        return None if self.before is None or not self.sdp else compare_texts(self.before, self.sdp)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes that count; none for the first description of that side."""
        found = self.diff
        return found.changes if found is not None else ()

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "side": self.side,
            "owner": self.owner,
            "type": self.type,
            "edited": self.edited,
            "first": self.before is None,
            "sections": [section.to_dict() for section in self.sections],
            "changes": [
                {
                    "path": change.path,
                    "kind": str(change.kind),
                    "a": change.a,
                    "b": change.b,
                    "impact": change.impact,
                }
                for change in self.changes
            ],
        }


@dataclass(frozen=True, slots=True)
class Call:
    """A method called on a connection.

    Attributes:
        peer: ``a`` or ``b``.
        operation: the method as ``op``, and its arguments.
        outcome: what came of it; see `rtckit.jsep.simulation.player`.
        state_before: the signalling state before.
        description: what was set, if that went well.
        forgiven: it failed, and the caller had reason to expect that: a candidate of an offer
            that was ignored.
    """

    peer: str
    operation: Mapping[str, Any]
    outcome: Mapping[str, Any]
    state_before: str
    description: SetDescription | None = None
    forgiven: bool = False

    @property
    def op(self) -> str:
        """The method."""
        return str(self.operation["op"])

    @property
    def ok(self) -> bool:
        """Whether it went well."""
        return bool(self.outcome["ok"])

    @property
    def error(self) -> str | None:
        """The name of the exception, if it failed."""
        name: str | None = self.outcome["error"]
        return name

    @property
    def message(self) -> str | None:
        """The exception's text, if it failed."""
        text: str | None = self.outcome["message"]
        return text

    @property
    def state(self) -> str:
        """The signalling state after."""
        return str(self.outcome["state"]["signalingState"])

    @property
    def events(self) -> tuple[str, ...]:
        """The events that were fired."""
        return tuple(self.outcome["events"])

    @property
    def given_type(self) -> str | None:
        """The type of the description that was handed over; None without one."""
        given = self.operation.get("description")
        return given["type"] if given else None

    def to_dict(self) -> dict[str, Any]:
        """As plain data; descriptions whole."""
        return {
            "peer": self.peer,
            "operation": deepcopy(dict(self.operation)),
            "ok": self.ok,
            "error": self.error,
            "message": self.message,
            "description": deepcopy(self.outcome["description"]),
            "events": list(self.events),
            "state_before": self.state_before,
            "state": deepcopy(self.outcome["state"]),
            "set": self.description.to_dict() if self.description else None,
            "forgiven": self.forgiven,
        }


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step.

    Attributes:
        number: from 1.
        time_ms: when, in the virtual time of the signalling.
        actor: ``a`` or ``b``; empty for what happens to the signalling.
        title: what is done, in words.
        cause: ``scenario``, ``negotiation`` (perfect negotiation decided it) or ``signalling``
            (a message arrived while time passed).
        calls: the methods called, in order.
        states: the signalling state of each side afterwards.
        sent: the numbers of the messages sent.
        received: the number of the message that arrived.
        remarks: what else there is to say, in words.
        faults: what went otherwise than the scenario expects.
        note: what its author says to the reader.
        scenario_step: the step of the scenario it belongs to, from 1.
        line: the line of that step in its file.
    """

    number: int
    time_ms: int
    actor: str
    title: str
    cause: str
    calls: tuple[Call, ...]
    states: Mapping[str, str]
    sent: tuple[int, ...] = ()
    received: int | None = None
    remarks: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    note: str = ""
    scenario_step: int | None = None
    line: int | None = None

    @property
    def failures(self) -> tuple[Call, ...]:
        """The calls that failed."""
        return tuple(call for call in self.calls if not call.ok)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "number": self.number,
            "time_ms": self.time_ms,
            "actor": self.actor or None,
            "title": self.title,
            "cause": self.cause,
            "calls": [call.to_dict() for call in self.calls],
            "states": dict(self.states),
            "sent": list(self.sent),
            "received": self.received,
            "remarks": list(self.remarks),
            "faults": list(self.faults),
            "note": self.note,
            "scenario_step": self.scenario_step,
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """A scenario as it went.

    Attributes:
        scenario: what was played.
        real: the sides played by a real peer.
        steps: what happened, in order.
        messages: every message and duplicate, and what became of it.
        ending: who sends what to whom in the end.
        faults: what the scenario expects of the end and did not get.
    """

    scenario: Scenario
    steps: tuple[TraceStep, ...]
    messages: tuple[Message, ...]
    ending: Ending
    faults: tuple[str, ...] = ()
    real: tuple[str, ...] = field(default=())

    @property
    def as_expected(self) -> bool:
        """Whether all went as the scenario says."""
        return not self.faults and not any(step.faults for step in self.steps)

    @property
    def calls(self) -> Iterator[Call]:
        """Every call, in order."""
        return (call for step in self.steps for call in step.calls)

    @property
    def failures(self) -> tuple[Call, ...]:
        """Every call that failed and was not forgiven."""
        return tuple(call for call in self.calls if not call.ok and not call.forgiven)

    def message(self, number: int) -> Message:
        """A message by its number."""
        return self.messages[number - 1]

    def peer_name(self, side: str) -> str:
        """What a side is called: ``chromium``, ``an SFU (rfc)``, ``real firefox``."""
        setup = self.scenario.peers[side]
        stack = f"real {setup.stack}" if side in self.real else setup.stack
        return f"{setup.name} ({stack})" if setup.name else stack

    def to_dict(self) -> dict[str, Any]:
        """The JSON answer of ``rtckit jsep simulate``, schema 1."""
        return {
            "schema": SCHEMA,
            "findings": [],
            "title": self.scenario.title,
            "scenario": self.scenario.name,
            "seed": self.scenario.seed,
            "as_expected": self.as_expected,
            "peers": {
                side: {
                    "stack": setup.stack,
                    "name": setup.name,
                    "role": "polite" if setup.polite else "impolite",
                    "real": side in self.real,
                }
                for side, setup in self.scenario.peers.items()
            },
            "steps": [step.to_dict() for step in self.steps],
            "messages": [_message_to_dict(message) for message in self.messages],
            "ending": self.ending.to_dict(),
            "faults": list(self.faults),
        }

    def events(self) -> Iterable[dict[str, Any]]:
        """One object a step, and last the result: the lines of ``--format jsonl``."""
        for step in self.steps:
            yield {"t": step.time_ms / 1000, "event": "step", **step.to_dict()}
        whole = self.to_dict()
        yield {"event": "result", **{key: whole[key] for key in whole if key != "steps"}}

    def _repr_html_(self) -> str:
        """The ladder, as notebooks show it."""
        # By name and when asked for: drawing is above this layer, and costs nothing until then.
        drawing = importlib.import_module("rtckit.report.ladder")
        fragment: str = drawing.render_fragment(self)
        return fragment


def _message_to_dict(message: Message) -> dict[str, Any]:
    return {
        "number": message.number,
        "name": message.name,
        "from": message.sender,
        "to": message.receiver,
        "kind": message.kind,
        "sent_ms": message.sent_ms,
        "due_ms": message.due_ms,
        "arrives_ms": None if message.fate == "lost" else message.arrives_ms,
        "fate": message.fate,
        "heeded": message.heeded,
        "copy_of": message.copy_of,
        "sent_in": message.sent_in,
        "arrived_in": message.arrived_in,
        **dict(message.content),
    }
