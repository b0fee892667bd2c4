"""The verdict of aiortc on a description: its own steps, taken until one fails."""

from rtckit.jsep.stacks.aiortc.answering import create_answer
from rtckit.jsep.stacks.aiortc.applying import set_local, set_remote, validate
from rtckit.jsep.stacks.aiortc.connection import (
    Connection,
    InternalError,
    InvalidStateError,
    OperationError,
    TypedRead,
)
from rtckit.jsep.stacks.aiortc.reader import read
from rtckit.jsep.stacks.aiortc.writing import write
from rtckit.jsep.verdict import (
    ACCEPTED,
    CREATE_ANSWER,
    SET_LOCAL,
    SET_REMOTE,
    Case,
    TypedSdp,
    Verdict,
)

__all__ = ["FAILURES", "predict"]

FAILURES: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    InternalError,
    InvalidStateError,
    LookupError,
    OperationError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a step of aiortc fails with: its own exceptions, and Python's."""


def predict(case: Case) -> Verdict:
    """The verdict on a case; never raises."""
    stage = SET_LOCAL if case.side == "local" else SET_REMOTE
    try:
        connection = _connection(case)
        if case.side == "local":
            connection.assert_open()
            offer = connection.remote
            validate(read(case.sdp), case.type, "local", connection.signaling_state, offer)
            return ACCEPTED
        set_remote(connection, case.sdp, case.type)
        if case.type == "offer" and case.stop_at != SET_REMOTE:
            stage = CREATE_ANSWER
            answer = write(create_answer(connection))
            if case.stop_at != CREATE_ANSWER:
                stage = SET_LOCAL
                set_local(connection, answer, "answer")
    except FAILURES as error:
        return Verdict(False, stage, type(error).__name__, str(error))
    return ACCEPTED


def _connection(case: Case) -> Connection:
    """A connection as far as the state of a case tells: its transceivers are not in it."""
    state = case.state
    return Connection(
        signaling_state=state.signaling_state,
        closed=state.signaling_state == "closed",
        pending_local=_read(state.local) if case.side == "remote" else None,
        pending_remote=_read(state.remote) if case.side == "local" else None,
    )


def _read(description: TypedSdp | None) -> TypedRead | None:
    if description is None:
        return None
    return TypedRead(description.type, read(description.sdp), description.sdp)
