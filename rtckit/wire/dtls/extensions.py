"""Hello extensions: their block, and what the ones that matter to WebRTC hold.

One extension is laid out differently in a ClientHello, a ServerHello and a HelloRetryRequest
(RFC 8446, 4.2), so reading one needs to know whose it is: :class:`Hello`. Extensions without a
layout here keep their bytes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from rtckit.core.cursor import Cursor
from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.wire.dtls.presentation import uint, vector
from rtckit.wire.dtls.registry import ExtensionType, extension_name
from rtckit.wire.dtls.strictness import problem_of

__all__ = [
    "Extension",
    "Hello",
    "KeyShareEntry",
    "ServerName",
    "UseSrtp",
    "build_extension",
    "decode_extension",
    "extension_value",
    "find_extension",
    "parse_extension",
    "read_extensions",
    "write_extensions",
]


class Hello(StrEnum):
    """Whose extension it is, for that decides its layout."""

    CLIENT_HELLO = "ClientHello"
    SERVER_HELLO = "ServerHello"
    HELLO_RETRY_REQUEST = "HelloRetryRequest"


class Extension(NamedTuple):
    """An extension as it stands on the wire."""

    extension_type: int
    data: bytes


class ServerName(NamedTuple):
    """A name the client asks for (RFC 6066, 3); ``name_type`` 0 is a host name."""

    name_type: int
    name: bytes


class KeyShareEntry(NamedTuple):
    """A group and the public value offered in it (RFC 8446, 4.2.8)."""

    group: int
    key_exchange: bytes


class UseSrtp(NamedTuple):
    """The SRTP protection profiles offered, or the one chosen, and the MKI (RFC 5764, 4.1.1)."""

    profiles: tuple[int, ...]
    mki: bytes = b""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the data of an extension is read, and written."""

    read: Callable[[Cursor], Any]
    write: Callable[[Any], bytes]


def _number(size: int, what: str) -> _Layout:
    return _Layout(lambda cursor: cursor.uint(size, what), lambda value: uint(value, size, what))


def _opaque(length_size: int, what: str, shortest: int = 0) -> _Layout:
    def read(cursor: Cursor) -> bytes:
        return _vector(cursor, length_size, what, shortest)

    return _Layout(read, lambda value: vector(value, length_size, what, shortest))


def _numbers(length_size: int, size: int, what: str) -> _Layout:
    """A list of at least one integer of ``size`` bytes."""

    def read(cursor: Cursor) -> tuple[int, ...]:
        items = _inside(cursor, length_size, what, size)
        numbers = []
        while items.remaining:
            numbers.append(items.uint(size, what))
        return tuple(numbers)

    def write(value: Iterable[int]) -> bytes:
        return vector(b"".join(uint(item, size, what) for item in value), length_size, what, size)

    return _Layout(read, write)


def _flag(what: str) -> _Layout:
    """An extension that says all by being there; its value is True."""

    def write(value: bool) -> bytes:
        if value is not True:
            raise ValueError(f"{what} is either there or not")
        return b""

    return _Layout(lambda cursor: True, write)


def _vector(cursor: Cursor, length_size: int, what: str, shortest: int = 0) -> bytes:
    offset = cursor.offset
    taken = cursor.vector(length_size, what)
    if len(taken) < shortest:
        raise ParseError(
            f"{what} of {len(taken)} bytes", offset=offset, expected=f"at least {shortest} bytes"
        )
    return taken


def _inside(cursor: Cursor, length_size: int, what: str, shortest: int = 0) -> Cursor:
    """A cursor over the content of a vector."""
    content = _vector(cursor, length_size, what, shortest)
    return Cursor(content, base=cursor.offset - len(content))


def _read_server_names(cursor: Cursor) -> tuple[ServerName, ...]:
    items = _inside(cursor, 2, "server name list", 1)
    names = []
    while items.remaining:
        name_type = items.uint(1, "name type")
        names.append(ServerName(name_type, _vector(items, 2, "server name", 1)))
    return tuple(names)


def _write_server_names(names: Iterable[ServerName]) -> bytes:
    listed = b"".join(
        uint(name.name_type, 1, "name type") + vector(name.name, 2, "server name", 1)
        for name in names
    )
    return vector(listed, 2, "server name list", 1)


def _read_protocols(cursor: Cursor) -> tuple[bytes, ...]:
    items = _inside(cursor, 2, "protocol name list", 2)
    names = []
    while items.remaining:
        names.append(_vector(items, 1, "protocol name", 1))
    return tuple(names)


