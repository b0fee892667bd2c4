"""What a call consists of, in full: candidates, pairs, allocations, DTLS sessions, RTP streams.

The tables of ``rtckit diagnose -v`` and the ``details`` object of its JSON answer.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rtckit.analysis.call import Call
from rtckit.analysis.candidates import seen_candidates
from rtckit.analysis.dtls_session import DtlsSession
from rtckit.analysis.ice_session import CandidatePair, IceView
from rtckit.analysis.rtp_streams import RtpStream
from rtckit.core.clock import NANOSECONDS, format_duration, milliseconds
from rtckit.core.findings import Location
from rtckit.report.frame import describe_location
from rtckit.report.text import Paint, columns
from rtckit.wire import dtls

__all__ = ["details_to_dict", "render_details"]

Row = tuple[str, ...]


def render_details(call: Call, *, paint: Paint, width: int) -> str:
    """The tables for people; those without rows are left out."""
    tables = [
        ("candidates", ("end", "type", "address", "base", "shown by"), _candidate_rows(call)),
        (
            "pairs",
            ("seen at", "a", "b", "checks a/b", "answered", "RTT", "state", "media"),
            _pair_rows(call),
        ),
        (
            "allocations",
            ("client", "server", "user", "state", "relayed", "sent", "received"),
            _allocation_rows(call),
        ),
        (
            "streams",
            ("seen at", "from", "SSRC", "what", "packets", "lost", "dup", "late", "jitter", "rate"),
            _stream_rows(call),
        ),
    ]
    drawn = []
    for title, header, rows in tables:
        if rows:
            last = (len(header) - 1,) if title == "candidates" else None
            table = columns(
                rows, paint=paint, header=header, width=width, flexible=last, indent="  "
            )
            drawn.append(f"{paint(title, 'bold')}\n{table}")
    return "\n\n".join(drawn)


def _candidate_rows(call: Call) -> list[Row]:
    return [
        (
            call.peer_name(item.side),
            item.type + (" tcp" if item.transport == "tcp" else ""),
            str(item.address),
            "" if item.base is None or item.base == item.address else str(item.base),
            f"{item.source}, {_short(item.location)}",
        )
        for item in seen_candidates(call)
    ]


def _short(location: Location) -> str:
    """A location by its file's name: the folder stands above every table."""
    name = Path(location.file).name if location.file else None
    return describe_location(replace(location, file=name))


