"""An offer answered, and an offer made, in one call: as a stack would from a page's first lines.

::

    answer(offer_text, "firefox", send=("audio",)).write()
    offer("chromium", audio=1, video=1, simulcast=("q", "h", "f"))

Both drive a `PeerConnection`; what takes more than one exchange needs one of its own
(:func:`peer_connection`).
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from rtckit.jsep.connection import PeerConnection, PeerError
from rtckit.jsep.decision import Decisions
from rtckit.jsep.identity import Identity
from rtckit.jsep.transceiver import DIRECTIONS, Encoding
from rtckit.jsep.verdict import CREATE_ANSWER, SET_LOCAL, SET_REMOTE, TypedSdp
from rtckit.sdp.document import Document, parse

if TYPE_CHECKING:
    from rtckit.jsep.capabilities import Capabilities

__all__ = [
    "STACK_NAMES",
    "OfferRefused",
    "answer",
    "explain_answer",
    "explain_offer",
    "offer",
    "peer_connection",
]

STACK_NAMES = ("rfc", "chromium", "firefox", "aiortc")
"""The stacks there is a peer of; ``rfc`` is the standards' own."""

_ADD_TRACK = "addTrack"


class OfferRefused(PeerError):
    """An offer that the stack does not take, or cannot answer.

    Attributes:
        stage: the step that failed: ``setRemoteDescription``, ``createAnswer`` or
            ``setLocalDescription``.
    """

    def __init__(self, stage: str, name: str, message: str) -> None:
        super().__init__(name, message)
        self.stage = stage


def peer_connection(stack: str = "rfc", **arguments: Any) -> PeerConnection:
    """Make a connection of a stack; the arguments are those of `PeerConnection`.

    Raises:
        ValueError: there is no stack of that name.
    """
    if stack not in STACK_NAMES:
        raise ValueError(f"no such stack: {stack!r} (one of {', '.join(STACK_NAMES)})")
    module = importlib.import_module(f"rtckit.jsep.stacks.{stack}.peer")
    peer = getattr(module, f"{stack.capitalize()}Peer")
    return cast(PeerConnection, peer(**arguments))


def answer(
    offer: Document | str | bytes | TypedSdp,
    stack: str = "rfc",
    send: Sequence[str] = (),
    *,
    direction: str | Mapping[str, str] | None = None,
    capabilities: "Capabilities | None" = None,
    seed: str = "0",
) -> Document:
    """Answer an offer as a new connection of a stack would.

    Args:
        offer: the description, in any of the forms that hold one.
        stack: one of `STACK_NAMES`.
        send: ``audio`` or ``video`` for each track the page adds before it sets the offer; one
            named twice is added twice. Without any, the answer only receives.
        direction: what the page then sets the transceivers' direction to: all of them, or those
            of some sections by mid.
        capabilities: what the peer is able to; those recorded for the stack if None.
        seed: decides the values a peer makes up; the same seed gives the same answer.

    Raises:
        OfferRefused: the stack does not take the offer; a :class:`PeerError` in its own words.
        ValueError: there is no such stack, kind or direction.
    """
    return _answer(offer, stack, send, direction, capabilities, seed, explain=False)[0]


def explain_answer(
    offer: Document | str | bytes | TypedSdp,
    stack: str = "rfc",
    send: Sequence[str] = (),
    *,
    direction: str | Mapping[str, str] | None = None,
    capabilities: "Capabilities | None" = None,
    seed: str = "0",
) -> tuple[Document, Decisions]:
    """Answer an offer, and tell what became of each section, codec and extension, and why.

    The arguments and errors are those of :func:`answer`.
    """
    return _answer(offer, stack, send, direction, capabilities, seed, explain=True)


def _answer(
    offer: Document | str | bytes | TypedSdp,
    stack: str,
    send: Sequence[str],
    direction: str | Mapping[str, str] | None,
    capabilities: "Capabilities | None",
    seed: str,
    *,
    explain: bool,
) -> tuple[Document, Decisions]:
    peer = peer_connection(stack, identity=Identity(seed), capabilities=capabilities)
    peer.explain = explain
    stage = _ADD_TRACK
    try:
        for kind in _kinds(send):
            peer.add_track(kind)
        stage = SET_REMOTE
        peer.set_remote_description(TypedSdp("offer", text_of(offer)))
        if direction is not None:
            _direct(peer, direction)
        stage = CREATE_ANSWER
        created = peer.create_answer()
        decisions = Decisions(peer.decisions if explain else ())
        stage = SET_LOCAL
        peer.set_local_description(created)
    except PeerError as error:
        raise OfferRefused(stage, error.name, error.message) from error
    return parse(created.sdp), decisions


