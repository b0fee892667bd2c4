"""From a whole handshake message to the record of its kind."""

from rtckit.core.findings import Problem
from rtckit.wire.dtls.certificate import (
    Certificate,
    CertificateRequest,
    decode_certificate,
    decode_certificate_request,
)
from rtckit.wire.dtls.handshake import HandshakeMessage
from rtckit.wire.dtls.hello import (
    ClientHello,
    HelloVerifyRequest,
    ServerHello,
    decode_client_hello,
    decode_hello_verify_request,
    decode_server_hello,
)
from rtckit.wire.dtls.key_exchange import (
    NewSessionTicket,
    ServerKeyExchange,
    decode_new_session_ticket,
    decode_server_key_exchange,
)
from rtckit.wire.dtls.registry import HandshakeType, Version, handshake_name

__all__ = ["Body", "decode_body"]

Body = (
    ClientHello
    | ServerHello
    | HelloVerifyRequest
    | Certificate
    | CertificateRequest
    | ServerKeyExchange
    | NewSessionTicket
)

_EMPTY = (HandshakeType.HELLO_REQUEST, HandshakeType.SERVER_HELLO_DONE)


def decode_body(
    message: HandshakeMessage, version: int = Version.DTLS_1_2
) -> tuple[Body | None, tuple[Problem, ...]]:
    """What a plaintext handshake message says; None for the kinds that are opaque or empty.

    ``version`` is the one negotiated, for DTLS 1.0 lays two messages out differently. Never raises.
    """
    data = message.body
    match message.msg_type:
        case HandshakeType.CLIENT_HELLO:
            return decode_client_hello(data)
        case HandshakeType.SERVER_HELLO:
            return decode_server_hello(data)
        case HandshakeType.HELLO_VERIFY_REQUEST:
            return decode_hello_verify_request(data)
        case HandshakeType.CERTIFICATE:
            return decode_certificate(data)
        case HandshakeType.CERTIFICATE_REQUEST:
            return decode_certificate_request(data, version)
        case HandshakeType.SERVER_KEY_EXCHANGE:
            return decode_server_key_exchange(data, version)
        case HandshakeType.NEW_SESSION_TICKET:
            return decode_new_session_ticket(data)
    if message.msg_type in _EMPTY and data:
        name = handshake_name(message.msg_type)
        return None, (Problem(f"{len(data)} bytes in a {name}", 0, "an empty message"),)
    return None, ()
