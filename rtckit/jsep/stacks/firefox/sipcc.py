"""SIPCC's pass over the text: which lines it reads, where it stops, which line it blames.

Its peculiarities decide many verdicts. A line without a line feed is not read. The first line
that does not begin with a known letter and ``=`` ends the description without a word, whatever
follows; if its second character is an ``=`` the whole parse counts as failed, again without a
word. A second v= line begins another description. After the first fault it goes on counting
lines, and the checks of the whole description blame the last line it saw.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from rtckit.jsep.stacks.firefox import lines
from rtckit.jsep.stacks.firefox.attributes import (
    REMEMBERED_LENGTH,
    LineRead,
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
# Lines behind one another that are the same in many sections and descriptions: extmap, rtpmap,
# rtcp-fb, fmtp, setup, the directions and such. All name an attribute: none stops the parse.
_RUN = re.compile(r"(?:a=(?:e|r[te]|se|fm|in)[^\n]*+\n)++")
_REMEMBERED_RUN = 8192
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
    if nul >= 0:
        text = text[:nul]
    end = text.rfind("\n") + 1
    is_cut = nul >= 0 or end < len(text) or not text
    previous = "v="
    position = number = 0
    attributes = parsing.level.attributes
    is_first = True
    is_reading = True
    is_good = True
    has_unknown_token = False
    while position < end:
        if is_reading and not is_first and (run := _RUN.match(text, position)) is not None:
            # The most frequent lines: in order wherever they stand.
            position = run.end()
            number += _keep_run(parsing, attributes, run[0], number)
            is_good = True
            previous = "a="
            continue
        line_end = text.index("\n", position)
        line = text[position:line_end]
        token = line[:2]
        number += 1
        parsing.line = number
        if token == "a=" and is_reading and not is_first:
            read = _read_remembered(line)
            is_good = read.is_good
            if read.complaints or not read.name:
                is_reading = keep_read(parsing, read)
            else:
                attribute = Attribute(read.name, number, read.value)
                attributes.setdefault(read.name, []).append(attribute)
            previous = token
        elif token not in _READERS:
            # The second character of an empty line is the first of the next.
            has_unknown_token = text[position + 1 : position + 2] == "="
            if is_first:
                parsing.error("Attempt to parse text not recognized as SDP text, parse fails.")
            break
        elif token == "v=" and not is_first:
            break
        elif is_reading and parsing.media and token not in _AT_MEDIA_LEVEL:
            parsing.warn(f"Invalid token {token} found at media level")
        elif is_reading:
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
        position = line_end + 1
    else:
        if is_cut:
            number += 1
            parsing.line = number
            parsing.error("End of line beyond end of buffer.")
    parsing.line = number
    if is_first:
        return parsing, False
    return parsing, is_good and _validate(parsing) and not has_unknown_token


def _read_remembered(line: str) -> LineRead:
    return remember(line) if len(line) <= REMEMBERED_LENGTH else read_line(line)


class _Run(NamedTuple):
    """What a run of a= lines says.

    Attributes:
        lines: how many there are.
        complaints: the errors they raise, each with its line.
        values: by attribute what is kept.
    """

    lines: int
    complaints: tuple[tuple[int, str], ...]
    values: tuple[tuple[str, tuple[Attribute, ...]], ...]


def _keep_run(
    parsing: Parsing, attributes: dict[str, list[Attribute]], run: str, before: int
) -> int:
    """Keep what a run of a= lines says, and return how many lines it has."""
    read = (_remember_placed if len(run) <= _REMEMBERED_RUN else _place_run)(run, before)
    parsing.errors.extend(read.complaints)
    for name, found in read.values:
        if name in attributes:
            attributes[name] += found
        else:
            attributes[name] = [*found]
    return read.lines


def _place_run(run: str, before: int) -> _Run:
    """Read a run that has so many lines before it."""
    lines, complaints, values = (
        _remember_run(run) if len(run) <= _REMEMBERED_RUN else _read_run(run)
    )
    new_tuple = tuple.__new__  # a NamedTuple's own constructor takes twice as long
    return _Run(
        lines,
        tuple((before + line, text) for line, text in complaints),
        tuple(
            (
                name,
                tuple(
                    [new_tuple(Attribute, (name, before + line, value)) for _, line, value in found]
                ),
            )
            for name, found in values
        ),
    )


def _read_run(run: str) -> _Run:
    """Read a run by itself."""
    lines = run.split("\n")[:-1]
    complaints: list[tuple[int, str]] = []
    values: dict[str, list[Attribute]] = {}
    for number, line in enumerate(lines, 1):
        read = _read_remembered(line)
        complaints += [(number, text) for text in read.complaints]
        if read.name:
            values.setdefault(read.name, []).append(Attribute(read.name, number, read.value))
    return _Run(
        len(lines), tuple(complaints), tuple((name, tuple(each)) for name, each in values.items())
    )


# Sections of a large offer say the same in other places, other offers in the same ones.
_remember_run = lru_cache(maxsize=128)(_read_run)
_remember_placed = lru_cache(maxsize=128)(_place_run)


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
