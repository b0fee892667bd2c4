"""What several rules about connectivity checks ask of a call."""

from collections.abc import Iterator

from rtckit.analysis.call import Call
from rtckit.analysis.ice_session import Check, IceSession, IceView
from rtckit.analysis.vantage import Vantage

__all__ = ["checks_from", "lost_on_the_way", "views"]


def views(call: Call) -> Iterator[tuple[IceSession, IceView, Vantage]]:
    """Every sight of every ICE session."""
    for session in call.ice:
        for view in session.views:
            yield session, view, call.vantage(view.vantage)


def checks_from(view: IceView, sender: str) -> list[Check]:
    """The checks one end sent, in order of time."""
    checks = [check for check in view.checks if check.sender == sender]
    return sorted(checks, key=lambda check: check.transaction.first.time_ns)


def lost_on_the_way(call: Call, sender: str) -> tuple[IceView, list[Check], IceView | None] | None:
    """Checks one end sent that its own capture holds and the other end's does not."""
    near = call.vantage_of(sender)
    far = call.vantage_of("b" if sender == "a" else "a")
    if near is None or far is None:
        return None
    for session in call.ice:
        left, arrived = session.view(near.name), session.view(far.name)
        if left is None:
            continue
        seen = (
            {check.transaction.transaction_id for check in checks_from(arrived, sender)}
            if arrived is not None
            else set()
        )
        # Checks inside TURN arrive from the relay with their own transaction; they count as well.
        lost = [
            check
            for check in checks_from(left, sender)
            if check.transaction.transaction_id not in seen
            and not check.transaction.responses
            and (far.first_ns or 0) <= check.transaction.first.time_ns <= (far.last_ns or 0)
        ]
        if lost:
            reachable = {
                (candidate.address, candidate.port)
                for candidate, _ in call.signalling.candidates_of("b" if sender == "a" else "a")
                if candidate.type != "host"
            }
            # Checks to another network's private address are lost on any call: they come last.
            lost.sort(key=lambda check: tuple(check.transaction.dst) not in reachable)
            return left, lost, arrived
    return None
