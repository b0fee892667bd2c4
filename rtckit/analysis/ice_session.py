"""The ICE session rebuilt from packets (RFC 8445): who checked which pair, and what came of it.

A Binding request with USERNAME ``receiver:sender`` belongs to the session of those two ufrags.
One session is seen from one or several vantage points; a check seen from two of them shows what a
NAT made of its addresses, or that it never arrived. A restart has new ufrags and is a new session.

The two agents are called ``a`` and ``b``: ``a`` is the offerer where signalling tells, else the
agent whose check was seen first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from rtckit.analysis.flows import Flow, FlowTable
from rtckit.analysis.signalling import Signalling
from rtckit.analysis.transactions import Transaction
from rtckit.core.address import Address
from rtckit.wire import stun

__all__ = [
    "Agent",
    "CandidatePair",
    "Check",
    "IceSession",
    "IceView",
    "PairState",
    "find_ice_views",
    "join_views",
    "orient",
    "session_ufrags",
]


class PairState(StrEnum):
    """How far a pair came, as the packets tell."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNANSWERED = "unanswered"


@dataclass(slots=True)
class Check:
    """A connectivity check: a Binding transaction between the agents of a session.

    ``sender`` is ``"a"`` or ``"b"``. ``integrity`` tells whether MESSAGE-INTEGRITY agrees with the
    password that was signalled; None where no password is known. ``consent`` marks checks on a pair
    that was nominated before (RFC 7675).
    """

    transaction: Transaction
    sender: str
    integrity: bool | None = None
    consent: bool = False

    @property
    def use_candidate(self) -> bool:
        """Whether the check nominates its pair."""
        return self.transaction.request.use_candidate

    @property
    def controlling(self) -> bool | None:
        """The role the sender claims."""
        request = self.transaction.request
        if request.controlling is not None:
            return True
        return False if request.controlled is not None else None


@dataclass(slots=True)
class CandidatePair:
    """Two transport addresses with checks between them, as seen from one vantage point.

    ``a`` and ``b`` are the addresses of agent a and agent b; behind a NAT they are what this
    vantage point saw. ``flow`` is what went between them, media included.
    """

    a: Address
    b: Address
    transport: str
    checks: list[Check] = field(default_factory=list)
    flow: Flow | None = None
    relay_client: Address | None = None

    def checks_from(self, sender: str) -> list[Check]:
        """The checks one agent sent on this pair."""
        return [check for check in self.checks if check.sender == sender]

    @property
    def state(self) -> PairState:
        """Succeeded when any check was answered with success."""
        if any(check.transaction.succeeded for check in self.checks):
            return PairState.SUCCEEDED
        if any(check.transaction.error is not None for check in self.checks):
            return PairState.FAILED
        return PairState.UNANSWERED

    @property
    def nominated_by(self) -> Check | None:
        """The first check with USE-CANDIDATE that succeeded."""
        for check in self.checks:
            if check.use_candidate and check.transaction.succeeded:
                return check
        return None

    @property
    def round_trips_ns(self) -> list[int]:
        """Every round-trip time measured on this pair, in order."""
        return [rtt for check in self.checks if (rtt := check.transaction.rtt_ns) is not None]

    @property
    def media_packets(self) -> int:
        """DTLS, RTP and RTCP packets of both directions."""
        if self.flow is None:
            return 0
        return self.flow.forward.media_packets + self.flow.backward.media_packets

    @property
    def last_media_ns(self) -> int:
        """When media was last seen on this pair; 0 when never."""
        if self.flow is None:
            return 0
        return max(self.flow.forward.last_media_ns or 0, self.flow.backward.last_media_ns or 0)

    @property
    def consent_checks(self) -> list[Check]:
        """The checks that keep consent fresh (RFC 7675)."""
        return [check for check in self.checks if check.consent]


