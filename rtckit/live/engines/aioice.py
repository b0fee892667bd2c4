"""aioice as an engine: the same surface and the same events as rtckit's own.

What aioice 0.13 cannot do is said, not hidden: it asks one STUN server (over UDP, IPv4) and one
TURN server, knows no ICE-TCP, no restart and no lite end of its own, and nominates aggressively.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import aioice

from rtckit.core.address import Address
from rtckit.core.errors import UsageError
from rtckit.ice.candidate import HOST, PRFLX, RELAY, SRFLX, IceCandidate
from rtckit.ice.events import Event
from rtckit.ice.priority import candidate_priority
from rtckit.ice.settings import Credentials, Settings
from rtckit.live.engines.aioice_observed import ObservedConnection, PairRecord, missing_hooks
from rtckit.live.engines.engine import IceFailed, Selected
from rtckit.live.errors import ProbeError
from rtckit.live.gather import GatherSettings
from rtckit.live.interfaces import list_interfaces
from rtckit.live.preferences import Base, choose_bases
from rtckit.live.servers import Server, resolve
from rtckit.sdp import build_candidate

__all__ = ["AioiceEngine"]

_TA = 0.02
_RTO = 0.5
_TRANSMISSIONS = 7
_LAST_WAIT = 64.0
"""The timers of aioice 0.13: its seventh transmission waits 32 s, 64 times the RTO, for its end."""


class AioiceEngine:
    """An aioice connection; see `rtckit.live.engines.engine.Engine`.

    Make it inside a running event loop. Times of events are seconds since it was made.

    Args:
        controlling: the role to begin with.
        gathering: where candidates come from; of several servers the first STUN and the first TURN
            server are asked.
        nomination: must be ``aggressive`` or None: aioice knows no other way.
        lite: must be False: aioice cannot be lite.
        settings: not heeded; aioice has timers of its own.
        random: not heeded.

    Attributes:
        observed: why events are missing; None when none are.

    Raises:
        UsageError: something is asked for that aioice cannot do.
    """

    name = "aioice"

    def __init__(
        self,
        *,
        controlling: bool,
        gathering: GatherSettings | None = None,
        nomination: str | None = None,
        lite: bool = False,
        settings: Settings | None = None,
        random: Random | None = None,
    ) -> None:
        if lite:
            raise UsageError("aioice cannot be an ICE lite agent")
        if nomination not in (None, "aggressive"):
            raise UsageError(f"aioice nominates aggressively, not {nomination!r}")
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self.gathering = gathering or GatherSettings()
        self.on_event: Callable[[Event], None] | None = None
        self.on_candidate: Callable[[IceCandidate | None], None] | None = None
        self.on_data: Callable[[bytes], None] | None = None
        self.errors: list[dict[str, Any]] = []
        self._bases: dict[str, Base] = {}
        self._stun = next((s for s in self.gathering.servers if s.way == "udp"), None)
        self._turn = next((s for s in self.gathering.servers if s.kind == "turn"), None)
        self._connection: aioice.Connection | None = None
        self._credentials = _new_credentials()
        self._remote: tuple[Credentials, bool] | None = None
        self._early: list[aioice.Candidate | None] = []
        self._local: list[IceCandidate] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._connecting: asyncio.Task[None] | None = None
        self._gathered = self._remote_ended = self._told_end = False
        self._state = "new"
        self._failure: str | None = None
        self._role = controlling
        self._began: float | None = None
        self._selected_at: float | None = None
        self._closing = False
        missing = missing_hooks()
        self.observed = (
            f"aioice {aioice.__version__} has no {', '.join(missing)}" if missing else None
        )

    def now(self) -> float:
        """Return the seconds since this engine was made."""
        return self._loop.time() - self._start

    # -- what it is ------------------------------------------------------------------------------

    @property
    def controlling(self) -> bool:
        """Whether this end nominates."""
        return self._role if self._connection is None else self._connection.ice_controlling

    @property
    def credentials(self) -> Credentials:
        """Of this end."""
        return self._credentials

    @property
    def local(self) -> list[IceCandidate]:
        """The candidates for the other end."""
        return list(self._local)

    @property
    def state(self) -> str:
        """``new``, ``checking``, ``connected``, ``completed``, ``failed`` or ``closed``."""
        return self._state

    @property
    def records(self) -> dict[int, PairRecord]:
        """What was seen of each pair, by number; nothing when aioice cannot be observed."""
        return getattr(self._connection, "records", {})

    @property
    def selected(self) -> Selected | None:
        """The pair data goes over; None before."""
        chosen = self._chosen()
        if chosen is None or self._selected_at is None:
            return None
        record = self._record_of(chosen)
        base = self._local_of(chosen.local_candidate)
        began = self._began if self._began is not None else self._selected_at
        return Selected(
            self._as_seen(base, record),
            _from_aioice(chosen.remote_candidate),
            base,
            None if record is None else record.rtt,
            self._selected_at - began,
        )

    def _chosen(self) -> Any:
        return getattr(self._connection, "_nominated", {}).get(1)

    def _record_of(self, pair: Any) -> PairRecord | None:
        return next((record for record in self.records.values() if record.pair is pair), None)

    def _as_seen(self, base: IceCandidate, record: PairRecord | None) -> IceCandidate:
        """The candidate as the peer sees it, which aioice does not ask (RFC 8445, 7.2.5.3.1)."""
        mapped = None if record is None else record.mapped
        if mapped is None or mapped == base.address:
            return base
        known = next((c for c in self._local if c.address == mapped), None)
        priority = candidate_priority(PRFLX, base.priority >> 8 & 0xFFFF)
        return known or IceCandidate(
            *(PRFLX, "udp", mapped, base.base, priority, base.foundation),
            related=base.base,
            interface=base.interface,
        )

    def pairs(self) -> list[dict[str, Any]]:
        """Return every pair, the best first."""
        chosen = self._chosen()
        found = [
            {
                "pair": record.number,
                "local": self._local_of(record.pair.local_candidate).as_json(),
                "remote": _from_aioice(record.pair.remote_candidate).as_json(),
                "priority": self._priority(record.pair),
                "state": record.state,
                "nominated": record.nominated,
                "selected": record.pair is chosen,
                "requests_sent": record.requests_sent,
                "retransmissions": record.retransmissions,
                "responses_received": record.responses_received,
                "requests_received": record.requests_received,
                "rtt_ms": None if record.rtt is None else round(record.rtt * 1000, 3),
                "why": record.why,
            }
            for record in self.records.values()
        ]
        return sorted(found, key=lambda pair: (-pair["priority"], pair["pair"]))

    def causes(self) -> list[dict[str, Any]]:
        """Return nothing: aioice tells no causes; what its events come to is told by others."""
        return []

    def _priority(self, pair: Any) -> int:
        priority: int = aioice.ice.candidate_pair_priority(
            pair.local_candidate, pair.remote_candidate, self.controlling
        )
        return priority

    # -- candidates ------------------------------------------------------------------------------

    async def gather(self) -> None:
        """Gather candidates; returns when there are no more, or the budget is used up."""
        began = self.now()
        settings = self.gathering
        bases = choose_bases(
            list_interfaces(),
            names=settings.interfaces,
            families=settings.families,
            loopback=settings.loopback,
        )
        self._bases = {base.ip: base for base in bases}
        self._tell("engine", engine="aioice", ta=_TA, rto=_RTO, transmissions=_TRANSMISSIONS,
                   last_wait=_LAST_WAIT, note=self.observed or "")  # fmt: skip
        self._tell("role", controlling=self.controlling)
        names = list(dict.fromkeys(base.interface for base in bases))
        self._tell("gathering", state="started", interfaces=names, policy=settings.policy)
        self._tell_limits()
        if not bases:
            self._tell("candidate-error", code=None, reason="no interface has a usable address")
        connection = await self._make(list(self._bases))
        await connection.gather_candidates()
        for candidate in connection.local_candidates:
            self._add_local(candidate)
        self._tell_missing_srflx(connection)
        elapsed = round((self.now() - began) * 1000, 3)
        self._tell("gathering", state="complete", elapsed_ms=elapsed, errors=len(self.errors))
        self._gathered = True
        if self.on_candidate is not None:
            self.on_candidate(None)
        self._begin()

    async def _make(self, addresses: list[str]) -> aioice.Connection:
        turn = self._turn
        options: dict[str, Any] = {
            "ice_controlling": self._role,
            "stun_server": await self._address_of(self._stun, "binding"),
            "turn_server": await self._address_of(turn, "allocate"),
            "turn_username": None if turn is None else turn.username,
            "turn_password": None if turn is None else turn.credential,
            "turn_ssl": turn is not None and turn.tls,
            "turn_transport": "udp" if turn is None else turn.transport,
            "local_username": self._credentials.ufrag,
            "local_password": self._credentials.pwd,
            "transport_policy": aioice.TransportPolicy[
                "RELAY" if self.gathering.policy == "relay" else "ALL"
            ],
        }
        if turn is not None and turn.tls:
            options["turn_server"] = (turn.host, turn.port)  # the name is in the certificate
        connection: aioice.Connection
        if self.observed is None:
            connection = ObservedConnection(
                self._observe,
                self.now,
                addresses=addresses,
                budget=self.gathering.budget_s,
                on_data=self._take_data,
                **options,
            )
        else:
            connection = aioice.Connection(**options)
        self._connection = connection
        for candidate in self._early:
            self._run(connection.add_remote_candidate(candidate))
        self._early.clear()
        self._run(self._watch_closing(connection))
        return connection

    async def _address_of(self, server: Server | None, step: str) -> tuple[str, int] | None:
        """Look a server up, so that a name that is none is an error that is told."""
        if server is None or (step == "binding" and self.gathering.policy == "relay"):
            return None
        try:
            found = await resolve(
                server, families=(4,) if step == "binding" else self.gathering.families,
                timeout_s=self.gathering.budget_s,
            )  # fmt: skip
        except ProbeError as error:
            self._tell("candidate-error", server=server.label, step=step, code=701,
                       reason=str(error))  # fmt: skip
            return None
        address = found.addresses[0]
        return (address.ip, address.port)

    def _tell_limits(self) -> None:
        """Say which servers aioice will not ask, and why."""
        for server in self.gathering.servers:
            if server in (self._stun, self._turn):
                continue
            why = "aioice asks one STUN server, over UDP, and one TURN server"
            self._tell("candidate-error", server=server.label, code=None, reason=why)
        if self.gathering.tcp:
            self._tell("candidate-error", server=None, code=None, reason="aioice knows no ICE-TCP")

    def _tell_missing_srflx(self, connection: aioice.Connection) -> None:
        if self._stun is None or self.gathering.policy == "relay":
            return
        asked = any(base.family == 4 for base in self._bases.values())
        if self._stun.kind == "stun" and not asked:
            why = "aioice asks STUN servers over IPv4 alone, and there is no IPv4 address"
            self._tell("candidate-error", server=self._stun.label, code=None, reason=why)

    def _add_local(self, candidate: Any) -> None:
        """Take a candidate that aioice gathered; one with a known address and base is redundant."""
        added = self._local_of(candidate)
        if any(
            (known.type, known.address) == (added.type, added.address)
            or (known.address, known.base) == (added.address, added.base)
            for known in self._local
        ):
            return
        self._local.append(added)
        if candidate.type == HOST and self.observed is None:
            rtt = None  # told when its socket was opened
        else:
            rtt = self._server_time(candidate)
            self._tell("local-candidate", **added.as_json(), rtt_ms=rtt)
        if self.on_candidate is not None:
            self.on_candidate(added)

    def _server_time(self, candidate: Any) -> float | None:
        times = getattr(self._connection, "server_times", {})
        key = ("turn", candidate.component)
        if candidate.type == SRFLX:
            key = (candidate.related_address, candidate.related_port)
        seconds = times.get(key)
        return None if seconds is None else round(seconds * 1000, 3)

    def _local_of(self, candidate: Any) -> IceCandidate:
        """A local candidate of aioice, with the base, interface and server it does not keep."""
        address = Address(candidate.host, candidate.port)
        known = next(
            (c for c in self._local if (c.type, c.address) == (candidate.type, address)), None
        )
        if known is not None:
            return known
        related = None
        if candidate.related_address is not None:
            related = Address(candidate.related_address, candidate.related_port or 0)
        server = {SRFLX: self._stun, RELAY: self._turn}.get(candidate.type)
        base_address = related if candidate.type == SRFLX and related is not None else address
        base = self._bases.get(base_address.ip)
        return IceCandidate(
            *(candidate.type, candidate.transport.lower(), address, base_address),
            candidate.priority,
            candidate.foundation,
            candidate.component,
            related,
            interface=None if base is None else base.interface,
            server=None if server is None else server.label,
        )

    @property
    def options(self) -> tuple[str, ...]:
        """What this end says in ``a=ice-options``: aioice takes candidates one by one."""
        return ("trickle",)

    def set_remote(
        self, credentials: Credentials, *, lite: bool = False, options: tuple[str, ...] = ()
    ) -> None:
        """Take the credentials of the other end; checks begin once gathering is over.

        aioice knows no ``options``.
        """
        self._began = self.now()
        self._remote = credentials, lite
        if self._remote_ended:
            self._loop.call_soon(self._end_remote)
        self._begin()

    def add_remote(self, candidate: IceCandidate) -> None:
        """Take a candidate of the other end; aioice resolves an mDNS name itself."""
        self._add_remote(aioice.Candidate.from_sdp(_words(candidate)))

    def end_of_remote(self) -> None:
        """Say that the other end has no more candidates.

        aioice takes none after that, so it is told once those that came with the credentials are.
        """
        self._remote_ended = True
        if self._remote is not None:
            self._loop.call_soon(self._end_remote)

    def _end_remote(self) -> None:
        if self._remote_ended and not self._told_end:
            self._told_end = True
            self._add_remote(None)

    def _add_remote(self, candidate: aioice.Candidate | None) -> None:
        if self._connection is None:
            self._early.append(candidate)
        else:
            self._run(self._connection.add_remote_candidate(candidate))

    # -- connecting ------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Start the checks when both sides' credentials and all local candidates are there."""
        if self._connecting is not None or not self._gathered or self._remote is None:
            return
        assert self._connection is not None
        credentials, lite = self._remote
        self._connection.remote_username = credentials.ufrag
        self._connection.remote_password = credentials.pwd
        self._connection.remote_is_lite = lite
        self._set_state("checking")
        self._connecting = self._run(self._connect(self._connection))

    async def _connect(self, connection: aioice.Connection) -> None:
        await asyncio.sleep(0)  # candidates told in the same breath come first: else 20 ms are lost
        try:
            await connection.connect()
        except ConnectionError as error:
            if not self._closing:
                self._failure = self._why_failed(str(error))
                self._set_state("failed", why=self._failure)
            return
        if self._selected_at is None:
            self._selected_at = self.now()
        self._set_state("completed")
        if self.observed is not None:
            self._run(self._receive(connection))

    async def _receive(self, connection: aioice.Connection) -> None:
        """Take data the long way, where `ObservedConnection` cannot hand it on."""
        while True:
            try:
                self._take_data(await connection.recv())
            except ConnectionError:
                return

    def _why_failed(self, said: str) -> str:
        """What aioice does not say: "ICE negotiation failed" is all its words."""
        if not self._local:
            return "there is no local candidate"
        if not self.records:
            return said if self.observed else "no local candidate suits any remote one"
        reasons = {record.why for record in self.records.values() if record.why}
        return "; ".join(sorted(reasons)) or said

    async def connect(self, timeout: float | None = None) -> Selected:
        """Wait until a pair is selected; raises `IceFailed`."""
        if self._connecting is None:
            raise IceFailed("gather and set_remote come before connect")
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(self._connecting)
        except TimeoutError as error:
            raise IceFailed(f"no pair was selected in {timeout:g} s") from error
        selected = self.selected
        if selected is None or self._state in ("failed", "closed"):
            raise IceFailed(self._failure or f"the session is {self._state}")
        return selected

    def send(self, data: bytes) -> None:
        """Send a datagram over the selected pair; raises `IceFailed`."""
        chosen = self._chosen()
        if chosen is None or self._state in ("failed", "closed"):
            raise IceFailed(self._failure or f"nothing to send over: {self._state}")
        chosen.protocol.transport.sendto(data, chosen.remote_addr)

    def _take_data(self, data: bytes) -> None:
        if self.on_data is not None:
            self.on_data(data)

    async def _watch_closing(self, connection: aioice.Connection) -> None:
        """aioice closes itself when the peer stops consenting; nobody else is told why."""
        event = await connection.get_event()
        if event is not None and not self._closing:
            self._failure = "the peer did not consent for six questions in a row"
            self._tell("consent", lost=True)
            self._set_state("failed", why=self._failure)

    async def close(self) -> None:
        """End it and close its sockets."""
        if self._closing:
            return
        self._closing = True
        if self._connection is not None:
            await self._connection.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._set_state("closed")

    # -- what is told ----------------------------------------------------------------------------

    def _run(self, work: Any) -> asyncio.Task[Any]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._tell("discarded", reason=str(error) or type(error).__name__)

    def _set_state(self, state: str, **detail: Any) -> None:
        if state != self._state and self._state != "closed":
            self._state = state
            self._tell("state", state=state, **detail)

    def _observe(self, event: str, pair: int | None = None, **detail: Any) -> None:
        """Pass on what the connection tells, with what only the engine knows."""
        if event == "local-candidate":
            base = self._bases.get(detail["address"])
            detail["interface"] = None if base is None else base.interface
        elif event == "candidate-error":
            server = self._turn if detail.get("server") == "turn" else self._stun
            base = self._bases.get(detail.get("address") or "")
            detail["server"] = None if server is None else server.label
            detail["interface"] = None if base is None else base.interface
        elif event == "response" and self._state == "checking":
            self._tell_event(event, pair, detail)
            self._set_state("connected")
            return
        elif event == "selected" and self._selected_at is None:
            self._selected_at = self.now()
        self._tell_event(event, pair, detail)

    def _tell(self, event: str, **detail: Any) -> None:
        self._tell_event(event, None, detail)

    def _tell_event(self, event: str, pair: int | None, detail: dict[str, Any]) -> None:
        if event == "candidate-error":
            self.errors.append(detail)
        if self.on_event is not None:
            self.on_event(Event(self.now(), event, pair, detail))


def _new_credentials() -> Credentials:
    from random import SystemRandom

    from rtckit.live.engines.native import new_credentials

    return new_credentials(SystemRandom())


def _words(candidate: IceCandidate) -> str:
    """A candidate in the words aioice reads: what follows ``candidate:``."""
    return build_candidate(candidate.to_sdp()).partition(":")[2]


def _from_aioice(candidate: Any) -> IceCandidate:
    """A remote candidate of aioice."""
    address = Address(candidate.host, candidate.port)
    return IceCandidate(
        *(candidate.type, candidate.transport.lower(), address, address),
        candidate.priority,
        candidate.foundation,
        candidate.component,
    )
