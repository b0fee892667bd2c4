"""What createOffer makes of the transceivers: libwebrtc's order of decisions, as a description."""

from collections.abc import Mapping, Sequence

from rtckit.jsep.stacks.chromium.capabilities import MOST_MESSAGE_SIZE
from rtckit.jsep.stacks.chromium.codec_matching import find_match, prefer
from rtckit.jsep.stacks.chromium.description import (
    AUDIO,
    DATA,
    UNSUPPORTED,
    VIDEO,
    Codec,
    Content,
    Description,
    Extension,
    Transport,
)
from rtckit.jsep.stacks.chromium.options import Making, SectionOptions
from rtckit.jsep.stacks.chromium.payload_types import Meaning, meaning_of
from rtckit.jsep.stacks.chromium.sources import add_sender

__all__ = ["create_offer"]

_PROTOCOL = "UDP/TLS/RTP/SAVPF"
_DATA_PROTOCOL = "UDP/DTLS/SCTP"
_ONE_BYTE_MOST = 14
_TWO_BYTE_MOST = 255


def create_offer(
    sections: Sequence[SectionOptions],
    making: Making,
    current: Description | None = None,
) -> Description:
    """Return an offer.

    Args:
        sections: what each section is to be, in order.
        making: what the sections share.
        current: the local description in force, whose codecs, numbers and sources are kept.
    """
    active = _active_contents(sections, current)
    extensions = _number_extensions(sections, active, making)
    used = {
        codec.payload_type: meaning_of(codec, content.kind)
        for content in active
        if content is not None
        for codec in content.codecs
    }
    offer = Description(allow_mixed=True, has_msid=True, has_ssrc_msid=True)
    for place, options in enumerate(sections):
        content = _offer_section(options, making)
        if content.kind in (AUDIO, VIDEO):
            content.extensions = extensions[place]
            content.codecs = _offer_codecs(options, active[place], used, making)
            add_sender(content, options.sender, making)
        offer.contents.append(content)
    bundled = [content for content in offer.contents if not content.rejected]
    if bundled:
        offer.groups = [("BUNDLE", [content.mid for content in bundled])]
        for content in bundled:
            content.transport.ufrag = bundled[0].transport.ufrag
            content.transport.pwd = bundled[0].transport.pwd
    return offer


def _active_contents(
    sections: Sequence[SectionOptions], current: Description | None
) -> list[Content | None]:
    """Return for each section what stands in its place already, None for what is new there.

    Of a section that is to be rejected, too.
    """
    active: list[Content | None] = [None] * len(sections)
    for place, content in enumerate(current.contents if current else ()):
        options = sections[place]
        if not content.rejected and content.mid == options.mid:
            active[place] = content
    return active


def _offer_section(options: SectionOptions, making: Making) -> Content:
    transport = Transport(*options.credentials, ["trickle"])
    transport.role, transport.fingerprint = "actpass", making.fingerprint
    is_media = options.kind in (AUDIO, VIDEO)
    content = Content(options.kind, _PROTOCOL if is_media else _DATA_PROTOCOL, transport)
    content.mid = options.mid
    content.rejected = options.stopped
    content.direction = options.direction
    if is_media:
        content.rtcp_mux = content.rtcp_rsize = content.xr_round_trip = True
    elif options.kind == DATA:
        content.sctpmap = False
        content.max_message_size = MOST_MESSAGE_SIZE
    else:
        content.kind = UNSUPPORTED
        content.rejected = True
    return content


def _offer_codecs(
    options: SectionOptions, before: Content | None, used: dict[int, Meaning], making: Making
) -> list[Codec]:
    """Return the codecs of a section: those it has, then all others of its direction."""
    kind = options.kind
    kept = list(before.codecs) if before is not None else []
    supported = making.engine.codecs(kind, options.direction)
    if options.preferences:
        every = making.engine.all_codecs(kind)
        known = [*kept, *_numbered(every, kept, None, kind, making)]
        return prefer(options.preferences, known, supported, kind)
    return [*kept, *_numbered(supported, kept, used, kind, making)]


def _numbered(
    codecs: Sequence[Codec],
    kept: Sequence[Codec],
    used: dict[int, Meaning] | None,
    kind: str,
    making: Making,
) -> list[Codec]:
    """Return the codecs a section does not have yet, under the numbers they get in it."""
    there = {codec.payload_type: find_match(codecs, kept, codec, kind) for codec in codecs}
    reference = {str(own): str(found.payload_type) for own, found in there.items() if found}
    missing = [codec for codec in codecs if there[codec.payload_type] is None]
    # Numbers go to codecs in the order of those that are received.
    places = {codec.payload_type: n for n, codec in enumerate(making.engine.all_codecs(kind))}
    in_turn = sorted(missing, key=lambda codec: places.get(codec.payload_type, len(places)))
    numbered = making.payload_types.number(in_turn, kind, used, reference)
    return [numbered[codec.payload_type] for codec in missing]


def _number_extensions(
    sections: Sequence[SectionOptions], active: Sequence[Content | None], making: Making
) -> list[list[Extension]]:
    """Return the header extensions of each section; a URI has one number in all of them.

    Those in use keep their numbers. Others get the one they were offered under before, even if it
    has been taken since; else the one their transceiver knows, and if that is taken the highest
    free one of the one-byte range, then the lowest of the two-byte range (RFC 8285, 4.2 and 4.3).
    Their order is that in which the sections of a kind first name them.
    """
    numbers: dict[str, int] = {}
    used = set(making.extension_numbers.values())
    named: dict[str, dict[str, None]] = {AUDIO: {}, VIDEO: {}}
    for content in active:
        if content is None or content.kind not in named:
            continue
        for extension in content.extensions:
            if not extension.encrypted:
                named[content.kind][extension.uri] = None
                if extension.uri not in numbers:
                    numbers[extension.uri] = extension.id
                    used.add(extension.id)
    wanted = [_wanted_extensions(options, making) for options in sections]
    for options, extensions in zip(sections, wanted, strict=True):
        for uri, preferred in extensions.items():
            named[options.kind][uri] = None
            if uri not in numbers:
                number = making.extension_numbers.get(uri) or _free_number(preferred, used)
                numbers[uri] = making.extension_numbers[uri] = number
                used.add(number)
    return [
        [Extension(uri, numbers[uri]) for uri in named.get(options.kind, ()) if uri in extensions]
        for options, extensions in zip(sections, wanted, strict=True)
    ]


def _free_number(preferred: int, used: set[int]) -> int:
    if preferred not in used:
        return preferred
    candidates = (*range(_ONE_BYTE_MOST, 0, -1), *range(_ONE_BYTE_MOST + 2, _TWO_BYTE_MOST))
    return next((number for number in candidates if number not in used), preferred)


def _wanted_extensions(options: SectionOptions, making: Making) -> Mapping[str, int]:
    """Return the extensions of a section, with the numbers they would have."""
    if options.kind not in (AUDIO, VIDEO):
        return {}
    if options.extensions is None:
        return {
            each.uri: each.id for each in making.engine.extensions[options.kind] if each.offered
        }
    return options.extensions
