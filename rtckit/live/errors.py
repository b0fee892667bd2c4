"""How a probe fails: each way has a type, and says in figures what was seen.

All are :class:`ProbeError`; ``as_json()`` is their shape in events and reports, where ``error``
names the kind. Text that came from a server is escaped in messages.
"""

import errno
import os
from collections.abc import Sequence
from typing import Any

from rtckit.core.address import Address
from rtckit.core.errors import NetworkFailure
from rtckit.core.text import escape_controls
from rtckit.wire import stun

__all__ = [
    "BadAnswer",
    "IcmpError",
    "IntegrityViolated",
    "NoAnswer",
    "NotStun",
    "ProbeError",
    "RedirectLoop",
    "Refused",
    "ResolveFailed",
    "StreamClosed",
    "StunError",
    "TlsFailed",
]

_UNREACHABLE_V4 = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    4: "fragmentation needed",
    6: "network unknown",
    7: "host unknown",
    9: "network administratively prohibited",
    10: "host administratively prohibited",
    13: "communication administratively prohibited",
}
_UNREACHABLE_V6 = {
    0: "no route",
    1: "administratively prohibited",
    2: "beyond scope of source address",
    3: "address unreachable",
    4: "port unreachable",
    5: "source address failed policy",
    6: "route rejected",
}
_PROHIBITED = {("icmp", 3): frozenset({9, 10, 13}), ("icmp6", 1): frozenset({1, 5, 6})}
_HARD = {("icmp", 3): frozenset({2, 3, 9, 10, 13}), ("icmp6", 1): frozenset({1, 4, 5, 6})}


class IcmpError(OSError):
    """An ICMP message about one of our datagrams, as the kernel's error queue tells it.

    Attributes:
        origin: ``icmp``, ``icmp6``, or ``local`` when this host itself refused.
        icmp_type: its type (RFC 792; RFC 4443), ``icmp_code`` its code.
        reporter: who sent it, None when unknown.
        mtu: the path's limit in bytes where it was about that, else 0.
    """

    def __init__(
        self,
        number: int,
        text: str,
        *,
        origin: str,
        icmp_type: int,
        icmp_code: int,
        reporter: str | None,
        mtu: int = 0,
    ) -> None:
        super().__init__(number, text)
        self.origin = origin
        self.icmp_type = icmp_type
        self.icmp_code = icmp_code
        self.reporter = reporter
        self.mtu = mtu

    @property
    def name(self) -> str:
        """The ICMP message in words."""
        if self.origin == "icmp" and self.icmp_type == 3:
            return _UNREACHABLE_V4.get(self.icmp_code, f"unreachable, code {self.icmp_code}")
        if self.origin == "icmp6" and self.icmp_type == 1:
            return _UNREACHABLE_V6.get(self.icmp_code, f"unreachable, code {self.icmp_code}")
        if self.origin == "icmp6" and self.icmp_type == 2:
            return "packet too big"
        if self.origin == "local":
            return str(self.strerror)
        return f"type {self.icmp_type}, code {self.icmp_code}"

    @property
    def prohibited(self) -> bool:
        """Whether a filter said that it does not let the datagram through."""
        return self.icmp_code in _PROHIBITED.get((self.origin, self.icmp_type), ())

    @property
    def hard(self) -> bool:
        """Whether trying again is in vain; a router that has no route now may have one later."""
        return self.icmp_code in _HARD.get((self.origin, self.icmp_type), ())


class ProbeError(NetworkFailure):
    """The root of every failure of a probe. ``kind`` names it in JSON."""

    kind = "error"

    def details(self) -> dict[str, Any]:
        """What the kind has to say besides the message."""
        return {}

    def as_json(self) -> dict[str, Any]:
        """The failure as JSON takes it."""
        return {"error": self.kind, "message": str(self), **self.details()}


class StunError(ProbeError):
    """The server answered with an error response (RFC 8489, 14.8).

    ``message`` is the whole response; ``authenticated`` is False for one that should have been
    signed and was not, so that anybody may have sent it.
    """

    kind = "stun"

    def __init__(
        self,
        code: int,
        reason: str,
        message: stun.Message,
        *,
        rtt_s: float = 0.0,
        authenticated: bool = True,
    ) -> None:
        self.code = code
        self.reason = reason = reason.rstrip("\0")  # some servers count their padding
        self.message = message
        self.rtt_s = rtt_s
        self.authenticated = authenticated
        unsigned = "" if authenticated else " (unsigned)"
        said = escape_controls(reason or stun.error_name(code))
        super().__init__(f"{stun.method_name(message.method)} refused: {code} {said}{unsigned}")

    def details(self) -> dict[str, Any]:
        """Code, reason, and whether it can be believed."""
        return {
            "code": self.code,
            "reason": self.reason or stun.error_name(self.code),
            "rtt_ms": round(self.rtt_s * 1000, 3),
            "authenticated": self.authenticated,
        }


