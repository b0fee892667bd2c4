"""The checks an agent sends: transactions, what their answers mean, nomination, when to give up."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from rtckit.core.address import Address
from rtckit.ice.candidate import RELAY, IceCandidate
from rtckit.ice.checklist import Checklist
from rtckit.ice.consent import Consent
from rtckit.ice.events import Event
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.settings import Credentials, Settings
from rtckit.wire import stun

if TYPE_CHECKING:
    from rtckit.ice.agent import Transmit

__all__ = ["Checking"]

_ROLE_CONFLICT = 487
_MOST_RTTS = 60
_MOST_CANCELLED = 16


@dataclass(slots=True)
class _Transaction:
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
    controlling: bool = False
    cancelled: bool = False


class Checking:
    """The checking half of `rtckit.ice.agent.Agent`, which has the attributes it uses."""

    controlling: bool
    credentials: Credentials
    remote_credentials: Credentials | None
    remote_lite: bool
    settings: Settings
    random: Random
    tie_breaker: int
    nomination: str
    lite: bool
    local: list[IceCandidate]
    checklist: Checklist
    gathering_ended: bool
    remote_ended: bool

    def __init__(self) -> None:
        self.state = "new"
        self.selected: CandidatePair | None = None
        self.failure: str | None = None
        self.started_at: float | None = None
        self.transmits: list[Transmit] = []
        self.events: list[Event] = []
        self.consent: Consent | None = None
        self._transactions: dict[bytes, _Transaction] = {}
        self._next_check: float | None = None
        self._nominate_at: float | None = None
        self._nominating: CandidatePair | None = None
        self._generation_selected = False
        self._recent: deque[bytes] = deque(maxlen=64)

    # -- time ------------------------------------------------------------------------------------

    def next_time(self) -> float | None:
        """Return when `on_time` wants to be called; None for not at all."""
        return min(self._times(), default=None)

    def _times(self) -> Iterator[float]:
        if self.state in ("new", "closed"):
            return
        for transaction in self._transactions.values():
            yield transaction.next_time
        if self.consent is not None:
            yield self.consent.next_time
        if self.state == "failed" or self.lite:
            return
        if self.remote_credentials is not None and self.checklist.has_unsent:
            yield self._next_check if self._next_check is not None else self.started_at or 0.0
        if self._nominate_at is not None:
            yield self._nominate_at
        if self.state == "checking" and self.started_at is not None:
            yield self.started_at + self.settings.pac

    def on_time(self, now: float) -> None:
        """Do what is due: retransmit, send the next check, nominate, ask for consent, give up."""
        if self.state in ("new", "closed"):
            return
        self._retransmit(now)
        if self.consent is not None:
            self._ask_consent(now, self.consent)
        if self.state == "failed" or self.lite or self.remote_credentials is None:
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
        aggressive = self.nomination == "aggressive" and not self.remote_lite
        nominate = self.controlling and (aggressive or pair is self._nominating)
        self._send_check(now, pair, use_candidate=nominate)
        self._next_check = now + self.settings.ta

    def _retransmit(self, now: float) -> None:
        for transaction in list(self._transactions.values()):
            if now < transaction.next_time:
                continue
            pair = transaction.pair
            if transaction.cancelled or transaction.sent >= self.settings.transmissions:
                del self._transactions[transaction.id]
                if not transaction.cancelled:
                    self._fail(now, pair, f"no answer to {transaction.sent} checks")
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

    # -- requests --------------------------------------------------------------------------------

    def _send_check(self, now: float, pair: CandidatePair, *, use_candidate: bool) -> None:
        """Send a check (RFC 8445, 7.2.2)."""
        waiting = sum(p.state in (PairState.WAITING, PairState.IN_PROGRESS) for p in self.checklist)
        rto = max(self.settings.rto, self.settings.ta * waiting)
        transaction_id, data = self._build_check(pair, use_candidate=use_candidate)
        self._transactions[transaction_id] = _Transaction(
            transaction_id,
            pair,
            data,
            rto,
            now,
            now,
            now + rto,
            use_candidate=use_candidate,
            controlling=self.controlling,
        )
        if pair.state is not PairState.SUCCEEDED:
            pair.state = PairState.IN_PROGRESS
            self._note_pair(now, pair)
        pair.requests_sent += 1
        self._transmit(pair, data)
        self._note(now, "sent", pair, use_candidate=use_candidate)

    def _build_check(self, pair: CandidatePair, *, use_candidate: bool) -> tuple[bytes, bytes]:
        assert self.remote_credentials is not None
        transaction_id = self.random.randbytes(12)
        role = (
            stun.AttributeType.ICE_CONTROLLING
            if self.controlling
            else stun.AttributeType.ICE_CONTROLLED
        )
        attributes: list[tuple[int, Any]] = [
            (
                stun.AttributeType.USERNAME,
                f"{self.remote_credentials.ufrag}:{self.credentials.ufrag}",
            ),
            (stun.AttributeType.PRIORITY, self._prflx_priority(pair.local)),
            (role, self.tie_breaker),
        ]
        if use_candidate:
            attributes.append((stun.AttributeType.USE_CANDIDATE, True))
        data = stun.build(
            stun.Method.BINDING,
            stun.MessageClass.REQUEST,
            transaction_id,
            attributes,
            key=stun.short_term_key(self.remote_credentials.pwd),
        )
        return transaction_id, data

    def _transmit(self, pair: CandidatePair, data: bytes) -> None:
        from rtckit.ice.agent import Transmit

        self.transmits.append(
            Transmit(pair.local.transport, pair.local.base, pair.remote.address, data)
        )

    def _check_back(self, now: float, pair: CandidatePair) -> None:
        """Answer a check with one of our own, before others (RFC 8445, 7.3.1.4)."""
        if pair.state is PairState.IN_PROGRESS:
            for transaction in self._transactions.values():
                if transaction.pair is pair and not transaction.cancelled:
                    if transaction.last_sent == now:
                        return  # one is on its way this very moment
                    # Its answer may still come: on a slow path that of every check would.
                    transaction.cancelled = True
                    transaction.next_time = transaction.first_sent + self._lifetime(transaction)
            self._forget_oldest(pair)
        pair.state = PairState.WAITING
        pair.definitive = False
        self._note_pair(now, pair)
        self.checklist.trigger(pair)
        if self.state == "failed":
            self.failure = None
            self._set_state(now, "checking")

    def _lifetime(self, transaction: _Transaction) -> float:
        """How long a check waits for its answer in all (RFC 8489, 6.2.1: 79 times the RTO)."""
        waits: float = 2 ** (self.settings.transmissions - 1) - 1 + self.settings.last_wait
        return transaction.rto * waits

    def _forget_oldest(self, pair: CandidatePair) -> None:
        """Keep a few checks of a pair only, so that many requests do not fill the memory."""
        old = [t.id for t in self._transactions.values() if t.pair is pair and t.cancelled]
        for transaction_id in old[:-_MOST_CANCELLED]:
            del self._transactions[transaction_id]

    # -- responses -------------------------------------------------------------------------------

    def _receive_response(
        self, now: float, local: Address, remote: Address, message: stun.Message
    ) -> None:
        """Take the answer to a check (RFC 8445, 7.2.5); unsigned ones change nothing."""
        transaction_id = message.transaction_id
        if self.remote_credentials is None:
            return
        key = stun.short_term_key(self.remote_credentials.pwd)
        if stun.verify_integrity(message, key) is not True:
            if transaction_id in self._transactions or self._is_consent(transaction_id):
                self._note_unsigned(now, remote, message)
            return
        if self.consent is not None and self._is_consent(transaction_id):
            self._take_consent(now, self.consent, remote, message)
            return
        transaction = self._transactions.pop(transaction_id, None)
        if transaction is None:
            if transaction_id not in self._recent:
                self._note(now, "discarded", remote=str(remote), reason="answers no check")
            return
        self._recent.append(transaction_id)
        pair = transaction.pair
        pair.responses_received += 1
        if transaction.sent == 1:  # else nobody knows which of them was answered
            pair.rtt = now - transaction.first_sent
            pair.rtts = [*pair.rtts[-_MOST_RTTS + 1 :], pair.rtt]
        if message.message_class is stun.MessageClass.ERROR:
            self._take_error(now, transaction, message)
        elif (local, remote) != (pair.local.base, pair.remote.address):
            self._fail(now, pair, f"answered from {remote} instead", definitive=True)
        elif message.xor_mapped_address is None:
            self._fail(now, pair, "the answer has no XOR-MAPPED-ADDRESS", definitive=True)
        else:
            self._succeed(now, transaction, message.xor_mapped_address)
        self._judge(now)

    def _note_unsigned(self, now: float, remote: Address, message: stun.Message) -> None:
        """Remember what an answer without a signature said; it proves nothing."""
        error = message.error
        said = f"{error.code} {error.reason}" if error else "an answer"
        self._note(now, "discarded", remote=str(remote), reason=f"{said} that is not signed")
        transaction = self._transactions.get(message.transaction_id)
        if transaction is not None:
            transaction.pair.last_error = f"{said}, not signed"

    def _take_error(self, now: float, transaction: _Transaction, message: stun.Message) -> None:
        error = message.error
        code, reason = (error.code, error.reason) if error else (0, "")
        self._note(now, "error", transaction.pair, code=code, reason=reason, sent=False)
        if code == _ROLE_CONFLICT:
            # Both saw it only if the role is still the one the check was sent with.
            if transaction.controlling == self.controlling:
                self._switch_role(now, controlling=not self.controlling)
            transaction.pair.state = PairState.WAITING
            self.checklist.trigger(transaction.pair)
            return
        self._fail(now, transaction.pair, f"refused: {code} {reason}".rstrip(), definitive=True)

    def _succeed(self, now: float, transaction: _Transaction, mapped: Address) -> None:
        """Take a pair for valid (RFC 8445, 7.2.5.3)."""
        pair = transaction.pair
        pair.mapped = self._mapped_candidate(pair, mapped)
        pair.state, pair.valid, pair.last_error = PairState.SUCCEEDED, True, None
        if pair.succeeded_at is None:
            pair.succeeded_at = now
        self._cancel(pair)
        self.checklist.thaw_alike(pair)
        self._note(now, "response", pair, rtt=pair.rtt, mapped=str(mapped))
        self._note_pair(now, pair)
        if self.controlling:
            if transaction.use_candidate and transaction.controlling:
                self._nominated(now, pair)
            else:
                self._plan_nomination(now)
        elif pair.nominate_on_success:
            self._nominated(now, pair)
        if self.state in ("checking", "failed"):
            self._set_state(now, "connected")

    def _cancel(self, pair: CandidatePair) -> None:
        """Send no check of a pair again, but for the one that nominates it."""
        for transaction in self._transactions.values():
            if transaction.pair is pair and not (
                transaction.use_candidate and pair is self._nominating
            ):
                transaction.cancelled = True

    def _fail(
        self, now: float, pair: CandidatePair, reason: str, *, definitive: bool = False
    ) -> None:
        """Take a pair for one that does not work."""
        if pair is self._nominating:
            self._nominating = None
            self._plan_nomination(now)
        if pair.state is PairState.SUCCEEDED:
            pair.last_error = reason
            return
        if pair.last_error is None or definitive:
            pair.last_error = reason
        pair.state, pair.definitive = PairState.FAILED, definitive
        for transaction_id in [t.id for t in self._transactions.values() if t.pair is pair]:
            del self._transactions[transaction_id]
        self._note_pair(now, pair)

    # -- nomination ------------------------------------------------------------------------------

    def _plan_nomination(self, now: float) -> None:
        """Decide when to nominate: at once when nothing better can come (RFC 8445, 8.1.1)."""
        if self.nomination == "aggressive" and not self.remote_lite:
            return
        if self._generation_selected or self._nominating is not None:
            return
        best = next((pair for pair in self.checklist if pair.valid), None)
        if best is None:
            self._nominate_at = None
            return
        better = any(
            pair.priority > best.priority and pair.state is not PairState.FAILED
            for pair in self.checklist
        )
        relayed = RELAY in (best.local.type, best.remote.type)
        patience = self.settings.relay_patience if relayed else self.settings.patience
        if not better:
            self._nominate_best(now)
        elif self._nominate_at is None or now + patience < self._nominate_at:
            self._nominate_at = now + patience

    def _nominate_best(self, now: float) -> None:
        self._nominate_at = None
        best = next((pair for pair in self.checklist if pair.valid), None)
        if best is not None and self.controlling:
            self.nominate(now, best)

    def nominate(self, now: float, pair: CandidatePair) -> None:
        """Send a check with USE-CANDIDATE on a pair that works, the first or another one later.

        Raises:
            ValueError: this side does not control, or the pair has not worked.
        """
        if not self.controlling or not pair.valid:
            raise ValueError("only the controlling side nominates, and only a valid pair")
        self._nominating = pair
        self._send_check(now, pair, use_candidate=True)

    def _follow_nomination(self, now: float, pair: CandidatePair) -> None:
        """The other side nominated a pair (RFC 8445, 7.3.1.5)."""
        if pair.state is PairState.SUCCEEDED and pair.valid:
            self._nominated(now, pair)
        else:
            pair.nominate_on_success = True

    def _nominated(self, now: float, pair: CandidatePair) -> None:
        """Both sides know of the nomination: select, by priority if several were nominated."""
        if not pair.nominated:
            pair.nominated = True
            self._note(now, "nominated", pair)
        regular = self.nomination == "regular" or self.remote_lite
        is_better = self.selected is None or (
            pair.valid_priority(controlling=self.controlling)
            > self.selected.valid_priority(controlling=self.controlling)
        )
        renominates = self.controlling and regular and pair is self._nominating
        if pair is self._nominating:
            self._nominating = None
        if not self._generation_selected or is_better or renominates:
            changed = pair is not self.selected
            self.selected = pair
            self._generation_selected = True
            if changed:
                self._note(now, "selected", pair, local=str(pair.local), remote=str(pair.remote))
                self.consent = Consent.begin(now, self.settings, self.random)
        if regular:
            self._conclude(pair)
        self._set_state(now, "connected" if self.state != "completed" else self.state)
        self._judge(now)

    def _conclude(self, chosen: CandidatePair) -> None:
        """Check no other pair any more (RFC 8445, 8.1.1)."""
        self.checklist.concluded = True
        self._nominate_at = None
        for transaction in self._transactions.values():
            if transaction.pair is not chosen:
                transaction.cancelled = True

    # -- consent ---------------------------------------------------------------------------------

    def _is_consent(self, transaction_id: bytes) -> bool:
        return self.consent is not None and self.consent.knows(transaction_id)

    def _ask_consent(self, now: float, consent: Consent) -> None:
        """Ask whether the peer still wants data (RFC 7675, 5.1)."""
        if self.selected is None or self.remote_credentials is None:
            return
        if now >= consent.expires_at:
            self._note(now, "consent", self.selected, lost=True)
            self.failure = (
                f"the peer did not consent for {self.settings.consent_timeout:.0f} seconds"
            )
            self.consent = None
            self._set_state(now, "failed")
            return
        if now >= consent.disconnects_at and self.state in ("connected", "completed"):
            self._set_state(now, "disconnected")
        if now >= consent.ask_at:
            transaction_id, data = self._build_check(self.selected, use_candidate=False)
            consent.ask(now, transaction_id)
            self._transmit(self.selected, data)
            self._note(now, "consent", self.selected, asked=consent.asked)

    def _take_consent(
        self, now: float, consent: Consent, remote: Address, message: stun.Message
    ) -> None:
        assert self.selected is not None
        if message.message_class is stun.MessageClass.ERROR:
            return
        if remote != self.selected.remote.address:
            return
        rtt = consent.answered(now, message.transaction_id)
        self.selected.rtt = rtt
        self.selected.rtts = [*self.selected.rtts[-_MOST_RTTS + 1 :], rtt]
        self._note(now, "consent", self.selected, rtt=rtt)
        if self.state == "disconnected":
            self._set_state(now, "connected")
            self._judge(now)

    # -- state -----------------------------------------------------------------------------------

    def _switch_role(self, now: float, *, controlling: bool) -> None:
        self.controlling = controlling
        for pair in self.checklist:
            pair.update_priority(controlling=controlling)
        self.checklist.sort()
        self._nominate_at = self._nominating = None
        self._note(now, "role", controlling=controlling)

    def _judge(self, now: float) -> None:
        """Decide whether the session is complete or has failed (RFC 8445, 6.1.2.1; RFC 8863, 4)."""
        if self.lite or self.state not in ("checking", "connected"):
            return
        if self.state == "connected":
            if self._generation_selected and not self._has_better_work():
                self._set_state(now, "completed")
            return
        if self.remote_credentials is None or self.started_at is None:
            return
        if any(pair.valid for pair in self.checklist) or self.checklist.has_work:
            if now < self.started_at + self.settings.pac or self.selected is not None:
                return
            self._give_up(now, "no check was answered in time")
            return
        hopeless = all(pair.definitive for pair in self.checklist)
        if self.gathering_ended and self.remote_ended and hopeless and not self._is_reachable():
            self._give_up(now, self._why_hopeless())
        elif now >= self.started_at + self.settings.pac:
            self._give_up(now, "no check was answered in time")

    def _is_reachable(self) -> bool:
        """Whether the peer could still find this side: there is an address its checks can reach."""
        return bool(self.local) and not self.checklist.pairs and not self.remote_ended

    def _why_hopeless(self) -> str:
        if not self.local:
            return "there is no local candidate"
        if not len(self.checklist):
            return "no local candidate suits any remote one"
        reasons = sorted({pair.last_error or "" for pair in self.checklist})
        return "; ".join(reasons)

    def _has_better_work(self) -> bool:
        """Whether a pair above the selected one may still come to work."""
        if self.selected is None:
            return True
        if self.checklist.concluded:
            return False
        best = self.selected.priority
        states = (PairState.WAITING, PairState.IN_PROGRESS, PairState.FROZEN)
        return any(pair.state in states and pair.priority > best for pair in self.checklist)

    def _give_up(self, now: float, reason: str) -> None:
        self.failure = reason
        self._transactions.clear()
        self._set_state(now, "failed")

    def _set_state(self, now: float, state: str) -> None:
        if state != self.state and self.state != "closed":
            self.state = state
            why: dict[str, Any] = {"why": self.failure} if self.failure else {}
            self._note(now, "state", None, state=state, **why)

    def _reset_checks(self) -> None:
        self._transactions.clear()
        self._next_check = self._nominate_at = self._nominating = None
        self._generation_selected = False

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

    # -- what the other half provides ------------------------------------------------------------

    def _note(
        self, now: float, event: str, pair: CandidatePair | None = None, **detail: Any
    ) -> None:
        raise NotImplementedError

    def _mapped_candidate(self, pair: CandidatePair, mapped: Address) -> IceCandidate:
        raise NotImplementedError

    def _prflx_priority(self, local: IceCandidate) -> int:
        raise NotImplementedError
