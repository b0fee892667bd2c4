"""The checks an agent sends (RFC 8445, 7.2.1 to 7.2.4)."""

from typing import Any

from rtckit.ice.judging import Judging
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.session import Transaction
from rtckit.ice.settings import Credentials
from rtckit.wire import stun

__all__ = ["Requesting"]

_MOST_CANCELLED = 8


class Requesting(Judging):
    """The part of an agent that builds and sends checks."""

    def _send_check(self, now: float, pair: CandidatePair, *, use_candidate: bool) -> None:
        """Send a check; over TCP it is sent once and waits longer (RFC 6544, 7.1)."""
        assert self.remote_credentials is not None
        nomination = self._nominations if use_candidate and self.renominates else 0
        transaction_id, data = self._build_check(
            pair,
            self.credentials,
            self.remote_credentials,
            use_candidate=use_candidate,
            nomination=nomination,
        )
        waiting = sum(p.state in (PairState.WAITING, PairState.IN_PROGRESS) for p in self.checklist)
        rto = max(self.settings.rto, self.settings.ta * waiting)
        is_reliable = pair.local.transport == "tcp"
        self._transactions[transaction_id] = Transaction(
            transaction_id,
            pair,
            data,
            rto,
            now,
            now,
            now + (self.settings.tcp_timeout if is_reliable else rto),
            sent=1,
            use_candidate=use_candidate,
            nomination=nomination,
            controlling=self.controlling,
        )
        if pair.state is not PairState.SUCCEEDED:
            pair.state = PairState.IN_PROGRESS
            self._note_pair(now, pair)
        if pair.first_sent is None:
            pair.first_sent = now
        pair.requests_sent += 1
        self._transmit(pair, data)
        self._note(now, "sent", pair, use_candidate=use_candidate)

    def _build_check(
        self,
        pair: CandidatePair,
        ours: Credentials,
        theirs: Credentials,
        *,
        use_candidate: bool = False,
        nomination: int = 0,
    ) -> tuple[bytes, bytes]:
        """Return a transaction id and the request (RFC 8445, 7.1 and 7.2.2)."""
        kinds = stun.AttributeType
        transaction_id = self.random.randbytes(12)
        role = kinds.ICE_CONTROLLING if self.controlling else kinds.ICE_CONTROLLED
        attributes: list[tuple[int, Any]] = [
            (kinds.USERNAME, f"{theirs.ufrag}:{ours.ufrag}"),
            (kinds.PRIORITY, self._prflx_priority(pair.local)),
            (role, self.tie_breaker),
        ]
        if use_candidate:
            attributes.append((kinds.USE_CANDIDATE, True))
        if nomination:
            attributes.append((kinds.GOOG_NOMINATION, nomination))
        data = stun.build(
            stun.Method.BINDING,
            stun.MessageClass.REQUEST,
            transaction_id,
            attributes,
            key=stun.short_term_key(theirs.pwd),
        )
        return transaction_id, data

    def _lifetime(self, transaction: Transaction) -> float:
        """How long a check waits for its answer in all (RFC 8489, 6.2.1: 79 times the RTO)."""
        waits: float = 2 ** (self.settings.transmissions - 1) - 1 + self.settings.last_wait
        return transaction.rto * waits

    def _cancel_checks(self, pair: CandidatePair) -> None:
        """Send the checks of a pair that are under way no more; their answers still count."""
        for transaction in self._transactions.values():
            if transaction.pair is pair and not transaction.cancelled:
                transaction.cancelled = True
                if pair.local.transport != "tcp":
                    lifetime = self._lifetime(transaction)
                    transaction.next_time = transaction.first_sent + lifetime

    def _forget_oldest(self, pair: CandidatePair) -> None:
        """Keep a few checks of a pair only, so that many requests do not fill the memory."""
        old = [t.id for t in self._transactions.values() if t.pair is pair and t.cancelled]
        for transaction_id in old[:-_MOST_CANCELLED]:
            del self._transactions[transaction_id]
