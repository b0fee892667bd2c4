"""ChannelData, the short form in which TURN carries data (RFC 8656, 12.4 to 12.6).

Everything else of TURN is STUN with its own methods and attributes: :mod:`rtckit.wire.stun`.
"""

from struct import Struct
from typing import NamedTuple

from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem

__all__ = ["ChannelData", "build_channel_data", "decode_channel_data", "parse_channel_data"]

FIRST_CHANNEL = 0x4000
"""The lowest channel number."""

LAST_CHANNEL = 0x4FFF
"""The highest channel number (RFC 8656, 12); RFC 5766, 11 went up to 0x7FFF."""

_LAST_OLD_CHANNEL = 0x7FFF
_HEADER = Struct("!HH")


class ChannelData(NamedTuple):
    """A ChannelData message: the channel's number and the datagram it carries."""

    channel: int
    data: bytes


def parse_channel_data(message: bytes | bytearray | memoryview) -> ChannelData:
    """The one ChannelData message that ``message`` is; ``ParseError`` with the first fault.

    Padding up to a multiple of 4 bytes is allowed, as over TCP; its value does not matter.
    """
    channel_data, problems = decode_channel_data(message)
    if channel_data is None or problems:
        problem = problems[0]
        raise ParseError(problem.message, offset=problem.offset, expected=problem.expected)
    return channel_data


def decode_channel_data(
    message: bytes | bytearray | memoryview,
) -> tuple[ChannelData | None, tuple[Problem, ...]]:
    """What can be read of a ChannelData message, and every fault met; never raises.

    Data cut short is kept as far as it goes. A channel number of RFC 5766 that RFC 8656 has
    withdrawn is a fault. None when the header is not ChannelData's.
    """
    raw = bytes(message)
    size = len(raw)
    if size < 4:
        return None, (Problem(f"ChannelData header cut short: {size} of 4 bytes", size, "4 bytes"),)
    channel, length = _HEADER.unpack_from(raw)
    if FIRST_CHANNEL <= channel <= LAST_CHANNEL and size == 4 + length:
        return ChannelData(channel, raw[4:]), ()
    if not FIRST_CHANNEL <= channel <= _LAST_OLD_CHANNEL:
        return None, (
            Problem(f"0x{channel:04x} is no channel number", 0, "a number from 0x4000 to 0x4fff"),
        )
    problems = []
    if channel > LAST_CHANNEL:
        problems.append(
            Problem(
                f"channel number 0x{channel:04x} is from RFC 5766; RFC 8656 has receivers drop it",
                0,
                "a number from 0x4000 to 0x4fff",
            )
        )
    end = 4 + length
    if end > size:
        problems.append(
            Problem(f"data cut short: {size - 4} of {length} bytes", size, f"{length} bytes")
        )
    elif size != end and size != end + 3 & -4:
        problems.append(
            Problem(
                f"{size - end} bytes after the data",
                end,
                "nothing, or padding to a multiple of 4 bytes",
            )
        )
    return ChannelData(channel, raw[4:end]), tuple(problems)


def build_channel_data(channel_data: ChannelData, *, pad: bool = False) -> bytes:
    """A ChannelData message; ``pad`` fills it with zeros to a multiple of 4 bytes, as TCP needs.

    ``ValueError`` for a number that was never a channel's and for more than 65535 bytes of data.
    """
    channel, data = channel_data
    if not FIRST_CHANNEL <= channel <= _LAST_OLD_CHANNEL:
        raise ValueError(f"0x{channel:04x} is no channel number")
    if len(data) > 0xFFFF:
        raise ValueError(f"{len(data)} bytes do not fit into a ChannelData message")
    return _HEADER.pack(channel, len(data)) + data + bytes(-len(data) & 3 if pad else 0)
