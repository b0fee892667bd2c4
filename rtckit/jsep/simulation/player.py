"""Performs operations on a simulated connection, as the players of real browsers do on theirs.

An operation names a method of RTCPeerConnection and its arguments; the outcome says what came of
it: both are plain data, the same for simulated and real peers, so that one driver serves both.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rtckit.jsep.capabilities import RESILIENCY_CODECS, CodecCapability
from rtckit.jsep.connection import PeerConnection, PeerError
from rtckit.jsep.simulation.negotiator import Operation, Outcome
from rtckit.jsep.transceiver import Encoding, Transceiver
from rtckit.jsep.verdict import TypedSdp

__all__ = ["Player", "SimulatedPlayer"]


class Player(Protocol):
    """Whoever performs operations on a connection."""

    def perform(self, operation: Operation) -> Outcome:
        """Perform an operation and say what came of it; a refusal is an outcome too."""
        ...


class SimulatedPlayer:
    """Performs operations on a `PeerConnection`.

    Attributes:
        peer: the connection.
    """

    def __init__(self, peer: PeerConnection) -> None:
        self.peer = peer

    def perform(self, operation: Operation) -> Outcome:
        """Perform an operation; never raises for what a page may ask for."""
        outcome: dict[str, Any] = {
            "ok": True,
            "error": None,
            "message": None,
            "description": None,
        }
        try:
            method = _METHODS.get(operation["op"])
            if method is None:
                raise PeerError("UnknownOperation", str(operation["op"]))
            outcome["description"] = _as_dict(method(self.peer, operation))
        except PeerError as error:
            outcome |= {"ok": False, "error": error.name, "message": error.message}
        outcome["events"] = self.peer.take_events()
        outcome["state"] = state_of(self.peer)
        return outcome


def state_of(peer: PeerConnection) -> dict[str, Any]:
    """What a page can read from a connection."""
    return {
        "signalingState": peer.signaling_state,
        "currentLocal": _type_of(peer.current_local),
        "currentRemote": _type_of(peer.current_remote),
        "pendingLocal": _type_of(peer.pending_local),
        "pendingRemote": _type_of(peer.pending_remote),
        "transceivers": [
            {
                "mid": item.mid,
                "kind": item.kind,
                "direction": item.shown_direction,
                "currentDirection": item.shown_current_direction,
                "stopped": item.stopped,
            }
            for item in peer.transceivers
        ],
        "sctp": peer.has_sctp,
    }


def _type_of(description: TypedSdp | None) -> str | None:
    return description.type if description else None


def _as_dict(description: TypedSdp | None) -> dict[str, str] | None:
    return {"type": description.type, "sdp": description.sdp} if description else None


def _description(operation: Operation) -> TypedSdp | None:
    given = operation.get("description")
    return TypedSdp(given["type"], given.get("sdp", "")) if given else None


def _transceiver(peer: PeerConnection, operation: Operation) -> Transceiver:
    index = operation["transceiver"]
    if not 0 <= index < len(peer.transceivers):
        raise PeerError("IndexError", f"no transceiver {index}")
    return peer.transceivers[index]


def _add_track(peer: PeerConnection, operation: Operation) -> None:
    peer.add_track(operation["kind"], stream_ids=tuple(operation.get("streams", ())))


def _remove_track(peer: PeerConnection, operation: Operation) -> None:
    peer.remove_track(_transceiver(peer, operation))


def _add_transceiver(peer: PeerConnection, operation: Operation) -> None:
    peer.add_transceiver(
        operation["kind"],
        direction=operation.get("direction") or "sendrecv",
        track=operation.get("track", False),
        stream_ids=tuple(operation.get("streams") or ()),
        send_encodings=[
            Encoding(item.get("rid"), item.get("active", True), item.get("scaleResolutionDownBy"))
            for item in operation.get("sendEncodings") or ()
        ],
    )


def _create_data_channel(peer: PeerConnection, operation: Operation) -> None:
    peer.create_data_channel(operation["label"])


def _stop(peer: PeerConnection, operation: Operation) -> None:
    peer.stop(_transceiver(peer, operation))


def _set_direction(peer: PeerConnection, operation: Operation) -> None:
    peer.set_direction(_transceiver(peer, operation), operation["direction"])


def _replace_track(peer: PeerConnection, operation: Operation) -> None:
    transceiver = _transceiver(peer, operation)
    track_id = peer.identity.new_uuid() if operation.get("track", True) else None
    peer.replace_track(transceiver, track_id)


def _set_codec_preferences(peer: PeerConnection, operation: Operation) -> None:
    transceiver = _transceiver(peer, operation)
    peer.set_codec_preferences(
        transceiver, select_codecs(peer, operation["codecs"], transceiver.kind)
    )


def select_codecs(peer: PeerConnection, types: list[str], kind: str) -> list[dict[str, object]]:
    """The capabilities some MIME types stand for; what only protects others follows them.

    A type the peer does not have stands for itself, so that the peer can refuse it.
    """
    known = _codecs_of(peer)
    lower = [item.lower() for item in types]
    chosen: list[dict[str, object]] = []
    for wanted in types:
        found = [c for c in known if c.mime_type.lower() == wanted.lower()]
        chosen += [_codec(c) for c in found] or [{"mimeType": wanted, "clockRate": 90000}]
    if not chosen:
        return []
    # A browser lists a resiliency codec once, whatever number of codecs it protects.
    following = [
        _codec(c)
        for c in known
        if c.kind == kind
        and c.name.lower() in RESILIENCY_CODECS
        and c.mime_type.lower() not in lower
    ]
    return chosen + following


def _codecs_of(peer: PeerConnection) -> tuple[CodecCapability, ...]:
    """What it can do; a connection by the book that was given nothing has the book's own."""
    if peer.capabilities is None and peer.stack == "rfc":
        from rtckit.jsep.stacks.rfc.capabilities import CAPABILITIES

        return CAPABILITIES.codecs
    return tuple(getattr(peer.capabilities, "codecs", ()))


