"""The rows of ICE tables: candidates, what servers refused, pairs, and lines of the log.

Beside them stands how fields of events are read that anybody may have written.
"""

from collections import deque
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

from rtckit.analysis.ice_words import Level

__all__ = [
    "CandidateError",
    "CandidateRow",
    "LogEntry",
    "PairRow",
    "Timing",
    "as_number",
    "as_text",
    "pair_number",
    "read_candidate",
    "read_foundation",
]

_MOST_RTTS = 240
_MOST_TEXT = 400


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


# -- fields of events ------------------------------------------------------------------------------


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


def pair_number(value: Any) -> int | None:
    """The number of a pair, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 2**31 else None


def read_foundation(detail: dict[str, Any]) -> tuple[str, str] | None:
    """The foundations of both candidates, where an event of a pair tells them."""
    value = detail.get("foundation")
    if isinstance(value, list | tuple) and len(value) == 2:
        return as_text(value[0]), as_text(value[1])
    return None


def read_candidate(where: str, t: float, detail: dict[str, Any]) -> CandidateRow | None:
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
