"""The checks of the peer: answering them, and what they teach (RFC 8445, 7.3)."""

from collections import deque
from typing import Any, NamedTuple

from rtckit.core.address import Address
from rtckit.ice.candidate import PRFLX, IceCandidate
from rtckit.ice.checking import Checking, unknown_required
from rtckit.ice.foundation import foundation
from rtckit.ice.pairs import TCP_PARTNER, CandidatePair, PairState
from rtckit.ice.session import Transmit
from rtckit.ice.settings import Credentials
from rtckit.wire import stun

__all__ = ["Answering"]

_HIGHEST_PRIORITY = 2**31 - 1
_MOST_REVIVALS = 4


class _Check(NamedTuple):
    """What a check of the peer says; kept when it comes before the remote credentials."""

    transport: str
    local: Address
    remote: Address
    priority: int
    use_candidate: bool
    nomination: int
    ufrag: str


class Answering(Checking):
    """The part of an agent that is a STUN server."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._early: deque[_Check] = deque(maxlen=self.settings.early_checks)

    def _receive_request(
        self, now: float, transport: str, local: Address, remote: Address, message: stun.Message
    ) -> None:
        """Answer a check, and learn from it."""
        if self.state == "closed" or not any(
            (c.transport, c.base) == (transport, local) for c in self.local
        ):
            return
        where = transport, local, remote
        username = message.username
        if username is None or not message.has_integrity:
            self._refuse(now, where, message, 400, "Bad Request")
            return
        ours, _, theirs = username.partition(":")
        credentials = self._credentials_of(ours)
        if credentials is None:
            self.heard.wrong_ufrag += 1
            self._refuse(now, where, message, 401, "Unauthorized")
            return
        key = stun.short_term_key(credentials.pwd)
        if stun.verify_integrity(message, key) is not True:
            self.heard.wrong_password += 1
            self._refuse(now, where, message, 401, "Unauthorized")
            return
        unknown = unknown_required(message)
        if unknown:
            more: list[tuple[int, Any]] = [(stun.AttributeType.UNKNOWN_ATTRIBUTES, unknown)]
            self._refuse(now, where, message, 420, "Unknown Attribute", key, more)
            return
        self.heard.requests += 1
        if credentials is not self.credentials:
            # Consent for the pair that data goes over until the restart is done.
            self._answer(where, message, key)
            return
        if self.remote_credentials is not None and theirs != self.remote_credentials.ufrag:
            # It knows this side's password but is not who the description is of: a fork, or a
            # restart whose description is still on its way (RFC 8445, 7.3).
            self.heard.other_session += 1
            self._note(now, "discarded", remote=str(remote), reason=f"from ufrag {theirs!r}")
            self._answer(where, message, key)
            return
        if self._conflicts(now, where, message, key):
            return
        self._answer(where, message, key)
        check = _Check(
            *where,
            min(max(message.priority or 1, 1), _HIGHEST_PRIORITY),
            bool(message.use_candidate),
            message.get(stun.AttributeType.GOOG_NOMINATION) or 0,
            theirs,
        )
        self._note(now, "request", remote=str(remote), use_candidate=check.use_candidate)
        if self.remote_credentials is None:
            self._early.append(check)
        else:
            self._learn_from_check(now, check)

    def _credentials_of(self, ufrag: str) -> Credentials | None:
        """Return the credentials of this side with a ufrag: today's or those before a restart."""
        for credentials in (self.credentials, *self._previous):
            if credentials.ufrag == ufrag:
                return credentials
        return None

    def _conflicts(
        self, now: float, where: tuple[str, Address, Address], message: stun.Message, key: bytes
    ) -> bool:
        """Repair a conflict of roles; True when the request gets no success (RFC 8445, 7.3.1.1)."""
        theirs = message.controlling if self.controlling else message.controlled
        if theirs is None:
            return False
        keeps = self.tie_breaker >= theirs
        self.heard.conflicts += 1
        if keeps == self.controlling:
            self._refuse(now, where, message, 487, "Role Conflict", key)
            return True
        if not self.lite:
            self._switch_role(now, controlling=not self.controlling)
        return False

    def _answer(
        self, where: tuple[str, Address, Address], message: stun.Message, key: bytes
    ) -> None:
        data = stun.build(
            stun.Method.BINDING,
            stun.MessageClass.SUCCESS,
            message.transaction_id,
            [(stun.AttributeType.XOR_MAPPED_ADDRESS, where[2])],
            key=key,
        )
        self.transmits.append(Transmit(*where, data))

    def _refuse(
        self,
        now: float,
        where: tuple[str, Address, Address],
        message: stun.Message,
        code: int,
        reason: str,
        key: bytes | None = None,
        more: list[tuple[int, Any]] | None = None,
    ) -> None:
        """Refuse a request; without a signature it is never longer than what it answers."""
        self._note(now, "error", remote=str(where[2]), code=code, reason=reason, sent=True)
        data = stun.build(
            stun.Method.BINDING,
            stun.MessageClass.ERROR,
            message.transaction_id,
            [(stun.AttributeType.ERROR_CODE, stun.ErrorCode(code, reason)), *(more or ())],
            key=key,
        )
        if key is None and len(data) > len(message.raw):
            return  # whoever sent it in another's name gains nothing
        self.transmits.append(Transmit(*where, data))

    # -- learning --------------------------------------------------------------------------------

    def _learn_from_early_checks(self, now: float) -> None:
        """Go on with the checks that came before the remote credentials (RFC 8445, 7.3)."""
        assert self.remote_credentials is not None
        early, self._early = list(self._early), deque(maxlen=self.settings.early_checks)
        for check in early:
            if check.ufrag == self.remote_credentials.ufrag:
                self._learn_from_check(now, check)
            else:
                self.heard.other_session += 1

    def _learn_from_check(self, now: float, check: _Check) -> None:
        """Find or make the pair a check came on, and check it back (RFC 8445, 7.3.1.3 to 5)."""
        local = self._local_for(check.transport, check.local)
        if local is None:
            return
        pair = self.checklist.find(check.transport, check.local, check.remote)
        if pair is None:
            pair = self._pair_for(now, check, local)
            if pair is None:
                return
        pair.requests_received += 1
        pair.heard_at = now
        if self.lite:
            self._answer_as_lite(now, pair, use_candidate=check.use_candidate)
            return
        if pair.state is not PairState.SUCCEEDED:
            self._check_back(now, pair)
        elif pair is self._nominating:
            self._nominate_again(now, pair)
        if check.use_candidate and not self.controlling:
            self._follow_nomination(now, pair, check.nomination)

    def _pair_for(self, now: float, check: _Check, local: IceCandidate) -> CandidatePair | None:
        """Make the pair of a check, of a remote candidate that is learned if need be."""
        remote = next(
            (c for c in self.remote if (c.transport, c.address) == (check.transport, check.remote)),
            None,
        )
        is_new = remote is None
        if remote is None:
            if len(self.remote) >= self.settings.most_remote:
                self._note(now, "discarded", reason="too many remote candidates")
                return None
            base = f"{check.remote}"  # of its own, so that no other is like it (7.3.1.3)
            remote = IceCandidate(
                PRFLX,
                check.transport,
                check.remote,
                check.remote,
                check.priority,
                foundation(self._foundation_key, PRFLX, check.transport, base),
                local.component,
                tcptype=TCP_PARTNER.get(local.tcptype or ""),
            )
        pair = self.checklist.form(local, remote, controlling=self.controlling, learned=True)
        if pair is None:
            return None
        if is_new:
            self.remote.append(remote)
            self._note(now, "remote-candidate", **remote.as_json(), learned=True)
        self._note_pair(now, pair)
        return pair

    def _check_back(self, now: float, pair: CandidatePair) -> None:
        """Answer a check with one of our own, before others (RFC 8445, 7.3.1.4)."""
        if self._consent_lost:
            return  # these credentials are not to be used any more (RFC 7675, 5.1)
        if pair.definitive:
            pair.revivals += 1
            if pair.revivals > _MOST_REVIVALS:
                return  # two NATs that map anew for each destination would go on for ever
        if pair.state is PairState.IN_PROGRESS:
            for transaction in self._transactions.values():
                is_fresh = transaction.last_sent == now or pair.local.transport == "tcp"
                if transaction.pair is pair and not transaction.cancelled and is_fresh:
                    return  # one is on its way this very moment, or TCP takes care of it
            # Its answer may still come: on a slow path that of every check would.
            self._cancel_checks(pair)
            self._forget_oldest(pair)
        pair.state = PairState.WAITING
        pair.definitive = False
        self._note_pair(now, pair)
        self.checklist.trigger(pair)
        if self.state == "failed":
            self.failure, self.causes = None, ()
            self._set_state(now, "checking")

    def _answer_as_lite(self, now: float, pair: CandidatePair, *, use_candidate: bool) -> None:
        """A lite agent takes a pair for valid when the peer nominates it (RFC 8445, 7.3.2)."""
        if not use_candidate:
            return
        pair.state, pair.valid = PairState.SUCCEEDED, True
        if pair.succeeded_at is None:
            pair.succeeded_at = now
        if not pair.nominated:
            self._nominated(now, pair)