class NoAnswer(ProbeError):
    """Nothing came, or nothing that counts.

    ``sent`` is how often the request was sent, ``discarded`` why answers were thrown away.
    """

    kind = "timeout"

    def __init__(
        self,
        waited_s: float,
        sent: int,
        *,
        what: str = "answer",
        discarded: Sequence[str] = (),
    ) -> None:
        self.waited_s = waited_s
        self.sent = sent
        self.discarded = tuple(discarded)
        times = f" to {sent} requests" if sent > 1 else ""
        thrown = f"; discarded: {', '.join(self.discarded)}" if self.discarded else ""
        super().__init__(f"no {what}{times} in {waited_s:.1f} s{thrown}")

    def details(self) -> dict[str, Any]:
        """How long and how often."""
        return {
            "waited_ms": round(self.waited_s * 1000, 1),
            "sent": self.sent,
            "discarded": list(self.discarded),
        }


class IntegrityViolated(NoAnswer):
    """Every answer was signed with another key than the request (RFC 8489, 9.2.5)."""

    kind = "integrity"


class Refused(ProbeError):
    """The operating system or the network said no: a socket error, or an ICMP message.

    ``error`` is the ``OSError``, an :class:`IcmpError` when the network said it.
    """

    def __init__(self, error: OSError, remote: Address | None = None, *, sent: int = 1) -> None:
        self.error = error
        self.remote = remote
        self.sent = sent
        if isinstance(error, IcmpError) and error.origin != "local":
            by = f" (from {error.reporter})" if error.reporter else ""
            text = f"ICMP {error.name}{by}"
        else:
            # The event loop puts the address into strerror; the number says what happened.
            text = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
        super().__init__(text)

    @property
    def kind(self) -> str:  # type: ignore[override]
        """``icmp`` when the network said it, else ``socket``."""
        from_network = isinstance(self.error, IcmpError) and self.error.origin != "local"
        return "icmp" if from_network else "socket"

    def details(self) -> dict[str, Any]:
        """The number of the error and its name, and of ICMP type and code."""
        number = self.error.errno or 0
        said: dict[str, Any] = {"errno": errno.errorcode.get(number, str(number))}
        if isinstance(self.error, IcmpError):
            said |= {
                "origin": self.error.origin,
                "type": self.error.icmp_type,
                "code": self.error.icmp_code,
                "name": self.error.name,
                "reporter": self.error.reporter,
            }
        return said


class ResolveFailed(ProbeError):
    """A host name has no address: ``missing`` is True when the resolver says that none exists."""

    kind = "dns"

    def __init__(self, host: str, why: str, *, missing: bool, family: int = 0) -> None:
        self.host = host
        self.missing = missing
        self.family = family
        of = f" (IPv{family})" if family else ""
        super().__init__(f"cannot resolve {escape_controls(host)}{of}: {why}")

    def details(self) -> dict[str, Any]:
        """The name, and whether it is known not to exist."""
        return {"host": self.host, "missing": self.missing, "family": self.family}


class TlsFailed(ProbeError):
    """The TLS handshake failed; ``defect`` is one of :data:`rtckit.live.tls.DEFECTS`."""

    kind = "tls"

    def __init__(self, defect: str, text: str, *, defects: Sequence[str] = ()) -> None:
        self.defect = defect
        self.defects = tuple(defects) or (defect,)
        super().__init__(text)

    def details(self) -> dict[str, Any]:
        """What is wrong, first things first."""
        return {"defect": self.defect, "defects": list(self.defects)}


class StreamClosed(ProbeError):
    """The other end closed the connection before it answered."""

    kind = "closed"

    def __init__(self, text: str = "the server closed the connection") -> None:
        super().__init__(text)


class NotStun(ProbeError):
    """What answers on a stream speaks another protocol; ``speaks`` names it where it is known."""

    kind = "not-stun"

    def __init__(self, first: bytes) -> None:
        self.first = first[:64]
        self.speaks = _protocol_of(first)
        known = f"it speaks {self.speaks}" if self.speaks else f"it begins {first[:8].hex(' ')}"
        super().__init__(f"the answer is not STUN: {known}")

    def details(self) -> dict[str, Any]:
        """The protocol, and the first bytes in hexadecimal."""
        return {"speaks": self.speaks, "first": self.first.hex()}


def _protocol_of(first: bytes) -> str | None:
    if first[:5] == b"HTTP/" or first[:5].lower() == b"<html":
        return "HTTP"
    if first[:4] == b"SSH-":
        return "SSH"
    if first[:3] == b"220":
        return "SMTP or FTP"
    if first[:1] in (b"\x15", b"\x16") and first[1:2] == b"\x03":
        return "TLS"
    return None


class BadAnswer(ProbeError):
    """An answer that came from the server and cannot be right; the message says what is wrong."""

    kind = "bad-answer"


class RedirectLoop(ProbeError):
    """300 (Try Alternate) leads in a circle, or too far (RFC 8489, 10)."""

    kind = "redirect-loop"

    def __init__(self, path: Sequence[Address]) -> None:
        self.path = tuple(path)
        super().__init__("redirected in a circle: " + " -> ".join(map(str, self.path)))

    def details(self) -> dict[str, Any]:
        """The servers in the order in which they were asked."""
        return {"path": [str(address) for address in self.path]}
