"""What STUN servers told the agents, and so how NATs map (RFC 4787, 4.1).

Only Binding requests without USERNAME are asked of servers; checks between agents carry one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from rtckit.analysis.transactions import Transaction
from rtckit.core.address import Address
from rtckit.wire import stun

__all__ = ["Base", "Mapping", "ServerQuery", "find_bases", "find_queries"]


class Mapping(StrEnum):
    """How a NAT maps one base, as far as the captured answers tell (RFC 4787, 4.1)."""

    NONE = "no NAT"
    ENDPOINT_INDEPENDENT = "endpoint-independent"
    DEPENDENT = "address-dependent or address-and-port-dependent"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class ServerQuery:
    """All Binding requests from one base to one STUN server."""

    base: Address
    server: Address
    transactions: list[Transaction] = field(default_factory=list)

    @property
    def mapped(self) -> Address | None:
        """The server-reflexive address of the first answer."""
        for transaction in self.transactions:
            if transaction.succeeded and transaction.response is not None:
                return transaction.response.xor_mapped_address
        return None

    @property
    def answered(self) -> bool:
        """Whether anything came back."""
        return any(transaction.responses for transaction in self.transactions)


@dataclass(slots=True)
class Base:
    """One local address and how servers saw it."""

    address: Address
    queries: list[ServerQuery] = field(default_factory=list)

    @property
    def mapped(self) -> dict[Address, Address]:
        """Mapped address by server."""
        return {
            query.server: mapped for query in self.queries if (mapped := query.mapped) is not None
        }

    @property
    def mapping(self) -> Mapping:
        """What the answers say of the NAT in front of this base."""
        seen = self.mapped
        if not seen:
            return Mapping.UNKNOWN
        if set(seen.values()) == {self.address}:
            return Mapping.NONE
        if len(set(seen.values())) > 1:
            return Mapping.DEPENDENT
        # One server cannot tell: two answers from two addresses are needed.
        return Mapping.ENDPOINT_INDEPENDENT if len(seen) > 1 else Mapping.UNKNOWN


def find_queries(transactions: Iterable[Transaction]) -> list[ServerQuery]:
    """Queries to STUN servers, in the order they began."""
    found: dict[tuple[Address, Address], ServerQuery] = {}
    for transaction in transactions:
        request = transaction.request
        if (
            request.method != stun.Method.BINDING
            or request.username is not None
            or transaction.relay is not None
        ):
            continue
        key = (transaction.src, transaction.dst)
        found.setdefault(key, ServerQuery(*key)).transactions.append(transaction)
    return list(found.values())


def find_bases(queries: Iterable[ServerQuery]) -> list[Base]:
    """Local addresses with all their queries."""
    found: dict[Address, Base] = {}
    for query in queries:
        found.setdefault(query.base, Base(query.base)).queries.append(query)
    return list(found.values())
