"""Candidate lines, as libwebrtc reads them in a description and from addIceCandidate."""

from rtckit.jsep.stacks.chromium.fingerprint import decode_fingerprint
from rtckit.jsep.stacks.chromium.lexer import ParseFailed, split_first, to_int, to_unsigned

_TYPES = ("host", "srflx", "relay", "prflx")
_TCP_TYPES = ("active", "passive", "so")
_TRANSPORTS = ("udp", "tcp", "ssltcp", "tls")
_USHORT_MAX = 65535


def check_candidate_line(line: str) -> None:
    """Check a candidate line of a description.

    Raises:
        ParseFailed: it is malformed.
    """
    reason = find_candidate_fault(line)
    if reason is not None:
        raise ParseFailed(line, reason)


def find_candidate_fault(text: str) -> str | None:
    """Return what is wrong with a candidate (RFC 8839, 5.1), with ``a=`` before it or without.

    Addresses are not looked at: what is no address counts as a name to be resolved.
    """
    first, found, rest = text.partition("\n")
    if found and rest:
        return "Expect one line only"
    if first.startswith("a=") and len(first) > 2:
        first = first[2:]
    first = first.removesuffix("\r")
    parts = split_first(first, ":")
    if parts is None or parts[0] != "candidate":
        return f"Expected candidate got {parts[0] if parts else ''}"
    fields = parts[1].split(" ")
    if len(fields) < 8 or fields[6] != "typ":
        return "Expect at least 8 fields."
    _, component, transport, priority, _, port, _, kind = fields[:8]
    if to_int(component) is None:
        return "Invalid component id"
    if to_unsigned(priority) is None:
        return "Invalid priority"
    if to_int(port, 0, _USHORT_MAX) is None:
        return "Invalid port"
    if transport.lower() not in _TRANSPORTS:
        return "Unsupported transport type"
    if kind not in _TYPES:
        return "Unsupported candidate type"
    return _find_extension_fault(fields[8:], transport.lower())


def _find_extension_fault(fields: list[str], transport: str) -> str | None:
    at = 0
    if len(fields) >= at + 2 and fields[at] == "raddr":
        at += 2
    if len(fields) >= at + 2 and fields[at] == "rport":
        if to_int(fields[at + 1], 0, _USHORT_MAX) is None:
            return "Invalid port"
        at += 2
    if len(fields) >= at + 2 and fields[at] == "tcptype":
        if fields[at + 1] not in _TCP_TYPES:
            return "Invalid TCP candidate type"
        if transport == "udp":
            return "Invalid non-TCP candidate"
        at += 2
    has_fingerprint = False
    while at + 1 < len(fields):
        name, value = fields[at], fields[at + 1]
        if name == "generation" and to_unsigned(value) is None:
            return "Invalid generation"
        if name in ("network-id", "network-cost") and to_unsigned(value, _USHORT_MAX) is None:
            return f"Invalid {name}"
        if name == "fingerprint":
            parts = value.split(";")
            if len(parts) != 2:
                return "Invalid fingerprint"
            if decode_fingerprint(*parts) is None:
                return "Failed to create fingerprint from the digest."
            has_fingerprint = True
        at += 2
    if transport == "tls" and not has_fingerprint:
        return "Missing fingerprint extension for TLS candidate"
    return None
