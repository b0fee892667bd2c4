"""How fast the STUN codec is beside aioice's, in the same run.

    python -m benchmarks.bench_stun [--rounds 15] [--number 3000] [--check 1.5]

Every row does the same work on the same bytes with both libraries. The two alternate round by
round, so that a busy machine slows both, and the best round of each counts. aioice decodes every
attribute it knows while it parses; rtckit checks every attribute and decodes some on demand. So
each parsing row stands twice: for a caller who only needs the message (``parse``), and for one who
then takes every attribute out of it but FINGERPRINT and MESSAGE-INTEGRITY (``read all``). aioice
verifies FINGERPRINT while it parses; rtckit is asked to in the rows that say FP.

``--check`` makes the exit code 1 when a row's ratio is lower.
"""

import argparse
import sys
import timeit
from collections.abc import Callable, Iterator
from typing import NamedTuple

from aioice import stun as aioice_stun

from rtckit.wire import stun
from rtckit.wire.stun import AttributeType, MessageClass, Method

KEY = stun.short_term_key("VOkJxbRl1RmTxUk/WvJxBt")
TRANSACTION_ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")
V4 = ("192.0.2.1", 32853)
V6 = ("2001:db8:1234:5678:11:2233:4455:6677", 32853)

Work = Callable[[], object]
Build = Callable[[], bytes]


def build_ours(message_class: int, attributes: list[tuple[int, object]], signed: bool) -> Build:
    if signed:
        return lambda: stun.build(
            Method.BINDING, message_class, TRANSACTION_ID, list(attributes), key=KEY
        )
    return lambda: stun.build(
        Method.BINDING, message_class, TRANSACTION_ID, list(attributes), fingerprint=False
    )


def build_aioice(message_class: int, attributes: dict[str, object], signed: bool) -> Build:
    classes = {
        MessageClass.REQUEST: aioice_stun.Class.REQUEST,
        MessageClass.SUCCESS: aioice_stun.Class.RESPONSE,
    }
    theirs = classes[MessageClass(message_class)]

    def build() -> bytes:
        message = aioice_stun.Message(
            aioice_stun.Method.BINDING, theirs, TRANSACTION_ID, dict(attributes)
        )
        if signed:
            message.add_message_integrity(KEY)
        return bytes(message)

    return build


def parse_ours(data: bytes, kinds: list[int], *, read: bool, signed: bool) -> Work:
    if not read and not signed:
        return lambda: stun.parse(data)

    def parse() -> object:
        message = stun.parse(data)
        if signed:
            assert stun.verify_fingerprint(message)
            assert stun.verify_integrity(message, KEY)
        return [message.get(kind) for kind in kinds] if read else message

    return parse


def parse_aioice(data: bytes, names: list[str], *, read: bool, signed: bool) -> Work:
    if not read and not signed:
        return lambda: aioice_stun.parse_message(data)

    def parse() -> object:
        message = aioice_stun.parse_message(data)
        if signed:
            assert message.check_message_integrity(KEY)
        return [message.attributes[name] for name in names] if read else message

    return parse


class Case(NamedTuple):
    """One message as each library wants it."""

    name: str
    message_class: MessageClass
    ours: list[tuple[int, object]]
    theirs: dict[str, object]


CASES = (
    Case(
        "request",
        MessageClass.REQUEST,
        [
            (AttributeType.USERNAME, "evtj:h6vY"),
            (AttributeType.PRIORITY, 0x6E0001FF),
            (AttributeType.ICE_CONTROLLED, 0x932FF9B151263B36),
        ],
        {"USERNAME": "evtj:h6vY", "PRIORITY": 0x6E0001FF, "ICE-CONTROLLED": 0x932FF9B151263B36},
    ),
    Case(
        "response v4",
        MessageClass.SUCCESS,
        [(AttributeType.XOR_MAPPED_ADDRESS, V4)],
        {"XOR-MAPPED-ADDRESS": V4},
    ),
    Case(
        "response v6",
        MessageClass.SUCCESS,
        [(AttributeType.XOR_MAPPED_ADDRESS, V6)],
        {"XOR-MAPPED-ADDRESS": V6},
    ),
)


def rows() -> Iterator[tuple[str, Work, Work]]:
    """The table's rows: what is done, by rtckit and by aioice."""
    for case in CASES:
        kinds = [int(kind) for kind, _ in case.ours]
        names = list(case.theirs)
        for signed in (False, True):
            what = case.name + (", FP + MI" if signed else "")
            ours = build_ours(case.message_class, case.ours, signed)
            theirs = build_aioice(case.message_class, case.theirs, signed)
            data = ours()
            assert data == theirs(), "the libraries must write the same bytes"
            for read in (False, True):
                yield (
                    f"parse {what}" + (", read all" if read else ""),
                    parse_ours(data, kinds, read=read, signed=signed),
                    parse_aioice(data, names, read=read, signed=signed),
                )
            yield f"build {what}", ours, theirs


def measure(ours: Work, theirs: Work, rounds: int, number: int) -> tuple[float, float]:
    """Seconds a call, the best of ``rounds`` for each, taken in turns."""
    best_ours = best_theirs = float("inf")
    for _ in range(rounds):
        best_ours = min(best_ours, timeit.timeit(ours, number=number))
        best_theirs = min(best_theirs, timeit.timeit(theirs, number=number))
    return best_ours / number, best_theirs / number


def main() -> int:
    parser = argparse.ArgumentParser(description="STUN codec speed beside aioice.stun")
    parser.add_argument("--rounds", type=int, default=15, help="rounds a row (best counts)")
    parser.add_argument("--number", type=int, default=3000, help="calls a round")
    parser.add_argument("--check", type=float, default=0.0, help="lowest ratio that passes")
    options = parser.parse_args()
    print(f"{'':40} {'rtckit':>10} {'aioice':>10} {'ratio':>7}")
    worst = float("inf")
    for name, ours, theirs in rows():
        fast, slow = measure(ours, theirs, options.rounds, options.number)
        worst = min(worst, slow / fast)
        print(f"{name:40} {fast * 1e6:8.2f}µs {slow * 1e6:8.2f}µs {slow / fast:6.2f}x")
    print(f"{'lowest ratio':40} {'':>10} {'':>10} {worst:6.2f}x")
    return int(worst < options.check)


if __name__ == "__main__":
    sys.exit(main())
