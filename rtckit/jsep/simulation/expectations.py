"""What a scenario expects, held against what happened."""

from collections.abc import Iterable, Mapping, Sequence

from rtckit.jsep.simulation.ending import Ending
from rtckit.jsep.simulation.scenario import ANY_ERROR, Expectations, PeerSetup, Step
from rtckit.jsep.simulation.trace import Call, TraceStep

__all__ = ["judge_end", "judge_step"]


def judge_step(
    step: Step, happened: Sequence[TraceStep], peers: Mapping[str, PeerSetup]
) -> tuple[str, ...]:
    """The faults of one step of a scenario: errors not expected, and expected ones that are not.

    Args:
        step: the step.
        happened: the steps of the trace it led to.
        peers: both sides.
    """
    calls = [call for item in happened for call in item.calls]
    failed = [call for call in calls if not call.ok and not call.forgiven]
    faults: list[str] = []
    for call in failed:
        expected = step.expected_error(peers[call.peer].stack)
        if expected == "":
            faults.append(f"{call.op} of {call.peer} failed and should not")
        elif expected not in (None, ANY_ERROR, call.error):
            faults.append(f"{call.op} of {call.peer} failed with {call.error}, not with {expected}")
    if not failed:
        faults += _missing(step, calls, peers)
    return tuple(faults)


def _missing(step: Step, calls: Iterable[Call], peers: Mapping[str, PeerSetup]) -> Iterable[str]:
    """The error that was expected of whoever was called last."""
    last = next(reversed(list(calls)), None)
    if last is None:
        return
    expected = step.expected_error(peers[last.peer].stack)
    if expected:
        what = "an error" if expected == ANY_ERROR else expected
        yield f"{last.op} of {last.peer} went well, and should fail with {what}"


def judge_end(expect: Expectations, ending: Ending, machines: Sequence[str]) -> tuple[str, ...]:
    """The faults of the end; a scripted side has none."""
    faults: list[str] = []
    for side in machines:
        for what, wanted, found in (
            ("signalling state", expect.signaling, ending.states[side]),
            ("directions", expect.directions, _directions(ending, side)),
            ("media sent", expect.sends, ending.sends(side)),
            ("ICE credentials", expect.ice_generations, ending.ice_generations.get(side, 0)),
        ):
            if wanted is not None and side in wanted and wanted[side] != found:
                faults.append(
                    f"{what} of {side}: {_spell(found)}, expected was {_spell(wanted[side])}"
                )
    return tuple(faults)


def _directions(ending: Ending, side: str) -> tuple[str, ...]:
    return tuple(
        f"{item.kind} {item.directions.get(side) or 'none'}"
        for item in ending.media
        if item.kind != "data" and not item.rejected
    )


def _spell(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    return str(value)
