"""ChannelData from any bytes."""

from rtckit.core.errors import ParseError
from rtckit.wire.turn import build_channel_data, decode_channel_data, parse_channel_data

SEEDS: list[bytes] = [
    bytes.fromhex("40010003 616263"),
    bytes.fromhex("40010003 616263 00"),
    bytes.fromhex("4fff0000"),
    bytes.fromhex("7fff0004 80600001"),
]


def check(data: bytes) -> None:
    """Strict reading fails exactly when tolerant reading has a problem; what is read is rebuilt."""
    channel_data, problems = decode_channel_data(data)
    try:
        parsed = parse_channel_data(data)
    except ParseError:
        assert problems
        assert all(problem.expected for problem in problems)
    else:
        assert not problems
        assert parsed == channel_data
    if channel_data is not None:
        assert channel_data.data == data[4 : 4 + len(channel_data.data)]
        again, _ = decode_channel_data(build_channel_data(channel_data))
        assert again == channel_data
