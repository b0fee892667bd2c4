"""Plays a scenario, without I/O: yields what a peer shall do and is sent what came of it.

`play` does not know whether a peer is simulated or a real browser: `simulate` drives it with
simulated ones, the laboratory with real ones. Time is that of the signalling, and virtual.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from rtckit.jsep.simulation.actions import PEER_ACTIONS
from rtckit.jsep.simulation.ending import Descriptions, find_ending
from rtckit.jsep.simulation.expectations import judge_end, judge_step
from rtckit.jsep.simulation.negotiator import Negotiator, Operation, Outcome, Run
from rtckit.jsep.simulation.network import Message, Network
from rtckit.jsep.simulation.outline import outline
from rtckit.jsep.simulation.scenario import Scenario, Step
from rtckit.jsep.simulation.trace import Call, SetDescription, Trace, TraceStep
from rtckit.jsep.simulation.words import title_of

__all__ = ["Play", "play"]

Play: TypeAlias = Generator[tuple[str, Operation], Outcome, Trace]
"""Yields a side and an operation for it, is sent the outcome, and returns the trace."""
_Steps: TypeAlias = Generator[tuple[str, Operation], Outcome, None]
_Asked: TypeAlias = Generator[tuple[str, Operation], Outcome, Outcome]

_MOST_ROUNDS = 40
_ADDRESSES = {"a": "192.0.2.1", "b": "198.51.100.1"}
_SETTERS = {"setLocalDescription": "local", "setRemoteDescription": "remote"}


def play(scenario: Scenario, real: tuple[str, ...] = ()) -> Play:
    """Play a scenario; ``real`` are the sides that the driver gives to real peers."""
    return _Director(scenario, real).direct()


class _Director:
    """Goes through the steps, and keeps what has to be kept between them."""

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

    def _call(self, side: str, operation: Operation, *, edited: bool = False) -> _Asked:
        """Have a side do something, and learn from what came of it."""
        before = str(self.states[side]["signalingState"])
        outcome = yield side, operation
        self.states[side] = outcome["state"]
        self.negotiators[side].note(operation, outcome)
        description = None
        held = self.descriptions[side]
        setter = _SETTERS.get(operation["op"])
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
        owner = side if setter == "local" else _other(side)
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

    # -- what a peer does -----------------------------------------------------------------------

    def _peer(self, step: Step) -> _Steps:
        side, action = step.peer, step.action
        if side not in self.machines and action != "send":
            self.faults.append(f"{side} is scripted: it can only send texts of the scenario")
        elif action == "exchange":
            yield from self._exchange(step)
            return
        elif action == "offer":
            yield from self._describe(side, "offer", step, step.get("send"), step.get("as"))
        elif action == "answer":
            yield from self._describe(side, "answer", step, step.get("send"), step.get("as"))
        elif action in ("createOffer", "createAnswer"):
            yield from self._create(side, action.removeprefix("create").lower(), step)
        elif action in _SETTERS:
            yield from self._set(step)
        elif action == "rollback":
            op = "setLocalDescription" if step.get("side") == "local" else "setRemoteDescription"
            rollback = {"type": "rollback", "sdp": ""}
            yield from self._call(side, {"op": op, "description": rollback})
        elif action == "send":
            self._send_description(step)
        elif action == "candidates":
            self._send_candidates(step)
        else:
            yield from self._do(step)
        self._end(side, title_of(step))

    def _do(self, step: Step) -> _Steps:
        """A method that makes no description."""
        operation = {"op": step.action, **_arguments_of(step)}
        if "mid" in operation:
            mid = operation.pop("mid")
            found = self._find_transceiver(step.peer, mid)
            if found is None:
                self.faults.append(f"{step.peer} has no transceiver with mid {mid}")
                return
            operation["transceiver"] = found
        yield from self._call(step.peer, operation)

    def _find_transceiver(self, side: str, mid: str) -> int | None:
        transceivers = self.states[side]["transceivers"]
        return next((n for n, item in enumerate(transceivers) if item["mid"] == mid), None)

    def _create(self, side: str, kind: str, step: Step) -> _Asked:
        operation: dict[str, Any] = {"op": f"create{kind.capitalize()}"}
        if kind == "offer":
            operation["iceRestart"] = step.get("iceRestart")
        outcome = yield from self._call(side, operation)
        if outcome["ok"]:
            self.created[side] = outcome["description"]
        return outcome

    def _describe(
        self, side: str, kind: str, step: Step, send: bool = True, name: str | None = None
    ) -> _Steps:
        """Create, set and send an offer or answer."""
        outcome = yield from self._create(side, kind, step)
        if not outcome["ok"]:
            return
        description = dict(outcome["description"])
        outcome = yield from self._call(
            side, {"op": "setLocalDescription", "description": description}
        )
        if outcome["ok"] and send:
            self._send(side, outcome["description"] or description, name)

    def _exchange(self, step: Step) -> _Steps:
        """An offer and its answer, both delivered; ends where something fails."""
        side, other = step.peer, _other(step.peer)
        for actor, kind in ((side, "offer"), (other, "answer")):
            if actor not in self.machines:
                self.faults.append(f"{actor} is scripted: it makes no {kind}")
                self._end(actor, "says nothing of its own")
                return
            yield from self._describe(actor, kind, step if kind == "offer" else _ANSWER)
            message = self.sent[0] if self.sent else None
            self._end(actor, f"makes an {kind}")
            if message is None or message.fate == "lost":
                return
            ok = yield from self._deliver(message)
            if not ok:
                return

    def _set(self, step: Step) -> _Steps:
        side = step.peer
        wanted = step.get("description")
        content: Mapping[str, Any] | None = None
        if wanted == "created":
            content = self.created.get(side)
        elif wanted != "implicit":
            message = self.named.get(wanted)
            content = message.content if message is not None else None
        if content is None and wanted != "implicit":
            what = "nothing was created" if wanted == "created" else f"no message {wanted}"
            self.faults.append(f"there is no description to set: {what}")
            return
        description = None
        edited = False
        if content is not None:
            sdp = self._edit(content["sdp"], step)
            edited = sdp != content["sdp"]
            description = {"type": step.get("type") or content["type"], "sdp": sdp}
        yield from self._call(side, {"op": step.action, "description": description}, edited=edited)

    def _edit(self, sdp: str, step: Step) -> str:
        for old, new in step.get("replace"):
            before = sdp
            sdp = sdp.replace(_crlf(old), _crlf(new))
            if sdp == before:
                self.faults.append(f"there is no {old!r} to replace")
        return sdp

    def _send_description(self, step: Step) -> None:
        side = step.peer
        name = step.get("description")
        content: Mapping[str, Any] | None
        if step.get("sdp"):
            own = _crlf(step.get("sdp")).rstrip("\r\n") + "\r\n"
            content = {"type": step.get("type"), "sdp": own}
        elif name in (None, "local"):
            held = self.descriptions.get(side)
            text = held.in_force("local") if held else None
            kind = self.states[side].get("pendingLocal") or self.states[side].get("currentLocal")
            content = {"type": kind, "sdp": text} if text and kind else None
        else:
            message = self.named.get(name)
            content = message.content if message else None
        if content is None:
            self.faults.append("there is no description to send")
            return
        sdp = self._edit(content["sdp"], step)
        self._send(side, {"type": content["type"], "sdp": sdp}, step.get("as"))

    def _send_candidates(self, step: Step) -> None:
        side = step.peer
        if step.get("candidate"):
            given = {key: step.get(key) for key in ("candidate", "sdpMid", "sdpMLineIndex")}
            self._send(side, given)
            return
        held = self.descriptions.get(side)
        sections = outline((held.in_force("local") if held else None) or "")
        bundle_served = False
        for section in sections:
            if section.rejected or (section.bundled and bundle_served):
                continue
            bundle_served = bundle_served or section.bundled
            port = 50000 + self.counts.get((side, "candidate"), 0)
            ufrag = f" ufrag {section.credentials[0]}" if section.credentials else ""
            text = f"candidate:1 1 udp 2130706431 {_ADDRESSES[side]} {port} typ host{ufrag}"
            self._send(
                side, {"candidate": text, "sdpMid": section.mid, "sdpMLineIndex": section.index}
            )
        if not self.sent:
            self.faults.append("there is no local description with a transport to gather for")

    # -- what happens to the signalling ---------------------------------------------------------

    def _channel(self, step: Step) -> _Steps:
        action = step.action
        if action == "deliver":
            yield from self._deliver_some(step)
            return
        if action == "wait":
            yield from self._wait(step.get("ms"))
            return
        if action == "negotiate":
            yield from self._negotiate(step)
            return
        receiver = None if step.peer == "all" else step.peer
        if action == "reorder":
            changed = self.network.reorder(receiver)
            if changed:
                names = ", ".join(m.name for m in self.network.under_way(receiver))
                self.remarks.append(f"they arrive in this order: {names}")
            else:
                self.faults.append("there are not two messages under way to reorder")
        else:
            for message in self._choose(step):
                self._harm(message, step)
        self._end("", title_of(step))

    def _harm(self, message: Message, step: Step) -> None:
        if step.action == "lose":
            self.network.lose(message)
            self.remarks.append(f"{message.name} never arrives at {message.receiver}")
        elif step.action == "delay":
            self.network.delay(message, step.get("by_ms"))
            self.remarks.append(f"{message.name} arrives at {message.arrives_ms} ms")
        else:
            copy = self.network.duplicate(message)
            self.remarks.append(f"{copy.name} arrives twice")

    def _choose(self, step: Step) -> list[Message]:
        """The messages a step is about; a fault when there are none."""
        receiver = None if step.peer == "all" else step.peer
        name = step.get("message")
        found = self.network.under_way(receiver)
        if name is not None:
            found = [message for message in found if message.name == name][:1]
        elif step.peer != "all":
            found = found[:1]
        if not found:
            whom = "" if receiver is None else f" to {receiver}"
            what = f"no message {name}" if name else "no message"
            # Where a stack may refuse, what it would have sent may be missing.
            self._fault_unless_lenient(f"{what} is under way{whom}", step)
        return found

    def _fault_unless_lenient(self, said: str, step: Step) -> None:
        """A fault, or where a stack at hand may fail at this step, a remark."""
        stacks = {self.scenario.peers[side].stack for side in self.machines}
        lenient = any(step.expected_error(stack) != "" for stack in stacks)
        (self.remarks if lenient else self.faults).append(said)

    def _deliver_some(self, step: Step) -> _Steps:
        found = self._choose(step)
        if not found:
            self._end("", title_of(step))
        for message in found:
            if message.fate == "under way":
                yield from self._deliver(message)

    def _deliver(
        self, message: Message, cause: str = "scenario"
    ) -> Generator[tuple[str, Operation], Outcome, bool]:
        """Let a message arrive and have it set or added; says whether that went well."""
        self.network.deliver(message)
        side = message.receiver
        ok = True
        if side not in self.machines:
            self.remarks.append(f"{side} is scripted and does nothing with it")
        else:
            outcome = yield from self._call(side, _operation_of(message))
            ok = outcome["ok"]
        self._end(side, f"gets {message.name}", cause, message)
        return ok

    def _wait(self, duration_ms: int) -> _Steps:
        until = self.network.now_ms + duration_ms
        while True:
            due = [m for m in self.network.under_way() if m.arrives_ms <= until]
            if not due:
                break
            yield from self._deliver(due[0], "signalling")
        self.network.wait(until - self.network.now_ms)
        self._end("", f"{duration_ms} ms pass")

    # -- perfect negotiation --------------------------------------------------------------------

    def _negotiate(self, step: Step) -> _Steps:
        """Both negotiators act until no message is under way and none wants to offer."""
        began = len(self.trace)
        for _ in range(_MOST_ROUNDS):
            acted = False
            for side in self.machines:
                negotiator = self.negotiators[side]
                if negotiator.wants_to_offer:
                    acted = True
                    description = yield from self._drive(side, negotiator.offer())
                    if description is not None:
                        self._send(side, description)
                    self._end(side, "offers, as negotiationneeded asks for", "negotiation")
            messages = self.network.under_way()
            if messages:
                yield from self._negotiate_message(messages[0])
            elif not acted:
                break
        else:
            said = f"negotiation did not come to rest in {_MOST_ROUNDS} rounds"
            self._fault_unless_lenient(said, step)
            self._end("", "perfect negotiation", "negotiation")
        if len(self.trace) == began:
            self.remarks.append("nothing is to be negotiated")
            self._end("", "perfect negotiation", "negotiation")

    def _negotiate_message(self, message: Message) -> _Steps:
        """A message arrives at a negotiator."""
        side = message.receiver
        if side not in self.machines:
            yield from self._deliver(message, "negotiation")
            return
        self.network.deliver(message)
        negotiator = self.negotiators[side]
        title = f"gets {message.name}"
        if message.kind == "candidate":
            yield from self._drive(side, negotiator.receive_candidate(message.content))
            if not self.calls[-1].ok and negotiator.ignore_offer:
                self.calls[-1] = replace(self.calls[-1], forgiven=True)
                self.remarks.append("a candidate of an offer that was ignored may fail")
        else:
            state = negotiator.signaling_state
            description = yield from self._drive(side, negotiator.receive(message.content))
            if negotiator.ignore_offer:
                message.heeded = False
                title = f"ignores {message.name}"
                self.remarks.append("it collides with its own offer, and this side is impolite")
            elif message.kind == "offer" and state == "have-local-offer" and self.calls[0].ok:
                self.remarks.append("it is polite: its own offer is rolled back")
            if description is not None:
                title += " and answers"
                self._send(side, description)
        self._end(side, title, "negotiation", message)


_ANSWER = Step("b", "answer")


def _other(side: str) -> str:
    return "b" if side == "a" else "a"


def _crlf(text: str) -> str:
    """A text of a scenario with the line ends of SDP (RFC 8866, 5)."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def _operation_of(message: Message) -> Operation:
    if message.kind == "candidate":
        return {"op": "addIceCandidate", **message.content}
    return {"op": "setRemoteDescription", "description": dict(message.content)}


def _arguments_of(step: Step) -> dict[str, Any]:
    """The arguments of a method, under the names operations have."""
    arguments: dict[str, Any] = {}
    names = {"addTrack", "addTransceiver", "createDataChannel", "replaceTrack"}
    given = dict(step.arguments)
    if step.action in names:
        # Spelled out, so that real and simulated peers are asked for the very same.
        for item in PEER_ACTIONS[step.action].fields:
            given.setdefault(item.name, item.default)
    for name, value in given.items():
        if value is None:
            continue
        plain = [_plain(item) for item in value] if isinstance(value, tuple) else value
        arguments["sendEncodings" if name == "encodings" else name] = plain
    return arguments


def _plain(item: Any) -> Any:
    return dict(item) if isinstance(item, Mapping) else item
