"""Firefox's reader of a=imageattr (RFC 6236, 3): only its refusals matter."""

from rtckit.jsep.stacks.firefox.rids import Reader, Refused

_MIN_RATIO = 0.1
_MAX_RATIO = 9.9999


def check_imageattr(value: str) -> None:
    """Read the value of a=imageattr.

    Raises:
        Refused: the reason with the column, as Firefox words it.
    """
    reader = Reader(value)
    try:
        if not reader.skip("*"):
            reader.number(0xFFFF)
        reader.skip_space()
        seen: set[str] = set()
        _read_sets(reader, seen)
        reader.skip_space()
        if not reader.peek():
            return
        _read_sets(reader, seen)
        reader.skip_space()
        if reader.peek():
            raise Refused("Trailing characters")
    except Refused as reason:
        raise Refused(f"{reason} at column {reader.position}") from None


def _read_sets(reader: Reader, seen: set[str]) -> None:
    direction = reader.token(" \t")
    if direction not in ("send", "recv"):
        raise Refused("Unknown type, must be either send or recv")
    if direction in seen:
        raise Refused("Multiple send or recv set lists")
    seen.add(direction)
    reader.skip_space()
    if reader.skip("*"):
        return
    while True:
        _read_set(reader)
        reader.skip_space()
        if reader.peek() != "[":
            return


def _expect(reader: Reader, character: str) -> None:
    if not reader.skip(character):
        raise Refused(f"Expected '{character}'")


def _key(reader: Reader) -> str:
    token = reader.token("=")
    return token if reader.skip("=") else ""


def _read_set(reader: Reader) -> None:
    _expect(reader, "[")
    for axis in "xy":
        if axis == "y":
            _expect(reader, ",")
        if _key(reader) != axis:
            raise Refused(f"Expected {axis}=")
        _read_sizes(reader)
    seen: set[str] = set()
    while reader.skip(","):
        key = _key(reader)
        if not key:
            raise Refused("Expected key-value")
        if key in ("sar", "par", "q") and key in seen:
            raise Refused(f"Extra {key} parameter")
        seen.add(key)
        if key == "q":
            reader.decimal(0.0, 1.0)
        elif key in ("sar", "par"):
            _read_ratio(reader, may_list=key == "sar")
        else:
            _skip_value(reader)
    _expect(reader, "]")


def _read_sizes(reader: Reader) -> None:
    """Read one size, a list of them, or a range with or without a step."""
    if not reader.skip("["):
        _size(reader)
        return
    smallest = _size(reader)
    if reader.skip(","):
        _size(reader)
        while reader.skip(","):
            _size(reader)
    elif reader.skip(":"):
        largest = _size(reader)
        if reader.skip(":"):
            largest = _size(reader)
        if smallest >= largest:
            raise Refused("Min is not smaller than max")
    else:
        raise Refused("Expected ':' or ','")
    _expect(reader, "]")


def _size(reader: Reader) -> int:
    size = reader.number(999999)
    if size < 1:
        raise Refused("Value too small")
    return size


def _read_ratio(reader: Reader, *, may_list: bool) -> None:
    """Read the range of an aspect ratio, or where it may be one, a value or a list of them."""
    if not reader.skip("["):
        if not may_list:
            raise Refused("Expected '['")
        reader.decimal(_MIN_RATIO, _MAX_RATIO)
        return
    smallest = reader.decimal(_MIN_RATIO, _MAX_RATIO)
    if may_list and reader.skip(","):
        reader.decimal(_MIN_RATIO, _MAX_RATIO)
        while reader.skip(","):
            reader.decimal(_MIN_RATIO, _MAX_RATIO)
    elif reader.skip("-"):
        if smallest >= reader.decimal(_MIN_RATIO, _MAX_RATIO):
            raise Refused(f"{'Min is not' if may_list else 'min must be'} smaller than max")
    else:
        raise Refused("Expected either '-' or ','" if may_list else "Expected '-'")
    _expect(reader, "]")


def _skip_value(reader: Reader) -> None:
    """Pass a value up to the next comma or bracket outside of brackets."""
    depth = 0
    while character := reader.peek():
        if depth == 0 and character in ",]":
            return
        depth += (character == "[") - (character == "]")
        reader.position += 1
    raise Refused("No closing ']' on set")
