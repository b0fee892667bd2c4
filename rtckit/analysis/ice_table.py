"""One end of an ICE session as a table, folded from its events: what the screen and reports show.

The events may come from an agent, a simulation, a replayed capture or a file somebody else wrote:
:meth:`IceTable.apply` takes any of them, never raises, and keeps bounded memory.
"""

from collections import Counter, deque
from math import isfinite
from typing import Any

from rtckit.analysis.ice_rows import (
    CandidateError,
    CandidateRow,
    LogEntry,
    PairRow,
    Timing,
    as_number,
    as_text,
    pair_number,
    read_candidate,
    read_foundation,
)
from rtckit.analysis.ice_words import say_event
from rtckit.ice.events import Event

__all__ = ["CandidateError", "CandidateRow", "IceTable", "LogEntry", "PairRow"]

_MOST_CANDIDATES = 1000
_MOST_PAIRS = 1000
_MOST_ERRORS = 200
_MOST_LOGGED = 5000
STATES = ("frozen", "waiting", "in-progress", "succeeded", "failed")


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
        self.log.append(LogEntry(self.version, event.t, name, pair_number(event.pair), text, level))

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
        row = read_candidate(where, t, detail)
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
        pair.foundation = read_foundation(detail) or self._foundation_of(pair) or pair.foundation
        if detail.get("nominated") is True:
            pair.nominated = True
        if state == "succeeded":
            self._thaw(t, pair)
        self._begin(t)

    def _thaw(self, t: float, pair: PairRow) -> None:
        """What works frees the frozen pairs that are alike (RFC 8445, 7.2.5.3.3); nobody tells."""
        for other in self.pairs.values():
            alike = other.foundation is not None and other.foundation == pair.foundation
            if alike and other.state == "frozen":
                other.state, other.changed = "waiting", t

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
        number = pair_number(number)
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
