"""What steps are called in the trace."""

from collections.abc import Callable

from rtckit.jsep.simulation.scenario import Step

__all__ = ["title_of"]


def title_of(step: Step) -> str:
    """A step in words, without who does it: ``adds an audio track``."""
    template = _TITLES.get(step.action)
    return template(step) if template is not None else step.action


def _an(kind: str) -> str:
    return f"an {kind}" if kind == "audio" else f"a {kind}"


def _which(step: Step) -> str:
    mid = step.arguments.get("mid")
    return f"mid {mid}" if mid is not None else f"transceiver {step.arguments['transceiver']}"


def _add_transceiver(step: Step) -> str:
    layers = [str(item["rid"]) for item in step.get("encodings") if item.get("rid")]
    said = f"adds {_an(step.get('kind'))} transceiver, {step.get('direction')}"
    if step.get("track"):
        said += ", with a track"
    said += _of_streams(step)
    return f"{said}, layers {', '.join(layers)}" if layers else said


def _of_streams(step: Step) -> str:
    streams = step.get("streams")
    return f" of {' and '.join(streams)}" if streams else ""


def _replace_track(step: Step) -> str:
    return f"{'replaces' if step.get('track') else 'takes away'} the track of {_which(step)}"


def _set(step: Step) -> str:
    side = "local" if step.action == "setLocalDescription" else "remote"
    what = step.get("description")
    said = {
        "implicit": "whatever the state asks for",
        "created": "what it created",
    }.get(what, str(what))
    if step.get("type"):
        said += f" as {step.get('type')}"
    if step.get("replace"):
        said += ", edited"
    return f"sets its {side} description: {said}"


def _send(step: Step) -> str:
    if step.get("sdp"):
        return f"sends a text as its {step.get('type')}"
    name = step.get("description") or "local"
    what = "its local description" if name == "local" else name
    return f"sends {what}" + (", edited" if step.get("replace") else "")


_PAST = {
    "deliver": "arrives",
    "lose": "is lost",
    "delay": "takes longer",
    "duplicate": "is duplicated",
}


def _channel(step: Step) -> str:
    past = _PAST[step.action]
    if step.get("message"):
        return f"{step.get('message')} {past}"
    if step.peer == "all":
        return f"all that is under way {past}"
    return f"the next message to {step.peer} {past}"


def _reorder(step: Step) -> str:
    whom = "" if step.peer == "all" else f" to {step.peer}"
    return f"what is under way{whom} changes its order"


_TITLES: dict[str, Callable[[Step], str]] = {
    "addTrack": lambda step: f"adds {_an(step.get('kind'))} track{_of_streams(step)}",
    "addTransceiver": _add_transceiver,
    "createDataChannel": lambda step: f"creates data channel {step.get('label')!r}",
    "setDirection": lambda step: f"sets {_which(step)} to {step.get('direction')}",
    "stop": lambda step: f"stops {_which(step)}",
    "replaceTrack": _replace_track,
    "removeTrack": lambda step: f"removes the track of {_which(step)}",
    "setCodecPreferences": lambda step: (
        f"wants {', '.join(step.get('codecs')) or 'the default codecs'} in {_which(step)}"
    ),
    "restartIce": lambda step: "asks for an ICE restart",
    "createOffer": lambda step: "creates an offer",
    "createAnswer": lambda step: "creates an answer",
    "setLocalDescription": _set,
    "setRemoteDescription": _set,
    "offer": lambda step: (
        "makes an offer" + (" that restarts ICE" if step.get("iceRestart") else "")
    ),
    "answer": lambda step: "makes an answer",
    "rollback": lambda step: f"rolls back (by the {step.get('side')} setter)",
    "send": _send,
    "candidates": lambda step: "sends its candidates",
    "close": lambda step: "closes the connection",
    "reorder": _reorder,
    "wait": lambda step: f"{step.get('ms')} ms pass",
    "negotiate": lambda step: "perfect negotiation",
    **dict.fromkeys(_PAST, _channel),
}
