"""Candidate pairs: how they are formed, pruned and named (RFC 8445, 6.1.2; RFC 6544, 6.2)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from rtckit.core.address import Address, Scope, scope_of
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.priority import pair_priority

__all__ = ["TCP_PARTNER", "CandidatePair", "PairState", "best_first", "why_not_paired"]

TCP_PARTNER = {"active": "passive", "passive": "active", "so": "so"}


class PairState(StrEnum):
    """The states of a pair (RFC 8445, 6.1.2.6)."""

    FROZEN = "frozen"
    WAITING = "waiting"
    IN_PROGRESS = "in-progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(slots=True, eq=False)
class CandidatePair:
    """A local and a remote candidate that are checked together.

    Attributes:
        number: from 1, in the order in which pairs were formed.
        local: a candidate that is its own base: checks leave from it.
        remote: where they go.
        state: see `PairState`.
        valid: a check succeeded.
        nominated: the controlling side chose it, and both know.
        nominate_on_success: USE-CANDIDATE arrived before the check of this side was answered.
        mapped: the local candidate the peer sees, once a check told.
        requests_sent: with retransmissions.
        rtt: seconds between a check and its answer, the last one; None before.
        last_error: why it failed or was not answered, in words.
        definitive: it failed for a reason that trying again does not mend.
        revivals: how often a check of the peer had it tried again after it had failed for good.
        soft_errors: how many ICMP errors came back for it.
        unsendable: packets could not be sent, or a connection not be made.
        answered_from: where answers came from that should have come from ``remote``.
        refused_with: the code its checks were refused with.
        unsigned_answer: what an answer said that anybody could have sent.
        first_sent: when the first check left.
        heard_at: when a check of the peer last came on it.
    """

    number: int
    local: IceCandidate
    remote: IceCandidate
    priority: int
    state: PairState = PairState.FROZEN
    valid: bool = False
    nominated: bool = False
    nominate_on_success: bool = False
    mapped: IceCandidate | None = None
    requests_sent: int = 0
    retransmissions: int = 0
    responses_received: int = 0
    requests_received: int = 0
    rtt: float | None = None
    succeeded_at: float | None = None
    last_error: str | None = None
    definitive: bool = False
    soft_errors: int = 0
    revivals: int = 0
    unsendable: bool = False
    answered_from: Address | None = None
    refused_with: int | None = None
    unsigned_answer: str | None = None
    first_sent: float | None = None
    heard_at: float | None = None
    rtts: list[float] = field(default_factory=list)

    @property
    def component(self) -> int:
        """The component both candidates belong to."""
        return self.local.component

    @property
    def foundation(self) -> tuple[str, str]:
        """The foundations of both candidates; pairs that share them are likely to fare alike."""
        return self.local.foundation, self.remote.foundation

    @property
    def key(self) -> tuple[str, Address, Address]:
        """What checks of this pair look like on the wire: transport, from, to."""
        return self.local.transport, self.local.base, self.remote.address

    def update_priority(self, *, controlling: bool) -> None:
        """Compute the priority anew after a change of role."""
        ours, theirs = self.local.priority, self.remote.priority
        self.priority = pair_priority(ours, theirs) if controlling else pair_priority(theirs, ours)

    def valid_priority(self, *, controlling: bool) -> int:
        """Return the priority of the valid pair the checks came to (RFC 8445, 7.2.5.3.2).

        Its local candidate is the one the peer sees, so that both sides put their valid pairs in
        the same order; the order of the checks may differ between them.
        """
        ours, theirs = (self.mapped or self.local).priority, self.remote.priority
        return pair_priority(ours, theirs) if controlling else pair_priority(theirs, ours)

    def __str__(self) -> str:
        return f"#{self.number} {self.local} -> {self.remote}"


def why_not_paired(
    local: IceCandidate, remote: IceCandidate, *, learned: bool = False
) -> str | None:
    """Say why two candidates are no pair; None when they are one (RFC 8445, 6.1.2.2).

    Args:
        local: one that is its own base, or stands for it.
        remote: of the peer.
        learned: a check came on it, so that a connection to a passive candidate exists.
    """
    if local.component != remote.component:
        return f"component {local.component} against {remote.component}"
    if local.transport != remote.transport:
        return f"{local.transport} against {remote.transport}"
    if local.transport == "tcp" and not learned:
        wanted = TCP_PARTNER.get(local.tcptype or "")
        if wanted is None or wanted != remote.tcptype:
            return f"TCP {local.tcptype} against {remote.tcptype}"
        if local.tcptype == "passive":
            return "TCP passive waits for the peer to connect"
    families = local.base.family, remote.address.family
    if 0 in families:
        return f"{remote.address.ip} is not resolved"
    if families[0] != families[1]:
        return f"IPv{families[0]} against IPv{families[1]}"
    if families[0] == 6:
        scopes = [
            scope_of(address.ip) is Scope.LINK_LOCAL for address in (local.base, remote.address)
        ]
        if scopes[0] != scopes[1]:
            return "link-local against global"
    return None


def best_first(pairs: Iterable[CandidatePair]) -> list[CandidatePair]:
    """Return pairs by priority, the highest first; equal ones as they were formed."""
    return sorted(pairs, key=lambda pair: (-pair.priority, pair.number))
