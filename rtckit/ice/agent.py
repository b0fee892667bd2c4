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

from dataclasses import replace
from random import Random

from rtckit.core.address import Address
from rtckit.core.errors import ParseError
from rtckit.ice.answering import Answering
from rtckit.ice.candidate import PRFLX, IceCandidate
from rtckit.ice.causes import Cause
from rtckit.ice.checklist import Checklist
from rtckit.ice.events import Event
from rtckit.ice.foundation import foundation
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.session import RENOMINATION, Transmit, without_zone
from rtckit.ice.settings import Credentials, Settings
from rtckit.wire import stun

__all__ = ["Agent", "Credentials", "Settings", "Transmit"]

_MOST_SOFT_ERRORS = 3
"""A port that is closed may open, a route come up: believed when it was said so often."""


_MOST_GENERATIONS = 4
"""Of so many restarts the peer may still ask for consent with the credentials of before."""


class Agent(Answering):
    """One end of an ICE session with one data stream of one component.

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
        selected: the pair data goes over; None before. Data leaves from ``selected.local.base``
            to ``selected.remote.address``.
        failure: why it failed, in words; None while it has not.
        causes: the same one by one, see `rtckit.ice.Cause`.
        checklist: the pairs, the highest priority first.
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
        super().__init__(
            controlling=controlling and not lite,
            credentials=credentials,
            random=random,
            nomination=nomination,
            lite=lite,
            settings=settings or Settings(),
        )
        self._initiates = controlling

    @property
    def pairs(self) -> list[CandidatePair]:
        """The pairs of the checklist, the highest priority first."""
        return self.checklist.pairs

    @property
    def options(self) -> tuple[str, ...]:
        """What to say in ``a=ice-options`` (RFC 8445, 10; RFC 8838, 3)."""
        found = ["trickle"]
        if self.nomination == "regular":
            found.append("ice2")
        if self.settings.renomination:
            found.append(RENOMINATION)
        return tuple(found)

    # -- what the caller tells -------------------------------------------------------------------

    def add_local(self, now: float, candidate: IceCandidate, *, rtt: float | None = None) -> bool:
        """Take a candidate of this side; False for one that is redundant (RFC 8445, 5.1.3).

        Args:
            now: the time, in seconds.
            candidate: as it was gathered.
            rtt: seconds its server took to answer, for the event.
        """
        if candidate.component != 1:
            self._note(now, "discarded", reason=f"component {candidate.component} is not used")
            return False
        for known in self.local:
            same = (known.transport, known.address, known.base, known.tcptype)
            if same == (
                *(candidate.transport, candidate.address, candidate.base, candidate.tcptype),
            ):
                return False
        self.local.append(candidate)
        rtt_ms = None if rtt is None else round(rtt * 1000, 3)
        self._note(now, "local-candidate", **candidate.as_json(), rtt_ms=rtt_ms)
        for remote in list(self.remote):
            self._pair_up(now, candidate, remote)
        self._select_between_lites(now)
        return True

    def end_of_local(self, now: float) -> None:
        """Say that this side has no more candidates."""
        self.gathering_ended = True
        self._select_between_lites(now)
        self._judge(now)

    def set_remote(
        self,
        now: float,
        credentials: Credentials,
        *,
        lite: bool = False,
        options: tuple[str, ...] = (),
    ) -> None:
        """Take what the description of the other side says; a lite peer leaves this in control.

        Args:
            now: the time.
            credentials: its ufrag and password.
            lite: it said ``a=ice-lite``.
            options: what it said in ``a=ice-options``.
        """
        self.remote_credentials = credentials
        self.remote_lite = lite
        self.remote_options = frozenset(options)
        if lite and self.lite:
            self.controlling = self._initiates  # RFC 8445, 6.1.1
        elif lite and not self.controlling:
            self._switch_role(now, controlling=True)
        if self.state == "new":
            self._set_state(now, "checking")
        self.started_at = now if self.started_at is None else self.started_at
        for local in list(self.local):
            for remote in list(self.remote):
                self._pair_up(now, local, remote)
        self._learn_from_early_checks(now)
        self._select_between_lites(now)
        self._judge(now)

    def add_remote(self, now: float, candidate: IceCandidate) -> bool:
        """Take a candidate of the other side; False when it is known already or not of use.

        One that was learned from a check before gets the type and priority it is told to have. A
        name is kept until `resolve_remote` tells its address.
        """
        if candidate.component != 1:
            self._note(now, "discarded", reason=f"component {candidate.component} is not used")
            return False
        for place, known in enumerate(self.remote):
            if (known.transport, known.address, known.tcptype) == (
                *(candidate.transport, candidate.address, candidate.tcptype),
            ):
                if known.type == PRFLX != candidate.type:
                    self.remote[place] = candidate
                    self._rename_remote(known, candidate)
                    for local in list(self.local):
                        self._pair_up(now, local, candidate)
                return False
        if len(self.remote) >= self.settings.most_remote and not self._forget_learned():
            self._note(now, "discarded", reason="too many remote candidates")
            return False
        self.remote.append(candidate)
        self._note(now, "remote-candidate", **candidate.as_json())
        for local in list(self.local):
            self._pair_up(now, local, candidate)
        self._select_between_lites(now)
        return True

    def resolve_remote(self, now: float, name: str, ip: str | None, reason: str = "") -> None:
        """Say what address a name among the remote candidates has; None that it has none."""
        for known in [c for c in self.remote if c.address.ip == name]:
            if ip is None:
                why = reason or f"{name} could not be resolved"
                self._note(now, "discarded", remote=str(known.address), reason=why)
                continue
            self.remote.remove(known)
            address = Address(ip, known.address.port)
            self.add_remote(now, replace(known, address=address, base=address, name=name))
        self._judge(now)

    def end_of_remote(self, now: float) -> None:
        """Say that the other side has no more candidates (RFC 8838, 14)."""
        self.remote_ended = True
        self._select_between_lites(now)
        self._judge(now)

    def restart(self, now: float, credentials: Credentials) -> None:
        """Begin anew with other credentials (RFC 8445, 9).

        Data goes on over the selected pair, with its consent, until another one is selected. The
        role stays; the local candidates do, for they can be used again.

        Raises:
            ValueError: ufrag or password are those of before.
        """
        if (
            credentials.ufrag == self.credentials.ufrag or credentials.pwd == self.credentials.pwd
        ) and self.started_at is not None:
            raise ValueError("a restart changes both ufrag and password (RFC 8445, 9)")
        if self.state == "closed":
            return
        self._previous = (self.credentials, *self._previous)[:_MOST_GENERATIONS]
        self.credentials = credentials
        self.remote_credentials = None
        self.remote.clear()
        self.local = [candidate for candidate in self.local if candidate.type != PRFLX]
        self.checklist = Checklist(self.settings.most_pairs, self.checklist.formed)
        self.remote_ended = False
        self.started_at = None
        self.failure, self.causes = None, ()
        self._reset_checks()
        self._note(now, "restart", ufrag=credentials.ufrag)
        self._set_state(now, "checking")

    def close(self, now: float) -> None:
        """End it; nothing is sent any more."""
        self._reset_checks()
        self.consent = self._keepalive_at = None
        self.transmits.clear()
        self._set_state(now, "closed")

    def check(self, now: float, pair: CandidatePair) -> None:
        """Have a pair checked before others: one that failed, or one that was not needed so far.

        With renomination a pair that proves to work may then be nominated.
        """
        if pair.state is not PairState.SUCCEEDED:
            self._cancel_checks(pair)
            self._forget_oldest(pair)
            pair.state, pair.definitive = PairState.WAITING, False
            self._note_pair(now, pair)
        self.checklist.trigger(pair)

    def fail_pair(self, now: float, pair: CandidatePair, reason: str) -> None:
        """Say that a pair cannot be sent on: no route, refused, not permitted."""
        pair.unsendable = True
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
        if self.state == "closed":
            return
        pair = self.checklist.find(transport, local, remote)
        if pair is None:
            return
        if pair.state is PairState.SUCCEEDED:
            if transport == "tcp":
                self._lose_connection(now, pair, reason)
            elif pair is self.selected and not transient:
                pair.last_error = reason
                if self.state in ("connected", "completed"):
                    self._set_state(now, "disconnected")  # until consent is answered, or expires
            return
        pair.last_error = reason
        if transient:
            pair.soft_errors += 1
            if pair.soft_errors < _MOST_SOFT_ERRORS:
                return
        self.fail_pair(now, pair, reason)

    def _lose_connection(self, now: float, pair: CandidatePair, reason: str) -> None:
        """Open the connection of the selected pair again, or wait for it (RFC 6544, 11.1)."""
        pair.last_error = reason
        if pair is not self.selected:
            pair.state, pair.valid = PairState.FAILED, False
            self._note_pair(now, pair)
            return
        if self.state == "disconnected":
            text = f"the connection ended and could not be made again: {reason}"
            self.causes = (Cause("connection-lost", text, "restart ICE", (pair.number,)),)
            self.failure = text
            self.consent = None
            self._set_state(now, "failed")
            return
        if self.state not in ("connected", "completed"):
            return
        self._set_state(now, "disconnected")
        if pair.local.tcptype != "passive" and self.remote_credentials is not None:
            self._send_check(now, pair, use_candidate=False)

    # -- datagrams -------------------------------------------------------------------------------

    def receive(
        self, now: float, local: Address, remote: Address, data: bytes, transport: str = "udp"
    ) -> bool:
        """Take a datagram that came in; True when it was meant for ICE, False when it is data.

        Whatever the bytes are, nothing is raised, and nothing changes unless they are signed: not
        the state, not the pairs, not the candidates; only `heard` counts what came.
        """
        if not stun.looks_like_stun(data):
            return False
        try:
            message = stun.parse(data)
        except ParseError as error:
            self.heard.broken += 1
            self._note(now, "discarded", remote=str(remote), reason=str(error))
            return True
        if message.method != stun.Method.BINDING:
            return False
        if stun.verify_fingerprint(message) is False:
            self.heard.broken += 1
            self._note(now, "discarded", remote=str(remote), reason="FINGERPRINT is wrong")
            return True
        if self.state == "closed":
            return True
        remote = without_zone(remote)
        kind = message.message_class
        if kind is stun.MessageClass.REQUEST:
            self._receive_request(now, transport, local, remote, message)
        elif kind is not stun.MessageClass.INDICATION:
            self._receive_response(now, transport, local, remote, message)
        return True

    def take_transmits(self) -> list[Transmit]:
        """Return what is to be sent, and forget it."""
        taken = list(self.transmits)
        self.transmits.clear()
        return taken

    def take_events(self) -> list[Event]:
        """Return what happened since the last call."""
        taken = list(self.events)
        self.events.clear()
        return taken

    # -- small things ----------------------------------------------------------------------------

    def next_foundation(
        self, candidate_type: str, transport: str, base_ip: str, server: str = ""
    ) -> str:
        """Return the foundation for a candidate of this session."""
        return foundation(self._foundation_key, candidate_type, transport, base_ip, server)

    def _pair_up(self, now: float, local: IceCandidate, remote: IceCandidate) -> None:
        """Form a pair of what both sides told of (RFC 8445, 6.1.2.2; not 7.3.1.3)."""
        if self.remote_credentials is None or remote.type == PRFLX or self.lite:
            return
        best = self._local_for(local.transport, local.base)
        if best is None or best is not local:
            return  # a reflexive candidate checks from its base, which is paired already
        pair = self.checklist.form(local, remote, controlling=self.controlling)
        if pair is not None:
            self._note_pair(now, pair)

    def _forget_learned(self) -> bool:
        """Make room for a candidate that is told: one that only came by goes."""
        in_use = {id(pair.remote) for pair in self.checklist if pair.valid}
        for place, known in enumerate(self.remote):
            if known.type == PRFLX and id(known) not in in_use:
                del self.remote[place]
                return True
        return False

    def _rename_remote(self, old: IceCandidate, new: IceCandidate) -> None:
        for pair in self.checklist:
            if pair.remote is old:
                pair.remote = new
                pair.update_priority(controlling=self.controlling)
        self.checklist.sort()

    def _select_between_lites(self, now: float) -> None:
        """Between two lite agents nobody checks: the best pair is the one (RFC 8445, 8.2)."""
        if not (self.lite and self.remote_lite and self.gathering_ended and self.remote_ended):
            return
        if self.remote_credentials is None or self._generation_selected:
            return
        for local in self.local:
            for remote in self.remote:
                self.checklist.form(local, remote, controlling=self.controlling)
        for pair in self.checklist.pairs[:1]:
            pair.state, pair.valid, pair.succeeded_at = PairState.SUCCEEDED, True, now
            self._nominated(now, pair)

    def _reset_checks(self) -> None:
        self._transactions.clear()
        self._early.clear()
        self._next_check = self._nominate_at = self._nominating = None
        self._nominations = self._followed = 0
        self._is_aggressive = None
        self._generation_selected = self._consent_lost = False
        self.heard = type(self.heard)()
