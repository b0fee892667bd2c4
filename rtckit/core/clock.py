"""Times as rtckit keeps them: integer nanoseconds, and how they are written.

Captures carry nanoseconds since 1970-01-01 UTC; durations are nanoseconds too. Floats appear only
when something is shown.
"""

from datetime import UTC, datetime

__all__ = ["NANOSECONDS", "format_duration", "format_time", "milliseconds"]

NANOSECONDS = 1_000_000_000


def milliseconds(duration_ns: int) -> float:
    """Nanoseconds as milliseconds."""
    return duration_ns / 1_000_000


def format_duration(duration_ns: int) -> str:
    """A duration for people: three significant digits and a unit (``4.20 ms``, ``12.5 s``)."""
    sign = "-" if duration_ns < 0 else ""
    value = abs(duration_ns)
    for unit, size in (("s", NANOSECONDS), ("ms", 1_000_000), ("µs", 1_000)):
        if value >= size:
            scaled = value / size
            digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
            return f"{sign}{scaled:.{digits}f} {unit}"
    return f"{sign}{value} ns"


def format_time(time_ns: int) -> str:
    """A capture time in UTC, ISO 8601 with microseconds."""
    seconds, rest = divmod(time_ns, NANOSECONDS)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds}.{rest:09d}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"
