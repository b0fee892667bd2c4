"""Rules for the candidates of a section together: doubles, their end, the default one."""

from collections.abc import Iterator

from rtckit.core.findings import Severity
from rtckit.rules.catalogue import Hit, Layer, rule
from rtckit.rules.lint import CandidateLine, LintedDescription
from rtckit.sdp.section import Section

__all__: list[str] = []

ERROR, WARNING, INFO = Severity


@rule("ICE020", INFO, layer=Layer.ICE, refs=("RFC 8445, 5.1.1.3",), subject="sdp")
def foundation_shared(description: LintedDescription) -> Iterator[Hit]:
    """Candidates that share a foundation have the same type and transport.

    Why: pairs of one foundation are tested one after the other: the agent expects the same outcome.
        A foundation that is shared wrongly delays the checks of a path that would work.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
        a=candidate:1 1 udp 1694498815 192.0.2.9 50000 typ srflx raddr 0.0.0.0 rport 9
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
        a=candidate:2 1 udp 1694498815 192.0.2.9 50000 typ srflx raddr 0.0.0.0 rport 9
    Fix: give each combination of type, base, server and transport its own foundation.
    """
    kinds: dict[tuple[int, str], tuple[str, str]] = {}
    for line in description.candidates:
        kind = (line.words[7], line.words[2].lower())
        first = kinds.setdefault((line.media.index, line.words[0]), kind)
        if first != kind:
            yield Hit(
                f"foundation {line.words[0][:32]} of a {kind[0][:20]}/{kind[1][:20]} candidate is "
                f"that of a {first[0][:20]}/{first[1][:20]} one",
                description.at_word(line.attribute, 0),
            )


@rule("ICE021", WARNING, layer=Layer.ICE, refs=("RFC 8445, 5.1.3",), subject="sdp")
def duplicate_candidate(description: LintedDescription) -> Iterator[Hit]:
    """A candidate should be given once.

    Why: the second is redundant. It usually means that a candidate was added to the description and
        signalled by itself as well.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
        a=candidate:1 2 udp 2130706430 192.0.2.1 50001 typ host
    Fix: send it once.
    """
    first: dict[tuple[object, ...], CandidateLine] = {}
    for line in description.candidates:
        fields = line.words
        key: tuple[object, ...] = (
            line.media.index,
            fields[1],
            fields[2].lower(),
            fields[4],
            fields[5],
            fields[7],
        )
        key += (line.extension("tcptype"), line.extension("raddr"), line.extension("rport"))
        other = first.setdefault(key, line)
        if other is not line:
            yield Hit(
                f"the same candidate as in line {other.attribute.line}",
                description.at_value(line.attribute),
            )


@rule("ICE022", WARNING, layer=Layer.ICE, refs=("RFC 8838, 13", "RFC 8840, 8.2"), subject="sdp")
def candidates_after_end(description: LintedDescription) -> Iterator[Hit]:
    """No candidate should follow `a=end-of-candidates`.

    Why: it says that there are no more, so a receiver may give up as soon as all pairs failed, or
        ignore what comes late.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=end-of-candidates
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
        a=end-of-candidates
    Fix: write it after the last candidate.
    """
    ends = {
        media.index: item.line for media, item in description.find_in_media("end-of-candidates")
    }
    for line in description.candidates if ends else ():
        end = ends.get(line.media.index)
        if end is not None and line.attribute.line > end:
            yield Hit(
                f"candidate after end-of-candidates (line {end})",
                description.at_value(line.attribute),
            )


@rule("ICE023", WARNING, layer=Layer.ICE, refs=("RFC 8838, 3", "RFC 8840, 4.1.1"), subject="sdp")
def nothing_to_come(description: LintedDescription) -> Iterator[Hit]:
    """A description without candidates should say that they will trickle.

    Why: without `a=ice-options:trickle` a peer may conclude that there are no candidates at all and
        fail at once. Often the description was sent before gathering was complete.
    Fires on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
    Silent on:
        m=audio 9 UDP/TLS/RTP/SAVPF 0
        a=ice-ufrag:8hhY
        a=ice-options:trickle
    Fix: wait for `icegatheringstate` complete before sending, or write the option and send each
        candidate as it is found.
    """
    for media in description.transports:
        # Without credentials it is no ICE at all (ICE001).
        if media.ice_ufrag is None or media.has("candidate"):
            continue
        if "trickle" not in media.ice_options and not media.end_of_candidates:
            what = "no candidates, and no ice-options:trickle"
            yield Hit(f"media section {media.index}: {what}", description.at_line(media))


@rule(
    "ICE025", WARNING, layer=Layer.ICE, refs=("RFC 8839, 4.2.1.2", "RFC 8839, 4.2.5"), subject="sdp"
)
def default_destination(description: LintedDescription) -> Iterator[Hit]:
    """The address of `c=` and the port of `m=` should be those of a candidate.

    Why: where they are none, the other end may take it for the work of a gateway and give ICE up
        (`a=ice-mismatch`). Before gathering they are 0.0.0.0 and 9. Browsers do not look.
    Fires on:
        m=audio 50000 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 198.51.100.7
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Silent on:
        m=audio 50000 UDP/TLS/RTP/SAVPF 0
        c=IN IP4 192.0.2.1
        a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host
    Fix: write the address and port of the candidate most likely to work, or 0.0.0.0 and 9.
    """
    given: dict[int, set[tuple[str, str]]] = {}
    for line in description.candidates:
        given.setdefault(line.media.index, set()).add((line.words[4].lower(), line.words[5]))
    for media in description.transports:
        port = media.port
        section: Section = media if media.connections else description.session
        connection = section.connections[0] if section.connections else None
        if port in (None, 0, 9) or connection is None:
            continue
        found = given.get(media.index)
        unspecified = connection.address in ("0.0.0.0", "::")
        if found is None:
            if unspecified:
                yield Hit(
                    f"port {port} without an address or a candidate",
                    description.at_word(media, 1),
                    severity=INFO,
                )
        elif (connection.address.lower(), str(port)) not in found and not unspecified:
            yield Hit(
                f"{connection.address} port {port} is none of the candidates",
                description.at(connection.span),
            )
