"""What createAnswer makes of an offer: libwebrtc's order of decisions, as a description.

The answer says what is negotiated; `writing` makes the text of it.
"""

from collections.abc import Mapping, Sequence

from rtckit.jsep.stacks.chromium.capabilities import (
    ABS_CAPTURE_TIME,
    DEPENDENCY_DESCRIPTOR,
    FRAME_DESCRIPTOR,
    MOST_MESSAGE_SIZE,
)
from rtckit.jsep.stacks.chromium.codec_matching import (
    find_match,
    has_media,
    merge,
    negotiate,
    prefer,
    union,
)
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
from rtckit.jsep.stacks.chromium.keeping import kept_by_items
from rtckit.jsep.stacks.chromium.options import Making, SectionOptions
from rtckit.jsep.stacks.chromium.refusal import INTERNAL, Refused
from rtckit.jsep.stacks.chromium.sources import add_sender
from rtckit.jsep.transceiver import intersect, reverse_of

__all__ = ["create_answer"]

_PLAIN = ("RTP/SAVPF", "RTP/AVPF", "RTP/SAVP", "RTP/AVP")
_SECURE = ("UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/TLS/RTP/SAVP")
_ALWAYS_TAKEN = (DEPENDENCY_DESCRIPTOR, FRAME_DESCRIPTOR, ABS_CAPTURE_TIME)
"""Header extensions an answer takes though nobody asked for them."""


def create_answer(
    offer: Description,
    sections: Sequence[SectionOptions],
    making: Making,
    current: Description | None = None,
) -> Description:
    """Return the answer to an offer that is set.

    Args:
        offer: the remote description.
        sections: what each section of the answer is to be, in the order of the offer.
        making: what the sections share.
        current: the local description in force, whose codecs and sources are kept.

    Raises:
        Refused: there is no answer to it.
    """
    answer = Description(allow_mixed=offer.allow_mixed)
    answer.has_ssrc_msid = offer.has_ssrc_msid and not offer.has_msid
    answer.has_msid = not answer.has_ssrc_msid
    group_of = {mid: place for place, group in enumerate(offer.bundles) for mid in reversed(group)}
    groups: list[list[str]] = [[] for _ in offer.bundles]
    leaders: dict[int, Transport] = {}
    last: dict[int, Transport] = {}
    for place, (offered, options) in enumerate(zip(offer.contents, sections, strict=True)):
        group = group_of.get(offered.mid)
        leader = None if group is None else leaders.get(group)
        transport = _answer_transport(
            offered, options, making, required=leader is None and not offered.rejected
        )
        before = None
        if current is not None and place < len(current.contents):
            before = current.contents[place]
        kept = _answer_section(offered, options, making, transport, before)
        # Members of a group are judged by the one before them, not by the one that leads.
        judged = transport if group is None else last.get(group, transport)
        if kept.kind != UNSUPPORTED and not _is_supported(kept, judged):
            kept.rejected = True
        if offer.allow_mixed:
            kept.allow_mixed = False
        answer.contents.append(kept)
        if group is not None and not kept.rejected:
            groups[group].append(offered.mid)
            last[group] = transport
            if leader is None:
                leaders[group] = transport
            else:
                transport.ufrag, transport.pwd = leader.ufrag, leader.pwd
                transport.role = leader.role
    answer.groups = [("BUNDLE", group) for group in groups]
    return answer


def _is_supported(content: Content, transport: Transport) -> bool:
    """Whether the profile fits the transport: anything with TLS in it needs a certificate."""
    if not content.protocol or content.protocol in _PLAIN:
        return content.kind != DATA or not content.protocol
    if transport.fingerprint is None:
        return False
    return content.kind == DATA or content.protocol in _SECURE


def _answer_section(
    offered: Content,
    options: SectionOptions,
    making: Making,
    transport: Transport,
    before: Content | None,
) -> Content:
    content = Content(offered.kind, offered.protocol, transport, offered.mid)
    content.rejected = options.stopped or offered.rejected
    if offered.kind in (AUDIO, VIDEO):
        _answer_media(content, offered, options, making, before)
    elif offered.kind == DATA:
        content.sctpmap = offered.sctpmap
        size = offered.max_message_size
        content.max_message_size = min(size, MOST_MESSAGE_SIZE) if size else MOST_MESSAGE_SIZE
    else:
        content.media = offered.media
        content.rejected = True
        content.allow_mixed = True
    return content


