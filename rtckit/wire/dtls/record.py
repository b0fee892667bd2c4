"""DTLS records: what a datagram is made of.

Three layouts share a datagram, told apart by the first byte of each record (RFC 9147, 4.1):

* the 13-byte header of DTLS 1.0 to 1.2 and of DTLS 1.3 in the clear (RFC 6347, 4.1);
* the same with a connection id before the length, content type 25 (RFC 9146, 4);
* the unified header of DTLS 1.3 records that are encrypted, first bits 001 (RFC 9147, 4).

The length of a connection id is not on the wire: the reader must be told what the handshake agreed.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from rtckit.core.findings import Problem
from rtckit.wire.dtls.registry import ContentType, content_type_name
from rtckit.wire.dtls.strictness import strictly

__all__ = [
    "MAX_CIPHERTEXT",
    "MAX_PLAINTEXT",
    "Record",
    "build_record",
    "build_records",
    "decode_records",
    "parse_records",
]

MAX_PLAINTEXT = 2**14
"""The longest fragment in the clear, in bytes (RFC 5246, 6.2.1)."""
MAX_CIPHERTEXT = 2**14 + 2048
"""The longest encrypted fragment, in bytes (RFC 5246, 6.2.3; RFC 9147 allows less)."""

# Content type, version, epoch, the high 16 and low 32 bits of the sequence number.
_HEADER = struct.Struct("!BHHHI")
_HEADER_LENGTH = _HEADER.size + 2

_UNIFIED = 0b0010_0000
_UNIFIED_MASK = 0b1110_0000
_HAS_CONNECTION_ID = 0b0001_0000
_LONG_SEQUENCE = 0b0000_1000
_HAS_LENGTH = 0b0000_0100
_EPOCH_BITS = 0b0000_0011

# Record number encryption samples this many bytes of ciphertext (RFC 9147, 4.2.3).
_SHORTEST_CIPHERTEXT = 16

_NEVER_EMPTY = (ContentType.CHANGE_CIPHER_SPEC, ContentType.ALERT, ContentType.HANDSHAKE)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a datagram.

    ``content_type`` and ``version`` are None under the unified header, where the one is encrypted
    and the other is not sent; ``epoch`` then holds the low two bits only, and ``sequence`` the low
    8 or 16 bits *as encrypted on the wire* (``sequence_size`` bytes of them). Otherwise the epoch
    has 16 bits and the sequence number 48.

    ``explicit_length`` is False for a unified header without length, which takes the rest of the
    datagram. ``missing`` counts the bytes that the length promised and the datagram does not hold;
    ``offset`` is where the record began in the datagram, and no part of its value.
    """

    content_type: int | None
    version: int | None
    epoch: int
    sequence: int
    fragment: bytes
    connection_id: bytes = b""
    sequence_size: int = 6
    explicit_length: bool = True
    missing: int = 0
    offset: int = field(default=0, compare=False)

    @property
    def unified(self) -> bool:
        """Whether the header was the unified one of DTLS 1.3."""
        return self.content_type is None

    @property
    def encrypted(self) -> bool:
        """Whether the fragment is ciphertext: only epoch 0 goes in the clear."""
        return self.epoch > 0 or self.content_type in (None, ContentType.TLS12_CID)


def decode_records(
    datagram: bytes, connection_id_length: int | None = None
) -> tuple[tuple[Record, ...], tuple[Problem, ...]]:
    """The records of one datagram, as far as they can be read.

    ``connection_id_length`` is that of the ids the *receiver* of this datagram asked for (RFC 9146,
    3), None when it is not known. Never raises, whatever the bytes. A record cut short by the end
    of the datagram is returned with what there is of it and its ``missing`` bytes counted.
    """
    if connection_id_length is not None and not 0 <= connection_id_length <= 255:
        raise ValueError("a connection id has 0 to 255 bytes")
    datagram = bytes(datagram)
    records: list[Record] = []
    problems: list[Problem] = []
    position = 0
    if not datagram:
        problems.append(Problem("the datagram is empty", 0, "at least one record"))
    while position < len(datagram):
        first = datagram[position]
        if first & _UNIFIED_MASK == _UNIFIED:
            record, position = _read_unified(datagram, position, connection_id_length, problems)
        else:
            record, position = _read_record(datagram, position, connection_id_length, problems)
        if record is None:
            break
        records.append(record)
    return tuple(records), tuple(problems)


