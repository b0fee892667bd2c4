"""What happens in an agent, one record each; the same records feed logs, tables and the screen."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        t: seconds, on the clock of the caller.
        event: ``local-candidate``, ``remote-candidate``, ``pair`` (its state changed), ``sent``,
            ``retransmitted``, ``response``, ``request``, ``error``, ``role``, ``nominated``,
            ``selected``, ``state``, ``consent``, ``discarded`` or ``restart``.
        pair: the number of the pair it is about.
        detail: what else there is to say, as JSON would take it. Of candidates: what
            `rtckit.ice.IceCandidate.as_json` gives, ``rtt_ms`` of the server for local ones, and
            ``learned`` for those a check told of. Of ``pair``: ``state``, ``local``, ``remote``,
            ``priority``, and ``why`` once there is a reason.
    """

    t: float
    event: str
    pair: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the event as one flat object."""
        entry: dict[str, Any] = {"t": round(self.t, 6), "event": self.event}
        if self.pair is not None:
            entry["pair"] = self.pair
        return entry | self.detail
