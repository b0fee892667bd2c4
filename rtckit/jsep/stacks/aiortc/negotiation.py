"""What aiortc does with a description it could read: its checks, step by step."""

from dataclasses import dataclass, field

from rtckit.jsep.stacks.aiortc.reader import CodecLine, MediaPart, Read, read
from rtckit.jsep.verdict import (
    ACCEPTED,
    CREATE_ANSWER,
    SET_LOCAL,
    SET_REMOTE,
    Case,
    State,
    Verdict,
)

__all__ = ["predict"]

_AUDIO = {("opus", 48000), ("g722", 8000), ("pcmu", 8000), ("pcma", 8000)}
_VIDEO = {("vp8", 90000)}
# RFC 6184, 8.1: (profile_idc, mask, value of profile_iop) of Constrained Baseline and Baseline.
_CONSTRAINED = ((0x42, 0x4F, 0x40), (0x4D, 0x8F, 0x80), (0x58, 0xCF, 0xC0))
_BASELINE = ((0x42, 0x4F, 0x00), (0x58, 0xCF, 0x80))
_LEVELS = {10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52}
_DYNAMIC = range(96, 128)

_PYTHON = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class OperationError(Exception):
    """aiortc's exception of that name; so are the next ones."""


class InvalidStateError(Exception):
    """The description does not fit the signalling state."""


@dataclass(slots=True)
class _Transceiver:
    """An RTP transceiver, or the SCTP transport, as far as a verdict depends on it."""

    kind: str
    mid: str | None = None
    index: int | None = None
    offered: str | None = None
    # Whether bundling left it without a transport.
    stranded: bool = False
    bundled: bool = False


@dataclass(slots=True)
class _Connection:
    transceivers: list[_Transceiver] = field(default_factory=list)
    sctp: _Transceiver | None = None


def predict(case: Case) -> Verdict:
    """The verdict on a case; never raises."""
    stage = SET_LOCAL if case.side == "local" else SET_REMOTE
    connection = _Connection()
    try:
        if case.state.signaling_state == "closed":
            raise InvalidStateError("RTCPeerConnection is closed")
        description = read(case.sdp)
        _check_state(case)
        _check(description, case)
        if case.side == "local":
            return ACCEPTED
        _apply(description, case.type, connection)
        if case.type == "offer" and case.stop_at != SET_REMOTE:
            stage = CREATE_ANSWER
            answer = _create_answer(description, connection)
            if case.stop_at != CREATE_ANSWER:
                stage = SET_LOCAL
                _set_answer(description, answer, connection)
    except (OperationError, InvalidStateError, *_PYTHON) as error:
        return Verdict(False, stage, type(error).__name__, str(error))
    except RecursionError as error:
        return Verdict(False, stage, "RecursionError", str(error))
    return ACCEPTED


_ALLOWED = {
    ("local", "offer"): ("stable", "have-local-offer"),
    ("local", "answer"): ("have-remote-offer", "have-local-pranswer"),
    ("remote", "offer"): ("stable", "have-remote-offer"),
    ("remote", "answer"): ("have-local-offer", "have-remote-pranswer"),
}


def _check_state(case: Case) -> None:
    allowed = _ALLOWED.get((case.side, case.type))
    state = case.state.signaling_state
    if allowed is not None and state not in allowed:
        raise InvalidStateError(f'Cannot handle {case.type} in signaling state "{state}"')


def _check(description: Read, case: Case) -> None:
    """The checks aiortc makes before it applies anything."""
    answering = case.type in ("answer", "pranswer")
    for part in description.media:
        if not part.ufrag or not part.password:
            raise ValueError("ICE username fragment or password is missing")
        if answering and _dtls_role(part) not in ("client", "server"):
            raise ValueError("DTLS setup attribute must be 'active' or 'passive' for an answer")
        if part.kind in ("audio", "video") and not part.rtcp_mux:
            raise ValueError("RTCP mux is not enabled")
    if answering:
        offer = _offer_of(case.state, case.side)
        if offer is None:
            raise AttributeError("'NoneType' object has no attribute 'media'")
        if [(p.kind, p.mid) for p in description.media] != [(p.kind, p.mid) for p in offer.media]:
            raise ValueError("Media sections in answer do not match offer")


def _offer_of(state: State, side: str) -> Read | None:
    offer = state.remote if side == "local" else state.local
    return read(offer.sdp) if offer is not None else None


