"""Rules for ICE credentials and options (RFC 8839, 5.2 to 5.6). Candidates: ``sdp_candidates``."""

import re
from collections.abc import Iterator

from rtckit.core.findings import Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.lines import read_integer, words

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# Chromium takes these four besides, and refuses any other.
_FORGIVEN = frozenset("-=#_")
_ICE_CHARACTERS = re.compile(r"[A-Za-z0-9+/]*")


def _lengths(
    description: LintedDescription, name: str, low: int, high: int
) -> Iterator[tuple[Hit, int]]:
    for _, attribute in description.find_all(name):
        length = len((attribute.value or "").strip(" \t"))
        if not low <= length <= high:
            hit = Hit(
                f"{name} of {length} characters, not {low} to {high}",
                description.at_value(attribute),
            )
            yield hit, length


@rule(
    "ICE001",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.4", "RFC 9429, 5.8.3"),
    subject="sdp",
)
def credentials_present(description: LintedDescription) -> Iterator[Hit]:
    """Every transport must have an ICE username fragment and password.

    Why: they authenticate the connectivity checks; without them there is no ICE and so no WebRTC.
        Browsers and aiortc refuse the description. Sections bundled into another use that one's.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
    Fix: write both, in the section or at the session level.
    """
    # Firefox asks for them in every section.
    every = description.profile == "firefox"
    for media in description.active_media if every else description.transports:
        missing = [
            name
            for name, value in (("ice-ufrag", media.ice_ufrag), ("ice-pwd", media.ice_pwd))
            if value is None
        ]
        if missing:
            which = f"media section {media.index} ({media.kind[:20]})"
            yield Hit(f"{which} has no {' and no '.join(missing)}", description.at_line(media))


@rule(
    "ICE002",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.4", "RFC 9429, 5.8.3"),
    subject="sdp",
)
def ufrag_length(description: LintedDescription) -> Iterator[Hit]:
    """The ICE username fragment must have 4 to 256 characters.

    Why: it holds 6 bits a character and needs 24 of randomness. Browsers refuse a shorter one;
        Firefox takes a longer one that Chromium refuses.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:abc
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:abcd
    Fix: write 4 to 32 random characters. If it looks cut, something took it for a number.
    """
    for hit, _ in _lengths(description, "ice-ufrag", 4, 256):
        yield hit


@rule(
    "ICE003",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.4", "RFC 9429, 5.8.3"),
    subject="sdp",
    levels={"aiortc": WARNING},
)
def password_length(description: LintedDescription) -> Iterator[Hit]:
    """The ICE password must have 22 to 256 characters.

    Why: it holds 6 bits a character and needs 128 of randomness. Browsers refuse a shorter one.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-pwd:asd88fgpdd777uzjYhagZ
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-pwd:asd88fgpdd777uzjYhagZg
    Fix: write at least 22 random characters.
    """
    for hit, _ in _lengths(description, "ice-pwd", 22, 256):
        yield hit


@rule(
    "ICE004",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.4", "RFC 8839, 5.1"),
    subject="sdp",
    levels={"rfc": ERROR},
)
def credential_characters(description: LintedDescription) -> Iterator[Hit]:
    """ICE credentials should be letters, digits, `+` and `/`.

    Why: the grammar has no other characters. Browsers take them, but a peer that splits or decodes
        by it fails every connectivity check, or never answers one.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:ab-_
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:ab+/
    Fix: use the plain base64 alphabet, not the one for URLs.
    """
    for name in ("ice-ufrag", "ice-pwd"):
        for _, attribute in description.find_all(name):
            value = (attribute.value or "").strip(" \t")
            if not _ICE_CHARACTERS.fullmatch(value):
                strange = sorted(set(re.sub(r"[A-Za-z0-9+/]", "", value)))
                refused = description.profile == "chromium" and not _FORGIVEN.issuperset(strange)
                yield Hit(
                    f"{name} has {''.join(strange)[:10]!r}, no ice-char",
                    description.at_value(attribute),
                    severity=ERROR if refused else None,
                )


