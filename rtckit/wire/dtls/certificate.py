"""Certificates of DTLS 1.2, their fingerprints as SDP writes them, and who they name.

The messages Certificate and CertificateRequest (RFC 5246, 7.4.2 and 7.4.4) are in the clear only up
to DTLS 1.2; from 1.3 on they are encrypted. Fingerprints follow RFC 8122, 5.
"""

import hashlib
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rtckit.core.cursor import Cursor
from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.wire.dtls.presentation import uint, vector
from rtckit.wire.dtls.registry import Version
from rtckit.wire.dtls.strictness import problem_of, strictly, surplus

if TYPE_CHECKING:
    from cryptography import x509

__all__ = [
    "HASH_FUNCTIONS",
    "Certificate",
    "CertificateFacts",
    "CertificateRequest",
    "build_certificate",
    "build_certificate_request",
    "decode_certificate",
    "decode_certificate_request",
    "describe",
    "fingerprint",
    "fingerprint_matches",
    "parse_certificate",
    "parse_certificate_request",
]

# The names of RFC 8122, 5, that have an implementation (MD2 has none), and hashlib's names.
HASH_FUNCTIONS: dict[str, str] = {
    "sha-1": "sha1",
    "sha-224": "sha224",
    "sha-256": "sha256",
    "sha-384": "sha384",
    "sha-512": "sha512",
    "md5": "md5",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """The chain one end presents: DER bytes, its own certificate first; empty when it has none."""

    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What a server accepts as a client's certificate (RFC 5246, 7.4.4).

    ``signature_algorithms`` is None in DTLS 1.0, whose message has no such field. ``authorities``
    are distinguished names in DER; WebRTC peers send none.
    """

    certificate_types: tuple[int, ...]
    signature_algorithms: tuple[int, ...] | None
    authorities: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says.

    Names are in the form of RFC 4514, text from outside: escape it before showing it. Times are in
    UTC. ``key`` is like ``EC secp256r1`` or ``RSA 2048``, ``signature`` like ``ecdsa-with-sha256``.
    """

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    key: str
    signature: str
    serial_number: int

    def valid_at(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) is within the validity, ends included (RFC 5280, 4.1.2.5)."""
        return self.not_before <= moment <= self.not_after


def decode_certificate(data: bytes) -> tuple[Certificate | None, tuple[Problem, ...]]:
    """The body of a Certificate of DTLS 1.0 or 1.2, up to the first entry cut short.

    Never raises, whatever the bytes. What is inside an entry is not looked at.
    """
    cursor = Cursor(data)
    certificates: list[bytes] = []
    problems: list[Problem] = []
    try:
        length = cursor.uint(3, "length of the certificate list")
    except ParseError as error:
        return None, (problem_of(error),)
    if length > cursor.remaining:
        problems.append(
            Problem(f"certificate list cut short: {cursor.remaining} of {length} bytes", 0)
        )
    base = cursor.offset
    entries = Cursor(cursor.take(min(length, cursor.remaining)), base)
    try:
        while entries.remaining:
            offset = entries.offset
            certificate = entries.vector(3, "certificate")
            if not certificate:
                raise ParseError("an empty certificate", offset=offset, expected="DER bytes")
            certificates.append(certificate)
    except ParseError as error:
        problems.append(problem_of(error))
    problems.extend(surplus(cursor))
    return Certificate(tuple(certificates)), tuple(problems)


def parse_certificate(data: bytes) -> Certificate:
    """The body of a Certificate; :class:`ParseError` unless its lists are well formed."""
    return strictly(decode_certificate(data))


def build_certificate(certificate: Certificate) -> bytes:
    """The body of a Certificate; ``ValueError`` for what does not fit its field."""
    return vector(
        b"".join(vector(der, 3, "certificate", 1) for der in certificate.certificates),
        3,
        "certificate list",
    )


def decode_certificate_request(
    data: bytes, version: int = Version.DTLS_1_2
) -> tuple[CertificateRequest | None, tuple[Problem, ...]]:
    """The body of a CertificateRequest of DTLS 1.2, or of 1.0 when ``version`` says so.

    Never raises: None and the problem instead.
    """
    cursor = Cursor(data)
    algorithms: tuple[int, ...] | None = None
    authorities: list[bytes] = []
    try:
        offset = cursor.offset
        types = cursor.vector(1, "certificate types")
        if not types:
            raise ParseError("no certificate types", offset=offset, expected="at least one byte")
        if version != Version.DTLS_1_0:
            offset = cursor.offset
            listed = cursor.vector(2, "signature algorithms")
            if not listed or len(listed) % 2:
                raise ParseError(
                    f"{len(listed)} bytes of signature algorithms",
                    offset=offset,
                    expected="an even number of bytes, at least two",
                )
            algorithms = tuple(listed[i] << 8 | listed[i + 1] for i in range(0, len(listed), 2))
        names = cursor.vector(2, "certificate authorities")
        entries = Cursor(names, base=cursor.offset - len(names))
        while entries.remaining:
            offset = entries.offset
            name = entries.vector(2, "distinguished name")
            if not name:
                raise ParseError("an empty distinguished name", offset=offset, expected="DER bytes")
            authorities.append(name)
    except ParseError as error:
        return None, (problem_of(error),)
    request = CertificateRequest(tuple(types), algorithms, tuple(authorities))
    return request, surplus(cursor)


def parse_certificate_request(data: bytes, version: int = Version.DTLS_1_2) -> CertificateRequest:
    """The body of a CertificateRequest; :class:`ParseError` unless it is well formed."""
    return strictly(decode_certificate_request(data, version))


def build_certificate_request(request: CertificateRequest) -> bytes:
    """The body of a CertificateRequest; ``ValueError`` for what does not fit its field."""
    types = b"".join(uint(value, 1, "certificate type") for value in request.certificate_types)
    algorithms = b""
    if request.signature_algorithms is not None:
        listed = (uint(scheme, 2, "signature algorithm") for scheme in request.signature_algorithms)
        algorithms = vector(b"".join(listed), 2, "signature algorithms", 2)
    names = b"".join(vector(name, 2, "distinguished name", 1) for name in request.authorities)
    return (
        vector(types, 1, "certificate types", 1)
        + algorithms
        + vector(names, 2, "certificate authorities")
    )


def fingerprint(der: bytes, hash_function: str = "sha-256") -> str:
    """The fingerprint of a certificate as ``a=fingerprint`` writes it: ``AA:BB:...``.

    ``hash_function`` is a name of RFC 8122, 5, in any case. MD5 may be computed to be recognised,
    but never trusted. :class:`ParseError` for a name that is none of :data:`HASH_FUNCTIONS`.
    """
    name = HASH_FUNCTIONS.get(hash_function.lower())
    if name is None:
        raise ParseError(
            f"no fingerprint can be computed with {hash_function!r}",
            expected=", ".join(HASH_FUNCTIONS),
        )
    return hashlib.new(name, der, usedforsecurity=False).digest().hex(":").upper()


def fingerprint_matches(der: bytes, hash_function: str, value: str) -> bool:
    """Whether ``value``, in any case, is the certificate's fingerprint; False for other hashes."""
    if hash_function.lower() not in HASH_FUNCTIONS:
        return False
    return fingerprint(der, hash_function) == value.strip().upper()


def describe(der: bytes) -> CertificateFacts:
    """What the certificate in ``der`` says; :class:`ParseError` when it cannot be read.

    Nothing is verified: WebRTC certificates sign themselves and are trusted by fingerprint.
    """
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            # Certificates of old stacks break rules that cryptography warns of on stderr.
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
            return CertificateFacts(
                subject=certificate.subject.rfc4514_string(),
                issuer=certificate.issuer.rfc4514_string(),
                not_before=certificate.not_valid_before_utc,
                not_after=certificate.not_valid_after_utc,
                key=_describe_key(certificate),
                signature=_describe_signature(certificate),
                serial_number=certificate.serial_number,
            )
    except Exception as error:
        # Its kinds of errors are many and change with versions; the input is what is wrong.
        raise ParseError(
            f"unreadable certificate: {error}", offset=0, expected="an X.509 certificate in DER"
        ) from error


def _describe_key(certificate: "x509.Certificate") -> str:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return f"unknown ({certificate.public_key_algorithm_oid.dotted_string})"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448"
    return f"unknown ({certificate.public_key_algorithm_oid.dotted_string})"


def _describe_signature(certificate: "x509.Certificate") -> str:
    from cryptography.x509.oid import SignatureAlgorithmOID

    for name, oid in vars(SignatureAlgorithmOID).items():
        if oid == certificate.signature_algorithm_oid:
            return name.strip("_").lower().replace("_", "-")
    return certificate.signature_algorithm_oid.dotted_string
