"""SIPCC's pass over the text: which lines it reads, where it stops, which line it blames.

Its peculiarities decide many verdicts. A line without a line feed is not read. The first line
that does not begin with a known letter and ``=`` ends the description without a word, whatever
follows; if its second character is an ``=`` the whole parse counts as failed, again without a
word. A second v= line begins another description. After the first fault it goes on counting
lines, and the checks of the whole description blame the last line it saw.
"""

from collections.abc import Callable

from rtckit.jsep.stacks.firefox import lines
from rtckit.jsep.stacks.firefox.attributes import read_attribute
from rtckit.jsep.stacks.firefox.records import Parsing

_READERS: dict[str, Callable[[Parsing, str], bool]] = {
    "v=": lines.read_version,
    "o=": lines.read_owner,
    "s=": lines.read_session_name,
    "i=": lines.read_information,
    "u=": lines.read_uri,
    "e=": lines.read_email,
    "p=": lines.read_phone,
    "c=": lines.read_connection,
    "b=": lines.read_bandwidth,
    "t=": lines.read_time,
    "r=": lines.read_repeat,
    "z=": lines.read_time_zone,
    "k=": lines.read_key,
    "a=": read_attribute,
    "m=": lines.read_media,
}
_ORDER = {token: rank for rank, token in enumerate(_READERS)}
_AT_MEDIA_LEVEL = frozenset(("i=", "c=", "b=", "k=", "a=", "m="))
_AFTER_MEDIA = "s="  # the order begins again at i= behind an m= line


def parse(text: str) -> tuple[Parsing, bool]:
    """Read a description.

    Args:
        text: the description; what stands behind a NUL is not read.

    Returns:
        What was read with the errors collected, and whether SIPCC calls the parse a success.
        Without success nothing but the errors is of use.
    """
    parsing = Parsing()
    end = len(text)
    nul = text.find("\0")
    text = text if nul < 0 else text[:nul]
    position = 0
    previous = "v="
    is_first = True
    is_reading = True
    is_good = True
    has_unknown_token = False
    while True:
        parsing.line += 1
        line_feed = text.find("\n", position)
        if line_feed < 0:
            parsing.error("End of line beyond end of buffer.")
            break
        token = text[position : position + 2]
        if token not in _READERS:
            has_unknown_token = token[1:] == "="
            if is_first:
                parsing.error("Attempt to parse text not recognized as SDP text, parse fails.")
            break
        if token == "v=" and not is_first:
            break
        line = text[position : line_feed + 1]
        position = line_feed + 1
        is_last = position >= end
        if is_reading:
            if parsing.media and token not in _AT_MEDIA_LEVEL:
                parsing.warn(f"Invalid token {token} found at media level")
            else:
                if is_first and token != "v=":
                    parsing.error("First line not v=, parse fails")
                    is_reading = False
                elif not is_first and _ORDER[token] < _ORDER[previous]:
                    parsing.warn(
                        "Invalid token ordering detected, "
                        f"token {token} found after token {previous}"
                    )
                is_first = False
                is_good = _READERS[token](parsing, line)
                is_reading = is_reading and is_good
                previous = _AFTER_MEDIA if token == "m=" else token
        if is_last:
            break
    if is_first:
        return parsing, False
    return parsing, is_good and _validate(parsing) and not has_unknown_token


def _validate(parsing: Parsing) -> bool:
    """Check what a description must have: c= for every section, o= and t=."""
    connection = parsing.session.connection
    if connection is None or not connection.is_valid:
        for media in parsing.media:
            if media.connection is None or not media.connection.is_valid:
                parsing.error(
                    "c= connection line not specified for every media level, validation failed."
                )
                return False
    if not parsing.has_owner:
        parsing.error("o= owner line not specified, validation failed.")
        return False
    if not parsing.has_time:
        parsing.error("t= timespec line not specified, validation failed.")
        return False
    return True
