"""Rules for keys and identities in descriptions: SDES (RFC 4568), identity (RFC 8827), RFC 4145."""

import base64
import binascii
import re
from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.lines import words

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# Bytes of key and salt together (RFC 4568, 6.2; RFC 6188, 2; RFC 7714, 14.3).
_SUITES = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "F8_128_HMAC_SHA1_80": 30,
    "AES_192_CM_HMAC_SHA1_80": 38,
    "AES_192_CM_HMAC_SHA1_32": 38,
    "AES_256_CM_HMAC_SHA1_80": 46,
    "AES_256_CM_HMAC_SHA1_32": 46,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@rule(
    "DTLS015",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 8827, 6.5", "RFC 9429, 5.2.1"),
    subject="sdp",
    levels=dict.fromkeys(("chromium", "firefox", "aiortc"), WARNING),
)
def sdes(description: LintedDescription) -> Iterator[Hit]:
    """There must be no `a=crypto` in WebRTC.

    Why: SDES carries the SRTP key in the description, where every server on the way reads it.
        WebRTC has keys from DTLS only; browsers ignore the line, and refuse a section that has
        nothing else.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
    Fix: remove the line; keys come from DTLS with `a=fingerprint` and `a=setup`.
    """
    for media, attribute in description.find_in_media("crypto"):
        alone = "" if media.fingerprints else ", and no fingerprint beside it"
        yield Hit(f"SDES key{alone}", description.at_name(attribute))


@rule(
    "DTLS016",
    WARNING,
    layer=Layer.SRTP,
    refs=("RFC 4568, 4", "RFC 4568, 6.2", "RFC 4568, 9.2"),
    subject="sdp",
)
def sdes_form(description: LintedDescription) -> Iterator[Hit]:
    """An `a=crypto` should have its own tag, a known suite and a whole key.

    Why: SIP phones and gateways still use it; one that cannot read the line rejects the section.
    Fires on:
        m=audio 9 RTP/SAVP 0
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=
    Silent on:
        m=audio 9 RTP/SAVP 0
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
    Fix: write `<tag> <suite> inline:<key and salt in base64>`.
    """
    tags: set[tuple[int, str]] = set()
    for media, attribute in description.find_in_media("crypto"):
        fields = words(attribute.value or "")
        if len(fields) < 3 or not fields[0].isdigit():
            yield Hit("crypto is a tag, a suite and a key", description.at_value(attribute))
            continue
        tag, suite, keys = fields[:3]
        if (media.index, tag) in tags:
            yield Hit(f"crypto tag {tag[:9]} again", description.at_word(attribute, 0))
        tags.add((media.index, tag))
        size = _SUITES.get(suite)
        if size is None:
            yield Hit(f"unknown crypto suite {suite[:40]!r}", description.at_word(attribute, 1))
            continue
        for key in keys.split(";"):
            method, _, value = key.partition(":")
            found = _key_size(value.partition("|")[0])
            if method != "inline" or found is None:
                what = "the key is not inline:<base64>"
            elif found != size:
                what = f"key and salt of {found} bytes instead of {size}"
            else:
                continue
            yield Hit(what, description.at_word(attribute, 2))
            break


def _key_size(text: str) -> int | None:
    if not _BASE64.fullmatch(text):
        return None
    try:
        return len(base64.b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None


@rule("DTLS017", WARNING, layer=Layer.DTLS, refs=("RFC 8827, 5",), subject="sdp")
def identity(description: LintedDescription) -> Iterator[Hit]:
    """`a=identity` should be one base64 JSON object.

    Why: a browser that verifies identities cannot read another one, and ends the session.
    Fires on:
        a=identity:anna
    Silent on:
        a=identity:eyJpZHAiOnsiZG9tYWluIjoiZXhhbXBsZS5vcmciLCJwcm90b2NvbCI6ImJvZ3VzIn19
    Fix: write the assertion as the identity provider returned it.
    """
    for _, attribute in description.find_all("identity"):
        value = words(attribute.value or "")[:1]
        if value and not _is_json_object(value[0]):
            yield Hit("the identity is no base64 JSON object", description.at_word(attribute, 0))


def _is_json_object(text: str) -> bool:
    if not _BASE64.fullmatch(text):
        return False
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return False
    return decoded.lstrip()[:1] == b"{"


@rule("DTLS018", WARNING, layer=Layer.SRTP, refs=("RFC 4568, 8.3",), subject="sdp")
def secrets_shown(description: LintedDescription) -> Iterator[Hit]:
    """A description that holds a key should not be logged or posted.

    Why: who has the key of `a=crypto` or `k=` and a capture hears the call. ICE passwords and
        fingerprints give nobody the media.
    Fires on:
        m=audio 9 RTP/SAVP 0
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz
    Silent on:
        m=audio 9 RTP/SAVP 0
        a=setup:actpass
    Fix: `rtckit sdp anonymize` before showing it to anyone; treat the key as known.
    """
    found = [attribute for _, attribute in description.find_all("crypto")]
    keys = [item for item in found if "inline:" in (item.value or "")]
    if keys:
        count = f"{len(keys)} SRTP keys" if len(keys) > 1 else "an SRTP key"
        yield Hit(f"{count} in the clear", description.at_text(keys[0], "inline:"))
    for _, line in description.find_lines("k"):
        if ":" in line.value:
            yield Hit("a key in the clear", description.at_line(line))


@rule("DTLS020", INFO, layer=Layer.DTLS, refs=("RFC 4145, 5",), subject="sdp")
def connection_attribute(description: LintedDescription) -> Iterator[Hit]:
    """`a=connection` is `new` or `existing`, and for TCP.

    Why: it tells whether a TCP connection is reused. WebRTC does not need it and browsers ignore
        it.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=connection:old
    Silent on:
        m=audio 9 TCP/DTLS/RTP/SAVPF 0
        a=connection:new
    Fix: remove the line.
    """
    for media, attribute in description.find_in_media("connection"):
        if attribute.value not in ("new", "existing"):
            shown = (attribute.value or "")[:20]
            yield Hit(
                f"connection {shown!r} is not new or existing", description.at_value(attribute)
            )
        elif not media.protocol.upper().startswith("TCP"):
            yield Hit(
                f"connection without TCP ({media.protocol[:20]})", description.at_name(attribute)
            )
