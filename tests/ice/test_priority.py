"""Priorities and foundations; the numbers are worked out by hand from RFC 8445 and RFC 6544."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.ice.foundation import foundation
from rtckit.ice.priority import (
    candidate_priority,
    local_preferences,
    pair_priority,
    tcp_local_preference,
)


@pytest.mark.parametrize(
    ("kind", "local", "component", "expected"),
    [
        # 2^24 * 126 + 2^8 * 65535 + 255, and so on.
        ("host", 65535, 1, 2130706431),
        ("host", 65535, 2, 2130706430),
        ("prflx", 65535, 1, 1862270975),
        ("srflx", 65535, 1, 1694498815),
        ("srflx", 30, 1, 1677729535),
        ("relay", 65535, 1, 16777215),
        ("relay", 0, 256, 0),
    ],
)
def test_candidate_priority(kind: str, local: int, component: int, expected: int) -> None:
    assert candidate_priority(kind, local, component) == expected


@pytest.mark.parametrize(
    ("kind", "local", "component"),
    [("hot", 1, 1), ("host", 65536, 1), ("host", -1, 1), ("host", 1, 0)],
)
def test_priority_out_of_range(kind: str, local: int, component: int) -> None:
    with pytest.raises(ValueError):
        candidate_priority(kind, local, component)


def test_pair_priority_by_hand() -> None:
    # 2^32 * min + 2 * max + (1 if G > D): the controlling side has G.
    assert pair_priority(100, 50) == 50 * 2**32 + 200 + 1
    assert pair_priority(50, 100) == 50 * 2**32 + 200
    assert pair_priority(7, 7) == 7 * 2**32 + 14


@given(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
def test_both_sides_compute_the_same(ours: int, theirs: int) -> None:
    """Either way round the worse candidate decides."""
    assert pair_priority(ours, theirs) >> 32 == min(ours, theirs)


def test_tcp_directions() -> None:
    """RFC 6544, 4.2: (2^13) * direction-pref + other-pref; 6, 4, 2 when not relayed."""
    assert tcp_local_preference("host", "active", 1) == 6 * 8192 + 1
    assert tcp_local_preference("srflx", "passive", 0) == 4 * 8192
    assert tcp_local_preference("relay", "so", 0) == 1 * 8192
    assert tcp_local_preference("host", "active", 10**6) < 65535


def test_local_preferences_are_distinct_and_ordered() -> None:
    addresses = ["10.0.0.1", "172.17.0.1", "2001:db8::1", "2001:db8::2"]
    ranks = local_preferences(addresses, "10.0.0.1")
    assert sorted(ranks, key=lambda ip: -ranks[ip]) == [
        *("10.0.0.1", "2001:db8::1", "172.17.0.1", "2001:db8::2"),
    ]
    assert ranks["10.0.0.1"] == 65535
    assert len(set(ranks.values())) == 4


def test_foundations_are_alike_only_within_a_session() -> None:
    one = foundation(b"k" * 16, "host", "udp", "10.0.0.1")
    assert one == foundation(b"k" * 16, "host", "udp", "10.0.0.1")
    others = {
        foundation(b"l" * 16, "host", "udp", "10.0.0.1"),
        foundation(b"k" * 16, "srflx", "udp", "10.0.0.1"),
        foundation(b"k" * 16, "host", "tcp", "10.0.0.1"),
        foundation(b"k" * 16, "host", "udp", "10.0.0.2"),
        foundation(b"k" * 16, "host", "udp", "10.0.0.1", "stun.example"),
    }
    assert one not in others
    assert len(others) == 5
    assert 1 <= len(one) <= 32
