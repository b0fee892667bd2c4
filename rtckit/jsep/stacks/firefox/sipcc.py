"""SIPCC's pass over the text: which lines it reads, where it stops, which line it blames.

Its peculiarities decide many verdicts. A line without a line feed is not read. The first line
that does not begin with a known letter and ``=`` ends the description without a word, whatever
follows; if its second character is an ``=`` the whole parse counts as failed, again without a
word. A second v= line begins another description. After the first fault it goes on counting
lines, and the checks of the whole description blame the last line it saw.
"""

from collections.abc import Callable

from rtckit.jsep.stacks.firefox import lines
from rtckit.jsep.stacks.firefox.attributes import (
    REMEMBERED_LENGTH,
    keep_read,
    read_attribute,
    read_line,
    remember,
)
from rtckit.jsep.stacks.firefox.records import Attribute, Parsing

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
    nul = text.find("\0")
    *complete, rest = (text if nul < 0 else text[:nul]).split("\n")
    is_cut = nul >= 0 or bool(rest) or not text
    previous = "v="
    attributes = parsing.level.attributes
    new_tuple = tuple.__new__  # a NamedTuple's own constructor takes twice as long
    number = 0
    is_first = True
    is_reading = True
    is_good = True
    has_unknown_token = False
    for number, line in enumerate(complete, 1):
        token = line[:2]
        if token == "a=" and is_reading and not is_first:
            # The most frequent line: in order wherever it stands.
            read = remember(line) if len(line) <= REMEMBERED_LENGTH else read_line(line)
            _, name, value, complaints = read
            if complaints or not name:
                parsing.line = number
                is_good = is_reading = keep_read(parsing, read)
            else:
                is_good = True
                attribute = new_tuple(Attribute, (name, number, value))
                kept = attributes.get(name)
                if kept is None:
                    attributes[name] = [attribute]
                else:
                    kept.append(attribute)
            previous = token
            continue
        parsing.line = number
        if token not in _READERS:
            # The second character of an empty line is the first of the next.
            second = line[1:2] if line else [*complete, rest][number][:1]
            has_unknown_token = second == "="
            if is_first:
                parsing.error("Attempt to parse text not recognized as SDP text, parse fails.")
            break
        if token == "v=" and not is_first:
            break
        if not is_reading:
            continue
        if parsing.media and token not in _AT_MEDIA_LEVEL:
            parsing.warn(f"Invalid token {token} found at media level")
            continue
        if is_first and token != "v=":
            parsing.error("First line not v=, parse fails")
            is_reading = False
        elif not is_first and _ORDER[token] < _ORDER[previous]:
            parsing.warn(
                f"Invalid token ordering detected, token {token} found after token {previous}"
            )
        is_first = False
        is_good = _READERS[token](parsing, line + "\n")
        is_reading = is_reading and is_good
        previous = _AFTER_MEDIA if token == "m=" else token
        attributes = parsing.level.attributes
    else:
        if is_cut:
            number += 1
            parsing.line = number
            parsing.error("End of line beyond end of buffer.")
    parsing.line = number
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
