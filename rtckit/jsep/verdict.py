"""What a stack will do with a description: take it, or refuse it at which step and in which words.

The steps are those a page goes through (W3C webrtc-pc, 4.4.2): ``setRemoteDescription``, and for
an offer then ``createAnswer`` and ``setLocalDescription`` of what it made. Each stack has its own
parser and its own order of checks, so each has its own model under `rtckit.jsep.stacks`; this
module holds what they share and imports the one asked for.
"""

import importlib
from dataclasses import dataclass, field
from typing import Protocol, cast

STACKS = ("chromium", "firefox", "aiortc")
"""The stacks there is a model of."""

SET_REMOTE = "setRemoteDescription"
CREATE_ANSWER = "createAnswer"
SET_LOCAL = "setLocalDescription"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stack does with a description.

    Attributes:
        accepts: True when every step goes through.
        stage: the step that fails: ``setRemoteDescription``, ``createAnswer`` or
            ``setLocalDescription``; None when accepted.
        error: the name of the exception (``OperationError``); None when accepted.
        message: the text the exception carries, whole; None when accepted.
    """

    accepts: bool
    stage: str | None = None
    error: str | None = None
    message: str | None = None


ACCEPTED = Verdict(True)
"""The verdict without an objection."""


@dataclass(frozen=True, slots=True)
class TypedSdp:
    """A description as an RTCSessionDescription holds it.

    Attributes:
        type: ``offer``, ``pranswer`` or ``answer``.
        sdp: the text.
    """

    type: str
    sdp: str


@dataclass(frozen=True, slots=True)
class State:
    """Where a connection stands when the description arrives; the default is one newly made.

    Attributes:
        signaling_state: as RTCPeerConnection.signalingState spells it, ``closed`` among them.
        current_local: what the last completed exchange left as the local description.
        current_remote: the same for the remote description.
        pending_local: a local description whose exchange is under way.
        pending_remote: the same for the remote description.
        created_offer: what createOffer returned last; what a local offer is compared with.
        created_answer: what createAnswer returned last; what a local answer is compared with.
        is_offerer: whether this side made the offer of the last completed exchange; None when
            there was none.
    """

    signaling_state: str = "stable"
    current_local: TypedSdp | None = None
    current_remote: TypedSdp | None = None
    pending_local: TypedSdp | None = None
    pending_remote: TypedSdp | None = None
    created_offer: str | None = None
    created_answer: str | None = None
    is_offerer: bool | None = None

    @property
    def local(self) -> TypedSdp | None:
        """The local description in force: the pending one, else the current one."""
        return self.pending_local or self.current_local

    @property
    def remote(self) -> TypedSdp | None:
        """The remote description in force: the pending one, else the current one."""
        return self.pending_remote or self.current_remote


@dataclass(frozen=True, slots=True)
class Case:
    """A description about to be set.

    Attributes:
        type: ``offer``, ``pranswer``, ``answer`` or ``rollback``.
        sdp: the text, as a page would hand it over.
        state: where the connection stands.
        side: ``remote`` when it goes to setRemoteDescription, ``local`` for setLocalDescription.
        stop_at: the last step of interest; a remote offer is otherwise followed through
            createAnswer and setLocalDescription.
    """

    type: str
    sdp: str
    state: State = field(default_factory=State)
    side: str = "remote"
    stop_at: str = SET_LOCAL


class Stack(Protocol):
    """What the package of a stack offers."""

    def predict(self, case: Case) -> Verdict:
        """Return the verdict on a case; never raises, whatever the text."""
        ...


def stack_of(name: str) -> Stack:
    """Return the model of a stack, imported on first use.

    Raises:
        ValueError: there is no stack of that name.
    """
    if name not in STACKS:
        raise ValueError(f"no such stack: {name!r} (one of {', '.join(STACKS)})")
    return cast(Stack, importlib.import_module(f"rtckit.jsep.stacks.{name}"))


def predict_verdict(
    sdp: str | bytes,
    stack: str = "chromium",
    type: str = "offer",  # noqa: A002 - the name of the field in the browsers
    state: State | None = None,
    *,
    side: str = "remote",
) -> Verdict:
    """Say what a stack will do with a description.

    Args:
        sdp: the text; bytes are read as UTF-8 with what is not replaced.
        stack: ``chromium``, ``firefox`` or ``aiortc``.
        type: ``offer``, ``pranswer``, ``answer`` or ``rollback``.
        state: where the connection stands; a new one if None. An answer without a state is
            refused as out of order, as the stack would.
        side: ``remote`` or ``local``: which of the two setters gets it.

    Raises:
        ValueError: there is no stack of that name.
    """
    text = sdp.decode("utf-8", "replace") if isinstance(sdp, bytes) else sdp
    return stack_of(stack).predict(Case(type, text, state or State(), side))
