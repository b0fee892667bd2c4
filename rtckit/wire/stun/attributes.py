"""What stands inside STUN attributes: values read from bytes, checked, and written.

Each kind of value has a ``_read`` function over the whole message (``raw``, where the value starts,
how many bytes it has), so that integers need no copy and XOR addresses find the transaction id. A
reader raises ``ValueError`` with words for people; :mod:`rtckit.wire.stun.message` makes of it a
``ParseError`` or a ``Problem``.

Reserved bits are ignored when read and zero when written, as every RFC here asks.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from struct import Struct
from typing import Any

from rtckit.core.address import Address, address_from_bytes
from rtckit.wire.stun.registry import AttributeType as T
from rtckit.wire.stun.values import (
    AccessToken,
    AddressErrorCode,
    ChangeRequest,
    EcnCheck,
    ErrorCode,
    Icmp,
    MsSequenceNumber,
    MsServiceQuality,
    NetworkInfo,
    PasswordAlgorithm,
    TransmitCounter,
)

__all__ = [
    "ADDRESSES",
    "INTEGERS",
    "INTEGER_WRITERS",
    "MAGIC_COOKIE",
    "PADDING",
    "READERS",
    "RULES",
    "TEXTS",
    "TEXT_LIMIT",
    "WRITERS",
    "write_bytes",
]

MAGIC_COOKIE = 0x2112A442
"""The fixed second word of every message (RFC 8489, 5)."""

TEXT_LIMIT = 763
"""Bytes of text a receiver must accept (RFC 8489, 14.3 and 14.8 to 14.14)."""

PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
"""What fills an attribute, by its length modulo 4."""

_U32 = Struct("!I").unpack_from
_U64 = Struct("!Q").unpack_from
_PAIR_AT = Struct("!HH").unpack_from
_ADDRESS_V4 = Struct("!HHI").unpack_from
_PAIR = Struct("!HH").pack
_TLV32 = Struct("!HHI").pack
_TLV64 = Struct("!HHQ").pack
_TLV_ADDRESS_V4 = Struct("!HHHHI").pack


# --- reading

Reader = Callable[[bytes, int, int], Any]


def _expect(length: int, *allowed: int) -> None:
    if length not in allowed:
        raise ValueError(f"{length} bytes instead of {' or '.join(map(str, allowed))}")


def _read_flag(raw: bytes, start: int, length: int) -> bool:
    _expect(length, 0)
    return True


def _read_u32(raw: bytes, start: int, length: int) -> int:
    _expect(length, 4)
    value: int = _U32(raw, start)[0]
    return value


def _read_u64(raw: bytes, start: int, length: int) -> int:
    _expect(length, 8)
    value: int = _U64(raw, start)[0]
    return value


def _read_first_byte(raw: bytes, start: int, length: int) -> int:
    _expect(length, 4)
    return raw[start]


def _read_channel_number(raw: bytes, start: int, length: int) -> int:
    _expect(length, 4)
    return raw[start] << 8 | raw[start + 1]


def _read_port(raw: bytes, start: int, length: int) -> int:
    # RFC 5780, 7.5 calls the two bytes after the port padding; some servers count them as value.
    _expect(length, 2, 4)
    return raw[start] << 8 | raw[start + 1]


def _read_even_port(raw: bytes, start: int, length: int) -> bool:
    _expect(length, 1)
    return raw[start] >= 0x80


def _read_text(raw: bytes, start: int, length: int) -> str:
    return raw[start : start + length].decode("utf-8", "backslashreplace")


def _read_address(raw: bytes, start: int, length: int) -> Address:
    _check_address(raw, start, length)
    port = raw[start + 2] << 8 | raw[start + 3]
    return address_from_bytes(raw[start + 4 : start + length], port)


def _read_xor_address(raw: bytes, start: int, length: int) -> Address:
    # The pad is the header's own second word: the cookie since RFC 5389, and what senders used
    # before it.
    if length == 8 and raw[start + 1] == 1:
        _, port, value = _ADDRESS_V4(raw, start)
        cookie: int = _U32(raw, 4)[0]
        return address_from_bytes((value ^ cookie).to_bytes(4, "big"), port ^ cookie >> 16)
    _check_address(raw, start, length)
    value = int.from_bytes(raw[start + 4 : start + 20], "big") ^ int.from_bytes(raw[4:20], "big")
    port = (raw[start + 2] ^ raw[4]) << 8 | raw[start + 3] ^ raw[5]
    return address_from_bytes(value.to_bytes(16, "big"), port)


def _read_error(raw: bytes, start: int, length: int) -> ErrorCode:
    if length < 4:
        raise ValueError(f"{length} bytes, too short for an error code")
    hundreds, number = raw[start + 2] & 7, raw[start + 3]
    if not 3 <= hundreds <= 6 or number > 99:
        raise ValueError(f"class {hundreds} and number {number} make no error code")
    return ErrorCode(hundreds * 100 + number, _read_text(raw, start + 4, length - 4))


def _read_address_error(raw: bytes, start: int, length: int) -> AddressErrorCode:
    code, reason = _read_error(raw, start, length)
    return AddressErrorCode(raw[start], code, reason)


def _read_u16_list(raw: bytes, start: int, length: int) -> tuple[int, ...]:
    if length & 1:
        raise ValueError(f"{length} bytes, no whole number of 16-bit values")
    return Struct(f"!{length // 2}H").unpack_from(raw, start)


def _read_u32_list(raw: bytes, start: int, length: int) -> tuple[int, ...]:
    if length & 3:
        raise ValueError(f"{length} bytes, no whole number of 32-bit values")
    return Struct(f"!{length // 4}I").unpack_from(raw, start)


def _read_algorithms(raw: bytes, start: int, length: int) -> tuple[PasswordAlgorithm, ...]:
    algorithms = []
    position, end = start, start + length
    while position < end:
        if end - position < 4:
            raise ValueError("a password algorithm is cut short")
        number, size = _PAIR_AT(raw, position)
        position += 4
        if position + size > end:
            raise ValueError("the parameters of a password algorithm are cut short")
        algorithms.append(PasswordAlgorithm(number, raw[position : position + size]))
        position += size + 3 & -4
    return tuple(algorithms)


def _read_algorithm(raw: bytes, start: int, length: int) -> PasswordAlgorithm:
    algorithms = _read_algorithms(raw, start, length)
    if len(algorithms) != 1:
        raise ValueError(f"{len(algorithms)} password algorithms instead of one")
    return algorithms[0]


def _read_change_request(raw: bytes, start: int, length: int) -> ChangeRequest:
    flags = _read_u32(raw, start, length)
    return ChangeRequest(bool(flags & 4), bool(flags & 2))


def _read_icmp(raw: bytes, start: int, length: int) -> Icmp:
    # Figure 11 draws a type of 7 bits and a code of 9, yet both are octets in ICMP (RFC 792).
    _expect(length, 8)
    return Icmp(raw[start + 2], raw[start + 3], _U32(raw, start + 4)[0])


def _read_counter(raw: bytes, start: int, length: int) -> TransmitCounter:
    _expect(length, 4)
    return TransmitCounter(raw[start + 2], raw[start + 3])


def _read_ecn(raw: bytes, start: int, length: int) -> EcnCheck:
    _expect(length, 4)
    return EcnCheck(bool(raw[start + 3] & 1), raw[start + 3] >> 1 & 3)


def _read_access_token(raw: bytes, start: int, length: int) -> AccessToken:
    if length < 2:
        raise ValueError(f"{length} bytes, too short for an access token")
    split = start + 2 + (raw[start] << 8 | raw[start + 1])
    if split > start + length:
        raise ValueError("the nonce of the access token is cut short")
    return AccessToken(raw[start + 2 : split], raw[split : start + length])


def _read_network_info(raw: bytes, start: int, length: int) -> NetworkInfo:
    _expect(length, 4)
    return NetworkInfo(*_PAIR_AT(raw, start))


def _read_ms_sequence_number(raw: bytes, start: int, length: int) -> MsSequenceNumber:
    _expect(length, 24)
    return MsSequenceNumber(raw[start : start + 20], _U32(raw, start + 20)[0])


def _read_ms_service_quality(raw: bytes, start: int, length: int) -> MsServiceQuality:
    _expect(length, 4)
    return MsServiceQuality(*_PAIR_AT(raw, start))


# --- checking


def _check_text(raw: bytes, start: int, length: int) -> None:
    value = raw[start : start + length]
    if not value.isascii():
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"not UTF-8 from its byte {error.start} on") from None
    if length > TEXT_LIMIT:
        raise ValueError(f"{length} bytes, more than {TEXT_LIMIT}")


def _check_nonce(raw: bytes, start: int, length: int) -> None:
    if length > TEXT_LIMIT:
        raise ValueError(f"{length} bytes, more than {TEXT_LIMIT}")


def _check_address(raw: bytes, start: int, length: int) -> None:
    if length < 4:
        raise ValueError(f"{length} bytes, too short for an address")
    family = raw[start + 1]
    if family == 1:
        _expect(length, 8)
    elif family == 2:
        _expect(length, 20)
    else:
        raise ValueError(f"address family {family}, neither 1 (IPv4) nor 2 (IPv6)")


def _check_error(raw: bytes, start: int, length: int) -> None:
    _read_error(raw, start, length)
    _check_text(raw, start + 4, length - 4)


def _check_domain(raw: bytes, start: int, length: int) -> None:
    if length > 255 or not raw[start : start + length].isascii():
        raise ValueError("no DNS name of at most 255 ASCII characters")


def _check_integrity_sha256(raw: bytes, start: int, length: int) -> None:
    if not 16 <= length <= 32 or length & 3:
        raise ValueError(f"{length} bytes instead of 16 to 32 in steps of 4")


# --- writing

Writer = Callable[[int, Any, bytes], bytes]


def write_bytes(kind: int, value: bytes) -> bytes:
    """One whole attribute: type, length, ``value`` as it is, and zero padding."""
    length = len(value)
    return _PAIR(kind, length) + value + PADDING[length & 3]


def _write_text(kind: int, value: str, transaction_id: bytes) -> bytes:
    encoded = value.encode()
    length = len(encoded)
    if length > TEXT_LIMIT:
        raise ValueError(f"{length} bytes, more than {TEXT_LIMIT}")
    return _PAIR(kind, length) + encoded + PADDING[length & 3]


def _write_domain(kind: int, value: str, transaction_id: bytes) -> bytes:
    if len(value) > 255:
        raise ValueError(f"{len(value)} characters, more than 255")
    return write_bytes(kind, value.encode("ascii"))


def _write_flag(kind: int, value: object, transaction_id: bytes) -> bytes:
    return _PAIR(kind, 0) if value else b""


def _write_u32(kind: int, value: int, transaction_id: bytes) -> bytes:
    return _TLV32(kind, 4, value)


def _write_u64(kind: int, value: int, transaction_id: bytes) -> bytes:
    return _TLV64(kind, 8, value)


def _write_first_byte(kind: int, value: int, transaction_id: bytes) -> bytes:
    return _TLV32(kind, 4, _field(value, 0xFF) << 24)


def _write_channel_number(kind: int, value: int, transaction_id: bytes) -> bytes:
    return _TLV32(kind, 4, _field(value, 0xFFFF) << 16)


def _write_port(kind: int, value: int, transaction_id: bytes) -> bytes:
    return write_bytes(kind, _field(value, 0xFFFF).to_bytes(2, "big"))


def _write_even_port(kind: int, value: object, transaction_id: bytes) -> bytes:
    return write_bytes(kind, b"\x80" if value else b"\0")


@lru_cache(maxsize=4096)
def _number_of(ip: str) -> tuple[int, int]:
    parsed = ip_address(ip)
    return parsed.version, int(parsed)


def _write_address(kind: int, value: tuple[str, int], transaction_id: bytes) -> bytes:
    version, number = _number_of(value[0])
    if version == 4:
        return _TLV_ADDRESS_V4(kind, 8, 1, value[1], number)
    return _TLV32(kind, 20, 0x20000 | _field(value[1], 0xFFFF)) + number.to_bytes(16, "big")


def _write_xor_address(kind: int, value: tuple[str, int], transaction_id: bytes) -> bytes:
    version, number = _number_of(value[0])
    port = value[1] ^ MAGIC_COOKIE >> 16
    if version == 4:
        return _TLV_ADDRESS_V4(kind, 8, 1, port, number ^ MAGIC_COOKIE)
    pad = MAGIC_COOKIE << 96 | int.from_bytes(transaction_id, "big")
    return _TLV32(kind, 20, 0x20000 | _field(port, 0xFFFF)) + (number ^ pad).to_bytes(16, "big")


def _field(value: int, limit: int) -> int:
    if not 0 <= value <= limit:
        raise ValueError(f"{value} does not fit in 0..{limit}")
    return value


def _write_error(kind: int, value: tuple[int, str], transaction_id: bytes) -> bytes:
    return _write_address_error(kind, (0, *value), transaction_id)


def _write_address_error(kind: int, value: tuple[int, int, str], transaction_id: bytes) -> bytes:
    family, code, reason = value
    if not 300 <= code <= 699:
        raise ValueError(f"error code {code} is not in 300..699")
    return write_bytes(kind, bytes((family, 0, *divmod(code, 100))) + reason.encode())


def _write_u16_list(kind: int, value: tuple[int, ...], transaction_id: bytes) -> bytes:
    return write_bytes(kind, b"".join(_field(item, 0xFFFF).to_bytes(2, "big") for item in value))


def _write_u32_list(kind: int, value: tuple[int, ...], transaction_id: bytes) -> bytes:
    return write_bytes(kind, Struct(f"!{len(value)}I").pack(*value))


def _write_algorithms(
    kind: int, value: tuple[tuple[int, bytes], ...], transaction_id: bytes
) -> bytes:
    return write_bytes(kind, b"".join(write_bytes(number, extra) for number, extra in value))


def _write_algorithm(kind: int, value: tuple[int, bytes], transaction_id: bytes) -> bytes:
    return _write_algorithms(kind, (value,), transaction_id)


def _write_change_request(kind: int, value: tuple[bool, bool], transaction_id: bytes) -> bytes:
    return _TLV32(kind, 4, bool(value[0]) << 2 | bool(value[1]) << 1)


def _write_icmp(kind: int, value: tuple[int, int, int], transaction_id: bytes) -> bytes:
    return write_bytes(kind, bytes((0, 0, value[0], value[1])) + value[2].to_bytes(4, "big"))


def _write_counter(kind: int, value: tuple[int, int], transaction_id: bytes) -> bytes:
    return write_bytes(kind, bytes((0, 0, *value)))


def _write_ecn(kind: int, value: tuple[bool, int], transaction_id: bytes) -> bytes:
    return _TLV32(kind, 4, _field(value[1], 3) << 1 | bool(value[0]))


def _write_access_token(kind: int, value: tuple[bytes, bytes], transaction_id: bytes) -> bytes:
    nonce, block = value
    return write_bytes(kind, len(nonce).to_bytes(2, "big") + nonce + block)


def _write_u16_pair(kind: int, value: tuple[int, int], transaction_id: bytes) -> bytes:
    return write_bytes(kind, _PAIR(*value))


def _write_ms_sequence_number(kind: int, value: tuple[bytes, int], transaction_id: bytes) -> bytes:
    _expect(len(value[0]), 20)
    return write_bytes(kind, value[0] + value[1].to_bytes(4, "big"))


# --- the table

READERS: dict[int, Reader] = {}
"""How to read the value of an attribute; one that is not here is opaque bytes."""

WRITERS: dict[int, Writer] = {}
"""How to write a value that is not given as bytes."""

RULES: dict[int, int | Callable[[bytes, int, int], object]] = {}
"""What a standard attribute's value must be: its length, or a function that raises ``ValueError``.

