"""The engine of rtckit itself: its sans-I/O agent on sockets.

Nothing is polled. What comes in is answered in the same turn of the event loop, and one timer is
set for the time the agent asks for.
"""

import asyncio
from collections.abc import Callable
from random import Random, SystemRandom
from typing import Any

from rtckit.core.address import Address, Scope, scope_of
from rtckit.ice.agent import Agent
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.causes import find_causes
from rtckit.ice.events import Event
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.settings import Credentials, Settings
from rtckit.live.engines.engine import IceFailed, Selected
from rtckit.live.gather import Gatherer, GatherSettings
from rtckit.live.links import Link
from rtckit.live.relay_link import RelayLink

__all__ = ["NativeEngine", "new_credentials"]

_ICE_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_UFRAG_LENGTH = 8
_PWD_LENGTH = 24
_MOST_TURNS = 32
_OVER = ("failed", "closed")


def new_credentials(random: Random) -> Credentials:
    """Make up credentials: 48 and 144 bits of chance (RFC 8445, 5.3)."""
    characters = random.choices(_ICE_CHARACTERS, k=_UFRAG_LENGTH + _PWD_LENGTH)
    return Credentials("".join(characters[:_UFRAG_LENGTH]), "".join(characters[_UFRAG_LENGTH:]))


