"""Perfect negotiation (W3C webrtc-pc, 10.7), for the polite and the impolite peer.

The polite peer gives way when offers collide: its own is rolled back, and it offers anew once it
has answered. The impolite peer ignores the offer that collides with its own. A negotiator says
what a page would do, one method of the connection at a time; who performs them is not its concern.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Negotiator", "Operation", "Outcome", "Run"]

Operation: TypeAlias = Mapping[str, Any]
"""A method to be called: ``{"op": "setLocalDescription", "description": None}``."""
Outcome: TypeAlias = Mapping[str, Any]
"""What it led to: ``ok``, ``error``, ``message``, ``description``, ``events``, ``state``."""
Run: TypeAlias = Generator[Operation, Outcome, Mapping[str, Any] | None]
"""Yields operations, is sent their outcomes, and returns the description to send, if any."""


_CHANGES = frozenset(
    ("addTrack", "removeTrack", "addTransceiver", "createDataChannel", "setDirection", "stop")
)
"""What makes an exchange necessary (webrtc-pc, 4.7.3)."""


@dataclass(slots=True)
class Negotiator:
    """The page's side of perfect negotiation.

    Attributes:
        polite: the role; of two peers one has to be polite.
        told: the stack fires ``negotiationneeded``. Where it does not (aiortc), the program knows
            by itself what it changed, and offers once more than may be necessary.
        signaling_state: that of the connection, as the last outcome told it.
        negotiation_needed: a ``negotiationneeded`` event has not been acted on yet.
        making_offer: from the event until the local description is set.
        ignore_offer: the last offer was ignored, and so its candidates may fail.
        setting_remote_answer: an answer is being set.
    """

    polite: bool
    told: bool = True
    signaling_state: str = "stable"
    negotiation_needed: bool = False
    making_offer: bool = False
    ignore_offer: bool = False
    setting_remote_answer: bool = False

    def note(self, operation: Operation, outcome: Outcome) -> None:
        """Learn from the outcome of any operation, also of those the page did by hand."""
        before = self.signaling_state
        self.signaling_state = outcome["state"]["signalingState"]
        if not self.told:
            if operation["op"] in _CHANGES:
                self.negotiation_needed = self.negotiation_needed or outcome["ok"]
            elif before == "stable" and self.signaling_state == "have-local-offer":
                self.negotiation_needed = False
            return
        if before != self.signaling_state:
            # Set anew when the state becomes stable again and there is still need
            # (webrtc-pc, 4.4.1.5), so an earlier event counts no more.
            self.negotiation_needed = False
        if "negotiationneeded" in outcome["events"]:
            self.negotiation_needed = True

    @property
    def wants_to_offer(self) -> bool:
        """Whether `offer` has something to do now."""
        return self.negotiation_needed and self.signaling_state == "stable"

    def offer(self) -> Run:
        """Act on ``negotiationneeded``; returns the offer to send, None when that failed."""
        self.negotiation_needed = False
        self.making_offer = True
        outcome = yield {"op": "setLocalDescription", "description": None}
        self.making_offer = False
        return _local(outcome)

    def receive(self, description: Mapping[str, Any]) -> Run:
        """Act on a description that arrived; returns the answer to send, if any.

        ``ignore_offer`` is true afterwards when nothing was done with it.
        """
        is_offer = description["type"] == "offer"
        ready = not self.making_offer and (
            self.signaling_state == "stable" or self.setting_remote_answer
        )
        self.ignore_offer = not self.polite and is_offer and not ready
        if self.ignore_offer:
            return None
        self.setting_remote_answer = description["type"] == "answer"
        outcome = yield {"op": "setRemoteDescription", "description": dict(description)}
        # The example in the standard leaves this set when the answer fails, and then takes a
        # colliding offer; a page that goes on must not.
        self.setting_remote_answer = False
        if not is_offer or not outcome["ok"]:
            return None
        outcome = yield {"op": "setLocalDescription", "description": None}
        return _local(outcome)

    def receive_candidate(self, candidate: Mapping[str, Any]) -> Run:
        """Act on a candidate that arrived; one of an ignored offer may fail."""
        yield {"op": "addIceCandidate", **candidate}
        return None


def _local(outcome: Outcome) -> Mapping[str, Any] | None:
    return outcome["description"] if outcome["ok"] else None
