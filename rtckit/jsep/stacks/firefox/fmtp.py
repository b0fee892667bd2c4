"""SIPCC's reader of a=fmtp: a table of parameters it checks, and what it says of the others.

None of it stops a parse, but the warnings stand in the message of a parse that fails, and an
fmtp that is refused is not there for the codecs.
"""

from typing import NamedTuple

from rtckit.jsep.stacks.firefox.cstring import (
    BLANK,
    char_at,
    next_number,
    next_token,
    to_unsigned_long,
)
from rtckit.jsep.stacks.firefox.records import Parsing

_USHORT = 2**16 - 1
_UINT = 2**32 - 1
_BYTE = 255


class _Number(NamedTuple):
    """A numeric parameter: the name warnings give it, and the values it may have."""

    shown: str
    illegal: int | None
    smallest: int
    largest: int


_NUMBERS = {
    "bitrate": _Number("bitrate", 0, 0, _UINT),
    "mode": _Number("mode", None, 0, _UINT),
    "qcif": _Number("qcif", None, 1, 32),
    "cif": _Number("cif", None, 1, 32),
    "maxbr": _Number("maxbr", 0, 0, _USHORT),
    "sqcif": _Number("sqcif", None, 1, 32),
    "cif4": _Number("cif4", None, 1, 32),
    "cif16": _Number("cif16", None, 1, 32),
    "bpp": _Number("bpp", 0, 0, _USHORT),
    "hrd": _Number("hrd", 0, 0, _USHORT),
    "profile": _Number("profile", None, 0, 10),
    "level": _Number("level", None, 0, 100),
    "packetization-mode": _Number("packetization_mode", None, 0, 2),
    "sprop-interleaving-depth": _Number("interleaving_depth", 0, 0, _USHORT),
    "sprop-max-don-diff": _Number("max_don_diff", 0, 0, _UINT),
    "max-mbps": _Number("max_mbps", 0, 0, _UINT),
    "max-fs": _Number("max-fs", 0, 0, _UINT),
    "max-cpb": _Number("max_cbp", 0, 0, _UINT),
    "max-dpb": _Number("max_dpb", 0, 0, _UINT),
    "max-br": _Number("max_br", 0, 0, _UINT),
    "parameter-add": _Number("parameter_add", 0, 0, 1),
    "k": _Number("annex_k", 0, 0, _USHORT),
    "n": _Number("annex_n", 0, 0, _USHORT),
    "level-asymmetry-allowed": _Number("level_asymmetry_allowed", None, 0, 1),
    "maxaveragebitrate": _Number("maxaveragebitrate", 0, 0, _UINT),
    "usedtx": _Number("usedtx", None, 0, 1),
    "stereo": _Number("stereo", None, 0, 1),
    "useinbandfec": _Number("useinbandfec", None, 0, 1),
    "cbr": _Number("cbr", None, 0, 1),
    "max-fr": _Number("max-fr", 0, 0, _UINT),
    "maxplaybackrate": _Number("maxplaybackrate", 0, 0, _UINT),
    "apt": _Number("apt", None, 0, _BYTE),
    "rtx-time": _Number("rtx_time", None, 0, _UINT),
    "level-idx": _Number("level-idx", None, 0, _BYTE),
    "tier": _Number("tier", None, 0, _BYTE),
}
_TEXTS = {
    "profile-level-id": "profile_level_id",
    "sprop-parameter-sets": "parameter_sets",
    "maxcodedaudiobandwidth": "maxcodedaudiobandwidth",
}
_RANGES = {
    "sprop-deint-buf-req": ("deint_buf", "deint_buf_req"),
    "sprop-init-buf-time": ("init_buf_time", "init_buf_time"),
    "deint-buf-cap": ("deint_buf_cap", "deint_buf_cap"),
}
_WITH_VALUE = frozenset((*_NUMBERS, *_TEXTS, *_RANGES, "annexa", "annexb"))
_FLAGS = {"interlace", "d", "f", "i", "j", "t"}


