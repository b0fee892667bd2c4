"""What a step of a scenario may do: each action with its keys, what they take, what they mean.

`PEER_ACTIONS` are done by a peer, most of them methods of RTCPeerConnection under the name the
W3C gives them (webrtc-pc, 4.4); `CHANNEL_ACTIONS` happen to the signalling between the two.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rtckit.jsep.transceiver import DIRECTIONS

__all__ = ["CHANNEL_ACTIONS", "PEER_ACTIONS", "Action", "Field", "Unfit"]


class Unfit(Exception):
    """A value that a key cannot take; the text says what is expected there."""


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a step.

    Attributes:
        name: the key.
        says: what it means, for the reference.
        read: checks and converts a value of TOML; raises `Unfit`.
        takes: what it takes, in words.
        default: the value without the key.
        required: whether the key must be there.
    """

    name: str
    says: str
    read: Callable[[Any], Any]
    takes: str
    default: Any = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What a step does.

    Attributes:
        name: as it stands in the scenario.
        says: what it does, a phrase.
        fields: its keys besides those every step has.
    """

    name: str
    says: str
    fields: tuple[Field, ...] = ()
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {item.name: item for item in self.fields})


def read_text(value: Any) -> str:
    """A string that is not empty."""
    if not isinstance(value, str) or not value:
        raise Unfit("a text")
    return value


def read_flag(value: Any) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise Unfit("true or false")
    return value


def read_count(value: Any) -> int:
    """A whole number from 0 to a million."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise Unfit("a whole number from 0 to 1000000")
    return value


def read_share(value: Any) -> float:
    """A probability."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Unfit("a number from 0 to 1")
    return float(value)


def read_texts(value: Any) -> tuple[str, ...]:
    """A list of strings; one string stands for a list of it."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Unfit("a list of texts")
    return tuple(items)


def one_of(*choices: str) -> Callable[[Any], str]:
    """A reader of one of some words."""

    def read(value: Any) -> str:
        if value not in choices or not isinstance(value, str):
            raise Unfit(said)
        return value

    said = " or ".join([", ".join(f'"{item}"' for item in choices[:-1]), f'"{choices[-1]}"'])
    said = said if len(choices) > 1 else f'"{choices[0]}"'
    return read


def _one_of(name: str, says: str, *choices: str, default: str | None = None) -> Field:
    read = one_of(*choices)
    takes = ", ".join(f'"{item}"' for item in choices)
    return Field(name, says, read, takes, default, required=default is None)


