"""rid and simulcast lines (RFC 8851, RFC 8853)."""

import re
from dataclasses import dataclass

from rtckit.jsep.stacks.chromium.lexer import ParseFailed, to_int, tokens

_RID = re.compile(r"[0-9A-Za-z]{1,16}\Z")
_MOST_RIDS = 16


@dataclass(frozen=True, slots=True)
class Rid:
    """A restriction identifier and its direction, ``send`` or ``recv``."""

    rid: str
    direction: str


def parse_rid(value: str) -> Rid | None:
    """Read the value of a rid line; None for a malformed one, which is passed over."""
    fields = tokens(value, " ")
    if not 2 <= len(fields) <= 3 or not _RID.match(fields[0]):
        return None
    if fields[1] not in ("send", "recv"):
        return None
    if len(fields) == 3 and not _restrictions_are_valid(tokens(fields[2], ";")):
        return None
    return Rid(fields[0], fields[1])


def _restrictions_are_valid(restrictions: list[str]) -> bool:
    """Whether every restriction has a name and at most one value, and ``pt`` comes first."""
    formats: list[str] = []
    seen: set[str] = set()
    for restriction in restrictions:
        parts = tokens(restriction, "=")
        if not 1 <= len(parts) <= 2:
            return False
        if parts[0] == "pt":
            numbers = tokens(parts[1], ",") if len(parts) == 2 else []
            if formats or seen or not numbers or len(set(numbers)) != len(numbers):
                return False
            if any(to_int(number) is None for number in numbers):
                return False
            formats = numbers
        elif parts[0] in seen:
            return False
        else:
            seen.add(parts[0])
    return bool(restrictions)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of simulcast.

    Attributes:
        rid: its name.
        paused: whether it is marked with a tilde.
        stream: the place of the stream it is an alternative for.
    """

    rid: str
    paused: bool
    stream: int


def parse_simulcast(line: str, value: str) -> tuple[list[Layer], list[Layer]]:
    """Read the value of a simulcast line into the layers sent and received, alternatives in a row.

    Raises:
        ParseFailed: it is malformed.
    """
    fields = tokens(value, " ")
    if len(fields) not in (2, 4):
        raise _malformed(line, "Must have one or two <direction, streams> pairs.")
    directions = fields[::2]
    if any(each not in ("send", "recv") for each in directions) or len(set(directions)) != len(
        directions
    ):
        raise _malformed(line, "Valid values: send / recv.")
    layers: dict[str, list[Layer]] = {"send": [], "recv": []}
    for direction, text in zip(directions, fields[1::2], strict=True):
        layers[direction] = _parse_layers(line, text)
    return layers["send"], layers["recv"]


def _parse_layers(line: str, text: str) -> list[Layer]:
    layers: list[Layer] = []
    for stream, alternatives in enumerate(text.split(";")):
        if not alternatives:
            raise _malformed(line, "Simulcast alternative layer list is empty.")
        rids = alternatives.split(",")
        if len(layers) + len(rids) > _MOST_RIDS:
            raise _malformed(line, "Simulcast description contains too many RIDs.")
        for rid in rids:
            if rid in ("", "~"):
                raise _malformed(line, "Rid must not be empty.")
            layers.append(Layer(rid.removeprefix("~"), rid[0] == "~", stream))
    return layers


def _malformed(line: str, reason: str) -> ParseFailed:
    return ParseFailed(line, f"Malformed simulcast line: {reason}")


def keep_valid_layers(
    rids: list[Rid], send: list[Layer], receive: list[Layer]
) -> tuple[list[Layer], list[Layer]]:
    """Drop the layers without a rid line of their direction, and those in both directions."""
    directions: dict[str, str] = {}
    repeated: set[str] = set()
    for rid in rids:
        if rid.rid in directions:
            repeated.add(rid.rid)
        directions[rid.rid] = rid.direction
    both = {layer.rid for layer in send} & {layer.rid for layer in receive}

    def valid(layers: list[Layer], direction: str) -> list[Layer]:
        return [
            layer
            for layer in layers
            if layer.rid not in both
            and layer.rid not in repeated
            and directions.get(layer.rid) == direction
        ]

    return valid(send, "send"), valid(receive, "recv")