class Fmtp(NamedTuple):
    """What was read: the payload type, cut to 16 bits, and the parameters that were known.

    ``apt`` is the payload type that retransmissions repair, as the codecs name it; None without.
    """

    payload_type: int
    parameters: dict[str, str]
    apt: str | None = None


def read_fmtp(parsing: Parsing, line: str, position: int) -> Fmtp | None:
    """Read the value of a=fmtp.

    Returns:
        What was read; None if SIPCC drops the attribute, with the reason among the errors.
    """
    payload_type, position = next_number(line, position)
    if payload_type is None:
        _no_value(parsing, "payload type")
        return None
    found: dict[str, str] = {}
    start = position
    while True:
        token, position = next_token(line, position, "= \t")
        if token is None:
            break
        name = token.lower()
        if name in _WITH_VALUE:
            value, position = _read_value(line, position)
            if not _check(parsing, name, value):
                return None
            found[name] = value or ""
        elif name in _FLAGS or _is_telephone_events(token):
            found[name] = ""
        elif "/" not in token:
            if char_at(line, position) == "\n":
                break
            value, after = next_token(line, position, "; \t")
            position = after
        if char_at(line, position) == "\n":
            break
        position += 1
    if not found and not _read_events(parsing, line, start):
        return None
    apt = to_unsigned_long(found["apt"]) if "apt" in found else None
    return Fmtp(payload_type & 0xFFFF, found, None if apt is None else str(apt))


def _no_value(parsing: Parsing, name: str) -> None:
    parsing.warn(f"No {name} value specified for fmtp attribute")


def _read_value(line: str, position: int) -> tuple[str | None, int]:
    """Read the value behind a name: the next token without its first character."""
    token, after = next_token(line, position, "; \t")
    if token is None:
        token, after = next_token(line, position, BLANK)
    return (None if token is None else token[1:]), after


def _check(parsing: Parsing, name: str, value: str | None) -> bool:
    """Say whether a known parameter has a value it may have."""
    if name in _NUMBERS:
        shown, illegal, smallest, largest = _NUMBERS[name]
        if value is None:
            _no_value(parsing, shown)
            return False
        number = to_unsigned_long(value)
        if number is None or number == illegal or not smallest <= number <= largest:
            parsing.warn(f"Invalid {shown}: {value} specified for fmtp attribute")
            return False
        return True
    if name in _TEXTS:
        if value is None:
            _no_value(parsing, _TEXTS[name])
            return False
        return True
    asked, shown = _RANGES.get(name, (name, name))
    if value is None:
        _no_value(parsing, asked)
        return False
    if name in _RANGES:
        number = to_unsigned_long(value)
        is_good = number is not None and number <= _UINT and not value.startswith("-")
    else:
        is_good = value.lower() in ("yes", "no")
    if not is_good:
        parsing.warn(f"Invalid {shown}: {value} specified for fmtp attribute")
    return is_good


def _is_telephone_events(token: str) -> bool:
    """Whether a token is a list of events (RFC 4733, 2.4.1) as SIPCC wants it."""
    if not token[0].isdigit() or set(token) - set("0123456789,-"):
        return False
    if ",," in token or token.endswith(","):
        return False
    for item in token.split(","):
        if len(item) > 5 or (len(item) < 3 and not item.isdigit()):
            return False
        if len(item) >= 3:
            low, position = next_number(item, 0, "-")
            high, position = next_number(item, position, "-")
            if low is None or high is None or position < len(item):
                return False
            if low > 99 or high > 99 or high <= low:
                return False
    return True


def _read_events(parsing: Parsing, line: str, position: int) -> bool:
    """Read an fmtp without a known parameter as named events, which it must then be."""
    largest = 0
    while True:
        token, position = next_token(line, position, ", \t")
        if token is None:
            break
        low, after = next_number(token, 0, "- \t")
        high = low
        if low is not None and char_at(token, after) == "-":
            high, _ = next_number(token, after, "- \t")
        if low is None or high is None:
            parsing.warn("Invalid named events specified for fmtp attribute.")
            return False
        largest = max(largest, high & 0xFF)
    if largest == 0:
        parsing.warn("No named events specified for fmtp attribute.")
        return False
    return True
