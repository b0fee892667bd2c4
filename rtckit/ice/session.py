"""What an agent knows and remembers; the other modules of the agent build on it, one atop another.

In order: `session`, `judging`, `requesting`, `nominating`, `consenting`, `checking`, `answering`,
`agent`.
"""

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from rtckit.core.address import Address
from rtckit.ice.candidate import PRFLX, IceCandidate
from rtckit.ice.causes import Cause, Heard
from rtckit.ice.checklist import Checklist
from rtckit.ice.consent import Consent
from rtckit.ice.events import Event
from rtckit.ice.foundation import foundation
from rtckit.ice.pairs import CandidatePair
from rtckit.ice.priority import candidate_priority
from rtckit.ice.settings import Credentials, Settings

__all__ = ["RENOMINATION", "Session", "Transaction", "Transmit", "without_zone"]

RENOMINATION = "renomination"
"""The ICE option of agents that can follow another nomination."""

_MOST_RTTS = 60


def without_zone(address: Address) -> Address:
    """Return an address as the peer writes it: a zone means something on one machine only."""
    ip, percent, _ = address.ip.partition("%")
    return Address(ip, address.port) if percent else address


class Transmit(NamedTuple):
    """A datagram to send; over ``tcp`` a frame on the connection between the two."""

    transport: str
    local: Address
    remote: Address
    data: bytes


@dataclass(slots=True)
class Transaction:
    """A check under way (RFC 8489, 6.2.1).

    ``cancelled`` ones are not sent again, but their answers count (RFC 8445, 7.3.1.4).
    """

    id: bytes
    pair: CandidatePair
    data: bytes
    rto: float
    first_sent: float
    last_sent: float
    next_time: float
    sent: int = 1
    use_candidate: bool = False
    nomination: int = 0
    controlling: bool = False
    cancelled: bool = False


class Session:
    """The state of an agent, as `rtckit.ice.Agent` describes it, and how it is told of."""

    def __init__(
        self,
        *,
        controlling: bool,
        credentials: Credentials,
        random: Random,
        nomination: str,
        lite: bool,
        settings: Settings,
    ) -> None:
        self.controlling = controlling
        self.credentials = credentials
        self.random = random
        self.nomination = nomination
        self.lite = lite
        self.settings = settings
        self.tie_breaker = random.getrandbits(64)
        self.local: list[IceCandidate] = []
        self.remote: list[IceCandidate] = []
        self.remote_credentials: Credentials | None = None
        self.remote_lite = False
        self.remote_options: frozenset[str] = frozenset()
        self.checklist = Checklist(settings.most_pairs)
        self.gathering_ended = False
        self.remote_ended = False
        self.state = "new"
        self.selected: CandidatePair | None = None
        self.failure: str | None = None
        self.causes: tuple[Cause, ...] = ()
        self.started_at: float | None = None
        self.transmits: deque[Transmit] = deque(maxlen=settings.most_transmits)
        self.events: deque[Event] = deque(maxlen=settings.most_events)
        self.consent: Consent | None = None
        self.heard = Heard()
        self._keepalive_at: float | None = None
        self._transactions: dict[bytes, Transaction] = {}
        self._recent: deque[bytes] = deque(maxlen=64)
        self._next_check: float | None = None
        self._nominate_at: float | None = None
        self._nominating: CandidatePair | None = None
        self._nominations = 0
        self._followed = 0
        self._generation_selected = False
        self._consent_lost = False
        self._is_aggressive: bool | None = None
        self._previous: tuple[Credentials, ...] = ()
        self._foundation_key = random.randbytes(16)

    @property
    def renominates(self) -> bool:
        """Whether both sides follow a nomination after another."""
        return self.settings.renomination and RENOMINATION in self.remote_options

    # -- candidates ------------------------------------------------------------------------------

    def _local_for(self, transport: str, base: Address) -> IceCandidate | None:
        """Return the best candidate whose checks leave from an address."""
        found = [c for c in self.local if c.transport == transport and c.base == base]
        return max(found, key=lambda c: c.priority, default=None)

    def _mapped_candidate(self, now: float, pair: CandidatePair, mapped: Address) -> IceCandidate:
        """Return the local candidate the peer sees, learned if need be (RFC 8445, 7.2.5.3.1)."""
        local = pair.local
        for known in self.local:
            if (known.transport, without_zone(known.address)) == (local.transport, mapped):
                return known
        learned = IceCandidate(
            PRFLX,
            local.transport,
            mapped,
            local.base,
            self._prflx_priority(local),
            foundation(self._foundation_key, PRFLX, local.transport, local.base.ip),
            local.component,
            local.base,
            local.tcptype,
            local.interface,
        )
        if len(self.local) < self.settings.most_remote:
            self.local.append(learned)
            self._note(now, "local-candidate", **learned.as_json(), rtt_ms=None, learned=True)
        return learned

    @staticmethod
    def _prflx_priority(local: IceCandidate) -> int:
        """Return the priority a candidate learned from this one would get (RFC 8445, 7.1.1)."""
        return candidate_priority(PRFLX, local.priority >> 8 & 0xFFFF, local.component)

    # -- telling ---------------------------------------------------------------------------------

    def _note(
        self, now: float, event: str, pair: CandidatePair | None = None, **detail: Any
    ) -> None:
        self.events.append(Event(now, event, pair.number if pair else None, detail))

    def _note_pair(self, now: float, pair: CandidatePair) -> None:
        detail: dict[str, Any] = {
            "state": str(pair.state),
            "local": str(pair.local),
            "remote": str(pair.remote),
            "priority": pair.priority,
        }
        if pair.last_error:
            detail["why"] = pair.last_error
        self._note(now, "pair", pair, **detail)

    @staticmethod
    def _note_rtt(pair: CandidatePair, rtt: float) -> None:
        pair.rtt = rtt
        pair.rtts = [*pair.rtts[-_MOST_RTTS + 1 :], rtt]

    def _transmit(self, pair: CandidatePair, data: bytes) -> None:
        local = pair.local
        self.transmits.append(Transmit(local.transport, local.base, pair.remote.address, data))

    def _set_state(self, now: float, state: str) -> None:
        if state == self.state or self.state == "closed":
            return
        self.state = state
        detail: dict[str, Any] = {"state": state}
        if self.failure:
            detail["why"] = self.failure
            detail["causes"] = [cause.as_json() for cause in self.causes]
        self._note(now, "state", None, **detail)
