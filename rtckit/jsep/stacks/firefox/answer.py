"""The answer Firefox makes of an offer, as far as its own checks will look at it."""

from rtckit.jsep.stacks.firefox.attributes import ExtMap
from rtckit.jsep.stacks.firefox.checks import Rejected
from rtckit.jsep.stacks.firefox.codecs import is_negotiable
from rtckit.jsep.stacks.firefox.description import Description, Section
from rtckit.jsep.stacks.firefox.transceivers import Transceivers

_RTP = "urn:ietf:params:rtp-hdrext:"
_GOOGLE = "http://www.webrtc.org/experiments/rtp-hdrext/"
_RECEIVE = frozenset(("recv",))
_BOTH = frozenset(("send", "recv"))
_FLOWS = {
    "sendrecv": _BOTH,
    "sendonly": frozenset(("send",)),
    "recvonly": _RECEIVE,
    "inactive": frozenset[str](),
}
_OPPOSITE = {"send": "recv", "recv": "send"}
_EXTENSIONS = {
    f"{_RTP}sdes:mid": _BOTH,
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01": _BOTH,
}
_AUDIO_EXTENSIONS = {
    f"{_RTP}ssrc-audio-level": _BOTH,
    f"{_RTP}csrc-audio-level": _RECEIVE,
}
_VIDEO_EXTENSIONS = {
    f"{_GOOGLE}abs-send-time": _BOTH,
    f"{_RTP}toffset": _BOTH,
    f"{_GOOGLE}playout-delay": _RECEIVE,
}
_ROLES = {"active": "passive", "passive": "active", "actpass": "active"}
_HEADER_LINES = 7  # v=, o=, s=, t=, fingerprint, ice-options, msid-semantic
_REVERSED = {"sendonly": "recvonly", "recvonly": "inactive", "inactive": "inactive"}


def create_answer(offer: Description, transceivers: Transceivers) -> Description:
    """Return the answer to an offer that was applied.

    A section without anything in common is refused and leaves its BUNDLE group; a group then
    begins with a section that is not bundle-only in the offer, or is left out.

    Raises:
        Rejected: a section lost its transceiver to another one.
    """
    answer = Description()
    refused: set[str | None] = set()
    for offered in offer.sections:
        transceiver = transceivers.by_level.get(offered.level)
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
            refused.add(mid)
        answer.sections.append(section)
    sections = offer.by_mid()
    for mids in offer.bundles:
        group = _with_transport_first([mid for mid in mids if mid not in refused], sections)
        if group:
            answer.bundles.append(group)
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
        extensions=_answer_extensions(offered),
    )


def _answer_extensions(offered: Section) -> list[ExtMap] | None:
    """Answer the header extensions Firefox knows, each as often as it is offered.

    An extension keeps the direction the first offer of it left: once none, it stays none.
    """
    if offered.media not in ("audio", "video"):
        return None
    ours = dict(_EXTENSIONS)
    ours.update(_AUDIO_EXTENSIONS if offered.media == "audio" else _VIDEO_EXTENSIONS)
    taken: list[ExtMap] = []
    for extension in offered.extensions or ():
        if extension.uri in ours:
            theirs = _FLOWS[extension.direction or "sendrecv"]
            ours[extension.uri] &= {_OPPOSITE[flow] for flow in theirs}
            if ours[extension.uri]:
                taken.append(extension)
    return taken or None


def check_written(answer: Description) -> None:
    """Check that Firefox can read the answer it wrote.

    Two kinds of section it accepts are beyond it once it writes them down: sound or pictures over
    SCTP, refused with a payload type for a format, and the text it took ``m=image`` for. The line
    it blames is that of the answer; it is exact for the first section only.

    Raises:
        Rejected: it cannot.
    """
    unreadable = (
        (
            " No webrtc-datachannel token in m= media line, parse failed.",
            lambda section: (
                section.media in ("audio", "video", "text")
                and section.protocol in ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP")
            ),
        ),
        ("Unsupported media section type", lambda section: section.media == "text"),
    )
    for complaint, applies in unreadable:
        for section in answer.sections:
            if applies(section):
                before = sum(_written_lines(one) for one in answer.sections[: section.level])
                line = _HEADER_LINES + len(answer.bundles) + before + 1
                raise Rejected(
                    "OperationError",
                    f"SIPCC Failed to parse SDP: SDP Parse Error on line {line}: {complaint}\n",
                )


def _written_lines(section: Section) -> int:
    """Count the lines of a section of an answer, the parameters of its codecs left out."""
    always = 3 + (section.mid is not None)  # m=, c=, direction
    if section.is_disabled:
        return always + 1
    optional = len(section.extensions or ()) + section.has_rtcp_mux
    return always + optional + len(section.formats) + 3  # ufrag, password, setup


def check_survives(offer: Description, answer: Description) -> None:
    """Check for the missing fingerprint that takes the page down.

    The check of fingerprints passes by sections that are bundle-only, and those of a remote answer
    that are bundled into another one; but when the answer is set the fingerprint of every section
    of the remote side is fetched, and one that is not there ends the process.

    Args:
        offer: the remote description: the offer, or the answer itself where it is remote.
        answer: the answer that is set.

    Raises:
        Rejected: with ``crash`` for the name of the exception.
    """
    for offered, answered in zip(offer.sections, answer.sections, strict=True):
        if not answered.is_disabled and offered.fingerprints is None:
            raise Rejected("crash", "the page is lost")


def _with_transport_first(mids: list[str], offered: dict[str, Section]) -> list[str]:
    """Return a group with the first mid that has a transport of its own in front."""
    for index, mid in enumerate(mids):
        section = offered.get(mid)
        if section is not None and not section.is_bundle_only:
            group = list(mids)
            group[0], group[index] = group[index], group[0]
            return group
    return []
