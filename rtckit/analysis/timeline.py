"""When what happened in a call: the moments that people look for, from every record, in order."""

from collections.abc import Iterator
from typing import NamedTuple

from rtckit.analysis.call import Call
from rtckit.analysis.transactions import Sighting
from rtckit.analysis.vantage import Vantage
from rtckit.core.findings import Location
from rtckit.wire import stun

__all__ = ["Event", "timeline"]


class Event(NamedTuple):
    """One moment: nanoseconds since 1970, the layer it belongs to, what happened and where."""

    time_ns: int
    layer: str
    text: str
    location: Location


def timeline(call: Call) -> list[Event]:
    """The moments of a call in order of time, each once where two vantage points saw it."""
    events = sorted(
        (event for vantage in call.vantages for event in _events(call, vantage)),
        key=lambda event: event.time_ns,
    )
    seen: set[tuple[str, str]] = set()
    unique = []
    for event in events:
        key = (event.layer, event.text)
        if key not in seen:
            seen.add(key)
            unique.append(event)
    return unique


def _events(call: Call, vantage: Vantage) -> Iterator[Event]:
    def at(seen: Sighting, layer: str, text: str) -> Event:
        return Event(seen.time_ns, layer, text, Location(vantage.file, frame=seen.frame))

    for allocation in vantage.allocations:
        who = f"{allocation.client} at TURN server {allocation.server}"
        if allocation.requested is not None:
            yield at(allocation.requested, "ice", f"{who}: Allocate")
        if allocation.allocated is not None:
            yield at(allocation.allocated, "ice", f"{who}: relayed address {allocation.relayed}")
        for error in allocation.errors:
            name = stun.method_name(error.method)
            yield at(error.response, "ice", f"{who}: {name} refused, {error.code}")
        if allocation.released is not None:
            yield at(allocation.released, "ice", f"{who}: released")
    for view in vantage.ice:
        checks = sorted(view.checks, key=lambda check: check.transaction.first.time_ns)
        for side in ("a", "b"):
            first = next((check for check in checks if check.sender == side), None)
            if first is not None:
                who = call.peer_name(side)
                yield at(first.transaction.first, "ice", f"first check of {who}")
        for pair in view.pairs.values():
            nomination = pair.nominated_by
            if nomination is not None:
                answer = nomination.transaction.responses[0]
                yield at(answer, "ice", f"pair nominated: {pair.a} - {pair.b}")
    for session in vantage.dtls:
        client = call.peer_name(session.client_side) if session.client_side else session.client
        for seen, text in (
            (session.client_hello_seen, f"ClientHello of {client}"),
            (session.hello_retry, "HelloRetryRequest"),
            (session.server_hello_seen, f"ServerHello, {session.version_name}"),
            (session.completed, "handshake complete"),
        ):
            if seen is not None:
                yield at(seen, "dtls", text)
        for alert in session.alerts:
            yield at(alert.seen, "dtls", f"{alert.name} from {alert.src}")
        for role, end in session.ends.items():
            if end.application is not None:
                yield at(end.application, "data", f"first application record of the {role}")
    for stream in vantage.streams:
        sender = call.peer_name(stream.sender) if stream.sender else str(stream.src)
        what = " ".join(part for part in (stream.kind, stream.codec) if part)
        first_packet = Sighting(stream.first_frame, stream.first_ns)
        yield at(first_packet, "media", f"first {what} packet of {sender}, SSRC {stream.ssrc}")
    for icmp in vantage.icmp_errors:
        text = f"{icmp.reporter} reports {icmp.meaning} for {icmp.src} -> {icmp.dst}"
        yield at(Sighting(icmp.frame, icmp.time_ns), "network", text)
