"""The steps of a page, in Firefox's order: the API's own checks, then the JSEP session's."""

from collections.abc import Callable

from rtckit.jsep.stacks.firefox.answer import check_survives, check_written, create_answer
from rtckit.jsep.stacks.firefox.checks import (
    Rejected,
    check_transports,
    read_description,
)
from rtckit.jsep.stacks.firefox.description import Description
from rtckit.jsep.stacks.firefox.exchange import (
    check_answer,
    check_local,
    check_negotiation,
    check_remote,
)
from rtckit.jsep.stacks.firefox.transceivers import Transceivers
from rtckit.jsep.verdict import (
    ACCEPTED,
    CREATE_ANSWER,
    SET_LOCAL,
    SET_REMOTE,
    Case,
    State,
    TypedSdp,
    Verdict,
)

_STEPS = (SET_REMOTE, CREATE_ANSWER, SET_LOCAL)


def predict(case: Case) -> Verdict:
    """Return what Firefox does with a description; never raises, whatever the text."""
    if case.side == "local":
        return _run(SET_LOCAL, lambda: _set_local(case))
    session = _Session(case.state)
    verdict = _run(SET_REMOTE, lambda: session.set_remote(case))
    last = _STEPS.index(case.stop_at) if case.stop_at in _STEPS else len(_STEPS)
    if not verdict.accepts or case.type != "offer" or last < 1:
        return verdict
    verdict = _run(CREATE_ANSWER, session.create_answer)
    if not verdict.accepts or last < 2:
        return verdict
    return _run(SET_LOCAL, session.set_answer)


def _run(stage: str, step: Callable[[], None]) -> Verdict:
    """Take a step and say how it went."""
    try:
        step()
    except Rejected as rejection:
        return Verdict(False, stage, rejection.error, rejection.message)
    return ACCEPTED


def _check_call(case: Case) -> None:
    """Make the checks that come before the text is looked at.

    Raises:
        Rejected: a provisional answer, or the connection is closed.
    """
    if case.type == "pranswer":
        raise Rejected("NotSupportedError", "pranswer not yet implemented")
    if case.state.signaling_state == "closed":
        raise Rejected("InvalidStateError", "Peer connection is closed")


def _check_ascii(text: str) -> None:
    """Refuse text beyond ASCII; positions are those of JavaScript, in units of UTF-16.

    Raises:
        Rejected: an ``InvalidParameterError`` with the position of the first such character.
    """
    if text.isascii():
        return
    position = next(index for index, character in enumerate(text) if character > "\x7f")
    raise Rejected(
        "InvalidParameterError", f"SDP contains non ASCII characters at position {position}"
    )


def _read_known(typed: TypedSdp | None) -> Description | None:
    """Read a description the connection already holds; None if there is none to be had."""
    if typed is None:
        return None
    try:
        return read_description(typed.sdp)
    except Rejected:
        return None


class _Session:
    """A connection under way: where it stands, and what the offer at hand became."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._current_local = _read_known(state.current_local)
        self._current_remote = _read_known(state.current_remote)
        negotiated = self._current_remote if state.is_offerer else self._current_local
        self._negotiated = negotiated
        self._transceivers = Transceivers.after(self._current_local, negotiated)
        self._offer = Description()
        self._answer = Description()

    def set_remote(self, case: Case) -> None:
        """Take the step setRemoteDescription.

        Raises:
            Rejected: the description is refused.
        """
        _check_call(case)
        signaling = case.state.signaling_state
        if case.type == "rollback":
            if signaling != "have-remote-offer":
                raise Rejected(
                    "InvalidStateError", f"Cannot rollback remote description in {signaling}"
                )
            return
        _check_ascii(case.sdp)
        if case.type == "answer" and signaling == "stable":
            raise Rejected("InvalidStateError", f"Cannot set remote answer in state {signaling}")
        if case.type == "answer" and signaling != "have-local-offer":
            raise Rejected(
                "InvalidStateError",
                f"Cannot set remote offer or answer in current state {signaling}",
            )
        remote = read_description(case.sdp)
        local = _read_known(self._state.pending_local)
        check_remote(
            remote,
            self._current_local,
            self._current_remote,
            self._negotiated,
            pending_local=local,
        )
        if case.type == "offer":
            check_transports(remote, is_offer=True)
            self._transceivers.apply_remote(remote)
            self._offer = remote
            return
        if local is not None:
            check_answer(local, remote)
            self._transceivers = Transceivers.after(local, None)
        self._transceivers.apply_remote(remote)
        self._transceivers.check_bundle(remote)
        check_negotiation(remote)

    def create_answer(self) -> None:
        """Take the step createAnswer.

        Raises:
            Rejected: no answer can be made.
        """
        self._answer = create_answer(self._offer, self._transceivers)

    def set_answer(self) -> None:
        """Take the step setLocalDescription with the answer just made.

        Raises:
            Rejected: the answer is refused by its own author.
        """
        check_written(self._answer)
        check_answer(self._offer, self._answer)
        self._transceivers.check_bundle(self._answer)
        check_survives(self._offer, self._answer)


def _is_spent(created: str, state: State) -> bool:
    """Whether what was created has been set in an exchange since: Firefox then forgets it."""
    if state.current_local is None or state.signaling_state != "stable":
        return False
    return _origin(created) == _origin(state.current_local.sdp)


def _origin(text: str) -> str:
    """Return the o= line, which tells one created description from the next."""
    return next((line for line in text.splitlines() if line.startswith("o=")), "")


def _set_local(case: Case) -> None:
    """Take the step setLocalDescription with a text of the page's.

    Raises:
        Rejected: the description is refused.
    """
    _check_call(case)
    state = case.state
    signaling = state.signaling_state
    if case.type == "rollback":
        if signaling != "have-local-offer":
            raise Rejected("InvalidStateError", f"Cannot rollback local description in {signaling}")
        return
    _check_ascii(case.sdp)
    is_offer = case.type == "offer"
    created = state.created_offer if is_offer else state.created_answer
    if created is None or _is_spent(created, state):
        what = "offer when createOffer" if is_offer else "answer when createAnswer"
        raise Rejected("InvalidModificationError", f"Cannot set local {what} has not been called.")
    if signaling == "have-local-offer" and is_offer:
        signaling = "stable"
    if signaling == "stable" and not is_offer:
        raise Rejected("InvalidStateError", f"Cannot set local answer in state {signaling}")
    if signaling == "have-remote-offer" and is_offer:
        raise Rejected("InvalidStateError", f"Cannot set local offer in state {signaling}")
    if signaling not in ("stable", "have-remote-offer"):
        raise Rejected(
            "InvalidStateError", f"Cannot set local offer or answer in state {signaling}"
        )
    local = read_description(case.sdp or created)
    check_local(local, _read_known(TypedSdp(case.type, created)), is_first=not state.current_local)
    if is_offer:
        check_transports(local, is_offer=True)
        return
    remote = _read_known(state.pending_remote)
    if remote is None:
        return
    check_answer(remote, local)
    transceivers = Transceivers.after(
        _read_known(state.current_local), _read_known(state.current_local)
    )
    transceivers.apply_remote(remote)
    transceivers.check_bundle(local)
