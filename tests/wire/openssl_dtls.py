"""Real DTLS 1.2 handshakes between two OpenSSL endpoints in memory, for tests to read.

What OpenSSL reports of its own handshake is the oracle: nothing here is rtckit's.
"""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
NOT_AFTER = NOT_BEFORE + timedelta(days=365)

_NO_QUERY_MTU = 0x1000


@dataclass(frozen=True)
class Flight:
    """What one end wrote before it waited for the other: OpenSSL's records, joined."""

    sender: str
    data: bytes


@dataclass(frozen=True)
class Handshake:
    """Both connections after the handshake, the flights between them, the certificates in DER."""

    client: Any
    server: Any
    flights: tuple[Flight, ...]
    client_certificate: x509.Certificate
    server_certificate: x509.Certificate

    def der(self, sender: str) -> bytes:
        """The certificate of ``client`` or ``server``."""
        certificate = self.client_certificate if sender == "client" else self.server_certificate
        return certificate.public_bytes(serialization.Encoding.DER)


def make_certificate(name: str, kind: str) -> tuple[x509.Certificate, Any]:
    """A certificate that signs itself, and its key: ``kind`` is ``ecdsa`` or ``rsa``."""
    key: Any
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa" else None
    key = key or rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 4711)
    builder = builder.not_valid_before(NOT_BEFORE).not_valid_after(NOT_AFTER)
    return builder.sign(key, hashes.SHA256()), key


def make_context(certificate: x509.Certificate, key: Any, profiles: bytes, ciphers: bytes) -> Any:
    """A context as WebRTC stacks set it up: certificates of both ends, checked elsewhere."""
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_options(_NO_QUERY_MTU)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *arguments: True)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    if ciphers:
        context.set_cipher_list(ciphers)
    if profiles:
        context.set_tlsext_use_srtp(profiles)
    return context


def connect(context: Any, *, server: bool, mtu: int) -> Any:
    """One end, its transport in memory."""
    connection = SSL.Connection(context)
    if server:
        connection.set_accept_state()
    else:
        connection.set_connect_state()
    connection.set_ciphertext_mtu(mtu)
    return connection


def written(connection: Any) -> bytes:
    """What the end has to send."""
    try:
        return bytes(connection.bio_read(65536))
    except SSL.WantReadError:
        return b""


def advance(connection: Any) -> bytes:
    """Let an end go on with its handshake; what it wrote. ``SSL.Error`` when it gives up."""
    with contextlib.suppress(SSL.WantReadError):
        connection.do_handshake()
    return written(connection)


def perform(
    *,
    kind: str = "ecdsa",
    client_profiles: bytes = b"SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80",
    server_profiles: bytes = b"SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80",
    ciphers: bytes = b"",
    mtu: int = 1200,
    alpn: tuple[bytes, ...] = (),
    server_name: bytes = b"",
) -> Handshake:
    """A whole handshake."""
    certificates = {name: make_certificate(name, kind) for name in ("client", "server")}
    client_context = make_context(*certificates["client"], client_profiles, ciphers)
    server_context = make_context(*certificates["server"], server_profiles, b"")
    if alpn:
        server_context.set_alpn_select_callback(lambda connection, offered: offered[-1])
    client = connect(client_context, server=False, mtu=mtu)
    server = connect(server_context, server=True, mtu=mtu)
    if alpn:
        client.set_alpn_protos(list(alpn))
    if server_name:
        client.set_tlsext_host_name(server_name)
    flights = []
    for _ in range(4):
        for sender, one, other in (("client", client, server), ("server", server, client)):
            data = advance(one)
            if data:
                flights.append(Flight(sender, data))
                other.bio_write(data)
    return Handshake(
        client, server, tuple(flights), certificates["client"][0], certificates["server"][0]
    )
