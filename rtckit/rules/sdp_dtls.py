"""Rules for DTLS roles, associations and protocols (RFC 8842; RFC 8827)."""

import re
from collections.abc import Iterator

from rtckit.core.findings import Evidence, Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import associations
from rtckit.rules.lint import LintedDescription, OfferAnswer, Sequence
from rtckit.sdp.transport import SETUP_ROLES

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

_TLS_ID = re.compile(r"[A-Za-z0-9+/_-]{20,255}")
_CURRENT = ("UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF")
_ACCEPTED = (
    *_CURRENT,
    *("RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"),
    *("TCP/DTLS/RTP/SAVP", "UDP/TLS/RTP/SAVP"),
)
_ANSWERS = {
    "actpass": ("active", "passive"),
    "active": ("passive",),
    "passive": ("active",),
    "holdconn": ("holdconn",),
}


@rule(
    "DTLS008",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 8842, 5.2", "RFC 8842, 5.3", "RFC 9429, 5.8.3"),
    subject="sdp",
    levels={"chromium": WARNING},
)
def setup_present(description: LintedDescription) -> Iterator[Hit]:
    """Every transport must say its DTLS role with `a=setup`.

    Why: it settles who sends the ClientHello. Firefox and aiortc refuse an offer without it. In an
        answer its absence is accepted, and both ends may wait for the other.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
        a=setup:actpass
    Fix: write `a=setup:actpass` in an offer, `active` or `passive` in an answer.
    """
    # Firefox asks for it in every section.
    every = description.profile == "firefox"
    for media in description.active_media if every else description.transports:
        attribute = media.find("setup") or description.session.find("setup")
        # Without a fingerprint either it is no DTLS at all (DTLS001).
        if attribute is None and media.fingerprints:
            which = f"media section {media.index} ({media.kind[:20]})"
            yield Hit(f"{which} has no setup", description.at_line(media))
    for _, attribute in description.find_all("setup"):
        value = (attribute.value or "").strip(" \t")
        if value and value not in SETUP_ROLES:
            hint = f", meant {value.lower()}?" if value.lower() in SETUP_ROLES else ""
            yield Hit(
                f"setup {value[:20]!r} is none of {', '.join(SETUP_ROLES)}{hint}",
                description.at_value(attribute),
                severity=ERROR,
            )


@rule(
    "DTLS009", WARNING, layer=Layer.DTLS, refs=("RFC 8842, 5.2", "RFC 9429, 5.2.1"), subject="sdp"
)
def offer_setup(description: LintedDescription) -> Iterator[Hit]:
    """An offer should say `a=setup:actpass`.

    Why: an offerer that insists on a role fails against a peer that can take only the same one. It
        is the mark of an answer that is sent back as an offer. With `holdconn` no browser can
        make an answer.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:active
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
    Fix: write `a=setup:actpass` and let the answerer choose.
    """
    if not description.is_offer:
        return
    for _, attribute in description.find_all("setup"):
        value = (attribute.value or "").strip(" \t")
        if value in ("active", "passive", "holdconn"):
            yield Hit(
                f"the offer insists on {value}"
                if value != "holdconn"
                else "holdconn leaves the answerer no role",
                description.at_value(attribute),
                severity=ERROR if value == "holdconn" else None,
            )


@rule(
    "DTLS010",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 8842, 5.3", "RFC 4145, 4.1"),
    subject="offer-answer",
)
def answer_setup(exchange: OfferAnswer) -> Iterator[Hit]:
    """The answer must take the role that the offer leaves: active or passive.

    Why: one end has to send the ClientHello and one to wait for it. Browsers refuse an answer that
        says actpass or takes the offerer's own role.
    Fires on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
    Silent on:
        == offer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:actpass
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:active
    Fix: answer `active`, or `passive` when the offer insists on `active`.
    """
    for offered, answered in exchange.accepted:
        role, taken = offered.setup, answered.setup
        attribute = answered.find("setup") or exchange.answer.session.find("setup")
        if role is None or taken is None or attribute is None or taken in _ANSWERS[role]:
            continue
        theirs = offered.find("setup") or exchange.offer.session.find("setup")
        seen = (Evidence("the offer", exchange.offer.at_value(theirs)),) if theirs else ()
        yield Hit(
            f"setup:{taken} answers setup:{role} in section {answered.index}",
            exchange.answer.at_value(attribute),
            seen,
        )


@rule(
    "DTLS011",
    WARNING,
    layer=Layer.DTLS,
    refs=("RFC 9143, 7.1.3", "RFC 9143, 11"),
    subject="sdp",
)
def setup_in_bundle(description: LintedDescription) -> Iterator[Hit]:
    """Bundled sections should have the same `a=setup`.

    Why: they share one DTLS association. Browsers accept different roles and take that of the
        tagged section; another receiver takes the last one, and both ends wait or both begin.
    Fires on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=setup:active
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=setup:passive
    Silent on:
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=setup:active
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=setup:active
    Fix: write the same role in all of them, or in the tagged one alone.
    """
    found = list(description.find_in_media("setup"))
    if len({attribute.value for _, attribute in found}) < 2:
        return
    for media, attribute in found:
        tagged = description.document.transport_of(media)
        ours = tagged.find("setup")
        if media.rejected or tagged is media or ours is None or ours.value == attribute.value:
            continue
        yield Hit(
            f"setup of section {media.index} differs from that of its bundle",
            description.at_value(attribute),
            (Evidence(f"the tagged section {tagged.index}", description.at_value(ours)),),
        )


