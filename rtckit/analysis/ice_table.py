"""One end of an ICE session as a table, folded from its events: what the screen and reports show.

The events may come from an agent, a simulation, a replayed capture or a file somebody else wrote:
:meth:`IceTable.apply` takes any of them, never raises, and keeps bounded memory.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

from rtckit.analysis.ice_words import Level, say_event
from rtckit.ice.events import Event

__all__ = [
    "CandidateError",
    "CandidateRow",
    "IceTable",
    "LogEntry",
    "PairRow",
    "Timing",
    "as_number",
    "as_text",
]

_MOST_CANDIDATES = 1000
_MOST_PAIRS = 1000
_MOST_ERRORS = 200
_MOST_LOGGED = 5000
_MOST_RTTS = 240
_MOST_TEXT = 400
STATES = ("frozen", "waiting", "in-progress", "succeeded", "failed")
_UNFINISHED = ("frozen", "waiting", "in-progress")


@dataclass(slots=True)
class Timing:
    """The timers of the agent, for saying when it does what next; times in seconds.

    The defaults are those of RFC 8489, 6.2.1; an ``engine`` event tells others, or that nobody
    knows them.
    """

    ta: float = 0.05
    rto: float = 0.5
    transmissions: int = 7
    last_wait: float = 16.0

    def next_sending(self, attempt: int) -> float:
        """How long after attempt number ``attempt`` the next one follows, or the end."""
        if attempt >= self.transmissions:
            return self.rto * self.last_wait
        return self.rto * float(2 ** (max(attempt, 1) - 1))


@dataclass(slots=True)
class CandidateRow:
    """A candidate of this end (``local``) or of the peer (``remote``)."""

    where: str
    type: str
    transport: str
    address: str
    port: int
    priority: int = 0
    foundation: str = ""
    interface: str = ""
    server: str = ""
    rtt_ms: float | None = None
    tcptype: str = ""
    learned: bool = False
    t: float = 0.0

    @property
    def endpoint(self) -> str:
        """Address and port as people write them."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.type} {self.transport} {self.endpoint}"


@dataclass(frozen=True, slots=True)
class CandidateError:
    """Why a server gave no candidate."""

    t: float
    server: str
    interface: str
    transport: str
    code: int | None
    reason: str
    elapsed_ms: float | None = None
    rule: str = ""
    help: str = ""


@dataclass(slots=True)
class PairRow:
    """A pair of the check list.

    Attributes:
        number: its name in the events.
        local: the candidate checks leave from, as ``type transport address``.
        remote: where they go, in the same words.
        state: ``frozen``, ``waiting``, ``in-progress``, ``succeeded`` or ``failed``.
        sent: requests, retransmissions and consent included.
        received: responses, and requests of the peer on this pair.
        attempt: how often the check under way was sent; 0 when none is.
        rtts: round trips in milliseconds, the last ones.
        error: what went wrong last, in words.
    """

    number: int
    local: str = ""
    remote: str = ""
    priority: int = 0
    state: str = "waiting"
    foundation: tuple[str, str] | None = None
    nominated: bool = False
    selected: bool = False
    sent: int = 0
    received: int = 0
    retransmissions: int = 0
    attempt: int = 0
    last_sent: float | None = None
    rtts: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_RTTS))
    error: str = ""
    changed: float = 0.0

    @property
    def rtt_ms(self) -> float | None:
        """The last round trip in milliseconds."""
        return self.rtts[-1] if self.rtts else None

    @property
    def local_type(self) -> str:
        """``host``, ``srflx``, ``prflx`` or ``relay``; empty when unknown."""
        return self.local.partition(" ")[0]

    @property
    def remote_type(self) -> str:
        """As ``local_type``, of the other side."""
        return self.remote.partition(" ")[0]

    @property
    def remote_endpoint(self) -> str:
        """The address and port of the other side."""
        return self.remote.rpartition(" ")[2]


class LogEntry(NamedTuple):
    """A line of the event log."""

    number: int
    t: float
    event: str
    pair: int | None
    text: str
    level: Level


