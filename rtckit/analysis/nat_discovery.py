"""Which tests find out how a NAT behaves, in which order (RFC 5780, 4), without sending any.

:func:`discover` is a generator: it yields batches of tests, is sent their outcomes, and returns the
:class:`~rtckit.analysis.nat.NatBehavior`. Whoever drives it sends over sockets, or over virtual
NATs. Tests that an earlier one would spoil get sockets that were not used before.
"""

from collections.abc import Generator, Sequence

from rtckit.analysis.nat import Confidence, NatBehavior, NatTest, Outcome
from rtckit.analysis.nat_judgement import judge
from rtckit.core.address import Address

__all__ = ["LIFETIMES_S", "Discovery", "discover"]

Discovery = Generator[list[NatTest], Sequence[Outcome], NatBehavior]
"""Yields tests to make at the same time, takes their outcomes in the same order."""

LIFETIMES_S = (10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 400.0)
"""The first tries for the lifetime of a mapping; RFC 4787, REQ-5 asks for 120 s or more."""

_FIRST_ATTEMPTS = 5
_FIRST_RTO_S = 0.15
_RTO_S = 0.1
_SILENCE_ATTEMPTS = 4
_REFINING = 5
_EXACT_ENOUGH = 0.1
_PADDING = 1500


def discover(
    server: Address,
    second: Address | None = None,
    *,
    quick: bool = False,
    lifetimes: Sequence[float] = (),
) -> Discovery:
    """Find out how the NATs before ``server`` behave; a batch may be empty.

    Args:
        server: a STUN server; one with two addresses (RFC 5780) can show everything.
        second: another server, by whose address mappings are compared when the first has but one.
        quick: mapping and filtering only, each with one socket.
        lifetimes: after how many seconds of silence to look whether a mapping is still there; a
            second round looks closer. The whole takes about twice the longest.
    """
    told: list[Outcome] = []
    first = NatTest("m1", server, attempts=_FIRST_ATTEMPTS, rto_s=_FIRST_RTO_S)
    told += yield [first]
    if told[0].answer is None:
        if second is not None:
            told += yield [NatTest("m2", second, attempts=_FIRST_ATTEMPTS, rto_s=_FIRST_RTO_S)]
        return judge(server, told)
    pace = max(_RTO_S, 1.5 * told[0].answer.rtt_s)
    other = told[0].answer.other
    usable = other is not None and other.ip != server.ip
    told += yield _mapping_tests(server, other if usable else None, second, pace, quick)
    sockets = ["f1"] if quick else ["f1", "f2"]
    prepared = [*(sockets if usable else []), *([] if quick else ["h1", "h2", "p1"])]
    if prepared:
        fresh = [NatTest(name, server, attempts=_FIRST_ATTEMPTS, rto_s=pace) for name in prepared]
        ready = yield fresh
        told += ready
        mapped = {outcome.test.socket: outcome.mapped for outcome in ready}
        told += yield _sensitive_tests(server, sockets if usable else [], mapped, pace)
        silent = {o.test.socket for o in told if not o.test.plain and o.silent}
        # Silence means something only if the way is still open.
        told += yield [
            NatTest(name, server, attempts=_FIRST_ATTEMPTS, rto_s=pace)
            for name in prepared
            if name in silent
        ]
    if lifetimes:
        yield from _measure_lifetime(server, told, sorted(lifetimes), pace)
    return judge(server, told)


def _mapping_tests(
    server: Address, other: Address | None, second: Address | None, pace: float, quick: bool
) -> list[NatTest]:
    """From one socket to every address and port that can be compared (RFC 5780, 4.3)."""
    destinations = []
    if other is not None:
        destinations = [
            Address(other.ip, server.port),
            Address(other.ip, other.port),
            Address(server.ip, other.port),
        ]
    if second is not None and second not in destinations and second != server:
        destinations.append(second)
    tests = [("m1", to) for to in destinations]
    if not quick:
        tests += [("m2", to) for to in (server, *destinations)]
    return [NatTest(name, to, attempts=_FIRST_ATTEMPTS, rto_s=pace) for name, to in tests]


def _sensitive_tests(
    server: Address, filtering: Sequence[str], mapped: dict[str, Address | None], pace: float
) -> list[NatTest]:
    """What earlier packets of a socket would spoil: filtering, hairpinning; and fragments."""
    tests = []
    for name in filtering:
        if mapped.get(name) is None:
            continue
        for change_ip in (True, False):
            # Both go to the server's first address only: neither opens the filter for the other.
            tests.append(
                NatTest(*(name, server, change_ip, True), attempts=_SILENCE_ATTEMPTS, rto_s=pace)
            )
    for sender, receiver in (("h1", "h2"), ("h2", "h1")):
        target = mapped.get(receiver)
        if target is not None and mapped.get(sender) is not None:
            # To each other, so that a filter has seen a packet out to where the next comes from.
            tests.append(
                NatTest(sender, target, at=receiver, attempts=_SILENCE_ATTEMPTS, rto_s=pace)
            )
    if mapped.get("p1") is not None:
        tests.append(
            NatTest("p1", server, padding=_PADDING, attempts=_SILENCE_ATTEMPTS, rto_s=pace)
        )
    return tests


def _measure_lifetime(
    server: Address, told: list[Outcome], waits: Sequence[float], pace: float
) -> Generator[list[NatTest], Sequence[Outcome], None]:
    """See after which time a mapping no longer lets answers in (RFC 5780, 4.6).

    Every time is tried at once, each with a socket of its own, instead of one after the other.
    """
    for turn in range(2):
        names = [f"l{turn}{number}" for number in range(len(waits))]
        fresh = [NatTest(name, server, attempts=_FIRST_ATTEMPTS, rto_s=pace) for name in names]
        ready = yield fresh
        told += ready
        tests = [
            NatTest(
                "y1",
                server,
                response_port=outcome.mapped.port,
                at=name,
                wait_s=wait,
                attempts=_SILENCE_ATTEMPTS,
                rto_s=pace,
            )
            for name, wait, outcome in zip(names, waits, ready, strict=True)
            if outcome.mapped is not None
        ]
        if not tests:
            return
        told += yield tests
        found = judge(server, told).lifetime
        if found.value is None or found.value[1] is None or found.confidence is Confidence.NONE:
            return
        low, high = found.value[0], found.value[1]
        if high - low <= max(1.0, low * _EXACT_ENOUGH):
            return
        step = (high - low) / (_REFINING + 1)
        waits = [round(low + step * (number + 1), 1) for number in range(_REFINING)]
