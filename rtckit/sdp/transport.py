"""What a description says about transports: DTLS fingerprints and roles, RTCP, SCTP, SDES keys.

Each ``parse_`` takes the text of a value and where it begins, and raises only
:class:`~rtckit.core.errors.ParseError`. ICE candidates have their own module.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from rtckit.sdp.fields import Connection, parse_connection
from rtckit.sdp.grammar import ATTRIBUTES
from rtckit.sdp.lines import BLANKS, Span, fault, read_integer, words

__all__ = [
    "SETUP_ROLES",
    "Crypto",
    "Fingerprint",
    "KeyManagement",
    "RemoteCandidate",
    "Rtcp",
    "SctpMap",
    "SourceFilter",
    "parse_crypto",
    "parse_fingerprint",
    "parse_key_management",
    "parse_remote_candidates",
    "parse_rtcp",
    "parse_sctpmap",
    "parse_source_filter",
]

SETUP_ROLES = ("actpass", "active", "passive", "holdconn")
"""The values of ``a=setup`` (RFC 4145, 4)."""

_DIGEST = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*")
_DIGEST_SIZES = {
    "md2": 16,
    "md5": 16,
    "sha-1": 20,
    "sha-224": 28,
    "sha-256": 32,
    "sha-384": 48,
    "sha-512": 64,
}
_FINGERPRINT_FORM = ATTRIBUTES["fingerprint"].form


class Fingerprint(NamedTuple):
    """The hash a certificate must have (RFC 8122, 5).

    ``hash_function`` is in lower case and ``value`` in upper case with colons, whatever the case in
    the description, so that both compare with what is computed from a certificate.
    """

    hash_function: str
    value: str
    span: Span


class Rtcp(NamedTuple):
    """Where RTCP goes without multiplexing (RFC 3605, 2.1)."""

    port: int
    connection: Connection | None
    span: Span


class SctpMap(NamedTuple):
    """``a=sctpmap`` of the drafts before RFC 8841: port, application, number of streams."""

    port: int
    application: str
    streams: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Crypto:
    """An SDES key (RFC 4568, 4). ``key_parameters`` is secret and not in the ``repr``."""

    tag: str
    suite: str
    key_parameters: str = field(repr=False)
    session_parameters: tuple[str, ...]
    span: Span


class RemoteCandidate(NamedTuple):
    """A candidate of the other side that is in use (RFC 8839, 5.2)."""

    component: int
    address: str
    port: int
    span: Span


class SourceFilter(NamedTuple):
    """The sources of multicast to take (``incl``) or not to take (``excl``) (RFC 4570, 3)."""

    mode: str
    nettype: str
    addrtype: str
    destination: str
    sources: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class KeyManagement:
    """A key management message (RFC 4567, 3). ``data`` is secret and not in the ``repr``."""

    protocol: str
    data: str = field(repr=False)
    span: Span


def parse_fingerprint(value: str, line: int = 1, column: int = 1) -> Fingerprint:
    """Read the value of ``a=fingerprint``; a digest of a known hash must have its length."""
    name, _, digest = value.rstrip(BLANKS).partition(" ")
    name = name.lower()
    at = column + len(name) + 1
    if not name or not _DIGEST.fullmatch(digest):
        what = f"fingerprint {digest[:20]!r}" if digest else "fingerprint without a digest"
        raise fault(what, line, at if digest else column, _FINGERPRINT_FORM)
    size = _DIGEST_SIZES.get(name)
    if size is not None and len(digest) != size * 3 - 1:
        raise fault(
            f"{name} digest of {(len(digest) + 1) // 3} bytes", line, at, f"{size} bytes in hex"
        )
    return Fingerprint(name, digest.upper(), Span(line, column, column + len(value)))


def parse_rtcp(value: str, line: int = 1, column: int = 1) -> Rtcp:
    """Read the value of ``a=rtcp``: a port and perhaps an address."""
    text, space, address = value.rstrip(BLANKS).partition(" ")
    port = read_integer(text, 65535)
    if port is None:
        raise fault(f"RTCP port {text[:40]!r}", line, column, ATTRIBUTES["rtcp"].form)
    connection = parse_connection(address, line, column + len(text) + 1) if space else None
    return Rtcp(port, connection, Span(line, column, column + len(value)))


def parse_sctpmap(value: str, line: int = 1, column: int = 1) -> SctpMap:
    """Read the value of ``a=sctpmap``."""
    fields = words(value)
    port = read_integer(fields[0], 65535) if fields else None
    streams = read_integer(fields[2]) if len(fields) == 3 else None
    if port is None or len(fields) not in (2, 3) or (len(fields) == 3 and streams is None):
        raise fault(f"sctpmap {value[:40]!r}", line, column, ATTRIBUTES["sctpmap"].form)
    return SctpMap(port, fields[1], streams, Span(line, column, column + len(value)))


def parse_crypto(value: str, line: int = 1, column: int = 1) -> Crypto:
    """Read the value of ``a=crypto``; the error never quotes the key."""
    fields = words(value)
    if len(fields) < 3 or read_integer(fields[0]) is None:
        raise fault("unreadable crypto line", line, column, ATTRIBUTES["crypto"].form)
    tag, suite, key, *session = fields
    return Crypto(tag, suite, key, tuple(session), Span(line, column, column + len(value)))


def parse_remote_candidates(
    value: str, line: int = 1, column: int = 1
) -> tuple[RemoteCandidate, ...]:
    """Read the value of ``a=remote-candidates``: a component, address and port for each."""
    found = []
    tokens = list(re.finditer(r"[^ \t]+", value))
    form = ATTRIBUTES["remote-candidates"].form
    for first, second, third in zip(tokens[::3], tokens[1::3], tokens[2::3], strict=False):
        component, port = read_integer(first[0], 256), read_integer(third[0], 65535)
        if not component or port is None:
            at = first if not component else third
            raise fault(f"remote candidate {at[0][:40]!r}", line, column + at.start(), form)
        span = Span(line, column + first.start(), column + third.end())
        found.append(RemoteCandidate(component, second[0], port, span))
    if not tokens or len(tokens) % 3:
        raise fault("remote candidate cut short", line, column + len(value), form)
    return tuple(found)


def parse_source_filter(value: str, line: int = 1, column: int = 1) -> SourceFilter:
    """Read the value of ``a=source-filter``; the space after the colon may be left out."""
    fields = words(value)
    form = ATTRIBUTES["source-filter"].form
    if len(fields) < 5 or fields[0] not in ("incl", "excl"):
        raise fault(f"source filter {value[:40]!r}", line, column, form)
    mode, nettype, addrtype, destination, *sources = fields
    span = Span(line, column, column + len(value))
    return SourceFilter(mode, nettype, addrtype, destination, tuple(sources), span)


def parse_key_management(value: str, line: int = 1, column: int = 1) -> KeyManagement:
    """Read the value of ``a=key-mgmt``; the error never quotes the data."""
    fields = words(value)
    if len(fields) != 2:
        raise fault("unreadable key management", line, column, ATTRIBUTES["key-mgmt"].form)
    return KeyManagement(fields[0], fields[1], Span(line, column, column + len(value)))
