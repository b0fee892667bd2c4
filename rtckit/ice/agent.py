"""An ICE agent without sockets, clock or randomness of its own (RFC 8445, RFC 8838, RFC 7675).

The caller, a driver, hands in datagrams and the time, and takes out datagrams, events and the time
at which it wants to be called again. After every call of a method that takes ``now``::

    for transmit in agent.take_transmits(): ...   # send them
    for event in agent.take_events(): ...         # show them
    agent.next_time()                             # call on_time then, and not before

Time is in seconds on any clock that only goes forward. What a driver does besides:

* Candidates. ``add_local`` each as it is gathered, ``end_of_local`` in the end; ``set_remote`` when
  the credentials of the peer are known, ``add_remote`` each of its candidates, before or after,
  and ``end_of_remote`` when it said that there are no more.
* UDP. A transmit leaves from the socket bound to its ``local``, the base of the candidate. What
  comes in goes to ``receive`` with that same address; False means that it is data, not ICE.
* TURN. A relayed candidate has its relayed address as base as well. A transmit whose ``local`` is
  one goes out through that allocation (permission first), and what the allocation delivers comes
  in with the relayed address as ``local`` and the peer as ``remote``.
* TCP (RFC 6544). A transmit with transport ``tcp`` goes, framed as RFC 4571 has it, over the
  connection between its ``local`` and ``remote``. When there is none and ``local`` is the base of
  an active candidate (port 9, whatever the connection's own port is), the driver opens it. On a
  passive one the driver listens; what comes over an accepted connection goes to ``receive`` with
  the listening address as ``local``. A connection that fails or ends is told with ``fail_send``.
* Errors. ``fail_send`` tells that a datagram could not be sent; with ``transient=True`` that an
  ICMP error came back, which the agent believes when it comes again.
* mDNS. ``add_remote`` takes a candidate whose address is a name and makes no pair of it;
  ``resolve_remote`` tells the address of the name, or that there is none. For a local candidate
  set ``IceCandidate.name``, and `IceCandidate.to_sdp` writes it in place of the address.
"""

from collections import deque
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from rtckit.ice.candidate import PRFLX, IceCandidate
from rtckit.ice.checking import Checking
from rtckit.ice.checklist import Checklist
from rtckit.ice.events import Event
from rtckit.ice.foundation import foundation
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.priority import candidate_priority
from rtckit.ice.settings import Credentials, Settings
from rtckit.wire import stun

__all__ = ["Agent", "Credentials", "Settings", "Transmit"]


_MOST_SOFT_ERRORS = 3
"""A port that is closed may open, a route come up: believed when it was said so often."""


class Transmit(NamedTuple):
    """A datagram to send."""

    transport: str
    local: Address
    remote: Address
    data: bytes


class _EarlyCheck(NamedTuple):
    """A check that came before the remote credentials (RFC 8445, 7.3)."""

    transport: str
    local: Address
    remote: Address
    priority: int
    use_candidate: bool