def _read_replacements(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(
        old and isinstance(new, str) for old, new in value.items()
    ):
        raise Unfit('a table of texts: { "what stands there" = "what shall stand there" }')
    return tuple(value.items())


def _read_encodings(value: Any) -> tuple[Mapping[str, Any], ...]:
    expected = 'a list of tables such as { rid = "q", scaleResolutionDownBy = 4, active = true }'
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unfit(expected)
    for item in value:
        for name, given in item.items():
            if name == "rid":
                fits = isinstance(given, str)
            elif name == "scaleResolutionDownBy":
                fits = isinstance(given, int | float) and not isinstance(given, bool)
            else:
                fits = name == "active" and isinstance(given, bool)
            if not fits:
                raise Unfit(expected)
    return tuple(value)


def _read_codecs(value: Any) -> tuple[str, ...]:
    codecs = read_texts(value)
    if not all(item.lower().startswith(("audio/", "video/")) for item in codecs):
        raise Unfit('a list of MIME types such as ["video/VP9"]')
    return codecs


_KIND = _one_of("kind", "of which kind the track is", "audio", "video")
_DIRECTION = _one_of("direction", "the preferred direction", *DIRECTIONS)
_STREAMS = Field(
    "streams", "the MediaStreams the track belongs to", read_texts, "a list of texts", ()
)
_TRANSCEIVER = Field(
    "transceiver",
    "which transceiver: its place in getTransceivers(), from 0",
    read_count,
    "a whole number",
)
_MID = Field("mid", "which transceiver: by its mid", read_text, "a text")
_WHICH = (_TRANSCEIVER, _MID)
_AS = Field("as", "a name for the message, to speak of it in later steps", read_text, "a text")
_REPLACE = Field(
    "replace",
    "edits to the text before it is set or sent: each key is replaced by its value",
    _read_replacements,
    "a table of texts",
    (),
)
_MESSAGE = Field(
    "message",
    "which message, by name; without it the one that would arrive next",
    read_text,
    "a text",
)
_ICE_RESTART = Field(
    "iceRestart", "whether to ask for new ICE credentials", read_flag, "true or false", False
)
_SEND = Field("send", "whether it is sent to the other side", read_flag, "true or false", True)


def _table(*actions: Action) -> dict[str, Action]:
    return {action.name: action for action in actions}


PEER_ACTIONS: Mapping[str, Action] = _table(
    Action("addTrack", "adds a track", (_KIND, _STREAMS)),
    Action(
        "addTransceiver",
        "adds a transceiver",
        (
            _KIND,
            _one_of("direction", "the preferred direction", *DIRECTIONS, default="sendrecv"),
            Field("track", "whether it has a track to send", read_flag, "true or false", False),
            _STREAMS,
            Field(
                "encodings",
                "sendEncodings: one table a simulcast layer, with `rid`, `scaleResolutionDownBy`, "
                "`active`",
                _read_encodings,
                "a list of tables",
                (),
            ),
        ),
    ),
    Action(
        "createDataChannel",
        "creates a data channel",
        (Field("label", "its label", read_text, "a text", "data"),),
    ),
    Action("setDirection", "changes a direction", (*_WHICH, _DIRECTION)),
    Action("stop", "stops a transceiver for good", _WHICH),
    Action(
        "replaceTrack",
        "puts another track in place of the sender's, or takes it away",
        (
            *_WHICH,
            Field("track", "whether there is a track then", read_flag, "true or false", True),
        ),
    ),
    Action("removeTrack", "takes the sender's track away, to be negotiated", _WHICH),
    Action(
        "setCodecPreferences",
        "sets the codecs a transceiver wants, in order",
        (
            *_WHICH,
            Field(
                "codecs",
                "MIME types; each stands for all its profiles, and the resiliency codecs follow",
                _read_codecs,
                "a list of texts",
                required=True,
            ),
        ),
    ),
    Action("restartIce", "asks for new ICE credentials in the next offer"),
    Action("createOffer", "creates an offer and keeps it", (_ICE_RESTART,)),
    Action("createAnswer", "creates an answer and keeps it"),
    Action(
        "setLocalDescription",
        "sets a local description",
        (
            Field(
                "description",
                'what is set: `"implicit"` (without an argument), `"created"` (what this side '
                "created last), or the name of a message",
                read_text,
                "a text",
                "implicit",
            ),
            Field("type", "another type than the description has", read_text, "a text"),
            _REPLACE,
        ),
    ),
    Action(
        "setRemoteDescription",
        "sets a remote description, without the signalling",
        (
            Field(
                "description",
                "the name of a message, whatever became of it",
                read_text,
                "a text",
                required=True,
            ),
            Field("type", "another type than the description has", read_text, "a text"),
            _REPLACE,
        ),
    ),
    Action("offer", "creates an offer, sets and sends it", (_ICE_RESTART, _AS, _SEND)),
    Action("answer", "creates an answer, sets and sends it", (_AS, _SEND)),
    Action(
        "exchange", "makes an offer that the other side answers, both delivered", (_ICE_RESTART,)
    ),
    Action(
        "rollback",
        "goes back to the last stable state",
        (
            _one_of(
                "side",
                "which setter gets the rollback: that of the side whose offer is taken back",
                "local",
                "remote",
                default="local",
            ),
        ),
    ),
    Action(
        "send",
        "sends a description as a message",
        (
            Field(
                "description",
                'what is sent: `"local"` (its local description) or the name of an earlier message',
                read_text,
                "a text",
            ),
            Field("sdp", "a text of your own instead", read_text, "a text"),
            _one_of("type", "the type of your own text", "offer", "pranswer", "answer", default=""),
            _AS,
            _REPLACE,
        ),
    ),
    Action(
        "candidates",
        "sends a host candidate for each transport of its local description",
        (
            Field("candidate", "one candidate of your own instead", read_text, "a text"),
            Field("sdpMid", "its mid", read_text, "a text"),
            Field("sdpMLineIndex", "the index of its section", read_count, "a whole number"),
        ),
    ),
    Action("close", "closes the connection"),
)
"""What a peer does: the value of ``a`` or ``b``."""

CHANNEL_ACTIONS: Mapping[str, Action] = _table(
    Action("deliver", "the next message arrives, or all that are under way", (_MESSAGE,)),
    Action(
        "delay",
        "a message takes longer",
        (
            _MESSAGE,
            Field("by_ms", "by how much, in milliseconds", read_count, "a whole number", 100),
        ),
    ),
    Action("lose", "a message is lost", (_MESSAGE,)),
    Action("duplicate", "a message arrives twice", (_MESSAGE,)),
    Action("reorder", "the messages under way arrive in reverse order"),
    Action(
        "wait",
        "so many milliseconds pass, the value of the key; what arrives in them is delivered",
        (Field("ms", "how long", read_count, "a whole number", required=True),),
    ),
    Action(
        "negotiate",
        "perfect negotiation runs on both sides, with the value `true`, until all is quiet",
    ),
)
"""What happens to the signalling: the key of a step. Its value, unless the action says otherwise,
is whom the message is on the way to: ``a``, ``b`` or ``all``."""
