"""The answer Firefox writes to an offer it has taken: section by section, then BUNDLE."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rtckit.jsep.stacks.firefox.attributes import ExtMap
from rtckit.jsep.stacks.firefox.capabilities import Extension
from rtckit.jsep.stacks.firefox.codec_matching import negotiate_codecs
from rtckit.jsep.stacks.firefox.codecs import is_negotiable
from rtckit.jsep.stacks.firefox.description import Description, Section
from rtckit.jsep.stacks.firefox.extension_numbers import ExtensionNumbers
from rtckit.jsep.stacks.firefox.seats import Seat
from rtckit.jsep.stacks.firefox.writing import SectionText

__all__ = ["STREAMS", "Answer", "Own", "fill_data", "refused", "write_answer_sections"]

_REVERSED = {"sendonly": "recvonly", "recvonly": "sendonly"}
_ROLES = {"active": "passive", "passive": "active", "actpass": "active"}
_CHOSEN_BY_ANSWERER = 4096  # ids from here leave the choice to the answerer (RFC 8285, 7)
_OLD_DATA = "DTLS/SCTP"
STREAMS = 2048
"""How many streams an a=sctpmap of Firefox names."""


@dataclass(slots=True)
class Own:
    """What is Firefox's own in the descriptions of a connection.

    Attributes:
        ice: username fragment and password, the same for every section.
        cname: the CNAME of all sources.
        new_ssrc: makes up a source.
        extensions: the header extensions and their numbers.
        max_message_size: what it takes on a data channel, in bytes.
        sctp_port: its port of SCTP.
    """

    ice: tuple[str, str]
    cname: str
    new_ssrc: Callable[[], int]
    extensions: ExtensionNumbers
    max_message_size: int
    sctp_port: int

    def extensions_for(self, section: SectionText) -> Mapping[str, Extension]:
        """Return the header extensions for a section, by URI.

        Those for simulcast join with the first video section that needs them, and stay.
        """
        if len(section.rids) > 1:
            self.extensions.join_simulcast(sends=section.direction in ("sendrecv", "sendonly"))
        return self.extensions.of(section.media)


@dataclass(slots=True)
class Answer:
    """The parts of an answer.

    Attributes:
        sections: the media sections.
        bundles: the mids of each BUNDLE group.
    """

    sections: list[SectionText] = field(default_factory=list)
    bundles: list[list[str]] = field(default_factory=list)


def directions_and(one: str, other: str) -> str:
    """Return what two directions, seen from the same side, have in common."""
    sends = one in ("sendrecv", "sendonly") and other in ("sendrecv", "sendonly")
    receives = one in ("sendrecv", "recvonly") and other in ("sendrecv", "recvonly")
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


def reverse(direction: str) -> str:
    """Return a direction as the other side sees it."""
    return _REVERSED.get(direction, direction)


def answer_setup(offered: str | None) -> str:
    """Return the role taken where none is in force: active unless the offerer wants to be."""
    return _ROLES.get(offered or "", "active")


def refused(media: str, protocol: str, mid: str | None) -> SectionText:
    """Return a section that is refused: port 0, inactive, one format for the grammar's sake."""
    section = SectionText(media, 0, protocol, "inactive", mid=mid)
    if media == "audio":
        section.formats, section.maps = ("0",), ("a=rtpmap:0 PCMU/8000",)
    elif media == "video":
        section.formats, section.maps = ("120",), ("a=rtpmap:120 VP8/90000",)
    elif media == "application":
        fill_data(section, 0, 0, 0)
    else:
        section.formats, section.maps = ("19",), ("a=rtpmap:19 reserved/8000",)
    return section


def fill_data(section: SectionText, port: int, streams: int, max_message_size: int) -> None:
    """Write the format of a data section, in the form that goes with its protocol."""
    if section.protocol == _OLD_DATA:
        section.formats = (str(port),)
        section.maps = (f"a=sctpmap:{port} webrtc-datachannel {streams}",)
        section.sctp = ()
    else:
        section.formats = ("webrtc-datachannel",)
        section.sctp = (f"a=sctp-port:{port}",)
    if max_message_size:
        section.sctp = (*section.sctp, f"a=max-message-size:{max_message_size}")


def write_answer_sections(
    offer: Description,
    seats: Sequence[Seat],
    own: Own,
    *,
    roles: Sequence[str | None] = (),
) -> Answer:
    """Answer every section of an offer.

    Args:
        offer: the offer, already applied.
        seats: whose each section is, by level.
        own: what Firefox brings along.
        roles: by level the DTLS role in force, which an answer keeps; None to choose one.
    """
    answer = Answer()
    refusals: set[str | None] = set()
    for offered, seat in zip(offer.sections, seats, strict=False):
        role = roles[offered.level] if offered.level < len(roles) else None
        section = None
        if offered.is_disabled:
            refusals.add(offered.mid)
        else:
            section = _answer_section(offered, seat, own, role)
            if section is None:
                refusals.add(offered.mid if seat.is_stopped else offered.mid or seat.mid)
        if section is None:
            mid = offered.mid if offered.is_disabled or seat.is_stopped else offered.mid or seat.mid
            section = refused(offered.media, offered.protocol, mid)
        answer.sections.append(section)
    sections = offer.by_mid()
    for mids in offer.bundles:
        group = with_transport_first([mid for mid in mids if mid not in refusals], sections)
        if group:
            answer.bundles.append(group)
    return answer