class Agent(Checking):
    """One end of an ICE session with one data stream.

    Args:
        controlling: the role to begin with (RFC 8445, 6.1.1).
        credentials: of this side.
        random: where transaction ids, the tie-breaker and jitter come from; a seeded one makes
            everything repeatable.
        nomination: ``regular``, or ``aggressive`` as RFC 5245 had it.
        lite: only answer checks (RFC 8445, 2.5).
        settings: timers and limits.

    Attributes:
        state: ``new``, ``checking``, ``connected``, ``completed``, ``disconnected``, ``failed`` or
            ``closed`` (W3C RTCIceTransportState).
        selected: the pair data goes over; None before.
        failure: why it failed, in words; None while it has not.
    """

    def __init__(
        self,
        *,
        controlling: bool,
        credentials: Credentials,
        random: Random,
        nomination: str = "regular",
        lite: bool = False,
        settings: Settings | None = None,
    ) -> None:
        if nomination not in ("regular", "aggressive"):
            raise ValueError(f"no way to nominate: {nomination!r}")
        super().__init__()
        self.controlling = controlling and not lite
        self.credentials = credentials
        self.settings = settings or Settings()
        self.random = random
        self.tie_breaker = random.getrandbits(64)
        self.nomination = nomination
        self.lite = lite
        self.local: list[IceCandidate] = []
        self.remote: list[IceCandidate] = []
        self.remote_credentials: Credentials | None = None
        self.remote_lite = False
        self.checklist = Checklist(self.settings.most_pairs)
        self.gathering_ended = False
        self.remote_ended = False
        self._foundation_key = random.randbytes(16)
        self._unresolved: dict[str, str] = {}
        self._early: deque[_EarlyCheck] = deque(maxlen=self.settings.early_checks)

    # -- what the caller tells -------------------------------------------------------------------

    def add_local(self, now: float, candidate: IceCandidate, *, rtt: float | None = None) -> bool:
        """Take a candidate of this side; False for one that is redundant (RFC 8445, 5.1.3).

        Args:
            now: the time, in seconds.
            candidate: as it was gathered.
            rtt: seconds its server took to answer, for the event.
        """
        for known in self.local:
            same = (known.transport, known.address, known.base, known.tcptype)
            if same == (
                *(candidate.transport, candidate.address, candidate.base, candidate.tcptype),
            ):
                return False
        self.local.append(candidate)
        rtt_ms = None if rtt is None else round(rtt * 1000, 3)
        self._note(now, "local-candidate", **candidate.as_json(), rtt_ms=rtt_ms)
        if not self.lite:
            for remote in self.remote:
                self._pair_up(now, candidate, remote)
        return True

    def end_of_local(self, now: float) -> None:
        """Say that this side has no more candidates."""
        self.gathering_ended = True
        self._judge(now)

    def set_remote(self, now: float, credentials: Credentials, *, lite: bool = False) -> None:
        """Take the credentials of the other side; a lite peer leaves this side in control."""
        self.remote_credentials = credentials
        self.remote_lite = lite
        if lite and not self.lite and not self.controlling:
            self._switch_role(now, controlling=True)
        if self.state == "new":
            self._set_state(now, "checking")
        self.started_at = now if self.started_at is None else self.started_at
        if not self.lite:
            for local in self.local:
                for remote in self.remote:
                    self._pair_up(now, local, remote)
        early, self._early = list(self._early), deque(maxlen=self.settings.early_checks)
        for check in early:
            self._learn_from_check(now, check)

    def add_remote(self, now: float, candidate: IceCandidate) -> bool:
        """Take a candidate of the other side; False when it is known already or one too many.

        One that was learned from a check before gets the type and priority it is told to have.
        """
        for place, known in enumerate(self.remote):
            if (known.transport, known.address) == (candidate.transport, candidate.address):
                if known.type == PRFLX != candidate.type:
                    self.remote[place] = candidate
                    self._rename_remote(known, candidate)
                return False
        if len(self.remote) >= self.settings.most_remote:
            self._note(now, "discarded", reason="too many remote candidates")
            return False
        self.remote.append(candidate)
        self._note(now, "remote-candidate", **candidate.as_json())
        if not self.lite:
            for local in self.local:
                self._pair_up(now, local, candidate)
        return True

    def resolve_remote(self, now: float, name: str, ip: str | None, reason: str = "") -> None:
        """Say what address a name among the remote candidates has; None that it has none."""
        for known in [c for c in self.remote if c.address.ip == name]:
            if ip is None:
                why = reason or f"{name} could not be resolved"
                self._note(now, "discarded", remote=str(known.address), reason=why)
                self._unresolved[name] = why
                continue
            self.remote.remove(known)
            address = Address(ip, known.address.port)
            self.add_remote(now, replace(known, address=address, base=address, name=name))
        self._judge(now)

    def end_of_remote(self, now: float) -> None:
        """Say that the other side has no more candidates (RFC 8838, 14)."""
        self.remote_ended = True
        self._judge(now)

    def restart(self, now: float, credentials: Credentials) -> None:
        """Begin anew with other credentials; data goes on over the old pair (RFC 8445, 9)."""
        self.credentials = credentials
        self.remote_credentials = None
        self.remote.clear()
        self.local = [candidate for candidate in self.local if candidate.type != PRFLX]
        self.checklist = Checklist(self.settings.most_pairs)
        self.remote_ended = False
        self.started_at = None
        self.failure = None
        self._reset_checks()
        self._early.clear()
        self._note(now, "restart", ufrag=credentials.ufrag)
        self._set_state(now, "checking" if self.selected is None else self.state)

    def close(self, now: float) -> None:
        """End it; nothing is sent any more."""
        self._reset_checks()
        self._set_state(now, "closed")

    def fail_pair(self, now: float, pair: CandidatePair, reason: str) -> None:
        """Say that a pair cannot be sent on: no route, refused, not permitted."""
        self._fail(now, pair, reason, definitive=True)
        if self._next_check is not None:
            self._next_check = now  # nothing was sent, so nothing has to be paced
        self._judge(now)

    def fail_send(
        self,
        now: float,
        local: Address,
        remote: Address,
        reason: str,
        *,
        transport: str = "udp",
        transient: bool = False,
    ) -> None:
        """Say that a datagram could not be sent, or that a connection failed or ended.

        Args:
            now: the time.
            local: the base, as the transmit had it.
            remote: where it went.
            reason: for people.
            transport: ``udp`` or ``tcp``.
            transient: an ICMP error came back; the pair fails when that happened three times.
        """
        pair = self.checklist.find(transport, local, remote)
        if pair is None or pair.state is PairState.SUCCEEDED:
            return
        pair.last_error = reason
        if transient:
            pair.soft_errors += 1
            if pair.soft_errors < _MOST_SOFT_ERRORS:
                return
        self.fail_pair(now, pair, reason)

    # -- datagrams -------------------------------------------------------------------------------

    def receive(
        self, now: float, local: Address, remote: Address, data: bytes, transport: str = "udp"
    ) -> bool:
        """Take a datagram that came in; True when it was meant for ICE, False when it is data.

        Whatever the bytes are, nothing is raised, and nothing changes unless they are signed.
        """
        if not stun.looks_like_stun(data):
            return False
        try:
            message = stun.parse(data)
        except ParseError as error:
            self._note(now, "discarded", remote=str(remote), reason=str(error))
            return True
        if message.method != stun.Method.BINDING:
            return False
        if stun.verify_fingerprint(message) is False:
            self._note(now, "discarded", remote=str(remote), reason="FINGERPRINT is wrong")
            return True
        kind = message.message_class
        if kind is stun.MessageClass.REQUEST:
            self._receive_request(now, transport, local, remote, message)
        elif kind is not stun.MessageClass.INDICATION:
            self._receive_response(now, local, remote, message)
        return True

    def _receive_request(
        self, now: float, transport: str, local: Address, remote: Address, message: stun.Message
    ) -> None:
        """Answer a check, and learn from it (RFC 8445, 7.3)."""
        if self.state == "closed" or not any(c.base == local for c in self.local):
            return
        username = message.username
        if username is None or not message.has_integrity:
            self._answer_error(now, transport, local, remote, message, 400, "Bad Request")
            return
        key = stun.short_term_key(self.credentials.pwd)
        ours, _, theirs = username.partition(":")
        if ours != self.credentials.ufrag or stun.verify_integrity(message, key) is not True:
            self._answer_error(now, transport, local, remote, message, 401, "Unauthorized")
            return
        if self.remote_credentials is not None and theirs != self.remote_credentials.ufrag:
            # Signed with our password but for another session of the peer: a restart under way.
            self._note(now, "discarded", remote=str(remote), reason=f"from ufrag {theirs!r}")
            return
        if self._conflicts(now, transport, local, remote, message, key):
            return
        self._answer(transport, local, remote, message, key)
        check = _EarlyCheck(
            transport, local, remote, message.priority or 0, bool(message.use_candidate)
        )
        self._note(now, "request", remote=str(remote), use_candidate=check.use_candidate)
        if self.remote_credentials is None:
            self._early.append(check)
        else:
            self._learn_from_check(now, check)

    def _conflicts(
        self,
        now: float,
        transport: str,
        local: Address,
        remote: Address,
        message: stun.Message,
        key: bytes,
    ) -> bool:
        """Repair a conflict of roles; True when the request gets no success (RFC 8445, 7.3.1.1)."""
        theirs = message.controlling if self.controlling else message.controlled
        if theirs is None:
            return False
        keeps = self.tie_breaker >= theirs
        if keeps == self.controlling:
            self._answer_error(now, transport, local, remote, message, 487, "Role Conflict", key)
            return True
        if not self.lite:
            self._switch_role(now, controlling=not self.controlling)
        return False

    def _answer(
        self, transport: str, local: Address, remote: Address, message: stun.Message, key: bytes
    ) -> None:
        data = stun.build(
            stun.Method.BINDING,
            stun.MessageClass.SUCCESS,
            message.transaction_id,
            [(stun.AttributeType.XOR_MAPPED_ADDRESS, remote)],
            key=key,
        )
        self.transmits.append(Transmit(transport, local, remote, data))

    def _answer_error(
        self,
        now: float,
        transport: str,
        local: Address,
        remote: Address,
        message: stun.Message,
        code: int,
        reason: str,
        key: bytes | None = None,
    ) -> None:
        """Refuse a request; shorter than any request that is worth refusing."""
        self._note(now, "error", remote=str(remote), code=code, reason=reason, sent=True)
        data = stun.build(
            stun.Method.BINDING,
            stun.MessageClass.ERROR,
            message.transaction_id,
            [(stun.AttributeType.ERROR_CODE, stun.ErrorCode(code, reason))],
            key=key,
        )
        if key is None and len(data) > len(message.raw):
            return  # whoever sent it for another's address gains nothing
        self.transmits.append(Transmit(transport, local, remote, data))

    def _learn_from_check(self, now: float, check: _EarlyCheck) -> None:
        """Find or make the pair a check came on, and check it back (RFC 8445, 7.3.1.3 to 5)."""
        remote = next(
            (c for c in self.remote if (c.transport, c.address) == (check.transport, check.remote)),
            None,
        )
        if remote is None:
            if len(self.remote) >= self.settings.most_remote:
                self._note(now, "discarded", reason="too many remote candidates")
                return
            key = foundation(self._foundation_key, PRFLX, check.transport, check.remote.ip)
            remote = IceCandidate(
                PRFLX, check.transport, check.remote, check.remote, check.priority, key
            )
            self.remote.append(remote)
            self._note(now, "remote-candidate", **remote.as_json(), learned=True)
        local = self._local_for(check.transport, check.local)
        if local is None:
            return
        pair = self.checklist.find(check.transport, check.local, check.remote)
        if pair is None:
            pair = self.checklist.form(local, remote, controlling=self.controlling)
            if pair is None:
                return
            self._note_pair(now, pair)
        pair.requests_received += 1
        if self.lite:
            self._answer_as_lite(now, pair, use_candidate=check.use_candidate)
            return
        if pair.state is not PairState.SUCCEEDED:
            self._check_back(now, pair)
        if check.use_candidate and not self.controlling:
            self._follow_nomination(now, pair)

    def _local_for(self, transport: str, base: Address) -> IceCandidate | None:
        """Return the best candidate whose checks leave from an address."""
        found = [c for c in self.local if c.transport == transport and c.base == base]
        return max(found, key=lambda c: c.priority, default=None)

    def _answer_as_lite(self, now: float, pair: CandidatePair, *, use_candidate: bool) -> None:
        """A lite agent takes a pair for valid when the peer nominates it (RFC 8445, 8.2)."""
        if not use_candidate:
            return
        pair.state, pair.valid = PairState.SUCCEEDED, True
        if not pair.nominated:
            self._nominated(now, pair)

    # -- small things ----------------------------------------------------------------------------

    def _pair_up(self, now: float, local: IceCandidate, remote: IceCandidate) -> None:
        if self.remote_credentials is None:
            return
        best = self._local_for(local.transport, local.base)
        if best is None or best is not local:
            return  # a reflexive candidate checks from its base, which is paired already
        pair = self.checklist.form(local, remote, controlling=self.controlling)
        if pair is not None:
            self._note_pair(now, pair)

    def _rename_remote(self, old: IceCandidate, new: IceCandidate) -> None:
        for pair in self.checklist:
            if pair.remote is old:
                pair.remote = new
                pair.update_priority(controlling=self.controlling)
        self.checklist.sort()

    def _mapped_candidate(self, pair: CandidatePair, mapped: Address) -> IceCandidate:
        """Return the local candidate the peer sees, learned if need be (RFC 8445, 7.2.5.3.1)."""
        for known in self.local:
            if known.transport == pair.local.transport and known.address == mapped:
                return known
        learned = IceCandidate(
            PRFLX,
            pair.local.transport,
            mapped,
            pair.local.base,
            self._prflx_priority(pair.local),
            foundation(self._foundation_key, PRFLX, pair.local.transport, pair.local.base.ip),
            pair.component,
            pair.local.base,
            pair.local.tcptype,
            pair.local.interface,
        )
        if len(self.local) < self.settings.most_remote:
            self.local.append(learned)
        return learned

    def _prflx_priority(self, local: IceCandidate) -> int:
        """Return the priority a candidate learned from this one would get (RFC 8445, 7.1.1)."""
        return candidate_priority(PRFLX, local.priority >> 8 & 0xFFFF, local.component)

    def next_foundation(
        self, candidate_type: str, transport: str, base_ip: str, server: str = ""
    ) -> str:
        """Return the foundation for a candidate of this session."""
        return foundation(self._foundation_key, candidate_type, transport, base_ip, server)

    def take_transmits(self) -> list[Transmit]:
        """Return what is to be sent, and forget it."""
        taken, self.transmits = self.transmits, []
        return taken

    def take_events(self) -> list[Event]:
        """Return what happened since the last call."""
        taken, self.events = self.events, []
        return taken

    def _note(
        self, now: float, event: str, pair: CandidatePair | None = None, **detail: Any
    ) -> None:
        self.events.append(Event(now, event, pair.number if pair else None, detail))
