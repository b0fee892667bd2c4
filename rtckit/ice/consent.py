"""Consent to go on sending (RFC 7675, 5.1)."""

from collections import deque
from dataclasses import dataclass, field
from random import Random

from rtckit.ice.pairs import CandidatePair
from rtckit.ice.settings import Credentials, Settings

__all__ = ["Consent"]

_SPREAD = 0.2
_REMEMBERED = 16


@dataclass(slots=True)
class Consent:
    """When to ask the peer again, and when its consent ends.

    Each question has a transaction of its own and is never retransmitted, so a slow answer still
    counts: the last sixteen are remembered. A restart changes the credentials of the session, but
    not of the consent for the pair that data goes over until then.

    Attributes:
        pair: what consent is for.
        credentials: of this side, when the pair was selected.
        remote_credentials: of the peer at that time.
        ask_at: when to ask next.
        expires_at: when to stop sending.
        disconnects_at: when to call the connection disconnected.
        asked: how many questions went out.
        missed: how many of them since the last answer.
    """

    settings: Settings
    random: Random
    pair: CandidatePair
    credentials: Credentials
    remote_credentials: Credentials
    ask_at: float
    expires_at: float
    disconnects_at: float
    asked: int = 0
    missed: int = 0
    _open: dict[bytes, float] = field(default_factory=dict)
    _order: deque[bytes] = field(default_factory=deque)

    @classmethod
    def begin(
        cls,
        now: float,
        settings: Settings,
        random: Random,
        pair: CandidatePair,
        credentials: Credentials,
        remote_credentials: Credentials,
    ) -> "Consent":
        """Begin with the consent that the selection of a pair is."""
        consent = cls(settings, random, pair, credentials, remote_credentials, now, now, now)
        consent._renew(now)
        consent.ask_at = now + consent._interval()
        return consent

    @property
    def next_time(self) -> float:
        """When something is due."""
        return min(self.ask_at, self.expires_at)

    def knows(self, transaction_id: bytes) -> bool:
        """Whether an answer with this id is one to a question."""
        return transaction_id in self._open

    def ask(self, now: float, transaction_id: bytes) -> None:
        """Note that a question goes out."""
        self.asked += 1
        self.missed += 1
        self._open[transaction_id] = now
        self._order.append(transaction_id)
        if len(self._order) > _REMEMBERED:
            self._open.pop(self._order.popleft(), None)
        self.ask_at = now + self._interval()

    def answered(self, now: float, transaction_id: bytes) -> float:
        """Note an answer; returns how long it took."""
        sent = self._open.pop(transaction_id)
        self.missed = 0
        self._renew(now)
        return now - sent

    def _renew(self, now: float) -> None:
        self.expires_at = now + self.settings.consent_timeout
        self.disconnects_at = now + self.settings.disconnected_after

    def _interval(self) -> float:
        """Five seconds, from 0.8 to 1.2 times, so that peers do not fall into step."""
        return self.settings.consent_interval * (1 - _SPREAD + 2 * _SPREAD * self.random.random())