def _answer_section(offered: Section, seat: Seat, own: Own, role: str | None) -> SectionText | None:
    """Answer a section that is not refused by its author; None to refuse it."""
    if seat.is_stopped:
        return None
    section = SectionText(
        offered.media,
        9,
        offered.protocol,
        directions_and(reverse(offered.direction), seat.direction),
        mid=offered.mid if offered.mid is not None else seat.mid,
        is_mixed=offered.is_mixed,
        ice=own.ice,
        has_rtcp_mux=offered.has_rtcp_mux,
        has_rtcp_rsize=offered.has_rtcp_rsize and offered.media == "video",
        setup=role or answer_setup(offered.setup),
    )
    if offered.media == "application":
        if not is_negotiable(offered):
            return None
        section.direction = directions_and(reverse(offered.direction), "sendrecv")
        fill_data(section, own.sctp_port, STREAMS, own.max_message_size)
        return section
    codecs = negotiate_codecs(
        seat.usable_codecs(),
        offered,
        keeps_order=bool(seat.preferences),
    )
    if not codecs:
        return None
    section.codecs = codecs
    if offered.media == "video" and seat.has_preferences:
        section.sent = negotiate_codecs(seat.codecs, offered)
        section.sent_fmtps = tuple(_sent_fmtps(section, offered))
    _add_sender(section, offered, seat, own)
    section.extensions = _common_extensions(offered, section, own)
    return section


def _sent_fmtps(section: SectionText, offered: Section) -> Iterator[str]:
    """Yield what slips out of the parameters of an AV1 that is sent and not received.

    That is the tier, if it is 0, and the profile, if the level is 0.
    """
    received = {codec.payload_type for codec in section.codecs}
    for codec in section.sent:
        if codec.key != "av1" or codec.payload_type in received:
            continue
        given = next(
            (
                f.parameters
                for f in offered.formats_read
                if str(f.payload_type) == codec.payload_type
            ),
            {},
        )
        shown = [f"profile={given['profile']}"] if "profile" in given else []
        if given.get("level-idx") != "0":
            shown = []
        if given.get("tier") == "0":
            shown.append("tier=0")
        if shown:
            yield f"a=fmtp:{codec.payload_type} {';'.join(shown)}"


def _add_sender(section: SectionText, offered: Section, seat: Seat, own: Own) -> None:
    """Add the sources, and what is sent: msid, and the rids both sides know."""
    sender = seat.sender
    sends = section.direction in ("sendrecv", "sendonly")
    rids = negotiated_rids(offered, sender.rids)
    if len(rids) > 1:
        section.rids = rids
    sources = sender.sources(max(1, len(rids)), own.new_ssrc)
    section.cname = own.cname
    section.ssrcs = sources
    if sends:
        section.msids = sender.msids
        if any(codec.rtx for codec in section.sent or section.codecs):
            pairs = sender.pairs(sources, own.new_ssrc)
            section.pairs = pairs
            section.ssrcs = [ssrc for pair in pairs for ssrc in pair]


def negotiated_rids(offered: Section, ours: Sequence[str]) -> tuple[str, ...]:
    """Return the rids of the sender that the other side asks for (RFC 8853, 5.3.2)."""
    if offered.simulcast is None:
        return ()
    wanted = {version[0] for version in offered.simulcast.receive}
    return tuple(rid for rid in ours if rid in wanted)


def _common_extensions(offered: Section, section: SectionText, own: Own) -> list[ExtMap]:
    """Answer the header extensions Firefox knows, each as often as it is offered.

    An extension keeps the direction the first offer of it left: once none, it stays none.
    """
    ours = own.extensions_for(section)
    left = {uri: extension.direction for uri, extension in ours.items()}
    taken: list[ExtMap] = []
    for extension in offered.extensions or ():
        uri = extension.uri
        known = ours.get(uri)
        if known is None:
            continue
        direction = left[uri] = directions_and(
            left[uri], reverse(extension.direction or "sendrecv")
        )
        if direction == "inactive":
            continue
        number = extension.id if extension.id < _CHOSEN_BY_ANSWERER else known.id
        # A direction is written only where our own side of the extension has but one.
        shown = direction if known.direction != "sendrecv" else None
        taken.append(ExtMap(number, shown, uri))
    return taken


def with_transport_first(mids: list[str], offered: dict[str, Section]) -> list[str]:
    """Return a group with the first mid that has a transport of its own in front."""
    for index, mid in enumerate(mids):
        section = offered.get(mid)
        if section is not None and not section.is_bundle_only:
            group = list(mids)
            group[0], group[index] = group[index], group[0]
            return group
    return []
