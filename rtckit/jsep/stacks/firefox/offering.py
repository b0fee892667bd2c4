"""The sections of an offer as Firefox writes them."""

from collections.abc import Iterable, Sequence

from rtckit.jsep.stacks.firefox.answering import STREAMS, Own, fill_data, refused
from rtckit.jsep.stacks.firefox.attributes import ExtMap
from rtckit.jsep.stacks.firefox.capabilities import Codec
from rtckit.jsep.stacks.firefox.description import has_rtcp
from rtckit.jsep.stacks.firefox.seats import Seat
from rtckit.jsep.stacks.firefox.writing import SectionText

__all__ = ["bundle_sections", "offer_section", "unduplicated"]

_RTP = "UDP/TLS/RTP/SAVPF"
_SCTP = "UDP/DTLS/SCTP"
_FREE_PAYLOAD_TYPES = range(96, 128)


def offer_section(
    seat: Seat,
    mid: str | None,
    own: Own,
    *,
    protocol: str | None = None,
    is_mixed: bool = False,
    is_rejected: bool = False,
) -> SectionText:
    """Write a section of an offer.

    Args:
        seat: whose it is.
        mid: its mid; None for a section that never had one.
        own: what Firefox brings along.
        protocol: the protocol of the last answer, which is kept; None for a new section.
        is_mixed: the last answer has a=extmap-allow-mixed, which a data section then keeps.
        is_rejected: the section is of a stopped transceiver, or of none.
    """
    if protocol is None:
        protocol = _SCTP if seat.media == "application" else _RTP
    if is_rejected:
        return refused(seat.media, protocol, mid)
    section = SectionText(
        seat.media, 9, protocol, seat.direction, mid=mid, ice=own.ice, setup="actpass"
    )
    if seat.media == "application":
        section.direction = "sendrecv"
        section.is_mixed = is_mixed
        fill_data(section, own.sctp_port, STREAMS, own.max_message_size)
        return section
    section.is_mixed = True
    section.has_rtcp_mux = has_rtcp(protocol)
    section.has_rtcp_rsize = section.has_rtcp_mux and seat.media == "video"
    section.codecs = unduplicated(seat.usable_codecs())
    if seat.media == "video" and seat.has_preferences:
        section.sent = unduplicated(seat.codecs)
    _add_sender(section, seat, own)
    section.extensions = [
        ExtMap(e.id, None if e.direction == "sendrecv" else e.direction, e.uri)
        for e in own.extensions_for(section).values()
    ]
    return section


def _add_sender(section: SectionText, seat: Seat, own: Own) -> None:
    """Add the sources, and what is sent: msid, and the rids of simulcast."""
    sender = seat.sender
    sends = section.direction in ("sendrecv", "sendonly")
    if sends and len(sender.rids) > 1:
        section.rids = sender.rids
    sources = sender.sources(max(1, len(section.rids)), own.new_ssrc)
    section.cname = own.cname
    section.ssrcs = sources
    if sends:
        section.msids = sender.msids
        if any(codec.rtx for codec in section.sent or section.codecs):
            section.pairs = sender.pairs(sources, own.new_ssrc)
            section.ssrcs = [ssrc for pair in section.pairs for ssrc in pair]


def unduplicated(codecs: Sequence[Codec]) -> list[Codec]:
    """Give codecs whose payload type an earlier one has a free dynamic one, or drop them."""
    used: set[str] = set()
    found: list[Codec] = []

    def own_number(wanted: str) -> str | None:
        free = (str(number) for number in _FREE_PAYLOAD_TYPES)
        number = next((n for n in (wanted, *free) if n not in used), None)
        if number is not None:
            used.add(number)
        return number

    for codec in codecs:
        payload_type = own_number(codec.payload_type)
        if payload_type is None:
            continue
        rtx = own_number(codec.rtx) if codec.rtx else ""
        if payload_type != codec.payload_type or rtx != codec.rtx:
            codec = codec._replace(payload_type=payload_type, rtx=rtx or "")
        found.append(codec)
    return found


def bundle_sections(sections: Iterable[SectionText], policy: str) -> list[str]:
    """Put the sections that are not refused in a BUNDLE group, bundle-only as the policy says.

    ``balanced`` leaves the first section of each kind a transport of its own, ``max-bundle`` the
    first of all, ``max-compat`` every one.

    Returns:
        The mids of the group; empty without one.
    """
    mids: list[str] = []
    seen: set[str] = set()
    for section in sections:
        if section.port == 0 or section.mid is None:
            continue
        if policy == "max-bundle":
            section.is_bundle_only = bool(mids)
        elif policy == "balanced":
            section.is_bundle_only = section.media in seen
            seen.add(section.media)
        if section.is_bundle_only:
            section.port = 0
        mids.append(section.mid)
    return mids
