"""Steps that happen to the signalling: messages arrive or do not, and perfect negotiation."""

from collections.abc import Generator
from dataclasses import replace

from rtckit.jsep.simulation.negotiator import Operation, Outcome
from rtckit.jsep.simulation.network import Message
from rtckit.jsep.simulation.record import Record, Steps
from rtckit.jsep.simulation.scenario import Step
from rtckit.jsep.simulation.words import title_of

__all__ = ["SignallingSteps"]

_MOST_ROUNDS = 40


class SignallingSteps(Record):
    """Delivers, delays, loses, copies and reorders messages, and lets both sides negotiate."""

    def _channel(self, step: Step) -> Steps:
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

    def _deliver_some(self, step: Step) -> Steps:
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

    def _wait(self, duration_ms: int) -> Steps:
        until = self.network.now_ms + duration_ms
        while True:
            due = [m for m in self.network.under_way() if m.arrives_ms <= until]
            if not due:
                break
            yield from self._deliver(due[0], "signalling")
        self.network.wait(until - self.network.now_ms)
        self._end("", f"{duration_ms} ms pass")

    # -- perfect negotiation --------------------------------------------------------------------

    def _negotiate(self, step: Step) -> Steps:
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

    def _negotiate_message(self, message: Message) -> Steps:
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


def _operation_of(message: Message) -> Operation:
    if message.kind == "candidate":
        return {"op": "addIceCandidate", **message.content}
    return {"op": "setRemoteDescription", "description": dict(message.content)}
