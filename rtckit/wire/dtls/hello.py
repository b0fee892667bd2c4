"""The hellos: what each end offers and what the server chose, all of it in the clear.

ClientHello (RFC 6347, 4.2.1; RFC 9147, 5.3), HelloVerifyRequest (RFC 6347, 4.2.1), ServerHello and
HelloRetryRequest, which is a ServerHello with a fixed random (RFC 8446, 4.1.3 and 4.1.4).
"""

from dataclasses import dataclass
from typing import Any

from rtckit.core.cursor import Cursor
from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.wire.dtls.extensions import (
    Extension,
    Hello,
    KeyShareEntry,
    UseSrtp,
    extension_value,
    find_extension,
    read_extensions,
    write_extensions,
)
from rtckit.wire.dtls.presentation import uint, vector
from rtckit.wire.dtls.registry import ExtensionType, Version
from rtckit.wire.dtls.strictness import problem_of, strictly, surplus

__all__ = [
    "HELLO_RETRY_REQUEST_RANDOM",
    "ClientHello",
    "HelloVerifyRequest",
    "ServerHello",
    "build_client_hello",
    "build_hello_verify_request",
    "build_server_hello",
    "decode_client_hello",
    "decode_hello_verify_request",
    "decode_server_hello",
    "parse_client_hello",
    "parse_hello_verify_request",
    "parse_server_hello",
]

HELLO_RETRY_REQUEST_RANDOM = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
)
"""The random of a HelloRetryRequest: SHA-256 of that word (RFC 8446, 4.1.3)."""