def _pair_rows(call: Call) -> list[Row]:
    rows: list[Row] = []
    for session in call.ice:
        for view in session.views:
            for pair in view.pairs.values():
                trips = sorted(pair.round_trips_ns)
                rows.append(
                    (
                        view.vantage,
                        str(pair.a),
                        str(pair.b),
                        f"{len(pair.checks_from('a'))}/{len(pair.checks_from('b'))}",
                        str(sum(check.transaction.succeeded for check in pair.checks)),
                        format_duration(trips[len(trips) // 2]) if trips else "",
                        _pair_state(view, pair),
                        str(pair.media_packets or ""),
                    )
                )
    return rows


def _pair_state(view: IceView, pair: CandidatePair) -> str:
    if pair is view.selected:
        return "selected"
    return "nominated" if pair.nominated_by is not None else str(pair.state)


def _allocation_rows(call: Call) -> list[Row]:
    return [
        (
            str(allocation.client),
            str(allocation.server),
            allocation.username or "",
            str(allocation.state),
            str(allocation.relayed or ""),
            str(allocation.sent_packets),
            str(allocation.received_packets),
        )
        for _, allocation in call.allocations
    ]


def _stream_rows(call: Call) -> list[Row]:
    rows: list[Row] = []
    for stream in call.streams:
        what = " ".join(part for part in (stream.kind, stream.codec) if part)
        jitter, rate = stream.jitter_ms, stream.bitrate_bps
        rows.append(
            (
                stream.vantage,
                call.peer_name(stream.sender) if stream.sender else str(stream.src),
                str(stream.ssrc),
                what or f"payload type {stream.payload_type}",
                str(stream.packets),
                str(stream.lost),
                str(stream.duplicates),
                str(stream.reordered),
                "" if jitter is None else f"{jitter:.1f} ms",
                "" if rate is None else f"{rate / 1000:.0f} kbit/s",
            )
        )
    return rows


# -- JSON ------------------------------------------------------------------------------------------


def details_to_dict(call: Call) -> dict[str, Any]:
    """Everything rebuilt, for scripts: addresses as text, times in seconds or milliseconds."""
    return {
        "candidates": [
            {
                "side": item.side,
                "type": item.type,
                "transport": item.transport,
                "address": str(item.address),
                "base": str(item.base) if item.base else None,
                "source": item.source,
                "location": item.location.to_dict(),
            }
            for item in seen_candidates(call)
        ],
        "ice": [
            {
                "ufrags": list(session.ufrags),
                "controlling": session.controlling(),
                "connected": session.connected,
                "views": [_view_to_dict(view) for view in session.views],
            }
            for session in call.ice
        ],
        "turn": [
            {
                "capture": vantage.file,
                "client": str(allocation.client),
                "server": str(allocation.server),
                "transport": allocation.transport,
                "username": allocation.username,
                "realm": allocation.realm,
                "software": allocation.software,
                "state": str(allocation.state),
                "relayed": str(allocation.relayed) if allocation.relayed else None,
                "mapped": str(allocation.mapped) if allocation.mapped else None,
                "lifetime_s": allocation.lifetime,
                "errors": [
                    {"code": error.code, "reason": error.reason, "frame": error.response.frame}
                    for error in allocation.errors
                ],
                "channels": {f"{n:#06x}": str(peer) for n, peer in allocation.channels.items()},
                "sent": allocation.sent_packets,
                "received": allocation.received_packets,
            }
            for vantage, allocation in call.allocations
        ],
        "dtls": [_dtls_to_dict(session) for session in call.dtls],
        "streams": [_stream_to_dict(stream) for stream in call.streams],
    }


def _view_to_dict(view: IceView) -> dict[str, Any]:
    return {
        "capture": view.vantage,
        "pairs": [
            {
                "a": str(pair.a),
                "b": str(pair.b),
                "transport": pair.transport,
                "relay_client": str(pair.relay_client) if pair.relay_client else None,
                "state": str(pair.state),
                "nominated": pair.nominated_by is not None,
                "selected": pair is view.selected,
                "media_packets": pair.media_packets,
                "checks": [
                    {
                        "from": check.sender,
                        "transaction": check.transaction.transaction_id.hex(),
                        "frame": check.transaction.first.frame,
                        "retransmissions": check.transaction.retransmissions,
                        "rtt_ms": (
                            None
                            if check.transaction.rtt_ns is None
                            else milliseconds(check.transaction.rtt_ns)
                        ),
                        "answered": bool(check.transaction.responses),
                        "error": (
                            check.transaction.error.code if check.transaction.error else None
                        ),
                        "use_candidate": check.use_candidate,
                        "consent": check.consent,
                        "integrity": check.integrity,
                    }
                    for check in pair.checks
                ],
            }
            for pair in view.pairs.values()
        ],
    }


def _dtls_to_dict(session: DtlsSession) -> dict[str, Any]:
    profile = session.srtp_profile
    duration = session.duration_ns
    return {
        "capture": session.vantage,
        "client": str(session.client) if session.client else None,
        "server": str(session.server) if session.server else None,
        "client_side": session.client_side,
        "version": session.version_name,
        "cipher": session.cipher_name,
        "srtp_profile": None if profile is None else dtls.srtp_profile_name(profile),
        "fingerprints": {
            role: next(iter(session.fingerprints(role)), None) for role in ("client", "server")
        },
        "complete": session.completed is not None,
        "duration_ms": None if duration is None else milliseconds(duration),
        "retransmissions": session.retransmissions,
        "alerts": [
            {"name": alert.name, "from": str(alert.src), "frame": alert.seen.frame}
            for alert in session.alerts
        ],
        "application_records": {
            role: end.application_records for role, end in session.ends.items()
        },
    }


def _stream_to_dict(stream: RtpStream) -> dict[str, Any]:
    return {
        "capture": stream.vantage,
        "from": stream.sender,
        "ssrc": stream.ssrc,
        "src": str(stream.src),
        "dst": str(stream.dst),
        "payload_type": stream.payload_type,
        "codec": stream.codec,
        "kind": stream.kind,
        "mid": stream.mid,
        "clock_rate": stream.clock_rate,
        "packets": stream.packets,
        "bytes": stream.bytes,
        "header_bytes": stream.header_bytes,
        "payload_bytes": stream.payload_bytes,
        "padded_packets": stream.padded_packets,
        "lost": stream.lost,
        "duplicates": stream.duplicates,
        "reordered": stream.reordered,
        "jitter_ms": stream.jitter_ms,
        "bitrate_bps": stream.bitrate_bps,
        "first_frame": stream.first_frame,
        "duration_s": stream.duration_ns / NANOSECONDS,
        "relayed": stream.relayed,
    }
