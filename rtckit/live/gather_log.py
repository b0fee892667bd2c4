"""What gathering tells: events as they happen, errors in the end, records for the rules."""

from collections.abc import Callable, Mapping
from typing import Any

from rtckit.analysis.probe import ProbeSet, ServerProbe, Step
from rtckit.core.address import Address
from rtckit.ice.events import Event
from rtckit.live.errors import (
    NoAnswer,
    ProbeError,
    Refused,
    ResolveFailed,
    StreamClosed,
    StunError,
    TlsFailed,
)
from rtckit.live.preferences import Base
from rtckit.live.probing import failure_of
from rtckit.live.servers import Server

__all__ = ["GatherLog"]

_UNREACHABLE = 701
"""The code of a server that cannot be reached (W3C webrtc-pc, 4.8.3)."""


class GatherLog:
    """Keeps and tells what servers did.

    Args:
        clock: gives the time of events, in seconds.
        on_event: takes ``gathering``, ``server`` and ``candidate-error`` events.

    Attributes:
        errors: the details of the ``candidate-error`` events.
    """

    def __init__(self, clock: Callable[[], float], on_event: Callable[[Event], None]) -> None:
        self.errors: list[dict[str, Any]] = []
        self._clock = clock
        self._on_event = on_event
        self._steps: dict[tuple[Server, Base], list[Step]] = {}

    def probes(self, resolved: Mapping[Server, tuple[Address, ...]]) -> ProbeSet:
        """Return a record for each server and address it was asked from."""
        return ProbeSet(
            tuple(
                ServerProbe(
                    server.label,
                    server.host,
                    server.kind,
                    server.way,
                    tuple(steps),
                    next((a for a in resolved.get(server, ()) if a.family == base.family), None),
                    base.interface,
                    Address(base.ip, 0),
                    server.username,
                )
                for (server, base), steps in self._steps.items()
            )
        )

    def answered(
        self, server: Server, base: Base, step: str, rtt: float, **detail: str | None
    ) -> None:
        """Tell that a server answered, in ``rtt`` seconds."""
        addresses = {key: value for key, value in detail.items() if value is not None}
        step_facts: dict[str, Any] = dict(addresses)
        self._record(server, base, Step(step, True, _ms(rtt), facts=step_facts))
        self.emit(
            "server",
            server=server.label,
            transport=server.way,
            interface=base.interface,
            address=base.ip,
            step=step,
            ok=True,
            rtt_ms=_ms(rtt),
            **detail,
        )

    def missed(
        self, server: Server, base: Base, error: ProbeError, began: float, step: str
    ) -> None:
        """Tell that a question of no consequence was not answered."""
        self.emit(
            "server",
            server=server.label,
            transport=server.way,
            interface=base.interface,
            address=base.ip,
            step=step,
            ok=False,
            reason=str(error),
            elapsed_ms=_ms(self._clock() - began),
        )

    def failed(
        self,
        server: Server | None,
        base: Base | None,
        error: ProbeError,
        began: float,
        step: str = "open",
        *,
        kind: str | None = None,
    ) -> None:
        """Tell what went wrong, since ``began``; ``kind`` in place of the error's own."""
        elapsed = _ms(self._clock() - began)
        if server is not None and base is not None:
            failed = failure_of(error) if kind is None else failure_of(NoAnswer(elapsed / 1000, 1))
            self._record(
                server, base, Step(_step_of(error, server, step, kind), False, elapsed, failed)
            )
        detail = error.as_json()
        code = error.code if isinstance(error, StunError) else _UNREACHABLE
        entry = {
            "server": None if server is None else server.label,
            "transport": None if server is None else server.way,
            "interface": None if base is None else base.interface,
            "address": None if base is None else base.ip,
            "step": step,
            "code": code if server is not None else None,
            "reason": str(error),
            "error": kind or detail.pop("error"),
            "elapsed_ms": elapsed,
        }
        detail.pop("error", None)
        detail.pop("message", None)
        entry["detail"] = detail
        self.errors.append(entry)
        self.emit("candidate-error", **entry)

    def _record(self, server: Server, base: Base, step: Step) -> None:
        self._steps.setdefault((server, base), []).append(step)

    def emit(self, event: str, **detail: Any) -> None:
        """Tell an event."""
        self._on_event(Event(self._clock(), event, None, detail))


def _step_of(error: ProbeError, server: Server, step: str, kind: str | None) -> str:
    """Return the step of a probe that an error belongs to."""
    if isinstance(error, ResolveFailed):
        return "resolve"
    if isinstance(error, TlsFailed):
        return "tls"
    if server.way != "udp" and isinstance(error, Refused | StreamClosed):
        return "connect"
    if step == "allocate" and (kind == "timeout" or isinstance(error, NoAnswer | Refused)):
        return "challenge"
    return step


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
