"""Rules for fingerprints of certificates (RFC 8122, 5; RFC 8827)."""

import re
from collections.abc import Iterator

from rtckit.core.findings import Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import associations
from rtckit.rules.lint import LintedDescription, Sequence
from rtckit.sdp.media import MediaSection

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_DIGEST_SIZES = {"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}
_BROKEN_HASHES = ("md2", "md5")
_UPPER_DIGEST = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2})*")
_ANY_DIGEST = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*")


def _prints(media: MediaSection) -> frozenset[tuple[str, str]]:
    return frozenset((item.hash_function, item.value) for item in media.fingerprints)


@rule(
    "DTLS001",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 8122, 5", "RFC 9429, 5.8.3"),
    subject="sdp",
)
def fingerprint_present(description: LintedDescription) -> Iterator[Hit]:
    """Every transport must have a certificate fingerprint.

    Why: it ties the DTLS handshake to who sent the description. Without one, browsers and aiortc
        refuse the description, also when there is an `a=crypto`.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
        a=setup:actpass
    Fix: write the fingerprint of the certificate that the DTLS stack uses.
    """
    if description.session.has("fingerprint"):
        return
    for media in description.transports:
        if not media.has("fingerprint"):
            which = f"media section {media.index} ({media.kind[:20]})"
            yield Hit(f"{which} has no fingerprint", description.at_line(media))


@rule(
    "DTLS002",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 8122, 5",),
    subject="sdp",
    levels={"firefox": WARNING, "aiortc": WARNING},
)
def hash_function(description: LintedDescription) -> Iterator[Hit]:
    """A fingerprint must be made with a known hash function that is not broken.

    Why: MD2 and MD5 must not be used, and Chromium refuses a description with them. One that the
        other end does not know leaves it nothing to compare the certificate with.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:md5 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Fix: use sha-256.
    """
    for _, attribute in description.find_all("fingerprint"):
        name = (attribute.value or "").partition(" ")[0]
        if name in _DIGEST_SIZES or not name:
            continue
        place = description.at_word(attribute, 0)
        if name.lower() in _BROKEN_HASHES:
            yield Hit(f"{name} is broken and must not be used", place)
        elif name.lower() in _DIGEST_SIZES:
            yield Hit(f"hash function {name} instead of {name.lower()}", place, severity=INFO)
        else:
            yield Hit(f"unknown hash function {name[:20]!r}", place, severity=WARNING)


@rule(
    "DTLS003",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 8122, 5",),
    subject="sdp",
)
def digest_length(description: LintedDescription) -> Iterator[Hit]:
    """A fingerprint must be as long as its hash function makes it.

    Why: browsers accept a shorter one and then the handshake fails, for no certificate can match;
        Chromium may fail to set its own answer. Look for a line that was cut.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Fix: write the whole digest: 32 bytes for sha-256.
    """
    for _, attribute in description.find_all("fingerprint"):
        name, _, digest = (attribute.value or "").rstrip(" \t").partition(" ")
        size = _DIGEST_SIZES.get(name.lower())
        if size is None or len(digest) == size * 3 - 1:
            continue
        if _ANY_DIGEST.fullmatch(digest):
            yield Hit(
                f"{name} digest of {(len(digest) + 1) // 3} bytes instead of {size}",
                description.at_word(attribute, 1),
            )
        elif not digest:
            yield Hit("fingerprint without a digest", description.at_value(attribute))


@rule(
    "DTLS004",
    WARNING,
    layer=Layer.DTLS,
    refs=("RFC 8122, 5",),
    subject="sdp",
    levels={"rfc": ERROR, "firefox": ERROR},
)
def digest_case(description: LintedDescription) -> Iterator[Hit]:
    """A fingerprint should be upper-case hexadecimal bytes with colons between.

    Why: Firefox refuses lower case; other receivers compare text with text and find no match.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0d:1c:91:ae:57:4c:c6:36:dd:d5:97:d2:7d:62:c9:9a
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Fix: write it as `openssl x509 -fingerprint` does.
    """
    for _, attribute in description.find_all("fingerprint"):
        digest = (attribute.value or "").rstrip(" \t").partition(" ")[2].lstrip(" \t")
        if not digest or _UPPER_DIGEST.fullmatch(digest):
            continue
        if _ANY_DIGEST.fullmatch(digest):
            yield Hit("lower-case letters in the digest", description.at_word(attribute, 1))
        else:
            yield Hit(
                "the digest is not hexadecimal bytes with colons between",
                description.at_word(attribute, 1),
                severity=ERROR,
            )


@rule("DTLS005", INFO, layer=Layer.DTLS, refs=("RFC 8122, 5.1",), subject="sdp")
def sha_256(description: LintedDescription) -> Iterator[Hit]:
    """There is a sha-256 fingerprint, the one that every end must have.

    Why: an end uses the strongest hash function that it knows. Only sha-256 is known to all.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
    Fix: add the sha-256 fingerprint of the same certificate.
    """
    found = description.find_all("fingerprint")
    if found and not any((item.value or "").lower().startswith("sha-256 ") for _, item in found):
        _, first = found[0]
        yield Hit("no sha-256 fingerprint", description.at_word(first, 0))


@rule(
    "DTLS006",
    WARNING,
    layer=Layer.DTLS,
    refs=("RFC 9429, 5.2.1", "RFC 9143, 7.1.3"),
    subject="sdp",
)
def fingerprints_differ(description: LintedDescription) -> Iterator[Hit]:
    """All media sections should have the same fingerprints.

    Why: one certificate serves a peer connection, and bundled sections have one DTLS association.
        Both browsers accept another fingerprint in a bundled section and do not look at it; which
        one counts is then a matter of who reads it.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=fingerprint:sha-1 50:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Fix: copy the fingerprint of the certificate in use into each section.
    """
    lines = [item for item in description.find_in_media("fingerprint") if not item[0].rejected]
    if len({attribute.value for _, attribute in lines}) < 2:
        return
    first = lines[0][0]
    reference = _prints(first)
    seen = {first.index}
    for media, attribute in lines:
        if media.index in seen:
            continue
        seen.add(media.index)
        if _prints(media) == reference:
            continue
        transport_of = description.document.transport_of
        bundled = transport_of(media) is transport_of(first)
        yield Hit(
            f"section {media.index} has another fingerprint than section {first.index}"
            + (" of its bundle" if bundled else ""),
            description.at_value(attribute),
            (Evidence("the other one", description.at_value(lines[0][1])),),
            severity=ERROR if bundled else None,
        )


@rule(
    "DTLS007",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 8842, 4", "RFC 8842, 6", "RFC 9429, 5.11"),
    subject="sequence",
)
def fingerprint_changed(sequence: Sequence) -> Iterator[Hit]:
    """A new fingerprint needs an ICE restart.

    Why: another certificate is another DTLS association, and packets of the old and the new one can
        be told apart only on new candidates. Both browsers accept the description; the media stops.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=fingerprint:sha-1 50:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:9uB6
        a=fingerprint:sha-1 50:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Fix: keep the certificate for the session, or restart ICE with the new one.
    """
    for before, after, old, new in associations(sequence):
        attribute = new.find("fingerprint") or after.session.find("fingerprint")
        was, now = _prints(old), _prints(new)
        if attribute is None or not was or not now or was == now:
            continue
        if old.ice_ufrag == new.ice_ufrag:
            other = old.find("fingerprint") or before.session.find("fingerprint")
            seen = (Evidence("before", before.at_value(other)),) if other else ()
            yield Hit(
                f"the fingerprint of section {new.index} is new, its ice-ufrag is not",
                after.at_value(attribute),
                seen,
            )
