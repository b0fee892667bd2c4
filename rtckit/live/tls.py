"""TLS to STUN and TURN servers: what is offered, what was agreed, and what is wrong with it.

TLS 1.2 and 1.3 (RFC 8489, 6.2.3; RFC 7525), ALPN ``stun.turn`` and ``stun.nat-discovery``
(RFC 7443, 6), names checked as RFC 6125 says. When verification fails, a second handshake without
it fetches the certificate, so that every defect can be named and not only the first.
"""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address

from rtckit.live.errors import ProbeError, Refused, StreamClosed, TlsFailed
from rtckit.wire.dtls.certificate import CertificateFacts, describe, fingerprint

__all__ = [
    "DEFECTS",
    "ServerCertificate",
    "TlsSettings",
    "TlsState",
    "build_context",
    "find_defects",
    "read_failure",
    "read_state",
]

DEFECTS = {
    "expired": "the certificate has expired",
    "not-yet-valid": "the certificate is not valid yet",
    "wrong-name": "the certificate is for another name",
    "self-signed": "the certificate is signed by itself",
    "untrusted": "no authority that this machine trusts signed the certificate",
    "chain": "the chain of certificates is broken",
    "version": "no common TLS version",
    "plain": "the port does not speak TLS",
    "alpn": "no common application protocol",
    "handshake": "the handshake failed",
    "closed": "the server closed the connection during the handshake",
    "timeout": "the handshake did not end",
}
"""What can be wrong with TLS, by the name it has in JSON."""

_BY_VERIFY_CODE = {
    9: "not-yet-valid",
    10: "expired",
    18: "self-signed",
    19: "self-signed",
    20: "untrusted",
    21: "untrusted",
    62: "wrong-name",
    63: "wrong-name",
    64: "wrong-name",
}
_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"})
_PLAIN_TOO = frozenset({"RECORD_LAYER_FAILURE", "BAD_RECORD_TYPE", "UNEXPECTED_MESSAGE"})
_VERSION = frozenset(
    {
        "UNSUPPORTED_PROTOCOL",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "NO_PROTOCOLS_AVAILABLE",
        "VERSION_TOO_LOW",
        "WRONG_SSL_VERSION",
    }
)
_ALPN = frozenset({"TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "NO_APPLICATION_PROTOCOL"})


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What to ask of TLS.

    ``server_name`` is what the certificate must be for, the host of the server. ``ca_file`` adds
    authorities to the machine's own. ``verify=False`` takes any certificate, and says so.
    """

    server_name: str
    verify: bool = True
    ca_file: str | None = None
    alpn: tuple[str, ...] = ("stun.turn",)
    minimum: str = "1.2"
    maximum: str = "1.3"


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What the server's own certificate says, and for which names it is."""

    facts: CertificateFacts
    names: tuple[str, ...]
    fingerprint: str

    def matches(self, name: str) -> bool:
        """Whether it is for ``name``, a host name or an IP address (RFC 6125, 6.4)."""
        try:
            wanted = str(ip_address(name))
        except ValueError:
            labels = name.lower().rstrip(".").split(".")
            return any(_matches(pattern.lower(), labels) for pattern in self.names)
        return wanted in self.names


@dataclass(frozen=True, slots=True)
class TlsState:
    """What a handshake ended with.

    ``defects`` are names of :data:`DEFECTS`, empty when all is well; ``alpn`` is None when the
    server chose none.
    """

    version: str
    cipher: str
    alpn: str | None
    certificate: ServerCertificate | None
    defects: tuple[str, ...] = field(default=())


@lru_cache(maxsize=64)
def build_context(settings: TlsSettings) -> ssl.SSLContext:
    """The context for ``settings``; ``OSError`` when the file of authorities cannot be read.

    Reading the machine's authorities takes a tenth of a second, in which no loop turns: call it
    once before what is timed, for it is remembered.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    versions = {
        "1.0": ssl.TLSVersion.TLSv1,
        "1.1": ssl.TLSVersion.TLSv1_1,
        "1.2": ssl.TLSVersion.TLSv1_2,
        "1.3": ssl.TLSVersion.TLSv1_3,
    }
    context.minimum_version = versions[settings.minimum]
    context.maximum_version = versions[settings.maximum]
    if settings.ca_file is not None:
        context.load_verify_locations(cafile=settings.ca_file)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.alpn:
        context.set_alpn_protocols(list(settings.alpn))
    return context


def read_state(
    tls: ssl.SSLObject | ssl.SSLSocket,
    settings: TlsSettings,
    now: datetime | None = None,
    also: tuple[str, ...] = (),
) -> TlsState:
    """What a finished handshake agreed, and the defects of the certificate.

    ``also`` names defects that a verifying handshake met.
    """
    der = tls.getpeercert(binary_form=True)
    certificate = None if der is None else _read_certificate(der)
    cipher = tls.cipher()
    found = find_defects(certificate, settings, now or datetime.now(UTC))
    return TlsState(
        tls.version() or "",
        cipher[0] if cipher else "",
        tls.selected_alpn_protocol(),
        certificate,
        tuple(dict.fromkeys((*found, *also))),
    )


def find_defects(
    certificate: ServerCertificate | None, settings: TlsSettings, now: datetime
) -> tuple[str, ...]:
    """What can be told from the certificate itself: its time and its names."""
    if certificate is None:
        return ()
    defects = []
    if now > certificate.facts.not_after:
        defects.append("expired")
    if now < certificate.facts.not_before:
        defects.append("not-yet-valid")
    if not certificate.matches(settings.server_name):
        defects.append("wrong-name")
    return tuple(defects)


def read_failure(error: BaseException) -> ProbeError:
    """The typed form of what a handshake raised."""
    if isinstance(error, ssl.SSLCertVerificationError):
        defect = _BY_VERIFY_CODE.get(error.verify_code, "chain")
        return TlsFailed(defect, f"{DEFECTS[defect]} ({error.verify_message.rstrip('.')})")
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        defect = "handshake"
        if reason in _PLAIN or reason in _PLAIN_TOO:
            defect = "plain"
        elif reason in _VERSION:
            defect = "version"
        elif reason in _ALPN:
            defect = "alpn"
        elif isinstance(error, ssl.SSLEOFError) or "EOF" in reason:
            defect = "closed"
        words = reason.replace("_", " ").lower() or str(error)
        return TlsFailed(defect, f"{DEFECTS[defect]} ({words})")
    if isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        return TlsFailed("closed", f"{DEFECTS['closed']} ({error.strerror or error})")
    if isinstance(error, TimeoutError):
        return TlsFailed("timeout", DEFECTS["timeout"])
    if isinstance(error, OSError):
        return Refused(error)
    return StreamClosed(str(error))


def _read_certificate(der: bytes) -> ServerCertificate | None:
    from cryptography import x509

    try:
        facts = describe(der)
    except ValueError:
        return None
    names: list[str] = []
    try:
        loaded = x509.load_der_x509_certificate(der)
        value = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names += value.get_values_for_type(x509.DNSName)
        names += [str(address) for address in value.get_values_for_type(x509.IPAddress)]
    except (x509.ExtensionNotFound, ValueError):
        pass
    return ServerCertificate(facts, tuple(names), fingerprint(der))


def _matches(pattern: str, labels: list[str]) -> bool:
    """A name, or one with ``*`` as its whole first label (RFC 6125, 6.4.3)."""
    wanted = pattern.rstrip(".").split(".")
    if len(wanted) != len(labels):
        return False
    if wanted[0] == "*" and len(wanted) > 2:
        return wanted[1:] == labels[1:]
    return wanted == labels
