"""What every ICE engine can do, whatever drives its checks.

An engine is one end of an ICE session with one data stream. It gathers candidates on the sockets
its checks leave from, is told about the other end, connects, and tells everything it does as
:class:`rtckit.ice.events.Event`::

    engine = NativeEngine(controlling=True, gathering=GatherSettings())
    await engine.gather()
    ...                      # credentials and candidates go to the other end, and come from there
    engine.set_remote(credentials)
    engine.add_remote(candidate)
    engine.end_of_remote()
    selected = await engine.connect()
    engine.send(b"hello")
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rtckit.core.errors import NetworkFailure
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.events import Event
from rtckit.ice.settings import Credentials

__all__ = ["Engine", "IceFailed", "Selected"]


@dataclass(frozen=True, slots=True)
class Selected:
    """The pair that data goes over.

    Attributes:
        local: as the peer sees this side, its type and address.
        remote: where it goes.
        base: the address packets leave from.
        rtt: seconds from a check to its answer; None when none was timed.
        elapsed: seconds from `Engine.set_remote` to the selection.
    """

    local: IceCandidate
    remote: IceCandidate
    base: IceCandidate
    rtt: float | None
    elapsed: float

    def as_json(self) -> dict[str, Any]:
        """Return the pair as JSON would take it."""
        return {
            "local": self.local.as_json(),
            "remote": self.remote.as_json(),
            "base": self.base.as_json(),
            "rtt_ms": None if self.rtt is None else round(self.rtt * 1000, 3),
            "elapsed_ms": round(self.elapsed * 1000, 3),
        }


class IceFailed(NetworkFailure):
    """No pair came to work; the message says why as far as the agent knows."""


class Engine(Protocol):
    """One end of an ICE session.

    Attributes:
        name: of the engine: ``native`` or ``aioice``.
        on_event: called with each event, in order; set it before `gather`.
        on_candidate: called with each local candidate for the other end (trickle, RFC 8838), and
            with None when there are no more.
        on_data: called with each datagram of the peer that is none of ICE's.
    """

    name: str
    on_event: Callable[[Event], None] | None
    on_candidate: Callable[[IceCandidate | None], None] | None
    on_data: Callable[[bytes], None] | None

    @property
    def controlling(self) -> bool:
        """Whether this end nominates; a conflict of roles may change it."""
        ...

    @property
    def credentials(self) -> Credentials:
        """Of this end, for its description."""
        ...

    @property
    def local(self) -> list[IceCandidate]:
        """The candidates for the other end that were gathered so far."""
        ...

    @property
    def state(self) -> str:
        """``new``, ``checking``, ``connected``, ``completed``, ``disconnected``, ``failed`` or
        ``closed``.
        """
        ...

    async def gather(self) -> None:
        """Gather candidates; returns when there are no more, or the budget is used up."""
        ...

    @property
    def options(self) -> tuple[str, ...]:
        """What this end says in ``a=ice-options``."""
        ...

    def set_remote(
        self, credentials: Credentials, *, lite: bool = False, options: tuple[str, ...] = ()
    ) -> None:
        """Take the credentials of the other end, and what it said in ``a=ice-options``; checks
        begin.
        """
        ...

    def add_remote(self, candidate: IceCandidate) -> None:
        """Take a candidate of the other end, at any time."""
        ...

    def end_of_remote(self) -> None:
        """Say that the other end has no more candidates."""
        ...

    async def connect(self, timeout: float | None = None) -> Selected:
        """Wait until a pair is selected.

        Raises:
            IceFailed: nothing works, or ``timeout`` seconds are over.
        """
        ...

    def send(self, data: bytes) -> None:
        """Send a datagram over the selected pair.

        Raises:
            IceFailed: there is none, or the peer's consent is gone.
        """
        ...

    def pairs(self) -> list[dict[str, Any]]:
        """Return every pair with its state, counters and why it does not work, as JSON has it."""
        ...

    def causes(self) -> list[dict[str, Any]]:
        """Return why there is no connection: ``kind``, ``text``, ``fix`` and ``pairs`` of each."""
        ...

    async def close(self) -> None:
        """End it and close its sockets; harmless when that was done."""
        ...
