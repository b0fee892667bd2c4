"""The codecs of a section: rtpmap, fmtp and rtcp-fb lines, and the static payload types."""

from collections.abc import Sequence

from rtckit.jsep.stacks.chromium.description import AUDIO, VIDEO, Codec, Content
from rtckit.jsep.stacks.chromium.lexer import (
    WILDCARD,
    ParseFailed,
    int_of,
    payload_type_of,
    split_first,
    too_few,
    unsigned_of,
    value_of,
)

_FIRST_DYNAMIC = 35
_MOST_CHANNELS = 16
_SIZE_MAX = 2**64 - 1

_STATIC = (
    ("PCMU", 8000, 1),
    ("reserved", 0, 0),
    ("reserved", 0, 0),
    ("GSM", 8000, 1),
    ("G723", 8000, 1),
    ("DVI4", 8000, 1),
    ("DVI4", 16000, 1),
    ("LPC", 8000, 1),
    ("PCMA", 8000, 1),
    ("G722", 8000, 1),
    ("L16", 44100, 2),
    ("L16", 44100, 1),
    ("QCELP", 8000, 1),
    ("CN", 8000, 1),
    ("MPA", 90000, 1),
    ("G728", 8000, 1),
    ("DVI4", 11025, 1),
    ("DVI4", 22050, 1),
    ("G729", 8000, 1),
)
"""Name, clock rate and channels of the audio payload types 0 to 18 (RFC 3551, 6)."""

_DEFAULTS = {
    "vp9": {"profile-id": "0"},
    "h264": {"packetization-mode": "0"},
    "av1": {"profile": "0", "level-idx": "5", "tier": "0"},
    "h265": {"level-id": "93", "tx-mode": "SRST"},
}


def static_codecs(payload_types: Sequence[int]) -> list[Codec]:
    """Return the codecs an audio section has before any rtpmap line is read."""
    return [
        Codec(number, *_STATIC[number])
        for number in dict.fromkeys(payload_types)
        if number < len(_STATIC)
    ]


def _codec(content: Content, payload_type: int) -> Codec:
    """Return the codec of a payload type, new and nameless if there is none yet."""
    for codec in content.codecs:
        if codec.payload_type == payload_type:
            return codec
    codec = Codec(payload_type, clock_rate=8000 if content.kind == AUDIO else 90000)
    content.codecs.append(codec)
    return codec


def parse_rtpmap(line: str, content: Content, payload_types: Sequence[int]) -> None:
    """Read an rtpmap line (RFC 8866, 6.6); one whose number the m line lacks is passed over.

    The clock rate of video is compared with an earlier line's, but never kept.

    Raises:
        ParseFailed: it is malformed, or contradicts an earlier line.
    """
    fields = line[2:].split(" ")
    if len(fields) < 2:
        raise too_few(line, 2)
    payload_type = payload_type_of(line, value_of(fields[0], "rtpmap"))
    if payload_type not in payload_types:
        return
    parts = fields[1].split("/")
    if not 2 <= len(parts) <= 3:
        raise ParseFailed(
            line, 'Expected format "<encoding name>/<clock rate>[/<encodingparameters>]".'
        )
    name = parts[0]
    clock_rate = int_of(line, parts[1])
    channels = 1
    if content.kind == AUDIO:
        if len(parts) == 3:
            channels = unsigned_of(line, parts[2], _SIZE_MAX)
        if channels > _MOST_CHANNELS:
            raise ParseFailed(line, f"At most {_MOST_CHANNELS} channels are supported.")
    elif content.kind != VIDEO:
        return
    for codec in content.codecs:
        if codec.payload_type != payload_type or not codec.name:
            continue
        if codec.key != name.lower() or (content.kind == VIDEO and codec.clock_rate != clock_rate):
            static = "statically assigned" if payload_type < _FIRST_DYNAMIC else ""
            raise ParseFailed(
                line,
                f"Duplicate {static} payload type with conflicting codec name or clock rate.",
            )
    codec = _codec(content, payload_type)
    codec.name = name
    if content.kind == AUDIO:
        codec.clock_rate, codec.channels = clock_rate, channels


def parse_fmtp(line: str, content: Content) -> None:
    """Read an fmtp line (RFC 8866, 6.15): parameters separated by semicolons.

    Raises:
        ParseFailed: it has no parameters, or no payload type.
    """
    if content.kind not in (AUDIO, VIDEO):
        return
    parts = split_first(line[2:], " ")
    if parts is None:
        raise too_few(line, 2)
    payload_type = payload_type_of(parts[0], value_of(parts[0], "fmtp"))
    codec = _codec(content, payload_type)
    for text in parts[1].split(";"):
        text = text.strip(" \t\n\v\f\r")
        name, value = split_first(text, "=") or ("", text)
        codec.parameters[name] = value


def parse_packetization(line: str, content: Content) -> None:
    """Read a packetization line; only ``raw`` counts.

    Raises:
        ParseFailed: it is malformed.
    """
    if content.kind != VIDEO:
        return
    fields = line.split(" ")
    if len(fields) < 2:
        raise ParseFailed(line, "Failed to get the value of attribute: packetization")
    payload_type = payload_type_of(line, value_of(fields[0], "packetization"))
    if fields[1] == "raw":
        _codec(content, payload_type)


def parse_rtcp_fb(line: str, content: Content) -> None:
    """Read an rtcp-fb line (RFC 4585, 4.2); ``*`` stands for every payload type.

    Raises:
        ParseFailed: it is malformed.
    """
    if content.kind not in (AUDIO, VIDEO):
        return
    fields = line.split(" ")
    if len(fields) < 2:
        raise ParseFailed(line, "Failed to get the value of attribute: rtcp-fb")
    number = value_of(fields[0], "rtcp-fb")
    payload_type = WILDCARD if number == "*" else payload_type_of(line, number)
    codec = _codec(content, payload_type)
    feedback = (fields[1], "".join(fields[2:]))
    if feedback not in codec.feedback:
        codec.feedback.append(feedback)


def spread_wildcard(content: Content) -> None:
    """Give every codec the feedback said of all of them."""
    wildcard = next((c for c in content.codecs if c.payload_type == WILDCARD), None)
    if wildcard is None:
        return
    content.codecs.remove(wildcard)
    for codec in content.codecs:
        codec.feedback += [each for each in wildcard.feedback if each not in codec.feedback]


def backfill_parameters(codecs: list[Codec]) -> None:
    """Fill in the parameters that mean something when they are left out."""
    for codec in codecs:
        for name, value in _DEFAULTS.get(codec.key, {}).items():
            codec.parameters.setdefault(name, value)
