"""How fast RTP headers are read beside dpkt and aiortc, in the same run.

A row reads one packet with each library; they take turns, so that a busy machine slows all, and
the least CPU time of each counts. `decode_header` is what a capture needs of every packet; dpkt
reads the fixed header and leaves the extension in its payload. `decode_rtp` does what aiortc does:
it copies the payload too, without the padding (aiortc also unpacks the elements of an extension).
"""

import sys
import timeit
from collections.abc import Callable
from time import process_time
from typing import NamedTuple

import dpkt.rtp
from aiortc.rtp import RtpPacket as AiortcPacket

from rtckit.wire.demux import first_byte_kind
from rtckit.wire.rtp import decode_header, decode_rtp
from rtckit.wire.rtp_extensions import decode_extensions

ROUNDS = 25
CALLS = 4000
PLAIN_NS = 1000
RATIO = 1.5

_AUDIO = bytes.fromhex("806f1234 00000960 deadbeef") + bytes(100)
# Audio level, abs-send-time, transport-wide sequence number, mid.
_VIDEO = bytes.fromhex("90e01234 00015f90 deadbeef bede0003 1085 22112233 310007 413031") + bytes(
    1100
)
_MIXED = bytes.fromhex("926f1234 00000960 deadbeef 00000001 00000002 bede0001 10850000") + bytes(90)


def measure(*calls: Callable[[], object]) -> list[float]:
    """Nanoseconds of CPU time a call for each of ``calls``, the best of the rounds in turns."""
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for index, call in enumerate(calls):
            taken = timeit.timeit(call, timer=process_time, number=CALLS)
            best[index] = min(best[index], taken)
    return [taken / CALLS * 1e9 for taken in best]


class Row(NamedTuple):
    """A packet read: nanoseconds a call, and how many times that the next fastest takes."""

    nanoseconds: float
    ratio: float


def compare(name: str, data: bytes, ours: Callable[[bytes], object], dpkt_too: bool) -> Row:
    """Measure and print one row."""
    others: dict[str, Callable[[bytes], object]] = {"aiortc": AiortcPacket.parse}
    if dpkt_too:
        others["dpkt"] = dpkt.rtp.RTP
    calls = [lambda call=call: call(data) for call in (ours, *others.values())]
    fast, *slow = measure(*calls)
    row = "".join(
        f"   {other} {taken:6.0f} ns = {taken / fast:4.1f}x"
        for other, taken in zip(others, slow, strict=True)
    )
    print(f"{name:<34} {fast:6.0f} ns{row}")
    return Row(fast, min(slow) / fast)


def target(name: str, figure: float, met: bool, wanted: str) -> bool:
    """Print whether a target is met, and return it."""
    print(f"{'ok    ' if met else 'MISSED'} {name}: {figure:.1f} ({wanted})")
    return met


def main() -> int:
    """Measure and report; 1 when a target is missed."""
    rows = [
        compare("decode_header, plain", _AUDIO, decode_header, True),
        compare("decode_header, extension", _VIDEO, decode_header, True),
        compare("decode_header, CSRCs and extension", _MIXED, decode_header, True),
    ]
    compare("decode_rtp, plain", _AUDIO, decode_rtp, False)
    compare("decode_rtp, extension", _VIDEO, decode_rtp, False)
    header = decode_header(_VIDEO)
    assert header is not None
    assert header.extension_profile is not None
    profile, extension = header.extension_profile, header.extension
    kind, elements = measure(
        lambda: first_byte_kind(_VIDEO), lambda: decode_extensions(profile, extension)
    )
    print(f"{'first_byte_kind':<34} {kind:6.0f} ns")
    print(f"{'decode_extensions, 4 elements':<34} {elements:6.0f} ns")
    plain = rows[0].nanoseconds
    lowest = min(row.ratio for row in rows)
    met = [
        target("decode_header, plain", plain, plain < PLAIN_NS, f"under {PLAIN_NS} ns a packet"),
        target("decode_header, lowest ratio", lowest, lowest > RATIO, f"over {RATIO}"),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
