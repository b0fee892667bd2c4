"""Rules for what both browsers accept although the call must fail, or fail in part."""

from collections.abc import Iterator

from rtckit.core.address import Scope, scope_of
from rtckit.core.errors import ParseError
from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.jsep_index import named, place_of, transport
from rtckit.rules.lint import LintedDescription, OfferAnswer
from rtckit.sdp.fields import parse_bandwidth

__all__: list[str] = []

ERROR, WARNING, INFO = Severity

# No stream of sound or pictures is usable below this, RTP headers included.
_LEAST_BANDWIDTH = 6000


@rule(
    "DTLS110",
    WARNING,
    layer=Layer.DTLS,
    refs=("RFC 9143, 7.1.3", "RFC 8842, 5"),
    subject="sdp",
    levels={"rfc": None, "chromium": None, "firefox": ERROR},
)
def fingerprint_left_to_the_bundle(description: LintedDescription) -> Iterator[Hit]:
    """A bundled section should repeat the fingerprint, though RFC 9143 spares it.

    Why: Firefox fetches the fingerprint of every section when an answer is set. It looks for a
        missing one before that, but not in bundled sections of an answer and bundle-only ones of an
        offer: with these the process of the page ends, without an error to catch.
    Fires on:
        == offer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
        m=video 0 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=bundle-only
    Silent on:
        == offer
        a=group:BUNDLE 0 1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
        m=video 0 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=bundle-only
        a=fingerprint:sha-1 49:66:12:17:0D:1C:91:AE:57:4C:C6:36:DD:D5:97:D2:7D:62:C9:9A
    Fix: copy the fingerprint of the first section of the bundle, or write it before the first m=.
    """
    if description.session.has("fingerprint"):
        return
    for media in description.active_media:
        owner = transport(description, media)
        if owner is media or media.has("fingerprint") or not owner.has("fingerprint"):
            continue
        if description.is_answer or media.bundle_only:
            yield Hit(
                f"section {media.index} leaves its fingerprint to section {owner.index}:"
                " the page of Firefox ends on it",
                description.at_line(media),
            )


@rule(
    "BUNDLE101",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 9143, 7.1.3", "RFC 9143, 10", "RFC 8839, 5.4"),
    subject="sdp",
)
def credentials_of_some(description: LintedDescription) -> Iterator[Hit]:
    """Bundled sections should have either the same ICE credentials or each its own.

    Why: sections that share credentials share a transport. One that alone differs is left from
        another connection or an older generation; both browsers take those of the first section
        and say nothing.
    Fires on:
        a=group:BUNDLE 0 1 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:8hhY
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:9uB6
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=mid:2
        a=ice-ufrag:8hhY
    Silent on:
        a=group:BUNDLE 0 1 2
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        a=ice-ufrag:8hhY
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
        a=ice-ufrag:8hhY
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        a=mid:2
        a=ice-ufrag:8hhY
    Fix: write the credentials of the connection in use into every section, or the first one only.
    """
    if len(description.media) < 3 or description.is_answer or not description.has("group"):
        return  # ICE007 looks at answers, where all must be the same.
    by_transport: dict[int, dict[str, list[int]]] = {}
    for media, attribute in description.find_in_media("ice-ufrag"):
        if not media.rejected:
            tag = transport(description, media).index
            found = by_transport.setdefault(tag, {})
            found.setdefault((attribute.value or "").strip(), []).append(media.index)
    for found in by_transport.values():
        most = max(len(sections) for sections in found.values())
        if len(found) < 2 or most < 2:
            continue
        for ufrag, sections in found.items():
            if len(sections) == most:
                continue
            for index in sections:
                media = description.media[index]
                yield Hit(
                    f"ice-ufrag {ufrag[:20]!r} of {named(media)} is not that of the sections it is "
                    "bundled with",
                    place_of(description, media, "ice-ufrag"),
                )


@rule(
    "BUNDLE102",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 9429, 5.2.1", "RFC 9143, 7.2"),
    subject="sdp",
)
def no_mid_anywhere(description: LintedDescription) -> Iterator[Hit]:
    """Several sections need mids.

    Why: without them nothing can be bundled, packets can be told apart by SSRC and payload type
        only, and candidates must be counted by section. Both browsers accept it, and the call then
        needs a port, a TURN allocation and a DTLS handshake for each section.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        m=video 9 UDP/TLS/RTP/SAVPF 96
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=mid:0
        m=video 9 UDP/TLS/RTP/SAVPF 96
        a=mid:1
    Fix: write `a=mid` in each section and list them in `a=group:BUNDLE`.
    """
    sections = description.active_media
    if len(sections) > 1 and not description.has("mid") and not description.has("group"):
        yield Hit(
            f"{len(sections)} sections in use and no mid",
            description.at_line(sections[0]),
        )


