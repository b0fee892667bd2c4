"""The answer Firefox makes of an offer, as far as its own checks will look at it."""

from rtckit.jsep.stacks.firefox.checks import Rejected
from rtckit.jsep.stacks.firefox.codecs import is_negotiable
from rtckit.jsep.stacks.firefox.description import Description, Section
from rtckit.jsep.stacks.firefox.transceivers import Transceivers

_ROLES = {"active": "passive", "passive": "active", "actpass": "active"}
_REVERSED = {"sendonly": "recvonly", "recvonly": "inactive", "inactive": "inactive"}


def create_answer(offer: Description, transceivers: Transceivers) -> Description:
    """Return the answer to an offer that was applied.

    A section without anything in common is refused and leaves its BUNDLE group; a group then
    begins with a section that is not bundle-only in the offer, or is left out.

    Raises:
        Rejected: a section lost its transceiver to another one.
    """
    answer = Description(bundles=[list(mids) for mids in offer.bundles])
    for offered in offer.sections:
        transceiver = transceivers.at_level(offered.level)
        if transceiver is None:
            raise Rejected("OperationError", f"No transceiver for level {offered.level}")
        section = _answer_section(offered, transceiver.mid)
        if offered.is_disabled or not is_negotiable(offered):
            # The group loses only a mid the section carries: of a refused one that is the
            # offered one, of the others also one that was made up.
            mid = offered.mid if offered.is_disabled else section.mid
            section = Section(
                offered.level, offered.media, 0, offered.protocol, mid=mid, direction="inactive"
            )
            _remove_mid(answer, mid)
        answer.sections.append(section)
    answer.bundles = [
        group for mids in answer.bundles if (group := _with_transport_first(mids, offer))
    ]
    return answer


def _answer_section(offered: Section, mid: str | None) -> Section:
    """Answer a section that is taken: transport of our own, mid, RTCP and profile as offered."""
    return Section(
        offered.level,
        offered.media,
        9,
        offered.protocol,
        formats=offered.formats,
        mid=offered.mid if offered.mid is not None else mid,
        direction=_REVERSED.get(offered.direction, "recvonly"),
        has_rtcp_mux=offered.has_rtcp_mux,
        ice_ufrag="0" * 8,
        ice_pwd="0" * 32,
        fingerprints=1,
        setup=_ROLES.get(offered.setup or "", "active"),
    )


def _remove_mid(answer: Description, mid: str | None) -> None:
    """Take a mid out of the groups, once from each, and drop those left empty."""
    kept: list[list[str]] = []
    for mids in answer.bundles:
        if mid in mids:
            mids.remove(mid)
        if mids:
            kept.append(mids)
    answer.bundles = kept


def _with_transport_first(mids: list[str], offer: Description) -> list[str]:
    """Return a group with the first mid that has a transport of its own in front."""
    for index, mid in enumerate(mids):
        section = offer.find(mid)
        if section is not None and not section.is_bundle_only:
            group = list(mids)
            group[0], group[index] = group[index], group[0]
            return group
    return []
