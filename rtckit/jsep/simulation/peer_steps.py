"""Steps that a peer takes: its methods, and the texts of one that is scripted."""

from collections.abc import Mapping
from typing import Any

from rtckit.jsep.simulation.actions import PEER_ACTIONS
from rtckit.jsep.simulation.outline import outline
from rtckit.jsep.simulation.record import SETTERS, Asked, Steps, other_side
from rtckit.jsep.simulation.scenario import Step
from rtckit.jsep.simulation.signalling_steps import SignallingSteps
from rtckit.jsep.simulation.words import title_of

__all__ = ["PeerSteps"]

_ADDRESSES = {"a": "192.0.2.1", "b": "198.51.100.1"}
_ANSWER = Step("b", "answer")


class PeerSteps(SignallingSteps):
    """Has a peer do what a step says."""

    def _peer(self, step: Step) -> Steps:
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
        elif action in SETTERS:
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

    def _do(self, step: Step) -> Steps:
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

    def _create(self, side: str, kind: str, step: Step) -> Asked:
        operation: dict[str, Any] = {"op": f"create{kind.capitalize()}"}
        if kind == "offer":
            operation["iceRestart"] = step.get("iceRestart")
        outcome = yield from self._call(side, operation)
        if outcome["ok"]:
            self.created[side] = outcome["description"]
        return outcome

    def _describe(
        self, side: str, kind: str, step: Step, send: bool = True, name: str | None = None
    ) -> Steps:
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

    def _exchange(self, step: Step) -> Steps:
        """An offer and its answer, both delivered; ends where something fails."""
        side, other = step.peer, other_side(step.peer)
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

    def _set(self, step: Step) -> Steps:
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


def _crlf(text: str) -> str:
    """A text of a scenario with the line ends of SDP (RFC 8866, 5)."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


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