@dataclass(slots=True)
class Agent:
    """One end of a session, as its own checks describe it."""

    side: str
    ufrag: str
    controlling: bool | None = None
    tie_breaker: int | None = None
    role_changes: int = 0
    checks_sent: int = 0
    checks_answered: int = 0
    addresses: dict[Address, int] = field(default_factory=dict)
    """Source addresses of its checks, with the frame that showed each first."""


@dataclass(slots=True)
class IceView:
    """A session as one vantage point saw it."""

    vantage: str
    a: Agent
    b: Agent
    pairs: dict[tuple[str, Address, Address], CandidatePair] = field(default_factory=dict)

    @property
    def checks(self) -> Iterator[Check]:
        """Every check, pair by pair."""
        for pair in self.pairs.values():
            yield from pair.checks

    @property
    def selected(self) -> CandidatePair | None:
        """The pair that was nominated and carried media last; without media, the last nominated."""
        nominated = [pair for pair in self.pairs.values() if pair.nominated_by is not None]
        with_media = [pair for pair in self.pairs.values() if pair.media_packets > 0]
        carrying = [pair for pair in nominated if pair.media_packets > 0] or with_media
        if carrying:
            return max(carrying, key=lambda pair: (pair.last_media_ns, pair.media_packets))
        if not nominated:
            return None

        def last_nomination(pair: CandidatePair) -> int:
            return max(
                check.transaction.first.time_ns
                for check in pair.checks
                if check.use_candidate and check.transaction.succeeded
            )

        return max(nominated, key=last_nomination)

    def agent(self, side: str) -> Agent:
        """Agent ``a`` or ``b``."""
        return self.a if side == "a" else self.b


@dataclass(slots=True)
class IceSession:
    """The same session from every vantage point that saw it."""

    ufrags: tuple[str, str]
    views: list[IceView]

    @property
    def connected(self) -> bool:
        """Whether a nominated pair succeeded at any vantage point."""
        return any(view.selected is not None for view in self.views)

    @property
    def first_check_ns(self) -> int:
        """When the first check was sent."""
        return min(check.transaction.first.time_ns for view in self.views for check in view.checks)

    @property
    def connected_ns(self) -> int | None:
        """When the first nominating check was answered."""
        times = [
            check.transaction.responses[0].time_ns
            for view in self.views
            for pair in view.pairs.values()
            if (check := pair.nominated_by) is not None
        ]
        return min(times, default=None)

    def view(self, vantage: str) -> IceView | None:
        """The session as the named vantage point saw it."""
        return next((view for view in self.views if view.vantage == vantage), None)

    def controlling(self) -> str | None:
        """The side that is controlling, by its last check."""
        for view in self.views:
            if view.a.controlling is not None:
                return "a" if view.a.controlling else "b"
            if view.b.controlling is not None:
                return "b" if view.b.controlling else "a"
        return None


def session_ufrags(message: stun.Message) -> tuple[str, str] | None:
    """(receiver's ufrag, sender's ufrag) of a connectivity check (RFC 8445, 7.2.2)."""
    username = message.username
    if username is None or message.method != stun.Method.BINDING:
        return None
    receiver, colon, sender = username.partition(":")
    return (receiver, sender) if colon and receiver and sender else None


def find_ice_views(
    vantage: str, transactions: Iterable[Transaction], flows: FlowTable, signalling: Signalling
) -> list[IceView]:
    """The ICE sessions one vantage point saw, in order of their first check."""
    keys: dict[bytes, bytes | None] = {}
    views: dict[frozenset[str], IceView] = {}
    seen: set[bytes] = set()
    for transaction in transactions:
        ufrags = session_ufrags(transaction.request)
        if ufrags is None or transaction.transaction_id in seen:
            continue
        # At a TURN server the same check passes twice: it is one check still.
        seen.add(transaction.transaction_id)
        receiver, sender = ufrags
        key = frozenset(ufrags)
        view = views.get(key)
        if view is None:
            a, b = orient(sender, receiver, signalling)
            view = views[key] = IceView(vantage, Agent("a", a), Agent("b", b))
        side = "a" if sender == view.a.ufrag else "b"
        _add_check(
            view, side, transaction, _check_integrity(transaction, receiver, signalling, keys)
        )
    for view in views.values():
        for pair in view.pairs.values():
            pair.flow = flows.find(pair.transport, pair.a, pair.b, pair.relay_client)
        _mark_consent(view)
    return list(views.values())


