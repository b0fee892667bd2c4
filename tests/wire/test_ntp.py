"""NTP timestamps against RFC 3550's figure 2 and Python's own calendar."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.wire.ntp import (
    ntp_to_unix_ns,
    round_trip_ns,
    short_ntp,
    short_ntp_ns,
    unix_ns_to_ntp,
)

# RFC 3550, 6.4.1, figure 2: [10 Nov 1995 11:33:25.125 UTC], ntp_sec b44db705, ntp_frac 20000000.
FIGURE_2 = 0xB44DB705_20000000


def test_figure_2_calendar() -> None:
    moment = datetime(1995, 11, 10, 11, 33, 25, 125_000, UTC)
    time_ns = int(moment.timestamp() * 1000) * 1_000_000
    assert ntp_to_unix_ns(FIGURE_2) == time_ns
    assert unix_ns_to_ntp(time_ns) == FIGURE_2


def test_figure_2_round_trip() -> None:
    # A = b710:8000, lsr = b705:2000, dlsr = 0005:4000; the delay is 6.125 s.
    assert short_ntp(FIGURE_2) == 0xB7052000
    assert short_ntp_ns(0x00054000) == 5_250_000_000
    assert round_trip_ns(0xB7108000, 0xB7052000, 0x00054000) == 6_125_000_000


def test_round_trip_edges() -> None:
    assert round_trip_ns(0xB7108000, 0, 0) is None
    # Across the wrap of the short form: 0x00008000 - 0xffff8000 is one second.
    assert round_trip_ns(0x00008000, 0xFFFF8000, 0) == 1_000_000_000
    assert round_trip_ns(0x00010000, 0x00010000, 0x8000) == -500_000_000


def test_epochs() -> None:
    assert unix_ns_to_ntp(0) == 2_208_988_800 << 32
    assert ntp_to_unix_ns(0) == -2_208_988_800 * 1_000_000_000
    # Era 1 begins at 2036-02-07 06:28:16 UTC.
    second_era = int(datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC).timestamp()) * 1_000_000_000
    assert unix_ns_to_ntp(second_era) == 0
    assert ntp_to_unix_ns(0, era=1) == second_era


@pytest.mark.parametrize(("fraction", "nanoseconds"), [(1, 0), (3, 1), (0xFFFFFFFF, 1_000_000_000)])
def test_rounding(fraction: int, nanoseconds: int) -> None:
    # One unit of the fraction is 0.23 ns.
    assert ntp_to_unix_ns(unix_ns_to_ntp(0) + fraction) == nanoseconds


@given(st.integers(-2_208_988_800 * 10**9, 2_085_978_495 * 10**9))
def test_nanoseconds_survive(time_ns: int) -> None:
    assert ntp_to_unix_ns(unix_ns_to_ntp(time_ns)) == time_ns
