"""Messages from fragments that come in any order, twice, overlapping, or with ill intent."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.wire.dtls import (
    HandshakeFragment,
    HandshakeMessage,
    PendingMessage,
    Reassembler,
    split_message,
)
from tests.strategies.dtls import messages

HELLO = HandshakeMessage(1, 0, bytes(range(100)))


def fragment(start: int, end: int, message: HandshakeMessage = HELLO) -> HandshakeFragment:
    return HandshakeFragment(
        message.msg_type, len(message.body), message.message_seq, start, message.body[start:end]
    )


def test_a_whole_message_is_handed_over_at_once() -> None:
    reassembler = Reassembler()
    assert reassembler.add(fragment(0, 100)) == HELLO
    assert reassembler.retransmissions == 0
    assert reassembler.handshakes == 1
    assert reassembler.pending == ()


def test_an_empty_message() -> None:
    done = HandshakeFragment(14, 0, 4, 0, b"")
    reassembler = Reassembler()
    assert reassembler.add(done) == HandshakeMessage(14, 4, b"")
    assert reassembler.add(done) is None
    assert reassembler.retransmissions == 1


def test_two_halves_in_either_order() -> None:
    for halves in ([fragment(0, 60), fragment(60, 100)], [fragment(60, 100), fragment(0, 60)]):
        reassembler = Reassembler()
        assert reassembler.add(halves[0]) is None
        assert reassembler.pending == (PendingMessage(1, 0, 100, len(halves[0].body)),)
        assert reassembler.add(halves[1]) == HELLO
        assert reassembler.retransmissions == 0


def test_overlapping_ranges() -> None:
    # RFC 9147, 5.5: a sender may fragment smaller on retransmission.
    reassembler = Reassembler()
    for start, end in [(10, 50), (0, 20), (70, 90), (40, 75)]:
        assert reassembler.add(fragment(start, end)) is None
    assert reassembler.pending[0].received == 90
    assert reassembler.add(fragment(80, 100)) == HELLO
    assert reassembler.retransmissions == 0


def test_what_was_seen_before_is_a_retransmission() -> None:
    reassembler = Reassembler()
    reassembler.add(fragment(0, 60))
    assert reassembler.add(fragment(0, 60)) is None
    assert reassembler.add(fragment(10, 20)) is None
    assert reassembler.retransmissions == 2
    assert reassembler.add(fragment(50, 100)) == HELLO
    assert reassembler.add(fragment(0, 60)) is None
    assert reassembler.add(fragment(60, 100)) is None
    assert reassembler.retransmissions == 4


def test_a_flight_is_handed_over_message_by_message() -> None:
    flight = [HandshakeMessage(kind, seq, bytes([kind]) * 50) for seq, kind in enumerate([2, 11])]
    reassembler = Reassembler()
    first, second = (split_message(message, 30) for message in flight)
    assert reassembler.add(second[0]) is None
    assert reassembler.add(first[0]) is None
    # The later message is whole first: nothing that was lost can hold it up.
    assert reassembler.add(second[1]) == flight[1]
    assert reassembler.add(first[1]) == flight[0]


def test_the_next_flight_after_a_cookie_has_the_next_number() -> None:
    again = HandshakeMessage(1, 1, bytes(range(100, 220)))
    reassembler = Reassembler()
    assert reassembler.add(fragment(0, 100)) == HELLO
    assert reassembler.add(fragment(0, 120, again)) == again
    assert reassembler.retransmissions == 0
    assert reassembler.handshakes == 1


def test_another_message_0_is_another_handshake() -> None:
    other = HandshakeMessage(1, 0, bytes(range(50, 150)))
    certificate = HandshakeMessage(11, 1, b"one")
    reassembler = Reassembler()
    assert reassembler.add(fragment(0, 100)) == HELLO
    assert reassembler.add(fragment(0, 3, certificate)) == certificate
    assert reassembler.add(fragment(0, 100, other)) == other
    assert reassembler.handshakes == 2
    # The same certificate in the new handshake was not seen in it before.
    assert reassembler.add(fragment(0, 3, certificate)) == certificate
    assert reassembler.retransmissions == 0
    assert reassembler.problems == []


def test_bytes_that_change_are_noted_and_start_the_message_anew() -> None:
    before = HandshakeMessage(11, 1, b"A" * 100)
    after = HandshakeMessage(11, 1, b"B" * 100)
    reassembler = Reassembler()
    reassembler.add(fragment(0, 60, before))
    reassembler.add(fragment(50, 80, after))
    assert reassembler.pending == (PendingMessage(11, 1, 100, 30),)
    assert "changed when it came again" in reassembler.problems[0].message
    assert reassembler.add(fragment(0, 50, after)) is None
    assert reassembler.add(fragment(80, 100, after)) == after


def test_a_fragment_of_nothing_changes_nothing() -> None:
    reassembler = Reassembler()
    assert reassembler.add(HandshakeFragment(11, 100, 1, 0, b"")) is None
    assert reassembler.pending == ()
    assert reassembler.retransmissions == 0


def test_a_fragment_beyond_its_message_is_refused() -> None:
    reassembler = Reassembler()
    assert reassembler.add(HandshakeFragment(11, 4, 1, 2, b"abc")) is None
    assert reassembler.add(HandshakeFragment(11, 4, 1, -1, b"abc")) is None
    assert len(reassembler.problems) == 2


def test_a_message_larger_than_memory_allows_is_refused() -> None:
    reassembler = Reassembler()
    assert reassembler.add(HandshakeFragment(11, 2**24 - 1, 1, 0, b"abc")) is None
    assert "claims 16777215 bytes" in reassembler.problems[0].message
    assert reassembler.pending == ()


@given(messages(), st.integers(1, 80), st.randoms(use_true_random=False))
def test_any_order_with_repetition(
    message: HandshakeMessage, longest: int, order: random.Random
) -> None:
    parts = list(split_message(message, longest)) * 2
    order.shuffle(parts)
    reassembler = Reassembler()
    delivered = [whole for part in parts if (whole := reassembler.add(part)) is not None]
    assert delivered == [message]
    assert reassembler.retransmissions == len(parts) // 2
    assert reassembler.problems == []


@given(
    st.binary(min_size=1, max_size=200),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40)), max_size=40),
)
def test_any_ranges_give_what_they_cover(body: bytes, ranges: list[tuple[int, int]]) -> None:
    """Against the plainest model: a set of the byte positions seen."""
    message = HandshakeMessage(1, 0, body)
    reassembler = Reassembler()
    covered: set[int] = set()
    repeated = 0
    for start, size in ranges:
        first, last = min(start, len(body) - 1), min(start + size, len(body))
        positions = set(range(first, last))
        if not positions:
            continue
        whole = reassembler.add(fragment(first, last, message))
        if positions <= covered:
            repeated += 1
            assert whole is None
        covered |= positions
        assert (reassembler.pending == ()) == (len(covered) == len(body))
        if reassembler.pending:
            assert reassembler.pending[0].received == len(covered)
    assert reassembler.retransmissions == repeated


@pytest.mark.parametrize("attack", ["single bytes", "many messages", "ever new bytes"])
def test_memory_stays_bounded_under_attack(attack: str) -> None:
    rng = random.Random(7)
    reassembler = Reassembler(capacity=64 * 1024)
    tracemalloc.start()
    try:
        for number in range(20_000):
            if attack == "single bytes":
                start, seq, body = rng.randrange(0, 32_000, 2), 0, b"x"
            elif attack == "many messages":
                start, seq, body = 0, number, b"y" * 100
            else:
                start, seq, body = rng.randrange(30_000), 1, rng.randbytes(1200)
            reassembler.add(HandshakeFragment(11, 32_000, seq, start, body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Object headers come on top of what is accounted for, but nothing grows with the attack.
    assert peak < 1_000_000
    assert len(reassembler.problems) <= 50
    # And it still works.
    good = HandshakeMessage(2, 60_000, b"z" * 3000)
    done = [whole for part in split_message(good, 1000) if (whole := reassembler.add(part))]
    assert done == [good]


def test_one_byte_at_a_time_from_the_end_stays_quick() -> None:
    body = bytes(range(256)) * 32
    message = HandshakeMessage(11, 1, body)
    reassembler = Reassembler()
    parts = split_message(message, 1)
    whole = [done for part in reversed(parts) if (done := reassembler.add(part))]
    assert whole == [message]


def test_another_type_or_length_is_a_change_too() -> None:
    reassembler = Reassembler()
    reassembler.add(HandshakeFragment(11, 100, 1, 0, b"abc"))
    reassembler.add(HandshakeFragment(12, 100, 1, 0, b"abc"))
    reassembler.add(HandshakeFragment(12, 101, 1, 0, b"abc"))
    assert reassembler.pending == (PendingMessage(12, 1, 101, 3),)
    assert len(reassembler.problems) == 2


def test_what_is_forgotten_is_said_and_no_more_than_fifty_times() -> None:
    reassembler = Reassembler(capacity=2048)
    for number in range(100):
        reassembler.add(HandshakeFragment(11, 1000, number, 0, bytes(500)))
    assert len(reassembler.pending) == 2
    assert len(reassembler.problems) == 50
    assert "Certificate forgotten with 500 of 1000 bytes" in reassembler.problems[0].message
