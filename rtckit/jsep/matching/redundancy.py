"""Formats that repeat or protect others: rtx, red, ulpfec and flexfec."""

from collections.abc import Collection, Mapping

from rtckit.jsep.matching.outcome import Match, Parameters, number_of, without_parameter

__all__ = ["match_flexfec", "match_red", "match_rtx", "match_ulpfec"]

_RTX = ("RFC 4588, 8.1",)
_RED = ("RFC 2198, 5",)
_ULPFEC = ("RFC 5109, 14.2",)
_FLEXFEC = ("RFC 8627, 5.2.1",)


def match_rtx(
    apt: int | None, repeated: Collection[int], rate_of: Mapping[int, int], clock_rate: int
) -> Match:
    """Whether an ``rtx`` can be taken.

    Args:
        apt: the payload type it repeats; None where it names none.
        repeated: the payload types of the answer that the answerer repeats.
        rate_of: the clock rate of every payload type in the answer.
        clock_rate: that of the ``rtx``, which must be that of what it repeats (RFC 4588, 8.6).
    """
    if apt is None:
        return Match(False, (), "it names no payload type to repeat (apt)", _RTX)
    if apt not in rate_of:
        return Match(False, (), f"payload type {apt}, which it repeats, is not taken", _RTX)
    if rate_of[apt] != clock_rate:
        why = f"its clock rate is {clock_rate}, that of payload type {apt} is {rate_of[apt]}"
        return Match(False, (), why, ("RFC 4588, 8.6",))
    if apt not in repeated:
        return Match(False, (), f"payload type {apt} is not repeated by this peer", _RTX)
    return Match(True, (("apt", str(apt)),), f"repeats payload type {apt}", _RTX)


def match_red(carried: Collection[str], taken: Collection[int]) -> Match:
    """Whether a ``red`` can be taken: everything it carries must be in the answer (RFC 2198, 5).

    Without a list, as video has it, nothing can be missing.
    """
    missing = [item for item in carried if not item.isdecimal() or int(item) not in taken]
    if missing:
        why = f"it carries payload type {missing[0][:20]}, which is not taken"
        return Match(False, (), why, _RED)
    parameters: Parameters = (("/".join(carried), None),) if carried else ()
    why = f"carries {'/'.join(carried)}" if carried else "carries any format of the section"
    return Match(True, parameters, why, _RED)


def match_ulpfec(has_red: bool) -> Match:
    """Whether ``ulpfec`` can be taken: in WebRTC it is carried in ``red`` (RFC 8854, 3.3)."""
    if not has_red:
        why = "without red it would need a section of its own"
        return Match(False, (), why, _ULPFEC)
    return Match(True, (), "carried in red", _ULPFEC)


def match_flexfec(offered: Mapping[str, str | None], own: Mapping[str, str | None]) -> Match:
    """Whether flexible FEC can be taken: the offered window must be supported (RFC 8627, 5.2.1).

    ``repair-window`` is in microseconds. Without one nothing limits the memory it takes, and the
    parameter is required (RFC 8627, 5.1).
    """
    asked = number_of(offered.get("repair-window"), -1, 2**32)
    known = number_of(own.get("repair-window"), 0, 2**32)
    if asked < 0:
        return Match(False, (), "it has no repair-window", ("RFC 8627, 5.1.1",))
    if known and asked > known:
        why = f"its repair-window is {asked} µs, {known} µs is supported"
        return Match(False, (), why, _FLEXFEC)
    rest = without_parameter(tuple(own.items()), "repair-window")
    window = own.get("repair-window") or str(asked)
    return Match(True, (("repair-window", window), *rest), f"repair-window {asked} µs", _FLEXFEC)
