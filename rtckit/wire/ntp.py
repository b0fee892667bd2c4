"""NTP timestamps as RTP uses them (RFC 3550, 4).

The full form is 64 bits, seconds since 1900-01-01 UTC in 32.32 fixed point; the short form is its
middle 32 bits, 16.16, which wraps every 18 hours. Both are kept as integers, and so is every time
made of them: nanoseconds, rounded to the nearest.

A sender without a wall clock may count from its own start instead (RFC 3550, 6.4.1); such a
timestamp converts to a time shortly after 1900, that is to large negative nanoseconds.
"""

__all__ = [
    "ntp_to_unix_ns",
    "round_trip_ns",
    "short_ntp",
    "short_ntp_ns",
    "unix_ns_to_ntp",
]

_SECONDS_1900_TO_1970 = 2_208_988_800
_SECOND_NS = 1_000_000_000


def ntp_to_unix_ns(timestamp: int, era: int = 0) -> int:
    """A 64-bit NTP timestamp as nanoseconds since 1970-01-01 UTC.

    ``era`` counts the 136-year wraps since 1900; era 0 ends on 2036-02-07.
    """
    fixed = (era << 64) + timestamp - (_SECONDS_1900_TO_1970 << 32)
    return fixed * _SECOND_NS + (1 << 31) >> 32


def unix_ns_to_ntp(time_ns: int) -> int:
    """Nanoseconds since 1970-01-01 UTC as a 64-bit NTP timestamp of whichever era it falls in.

    :func:`ntp_to_unix_ns` gives the same nanosecond back.
    """
    fixed = ((time_ns << 32) + _SECOND_NS // 2) // _SECOND_NS
    return fixed + (_SECONDS_1900_TO_1970 << 32) & 0xFFFF_FFFF_FFFF_FFFF


def short_ntp(timestamp: int) -> int:
    """The middle 32 bits of a 64-bit timestamp, as LSR and LRR carry them."""
    return timestamp >> 16 & 0xFFFF_FFFF


def short_ntp_ns(duration: int) -> int:
    """A duration in units of 1/65536 s (DLSR, DLRR) in nanoseconds."""
    return duration * _SECOND_NS + (1 << 15) >> 16


def round_trip_ns(arrival: int, last_report: int, delay: int) -> int | None:
    """The round trip a report block measures, in nanoseconds (RFC 3550, 6.4.1, figure 2).

    ``arrival`` is the short NTP time at which the block reached the source of the sender report,
    on that source's clock; ``last_report`` and ``delay`` are the block's LSR and DLSR. None when no
    sender report had been seen. Clocks that drift can make it slightly negative.
    """
    if not last_report:
        return None
    units = arrival - last_report - delay & 0xFFFF_FFFF
    if units >= 1 << 31:
        units -= 1 << 32
    return short_ntp_ns(units)