def _write_protocols(names: Iterable[bytes]) -> bytes:
    listed = b"".join(vector(name, 1, "protocol name", 1) for name in names)
    return vector(listed, 2, "protocol name list", 2)


def _read_share(cursor: Cursor) -> KeyShareEntry:
    group = cursor.uint(2, "group of a key share")
    return KeyShareEntry(group, _vector(cursor, 2, "key share", 1))


def _write_share(share: KeyShareEntry) -> bytes:
    return uint(share.group, 2, "group") + vector(share.key_exchange, 2, "key share", 1)


def _read_shares(cursor: Cursor) -> tuple[KeyShareEntry, ...]:
    items = _inside(cursor, 2, "key shares")
    shares = []
    while items.remaining:
        shares.append(_read_share(items))
    return tuple(shares)


def _write_shares(shares: Iterable[KeyShareEntry]) -> bytes:
    return vector(b"".join(_write_share(share) for share in shares), 2, "key shares")


_PROFILES = _numbers(2, 2, "SRTP protection profiles")
_MKI = _opaque(1, "MKI")


def _read_use_srtp(cursor: Cursor) -> UseSrtp:
    return UseSrtp(_PROFILES.read(cursor), _MKI.read(cursor))


def _write_use_srtp(value: UseSrtp) -> bytes:
    return _PROFILES.write(value.profiles) + _MKI.write(value.mki)


def _read_chosen_srtp(cursor: Cursor) -> UseSrtp:
    offset = cursor.offset
    value = _read_use_srtp(cursor)
    if len(value.profiles) != 1:
        raise ParseError(
            f"the server chose {len(value.profiles)} SRTP protection profiles",
            offset=offset,
            expected="exactly one (RFC 5764, 4.1.1)",
        )
    return value


def _write_chosen_srtp(value: UseSrtp) -> bytes:
    if len(value.profiles) != 1:
        raise ValueError("a server chooses exactly one SRTP protection profile")
    return _write_use_srtp(value)


# The same in every hello.
_EVERYWHERE: dict[int, _Layout] = {
    ExtensionType.MAX_FRAGMENT_LENGTH: _number(1, "max_fragment_length"),
    ExtensionType.SUPPORTED_GROUPS: _numbers(2, 2, "supported groups"),
    ExtensionType.EC_POINT_FORMATS: _numbers(1, 1, "point formats"),
    ExtensionType.SIGNATURE_ALGORITHMS: _numbers(2, 2, "signature algorithms"),
    ExtensionType.SIGNATURE_ALGORITHMS_CERT: _numbers(2, 2, "signature algorithms"),
    ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION: _Layout(
        _read_protocols, _write_protocols
    ),
    ExtensionType.ENCRYPT_THEN_MAC: _flag("encrypt_then_mac"),
    ExtensionType.EXTENDED_MASTER_SECRET: _flag("extended_master_secret"),
    ExtensionType.RECORD_SIZE_LIMIT: _number(2, "record_size_limit"),
    ExtensionType.COOKIE: _opaque(2, "cookie", 1),
    ExtensionType.PSK_KEY_EXCHANGE_MODES: _numbers(1, 1, "PSK key exchange modes"),
    ExtensionType.POST_HANDSHAKE_AUTH: _flag("post_handshake_auth"),
    ExtensionType.CONNECTION_ID: _opaque(1, "connection id"),
    ExtensionType.RENEGOTIATION_INFO: _opaque(1, "renegotiated_connection"),
}

_SELECTED_VERSION = _number(2, "selected version")
_CHOSEN_SRTP = _Layout(_read_chosen_srtp, _write_chosen_srtp)

_LAYOUTS: dict[Hello, dict[int, _Layout]] = {
    Hello.CLIENT_HELLO: {
        **_EVERYWHERE,
        ExtensionType.SERVER_NAME: _Layout(_read_server_names, _write_server_names),
        ExtensionType.USE_SRTP: _Layout(_read_use_srtp, _write_use_srtp),
        ExtensionType.SUPPORTED_VERSIONS: _numbers(1, 2, "supported versions"),
        ExtensionType.KEY_SHARE: _Layout(_read_shares, _write_shares),
    },
    Hello.SERVER_HELLO: {
        **_EVERYWHERE,
        ExtensionType.SERVER_NAME: _flag("server_name of a server"),
        ExtensionType.USE_SRTP: _CHOSEN_SRTP,
        ExtensionType.SUPPORTED_VERSIONS: _SELECTED_VERSION,
        ExtensionType.KEY_SHARE: _Layout(_read_share, _write_share),
    },
    Hello.HELLO_RETRY_REQUEST: {
        **_EVERYWHERE,
        ExtensionType.USE_SRTP: _CHOSEN_SRTP,
        ExtensionType.SUPPORTED_VERSIONS: _SELECTED_VERSION,
        ExtensionType.KEY_SHARE: _number(2, "selected group"),
    },
}