class NativeEngine:
    """An ICE agent on real sockets; see `rtckit.live.engines.engine.Engine`.

    Make it inside a running event loop. Times of events are seconds since it was made.

    Args:
        controlling: the role to begin with.
        gathering: where candidates come from.
        nomination: ``regular``, or ``aggressive`` as RFC 5245 had it.
        lite: only answer checks.
        settings: timers and limits of the agent.
        random: where credentials, transaction ids and foundations come from.
    """

    name = "native"

    def __init__(
        self,
        *,
        controlling: bool,
        gathering: GatherSettings | None = None,
        nomination: str = "regular",
        lite: bool = False,
        settings: Settings | None = None,
        random: Random | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        random = random or SystemRandom()
        self.agent = Agent(
            controlling=controlling,
            credentials=new_credentials(random),
            random=random,
            nomination=nomination,
            lite=lite,
            settings=settings,
        )
        self.gatherer = Gatherer(
            gathering or GatherSettings(),
            clock=self.now,
            foundation=self.agent.next_foundation,
            on_candidate=self._take_candidate,
            on_event=self._emit,
            on_link=self._take_link,
        )
        self.on_event: Callable[[Event], None] | None = None
        self.on_candidate: Callable[[IceCandidate | None], None] | None = None
        self.on_data: Callable[[bytes], None] | None = None
        self._random = random
        self._links: dict[tuple[str, Address], Link] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing = False
        self._waiting: list[asyncio.Future[None]] = []
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._remote_ended = False
        self._began: float | None = None
        self._selected_at = 0.0
        self._has_selected = False
        self._closed = False

    def now(self) -> float:
        """Return the seconds since this engine was made."""
        return self._loop.time() - self._start

    # -- what it is ------------------------------------------------------------------------------

    @property
    def controlling(self) -> bool:
        """Whether this end nominates."""
        return self.agent.controlling

    @property
    def credentials(self) -> Credentials:
        """Of this end."""
        return self.agent.credentials

    @property
    def local(self) -> list[IceCandidate]:
        """The candidates for the other end."""
        return [c for c in self.agent.local if c.type != "prflx"]

    @property
    def state(self) -> str:
        """The state of the agent."""
        return self.agent.state

    @property
    def selected(self) -> Selected | None:
        """The pair data goes over; None before."""
        pair = self.agent.selected
        if pair is None:
            return None
        began = self._began if self._began is not None else self._selected_at
        return Selected(
            pair.mapped or pair.local, pair.remote, pair.local, pair.rtt, self._selected_at - began
        )

    def pairs(self) -> list[dict[str, Any]]:
        """Return every pair, the best first."""
        return [self._describe(pair) for pair in self.agent.checklist]

    def _describe(self, pair: CandidatePair) -> dict[str, Any]:
        why = pair.last_error
        if why is None and pair.state in (PairState.FROZEN, PairState.WAITING):
            why = self.agent.checklist.why_waiting(pair)
        return {
            "pair": pair.number,
            "local": pair.local.as_json(),
            "remote": pair.remote.as_json(),
            "priority": pair.priority,
            "state": str(pair.state),
            "nominated": pair.nominated,
            "selected": pair is self.agent.selected,
            "requests_sent": pair.requests_sent,
            "retransmissions": pair.retransmissions,
            "responses_received": pair.responses_received,
            "requests_received": pair.requests_received,
            "rtt_ms": None if pair.rtt is None else round(pair.rtt * 1000, 3),
            "why": why,
        }

    def causes(self) -> list[dict[str, Any]]:
        """Return why there is no connection; nothing while there is one."""
        if self._has_selected and self.agent.state not in _OVER:
            return []
        return [cause.as_json() for cause in self.agent.causes or find_causes(self.agent)]

    # -- candidates ------------------------------------------------------------------------------

    async def gather(self) -> None:
        """Gather candidates; returns when there are no more, or the budget is used up."""
        await self.gatherer.gather()
        self.agent.end_of_local(self.now())
        self._flush()
        if self.on_candidate is not None:
            self.on_candidate(None)

    def _take_link(self, link: Link) -> None:
        self._links[link.transport, link.base] = link
        link.on_datagram = self._receive
        link.on_failure = self._take_failure
        for candidate in self.agent.remote:
            self._permit(link, candidate)

    def _permit(self, link: Link, candidate: IceCandidate) -> None:
        """Have a relay let the peer in, whose checks may come before ours go out."""
        address = candidate.address
        if not isinstance(link, RelayLink) or candidate.transport != "udp":
            return
        if address.family == link.base.family:
            link.permit(address)

    def _take_candidate(self, candidate: IceCandidate, rtt: float | None) -> None:
        if self.agent.add_local(self.now(), candidate, rtt=rtt):
            self._flush()
            if self.on_candidate is not None:
                self.on_candidate(candidate)

    @property
    def options(self) -> tuple[str, ...]:
        """What this end says in ``a=ice-options``."""
        return self.agent.options

    def set_remote(
        self, credentials: Credentials, *, lite: bool = False, options: tuple[str, ...] = ()
    ) -> None:
        """Take the credentials of the other end, and what it said in ``a=ice-options``."""
        self._began = self.now()
        self.agent.set_remote(self._began, credentials, lite=lite, options=options)
        self._flush()

    def add_remote(self, candidate: IceCandidate) -> None:
        """Take a candidate of the other end; an mDNS name is asked for on the local networks."""
        name = candidate.address.ip
        added = self.agent.add_remote(self.now(), candidate)
        if added and candidate.address.family == 0:
            if scope_of(name) is not Scope.MDNS:
                why = f"{name} is a host name, which is not looked up (RFC 8839, 5.1)"
                self.agent.resolve_remote(self.now(), name, None, why)
            elif name not in self._resolving:
                self._resolving[name] = self._loop.create_task(self._resolve(name))
        if added:
            for link in list(self._links.values()):
                self._permit(link, candidate)
        self._flush()

    async def _resolve(self, name: str) -> None:
        """Ask for an mDNS name until it is answered or given up; checks go on meanwhile."""
        ip, why = await self.gatherer.resolve_name(name)
        del self._resolving[name]
        self.agent.resolve_remote(self.now(), name, ip, why)
        for candidate in self.agent.remote:
            if candidate.address.ip == ip:
                for link in list(self._links.values()):
                    self._permit(link, candidate)
        self._end_remote()
        self._flush()

    def end_of_remote(self) -> None:
        """Say that the other end has no more candidates."""
        self._remote_ended = True
        self._end_remote()
        self._flush()

    def _end_remote(self) -> None:
        if self._remote_ended and not self._resolving:
            self.agent.end_of_remote(self.now())

    def restart(self) -> Credentials:
        """Begin anew with other credentials, which are returned; data goes on meanwhile."""
        for task in self._resolving.values():
            task.cancel()
        self._resolving.clear()
        self._remote_ended = self._has_selected = False
        self.agent.restart(self.now(), new_credentials(self._random))
        self._flush()
        return self.agent.credentials

    # -- connecting ------------------------------------------------------------------------------

    async def connect(self, timeout: float | None = None) -> Selected:
        """Wait until a pair is selected; raises `IceFailed`."""
        if not self._is_settled():
            waiter = self._loop.create_future()
            self._waiting.append(waiter)
            try:
                async with asyncio.timeout(timeout):
                    await waiter
            except TimeoutError as error:
                raise IceFailed(f"no pair was selected in {timeout:g} s") from error
            finally:
                self._waiting.remove(waiter)
        selected = self.selected
        if selected is None or self.agent.state in ("failed", "closed"):
            raise IceFailed(self.agent.failure or f"the session is {self.agent.state}")
        return selected

    def _is_settled(self) -> bool:
        """Whether the present generation has a pair, or will never have one."""
        return self.agent.state in ("failed", "closed") or self._has_selected

    def send(self, data: bytes) -> None:
        """Send a datagram over the selected pair; raises `IceFailed`."""
        pair = self.agent.selected
        if pair is None or self.agent.state in _OVER:
            raise IceFailed(self.agent.failure or f"nothing to send over: {self.agent.state}")
        self._links[pair.local.transport, pair.local.base].send(data, pair.remote.address)

    async def close(self) -> None:
        """End the session and close its sockets."""
        if self._closed:
            return
        self._closed = True
        self.agent.close(self.now())
        self._flush()
        for task in self._resolving.values():
            task.cancel()
        await self.gatherer.close()
        self._links.clear()

    # -- the loop --------------------------------------------------------------------------------

    def _receive(self, link: Link, data: bytes, remote: Address) -> None:
        now = self._loop.time() - self._start
        if self.agent.receive(now, link.base, remote, data, link.transport):
            self._flush()
        elif self.on_data is not None:
            self.on_data(data)

    def _take_failure(self, link: Link, remote: Address, why: str, transient: bool) -> None:
        self.agent.fail_send(
            self.now(), link.base, remote, why, transport=link.transport, transient=transient
        )
        self._flush()

    def _on_timer(self) -> None:
        self._timer = None
        self._flush()

    def _flush(self) -> None:
        """Send what is to be sent, do what is due, tell what happened, and set the timer."""
        if self._flushing:
            return  # a link that failed while it sent; the loop below goes round again
        self._flushing = True
        agent = self.agent
        due = None
        try:
            for _ in range(_MOST_TURNS):
                for transmit in agent.take_transmits():
                    link = self._links.get((transmit.transport, transmit.local))
                    if link is not None:
                        link.send(transmit.data, transmit.remote)
                now = self._loop.time() - self._start
                due = agent.next_time()
                if due is None or due > now:
                    if not agent.transmits:
                        break
                    continue
                agent.on_time(now)
        finally:
            self._flushing = False
        self._set_timer(due)
        events = agent.take_events()
        if events:
            self._tell(events)

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if event.event == "selected":
                self._select(event.t)
            self._emit(event)
        if self._waiting and self._is_settled():
            for waiter in self._waiting:
                if not waiter.done():
                    waiter.set_result(None)

    def _select(self, time: float) -> None:
        self._has_selected = True
        self._selected_at = time
        pair = self.agent.selected
        if pair is not None:
            link = self._links.get((pair.local.transport, pair.local.base))
            if isinstance(link, RelayLink):
                link.prefer(pair.remote.address)

    def _emit(self, event: Event) -> None:
        if self.on_event is not None:
            self.on_event(event)

    def _set_timer(self, due: float | None) -> None:
        if self._timer is not None:
            if due is not None and self._timer.when() == due + self._start:
                return
            self._timer.cancel()
            self._timer = None
        if due is not None and not self._closed:
            self._timer = self._loop.call_at(due + self._start, self._on_timer)