@rule(
    "DTLS012",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 8842, 5.3", "RFC 8842, 5.5", "RFC 9429, 5.8.3"),
    subject="sequence",
)
def role_changed(sequence: Sequence) -> Iterator[Hit]:
    """A role must stay as it was agreed while the DTLS association stays.

    Why: another role is another association. Chromium fails when it sets the description; others go
        on with the old one.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=setup:actpass
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:active
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=setup:actpass
        == answer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:passive
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=setup:actpass
        == answer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:active
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=setup:actpass
        == answer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=setup:active
    Fix: offer `actpass` again, and answer with the role that was agreed.
    """
    # Of each section: the first writer's role, and the credentials of both ends.
    agreed: dict[int, tuple[str, str | None, str | None]] = {}
    authors = {
        id(description): author
        for author, description in zip(sequence.authors, sequence.descriptions, strict=True)
    }
    for exchange in sequence.exchanges:
        answerer = authors.get(id(exchange.answer), 1)
        for offered, answered in exchange.accepted:
            taken = answered.setup
            attribute = answered.find("setup") or exchange.answer.session.find("setup")
            if taken not in ("active", "passive") or attribute is None:
                continue
            first, second = (offered, answered) if answerer else (answered, offered)
            clients = answerer if taken == "active" else 1 - answerer
            now = ("passive" if clients else "active", first.ice_ufrag, second.ice_ufrag)
            before = agreed.get(answered.index)
            agreed[answered.index] = now
            # With a restart a new association may have new roles.
            if before is not None and before[0] != now[0] and before[1:] == now[1:]:
                yield Hit(
                    f"section {answered.index} changes its DTLS role to {taken}",
                    exchange.answer.at_value(attribute),
                )


@rule("DTLS013", WARNING, layer=Layer.DTLS, refs=("RFC 8842, 4",), subject="sdp")
def tls_id(description: LintedDescription) -> Iterator[Hit]:
    """`a=tls-id` should be 20 to 255 letters, digits, `+`, `/`, `-` or `_`.

    Why: it names the DTLS association and tells whether a new one is wanted. `dtls-id` was its name
        in drafts; no one reads that any more.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=tls-id:abc
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=tls-id:91bbf309c0990a6bec11e38ba2933cee
    Fix: write at least 120 random bits, such as 32 hexadecimal digits.
    """
    for _, attribute in description.find_all("tls-id"):
        value = (attribute.value or "").strip(" \t")
        if value and not _TLS_ID.fullmatch(value):
            what = f"tls-id of {len(value)} characters"
            if 20 <= len(value) <= 255:
                what = "tls-id with characters that it cannot have"
            yield Hit(what, description.at_value(attribute))
    for _, attribute in description.find_all("dtls-id"):
        yield Hit("dtls-id is tls-id now", description.at_name(attribute), severity=INFO)


@rule(
    "DTLS014",
    ERROR,
    layer=Layer.DTLS,
    refs=("RFC 9429, 5.8.3", "RFC 8842, 6"),
    subject="sequence",
)
def tls_id_changed(sequence: Sequence) -> Iterator[Hit]:
    """A new `a=tls-id` needs new ICE credentials.

    Why: it asks for a new DTLS association, which needs new candidates to be told from the old one.
    Fires on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=tls-id:91bbf309c0990a6bec11e38ba2933cee
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=tls-id:17f0f4ba8a5f1213faca591b58ba52a7
    Silent on:
        == offer 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=tls-id:91bbf309c0990a6bec11e38ba2933cee
        == offer 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:9uB6
        a=tls-id:17f0f4ba8a5f1213faca591b58ba52a7
    Fix: keep the tls-id, or restart ICE with it.
    """
    for _, after, old, new in associations(sequence):
        attribute = new.find("tls-id") or after.session.find("tls-id")
        if attribute is None or old.tls_id is None or old.tls_id == new.tls_id:
            continue
        if old.ice_ufrag == new.ice_ufrag:
            yield Hit(
                f"the tls-id of section {new.index} is new, its ice-ufrag is not",
                after.at_value(attribute),
            )


@rule(
    "DTLS019",
    WARNING,
    layer=Layer.DTLS,
    refs=("RFC 9429, 5.1.2", "RFC 8827, 6.5"),
    subject="sdp",
)
def protocol(description: LintedDescription) -> Iterator[Hit]:
    """RTP should be offered as `UDP/TLS/RTP/SAVPF`.

    Why: receivers must take the older names too, as long as there is a fingerprint, so this is
        rarely why a call fails; a gateway may take `RTP/AVP` at its word and send without
        encryption. Browsers reject or refuse a name that is not in the list.
    Fires on:
        m=audio 9 RTP/SAVPF 0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: write `UDP/TLS/RTP/SAVPF`. An answer repeats what the offer says.
    """
    for media in description.active_media:
        name = media.protocol
        if name in _CURRENT or media.is_data or not name or media.kind == "application":
            continue
        place = description.at_word(media, 2)
        if name in _ACCEPTED:
            yield Hit(f"{name} instead of UDP/TLS/RTP/SAVPF", place)
        else:
            yield Hit(f"protocol {name[:40]!r} is not of WebRTC", place, severity=ERROR)
