"""What Chromium says when a method of its interface refuses: names and whole messages by code."""

__all__ = ["WORDS"]

_METHOD = "Failed to execute '{method}' on 'RTCPeerConnection': "
_TRANSCEIVER = "Failed to execute '{method}' on 'RTCRtpTransceiver': "
_SENDER = "Failed to execute '{method}' on 'RTCRtpSender': "
_DIRECTION = "Failed to set the 'direction' property on 'RTCRtpTransceiver': "
_PREFERENCES = _TRANSCEIVER + "Invalid codec preferences: "

WORDS: dict[str, tuple[str, str]] = {
    "closed": (
        "InvalidStateError",
        _METHOD + "The RTCPeerConnection's signalingState is 'closed'.",
    ),
    "stopping-addTrack": ("InvalidAccessError", _METHOD + "The existing transceiver is stopping."),
    "closed-stop": ("InvalidStateError", _TRANSCEIVER + "The peer connection is closed."),
    "closed-direction": ("InvalidStateError", _DIRECTION + "The peer connection is closed."),
    "closed-replaceTrack": ("InvalidStateError", _SENDER + "The peer connection is closed."),
    "wrong-state-createOffer": (
        "InvalidStateError",
        _METHOD + "PeerConnection cannot create an offer in a state other than stable or "
        "have-local-offer.",
    ),
    "wrong-state-createAnswer": (
        "InvalidStateError",
        _METHOD + "PeerConnection cannot create an answer in a state other than "
        "have-remote-offer or have-local-pranswer.",
    ),
    "wrong-implicit": (
        "InvalidStateError",
        _METHOD + "The type of the description does not match the expected signaling state.",
    ),
    "session-error": (
        "OperationError",
        _METHOD + "{prefix}Session error code: ERROR_CONTENT. Session error description: {reason}.",
    ),
    "no-remote": ("InvalidStateError", _METHOD + "The remote description was null"),
    "candidate-nowhere": (
        "TypeError",
        _METHOD + "Candidate missing values for both sdpMid and sdpMLineIndex",
    ),
    "candidate": ("OperationError", _METHOD + "Error processing ICE candidate"),
    "bad-kind": (
        "TypeError",
        _METHOD + "The argument provided as parameter 1 is not a valid MediaStreamTrack kind "
        "('audio' or 'video').",
    ),
    "bad-direction": (
        "TypeError",
        _METHOD + "Failed to read the 'direction' property from 'RTCRtpTransceiverInit': The "
        "provided value '{direction}' is not a valid enum value of type "
        "RTCRtpTransceiverDirection.",
    ),
    "set-stopped": ("TypeError", _DIRECTION + "Invalid RTCRtpTransceiverDirection."),
    "stopped-direction": ("InvalidStateError", _DIRECTION + "The transceiver is stopping."),
    "stopped-replaceTrack": (
        "InvalidStateError",
        _SENDER + "replaceTrack cannot be called on a stopped sender",
    ),
    "track-exists": ("InvalidAccessError", _METHOD + "A sender already exists for the track."),
    "rid-character": ("TypeError", _METHOD + "Illegal character in rid"),
    "rid-length": ("TypeError", _METHOD + "Illegal length of rid"),
    "rid-invalid": ("InvalidAccessError", _METHOD + "Invalid RID value provided."),
    "rid-missing": (
        "InvalidAccessError",
        _METHOD + "RIDs must be provided for either all or none of the send encodings.",
    ),
    "bad-scale": (
        "RangeError",
        _METHOD + "Attempted to set RtpParameters scale_resolution_down_by to an invalid value. "
        "scale_resolution_down_by must be >= 1.0",
    ),
    "bad-codec": (
        "InvalidModificationError",
        _PREFERENCES + "Missing codec from codec capabilities.",
    ),
    "no-codec": (
        "InvalidModificationError",
        _PREFERENCES + "codec list must have a non RTX, RED, FEC or Comfort Noise entry.",
    ),
}
"""The texts, with the facts in braces."""