def offer(
    stack: str = "rfc",
    audio: int = 0,
    video: int = 0,
    data: bool = False,
    *,
    simulcast: Sequence[str] = (),
    direction: str = "sendrecv",
    capabilities: "Capabilities | None" = None,
    seed: str = "0",
) -> Document:
    """Make the first offer of a new connection of a stack.

    Args:
        stack: one of `STACK_NAMES`.
        audio: how many audio transceivers are added, without a track.
        video: how many video transceivers.
        data: whether a data channel is opened.
        simulcast: the rids of the encodings every video transceiver sends.
        direction: that of the transceivers.
        capabilities: what the peer is able to; those recorded for the stack if None.
        seed: decides the values a peer makes up; the same seed gives the same offer.

    Raises:
        PeerError: the stack does not take the arguments, such as a rid it cannot read.
        ValueError: there is no such stack or direction.
    """
    return _offer(
        stack, (audio, video, data), simulcast, direction, capabilities, seed, explain=False
    )[0]


def explain_offer(
    stack: str = "rfc",
    audio: int = 0,
    video: int = 0,
    data: bool = False,
    *,
    simulcast: Sequence[str] = (),
    direction: str = "sendrecv",
    capabilities: "Capabilities | None" = None,
    seed: str = "0",
) -> tuple[Document, Decisions]:
    """Make an offer, and tell why each section, codec and extension stands in it.

    The arguments and errors are those of :func:`offer`.
    """
    return _offer(
        stack, (audio, video, data), simulcast, direction, capabilities, seed, explain=True
    )


def _offer(
    stack: str,
    wanted: tuple[int, int, bool],
    simulcast: Sequence[str],
    direction: str,
    capabilities: "Capabilities | None",
    seed: str,
    *,
    explain: bool,
) -> tuple[Document, Decisions]:
    _check_direction(direction)
    audio, video, data = wanted
    peer = peer_connection(stack, identity=Identity(seed), capabilities=capabilities)
    peer.explain = explain
    for _ in range(audio):
        peer.add_transceiver("audio", direction=direction)
    for _ in range(video):
        encodings = tuple(Encoding(rid) for rid in simulcast)
        peer.add_transceiver("video", direction=direction, send_encodings=encodings)
    if data:
        peer.create_data_channel("data")
    made = parse(peer.create_offer().sdp)
    return made, Decisions(peer.decisions if explain else ())


def text_of(description: Document | str | bytes | TypedSdp) -> str:
    """The text of a description as a page would hand it over."""
    if isinstance(description, str):
        return description
    if isinstance(description, TypedSdp):
        return description.sdp
    if isinstance(description, bytes):
        return description.decode("utf-8", "replace")
    return description.text


def _kinds(send: Sequence[str]) -> Sequence[str]:
    kinds = (send,) if isinstance(send, str) else send
    for kind in kinds:
        if kind not in ("audio", "video"):
            raise ValueError(f"no such kind of track: {kind!r} (audio or video)")
    return kinds


def _check_direction(direction: str) -> None:
    if direction not in DIRECTIONS:
        raise ValueError(f"no such direction: {direction!r} (one of {', '.join(DIRECTIONS)})")


def _direct(peer: PeerConnection, direction: str | Mapping[str, str]) -> None:
    mids = [each.mid for each in peer.transceivers if each.mid is not None]
    wanted = dict.fromkeys(mids, direction) if isinstance(direction, str) else direction
    for mid, each in wanted.items():
        _check_direction(each)
        if mid not in mids:
            raise ValueError(f"no media section with mid {mid!r} to direct")
    for transceiver in peer.transceivers:
        chosen = wanted.get(transceiver.mid) if transceiver.mid is not None else None
        if chosen is not None and not transceiver.stopped:
            peer.set_direction(transceiver, chosen)
