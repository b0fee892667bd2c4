"""aioice, watched: a subclass of its Connection that tells what it does as rtckit's own events.

aioice 0.13 logs and keeps to itself. Nothing of it is patched: methods are overridden, and the
protocols it makes are wrapped as they enter its list. All of that stands on names that are no
promise, so :func:`missing_hooks` says which of them are gone, and what fails while watching stops
the watching, never the connection.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import aioice
from aioice import ice as aioice_ice
from aioice import stun as aioice_stun

from rtckit.core.address import Address

__all__ = ["ObservedConnection", "PairRecord", "Tell", "missing_hooks"]

Tell = Callable[..., None]
"""Takes the kind of an event, a pair's number or None, and its detail by name."""

_HOOKS = (
    "add_remote_candidate",
    "build_request",
    "check_complete",
    "check_incoming",
    "check_state",
    "data_received",
    "gather_candidates",
    "get_component_candidates",
    "respond_error",
    "sort_check_list",
    "switch_role",
    "_add_remote_candidate",
)
_PROTOCOL_HOOKS = ("datagram_received", "error_received", "request", "send_stun")
_ATTRIBUTES = ("_check_list", "_nominated", "_protocols", "_remote_candidates")
_STATES = {
    "FROZEN": "frozen",
    "WAITING": "waiting",
    "IN_PROGRESS": "in-progress",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
}
_MOST_WATCHED = 4096


def missing_hooks() -> list[str]:
    """The names this module stands on that this version of aioice does not have."""
    missing = [name for name in _HOOKS if not callable(getattr(aioice.Connection, name, None))]
    protocol = getattr(aioice_ice, "StunProtocol", None)
    missing += [
        f"StunProtocol.{name}"
        for name in _PROTOCOL_HOOKS
        if not callable(getattr(protocol, name, None))
    ]
    for name in ("relayed_candidate", "candidate_pair_priority"):
        if not callable(getattr(aioice_ice, name, None)):
            missing.append(name)
    if not missing:
        probe = aioice.Connection(ice_controlling=True)
        missing = [name for name in _ATTRIBUTES if not hasattr(probe, name)]
    return missing


@dataclass(slots=True, eq=False)
class PairRecord:
    """What is known of a pair of aioice, beside what aioice keeps of it."""

    number: int
    pair: Any
    state: str = "frozen"
    nominated: bool = False
    requests_sent: int = 0
    retransmissions: int = 0
    responses_received: int = 0
    requests_received: int = 0
    rtt: float | None = None
    mapped: Address | None = None
    why: str | None = None


@dataclass(slots=True)
class _Watched:
    """A request under way: of which pair, when it was sent, and when an answer arrived."""

    record: PairRecord | None
    sent_at: float = 0.0
    sent: int = 0
    arrived_at: float | None = None
    consent: bool = False
    use_candidate: bool = False