@rule(
    "ICE101",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8838, 9",),
    subject="sdp",
)
def candidate_of_other_generation(description: LintedDescription) -> Iterator[Hit]:
    """A candidate should have the username fragment of its section.

    Why: one with another fragment is of another ICE generation, as after a restart whose candidates
        came late. Chromium drops it without a word, Firefox says "Unknown ufrag".
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host ufrag 9uB6
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host ufrag 8hhY
    Fix: drop candidates of earlier generations when ICE restarts.
    """
    for line in description.candidates:
        ufrag = line.extension("ufrag")
        if ufrag is None:
            continue
        own = line.media.ice_ufrag or transport(description, line.media).ice_ufrag
        if own is not None and own != ufrag:
            yield Hit(
                f"candidate of the generation {ufrag[:40]!r}, while the section has {own[:40]!r}",
                description.at_text(line.attribute, f"ufrag {ufrag}"),
            )


@rule(
    "ICE102",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8445, 5.2", "RFC 8839, 4.2.1.4"),
    subject="sdp",
)
def lite_without_candidates(description: LintedDescription) -> Iterator[Hit]:
    """An ICE lite agent must give its candidates.

    Why: it sends no checks itself, so the other end cannot learn its address from them. With no
        candidate in the description nobody ever checks, and the state stays `checking`.
    Fires on:
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
    Silent on:
        a=ice-lite
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: write a host candidate with the server's public address in each transport.
    """
    if not description.session.ice_lite:
        return
    having = {
        transport(description, media).index
        for media, _ in description.find_in_media("candidate")
        if not media.rejected
    }
    for media in description.transports:
        if media.index not in having and media.ice_ufrag is not None:
            trickles = "trickle" in media.ice_options
            yield Hit(
                f"no candidate in {named(media)} of a lite agent",
                description.at_line(media),
                severity=WARNING if trickles else None,
            )


@rule(
    "ICE103",
    WARNING,
    layer=Layer.ICE,
    refs=("RFC 8445, 5.1.1.1",),
    subject="sdp",
)
def only_near_candidates(description: LintedDescription) -> Iterator[Hit]:
    """Some candidate should be reachable from another machine.

    Why: loopback and unspecified addresses lead a checking end back to itself. A server in a
        container, or one that was not told its own address, gives nothing else.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host
        a=candidate:2 1 udp 1694498815 192.0.2.1 50000 typ srflx raddr 0.0.0.0 rport 0
    Fix: tell the server its public address, or give it a STUN or TURN server.
    """
    lines = description.candidates
    if lines and all(
        scope_of(line.words[4]) in (Scope.LOOPBACK, Scope.UNSPECIFIED) for line in lines[:64]
    ):
        yield Hit(
            f"all {len(lines)} candidates lead back to the machine that reads them"
            if len(lines) > 1
            else "the only candidate leads back to the machine that reads it",
            description.at_value(lines[0].attribute),
        )


@rule(
    "ICE104",
    INFO,
    layer=Layer.ICE,
    refs=("RFC 8445, 5.1.1.2", "RFC 8656, 7.2"),
    subject="sdp",
)
def relay_is_private(description: LintedDescription) -> Iterator[Hit]:
    """A relayed candidate usually has a public address.

    Why: a TURN server behind a NAT that was not told its public address relays from the address of
        its interface, which only its own network reaches. coturn needs `external-ip` there.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 41819902 10.0.0.5 50000 typ relay raddr 0.0.0.0 rport 0
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 41819902 203.0.113.5 50000 typ relay raddr 0.0.0.0 rport 0
    Fix: set the server's public address (coturn: `external-ip`), unless both ends are in its
        network.
    """
    for line in description.candidates:
        if line.words[7] == "relay" and scope_of(line.words[4]) in (
            Scope.PRIVATE,
            Scope.LOOPBACK,
            Scope.LINK_LOCAL,
        ):
            yield Hit(
                f"relayed address {line.words[4][:45]} of the scope {scope_of(line.words[4])}",
                description.at_text(line.attribute, line.words[4]),
            )