def _answer_media(
    content: Content,
    offered: Content,
    options: SectionOptions,
    making: Making,
    before: Content | None,
) -> None:
    wanted = options.direction
    content.direction = intersect(reverse_of(offered.direction), wanted)
    content.codecs = answer_codecs(offered, content.direction, options, making, before)
    if not has_media(content.codecs):
        content.rejected = True
    content.allow_mixed = offered.allow_mixed
    content.rtcp_mux = offered.rtcp_mux
    content.rtcp_rsize = offered.rtcp_rsize
    content.xr_round_trip = offered.xr_round_trip
    content.net_estimate = offered.net_estimate
    content.sframe = offered.sframe
    content.extensions = _answer_extensions(offered, options, making)
    add_sender(content, options.sender, making)


def answer_codecs(
    offered: Content,
    direction: str,
    options: SectionOptions,
    making: Making,
    before: Content | None,
) -> list[Codec]:
    """Return the codecs of a section of an answer.

    Without preferences of the page, the codecs negotiated before come first; then all others that
    can be used in the direction.
    """
    kind = offered.kind
    used = direction if direction in ("sendonly", "recvonly") else reverse_of(offered.direction)
    supported = making.engine.codecs(kind, used)
    theirs = offered.codecs
    is_new = before is None or before.rejected or before.mid != options.mid
    if options.preferences:
        known = [] if is_new or before is None else list(before.codecs)
        merge(known, making.engine.all_codecs(kind), kind)
        mine = prefer(options.preferences, known, supported, kind)
        return negotiate(mine, theirs, kind, keep_offer_order=False)
    if is_new or before is None:
        return negotiate(supported, theirs, kind, keep_offer_order=True)
    kept = [c for c in before.codecs if find_match(before.codecs, theirs, c, kind)]
    others = [
        codec
        for codec in supported
        if find_match(supported, theirs, codec, kind)
        and not find_match(supported, kept, codec, kind)
    ]
    return negotiate(union(kept, others, kind), theirs, kind, keep_offer_order=True)


def _answer_extensions(
    offered: Content, options: SectionOptions, making: Making
) -> list[Extension]:
    """Return the header extensions taken: in my order, under the numbers of the offer."""
    theirs = _by_uri(offered.extensions)
    if not theirs:
        return []
    wanted = options.extensions
    if wanted is None:
        wanted = {each.uri: each.id for each in making.engine.extensions[offered.kind]}
    taken = [theirs[uri] for uri in wanted if uri in theirs]
    taken += [theirs[uri] for uri in _ALWAYS_TAKEN if uri in theirs and uri not in wanted]
    return taken


@kept_by_items
def _by_uri(extensions: Sequence[Extension]) -> dict[str, Extension]:
    """Return the last extension of each URI, but the first that is encrypted if there is one."""
    found: dict[str, Extension] = {}
    for extension in extensions:
        known = found.get(extension.uri)
        if known is None or not known.encrypted:
            found[extension.uri] = extension
    return found


def _answer_transport(
    offered: Content, options: SectionOptions, making: Making, *, required: bool
) -> Transport:
    """Return our side of a transport (RFC 5763, 5).

    Raises:
        Refused: the offer leaves DTLS no way.
    """
    theirs = offered.transport
    ours = Transport(*options.credentials, ["trickle"])
    if (theirs.fingerprint is None and required) or (
        theirs.fingerprint is not None and theirs.role == "holdconn"
    ):
        missing = {AUDIO: "", VIDEO: "", UNSUPPORTED: "unsupported "}.get(offered.kind, "data ")
        raise Refused(f"Failed to create transport answer, {missing}transport is missing", INTERNAL)
    if theirs.fingerprint is None:
        return ours
    ours.fingerprint = making.fingerprint
    if theirs.role in ("active", "passive"):
        ours.role = "passive" if theirs.role == "active" else "active"
    else:
        ours.role = "passive" if options.role == "passive" else "active"
    return ours


def default_sections(
    offer: Description, roles: Mapping[str, str] | None = None
) -> list[SectionOptions]:
    """Return what a connection without tracks makes of an offer: it takes what it can receive."""
    sections = []
    has_data = False
    for place, content in enumerate(offer.contents):
        options = SectionOptions(content.kind, content.mid, role=(roles or {}).get(content.mid))
        options.credentials = (f"{place:04}", f"{place:024}")
        if content.kind == DATA:
            options.stopped = has_data or content.rejected
            has_data = has_data or not content.rejected
        elif content.rejected:
            options.stopped = True
            options.direction = "inactive"
        sections.append(options)
    return sections
