"""Keys made of passwords, user names that are hashed, and what a server says in its nonce.

RFC 8489, 9 (credentials), 14.4 (USERHASH) and 18.1 (security features).
"""

import hashlib
import unicodedata
from base64 import b64decode, b64encode
from enum import IntFlag
from typing import Literal

__all__ = [
    "SecurityFeatures",
    "build_nonce_cookie",
    "long_term_key",
    "opaque_string",
    "parse_nonce_cookie",
    "saslprep",
    "short_term_key",
    "userhash",
]


def short_term_key(password: str) -> bytes:
    """The HMAC key of short-term credentials, ICE's among them: the password (RFC 8489, 9.1.1)."""
    return _prepared(password)


def long_term_key(
    username: str, realm: str, password: str, algorithm: Literal["MD5", "SHA-256"] = "MD5"
) -> bytes:
    """The HMAC key of long-term credentials, 16 or 32 bytes (RFC 8489, 9.2.2 and 18.5.1).

    Quotes around username and realm and trailing nulls are removed first, as section 9.2.2 asks.
    ``ValueError`` for another algorithm.
    """
    text = b":".join(
        (_prepared(_bare(username)), _prepared(_bare(realm)), _prepared_null(password))
    )
    if algorithm == "MD5":
        return hashlib.md5(text, usedforsecurity=False).digest()
    if algorithm == "SHA-256":
        return hashlib.sha256(text).digest()
    raise ValueError(f"unknown password algorithm {algorithm!r}: MD5 or SHA-256")


def userhash(username: str, realm: str) -> bytes:
    """USERHASH, 32 bytes that stand for a user name (RFC 8489, 14.4)."""
    return hashlib.sha256(_prepared(username) + b":" + _prepared(realm)).digest()


def _bare(text: str) -> str:
    return text.rstrip("\0").strip('"')


def _prepared_null(text: str) -> bytes:
    return _prepared(text.rstrip("\0"))


def _prepared(text: str) -> bytes:
    """``text`` as it enters a key: total, so that a foreign password never stops an analysis.

    OpaqueString where it accepts the text; else SASLprep, which RFC 5389 asked for and on which the
    vectors of RFC 5769 and RFC 8489 rest (their password has a soft hyphen, which OpaqueString
    refuses); else the text as it is, which is what most implementations use anyway.
    """
    if not (text.isascii() and text.isprintable()):
        for prepare in (opaque_string, saslprep):
            try:
                return prepare(text).encode()
            except ValueError:
                continue
    return text.encode("utf-8", "surrogatepass")


# Not of the general category Cf, yet ignored when displayed, hence refused (RFC 8264, 9.13), and
# the conjoining Hangul letters (RFC 8264, 9.9).
_REFUSED = (
    (0x034F, 0x034F),
    (0x1100, 0x11FF),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x3164, 0x3164),
    (0xA960, 0xA97F),
    (0xD7B0, 0xD7FF),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_VIRAMA = 9  # the canonical combining class after which a joiner may stand (RFC 5892, A.1 and A.2)


def opaque_string(text: str) -> str:
    """The OpaqueString profile: other spaces become U+0020, then NFC (RFC 8265, 4.2).

    ``ValueError`` for an empty result and for characters outside the FreeformClass (RFC 8264, 4.3).
    Joiners are accepted only after a virama; other contextual rules of RFC 5892 are not applied.
    """
    previous = ""
    mapped = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Zs":
            character = " "
        elif character in "\u200c\u200d" and previous:
            if unicodedata.combining(previous) != _VIRAMA:
                raise ValueError(f"joiner U+{ord(character):04X} out of place")
        elif category in _REFUSED_CATEGORIES or any(
            first <= ord(character) <= last for first, last in _REFUSED
        ):
            raise ValueError(f"character U+{ord(character):04X} is not allowed")
        previous = character
        mapped.append(character)
    if not mapped:
        raise ValueError("empty text is not allowed")
    return unicodedata.normalize("NFC", "".join(mapped))


def saslprep(text: str) -> str:
    """The SASLprep profile for queries, of RFC 5389's day (RFC 4013).

    ``ValueError`` for prohibited characters and for text of mixed direction.
    """
    import stringprep

    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    prohibited = (
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    for character in prepared:
        if any(table(character) for table in prohibited):
            raise ValueError(f"character U+{ord(character):04X} is prohibited")
    if any(map(stringprep.in_table_d1, prepared)) and (
        any(map(stringprep.in_table_d2, prepared))
        or not stringprep.in_table_d1(prepared[0])
        or not stringprep.in_table_d1(prepared[-1])
    ):
        raise ValueError("text of mixed direction")
    return prepared


# --- nonce cookies

_COOKIE = b"obMatJos2"


class SecurityFeatures(IntFlag):
    """What a server asks for in its nonce cookie; bit 0 is the leftmost of 24 (RFC 8489, 18.1)."""

    PASSWORD_ALGORITHMS = 1 << 23
    USERNAME_ANONYMITY = 1 << 22


def parse_nonce_cookie(nonce: bytes) -> SecurityFeatures | None:
    """The security features at the head of a NONCE; None when it has no cookie (RFC 8489, 9.2).

    Unassigned bits are kept. Never raises.
    """
    if not nonce.startswith(_COOKIE):
        return None
    encoded = nonce[len(_COOKIE) : len(_COOKIE) + 4]
    try:
        features = b64decode(encoded, validate=True)
    except ValueError:
        return None
    return SecurityFeatures(int.from_bytes(features, "big")) if len(features) == 3 else None


def build_nonce_cookie(features: int) -> bytes:
    """The 13 bytes a server puts before its own nonce (RFC 8489, 9.2)."""
    return _COOKIE + b64encode(features.to_bytes(3, "big"))
