"""Traces: a call written down for people, one datagram a line, turned into real packets.

The rule catalogue's examples, and tests, are traces. Every line is encoded by the real codecs and
read back by the real decoders, so an example that works is a call that could have been captured::

    == offer
    m=audio 9 UDP/TLS/RTP/SAVPF 111
    a=ice-ufrag:aaaa
    == capture a
    0.000 A > B binding-request user=bbbb:aaaa controlling use-candidate
    0.020 B > A binding-success mapped=A
    0.100 A > T send-indication peer=N | binding-request user=bbbb:aaaa

Sections: ``== offer``, ``== answer`` (SDP; the session lines may be left out), ``== capture NAME``
(``a`` and ``b`` are the ends; a trace without sections is a capture of end a), ``== stats a`` (one
report a line, JSON). A datagram line is a time in seconds, two addresses, a message and its
fields; ``times=5 every=0.5`` sends it again as a new one, ``repeat=`` as a retransmission; a
response answers the latest request the other way. Messages: ``METHOD-request``, ``-success``,
``-error CODE`` and ``-indication`` of STUN and TURN, ``channel NUMBER |``, ``client-hello``
(``part=1/2`` sends one fragment of it), ``server-hello``, ``certificate``,
``change-cipher-spec``, ``finished``, ``application``, ``alert N``, ``rtp``, ``rtcp``,
``icmp-port-unreachable``.

Addresses by name: A and B are the two ends, M and N their mapped addresses, S a STUN server, T a
TURN server, R an address it relays.
"""

import re
from dataclasses import dataclass, field

from rtckit.analysis.call import Call
from rtckit.analysis.signalling import Description, Signalling
from rtckit.analysis.stats import parse_stats
from rtckit.analysis.trace_messages import Conversation, TraceError
from rtckit.analysis.vantage import IcmpUnreachable, Vantage, analyze_datagrams
from rtckit.capture import Datagram
from rtckit.core.address import Address
from rtckit.sdp import parse

__all__ = ["TraceError", "call_from_trace", "read_datagrams"]

NAMES = {
    "A": Address("10.0.0.1", 5000),
    "B": Address("10.0.0.2", 6000),
    "M": Address("198.51.100.1", 40000),
    "N": Address("198.51.100.2", 41000),
    "S": Address("203.0.113.10", 3478),
    "T": Address("203.0.113.9", 3478),
    "R": Address("203.0.113.9", 50000),
}
# An arbitrary start: 2026-01-01 00:00:00 UTC.
_EPOCH_NS = 1_767_225_600_000_000_000
_SECTION = re.compile(r"==\s*(offer|answer|capture|stats)\s*(\S*)\s*")
_LINE = re.compile(r"(\d+(?:\.\d+)?)\s+(\S+)\s+>\s+(\S+)\s+(.*)")
_SESSION_LINES = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


@dataclass(slots=True)
class _Capture:
    name: str
    lines: list[str] = field(default_factory=list)


def call_from_trace(text: str) -> Call:
    """The call a trace describes; :class:`TraceError` for a line that is none."""
    signalling = Signalling()
    captures: list[_Capture] = []
    stats: dict[str, list[str]] = {}
    body: list[str] = []
    bodies: list[tuple[str, str, list[str]]] = []
    for line in text.splitlines():
        match = _SECTION.fullmatch(line.strip())
        if match is not None:
            body = []
            bodies.append((match[1], match[2], body))
        elif line.strip():
            if not bodies:
                bodies.append(("capture", "a", body))
            body.append(line.strip())
    for kind, name, lines in bodies:
        if kind == "capture":
            captures.append(_Capture(name or "a", lines))
        elif kind == "stats":
            stats[name or "a"] = lines
        else:
            signalling.descriptions.append(_description(kind, lines))
    conversation = Conversation(NAMES)
    vantages = [_vantage(capture, signalling, conversation) for capture in captures]
    return Call(
        "trace",
        vantages=vantages,
        signalling=signalling,
        stats={
            side: parse_stats(f"[{','.join(lines)}]", f"{side}.stats.json")
            for side, lines in stats.items()
        },
    )


def _description(kind: str, lines: list[str]) -> Description:
    session = "" if lines and lines[0].startswith("v=") else _SESSION_LINES
    document = parse(session + "".join(f"{line}\r\n" for line in lines))
    return Description(kind, document, f"{kind}.sdp", "a" if kind == "offer" else "b")


def _vantage(capture: _Capture, signalling: Signalling, conversation: Conversation) -> Vantage:
    side = capture.name if capture.name in ("a", "b") else None
    vantage = Vantage(capture.name, f"{capture.name}.pcapng", side)
    datagrams, icmp = _encode(capture.lines, conversation)
    analyze_datagrams(datagrams, vantage, signalling)
    vantage.frames = len(datagrams) + len(icmp)
    vantage.icmp_errors = icmp
    return vantage


def read_datagrams(text: str) -> list[Datagram]:
    """The datagrams of a trace that is one capture, in order of time."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _encode(lines, Conversation(NAMES))[0]


def _encode(
    lines: list[str], conversation: Conversation
) -> tuple[list[Datagram], list[IcmpUnreachable]]:
    timed: list[tuple[float, int, Address, Address, bytes | IcmpUnreachable]] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise TraceError(f"no datagram line: {line!r} (expected TIME SRC > DST MESSAGE ...)")
        src, dst = conversation.address(match[2]), conversation.address(match[3])
        for delay, payload in conversation.encode(src, dst, match[4]):
            timed.append((float(match[1]) + delay, len(timed), src, dst, payload))
    timed.sort(key=lambda item: (item[0], item[1]))
    datagrams, icmp = [], []
    for frame, (seconds, _, src, dst, payload) in enumerate(timed, 1):
        time_ns = _EPOCH_NS + round(seconds * 1_000_000_000)
        if isinstance(payload, bytes):
            datagrams.append(Datagram(frame, time_ns, "udp", src, dst, payload, len(payload), 0))
        else:
            icmp.append(
                IcmpUnreachable(frame, time_ns, src.ip, payload.src, payload.dst, payload.meaning)
            )
    return datagrams, icmp
