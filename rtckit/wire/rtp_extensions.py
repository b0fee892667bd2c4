"""RTP header extension elements (RFC 8285, 4): the framing inside the extension of an RTP header.

An element is a local id and some bytes. Which extension an id stands for is said in SDP
(``a=extmap``) and nowhere in the packet; :mod:`rtckit.wire.rtp_extension_values` reads the bytes of
an element once its URI is known.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rtckit.core.findings import Problem
from rtckit.wire.reading import Reading
from rtckit.wire.rtp import CRYPTEX_PROFILES

__all__ = [
    "ONE_BYTE",
    "TWO_BYTE",
    "ExtensionElement",
    "appbits",
    "build_extensions",
    "decode_extensions",
    "is_one_byte",
    "is_two_byte",
    "parse_extensions",
    "profile_for",
]

ONE_BYTE = 0xBEDE
"""Profile of the one-byte form: ids 1..14, 1..16 bytes each (RFC 8285, 4.2)."""
TWO_BYTE = 0x1000
"""Profile of the two-byte form, with appbits 0: ids 1..255, 0..255 bytes each (RFC 8285, 4.3)."""

_APPBITS = 0x000F


class ExtensionElement(NamedTuple):
    """One element: its local id, 1..255 (1..14 in the one-byte form), and its data."""

    id: int
    value: bytes


# Elements are read for every packet of a stream: see rtckit.wire.rtp.
_new_element: Callable[[type[ExtensionElement], tuple[int, bytes]], ExtensionElement]
_new_element = tuple.__new__


def is_one_byte(profile: int) -> bool:
    """Whether ``profile`` names the one-byte form."""
    return profile == ONE_BYTE


def is_two_byte(profile: int) -> bool:
    """Whether ``profile`` names the two-byte form, whatever its appbits."""
    return profile & ~_APPBITS == TWO_BYTE


def appbits(profile: int) -> int | None:
    """The four application bits of a two-byte profile, which SDP calls id 256; else None."""
    return profile & _APPBITS if is_two_byte(profile) else None


def profile_for(elements: Iterable[tuple[int, bytes]]) -> int:
    """The shortest form that can carry ``elements``: :data:`ONE_BYTE` or :data:`TWO_BYTE`."""
    fits = all(1 <= number <= 14 and 1 <= len(value) <= 16 for number, value in elements)
    return ONE_BYTE if fits else TWO_BYTE


def parse_extensions(profile: int, data: bytes) -> tuple[ExtensionElement, ...]:
    """The elements in ``data``, the extension's bytes after profile and length.

    :class:`ParseError` when ``profile`` is none of RFC 8285's, when it is encrypted (RFC 9335), and
    for an element cut short or with a forbidden id.
    """
    return _read(profile, data, Reading(strict=True))


def decode_extensions(
    profile: int, data: bytes
) -> tuple[tuple[ExtensionElement, ...], tuple[Problem, ...]]:
    """The elements up to the first one that cannot be read, and why not. Never raises.

    Offsets of problems count from the first byte of ``data``.
    """
    reading = Reading(strict=False)
    return _read(profile, data, reading), tuple(reading.problems)


def _read(profile: int, data: bytes, reading: Reading) -> tuple[ExtensionElement, ...]:
    if profile == ONE_BYTE:
        return _read_one_byte(data, reading)
    if is_two_byte(profile):
        return _read_two_byte(data, reading)
    if profile in CRYPTEX_PROFILES:
        reading.problem(f"header extension 0x{profile:04X} is encrypted", 0, "plain elements")
    else:
        reading.problem(
            f"header extension profile 0x{profile:04X} is not RFC 8285",
            0,
            "profile 0xBEDE or 0x1000..0x100F",
        )
    return ()


def _read_one_byte(data: bytes, reading: Reading) -> tuple[ExtensionElement, ...]:
    elements = []
    position, end = 0, len(data)
    while position < end:
        first = data[position]
        if first == 0:
            position += 1
            continue
        number = first >> 4
        if number == 0:
            # RFC 8285, 4.1.2: reading stops at id 0 with a length.
            reading.problem("id 0 with a length", position, "a zero byte of padding or an id")
            break
        if number == 15:
            # RFC 8285, 4.2: reading stops at id 15, whatever its length.
            reading.problem("reserved id 15", position, "an id in 1..14")
            break
        start = position + 1
        position = start + (first & 0x0F) + 1
        if position > end:
            _report_cut(number, start, end, position, reading)
            break
        elements.append(_new_element(ExtensionElement, (number, data[start:position])))
    return tuple(elements)


def _read_two_byte(data: bytes, reading: Reading) -> tuple[ExtensionElement, ...]:
    elements = []
    position, end = 0, len(data)
    while position < end:
        number = data[position]
        if number == 0:
            position += 1
            continue
        if position + 1 == end:
            reading.problem(f"element {number} has no length", position, "a length byte")
            break
        start = position + 2
        position = start + data[start - 1]
        if position > end:
            _report_cut(number, start, end, position, reading)
            break
        elements.append(_new_element(ExtensionElement, (number, data[start:position])))
    return tuple(elements)


def _report_cut(number: int, start: int, end: int, stop: int, reading: Reading) -> None:
    reading.problem(
        f"element {number} cut short: {end - start} of {stop - start} bytes",
        start,
        f"{stop - start} bytes of element data",
    )


def build_extensions(profile: int, elements: Iterable[tuple[int, bytes]]) -> bytes:
    """The extension's bytes after profile and length, zero-padded to whole 32-bit words.

    ``elements`` are (id, value) pairs, kept in order. ``ValueError`` when ``profile`` is not one of
    RFC 8285's or cannot carry an element (see :func:`profile_for`).
    """
    one_byte = profile == ONE_BYTE
    if not one_byte and not is_two_byte(profile):
        raise ValueError(f"header extension profile 0x{profile:04X} is not RFC 8285")
    parts = []
    for number, value in elements:
        length = len(value)
        if one_byte:
            if not (1 <= number <= 14 and 1 <= length <= 16):
                raise ValueError(f"element {number} of {length} bytes: no room in one-byte form")
            parts.append(bytes([number << 4 | length - 1]))
        else:
            if not (1 <= number <= 255 and length <= 255):
                raise ValueError(f"element {number} of {length} bytes: no room in two-byte form")
            parts.append(bytes([number, length]))
        parts.append(value)
    data = b"".join(parts)
    return data + bytes(-len(data) % 4)
