"""How a probe runs: its settings, its steps with their times, failures as records."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rtckit.analysis.probe import Failure, Step
from rtckit.core.address import Address
from rtckit.live.errors import (
    IcmpError,
    NotStun,
    ProbeError,
    Refused,
    ResolveFailed,
    StunError,
    TlsFailed,
)
from rtckit.live.interfaces import Interface, source_address_for

__all__ = ["Place", "StepRecorder", "failure_of", "places_for", "schedule", "shown_local"]

T = TypeVar("T")
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a probe starts from: an interface and an address of it, or wherever the routes say."""

    interface: str | None = None
    local_ip: str | None = None


def places_for(interfaces: Sequence[Interface], family: int) -> list[Place]:
    """One place an interface: its first address of the family that can be used."""
    found = []
    for interface in interfaces:
        usable = [
            address
            for address in interface.of_family(family)
            if not address.tentative and not address.deprecated
        ]
        if usable:
            found.append(Place(interface.name, usable[0].ip))
    return found


def schedule(timeout_s: float, rto: float) -> tuple[int, float]:
    """How often to send within ``timeout_s``, doubling from ``rto``, and the wait after the last.

    RFC 8489, 6.2.1 with an end that people can wait for: 5 s and 0.5 s make sendings after 0, 0.5,
    1.5 and 3.5 s, and a last wait of 1.5 s.
    """
    attempts = 1
    while rto * (2**attempts - 1) < timeout_s and attempts < 7:
        attempts += 1
    return attempts, max(rto, timeout_s - rto * (2 ** (attempts - 1) - 1))


def failure_of(error: ProbeError) -> Failure:
    """The record of a failure."""
    details = {key: value for key, value in error.as_json().items() if key != "error"}
    details.pop("message", None)
    code = None
    reason = name = ""
    authenticated = True
    if isinstance(error, StunError):
        code, reason, authenticated = error.code, error.reason, error.authenticated
    elif isinstance(error, Refused):
        known = isinstance(error.error, IcmpError) and error.error.origin != "local"
        name = str(details["name"] if known else details["errno"])
    elif isinstance(error, TlsFailed):
        name = error.defect
    elif isinstance(error, NotStun):
        name = error.speaks or ""
    elif isinstance(error, ResolveFailed):
        name = "missing" if error.missing else ""
    sent = getattr(error, "sent", 1)
    return Failure(error.kind, str(error), code, reason, name, sent, authenticated, details)


class StepRecorder:
    """Collects the steps of one probe; ``on_step`` is told of each as it ends."""

    def __init__(self, on_step: Callable[[Step], None] | None = None) -> None:
        self.steps: list[Step] = []
        self.on_step = on_step
        self._loop = asyncio.get_running_loop()

    def add(self, step: Step) -> None:
        """Add a step that is over."""
        self.steps.append(step)
        if self.on_step is not None:
            self.on_step(step)

    def skip(self, name: str, why: str) -> None:
        """Add a step that was not tried."""
        self.add(Step(name, None, note=why))

    async def take(
        self,
        name: str,
        work: Awaitable[T],
        facts: Callable[[T], Facts] | None = None,
        *,
        on_failure: Callable[[ProbeError], Facts] | None = None,
    ) -> T | None:
        """Do ``work`` as one step; its result, None when it failed."""
        start = self._loop.time()
        try:
            result = await work
        except ProbeError as error:
            learned = on_failure(error) if on_failure is not None else {}
            ms = (self._loop.time() - start) * 1000
            self.add(Step(name, False, ms, failure_of(error), learned))
            return None
        ms = (self._loop.time() - start) * 1000
        self.add(Step(name, True, ms, facts=facts(result) if facts is not None else {}))
        return result


def shown_local(place: Place, local: Address, remote: Address) -> Address:
    """The local address as it is used: that of the route where the socket is bound to any."""
    if local.ip not in ("0.0.0.0", "::"):
        return local
    return Address(place.local_ip or source_address_for(remote.ip) or local.ip, local.port)
