"""G.711, G.722 and comfort noise: nothing to agree on but the clock rate."""

from collections.abc import Collection

from rtckit.jsep.matching.outcome import Match

__all__ = ["match_comfort_noise", "refuse_encoding"]

_CLOCK_RATES = {"pcmu": 8000, "pcma": 8000, "g722": 8000}


def refuse_encoding(name: str, clock_rate: int) -> str | None:
    """Why an rtpmap names no such codec, or None (RFC 3551, 4.5.2 and 4.5.14).

    G.722 samples at 16 kHz, but its RTP clock is 8000 Hz by an error that was kept.
    """
    expected = _CLOCK_RATES.get(name.lower())
    if expected is not None and clock_rate != expected:
        return f"the RTP clock of {name} is {expected} Hz, not {clock_rate}"
    return None


def match_comfort_noise(clock_rate: int, taken_rates: Collection[int]) -> Match:
    """Whether ``CN`` can be taken: with a codec of its clock rate (RFC 3389, 5)."""
    refs = ("RFC 3389, 5",)
    if clock_rate not in taken_rates:
        return Match(False, (), f"no codec with the clock rate {clock_rate} is taken", refs)
    return Match(True, (), f"silence of the codecs at {clock_rate} Hz", refs)
