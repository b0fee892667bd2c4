"""What becomes of checks: time, answers, success and failure (RFC 8445, 6.1.4 and 7.2.5)."""

from collections.abc import Iterator

from rtckit.core.address import Address
from rtckit.ice.consenting import Consenting
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.session import Transaction
from rtckit.wire import stun

__all__ = ["Checking"]

_ROLE_CONFLICT = 487
_KNOWN = frozenset(int(kind) for kind in stun.AttributeType)
_FIRST_OPTIONAL = 0x8000


def unknown_required(message: stun.Message) -> tuple[int, ...]:
    """Return the attributes that must be understood and are not (RFC 8489, 6.3)."""
    return tuple(
        dict.fromkeys(
            attribute.type
            for attribute in message.attributes
            if attribute.type < _FIRST_OPTIONAL and attribute.type not in _KNOWN
        )
    )


class Checking(Consenting):
    """The part of an agent that paces its checks and takes their answers."""

    # -- time ------------------------------------------------------------------------------------

    def next_time(self) -> float | None:
        """Return when `on_time` wants to be called; None for not at all."""
        return min(self._times(), default=None)

    def _times(self) -> Iterator[float]:
        if self.state in ("new", "closed"):
            return
        if self._transactions:
            yield min([transaction.next_time for transaction in self._transactions.values()])
        if self.consent is not None:
            yield self.consent.next_time
        if self._keepalive_at is not None:
            yield self._keepalive_at
        if self.state == "failed":
            return
        if self.remote_credentials is not None and not self.lite and self.checklist.has_unsent:
            yield self._next_check if self._next_check is not None else self.started_at or 0.0
        if self._nominate_at is not None:
            yield self._nominate_at
        deadline = self._deadline
        if deadline is not None and self._nominating is None:
            yield deadline + (self.settings.pac if self._has_work else 0.0)

    def on_time(self, now: float) -> None:
        """Do what is due: retransmit, send the next check, nominate, ask for consent, give up."""
        if self.state in ("new", "closed"):
            return
        self._retransmit(now)
        if self.consent is not None:
            self._ask_consent(now, self.consent)
        if self._keepalive_at is not None and now >= self._keepalive_at:
            self._keep_alive(now)
        if self.state == "failed" or self.remote_credentials is None:
            return
        if self.lite:
            self._judge(now)
            return
        if self._nominate_at is not None and now >= self._nominate_at:
            self._nominate_best(now)
        if self._next_check is None or now >= self._next_check:
            self._send_next(now)
        self._judge(now)

    def _send_next(self, now: float) -> None:
        pair = self.checklist.next_to_check()
        if pair is None:
            return
        if self._is_aggressive is None:
            self._is_aggressive = self._nominates_all
        nominate = self.controlling and (self._is_aggressive or pair is self._nominating)
        self._send_check(now, pair, use_candidate=nominate)
        self._next_check = now + self.settings.ta

    def _retransmit(self, now: float) -> None:
        for transaction in list(self._transactions.values()):
            if now < transaction.next_time or transaction.id not in self._transactions:
                continue
            pair = transaction.pair
            is_reliable = pair.local.transport == "tcp"
            over = is_reliable or transaction.sent >= self.settings.transmissions
            if transaction.cancelled or over:
                del self._transactions[transaction.id]
                if not transaction.cancelled:
                    said = "check" if transaction.sent == 1 else "checks"
                    reason = f"no answer to {transaction.sent} {said}"
                    if pair.unsigned_answer is not None:
                        reason += f", but {pair.unsigned_answer} without a good signature"
                    self._fail(now, pair, reason, nominated=transaction.use_candidate)
                continue
            transaction.sent += 1
            transaction.last_sent = now
            last = transaction.sent == self.settings.transmissions
            wait = self.settings.last_wait if last else 2 ** (transaction.sent - 1)
            transaction.next_time = now + transaction.rto * wait
            pair.requests_sent += 1
            pair.retransmissions += 1
            self._transmit(pair, transaction.data)
            self._note(now, "retransmitted", pair, attempt=transaction.sent)

    # -- answers ---------------------------------------------------------------------------------

    def _receive_response(
        self, now: float, transport: str, local: Address, remote: Address, message: stun.Message
    ) -> None:
        """Take the answer to a check (RFC 8445, 7.2.5); unsigned ones change nothing."""
        transaction_id = message.transaction_id
        consent = self.consent
        if consent is not None and consent.knows(transaction_id):
            key = stun.short_term_key(consent.remote_credentials.pwd)
            if stun.verify_integrity(message, key) is True:
                self._take_consent(now, consent, local, remote, message)
            else:
                self._note_unsigned(now, remote, message)
            return
        transaction = self._transactions.get(transaction_id)
        if transaction is None:
            if transaction_id not in self._recent:
                self._note(now, "discarded", remote=str(remote), reason="answers no check")
            return
        assert self.remote_credentials is not None
        key = stun.short_term_key(self.remote_credentials.pwd)
        if stun.verify_integrity(message, key) is not True:
            self._note_unsigned(now, remote, message)
            transaction.pair.unsigned_answer = _what_it_says(message)
            return
        del self._transactions[transaction_id]
        self._recent.append(transaction_id)
        pair = transaction.pair
        pair.responses_received += 1
        if transaction.sent == 1:  # else nobody knows which of them was answered
            self._note_rtt(pair, now - transaction.first_sent)
        if message.message_class is stun.MessageClass.ERROR:
            self._take_error(now, transaction, message)
        elif (transport, local, remote) != pair.key:
            pair.answered_from = remote
            self._fail(now, pair, f"answered from {remote} instead", definitive=True)
        elif unknown := unknown_required(message):
            said = ", ".join(f"0x{kind:04x}" for kind in unknown)
            self._fail(now, pair, f"the answer needs {said} to be understood", definitive=True)
        elif message.xor_mapped_address is None:
            self._fail(now, pair, "the answer has no XOR-MAPPED-ADDRESS", definitive=True)
        else:
            self._succeed(now, transaction, message.xor_mapped_address)
        self._judge(now)

    def _note_unsigned(self, now: float, remote: Address, message: stun.Message) -> None:
        """Remember what an answer without a good signature said; it proves nothing."""
        self.heard.unsigned += 1
        said = _what_it_says(message)
        self._note(now, "discarded", remote=str(remote), reason=f"{said} that is not signed")
        if message.error is not None:
            self.heard.refuse(message.error.code)

    def _take_error(self, now: float, transaction: Transaction, message: stun.Message) -> None:
        """Take a refusal; a role conflict is repaired (RFC 8445, 7.2.5.1)."""
        error, pair = message.error, transaction.pair
        code, reason = (error.code, error.reason) if error else (0, "")
        self._note(now, "error", pair, code=code, reason=reason, sent=False)
        self.heard.refuse(code)
        if code == _ROLE_CONFLICT:
            self.heard.conflicts += 1
            # Both saw it only if the role is still the one the check was sent with.
            if transaction.controlling == self.controlling:
                self.tie_breaker = self.random.getrandbits(64)
                self._switch_role(now, controlling=not self.controlling)
            if pair.state is not PairState.SUCCEEDED:
                pair.state = PairState.WAITING
            self.checklist.trigger(pair)
            return
        pair.refused_with = code
        said = f"refused: {code} {reason}".rstrip()
        self._fail(now, pair, said, definitive=True, nominated=transaction.use_candidate)

    def _succeed(self, now: float, transaction: Transaction, mapped: Address) -> None:
        """Take a pair for valid (RFC 8445, 7.2.5.3)."""
        pair = transaction.pair
        pair.mapped = self._mapped_candidate(now, pair, mapped)
        pair.state, pair.valid, pair.last_error = PairState.SUCCEEDED, True, None
        pair.soft_errors = 0
        if pair.succeeded_at is None:
            pair.succeeded_at = now
        self._cancel(pair)
        self.checklist.thaw_alike(pair)
        self._note(now, "response", pair, rtt=pair.rtt, mapped=str(mapped))
        self._note_pair(now, pair)
        if self.controlling:
            if transaction.use_candidate and transaction.controlling:
                latest = transaction.nomination == self._nominations and self.renominates
                self._nominated(now, pair, latest=latest)
            else:
                self._plan_nomination(now)
        elif pair.nominate_on_success:
            self._nominated(now, pair, latest=self.renominates and bool(self._followed))
        if self.state in ("checking", "failed") or (
            self.state == "disconnected" and pair is self.selected
        ):
            self.failure, self.causes = None, ()
            self._set_state(now, "connected")

    def _cancel(self, pair: CandidatePair) -> None:
        """Send no check of a pair again, but for the one that nominates it."""
        for transaction in self._transactions.values():
            if transaction.pair is pair and not (
                transaction.use_candidate and pair is self._nominating
            ):
                transaction.cancelled = True

    def _fail(
        self,
        now: float,
        pair: CandidatePair,
        reason: str,
        *,
        definitive: bool = False,
        nominated: bool = False,
    ) -> None:
        """Take a pair for one that does not work.

        One that worked before stays valid, unless it was its nomination that failed (RFC 8445,
        7.2.5.3.4): then the next best is nominated, or it once more when the peer still checks it.
        """
        was_nominating = pair is self._nominating
        if was_nominating:
            self._nominating = None
        lost = nominated and was_nominating
        if lost and not definitive and self._is_worth_nominating_again(now, pair):
            lost = False
        works = pair.state is PairState.SUCCEEDED and not lost
        if pair.last_error is None or definitive:
            pair.last_error = reason
        if not works:
            pair.state, pair.valid, pair.definitive = PairState.FAILED, False, definitive
            for transaction_id in [t.id for t in self._transactions.values() if t.pair is pair]:
                del self._transactions[transaction_id]
            self._note_pair(now, pair)
        if was_nominating or not works:
            self._plan_nomination(now)


def _what_it_says(message: stun.Message) -> str:
    error = message.error
    return f"{error.code} {error.reason}".rstrip() if error else "an answer"
