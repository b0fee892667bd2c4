"""The verdict: the steps a page goes through, and the text Chromium wraps each refusal in."""

from rtckit.jsep.stacks.chromium.candidate import find_candidate_fault
from rtckit.jsep.stacks.chromium.connection import Connection
from rtckit.jsep.stacks.chromium.description import Description
from rtckit.jsep.stacks.chromium.lexer import ParseFailed
from rtckit.jsep.stacks.chromium.refusal import INTERNAL, INVALID_STATE, Refused
from rtckit.jsep.stacks.chromium.session import parse_description
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

ADD_CANDIDATE = "addIceCandidate"
_FINGERPRINT = "\na=fingerprint:"
_MODIFIED = "The SDP does not match the previously generated SDP for this type"
_BARE = ("SDP is modified in a non-acceptable way", "Session error code:")
"""What is said of a local description without saying which."""
_CLOSED = "The RTCPeerConnection's signalingState is 'closed'."


def predict(case: Case) -> Verdict:
    """Return Chromium's verdict on a case; never raises, whatever the text.

    An offer given to setRemoteDescription is followed through createAnswer and
    setLocalDescription, everything else is one step.
    """
    stage = SET_REMOTE if case.side == "remote" else SET_LOCAL
    if case.state.signaling_state == "closed":
        return _refusal(stage, INVALID_STATE, _CLOSED)
    connection = _replay(case.state)
    try:
        created = case.state.created_offer if case.type == "offer" else case.state.created_answer
        set_description(connection, case.side, case.type, case.sdp, created)
    except ParseFailed as failure:
        return _refusal(stage, INTERNAL, parse_message(failure))
    except Refused as refusal:
        return _refusal(stage, refusal.error, refusal.reason)
    if case.side == "local" or case.type != "offer" or case.stop_at == SET_REMOTE:
        return ACCEPTED
    return _answer(connection, case.stop_at)


def predict_candidate(
    candidate: str,
    state: State,
    *,
    sdp_mid: str | None = None,
    sdp_m_line_index: int | None = None,
) -> Verdict:
    """Return Chromium's verdict on a candidate given to addIceCandidate.

    An empty candidate, the end of candidates, is always taken.
    """
    if state.signaling_state == "closed":
        return _refusal(ADD_CANDIDATE, INVALID_STATE, _CLOSED)
    if not candidate:
        return ACCEPTED
    if sdp_mid is None and sdp_m_line_index is None:
        return _refusal(
            ADD_CANDIDATE,
            "TypeError",
            "Candidate missing values for both sdpMid and sdpMLineIndex",
        )
    if state.remote is None:
        return _refusal(ADD_CANDIDATE, INVALID_STATE, "The remote description was null")
    remote = _replay(state).remote
    contents = remote.contents if remote else []
    if sdp_mid:
        known = any(content.mid == sdp_mid for content in contents)
    else:
        known = 0 <= (sdp_m_line_index or 0) < len(contents)
    if not known or find_candidate_fault(bytes_of(candidate)) is not None:
        return _refusal(ADD_CANDIDATE, INTERNAL, "Error processing ICE candidate")
    return ACCEPTED


def _answer(connection: Connection, stop_at: str) -> Verdict:
    """Create the answer and set it."""
    try:
        answer = connection.create_answer()
    except Refused as refusal:
        return _refusal(CREATE_ANSWER, refusal.error, refusal.reason)
    if stop_at == CREATE_ANSWER:
        return ACCEPTED
    connection.created["answer"] = answer
    try:
        connection.set_local("answer", answer)
    except Refused as refusal:
        reason = f"Failed to set local answer sdp: {refusal.reason}"
        return _refusal(SET_LOCAL, refusal.error, reason)
    return ACCEPTED