@rule(
    "ICE007",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 9143, 7.1.3", "RFC 9143, 10", "RFC 9429, 5.3.1"),
    subject="sdp",
)
def answer_credentials_differ(description: LintedDescription) -> Iterator[Hit]:
    """The bundled sections of an answer must not have different ICE credentials.

    Why: there is one transport, that of the tagged section. Both browsers accept such an answer and
        use the tagged section's; an answerer that meant the others never sees a valid check.
    Fires on:
        == answer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:8hhY
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:9uB6
    Silent on:
        == answer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:8hhY
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:8hhY
    Fix: write the credentials in the tagged section only, or the same in all.
    """
    if not description.is_answer:
        return
    for media in description.active_media:
        tagged = description.document.transport_of(media)
        if tagged is media:
            continue
        for name in ("ice-ufrag", "ice-pwd"):
            attribute = media.find(name)
            ours = tagged.ice_ufrag if name == "ice-ufrag" else tagged.ice_pwd
            if attribute is None or ours is None or attribute.value == ours:
                continue
            other = tagged.find(name)
            seen = Evidence(f"{name} of the tagged section {tagged.index}")
            if other is not None:
                seen = Evidence(seen.text, description.at_value(other))
            yield Hit(
                f"{name} of section {media.index} differs from that of its bundle",
                description.at_value(attribute),
                (seen,),
            )
            break


@rule(
    "ICE024",
    INFO,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.6", "RFC 8840, 4.1.1", "RFC 8445, 10"),
    subject="sdp",
)
def options(description: LintedDescription) -> Iterator[Hit]:
    """`a=ice-options` should be tokens that ICE has today.

    Why: an end that trickles says `trickle`, else a peer may take the candidates of the description
        for all there are. `google-ice` names the protocol from before the standard, which no
        current browser speaks.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-options:google-ice
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-options:trickle ice2
    Fix: write `a=ice-options:trickle`, with `ice2` for an agent of RFC 8445.
    """
    for _, attribute in description.find_all("ice-options"):
        if attribute.value in ("trickle", "trickle renomination"):
            continue
        for index, option in enumerate(words(attribute.value or "")):
            if option == "google-ice":
                yield Hit(
                    "google-ice: ICE from before the standard, which browsers have given up",
                    description.at_word(attribute, index),
                    severity=WARNING,
                )
            elif not all(character.isalnum() or character in "+/-" for character in option):
                what = f"ice-option {option[:20]!r} is no word of ice-chars"
                if "," in option:
                    what = "ice-options parted by a comma instead of a blank"
                yield Hit(what, description.at_word(attribute, index))


@rule(
    "ICE027",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.2",),
    subject="sdp",
)
def remote_candidates(description: LintedDescription) -> Iterator[Hit]:
    """`a=remote-candidates` should occur in later offers of the controlling end only.

    Why: it tells which pair was nominated. In an answer it says nothing, and with new credentials
        it names a pair that the restart gave up.
    Fires on:
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=remote-candidates:1 192.0.2.3 45664
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=remote-candidates:1 192.0.2.3 45664
    Fix: remove it from the answer.
    """
    for _, attribute in description.find_all("remote-candidates"):
        if description.is_answer:
            yield Hit("remote-candidates in an answer", description.at_name(attribute))
        elif len(words(attribute.value or "")) % 3:
            yield Hit(
                "remote-candidates is not made of component, address and port",
                description.at_value(attribute),
            )


@rule(
    "ICE028",
    INFO,
    layer=Layer.ICE,
    refs=("RFC 9429, 5.2.2", "RFC 9143, 10"),
    subject="sdp",
    levels=dict.fromkeys(("jsep", "chromium", "firefox", "aiortc")),
)
def bundled_candidates(description: LintedDescription) -> Iterator[Hit]:
    """In an answer the sections bundled into another should have no ICE attributes.

    Why: the transport is that of the tagged section. Chromium and aiortc repeat them, receivers
        ignore them, so this is told only to who measures by the standards (`--profile rfc`).
    Fires on:
        == answer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:8hhY
    Silent on:
        == answer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:8hhY
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: write them in the tagged section alone.
    """
    if not description.is_answer:
        return
    for media in description.active_media:
        if description.document.transport_of(media) is media:
            continue
        for name in ("ice-ufrag", "ice-pwd", "candidate", "end-of-candidates"):
            attribute = media.find(name)
            if attribute is not None:
                yield Hit(
                    f"{name} in section {media.index}, which is bundled into another",
                    description.at_name(attribute),
                )
                break


