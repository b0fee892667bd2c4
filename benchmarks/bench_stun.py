"""How fast the STUN codec is beside aioice's, in the same run.

    python benchmarks/bench_stun.py [--rounds 15] [--number 3000] [--check 1.5]

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
from collections.abc import Callable

from aioice import stun as aioice_stun

from rtckit.wire import stun
from rtckit.wire.stun import AttributeType, MessageClass, Method

KEY = stun.short_term_key("VOkJxbRl1RmTxUk/WvJxBt")
TRANSACTION_ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")
TIE_BREAKER = 0x932FF9B151263B36
USERNAME = "evtj:h6vY"
V4 = ("192.0.2.1", 32853)
V6 = ("2001:db8:1234:5678:11:2233:4455:6677", 32853)

REQUEST = [
    (AttributeType.USERNAME, USERNAME),
    (AttributeType.PRIORITY, 0x6E0001FF),
    (AttributeType.ICE_CONTROLLED, TIE_BREAKER),
]
REQUEST_AIOICE = {
    "USERNAME": USERNAME,
    "PRIORITY": 0x6E0001FF,
    "ICE-CONTROLLED": TIE_BREAKER,
}
REQUEST_TYPES = [int(kind) for kind, _ in REQUEST]
RESPONSE_TYPES = [int(AttributeType.XOR_MAPPED_ADDRESS)]

Work = Callable[[], object]


def build_ours(message_class: int, attributes: list[tuple[int, object]], signed: bool) -> Work:
    if signed:
        return lambda: stun.build(
            Method.BINDING, message_class, TRANSACTION_ID, attributes, key=KEY
        )
    return lambda: stun.build(
        Method.BINDING, message_class, TRANSACTION_ID, attributes, fingerprint=False
    )


def build_aioice(message_class: int, attributes: dict[str, object], signed: bool) -> Work:
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


def rows() -> list[tuple[str, Work, Work]]:
    """The table's rows: what is done, by rtckit and by aioice."""
    result = []
    messages = [
        ("request", MessageClass.REQUEST, REQUEST, REQUEST_AIOICE, REQUEST_TYPES),
        *(
            (
                name,
                MessageClass.SUCCESS,
                [(AttributeType.XOR_MAPPED_ADDRESS, address)],
                {"XOR-MAPPED-ADDRESS": address},
                RESPONSE_TYPES,
            )
            for name, address in (("response v4", V4), ("response v6", V6))
        ),
    ]
    for name, message_class, ours, theirs, kinds in messages:
        for signed in (False, True):
            suffix = ", FP + MI" if signed else ""
            build = build_ours(message_class, ours, signed)
            build_theirs = build_aioice(message_class, theirs, signed)
            data = build()
            assert data == build_theirs(), "the libraries must write the same bytes"
            for read in (False, True):
                what = f"parse {name}{suffix}" + (", read all" if read else "")
                result.append(
                    (
                        what,
                        parse_ours(data, kinds, read=read, signed=signed),
                        parse_aioice(data, list(theirs), read=read, signed=signed),
                    )
                )
            result.append((f"build {name}{suffix}", build, build_theirs))
    return result


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
