"""Reading a line the way SIPCC does: C strings, tokens of bounded size, strtoul.

SIPCC walks the text with a pointer. Every reader here takes the text and a position and returns
the position it left off at; past the end of the text there is a NUL. A line keeps its line feed.
"""

import re
from functools import cache

STRING_SIZE = 256
"""SIPCC's ordinary buffer: a token longer than 255 characters is cut and goes on as the next."""
BLANK = " \t"
_UINT_MAX = 2**32 - 1
_ULONG_MAX = 2**64 - 1
_LINE_END = "\0\n\r"
_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]+)")


def char_at(text: str, position: int) -> str:
    """Return the character at a position, NUL past the end."""
    return text[position] if position < len(text) else "\0"


def skip_blanks(text: str, position: int) -> int:
    """Return the position of the first character that is no space or tab."""
    while char_at(text, position) in BLANK:
        position += 1
    return position


def next_token(
    text: str, position: int, delimiters: str, size: int = STRING_SIZE
) -> tuple[str | None, int]:
    """Read the next token of a line.

    Args:
        text: the text walked.
        position: where to begin; delimiters before the token are passed over.
        delimiters: the characters that end a token; CR, LF and NUL always do.
        size: the size of the buffer, its closing NUL included.

    Returns:
        The token and the position after it; ``None`` and the position unchanged at the line end.
    """
    match = _token_pattern(delimiters, size).match(text, position)
    if match is None:
        return None, position
    return match.group(1), match.end()


@cache
def _token_pattern(delimiters: str, size: int) -> re.Pattern[str]:
    """Return the pattern of a token with the delimiters before it."""
    skipped = "".join(character for character in delimiters if character not in _LINE_END)
    before = f"[{re.escape(skipped)}]*+" if skipped else ""
    ends = re.escape(delimiters + _LINE_END)
    return re.compile(f"{before}([^{ends}]{{1,{size - 1}}})")


def rest_of_line(text: str, position: int, size: int = STRING_SIZE) -> str | None:
    """Return what is left of the line, cut to the buffer; None if nothing is."""
    return next_token(text, position, "\r\n", size)[0]


def to_unsigned_long(text: str) -> int | None:
    """Convert as ``strtoul`` in base 10 does, trailing characters ignored.

    A minus sign wraps around 64 bits. None without a digit or out of range.
    """
    match = _NUMBER.match(text)
    if match is None or len(match.group(2).lstrip("0")) > 20:
        return None
    value = int(match.group(2))
    if value > _ULONG_MAX:
        return None
    return (-value) % (_ULONG_MAX + 1) if match.group(1) == "-" else value


def next_number(text: str, position: int, delimiters: str = BLANK) -> tuple[int | None, int]:
    """Read the next token as an unsigned number of 32 bits.

    Returns:
        The number and the position after the token; ``None`` and the position unchanged when
        there is no token or it does not begin with a number that fits.
    """
    token, end = next_token(text, position, delimiters)
    if token is None:
        return None, position
    value = to_unsigned_long(token)
    if value is None or value > _UINT_MAX:
        return None, position
    return value, end
