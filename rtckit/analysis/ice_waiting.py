"""Why a pair is where it is: what it waits for, which attempt is out, why it failed."""

from rtckit.analysis.ice_table import IceTable, PairRow

__all__ = ["say_why"]


def say_why(table: IceTable, pair: PairRow, now: float | None = None) -> str:
    """Say what a pair waits for, or why it ended as it did (RFC 8445, 6.1.2.6 and 6.1.4).

    Args:
        table: the pairs it is among.
        pair: the pair.
        now: seconds on the clock of the events; the last event unless given.
    """
    moment = table.now if now is None else max(now, table.now)
    if pair.state == "failed":
        return pair.error or "failed; no reason was told"
    if pair.state == "succeeded":
        return _say_succeeded(table, pair)
    if pair.state == "in-progress":
        return _say_in_progress(table, pair, moment)
    if table.state in ("failed", "closed"):
        return f"was not checked before ICE {table.state}"
    if table.concluded:
        return "not needed any more: another pair is nominated"
    return _say_frozen(table, pair) if pair.state == "frozen" else _say_waiting(table, pair)


def _say_succeeded(table: IceTable, pair: PairRow) -> str:
    if pair.selected:
        if table.consent_lost:
            return "selected, and the peer no longer consents"
        return "selected: data goes here"
    if pair.nominated:
        return "nominated, and another pair is selected"
    if table.controlling is False:
        return "works; the peer nominates"
    return "works; not selected" if table.concluded else "works; waits for nomination"


def _say_in_progress(table: IceTable, pair: PairRow, now: float) -> str:
    if table.state in ("failed", "closed"):
        return f"not answered before ICE {table.state}"
    if table.concluded and not pair.nominated and pair.attempt:
        return f"checked {_times(pair.attempt)}; not sent again: another pair is nominated"
    if not pair.attempt or pair.last_sent is None:
        return pair.error or "being checked"
    timing = table.timing
    if timing is None:
        since = _duration(max(now - pair.last_sent, 0.0))
        return f"{_checks(pair.sent)}, the last {since} ago, not answered"
    left = pair.last_sent + timing.next_sending(pair.attempt) - now
    attempt = f"attempt {pair.attempt} of {timing.transmissions}"
    if pair.attempt >= timing.transmissions:
        what = f"gives up in {_duration(left)}" if left > 0 else "gives up now"
    else:
        what = f"again in {_duration(left)}" if left > 0 else "again now"
    return f"{attempt}, {what}" + (f" ({pair.error})" if pair.error else "")


def _say_frozen(table: IceTable, pair: PairRow) -> str:
    alike = next(
        (
            other
            for other in table.checklist
            if other is not pair
            and pair.foundation is not None
            and other.foundation == pair.foundation
            and other.state in ("waiting", "in-progress")
        ),
        None,
    )
    if alike is not None:
        return f"shares its foundations with #{alike.number}, which is {_state(alike)}"
    return "frozen until no other pair waits"


def _say_waiting(table: IceTable, pair: PairRow) -> str:
    ahead = [
        other
        for other in table.pairs_in("waiting")
        if (-other.priority, other.number) < (-pair.priority, pair.number)
    ]
    pairs = "1 pair" if len(ahead) == 1 else f"{len(ahead)} pairs"
    place = f"after {pairs} of higher priority" if ahead else "is next"
    if table.timing is None:
        return place
    return f"{place}; a new check every {_duration(table.timing.ta)}"


def _state(pair: PairRow) -> str:
    return "in progress" if pair.state == "in-progress" else pair.state


def _checks(count: int) -> str:
    return "1 check" if count == 1 else f"{count} checks"


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _duration(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds < 9_950 else f"{seconds:.0f} s"