_DOWNGRADES = {b"DOWNGRD\x01": Version.DTLS_1_2, b"DOWNGRD\x00": Version.DTLS_1_0}


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers.

    ``random`` has 32 bytes, ``session_id`` up to 32; ``cookie`` is the one of a HelloVerifyRequest
    (``retry_cookie`` that of a HelloRetryRequest). The properties read the extensions: an empty
    tuple or None when the extension is absent or cannot be read.
    """

    legacy_version: int
    random: bytes
    session_id: bytes
    cookie: bytes
    cipher_suites: tuple[int, ...]
    compression_methods: bytes = b"\0"
    extensions: tuple[Extension, ...] = ()

    def has(self, extension_type: int) -> bool:
        """Whether the extension is there, readable or not."""
        return find_extension(self.extensions, extension_type) is not None

    def value(self, extension_type: int) -> Any:
        """What the extension says (see :func:`~rtckit.wire.dtls.parse_extension`), or None."""
        return extension_value(self.extensions, extension_type, Hello.CLIENT_HELLO)

    @property
    def supported_versions(self) -> tuple[int, ...]:
        """The versions of the supported_versions extension, best first (RFC 8446, 4.2.1)."""
        versions: tuple[int, ...] | None = self.value(ExtensionType.SUPPORTED_VERSIONS)
        return versions or ()

    @property
    def offered_versions(self) -> tuple[int, ...]:
        """``supported_versions``, or the highest version an older client speaks."""
        return self.supported_versions or (self.legacy_version,)

    @property
    def use_srtp(self) -> UseSrtp | None:
        """The use_srtp extension (RFC 5764, 4.1.1)."""
        value: UseSrtp | None = self.value(ExtensionType.USE_SRTP)
        return value

    @property
    def srtp_profiles(self) -> tuple[int, ...]:
        """The SRTP protection profiles offered, best first."""
        offered = self.use_srtp
        return offered.profiles if offered else ()

    @property
    def srtp_mki(self) -> bytes | None:
        """The MKI offered, None without use_srtp."""
        offered = self.use_srtp
        return offered.mki if offered else None

    @property
    def supported_groups(self) -> tuple[int, ...]:
        """The groups of the supported_groups extension, best first (RFC 8446, 4.2.7)."""
        groups: tuple[int, ...] | None = self.value(ExtensionType.SUPPORTED_GROUPS)
        return groups or ()

    @property
    def key_shares(self) -> tuple[KeyShareEntry, ...]:
        """The public values already sent along (RFC 8446, 4.2.8)."""
        shares: tuple[KeyShareEntry, ...] | None = self.value(ExtensionType.KEY_SHARE)
        return shares or ()

    @property
    def signature_algorithms(self) -> tuple[int, ...]:
        """The signature schemes accepted (RFC 8446, 4.2.3)."""
        schemes: tuple[int, ...] | None = self.value(ExtensionType.SIGNATURE_ALGORITHMS)
        return schemes or ()

    @property
    def server_name(self) -> str | None:
        """The host name asked for (RFC 6066, 3)."""
        names = self.value(ExtensionType.SERVER_NAME) or ()
        return next((_text(name) for name_type, name in names if name_type == 0), None)

    @property
    def alpn(self) -> tuple[str, ...]:
        """The application protocols offered (RFC 7301, 3.1)."""
        names = self.value(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION) or ()
        return tuple(_text(name) for name in names)

    @property
    def connection_id(self) -> bytes | None:
        """The connection id the client wants to receive, maybe empty (RFC 9146, 3)."""
        value: bytes | None = self.value(ExtensionType.CONNECTION_ID)
        return value

    @property
    def retry_cookie(self) -> bytes | None:
        """The cookie of a HelloRetryRequest, returned (RFC 8446, 4.2.2)."""
        value: bytes | None = self.value(ExtensionType.COOKIE)
        return value

    @property
    def extended_master_secret(self) -> bool:
        """Whether extended_master_secret is offered (RFC 7627, 5.1)."""
        return self.has(ExtensionType.EXTENDED_MASTER_SECRET)

    @property
    def renegotiation_info(self) -> bytes | None:
        """The renegotiated_connection of RFC 5746, 3.2; empty in a first handshake."""
        value: bytes | None = self.value(ExtensionType.RENEGOTIATION_INFO)
        return value


@dataclass(frozen=True, slots=True)
class ServerHello:
    """What a server chose; a HelloRetryRequest too, see ``is_hello_retry_request``.

    ``random`` has 32 bytes, ``session_id`` up to 32. The properties read the extensions: None when
    the extension is absent or cannot be read. With DTLS 1.3 most of them are encrypted elsewhere.
    """

    legacy_version: int
    random: bytes
    session_id: bytes
    cipher_suite: int
    compression_method: int = 0
    extensions: tuple[Extension, ...] = ()

    @property
    def is_hello_retry_request(self) -> bool:
        """Whether the random is the one that asks for another ClientHello (RFC 8446, 4.1.3)."""
        return self.random == HELLO_RETRY_REQUEST_RANDOM

    @property
    def hello(self) -> Hello:
        """Which layout its extensions have."""
        return Hello.HELLO_RETRY_REQUEST if self.is_hello_retry_request else Hello.SERVER_HELLO

    def has(self, extension_type: int) -> bool:
        """Whether the extension is there, readable or not."""
        return find_extension(self.extensions, extension_type) is not None

    def value(self, extension_type: int) -> Any:
        """What the extension says (see :func:`~rtckit.wire.dtls.parse_extension`), or None."""
        return extension_value(self.extensions, extension_type, self.hello)

    @property
    def negotiated_version(self) -> int:
        """The version agreed: supported_versions, else ``legacy_version`` (RFC 8446, 4.2.1)."""
        version: int | None = self.value(ExtensionType.SUPPORTED_VERSIONS)
        return self.legacy_version if version is None else version

    @property
    def downgraded_to(self) -> int | None:
        """What the downgrade sentinel in the random says, if it is there (RFC 8446, 4.1.3).

        A server that speaks 1.3 writes it when it settles for DTLS 1.2 or 1.0: this version.
        """
        return _DOWNGRADES.get(self.random[-8:])

    @property
    def use_srtp(self) -> UseSrtp | None:
        """The use_srtp extension (RFC 5764, 4.1.1); DTLS 1.3 encrypts it."""
        value: UseSrtp | None = self.value(ExtensionType.USE_SRTP)
        return value

    @property
    def srtp_profile(self) -> int | None:
        """The SRTP protection profile chosen."""
        chosen = self.use_srtp
        return chosen.profiles[0] if chosen else None

    @property
    def srtp_mki(self) -> bytes | None:
        """The MKI agreed, empty for none, None without use_srtp."""
        chosen = self.use_srtp
        return chosen.mki if chosen else None

    @property
    def key_share(self) -> KeyShareEntry | None:
        """The server's public value (RFC 8446, 4.2.8); None in a HelloRetryRequest."""
        value = self.value(ExtensionType.KEY_SHARE)
        return value if isinstance(value, KeyShareEntry) else None

    @property
    def selected_group(self) -> int | None:
        """The group of the key exchange, chosen or asked for; DTLS 1.3 only."""
        value = self.value(ExtensionType.KEY_SHARE)
        group: int | None = value.group if isinstance(value, KeyShareEntry) else value
        return group

    @property
    def alpn(self) -> str | None:
        """The application protocol chosen (RFC 7301, 3.1); DTLS 1.3 encrypts it."""
        names = self.value(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
        return _text(names[0]) if names else None

    @property
    def connection_id(self) -> bytes | None:
        """The connection id the server wants to receive, maybe empty (RFC 9146, 3)."""
        value: bytes | None = self.value(ExtensionType.CONNECTION_ID)
        return value

    @property
    def retry_cookie(self) -> bytes | None:
        """The cookie that the next ClientHello must return (RFC 8446, 4.2.2)."""
        value: bytes | None = self.value(ExtensionType.COOKIE)
        return value

    @property
    def extended_master_secret(self) -> bool:
        """Whether extended_master_secret was agreed (RFC 7627, 5.1)."""
        return self.has(ExtensionType.EXTENDED_MASTER_SECRET)

    @property
    def renegotiation_info(self) -> bytes | None:
        """The renegotiated_connection of RFC 5746, 3.2; empty in a first handshake."""
        value: bytes | None = self.value(ExtensionType.RENEGOTIATION_INFO)
        return value


@dataclass(frozen=True, slots=True)
class HelloVerifyRequest:
    """A server's demand to see the cookie come back; its version says nothing (RFC 6347, 4.2.1)."""

    server_version: int
    cookie: bytes


def _read_session_id(cursor: Cursor) -> bytes:
    offset = cursor.offset
    session_id = cursor.vector(1, "session id")
    if len(session_id) > 32:
        raise ParseError(
            f"session id of {len(session_id)} bytes", offset=offset, expected="at most 32 bytes"
        )
    return session_id


def decode_client_hello(data: bytes) -> tuple[ClientHello | None, tuple[Problem, ...]]:
    """The body of a ClientHello as far as it can be read; None when it ends before its extensions.

    Never raises, whatever the bytes. Extensions that cannot be read are kept as they stand.
    """
    cursor = Cursor(data)
    try:
        version = cursor.uint(2, "version")
        random = cursor.take(32, "random")
        session_id = _read_session_id(cursor)
        cookie = cursor.vector(1, "cookie")
        offset = cursor.offset
        suites = cursor.vector(2, "cipher suites")
        if not suites or len(suites) % 2:
            raise ParseError(
                f"{len(suites)} bytes of cipher suites",
                offset=offset,
                expected="an even number of bytes, at least two",
            )
        offset = cursor.offset
        compression_methods = cursor.vector(1, "compression methods")
        if not compression_methods:
            raise ParseError(
                "no compression methods", offset=offset, expected="at least one byte, 0 for none"
            )
    except ParseError as error:
        return None, (problem_of(error),)
    extensions, problems = read_extensions(cursor, Hello.CLIENT_HELLO)
    hello = ClientHello(
        version,
        random,
        session_id,
        cookie,
        tuple(suites[i] << 8 | suites[i + 1] for i in range(0, len(suites), 2)),
        compression_methods,
        extensions,
    )
    return hello, problems


def parse_client_hello(data: bytes) -> ClientHello:
    """The body of a ClientHello; :class:`ParseError` unless all of it is well formed."""
    return strictly(decode_client_hello(data))


def build_client_hello(hello: ClientHello) -> bytes:
    """The body of a ClientHello; ``ValueError`` for what does not fit its field."""
    if len(hello.random) != 32 or len(hello.session_id) > 32:
        raise ValueError("a random has 32 bytes and a session id at most 32")
    suites = b"".join(uint(suite, 2, "cipher suite") for suite in hello.cipher_suites)
    return (
        uint(hello.legacy_version, 2, "version")
        + hello.random
        + vector(hello.session_id, 1, "session id")
        + vector(hello.cookie, 1, "cookie")
        + vector(suites, 2, "cipher suites", 2)
        + vector(hello.compression_methods, 1, "compression methods", 1)
        + write_extensions(hello.extensions)
    )


def decode_server_hello(data: bytes) -> tuple[ServerHello | None, tuple[Problem, ...]]:
    """The body of a ServerHello or HelloRetryRequest; None when it ends before its extensions.

    Never raises, whatever the bytes. Extensions that cannot be read are kept as they stand.
    """
    cursor = Cursor(data)
    try:
        version = cursor.uint(2, "version")
        random = cursor.take(32, "random")
        session_id = _read_session_id(cursor)
        cipher_suite = cursor.uint(2, "cipher suite")
        compression_method = cursor.uint(1, "compression method")
    except ParseError as error:
        return None, (problem_of(error),)
    retry = random == HELLO_RETRY_REQUEST_RANDOM
    extensions, problems = read_extensions(
        cursor, Hello.HELLO_RETRY_REQUEST if retry else Hello.SERVER_HELLO
    )
    hello = ServerHello(version, random, session_id, cipher_suite, compression_method, extensions)
    return hello, problems


def parse_server_hello(data: bytes) -> ServerHello:
    """The body of a ServerHello; :class:`ParseError` unless all of it is well formed."""
    return strictly(decode_server_hello(data))


def build_server_hello(hello: ServerHello) -> bytes:
    """The body of a ServerHello; ``ValueError`` for what does not fit its field."""
    if len(hello.random) != 32 or len(hello.session_id) > 32:
        raise ValueError("a random has 32 bytes and a session id at most 32")
    return (
        uint(hello.legacy_version, 2, "version")
        + hello.random
        + vector(hello.session_id, 1, "session id")
        + uint(hello.cipher_suite, 2, "cipher suite")
        + uint(hello.compression_method, 1, "compression method")
        + write_extensions(hello.extensions)
    )


def decode_hello_verify_request(
    data: bytes,
) -> tuple[HelloVerifyRequest | None, tuple[Problem, ...]]:
    """The body of a HelloVerifyRequest. Never raises: None and the problem instead."""
    cursor = Cursor(data)
    try:
        request = HelloVerifyRequest(cursor.uint(2, "version"), cursor.vector(1, "cookie"))
    except ParseError as error:
        return None, (problem_of(error),)
    return request, surplus(cursor)


def parse_hello_verify_request(data: bytes) -> HelloVerifyRequest:
    """The body of a HelloVerifyRequest; :class:`ParseError` unless it is well formed."""
    return strictly(decode_hello_verify_request(data))


def build_hello_verify_request(request: HelloVerifyRequest) -> bytes:
    """The body of a HelloVerifyRequest; ``ValueError`` for what does not fit its field."""
    return uint(request.server_version, 2, "version") + vector(request.cookie, 1, "cookie")
