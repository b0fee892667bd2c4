"""Text from outside, made safe to show.

Captures, descriptions and peers are hostile: their text may hold terminal escapes, bidirectional
overrides or secrets. Every face passes foreign text through here.
"""

import unicodedata

__all__ = ["escape_controls", "mask"]

_SAFE_CATEGORIES_REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def escape_controls(text: str) -> str:
    """``text`` with each control, format and unassigned character as ``\\xNN`` or ``\\uNNNN``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if unicodedata.category(character) not in _SAFE_CATEGORIES_REFUSED
        else _escaped(ord(character))
        for character in text
    )


def _escaped(code: int) -> str:
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def mask(secret: str) -> str:
    """A secret as shown to people: its length and nothing of its content."""
    return f"({len(secret)} characters, masked)" if secret else ""