def parse_extension(extension: Extension, hello: Hello, base: int = 0) -> Any:
    """What an extension says; its bytes when its layout is not known here.

    Lists are tuples of integers (``supported_versions``, ``supported_groups``,
    ``signature_algorithms``, ...), of :class:`ServerName`, :class:`KeyShareEntry` or ``bytes``
    (ALPN); ``use_srtp`` is :class:`UseSrtp`; cookies and ids are ``bytes``; an extension that is
    empty by definition is True. ``base`` is added to the offsets of a :class:`ParseError`.
    """
    extension_type, data = extension
    layout = _LAYOUTS[hello].get(extension_type)
    if layout is None:
        return bytes(data)
    cursor = Cursor(data, base=base)
    value = layout.read(cursor)
    if cursor.remaining:
        raise ParseError(
            f"{cursor.remaining} bytes too many in {extension_name(extension_type)}",
            offset=cursor.offset,
            expected="the end of the extension",
        )
    return value


def decode_extension(
    extension: Extension, hello: Hello, base: int = 0
) -> tuple[Any, tuple[Problem, ...]]:
    """Like :func:`parse_extension`, but never raises: None and the problem instead."""
    try:
        return parse_extension(extension, hello, base), ()
    except ParseError as error:
        return None, (problem_of(error),)


def build_extension(extension_type: int, value: Any, hello: Hello) -> Extension:
    """The extension that :func:`parse_extension` reads as ``value``; ``ValueError`` if none is."""
    layout = _LAYOUTS[hello].get(extension_type)
    return Extension(extension_type, bytes(value) if layout is None else layout.write(value))


def find_extension(extensions: Iterable[Extension], extension_type: int) -> bytes | None:
    """The data of the first extension of a type, or None."""
    for found, data in extensions:
        if found == extension_type:
            return data
    return None


def extension_value(extensions: Iterable[Extension], extension_type: int, hello: Hello) -> Any:
    """What the first extension of a type says; None when it is absent or cannot be read."""
    data = find_extension(extensions, extension_type)
    if data is None:
        return None
    return decode_extension(Extension(extension_type, data), hello)[0]


def read_extensions(
    cursor: Cursor, hello: Hello
) -> tuple[tuple[Extension, ...], tuple[Problem, ...]]:
    """The extension block at the end of a hello (RFC 8446, 4.2), which may be absent.

    Never raises: returns the extensions up to the first that is cut short, and the problems of all,
    their contents included.
    """
    if not cursor.remaining:
        return (), ()
    extensions: list[Extension] = []
    problems: list[Problem] = []
    seen: set[int] = set()
    try:
        length = cursor.uint(2, "length of the extensions")
        if length != cursor.remaining:
            problems.append(
                Problem(
                    f"{length} bytes of extensions announced, {cursor.remaining} there",
                    cursor.offset - 2,
                    f"{cursor.remaining} bytes",
                )
            )
        base = cursor.offset
        block = Cursor(cursor.take(min(length, cursor.remaining)), base)
        while block.remaining:
            start = block.offset
            extension_type = block.uint(2, "extension type")
            data = block.vector(2, extension_name(extension_type))
            extension = Extension(extension_type, data)
            extensions.append(extension)
            if extension_type in seen:
                problems.append(
                    Problem(
                        f"a second {extension_name(extension_type)} extension",
                        start,
                        "one of a kind (RFC 8446, 4.2)",
                    )
                )
            seen.add(extension_type)
            problems.extend(decode_extension(extension, hello, start + 4)[1])
    except ParseError as error:
        problems.append(problem_of(error))
    return tuple(extensions), tuple(problems)


def write_extensions(extensions: Iterable[Extension]) -> bytes:
    """The extension block, or nothing when there are none (RFC 5246, 7.4.1.2)."""
    block = b"".join(
        uint(extension_type, 2, "extension type") + vector(data, 2, "extension")
        for extension_type, data in extensions
    )
    return vector(block, 2, "extensions") if block else b""
