"""The error a method of a connection fails with, and the words for the refusals of its interface.

Each stack has its own words; those here are the base's, and say what the standard says.
"""

__all__ = ["WORDS", "PeerError"]


class PeerError(Exception):
    """What a method throws or its promise is rejected with.

    Attributes:
        name: the DOMException's name (``InvalidStateError``), or ``TypeError`` and the like.
        message: the whole text, as the stack words it.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


WORDS: dict[str, tuple[str, str]] = {
    # code: (name, text with the facts in braces); every code gets ``method`` and ``state``.
    "closed": ("InvalidStateError", "{method}: the connection is closed"),
    "wrong-state": ("InvalidStateError", "{method} is not allowed in state {state}"),
    "wrong-type": (
        "InvalidStateError",
        "a {side} {type} cannot be set in state {state}",
    ),
    "bad-type": ("TypeError", "{type!r} is not a type of description"),
    "modified": (
        "InvalidModificationError",
        "the {type} is not the one that {creator} returned last",
    ),
    "syntax": ("OperationError", "the {side} {type} is no session description: {reason}"),
    "invalid": ("InvalidAccessError", "the {side} {type} is invalid: {reason}"),
    "no-remote": ("InvalidStateError", "a candidate cannot be added before a remote description"),
    "candidate-nowhere": ("TypeError", "a candidate needs an sdpMid or an sdpMLineIndex"),
    "candidate-mid": (
        "OperationError",
        "the remote description has no section with mid {mid!r}",
    ),
    "candidate-index": (
        "OperationError",
        "the remote description has {count} sections, none of index {index}",
    ),
    "candidate-syntax": ("OperationError", "the candidate cannot be read: {reason}"),
    "bad-kind": ("TypeError", "{kind!r} is not a kind of track"),
    "bad-direction": ("TypeError", "{direction!r} is not a direction"),
    "set-stopped": ("TypeError", "a direction cannot be set to stopped"),
    "stopped": ("InvalidStateError", "{method}: the transceiver is stopped"),
    "track-exists": ("InvalidAccessError", "a sender has track {track!r} already"),
    "not-ours": ("InvalidAccessError", "{method}: the transceiver is another connection's"),
    "bad-rid": ("TypeError", "{rid!r} is not a rid (RFC 8851, 10)"),
    "duplicate-rid": ("TypeError", "rid {rid!r} stands twice"),
    "missing-rid": ("TypeError", "of several encodings each needs a rid"),
    "bad-scale": ("RangeError", "scaleResolutionDownBy is {scale}, it must be 1.0 or more"),
    "bad-codec": (
        "InvalidModificationError",
        "{codec} is not among the capabilities",
    ),
    "no-codec": ("InvalidModificationError", "the preferences hold no codec for media"),
}
"""The texts of the base, by code."""