@rule(
    "ICE029",
    INFO,
    layer=Layer.ICE,
    refs=("RFC 3605, 2.1", "RFC 5761, 5.1.3"),
    subject="sdp",
)
def rtcp_address(description: LintedDescription) -> Iterator[Hit]:
    """With `a=rtcp-mux`, `a=rtcp` should name the port of RTP or 9.

    Why: it is where RTCP goes when the other end refuses multiplexing. Another port makes sense
        only when candidates of component 2 stand behind it; browsers ignore it.
    Fires on:
        m=audio 50000 UDP/TLS/RTP/SAVPF 0
        a=rtcp:1 IN IP4 0.0.0.0
        a=rtcp-mux
    Silent on:
        m=audio 50000 UDP/TLS/RTP/SAVPF 0
        a=rtcp:9 IN IP4 0.0.0.0
        a=rtcp-mux
    Fix: write `a=rtcp:9 IN IP4 0.0.0.0`, or remove the line.
    """
    found = list(description.find_in_media("rtcp"))
    second = (
        {line.media.first_line for line in description.candidates if line.words[1] == "2"}
        if found
        else set()
    )
    for media, attribute in found:
        if attribute.value == "9 IN IP4 0.0.0.0":
            continue
        fields = words(attribute.value or "")
        port = read_integer(fields[0], 65535) if fields else None
        if port is None:
            if fields:
                yield Hit(
                    f"RTCP port {fields[0][:20]!r}",
                    description.at_word(attribute, 0),
                    severity=WARNING,
                )
        elif len(fields) not in (1, 4):
            yield Hit(
                "a=rtcp is a port, and perhaps IN, IP4 or IP6, and an address",
                description.at_value(attribute),
                severity=WARNING,
            )
        elif media.rtcp_mux and port not in (9, media.port) and media.first_line not in second:
            yield Hit(
                f"RTCP port {port} although RTCP shares the port of RTP",
                description.at_word(attribute, 0),
            )


@rule(
    "ICE030",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.5",),
    subject="sdp",
)
def pacing(description: LintedDescription) -> Iterator[Hit]:
    """`a=ice-pacing` should be a number of milliseconds, 5 or more.

    Why: the larger of both ends' values paces the checks, 50 without one. What is no number is
        ignored; less than 5 ms is against RFC 8445, 14.2.
    Fires on:
        a=ice-pacing:fast
    Silent on:
        a=ice-pacing:20
    Fix: write milliseconds.
    """
    for _, attribute in description.find_all("ice-pacing"):
        number = read_integer((attribute.value or "").strip(" \t"))
        if attribute.value and (number is None or number < 5):
            shown = attribute.value[:20]
            what = (
                f"ice-pacing {shown!r} is no time" if number is None else f"pacing of {number} ms"
            )
            yield Hit(what, description.at_value(attribute))


@rule(
    "ICE031",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.3", "RFC 8839, 4.2.5"),
    subject="sdp",
)
def mismatch(description: LintedDescription) -> Iterator[Hit]:
    """`a=ice-mismatch` should not occur, and in an answer means that ICE is off.

    Why: an answerer writes it when the offer's default address is none of its candidates: something
        on the way (an application layer gateway) rewrote `c=` and `m=`. Then there is no ICE,
        and a browser cannot go on.
    Fires on:
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-mismatch
    Silent on:
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: find what rewrites addresses in the signalling, or send it encrypted.
    """
    for _, attribute in description.find_all("ice-mismatch"):
        where = "an offer, where it has no meaning" if description.is_offer else "this section"
        yield Hit(f"ice-mismatch in {where}", description.at_name(attribute))


@rule(
    "ICE032",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.4",),
    subject="sdp",
    levels={"chromium": WARNING, "firefox": WARNING, "aiortc": WARNING},
)
def password_of_ufrag(description: LintedDescription) -> Iterator[Hit]:
    """The same username fragment must have the same password everywhere.

    Why: a check names only the fragment, by which the receiver finds the password. With two
        passwords for one fragment half of the checks fail their integrity.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=ice-ufrag:8hhY
        a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=ice-ufrag:9uB6
        a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh
    Fix: give each pair of fragment and password once, and copy both or neither.
    """
    passwords: dict[str, str] = {}
    for media in description.active_media:
        ufrag, password = media.ice_ufrag, media.ice_pwd
        if ufrag is None or password is None:
            continue
        if passwords.setdefault(ufrag, password) != password:
            attribute = media.find("ice-pwd") or media.find("ice-ufrag")
            place = description.at_value(attribute) if attribute else description.at_line(media)
            yield Hit(f"another ice-pwd for the ice-ufrag of section {media.index}", place)