Attributes that no RFC defines have no rule: nobody can say that they are wrong.
"""


INTEGERS: dict[int, Callable[[bytes, int], tuple[int]]] = {}
"""How to unpack a standard attribute that is one integer and nothing else."""

INTEGER_WRITERS: dict[int, tuple[Callable[[int, int, int], bytes], int]] = {}
"""How to pack type, length and value of an attribute that is one integer, and its length."""

TEXTS: set[int] = set()
"""Standard attributes that are UTF-8 text of at most ``TEXT_LIMIT`` bytes."""

ADDRESSES: set[int] = set()
"""Standard attributes that are an address, XORed or not."""


def _define(
    kinds: tuple[int, ...],
    reader: Reader | None,
    writer: Writer | None,
    rule: int | Callable[[bytes, int, int], object] | None,
) -> None:
    for kind in map(int, kinds):
        if reader is not None:
            READERS[kind] = reader
        if writer is not None:
            WRITERS[kind] = writer
        if rule is not None:
            RULES[kind] = rule
        if writer in _PACKERS:
            INTEGER_WRITERS[kind] = _PACKERS[writer]
        if rule is _check_text:
            TEXTS.add(kind)
        elif rule is _check_address:
            ADDRESSES.add(kind)
        elif rule is not None and reader in _UNPACKERS:
            INTEGERS[kind] = _UNPACKERS[reader]


_UNPACKERS: dict[Reader | None, Callable[[bytes, int], tuple[int]]] = {
    _read_u32: _U32,
    _read_u64: _U64,
}
_PACKERS: dict[Writer | None, tuple[Callable[[int, int, int], bytes], int]] = {
    _write_u32: (_TLV32, 4),
    _write_u64: (_TLV64, 8),
}
_XOR = (T.XOR_MAPPED_ADDRESS, T.XOR_RELAYED_ADDRESS, T.XOR_PEER_ADDRESS)
_CLASSIC = (T.RESPONSE_ADDRESS, T.SOURCE_ADDRESS, T.CHANGED_ADDRESS, T.REFLECTED_FROM)
_PLAIN = (T.MAPPED_ADDRESS, T.ALTERNATE_SERVER, T.RESPONSE_ORIGIN, T.OTHER_ADDRESS)
_VENDOR_TEXT = (T.ORIGIN, T.MS_ALTERNATE_HOST_NAME, T.CANDIDATE_IDENTIFIER)
_MS_U32 = (T.BANDWIDTH, T.MAGIC_COOKIE, T.MS_VERSION, T.MS_IMPLEMENTATION_VERSION)
_GOOG_U32 = (T.GOOG_NOMINATION, T.GOOG_RETRANSMIT_COUNT)
_FAMILY = (T.REQUESTED_ADDRESS_FAMILY, T.ADDITIONAL_ADDRESS_FAMILY, T.REQUESTED_TRANSPORT)

_define(_XOR, _read_xor_address, _write_xor_address, _check_address)
_define((T.MS_XOR_MAPPED_ADDRESS,), _read_xor_address, _write_xor_address, None)
_define(_PLAIN + _CLASSIC, _read_address, _write_address, _check_address)
_define((T.MS_ALTERNATE_SERVER, T.DESTINATION_ADDRESS), _read_address, _write_address, None)
_define((T.USERNAME, T.REALM, T.SOFTWARE), _read_text, _write_text, _check_text)
_define((T.ALTERNATE_DOMAIN,), _read_text, _write_domain, _check_domain)
_define((T.THIRD_PARTY_AUTHORIZATION,), _read_text, _write_text, _check_text)
_define(_VENDOR_TEXT, _read_text, _write_text, None)
_define((T.NONCE,), None, _write_text, _check_nonce)
_define((T.PRIORITY, T.LIFETIME, T.CONNECTION_ID), _read_u32, _write_u32, 4)
_define((T.FINGERPRINT,), _read_u32, _write_u32, 4)
_define((T.CACHE_TIMEOUT,), _read_u32, _write_u32, None)  # registered without a form
_define(_MS_U32 + _GOOG_U32, _read_u32, _write_u32, None)
_define((T.ICE_CONTROLLED, T.ICE_CONTROLLING), _read_u64, _write_u64, 8)
_define((T.GOOG_DELTA_ACK,), _read_u64, _write_u64, None)
_define((T.USE_CANDIDATE, T.DONT_FRAGMENT), _read_flag, _write_flag, 0)
_define(_FAMILY, _read_first_byte, _write_first_byte, 4)
_define((T.CHANNEL_NUMBER,), _read_channel_number, _write_channel_number, 4)
_define((T.EVEN_PORT,), _read_even_port, _write_even_port, 1)
_define((T.RESPONSE_PORT,), _read_port, _write_port, _read_port)
_define((T.CHANGE_REQUEST,), _read_change_request, _write_change_request, 4)
_define((T.ERROR_CODE,), _read_error, _write_error, _check_error)
_define((T.ADDRESS_ERROR_CODE,), _read_address_error, _write_address_error, _check_error)
_define((T.ICMP,), _read_icmp, _write_icmp, 8)
_define((T.UNKNOWN_ATTRIBUTES,), _read_u16_list, _write_u16_list, _read_u16_list)
_define((T.PASSWORD_ALGORITHM,), _read_algorithm, _write_algorithm, _read_algorithm)
_define((T.PASSWORD_ALGORITHMS,), _read_algorithms, _write_algorithms, _read_algorithms)
_define((T.TRANSACTION_TRANSMIT_COUNTER,), _read_counter, _write_counter, 4)
_define((T.ECN_CHECK,), _read_ecn, _write_ecn, 4)
_define((T.ACCESS_TOKEN,), _read_access_token, _write_access_token, _read_access_token)
_define((T.MESSAGE_INTEGRITY,), None, None, 20)
_define((T.MESSAGE_INTEGRITY_SHA256,), None, None, _check_integrity_sha256)
_define((T.USERHASH,), None, None, 32)
_define((T.RESERVATION_TOKEN,), None, None, 8)
_define((T.GOOG_NETWORK_INFO,), _read_network_info, _write_u16_pair, None)
_define((T.GOOG_MISC_INFO,), _read_u16_list, _write_u16_list, None)
_define((T.DTLS_IN_STUN_ACKNOWLEDGEMENT,), _read_u32_list, _write_u32_list, None)
_define((T.MS_SEQUENCE_NUMBER,), _read_ms_sequence_number, _write_ms_sequence_number, None)
_define((T.MS_SERVICE_QUALITY,), _read_ms_service_quality, _write_u16_pair, None)