def parse_records(datagram: bytes, connection_id_length: int | None = None) -> tuple[Record, ...]:
    """The records of one datagram; :class:`ParseError` unless all of it is well formed."""
    return strictly(decode_records(datagram, connection_id_length))


def _read_record(
    datagram: bytes, start: int, connection_id_length: int | None, problems: list[Problem]
) -> tuple[Record | None, int]:
    """A record with the long header, and where the next one starts."""
    end = len(datagram)
    content_type = datagram[start]
    if not ContentType.CHANGE_CIPHER_SPEC <= content_type <= ContentType.ACK:
        problems.append(
            Problem(
                f"no DTLS record starts with 0x{content_type:02x}",
                start,
                "a content type (20 to 26) or the unified header (32 to 63)",
            )
        )
        return None, end
    if end - start < _HEADER_LENGTH:
        problems.append(
            Problem(
                f"record header cut short: {end - start} of {_HEADER_LENGTH} bytes",
                start,
                f"{_HEADER_LENGTH} bytes of record header",
            )
        )
        return None, end
    _, version, epoch, high, low = _HEADER.unpack_from(datagram, start)
    if version >> 8 != 0xFE:
        problems.append(
            Problem(f"0x{version:04x} is no version of DTLS", start + 1, "a version 0xfe__")
        )
        return None, end
    sequence = high << 32 | low
    position = start + _HEADER.size
    connection_id = b""
    if content_type == ContentType.TLS12_CID:
        if not connection_id_length:
            problems.append(
                Problem(
                    "a connection id of unknown length hides the rest of the datagram"
                    if connection_id_length is None
                    else "a connection id where none was agreed",
                    position,
                    "a record without connection id, or its length from the handshake",
                )
            )
            rest = datagram[position:]
            return Record(content_type, version, epoch, sequence, rest, offset=start), end
        connection_id = datagram[position : position + connection_id_length]
        position += connection_id_length
        if position + 2 > end:
            problems.append(
                Problem(
                    "record header cut short in its connection id",
                    start + _HEADER.size,
                    f"{connection_id_length + 2} bytes of connection id and length",
                )
            )
            return None, end
    length = datagram[position] << 8 | datagram[position + 1]
    position += 2
    fragment = datagram[position : position + length]
    record = Record(
        content_type,
        version,
        epoch,
        sequence,
        fragment,
        connection_id,
        missing=length - len(fragment),
        offset=start,
    )
    _note_oddities(record, length, position, problems)
    return record, position + length


def _read_unified(
    datagram: bytes, start: int, connection_id_length: int | None, problems: list[Problem]
) -> tuple[Record | None, int]:
    """A record with the unified header (RFC 9147, figure 3), and where the next one starts."""
    end = len(datagram)
    first = datagram[start]
    epoch = first & _EPOCH_BITS
    size = 2 if first & _LONG_SEQUENCE else 1
    explicit = bool(first & _HAS_LENGTH)
    position = start + 1
    connection_id = b""
    if first & _HAS_CONNECTION_ID:
        if not connection_id_length:
            problems.append(
                Problem(
                    "a connection id of unknown length hides the rest of the datagram"
                    if connection_id_length is None
                    else "a connection id where none was agreed",
                    position,
                    "a record without connection id, or its length from the handshake",
                )
            )
            rest = datagram[position:]
            return Record(None, None, epoch, 0, rest, b"", size, explicit, offset=start), end
        connection_id = datagram[position : position + connection_id_length]
        position += connection_id_length
    body = position + size + (2 if explicit else 0)
    if body > end:
        problems.append(
            Problem(
                f"unified header cut short: {end - start} of {body - start} bytes",
                start,
                f"{body - start} bytes of unified header",
            )
        )
        return None, end
    sequence = int.from_bytes(datagram[position : position + size], "big")
    length = datagram[body - 2] << 8 | datagram[body - 1] if explicit else end - body
    fragment = datagram[body : body + length]
    record = Record(
        None,
        None,
        epoch,
        sequence,
        fragment,
        connection_id,
        size,
        explicit,
        missing=length - len(fragment),
        offset=start,
    )
    _note_oddities(record, length, body, problems)
    return record, body + length