class IceTable:
    """What is known of one end after the events so far.

    Attributes:
        version: grows with every event; equal versions mean an equal table.
        now: the time of the last event, in seconds.
        state: ``new``, ``gathering``, ``checking``, ``connected``, ``completed``,
            ``disconnected``, ``failed`` or ``closed``.
        controlling: the role; None while unknown.
        failure: why it failed, as the agent told.
        started: when the checks began; None before.
        connected: when a pair was selected first.
        result: the last line of a feed; None before.
        log: the last events, in words.
        findings: what a diagnosis of the same call found.
        forgotten: how many candidates and pairs were too many to keep.
    """

    def __init__(self, side: str = "") -> None:
        self.side = side
        self.version = 0
        self.now = 0.0
        self.state = "new"
        self.engine = ""
        self.gathering = ""
        self.controlling: bool | None = None
        self.failure = ""
        self.started: float | None = None
        self.connected: float | None = None
        self.consent_lost = False
        self.concluded = False
        self.timing: Timing | None = Timing()
        self.local: dict[str, CandidateRow] = {}
        self.remote: dict[str, CandidateRow] = {}
        self.pairs: dict[int, PairRow] = {}
        self.errors: deque[CandidateError] = deque(maxlen=_MOST_ERRORS)
        self.log: deque[LogEntry] = deque(maxlen=_MOST_LOGGED)
        self.findings: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.result: dict[str, Any] | None = None
        self.forgotten = 0

    # -- events ----------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take an event; unknown kinds and damaged details change nothing but the log."""
        detail = event.detail if isinstance(event.detail, dict) else {}
        self.version += 1
        if isfinite(event.t):
            self.now = max(self.now, event.t)
        name = as_text(event.event)
        self.counts[name if name in _TAKERS else "other"] += 1
        take = _TAKERS.get(name)
        if take is not None:
            take(self, event.t if isfinite(event.t) else self.now, event.pair, detail)
        text, level = say_event(name, event.pair, detail)
        self.log.append(
            LogEntry(self.version, event.t, name, _pair_number(event.pair), text, level)
        )

    @property
    def selected(self) -> PairRow | None:
        """The pair data goes over."""
        return next((pair for pair in self.pairs.values() if pair.selected), None)

    @property
    def checklist(self) -> list[PairRow]:
        """The pairs by priority, the highest first."""
        return sorted(self.pairs.values(), key=lambda pair: (-pair.priority, pair.number))

    def pairs_in(self, *states: str) -> list[PairRow]:
        """The pairs in one of these states, by number."""
        return [pair for pair in self.pairs.values() if pair.state in states]

    # -- one kind of event each ------------------------------------------------------------------

    def _candidate(self, where: str, t: float, detail: dict[str, Any]) -> None:
        row = _candidate_row(where, t, detail)
        if row is None:
            return
        rows = self.local if where == "local" else self.remote
        key = f"{row.transport} {row.endpoint} {row.tcptype}"
        if where == "local":
            key = f"{row.type} {key}"
        if key not in rows and len(rows) >= _MOST_CANDIDATES:
            self.forgotten += 1
            return
        rows[key] = row

    def _local_candidate(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        self._candidate("local", t, detail)
        if self.state == "new":
            self.state = "gathering"

    def _remote_candidate(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        self._candidate("remote", t, detail)

    def _candidate_error(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        code = as_number(detail.get("code"))
        error = CandidateError(
            t,
            as_text(detail.get("server")),
            as_text(detail.get("interface")),
            as_text(detail.get("transport")),
            None if code is None else int(code),
            as_text(detail.get("reason") or detail.get("error")),
            as_number(detail.get("elapsed_ms")),
            as_text(detail.get("rule")),
            as_text(detail.get("help") or detail.get("advice")),
        )
        self.errors.append(error)

    def _gathering(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        self.gathering = as_text(detail.get("state")) or self.gathering
        if self.state == "new":
            self.state = "gathering"

    def _engine(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        self.engine = as_text(detail.get("engine")) or self.engine
        if detail.get("timers") is False:
            self.timing = None
            return
        self.timing = self.timing or Timing()
        for name in ("ta", "rto", "last_wait"):
            value = as_number(detail.get(name))
            if value is not None and 0 < value < 3600:
                setattr(self.timing, name, value)
        times = as_number(detail.get("transmissions"))
        if times is not None and 1 <= times <= 100:
            self.timing.transmissions = int(times)

    def _pair(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        pair = self._row(number)
        if pair is None:
            return
        state = as_text(detail.get("state"))
        if state in STATES:
            if state != pair.state:
                pair.changed = t
            pair.state = state
        if state in ("succeeded", "failed", "waiting", "frozen"):
            pair.attempt = 0
        pair.local = as_text(detail.get("local")) or pair.local
        pair.remote = as_text(detail.get("remote")) or pair.remote
        priority = as_number(detail.get("priority"))
        pair.priority = pair.priority if priority is None else int(priority)
        pair.error = as_text(detail.get("why")) or ("" if state == "succeeded" else pair.error)
        pair.foundation = _foundation(detail) or self._foundation_of(pair) or pair.foundation
        if detail.get("nominated") is True:
            pair.nominated = True
        self._begin(t)

    def _sent(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        pair = self._row(number)
        if pair is None:
            return
        pair.sent += 1
        pair.attempt, pair.last_sent = 1, t
        if pair.state in ("frozen", "waiting"):
            pair.state, pair.changed = "in-progress", t
        self._begin(t)

    def _retransmitted(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        pair = self._row(number)
        if pair is None:
            return
        attempt = as_number(detail.get("attempt"))
        pair.sent += 1
        pair.retransmissions += 1
        pair.attempt = pair.attempt + 1 if attempt is None else int(attempt)
        pair.last_sent = t

    def _response(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        pair = self._row(number)
        if pair is None:
            return
        pair.received += 1
        pair.attempt = 0
        self._measure(pair, detail)

    def _request(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        pair = self._row(number) or self._pair_with(as_text(detail.get("remote")))
        if pair is not None:
            pair.received += 1

    def _error(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        code = as_number(detail.get("code"))
        sent = detail.get("sent") is True
        if code is not None and not sent:
            self.refused[int(code)] += 1
        pair = self._row(number)
        if pair is None or sent:
            return
        pair.received += 1
        pair.attempt = 0
        reason = as_text(detail.get("reason"))
        pair.error = f"{'' if code is None else int(code)} {reason}".strip() or "refused"

    def _role(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        if isinstance(detail.get("controlling"), bool):
            self.controlling = detail["controlling"]

    def _nominated(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        pair = self._row(number)
        if pair is not None:
            pair.nominated = True
            self.concluded = True

    def _selected(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        pair = self._row(number)
        if pair is None:
            return
        for other in self.pairs.values():
            other.selected = other is pair
        pair.local = as_text(detail.get("local")) or pair.local
        pair.remote = as_text(detail.get("remote")) or pair.remote
        self.consent_lost = False
        if self.connected is None:
            self.connected = t

    def _state(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        state = as_text(detail.get("state"))
        if not state:
            return
        self.state = state
        self.failure = as_text(detail.get("why")) if state == "failed" else ""
        if state == "checking":
            self._begin(t)

    def _consent(self, t: float, number: Any, detail: dict[str, Any]) -> None:
        pair = self._row(number)
        if detail.get("lost") is True:
            self.consent_lost = True
        if pair is None:
            return
        if "asked" in detail:
            pair.sent += 1
        elif "rtt" in detail:
            pair.received += 1
            self._measure(pair, detail)

    def _restart(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        self.pairs.clear()
        self.remote.clear()
        self.concluded = False
        self.started = self.connected = None
        self.failure = ""

    def _finding(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        if len(self.findings) < 100:
            self.findings.append(detail)

    def _result(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        self.result = detail

    def _nothing(self, t: float, pair: Any, detail: dict[str, Any]) -> None:
        """What is only counted and logged."""

    # -- small things ----------------------------------------------------------------------------

    def _begin(self, t: float) -> None:
        if self.started is None:
            self.started = t

    def _row(self, number: Any) -> PairRow | None:
        number = _pair_number(number)
        if number is None:
            return None
        pair = self.pairs.get(number)
        if pair is None:
            if len(self.pairs) >= _MOST_PAIRS:
                self.forgotten += 1
                return None
            pair = self.pairs[number] = PairRow(number)
        return pair

    def _pair_with(self, remote: str) -> PairRow | None:
        """The pair a request from ``remote`` belongs to: the best of those with that address."""
        found = [pair for pair in self.pairs.values() if pair.remote_endpoint == remote]
        return max(found, key=lambda pair: pair.priority, default=None)

    def _measure(self, pair: PairRow, detail: dict[str, Any]) -> None:
        rtt = as_number(detail.get("rtt"))
        if rtt is not None and 0 <= rtt < 3600:
            pair.rtts.append(rtt * 1000)

    def _foundation_of(self, pair: PairRow) -> tuple[str, str] | None:
        if pair.foundation is not None:
            return pair.foundation
        ours = next((row for row in self.local.values() if str(row) == pair.local), None)
        theirs = next((row for row in self.remote.values() if str(row) == pair.remote), None)
        if ours is None or theirs is None or not (ours.foundation and theirs.foundation):
            return None
        return ours.foundation, theirs.foundation


_TAKERS = {
    "local-candidate": IceTable._local_candidate,
    "remote-candidate": IceTable._remote_candidate,
    "candidate-error": IceTable._candidate_error,
    "gathering": IceTable._gathering,
    "engine": IceTable._engine,
    "pair": IceTable._pair,
    "sent": IceTable._sent,
    "retransmitted": IceTable._retransmitted,
    "response": IceTable._response,
    "request": IceTable._request,
    "error": IceTable._error,
    "role": IceTable._role,
    "nominated": IceTable._nominated,
    "selected": IceTable._selected,
    "state": IceTable._state,
    "consent": IceTable._consent,
    "restart": IceTable._restart,
    "finding": IceTable._finding,
    "result": IceTable._result,
    "description": IceTable._nothing,
    "discarded": IceTable._nothing,
    "server": IceTable._nothing,
}


# -- what events hold, whoever wrote them ---------------------------------------------------------


def as_number(value: Any) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:
        return None


def as_text(value: Any) -> str:
    """A text of bounded length; empty for what is no text and no number."""
    if isinstance(value, str):
        return value if len(value) <= _MOST_TEXT else value[: _MOST_TEXT - 1] + "…"
    number = as_number(value)
    return "" if number is None else f"{number:g}"


def _pair_number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 2**31 else None


def _foundation(detail: dict[str, Any]) -> tuple[str, str] | None:
    value = detail.get("foundation")
    if isinstance(value, list | tuple) and len(value) == 2:
        return as_text(value[0]), as_text(value[1])
    return None


def _candidate_row(where: str, t: float, detail: dict[str, Any]) -> CandidateRow | None:
    """A row from the fields of the event, or from its text ``type transport address:port``."""
    words = as_text(detail.get("candidate")).split()
    kind = as_text(detail.get("type")) or (words[0] if words else "")
    transport = as_text(detail.get("transport")) or (words[1] if len(words) > 1 else "udp")
    address = as_text(detail.get("address"))
    port = as_number(detail.get("port"))
    if not address and len(words) > 2:
        host, _, tail = words[2].rpartition(":")
        address = host.strip("[]")
        port = float(tail) if tail.isascii() and tail.isdigit() and len(tail) < 6 else None
    if not kind or not address:
        return None
    priority = as_number(detail.get("priority"))
    return CandidateRow(
        where,
        kind,
        transport.lower(),
        address,
        int(port) if port is not None else 0,
        int(priority) if priority is not None else 0,
        as_text(detail.get("foundation")),
        as_text(detail.get("interface")),
        as_text(detail.get("server")),
        as_number(detail.get("rtt_ms")),
        as_text(detail.get("tcptype")),
        detail.get("learned") is True,
        t,
    )
