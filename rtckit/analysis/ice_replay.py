"""A recorded call or a simulation as the events of a live session, so that one screen shows all.

A capture shows datagrams, not the agent's mind: states of pairs are what the datagrams prove. Times
count from the first datagram of the call.
"""

from dataclasses import dataclass, field
from typing import Any

from rtckit.analysis.call import Call
from rtckit.analysis.candidates import seen_candidates
from rtckit.analysis.gathering import find_queries
from rtckit.analysis.ice_session import CandidatePair, Check, IceSession, IceView
from rtckit.analysis.turn_session import Allocation, AllocationState
from rtckit.analysis.vantage import Vantage
from rtckit.core.address import Address
from rtckit.core.clock import NANOSECONDS
from rtckit.ice.events import Event
from rtckit.ice.priority import pair_priority
from rtckit.ice.simulation import Simulation
from rtckit.sdp import Candidate

__all__ = ["replay_call", "replay_simulation"]

_MOST_SESSIONS = 4
_SIDES = ("a", "b")


def replay_call(call: Call) -> list[Event]:
    """The ICE sessions of a call as events, both ends, in order of time.

    Each end is told of by the capture that was taken at it, where there is one. The detail of each
    event has its ``side``, the end's name.
    """
    start = min((v.first_ns for v in call.vantages if v.first_ns is not None), default=0)
    sessions = call.ice[:_MOST_SESSIONS]
    events: list[Event] = []
    for number, session in enumerate(sessions, 1):
        suffix = f" {number}" if len(sessions) > 1 else ""
        for side in _SIDES:
            events += _End(call, side, call.peer_name(side) + suffix, start).replay(session)
    if not sessions:
        for side in _SIDES:
            events += _End(call, side, call.peer_name(side), start).replay(None)
    return sorted(events, key=lambda event: event.t)


def replay_simulation(simulation: Simulation) -> list[Event]:
    """Both ends of a simulation as events, in order of time; sides are ``a`` and ``b``."""
    events: list[Event] = []
    for peer in (simulation.a, simulation.b):
        side, settings = peer.name, peer.agent.settings
        end = max((event.t for event in peer.events), default=0.0)
        timers = {
            name: getattr(settings, name) for name in ("ta", "rto", "transmissions", "last_wait")
        }
        note = f"behind {peer.nat}"
        events.append(
            Event(
                0.0, "engine", None, {"side": side, "engine": "simulated", "note": note, **timers}
            )
        )
        controlling = peer is simulation.a
        events.append(Event(0.0, "role", None, {"side": side, "controlling": controlling}))
        events += [
            Event(event.t, event.event, event.pair, {"side": side, **event.detail})
            for event in peer.events
        ]
        for pair in peer.agent.checklist:
            why = simulation.why_not(peer, pair)
            if why is not None and pair.requests_sent:
                detail = {"side": side, "state": str(pair.state), "why": why}
                events.append(Event(end, "pair", pair.number, detail))
    time = max((event.t for event in events), default=0.0)
    for advice in simulation.advice:
        severity = "info" if simulation.connected else "error"
        detail = {"severity": severity, "message": advice.text, "help": advice.fix}
        events.append(Event(time, "finding", None, detail))
    outcome = {"connected": simulation.connected, "pair": simulation.as_json()["pair"]}
    events.append(Event(time, "result", None, outcome))
    return sorted(events, key=lambda event: event.t)


