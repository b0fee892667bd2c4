"""STUN requests and the responses that answer them (RFC 8489, 6.3).

A transaction is one request with all its retransmissions and whatever answered it, matched by
transaction id; the responder's address is compared, not required, because a response from another
address is itself a finding (RFC 8445, 7.2.5.2.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from rtckit.analysis.decode import Packet, Relay
from rtckit.core.address import Address
from rtckit.wire import stun

__all__ = ["Sighting", "Transaction", "TransactionTable"]


class Sighting(NamedTuple):
    """Where and when a message was seen at one vantage point."""

    frame: int
    time_ns: int


@dataclass(slots=True)
class Transaction:
    """One STUN request, its retransmissions, and its answer if one was seen.

    ``src`` sent the request to ``dst``. ``response_src`` is where the answer came from.
    Times are nanoseconds since 1970 as captured.
    """

    transaction_id: bytes
    request: stun.Message
    src: Address
    dst: Address
    transport: str
    relay: Relay | None
    requests: list[Sighting] = field(default_factory=list)
    responses: list[Sighting] = field(default_factory=list)
    response: stun.Message | None = None
    response_src: Address | None = None
    response_dst: Address | None = None

    @property
    def method(self) -> int:
        """The STUN method number."""
        return self.request.method

    @property
    def first(self) -> Sighting:
        """The first transmission."""
        return self.requests[0]

    @property
    def retransmissions(self) -> int:
        """How many times the same request was sent again."""
        return len(self.requests) - 1

    @property
    def succeeded(self) -> bool:
        """Whether a success response was seen."""
        return (
            self.response is not None and self.response.message_class is stun.MessageClass.SUCCESS
        )

    @property
    def error(self) -> stun.ErrorCode | None:
        """The error a server or peer answered with."""
        return self.response.error if self.response is not None else None

    @property
    def rtt_ns(self) -> int | None:
        """From the last request sent before the answer to the answer, in nanoseconds."""
        if not self.responses:
            return None
        answered = self.responses[0].time_ns
        before = [sent.time_ns for sent in self.requests if sent.time_ns <= answered]
        return answered - before[-1] if before else None

    @property
    def from_expected_address(self) -> bool:
        """Whether the answer came from where the request went, and to where it came from."""
        return self.response is None or (
            self.response_src == self.dst and self.response_dst == self.src
        )


class TransactionTable:
    """All transactions of one vantage point, in the order they began."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[bytes, Address | None], Transaction] = {}
        self._all: list[Transaction] = []
        self.orphans: list[Packet] = []
        """Responses whose request was not captured (at most 1000 are kept)."""
        self.indications = 0

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def feed(self, packet: Packet) -> Transaction | None:
        """Add a STUN packet; the transaction it belongs to, if it belongs to one."""
        message = packet.message
        if message is None:
            return None
        sighting = Sighting(packet.frame, packet.time_ns)
        if message.message_class is stun.MessageClass.INDICATION:
            self.indications += 1
            return None
        # At a TURN server one check passes twice, once in each client's allocation.
        key = (message.transaction_id, packet.relay.client if packet.relay else None)
        known = self._by_id.get(key)
        if message.message_class is stun.MessageClass.REQUEST:
            if known is not None and (known.src, known.dst) == (packet.src, packet.dst):
                known.requests.append(sighting)
                return known
            opened = Transaction(
                message.transaction_id,
                message,
                packet.src,
                packet.dst,
                packet.transport,
                packet.relay,
                [sighting],
            )
            self._by_id[key] = opened
            self._all.append(opened)
            return opened
        if known is None:
            if len(self.orphans) < 1000:
                self.orphans.append(packet)
            return None
        known.responses.append(sighting)
        if known.response is None:
            known.response = message
            known.response_src = packet.src
            known.response_dst = packet.dst
        return known