def set_description(
    connection: Connection,
    side: str,
    kind: str,
    text: str,
    created: str | None,
    read: Description | None = None,
) -> Description | None:
    """Do what the setter of a side does, and return what was set; None for a rollback.

    Args:
        connection: what is changed.
        side: ``local`` or ``remote``.
        kind: the type of the description.
        text: the description; an empty local one stands for the one created last.
        created: what was created last, for a local one.
        read: what the parser makes of the text, where that is known; it is what was created.

    Raises:
        ParseFailed: the text is not read.
        Refused: it is read but not taken; the reason is complete but for the name of the method.
    """
    prefix = f"Failed to set {side} {kind} sdp: "
    if kind == "rollback":
        try:
            connection.roll_back()
        except Refused as refusal:
            wrapped = refusal.reason if side == "local" else prefix + refusal.reason
            raise Refused(wrapped, refusal.error) from None
        return None
    if kind not in ("offer", "pranswer", "answer"):
        raise ParseFailed
    if side == "local":
        text = text or created or ""
        if text != created and _fingerprint_differs(created or "", text):
            raise Refused(_MODIFIED, "InvalidModificationError")
    description = parse_description(bytes_of(text)) if read is None else read
    try:
        if side == "local":
            connection.set_local(kind, description, is_created=read is not None)
        else:
            connection.set_remote(kind, description)
    except Refused as refusal:
        bare = side == "local" and refusal.reason.startswith(_BARE)
        raise Refused(refusal.reason if bare else prefix + refusal.reason, refusal.error) from None
    return description


def _fingerprint_differs(created: str, text: str) -> bool:
    """Whether the first fingerprint line is another than in what was created."""
    place = text.find(_FINGERPRINT)
    if place < 0:
        return False
    before = created.find(_FINGERPRINT)
    if before < 0:
        return True
    return _line_at(created, before + 1) != _line_at(text, place + 1)


def _line_at(text: str, place: int) -> str:
    for ending in ("\r\n", "\n"):
        end = text.find(ending, place)
        if end >= 0:
            return text[place:end]
    return text[place:]


def _replay(state: State) -> Connection:
    """Bring a connection where the state says it stands; what does not fit is passed over."""
    connection = Connection()
    current = [("local", state.current_local), ("remote", state.current_remote)]
    if state.is_offerer is False or (
        state.is_offerer is None
        and state.current_remote is not None
        and state.current_remote.type == "offer"
    ):
        current.reverse()
    pending = [("local", state.pending_local), ("remote", state.pending_remote)]
    if state.pending_remote is not None and state.pending_remote.type == "offer":
        pending.reverse()
    for kinds, steps in ((("offer", "answer"), current), ((None, None), pending)):
        for kind, (side, given) in zip(kinds, steps, strict=True):
            if given is not None:
                _replay_step(connection, side, kind or given.type, given)
    connection.signaling_state = state.signaling_state
    for name, text in (("offer", state.created_offer), ("answer", state.created_answer)):
        created = _try_parse(text)
        if created is not None:
            connection.created[name] = created
    return connection


def _replay_step(connection: Connection, side: str, kind: str, given: TypedSdp) -> None:
    description = _try_parse(given.sdp)
    if description is None:
        return
    try:
        if side == "local":
            connection.set_local(kind, description)
        else:
            connection.set_remote(kind, description)
    except Refused:
        if side == "local":
            connection.local = description
        else:
            connection.remote = description


def _try_parse(text: str | None) -> Description | None:
    if text is None:
        return None
    try:
        return parse_description(bytes_of(text))
    except ParseFailed:
        return None


def bytes_of(text: str) -> str:
    """Return the UTF-8 bytes of a text, one character each; half characters are replaced."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.encode("utf-8").decode("latin-1")


def parse_message(failure: ParseFailed) -> str:
    """Return the text of a parse failure, each part cut at a NUL.

    Chromium takes the bytes for characters twice over, so that é shows as four of them.
    """
    parts = (part.partition("\0")[0] for part in (failure.line, failure.reason))
    shown = [part.encode("utf-8").decode("latin-1") for part in parts]
    return f"Failed to parse SessionDescription. {shown[0]} {shown[1]}"


def _refusal(stage: str, error: str, reason: str) -> Verdict:
    text = f"Failed to execute '{stage}' on 'RTCPeerConnection': {reason}"
    return Verdict(False, stage, error, text)
