"""How rules point at what they saw, and the questions many of them ask of a call."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.analysis.ice_session import Check
from rtckit.analysis.transactions import Sighting, Transaction
from rtckit.analysis.vantage import Vantage
from rtckit.core.findings import Evidence, Location, Severity
from rtckit.core.text import escape_controls
from rtckit.wire import stun

__all__ = [
    "at_frame",
    "breaks_ice",
    "check_evidence",
    "connected",
    "frame_evidence",
    "quoted",
    "reason",
    "request_evidence",
    "sides",
]


def at_frame(vantage: Vantage, seen: Sighting) -> Location:
    """A frame of a capture as a location."""
    return Location(vantage.file, frame=seen.frame)


def frame_evidence(vantage: Vantage, seen: Sighting, text: str) -> Evidence:
    """Something a frame shows."""
    return Evidence(text, at_frame(vantage, seen))


def request_evidence(vantage: Vantage, transaction: Transaction) -> Evidence:
    """A STUN request and what became of it."""
    name = f"{stun.method_name(transaction.method)} request"
    error = transaction.error
    if error is not None:
        outcome = f"answered {reason(error)} in frame {transaction.responses[0].frame}"
    elif transaction.responses:
        outcome = f"answered in frame {transaction.responses[0].frame}"
    elif transaction.retransmissions:
        outcome = f"sent {len(transaction.requests)} times, never answered"
    else:
        outcome = "never answered"
    return Evidence(
        f"{name} {transaction.src} -> {transaction.dst}, {outcome}",
        at_frame(vantage, transaction.first),
    )


def check_evidence(call: Call, vantage: str, check: Check) -> Evidence:
    """A connectivity check and what became of it."""
    return request_evidence(call.vantage(vantage), check.transaction)


def reason(error: stun.ErrorCode) -> str:
    """A STUN error as people write it: ``401 (Unauthorized)``."""
    text = escape_controls(error.reason).strip()
    return f"{error.code} ({text})" if text else str(error.code)


def quoted(text: str) -> str:
    """Foreign text in quotes, safe to show."""
    return f'"{escape_controls(text)}"'


def connected(call: Call) -> bool:
    """Whether any ICE session found a pair, by packets or by an end's own account."""
    return any(session.connected for session in call.ice) or any(
        stats.selected_pair is not None for stats in call.stats.values()
    )


def breaks_ice(call: Call) -> Severity:
    """An obstacle to ICE is an error where ICE failed, and a warning where it found another way."""
    return Severity.WARNING if connected(call) else Severity.ERROR


def sides(call: Call) -> Iterator[tuple[str, str]]:
    """(side, the other side) for both ends."""
    yield from (("a", "b"), ("b", "a"))