@rule(
    "RTP101",
    WARNING,
    layer=Layer.MEDIA,
    refs=("RFC 3264, 5.1", "RFC 3890, 6.2.2", "RFC 8866, 5.8"),
    subject="sdp",
)
def bandwidth_starves(description: LintedDescription) -> Iterator[Hit]:
    """A bandwidth limit should leave room for media.

    Why: `TIAS` counts bits and `AS` kilobits a second, so a limit of 500 kbit/s that was meant for
        `AS` is half a kilobit in `TIAS`. Zero means that no media is to be sent at all.
    Fires on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        b=TIAS:500
    Silent on:
        m=video 9 UDP/TLS/RTP/SAVPF 96
        b=TIAS:500000
    Fix: write `b=TIAS` in bits, `b=AS` in kilobits a second; use `a=inactive` to stop media.
    """
    for section, line in description.find_lines("b"):
        try:
            bandwidth = parse_bandwidth(line.value, line.number, 3)
        except ParseError:
            continue
        unit = {"AS": 1000, "CT": 1000, "TIAS": 1}.get(bandwidth.type)
        if unit is None or bandwidth.value * unit >= _LEAST_BANDWIDTH:
            continue
        if section is not description.session and section.direction == "inactive":
            continue
        rate = bandwidth.value * unit
        yield Hit(
            f"b={bandwidth.type}:{bandwidth.value} allows "
            + ("nothing" if not rate else f"{rate / 1000:g} kbit/s"),
            description.at(bandwidth.span),
        )


@rule(
    "OA061",
    WARNING,
    layer=Layer.SIGNALLING,
    refs=("RFC 3264, 6.1", "RFC 9429, 5.11"),
    subject="sdp",
)
def everything_refused(description: LintedDescription) -> Iterator[Hit]:
    """An answer should accept some section.

    Why: with every section refused there is nothing to connect. Both browsers accept the answer and
        stay in the state `new`, so that the call looks as if it were still being set up.
    Fires on:
        == answer
        m=audio 0 UDP/TLS/RTP/SAVPF 0
    Silent on:
        == answer
        m=audio 9 UDP/TLS/RTP/SAVPF 0
    Fix: compare the codecs and protocols of the offer with what the answerer supports.
    """
    if not (description.is_answer and description.type_told):
        return
    if description.media and not description.active_media:
        yield Hit(
            f"all {len(description.media)} sections are refused"
            if len(description.media) > 1
            else "the only section is refused",
            description.at_word(description.media[0], 1),
        )


@rule(
    "OA062",
    ERROR,
    layer=Layer.ICE,
    refs=("RFC 8839, 5.4", "RFC 8445, 5.3"),
    subject="offer-answer",
)
def credentials_copied(pair: OfferAnswer) -> Iterator[Hit]:
    """An answer must have ICE credentials of its own.

    Why: a gateway that makes the answer by editing the offer copies them. Both ends then check with
        a name and password that are not the other's; both browsers accept the answer.
    Fires on:
        == offer
        o=- 5 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer
        o=- 6 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
    Silent on:
        == offer
        o=- 5 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-pwd:asd88fgpdd777uzjYhagZg
        == answer
        o=- 6 1 IN IP4 127.0.0.1
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:9uB6
        a=ice-pwd:YH75Fviy6338Vbrhrlp8Yh
    Fix: write the credentials of the answerer's own ICE agent.
    """
    origins = pair.offer.session.origin, pair.answer.session.origin
    if None not in origins and origins[0][:3] == origins[1][:3]:  # type: ignore[index]
        return  # OA033: it is the offer itself.
    told: set[tuple[str, str]] = set()
    for offered, answered in pair.accepted:
        asking, own = transport(pair.offer, offered), transport(pair.answer, answered)
        ufrag, password = own.ice_ufrag, own.ice_pwd
        if own is not answered or ufrag is None or password is None or (ufrag, password) in told:
            continue
        if (asking.ice_ufrag, asking.ice_pwd) == (ufrag, password):
            told.add((ufrag, password))
            yield Hit(
                f"{named(answered)} has the offerer's ICE credentials",
                place_of(pair.answer, answered, "ice-ufrag"),
            )
