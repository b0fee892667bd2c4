"""The words in which Firefox refuses calls of a page, by the codes of the machine."""

from rtckit.jsep.refusals import WORDS

__all__ = ["FIREFOX_WORDS"]

_STOPPING = "Transceiver is stopping/stopped!"
_ADD = "PeerConnectionImpl.addTransceiver"
_NO_DIRECTION = (
    "(value of 'direction' member of RTCRtpTransceiverInit) "
    "is not a valid value for enumeration RTCRtpTransceiverDirection."
)
_PREFERENCES = "RTCRtpTransceiver.setCodecPreferences"

FIREFOX_WORDS: dict[str, tuple[str, str]] = {
    **WORDS,
    "closed": ("InvalidStateError", "Peer connection is closed"),
    "no-remote": ("InvalidStateError", "No remoteDescription."),
    "candidate-nowhere": (
        "TypeError",
        "Cannot add a candidate without specifying either sdpMid or sdpMLineIndex",
    ),
    "candidate-section": (
        "OperationError",
        "Cannot set ICE candidate for level={level} mid={mid}: No such transceiver.",
    ),
    "candidate-index": ("OperationError", "Index {level} out of range"),
    "candidate-syntax": ("OperationError", "Invalid candidate, no ':' ({candidate})"),
    "bad-kind": ("TypeError", "Invalid media kind"),
    "bad-direction": (
        "TypeError",
        f"RTCPeerConnection.{{method}}: '{{direction}}' {_NO_DIRECTION}",
    ),
    "set-stopped": (
        "TypeError",
        'RTCRtpTransceiver.direction setter: Cannot use "stopped" in setDirection!',
    ),
    "stopped": ("InvalidStateError", f"RTCRtpTransceiver.{{method}} setter: {_STOPPING}"),
    "stop-closed": ("InvalidStateError", "RTCRtpTransceiver.stop: Peer connection is closed"),
    "stopped-sender": (
        "InvalidStateError",
        "Cannot call replaceTrack when transceiver is stopping",
    ),
    "track-exists": ("InvalidAccessError", "This track is already set on a sender."),
    "not-ours": ("InvalidAccessError", "This sender was not created by this PeerConnection"),
    "bad-rid": (
        "TypeError",
        f"{_ADD}: Rid can contain only alphanumeric characters (according to RFC 8852)",
    ),
    "empty-rid": ("TypeError", f"{_ADD}: Rid must be non-empty (according to RFC 8851)"),
    "long-rid": (
        "TypeError",
        f"{_ADD}: Rid can be at most 255 characters long (according to RFC 8852)",
    ),
    "duplicate-rid": ("TypeError", f"{_ADD}: Duplicate rid"),
    "missing-rid": ("TypeError", f"{_ADD}: Missing rid"),
    "bad-scale": ("RangeError", f"{_ADD}: scaleResolutionDownBy must be >= 1.0"),
    "bad-codec": (
        "InvalidModificationError",
        f"{_PREFERENCES}: Codec {{codec}} not in capabilities",
    ),
    "no-codec": ("InvalidModificationError", f"{_PREFERENCES}: No useable codecs supplied"),
    "create-offer": ("InvalidStateError", "Cannot create offer in {state}"),
    "create-answer": ("InvalidStateError", "Cannot create answer in {state}"),
    "no-transceiver": ("OperationError", "No transceiver for level {level}"),
}
"""The texts of Firefox ESR 153; what is not measured keeps the words of the base."""