def _note_oddities(record: Record, length: int, position: int, problems: list[Problem]) -> None:
    """Complain about a length that is too long, too short, or more than there is."""
    limit = MAX_CIPHERTEXT if record.encrypted else MAX_PLAINTEXT
    if record.missing:
        problems.append(
            Problem(
                f"record cut short: {len(record.fragment)} of {length} bytes",
                position,
                f"{length} bytes of {content_type_name(record.content_type)}",
            )
        )
    elif length > limit:
        problems.append(
            Problem(f"a record of {length} bytes", position, f"at most {limit} bytes in a record")
        )
    elif record.unified and length < _SHORTEST_CIPHERTEXT:
        problems.append(
            Problem(
                f"{length} bytes cannot be a DTLS 1.3 ciphertext",
                position,
                f"at least {_SHORTEST_CIPHERTEXT} bytes (RFC 9147, 4.2.3)",
            )
        )
    elif not length and record.content_type in _NEVER_EMPTY:
        problems.append(
            Problem(
                f"an empty record of {content_type_name(record.content_type)}",
                position,
                "at least one byte (RFC 5246, 6.2.1)",
            )
        )


def build_record(record: Record) -> bytes:
    """The bytes of one record; ``offset`` is ignored. ``ValueError`` for what no record holds."""
    if record.missing:
        raise ValueError("a record cut short cannot be written")
    length = len(record.fragment)
    if length > (MAX_CIPHERTEXT if record.encrypted else MAX_PLAINTEXT):
        raise ValueError(f"a fragment of {length} bytes is too long for a record")
    if len(record.connection_id) > 255:
        raise ValueError("a connection id has at most 255 bytes")
    if record.unified:
        return _build_unified(record)
    if not length and record.content_type in _NEVER_EMPTY:
        raise ValueError(f"a record of {content_type_name(record.content_type)} cannot be empty")
    if record.content_type not in set(ContentType):
        raise ValueError(f"{record.content_type} is no content type")
    if bool(record.connection_id) != (record.content_type == ContentType.TLS12_CID):
        raise ValueError("content type 25, and it alone, carries a connection id")
    if record.sequence_size != 6 or not record.explicit_length:
        raise ValueError("only the unified header shortens sequence numbers or omits the length")
    if record.version is None or record.version >> 8 != 0xFE:
        raise ValueError(f"{record.version} is no version of DTLS")
    if not (0 <= record.epoch < 2**16 and 0 <= record.sequence < 2**48):
        raise ValueError("an epoch has 16 bits and a sequence number 48")
    header = _HEADER.pack(
        record.content_type,
        record.version,
        record.epoch,
        record.sequence >> 32,
        record.sequence & 0xFFFFFFFF,
    )
    return header + record.connection_id + length.to_bytes(2, "big") + record.fragment


def _build_unified(record: Record) -> bytes:
    if not 0 <= record.epoch <= 3:
        raise ValueError("the unified header holds the low two bits of the epoch")
    if record.sequence_size not in (1, 2) or not 0 <= record.sequence < 256**record.sequence_size:
        raise ValueError("the unified header holds 8 or 16 bits of the sequence number")
    if len(record.fragment) < _SHORTEST_CIPHERTEXT:
        raise ValueError(f"a DTLS 1.3 ciphertext has at least {_SHORTEST_CIPHERTEXT} bytes")
    first = _UNIFIED | record.epoch
    if record.connection_id:
        first |= _HAS_CONNECTION_ID
    if record.sequence_size == 2:
        first |= _LONG_SEQUENCE
    length = b""
    if record.explicit_length:
        first |= _HAS_LENGTH
        length = len(record.fragment).to_bytes(2, "big")
    sequence = record.sequence.to_bytes(record.sequence_size, "big")
    return bytes([first]) + record.connection_id + sequence + length + record.fragment


def build_records(records: Iterable[Record]) -> bytes:
    """One datagram of several records; only the last may omit its length."""
    pieces: list[bytes] = []
    open_ended = False
    for record in records:
        if open_ended:
            raise ValueError("a record without length ends its datagram")
        pieces.append(build_record(record))
        open_ended = not record.explicit_length
    if not pieces:
        raise ValueError("a datagram holds at least one record")
    return b"".join(pieces)