class _Protocols(list[Any]):
    """The list of protocols of a connection; each that enters it is watched."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        super().__init__()
        self._take = take

    def append(self, item: Any) -> None:
        """Watch a protocol, and keep it."""
        self._take(item)
        super().append(item)

    def __iadd__(self, items: Iterable[Any]) -> "_Protocols":  # type: ignore[misc]
        for item in items:
            self.append(item)
        return self


class ObservedConnection(aioice.Connection):
    """A connection that tells what it does.

    Args:
        tell: takes each event.
        clock: the time in seconds.
        addresses: where to gather; None leaves it to aioice.
        budget: seconds for servers to answer.
        on_data: takes what the peer sends.
        options: what `aioice.Connection` takes.

    Attributes:
        records: of every pair there has been, by number from 1.
        gave_up: why it is not watched any more, or None while it is.
        server_times: seconds a STUN server took, by local address; of TURN by component.
    """

    def __init__(
        self,
        tell: Tell,
        clock: Callable[[], float],
        *,
        addresses: list[str] | None = None,
        budget: float = 5.0,
        on_data: Callable[[bytes], None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._tell_event = tell
        self._clock = clock
        self._addresses = addresses
        self._budget = budget
        self._on_data = on_data
        self.records: dict[int, PairRecord] = {}
        self.gave_up: str | None = None
        self.server_times: dict[tuple[str, int], float] = {}
        self._by_pair: dict[int, PairRecord] = {}
        self._watched: dict[bytes, _Watched] = {}
        self._told_selected: Any = None
        self._told_remotes = 0
        self._protocols = _Protocols(lambda protocol: self._safely(self._watch, protocol))

    # -- watching without harm -------------------------------------------------------------------

    def _safely(self, function: Callable[..., None], *arguments: Any, **named: Any) -> None:
        """Look, and give up looking rather than disturb the connection."""
        if self.gave_up is not None:
            return
        try:
            function(*arguments, **named)
        except Exception as error:
            self.gave_up = f"{type(error).__name__}: {error}"
            self._tell_event(
                "engine", None, engine="aioice", note=f"cannot be watched any more: {self.gave_up}"
            )

    def record_of(self, pair: Any) -> PairRecord:
        """The record of a pair, made when it is new."""
        record = self._by_pair.get(id(pair))
        if record is None:
            record = PairRecord(len(self.records) + 1, pair)
            self._by_pair[id(pair)] = self.records[record.number] = record
            record.state = _STATES.get(pair.state.name, "frozen")
            self._tell_pair(record)
        return record

    def _tell_pair(self, record: PairRecord, **detail: Any) -> None:
        pair = record.pair
        why = {} if record.why is None else {"why": record.why}
        self._tell_event(
            "pair",
            record.number,
            state=record.state,
            local=describe(pair.local_candidate),
            remote=describe(pair.remote_candidate),
            priority=aioice_ice.candidate_pair_priority(
                pair.local_candidate, pair.remote_candidate, self.ice_controlling
            ),
            foundation=[pair.local_candidate.foundation, pair.remote_candidate.foundation],
            **why,
            **detail,
        )

    # -- the check list --------------------------------------------------------------------------

    def sort_check_list(self) -> None:
        """Tell of new pairs, which are all sorted in."""
        super().sort_check_list()
        self._safely(self._note_pairs)

    def _note_pairs(self) -> None:
        self._note_remotes()
        for pair in self._check_list:
            self.record_of(pair)

    def check_state(self, pair: Any, state: Any) -> None:
        """Tell of a pair's state."""
        super().check_state(pair, state)
        self._safely(self._note_state, pair, state)

    def _note_state(self, pair: Any, state: Any) -> None:
        record = self.record_of(pair)
        record.state = _STATES.get(state.name, record.state)
        if record.state == "succeeded":
            record.why = None
        elif record.state == "failed" and record.why is None:
            record.why = f"no answer to {record.requests_sent} checks"
        self._tell_pair(record)

    def check_complete(self, pair: Any) -> None:
        """Tell of nomination and selection."""
        super().check_complete(pair)
        self._safely(self._note_complete, pair)

    def _note_complete(self, pair: Any) -> None:
        record = self.record_of(pair)
        if pair.nominated and not record.nominated:
            record.nominated = True
            self._tell_event("nominated", record.number)
        chosen = self._nominated.get(1)
        if chosen is not None and chosen is not self._told_selected:
            self._told_selected = chosen
            self._tell_event(
                "selected",
                self.record_of(chosen).number,
                local=describe(chosen.local_candidate),
                remote=describe(chosen.remote_candidate),
            )

    def check_incoming(self, message: Any, addr: Any, protocol: Any) -> None:
        """Tell of a check of the peer, and of the candidate it teaches."""
        super().check_incoming(message, addr, protocol)
        self._safely(self._note_request, message, addr, protocol)

    def _note_request(self, message: Any, addr: Any, protocol: Any) -> None:
        self._note_pairs()
        number = None
        for pair in self._check_list:
            if pair.protocol is protocol and pair.remote_addr == (addr[0], addr[1]):
                record = self.record_of(pair)
                record.requests_received += 1
                number = record.number
        nominates = "USE-CANDIDATE" in message.attributes
        remote = str(Address(addr[0], addr[1]))
        self._tell_event("request", number, remote=remote, use_candidate=nominates)

    def respond_error(self, request: Any, addr: Any, protocol: Any, error_code: Any) -> None:
        """Tell of a check that is refused."""
        super().respond_error(request, addr, protocol, error_code)
        self._safely(
            self._tell_event,
            "error",
            None,
            remote=str(Address(addr[0], addr[1])),
            code=error_code[0],
            reason=error_code[1],
            sent=True,
        )

    def switch_role(self, ice_controlling: bool) -> None:
        """Tell of a conflict of roles that this end gave way in."""
        super().switch_role(ice_controlling)
        self._safely(self._tell_event, "role", None, controlling=ice_controlling)

    def _add_remote_candidate(self, remote_candidate: Any, network_host: str) -> None:
        super()._add_remote_candidate(remote_candidate, network_host)
        self._safely(self._note_remotes)

    def _note_remotes(self) -> None:
        """Tell of the candidates of the peer since the last time."""
        for candidate in self._remote_candidates[self._told_remotes :]:
            self._tell_candidate("remote-candidate", candidate, learned=candidate.type == "prflx")
        self._told_remotes = len(self._remote_candidates)

    def _tell_candidate(self, event: str, candidate: Any, **detail: Any) -> None:
        self._tell_event(
            event,
            None,
            candidate=describe(candidate),
            type=candidate.type,
            transport=candidate.transport.lower(),
            address=candidate.host,
            port=candidate.port,
            priority=candidate.priority,
            foundation=candidate.foundation,
            component=candidate.component,
            **detail,
        )

    # -- gathering -------------------------------------------------------------------------------

    async def get_component_candidates(
        self, component: int, addresses: list[str], timeout: int = 5
    ) -> list[Any]:
        """Gather as aioice does, on the addresses that were asked for, and keep why a relay failed.

        aioice drops the errors of its TURN client, so the relay is asked for apart.
        """
        chosen = self._addresses if self._addresses is not None and addresses else addresses
        server, self.turn_server = self.turn_server, None
        relay = None
        if server is not None:
            relay = asyncio.ensure_future(self._relay(component, server))
        try:
            found: list[Any] = await super().get_component_candidates(
                component,
                chosen,
                self._budget,  # type: ignore[arg-type]
            )
            if relay is not None:
                candidate = await relay
                found += [] if candidate is None else [candidate]
        finally:
            self.turn_server = server
            if relay is not None:
                relay.cancel()
        return found

    async def _relay(self, component: int, server: tuple[str, int]) -> Any:
        began = self._clock()
        code, reason = None, ""
        try:
            async with asyncio.timeout(self._budget):
                candidate, protocol = await aioice_ice.relayed_candidate(
                    component=component,
                    hide_related_address=self._transport_policy == aioice.TransportPolicy.RELAY,
                    protocol_factory=lambda: aioice_ice.StunProtocol(self),
                    turn_server=server,
                    turn_username=self.turn_username,
                    turn_password=self.turn_password,
                    turn_ssl=self.turn_ssl,
                    turn_transport=self.turn_transport,
                )
        except TimeoutError:
            reason = f"no answer in {self._budget:g} s"
        except aioice_stun.TransactionFailed as error:
            code, reason = error.response.attributes.get("ERROR-CODE", (None, str(error)))
        except (OSError, aioice_stun.TransactionError, ValueError) as error:
            reason = str(error) or type(error).__name__
        else:
            self.server_times["turn", component] = self._clock() - began
            self._protocols.append(protocol)
            return candidate
        self._safely(
            self._tell_event,
            "candidate-error",
            None,
            server="turn",
            step="allocate",
            code=code,
            reason=reason,
            elapsed_ms=round((self._clock() - began) * 1000, 3),
        )
        return None

    # -- datagrams -------------------------------------------------------------------------------

    def data_received(self, data: bytes, component: int) -> None:
        """Hand on what is none of ICE's; the queue of aioice has no end."""
        if self._on_data is not None:
            self._on_data(data)

    def _watch(self, protocol: Any) -> None:
        """Put the watching before the four methods of a protocol that datagrams pass."""
        send_stun, request = protocol.send_stun, protocol.request
        datagram_received, error_received = protocol.datagram_received, protocol.error_received

        def watched_send(message: Any, addr: Any) -> None:
            send_stun(message, addr)
            watched = self._watched.get(message.transaction_id)
            if watched is not None:
                self._safely(self._note_sent, watched)

        def watched_receive(data: bytes, addr: Any) -> None:
            watched = self._watched.get(data[8:20])
            if watched is not None and watched.arrived_at is None:
                watched.arrived_at = self._clock()
            datagram_received(data, addr)

        def watched_error(error: Exception) -> None:
            self._safely(self._note_socket_error, protocol, error)
            error_received(error)

        async def watched_request(
            message: Any,
            addr: Any,
            integrity_key: bytes | None = None,
            retransmissions: int | None = None,
        ) -> Any:
            watched = _Watched(None, consent=retransmissions == 0)
            self._safely(self._begin, watched, message, protocol, addr)
            try:
                response, source = await request(
                    message, addr, integrity_key=integrity_key, retransmissions=retransmissions
                )
            except BaseException as error:
                self._safely(self._note_failure, watched, error, protocol, addr)
                raise
            finally:
                self._watched.pop(message.transaction_id, None)
            self._safely(self._note_response, watched, response, source, protocol, addr)
            return response, source

        protocol.send_stun = watched_send
        protocol.request = watched_request
        protocol.datagram_received = watched_receive
        protocol.error_received = watched_error
        candidate = protocol.local_candidate
        if candidate.type == "host":
            self._tell_candidate("local-candidate", candidate)

    def _begin(self, watched: _Watched, message: Any, protocol: Any, addr: Any) -> None:
        if "USERNAME" in message.attributes:
            for pair in self._check_list:
                if pair.protocol is protocol and pair.remote_addr == addr:
                    watched.record = self.record_of(pair)
            if watched.record is None and self._told_selected is not None:
                watched.record = self.record_of(self._told_selected)
        watched.use_candidate = "USE-CANDIDATE" in message.attributes
        if len(self._watched) < _MOST_WATCHED:
            self._watched[message.transaction_id] = watched

    def _note_sent(self, watched: _Watched) -> None:
        watched.sent += 1
        if watched.sent == 1:
            watched.sent_at = self._clock()
        record = watched.record
        if record is None:
            return
        record.requests_sent += 1
        if watched.consent:
            self._tell_event("consent", record.number, asked=record.requests_sent)
        elif watched.sent == 1:
            self._tell_event("sent", record.number, use_candidate=watched.use_candidate)
        else:
            record.retransmissions += 1
            self._tell_event("retransmitted", record.number, attempt=watched.sent)

    def _note_response(
        self, watched: _Watched, response: Any, source: Any, protocol: Any, addr: Any
    ) -> None:
        # Of a request that was sent again nobody knows which one was answered (RFC 6298, 3).
        arrived = watched.arrived_at if watched.arrived_at is not None else self._clock()
        rtt = arrived - watched.sent_at if watched.sent == 1 else None
        record = watched.record
        if record is None:
            if rtt is not None:
                candidate = protocol.local_candidate
                self.server_times[candidate.host, candidate.port] = rtt
            return
        record.responses_received += 1
        if rtt is not None:
            record.rtt = rtt
        if watched.consent:
            self._tell_event("consent", record.number, rtt=rtt)
            return
        mapped = response.attributes.get("XOR-MAPPED-ADDRESS")
        if mapped is not None:
            record.mapped = Address(mapped[0], mapped[1])
        if tuple(source) != tuple(addr):
            record.why = f"answered from {Address(source[0], source[1])} instead"
        self._tell_event(
            "response",
            record.number,
            rtt=rtt,
            mapped=None if mapped is None else str(record.mapped),
        )

    def _note_failure(
        self, watched: _Watched, error: BaseException, protocol: Any, addr: Any
    ) -> None:
        if isinstance(error, asyncio.CancelledError):
            self._note_cancelled(watched, protocol, addr)
            return
        response = getattr(error, "response", None)
        code, reason = None, str(error)
        if response is not None:
            code, reason = response.attributes.get("ERROR-CODE", (None, reason))
        record = watched.record
        if record is None:
            self._tell_server_error(protocol, addr, code, reason)
        elif code is not None:
            record.why = f"refused: {code} {reason}".rstrip()
            self._tell_event("error", record.number, code=code, reason=reason, sent=False)

    def _note_cancelled(self, watched: _Watched, protocol: Any, addr: Any) -> None:
        """A question to a server that gathering did not wait for any longer."""
        if watched.record is None and watched.sent and not self._local_candidates_end:
            self._tell_server_error(protocol, addr, None, f"no answer in {self._budget:g} s")

    def _tell_server_error(self, protocol: Any, addr: Any, code: int | None, reason: str) -> None:
        self._tell_event(
            "candidate-error",
            None,
            server="stun",
            step="binding",
            address=protocol.local_candidate.host,
            code=code,
            reason=reason,
        )

    def _note_socket_error(self, protocol: Any, error: Exception) -> None:
        """A socket cannot send, or the network refuses: say so of what is waiting on it."""
        said = getattr(error, "strerror", None) or str(error)
        for watched in self._watched.values():
            record = watched.record
            if record is not None and record.pair.protocol is protocol and record.why is None:
                record.why = said
                self._tell_pair(record)


def describe(candidate: Any) -> str:
    """A candidate of aioice as ``type transport address:port``."""
    address = Address(candidate.host, candidate.port)
    return f"{candidate.type} {candidate.transport.lower()} {address}"
