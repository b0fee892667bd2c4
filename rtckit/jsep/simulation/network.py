"""The signalling between two peers, in virtual time: delay, loss, reordering, duplication.

Nothing here waits and nothing is random but by the seed: the same calls give the same arrivals.
Every message that is sent, and every duplicate of one, is in the end delivered, lost, or still
under way.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Message", "Network", "Signalling"]


@dataclass(frozen=True, slots=True)
class Signalling:
    """How the signalling behaves.

    Attributes:
        delay_ms: the time a message takes.
        jitter_ms: up to how much longer it may take, each by itself.
        loss: the share of messages that never arrive.
        duplicate: the share that arrive twice.
        ordered: whether messages of one sender arrive in the order they were sent, as over a
            WebSocket; without it jitter reorders them.
    """

    delay_ms: int = 50
    jitter_ms: int = 0
    loss: float = 0.0
    duplicate: float = 0.0
    ordered: bool = True


@dataclass(slots=True, eq=False)
class Message:
    """A message, or a duplicate of one.

    Attributes:
        number: counts messages and duplicates from 1, in the order they came to be.
        name: what a scenario calls it; a duplicate has the name of the first.
        sender: ``a`` or ``b``.
        receiver: the other one.
        kind: ``offer``, ``pranswer``, ``answer`` or ``candidate``.
        content: the description (``type``, ``sdp``) or the candidate (``candidate``, ``sdpMid``,
            ``sdpMLineIndex``).
        sent_ms: when it was sent.
        due_ms: when it was to arrive, when it was sent.
        arrives_ms: when it arrives, or arrived, or would have.
        fate: ``under way``, ``delivered`` or ``lost``.
        copy_of: the number of the message it is a duplicate of.
        sent_in: the number of the step of the trace that sent it.
        arrived_in: the number of the step that delivered it.
        heeded: False when the receiver ignored it, as perfect negotiation may.
    """

    number: int
    name: str
    sender: str
    receiver: str
    kind: str
    content: Mapping[str, Any]
    sent_ms: int
    due_ms: int
    arrives_ms: int
    fate: str = "under way"
    copy_of: int | None = None
    sent_in: int | None = None
    arrived_in: int | None = None
    heeded: bool = True


@dataclass(slots=True)
class Network:
    """Messages between ``a`` and ``b``.

    Attributes:
        signalling: how it behaves.
        seed: what chance depends on.
        now_ms: the time; it never goes back.
        messages: every message there was, and every duplicate.
    """

    signalling: Signalling = field(default_factory=Signalling)
    seed: int = 0
    now_ms: int = 0
    messages: list[Message] = field(default_factory=list)
    _random: random.Random = field(init=False, repr=False)
    _latest: dict[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def send(self, sender: str, name: str, kind: str, content: Mapping[str, Any]) -> Message:
        """Send a message to the other side, now."""
        behaviour = self.signalling
        receiver = "b" if sender == "a" else "a"
        due = self._arrival(sender)
        message = Message(
            len(self.messages) + 1,
            name,
            sender,
            receiver,
            kind,
            content,
            self.now_ms,
            due,
            due,
        )
        self.messages.append(message)
        chance = self._random.random()
        if chance < behaviour.loss:
            message.fate = "lost"
        elif self._random.random() < behaviour.duplicate:
            self.duplicate(message)
        return message

    def _arrival(self, sender: str) -> int:
        behaviour = self.signalling
        jitter = self._random.randint(0, behaviour.jitter_ms) if behaviour.jitter_ms else 0
        arrival = self.now_ms + behaviour.delay_ms + jitter
        if behaviour.ordered:
            arrival = max(arrival, self._latest.get(sender, 0))
            self._latest[sender] = arrival
        return arrival

    def under_way(self, receiver: str | None = None) -> list[Message]:
        """The messages to one side, or to both, in the order they will arrive."""
        found = [
            message
            for message in self.messages
            if message.fate == "under way" and receiver in (None, message.receiver)
        ]
        # A message handed over out of turn lets later ones pass; numbers settle ties.
        return sorted(found, key=lambda message: (message.arrives_ms, message.number))

    def deliver(self, message: Message) -> None:
        """Let a message arrive: time goes on to its arrival, if that is still to come."""
        self.now_ms = max(self.now_ms, message.arrives_ms)
        message.arrives_ms = self.now_ms
        message.fate = "delivered"

    def wait(self, duration_ms: int) -> None:
        """Let time pass; the caller delivers what arrives meanwhile before."""
        self.now_ms += duration_ms

    def lose(self, message: Message) -> None:
        """Drop a message that is under way."""
        message.fate = "lost"

    def delay(self, message: Message, by_ms: int) -> None:
        """Let a message take longer; later ones may pass it."""
        message.arrives_ms += by_ms

    def duplicate(self, message: Message) -> Message:
        """Let a message arrive twice, the second time right after the first."""
        copy = Message(
            len(self.messages) + 1,
            message.name,
            message.sender,
            message.receiver,
            message.kind,
            message.content,
            message.sent_ms,
            message.due_ms,
            message.arrives_ms,
            copy_of=message.copy_of or message.number,
            sent_in=message.sent_in,
        )
        self.messages.append(copy)
        return copy

    def reorder(self, receiver: str | None = None) -> list[Message]:
        """Let what is under way to one side, or to each, arrive in reverse order."""
        changed: list[Message] = []
        for side in ("a", "b") if receiver is None else (receiver,):
            found = self.under_way(side)
            times = [message.arrives_ms for message in found]
            # Equal times would be settled by number, which is the old order.
            earliest = 0
            for time, message in zip(times, reversed(found), strict=True):
                message.arrives_ms = max(time, earliest)
                earliest = message.arrives_ms + 1
            changed += found if len(found) > 1 else []
        return changed
