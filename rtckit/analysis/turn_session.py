"""TURN allocations (RFC 8656): how each was asked for, and what became of it.

An allocation is known by its client's and server's transport addresses. The first 401 is the normal
challenge of the long-term credential mechanism (RFC 8489, 9.2); only an error that answers an
authenticated request is a refusal.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from rtckit.analysis.decode import Packet
from rtckit.analysis.transactions import Sighting, Transaction
from rtckit.core.address import Address
from rtckit.wire import stun

__all__ = [
    "Allocation",
    "AllocationState",
    "Permission",
    "TurnError",
    "count_relayed",
    "find_allocations",
]

_ALLOCATION_METHODS = frozenset(
    {
        stun.Method.ALLOCATE,
        stun.Method.REFRESH,
        stun.Method.CREATE_PERMISSION,
        stun.Method.CHANNEL_BIND,
    }
)


class AllocationState(StrEnum):
    """Where an allocation stood when the capture ended."""

    ALLOCATED = "allocated"
    RELEASED = "released"
    REFUSED = "refused"
    CHALLENGED = "challenged, no authenticated request followed"
    UNANSWERED = "no answer"


@dataclass(frozen=True, slots=True)
class TurnError:
    """An error response of the server, and the request it answers."""

    method: int
    code: int
    reason: str
    authenticated: bool
    request: Sighting
    response: Sighting
    username: str | None = None
    peers: tuple[Address, ...] = ()
    stale_nonce: bool = False


@dataclass(slots=True)
class Permission:
    """A permission or channel asked for towards a peer."""

    peer: Address
    channel: int | None
    granted: bool | None
    error: stun.ErrorCode | None
    asked: Sighting


@dataclass(slots=True)
class Allocation:
    """One client 5-tuple's use of a TURN server.

    ``relayed`` and ``mapped`` come from the Allocate success response; ``lifetime`` is in seconds.
    """

    client: Address
    server: Address
    transport: str
    transactions: list[Transaction] = field(default_factory=list)
    username: str | None = None
    realm: str | None = None
    software: str | None = None
    relayed: Address | None = None
    mapped: Address | None = None
    lifetime: int | None = None
    requested: Sighting | None = None
    allocated: Sighting | None = None
    released: Sighting | None = None
    refreshes: int = 0
    errors: list[TurnError] = field(default_factory=list)
    permissions: list[Permission] = field(default_factory=list)
    sent_packets: int = 0
    received_packets: int = 0
    answered: bool = False

    @property
    def state(self) -> AllocationState:
        """What became of the allocation."""
        if self.released is not None:
            return AllocationState.RELEASED
        if self.relayed is not None:
            return AllocationState.ALLOCATED
        if any(error.authenticated or error.code != 401 for error in self.allocate_errors):
            return AllocationState.REFUSED
        return AllocationState.CHALLENGED if self.answered else AllocationState.UNANSWERED

    @property
    def allocate_errors(self) -> list[TurnError]:
        """The errors that answered Allocate requests."""
        return [error for error in self.errors if error.method == stun.Method.ALLOCATE]

    @property
    def unanswered(self) -> list[Transaction]:
        """Requests on this 5-tuple that nothing answered."""
        return [transaction for transaction in self.transactions if not transaction.responses]

    @property
    def channels(self) -> dict[int, Address]:
        """Channel numbers bound, and their peers."""
        return {
            permission.channel: permission.peer
            for permission in self.permissions
            if permission.channel is not None and permission.granted
        }


def find_allocations(
    transactions: Iterable[Transaction], relayed_traffic: dict[tuple[Address, Address], list[int]]
) -> list[Allocation]:
    """The allocations that TURN transactions show, in the order they were asked for.

    ``relayed_traffic`` counts relayed datagrams by (client, server): [sent, received].
    """
    found: dict[tuple[str, Address, Address], Allocation] = {}
    for transaction in transactions:
        if transaction.method not in _ALLOCATION_METHODS or transaction.relay is not None:
            continue
        key = (transaction.transport, transaction.src, transaction.dst)
        allocation = found.get(key)
        if allocation is None:
            allocation = found[key] = Allocation(
                transaction.src, transaction.dst, transaction.transport
            )
        _add(allocation, transaction)
    for (_, client, server), allocation in found.items():
        counts = relayed_traffic.get((client, server), (0, 0))
        allocation.sent_packets, allocation.received_packets = counts[0], counts[1]
    return list(found.values())


def _add(allocation: Allocation, transaction: Transaction) -> None:
    request, response = transaction.request, transaction.response
    allocation.transactions.append(transaction)
    if transaction.method == stun.Method.ALLOCATE and allocation.requested is None:
        allocation.requested = transaction.first
    allocation.username = request.username or allocation.username
    allocation.realm = request.realm or allocation.realm
    peers = tuple(request.xor_peer_addresses)
    error = transaction.error
    granted = transaction.succeeded if response is not None else None
    if transaction.method in (stun.Method.CREATE_PERMISSION, stun.Method.CHANNEL_BIND):
        for peer in peers:
            allocation.permissions.append(
                Permission(peer, request.channel_number, granted, error, transaction.first)
            )
    if response is None:
        return
    allocation.answered = True
    allocation.software = response.software or allocation.software
    allocation.realm = response.realm or allocation.realm
    if error is not None:
        allocation.errors.append(
            TurnError(
                transaction.method,
                error.code,
                error.reason,
                request.has_integrity,
                transaction.first,
                transaction.responses[0],
                request.username,
                peers,
                error.code == 438,
            )
        )
    elif transaction.method == stun.Method.ALLOCATE:
        allocation.relayed = response.xor_relayed_address
        allocation.mapped = response.xor_mapped_address
        allocation.lifetime = response.lifetime
        allocation.allocated = transaction.responses[0]
    elif transaction.method == stun.Method.REFRESH:
        allocation.refreshes += 1
        if request.lifetime == 0:
            allocation.released = transaction.responses[0]


def count_relayed(packet: Packet, counts: dict[tuple[Address, Address], list[int]]) -> None:
    """Count a packet unwrapped from TURN under its allocation: [sent by client, received]."""
    relay = packet.relay
    if relay is not None:
        counts.setdefault((relay.client, relay.server), [0, 0])[0 if relay.outward else 1] += 1