def orient(sender: str, receiver: str, signalling: Signalling) -> tuple[str, str]:
    """The ufrags of a session as (agent a's, agent b's), from one of its checks."""
    for ufrag, side in ((receiver, "a"), (sender, "b")):
        credentials = signalling.find_credentials(ufrag)
        if credentials is not None and credentials.description.sender == side:
            return (receiver, sender)
        if credentials is not None and credentials.description.sender is not None:
            return (sender, receiver)
    return (sender, receiver)


def _check_integrity(
    transaction: Transaction,
    receiver: str,
    signalling: Signalling,
    keys: dict[bytes, bytes | None],
) -> bool | None:
    """MESSAGE-INTEGRITY of a check is keyed with the receiver's password (RFC 8445, 7.2.2)."""
    name = receiver.encode(errors="surrogateescape")
    if name not in keys:
        credentials = signalling.find_credentials(receiver)
        keys[name] = stun.short_term_key(credentials.pwd) if credentials else None
    key = keys[name]
    return None if key is None else stun.verify_integrity(transaction.request, key)


def _add_check(view: IceView, side: str, transaction: Transaction, integrity: bool | None) -> None:
    a, b = (transaction.src, transaction.dst) if side == "a" else (transaction.dst, transaction.src)
    pair = view.pairs.get((transaction.transport, a, b))
    if pair is None:
        pair = view.pairs[(transaction.transport, a, b)] = CandidatePair(
            a, b, transaction.transport
        )
    if transaction.relay is not None:
        pair.relay_client = transaction.relay.client
    check = Check(transaction, side, integrity)
    pair.checks.append(check)
    agent = view.agent(side)
    agent.checks_sent += 1
    agent.checks_answered += transaction.succeeded
    agent.addresses.setdefault(transaction.src, transaction.first.frame)
    role = check.controlling
    if role is not None:
        if agent.controlling is not None and agent.controlling != role:
            agent.role_changes += 1
        agent.controlling = role
        request = transaction.request
        agent.tie_breaker = request.controlling if role else request.controlled


def _mark_consent(view: IceView) -> None:
    for pair in view.pairs.values():
        nomination = pair.nominated_by
        if nomination is None:
            continue
        since = nomination.transaction.responses[0].time_ns
        for check in pair.checks:
            check.consent = check.transaction.first.time_ns > since


def join_views(views: Iterable[IceView]) -> list[IceSession]:
    """The sessions behind views of several vantage points, in order of their first check."""
    sessions: dict[frozenset[str], IceSession] = {}
    for view in views:
        key = frozenset((view.a.ufrag, view.b.ufrag))
        session = sessions.get(key)
        if session is None:
            sessions[key] = IceSession((view.a.ufrag, view.b.ufrag), [view])
            continue
        if view.a.ufrag != session.ufrags[0]:
            _swap(view)
        session.views.append(view)
    return sorted(sessions.values(), key=lambda session: session.first_check_ns)


def _swap(view: IceView) -> None:
    """Call the agents as the first view does."""
    view.a, view.b = view.b, view.a
    view.a.side, view.b.side = "a", "b"
    swapped = {}
    for pair in view.pairs.values():
        pair.a, pair.b = pair.b, pair.a
        for check in pair.checks:
            check.sender = "b" if check.sender == "a" else "a"
        swapped[(pair.transport, pair.a, pair.b)] = pair
    view.pairs = swapped