def _dtls_role(part: MediaPart) -> str:
    if part.role is None:
        # aiortc keeps no DTLS parameters without a role, and asks them for it all the same.
        raise AttributeError("'NoneType' object has no attribute 'role'")
    return part.role


def _apply(description: Read, kind: str, connection: _Connection) -> None:
    for index, part in enumerate(description.media):
        if part.kind in ("audio", "video"):
            transceiver = _find_transceiver(part, connection)
            if transceiver.mid is None:
                transceiver.mid, transceiver.index = part.mid, index
            if not _has_common_codec(part):
                raise OperationError(
                    f"Failed to set remote {part.kind} description send parameters"
                )
            transceiver.offered = part.direction
        elif part.kind == "application":
            if connection.sctp is None:
                connection.sctp = _Transceiver("application")
            if connection.sctp.mid is None:
                connection.sctp.mid, connection.sctp.index = part.mid, index
            if part.protocol == "DTLS/SCTP":
                int(part.formats[0])
        else:
            continue
        if kind in ("offer", "answer"):
            _dtls_role(part)
    _bundle(description, connection)


def _find_transceiver(part: MediaPart, connection: _Connection) -> _Transceiver:
    for transceiver in connection.transceivers:
        if transceiver.kind == part.kind and transceiver.mid in (None, part.mid):
            return transceiver
    made = _Transceiver(part.kind)
    connection.transceivers.append(made)
    return made


def _bundle(description: Read, connection: _Connection) -> None:
    members = next((names for word, names in description.groups if word == "BUNDLE"), None)
    if not members:
        return
    everything = [*connection.transceivers, *([connection.sctp] if connection.sctp else [])]
    leader = any(item.mid == members[0] for item in everything)
    for item in everything:
        if item.mid in members[1:] and not item.bundled:
            item.bundled = True
            item.stranded = not leader


def _create_answer(description: Read, connection: _Connection) -> list[tuple[str, str]]:
    """The (kind, mid) of each section of the answer."""
    made = []
    for part in description.media:
        if part.kind in ("audio", "video"):
            # By mid alone: two kinds that share a mid get the same transceiver.
            target = next((item for item in connection.transceivers if item.mid == part.mid), None)
            if target is None:
                raise AttributeError("'NoneType' object has no attribute 'direction'")
            if target.offered is None:
                raise ValueError("None is not in list")
        else:
            target = connection.sctp
            if target is None:
                raise AttributeError("'NoneType' object has no attribute 'mid'")
        if target.stranded:
            raise AttributeError("'NoneType' object has no attribute 'transport'")
        made.append((target.kind, target.mid or ""))
    return made


def _set_answer(description: Read, answer: list[tuple[str, str]], connection: _Connection) -> None:
    """aiortc checks its own answer as it checks a peer's."""
    if answer != [(part.kind, part.mid) for part in description.media]:
        raise ValueError("Media sections in answer do not match offer")
    for index, (kind, _) in enumerate(answer):
        if kind in ("audio", "video") and not any(
            item.index == index for item in connection.transceivers
        ):
            raise AttributeError("'NoneType' object has no attribute '_set_mid'")


# -- codecs ----------------------------------------------------------------------------------------


def _has_common_codec(part: MediaPart) -> bool:
    return any(_is_known(part.kind, codec) for codec in part.codecs if not codec.is_rtx)


def _is_known(kind: str, codec: CodecLine) -> bool:
    name = (codec.name.lower(), codec.clock_rate)
    if kind == "audio":
        return name in _AUDIO
    if name == ("h264", 90000):
        return _is_known_h264(codec)
    return name in _VIDEO


def _is_known_h264(codec: CodecLine) -> bool:
    """aiortc has Baseline and Constrained Baseline, both with packetization-mode 1."""
    mode = codec.parameters.get("packetization-mode", "0")
    try:
        if int(mode or "None") != 1:
            return False
        return _is_baseline(str(codec.parameters.get("profile-level-id", "42E01F")))
    except ValueError:
        return False


def _is_baseline(text: str) -> bool:
    digits = text[:6]
    if len(digits) < 6:
        return False
    profile, constraints, level = (int(digits[at : at + 2], 16) for at in (0, 2, 4))
    if level not in _LEVELS:
        return False
    return any(
        profile == idc and constraints & mask == value
        for idc, mask, value in (*_CONSTRAINED, *_BASELINE)
    )