def _codec(capability: CodecCapability) -> dict[str, object]:
    codec: dict[str, object] = {
        "mimeType": capability.mime_type,
        "clockRate": capability.clock_rate,
    }
    if capability.channels is not None:
        codec["channels"] = capability.channels
    # The parameters of rtx and red name payload types, which are no capability.
    if capability.fmtp and not capability.is_resiliency:
        codec["sdpFmtpLine"] = capability.fmtp_text
    return codec


def _restart_ice(peer: PeerConnection, operation: Operation) -> None:
    peer.restart_ice()


def _create_offer(peer: PeerConnection, operation: Operation) -> TypedSdp:
    return peer.create_offer(ice_restart=bool(operation.get("iceRestart")))


def _create_answer(peer: PeerConnection, operation: Operation) -> TypedSdp:
    return peer.create_answer()


def _set_local(peer: PeerConnection, operation: Operation) -> TypedSdp | None:
    peer.set_local_description(_description(operation))
    return peer.local


def _set_remote(peer: PeerConnection, operation: Operation) -> None:
    description = _description(operation)
    assert description is not None
    peer.set_remote_description(description)


def _add_ice_candidate(peer: PeerConnection, operation: Operation) -> None:
    peer.add_ice_candidate(
        operation.get("candidate") or "", operation.get("sdpMid"), operation.get("sdpMLineIndex")
    )


def _close(peer: PeerConnection, operation: Operation) -> None:
    peer.close()


def _get_state(peer: PeerConnection, operation: Operation) -> None:
    pass


_METHODS: Mapping[str, Callable[[PeerConnection, Operation], TypedSdp | None]] = {
    "addTrack": _add_track,
    "removeTrack": _remove_track,
    "addTransceiver": _add_transceiver,
    "createDataChannel": _create_data_channel,
    "stop": _stop,
    "setDirection": _set_direction,
    "replaceTrack": _replace_track,
    "setCodecPreferences": _set_codec_preferences,
    "restartIce": _restart_ice,
    "createOffer": _create_offer,
    "createAnswer": _create_answer,
    "setLocalDescription": _set_local,
    "setRemoteDescription": _set_remote,
    "addIceCandidate": _add_ice_candidate,
    "close": _close,
    "getState": _get_state,
}