@dataclass(slots=True)
class _End:
    """One end of a call, and the events it would have told."""

    call: Call
    side: str
    name: str
    start: int
    events: list[Event] = field(default_factory=list)
    signalled: dict[tuple[str, str], dict[Address, Candidate]] = field(default_factory=dict)

    def replay(self, session: IceSession | None) -> list[Event]:
        """Everything this end did, as far as packets and descriptions tell."""
        for side in _SIDES:
            for candidate, _ in self.call.signalling.candidates_of(side):
                address = Address(candidate.address, candidate.port)
                known = self.signalled.setdefault((side, candidate.transport.lower()), {})
                known.setdefault(address, candidate)
        view = self._view(session)
        vantage = self._vantage(view)
        self._note(0.0, "engine", engine=self.call.peer_name(self.side), timers=False)
        self._candidates()
        if vantage is not None:
            self._servers(vantage)
        if view is not None and vantage is not None:
            self._checks(view, vantage)
        elif vantage is not None and vantage.last_ns is not None:
            end = self._time(vantage.last_ns)
            self._note(end, "state", state="failed", why="no check was sent in this capture")
        return self.events

    def _view(self, session: IceSession | None) -> IceView | None:
        """The session as seen at this end, else from wherever most of it was seen."""
        if session is None or not session.views:
            return None
        own = self.call.vantage_of(self.side)
        at_home = session.view(own.name) if own is not None else None
        return at_home or max(session.views, key=lambda view: len(list(view.checks)))

    def _vantage(self, view: IceView | None) -> Vantage | None:
        if view is not None:
            return self.call.vantage(view.vantage)
        return self.call.vantage_of(self.side)

    def _time(self, time_ns: int) -> float:
        return (time_ns - self.start) / NANOSECONDS

    def _note(self, t: float, event: str, pair: int | None = None, **detail: Any) -> None:
        self.events.append(Event(t, event, pair, {"side": self.name, **detail}))

    # -- candidates and servers ------------------------------------------------------------------

    def _candidates(self) -> None:
        answers = self._answers()
        for seen in seen_candidates(self.call):
            local = seen.side == self.side
            if not local and seen.source != "signalled" and seen.type != "prflx":
                continue  # the peer's own business, which this end never learned
            known = self.signalled.get((seen.side, seen.transport), {}).get(seen.address)
            server, rtt_ms, t = (
                answers.get(seen.address, ("", None, 0.0)) if local else ("", None, 0.0)
            )
            self._note(
                t,
                "local-candidate" if local else "remote-candidate",
                candidate=f"{seen.type} {seen.transport} {seen.address}",
                type=seen.type,
                transport=seen.transport,
                address=seen.address.ip,
                port=seen.address.port,
                priority=known.priority if known else 0,
                foundation=known.foundation if known else "",
                tcptype=known.tcptype if known else None,
                server=server,
                rtt_ms=rtt_ms,
                learned=seen.type == "prflx",
            )

    def _answers(self) -> dict[Address, tuple[str, float | None, float]]:
        """What servers told this end: (server, round trip in ms, when) by address."""
        found: dict[Address, tuple[str, float | None, float]] = {}
        vantage = self.call.vantage_of(self.side)
        if vantage is None:
            return found
        for query in find_queries(vantage.transactions):
            for asked in query.transactions:
                mapped = asked.response.xor_mapped_address if asked.response else None
                if mapped is not None and asked.succeeded:
                    rtt = None if asked.rtt_ns is None else asked.rtt_ns / 1e6
                    when = self._time(asked.responses[0].time_ns)
                    found.setdefault(mapped, (f"stun:{query.server}", rtt, when))
        for allocation in vantage.allocations:
            if allocation.relayed is not None and allocation.allocated is not None:
                when = self._time(allocation.allocated.time_ns)
                found[allocation.relayed] = (_turn_name(allocation), None, when)
        return found

    def _servers(self, vantage: Vantage) -> None:
        """The servers that gave this end nothing, and why."""
        for query in find_queries(vantage.transactions):
            if query.answered or not self._is_own(vantage, query.base):
                continue
            first, last = query.transactions[0], query.transactions[-1]
            self._note(
                self._time(last.requests[-1].time_ns),
                "candidate-error",
                server=f"stun:{query.server}",
                transport=first.transport,
                reason="no answer",
                rule="GATHER002",
            )
        for allocation in vantage.allocations:
            if self._is_own(vantage, allocation.client):
                self._allocation(allocation)

    def _is_own(self, vantage: Vantage, address: Address) -> bool:
        """Whether an address at this vantage point belongs to this end."""
        if vantage.side is not None:
            return vantage.side == self.side
        return any(
            seen.side == self.side and address in (seen.address, seen.base)
            for seen in seen_candidates(self.call)
        )

    def _allocation(self, allocation: Allocation) -> None:
        state = allocation.state
        if state in (AllocationState.ALLOCATED, AllocationState.RELEASED):
            return
        errors = [e for e in allocation.allocate_errors if e.authenticated or e.code != 401]
        last = errors[-1] if errors else None
        seen = last.response if last is not None else allocation.requested
        self._note(
            self._time(seen.time_ns) if seen is not None else 0.0,
            "candidate-error",
            server=_turn_name(allocation),
            transport=allocation.transport,
            code=last.code if last is not None else None,
            reason=last.reason if last is not None else str(state),
            rule="TURN001" if last is not None and last.code == 401 else "",
        )

    # -- checks ----------------------------------------------------------------------------------

    def _checks(self, view: IceView, vantage: Vantage) -> None:
        checks = sorted(view.checks, key=lambda check: check.transaction.first.time_ns)
        numbers: dict[int, int] = {}
        pairs = {id(check): pair for pair in view.pairs.values() for check in pair.checks}
        role = None
        if checks:
            self._note(self._time(checks[0].transaction.first.time_ns), "state", state="checking")
        for check in checks:
            pair = pairs[id(check)]
            if id(pair) not in numbers:
                numbers[id(pair)] = len(numbers) + 1
                self._pair(check, pair, numbers[id(pair)])
            mine = check.sender == self.side
            if mine and check.controlling is not None and check.controlling != role:
                role = check.controlling
                at = self._time(check.transaction.first.time_ns)
                self._note(at, "role", controlling=role)
            (self._sent if mine else self._received)(check, pair, numbers[id(pair)])
        for pair in view.pairs.values():
            self._outcome(view, vantage, pair, numbers.get(id(pair)))
        self._end(view, vantage)

    def _pair(self, check: Check, pair: CandidatePair, number: int) -> None:
        ours, theirs = (pair.a, pair.b) if self.side == "a" else (pair.b, pair.a)
        known = [
            self.signalled.get((side, pair.transport), {}).get(address)
            for side, address in (("a", pair.a), ("b", pair.b))
        ]
        detail: dict[str, Any] = {}
        if known[0] is not None and known[1] is not None:
            a_controls = check.controlling is not (check.sender == "b")
            first, second = (known[0], known[1]) if a_controls else (known[1], known[0])
            detail["priority"] = pair_priority(first.priority, second.priority)
        self._note(
            self._time(check.transaction.first.time_ns),
            "pair",
            number,
            state="waiting",
            local=self._name(self.side, pair, ours),
            remote=self._name("b" if self.side == "a" else "a", pair, theirs),
            **detail,
        )

    def _name(self, side: str, pair: CandidatePair, address: Address) -> str:
        """An address as a candidate: its type as signalled, else as servers or checks showed it."""
        known = self.signalled.get((side, pair.transport), {}).get(address)
        kind = known.type if known is not None else None
        if kind is None:
            kind = next(
                (
                    seen.type
                    for seen in seen_candidates(self.call)
                    if seen.side == side and seen.address == address
                ),
                "prflx",
            )
        return f"{kind} {pair.transport} {address}"

    def _sent(self, check: Check, pair: CandidatePair, number: int) -> None:
        asked = check.transaction
        first = self._time(asked.first.time_ns)
        if check.consent:
            self._note(first, "consent", number, asked=1)
        else:
            self._note(first, "pair", number, state=_still(pair, asked.first.time_ns))
            self._note(first, "sent", number, use_candidate=check.use_candidate)
        for attempt, again in enumerate(asked.requests[1:], 2):
            self._note(self._time(again.time_ns), "retransmitted", number, attempt=attempt)
        if not asked.responses:
            return
        answered = self._time(asked.responses[0].time_ns)
        rtt = None if asked.rtt_ns is None else asked.rtt_ns / NANOSECONDS
        if asked.error is not None:
            code, reason = asked.error.code, asked.error.reason
            self._note(answered, "error", number, code=code, reason=reason, sent=False)
        elif check.consent:
            self._note(answered, "consent", number, rtt=rtt)
        elif asked.succeeded:
            mapped = asked.response.xor_mapped_address if asked.response else None
            seen = {} if mapped is None else {"mapped": str(mapped)}
            self._note(answered, "response", number, rtt=rtt, **seen)
            self._note(answered, "pair", number, state="succeeded")

    def _received(self, check: Check, pair: CandidatePair, number: int) -> None:
        asked = check.transaction
        remote = pair.b if self.side == "a" else pair.a
        nominates = check.use_candidate
        for seen in asked.requests:
            when = self._time(seen.time_ns)
            self._note(when, "request", number, remote=str(remote), use_candidate=nominates)
        if asked.error is not None and asked.responses:
            self._note(
                self._time(asked.responses[0].time_ns),
                "error",
                number,
                code=asked.error.code,
                reason=asked.error.reason,
                remote=str(remote),
                sent=True,
            )

    def _outcome(
        self, view: IceView, vantage: Vantage, pair: CandidatePair, number: int | None
    ) -> None:
        nomination = pair.nominated_by
        if nomination is not None:
            when = self._time(nomination.transaction.responses[0].time_ns)
            self._note(when, "nominated", number)
            if pair is view.selected:
                self._note(when, "selected", number)
                self._note(when, "state", None, state="connected")
            return
        own = pair.checks_from(self.side)
        if own and not any(check.transaction.responses for check in own):
            sent = sum(len(check.transaction.requests) for check in own)
            why = f"no answer to {sent} {'check' if sent == 1 else 'checks'}"
            end = self._time(vantage.last_ns or own[-1].transaction.first.time_ns)
            self._note(end, "pair", number, state="failed", why=why)

    def _end(self, view: IceView, vantage: Vantage) -> None:
        if vantage.last_ns is None:
            return
        end = self._time(vantage.last_ns)
        if view.selected is None:
            self._note(end, "state", state="failed", why="no pair was nominated in this capture")


def _still(pair: CandidatePair, time_ns: int) -> str:
    """The state of a pair when one more check goes out."""
    for check in pair.checks:
        answers = check.transaction.responses
        if check.transaction.succeeded and answers and answers[0].time_ns <= time_ns:
            return "succeeded"
    return "in-progress"


def _turn_name(allocation: Allocation) -> str:
    return f"turn:{allocation.server}?transport={allocation.transport}"
