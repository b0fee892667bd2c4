"""What is wrong with a remote description by itself: RFC 9429, 5.8."""

import re
from collections.abc import Iterator
from functools import lru_cache

from rtckit.jsep.matching.formats import Formats
from rtckit.jsep.matching.sctp import DATA_PROTOCOLS
from rtckit.jsep.stacks.rfc.rereading import formats_of, problems_of
from rtckit.sdp.document import Document
from rtckit.sdp.grammar import MEDIA_LINE_ORDER, SESSION_LINE_ORDER
from rtckit.sdp.lines import Line, SdpProblem
from rtckit.sdp.media import MediaSection

__all__ = ["RTP_PROTOCOLS", "find_description_fault", "find_syntax_fault", "is_known", "named"]

RTP_PROTOCOLS = frozenset(
    (
        "RTP/AVP",
        "RTP/AVPF",
        "RTP/SAVP",
        "RTP/SAVPF",
        "TCP/DTLS/RTP/SAVP",
        "TCP/DTLS/RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
        "UDP/TLS/RTP/SAVPF",
    )
)
"""The profiles of an offer that are taken for DTLS-SRTP (RFC 9429, 5.1.2)."""

_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_ORDERED = re.compile(
    "v=o=s=(?:i=)*(?:u=)*(?:e=)*(?:p=)*(?:c=)*(?:b=)*(?:[rz]=)*t=(?:[trz]=)*(?:k=)*(?:a=)*"
    "(?:m=(?:i=)*(?:c=)*(?:b=)*(?:k=)*(?:a=)*)*"
)
_REQUIRED = "vost"
_TIMES = "trz"
_UFRAG = range(4, 257)
_PWD = range(22, 257)
_MOST = 4


def named(media: MediaSection) -> str:
    """A section as messages name it."""
    mid = f", mid {media.mid[:20]!r}" if media.mid is not None else ""
    return f"section {media.index} ({media.kind[:20] or '?'}{mid})"


def is_known(media: MediaSection) -> bool:
    """Whether a section is of a kind and a protocol that can be taken; others are rejected."""
    protocol = media.protocol.upper()
    if media.is_data:
        return protocol in DATA_PROTOCOLS
    return media.kind in ("audio", "video") and protocol in RTP_PROTOCOLS


# -- syntax -------------------------------------------------------------------------------------


def find_syntax_fault(document: Document) -> str | None:
    """The first line that is not well formed or out of order; None if there is none.

    RFC 9429, 5.8: such a description is refused, whatever the line is good for. A payload type
    without a meaning is no fault of syntax; it is ignored (RFC 9429, 5.10).
    """
    fault = _find_order_fault(document)
    if fault is not None:
        return fault
    for problem in _problems_of(document):
        if problem.message.endswith("has no rtpmap"):
            continue
        line, column, _ = problem.span
        wanted = f"; expected {problem.expected}" if problem.expected else ""
        return f"line {line}, column {column}: {problem.message}{wanted}"
    for media in document.media:
        mid = media.find("mid")
        if mid is not None and not _TOKEN.fullmatch(mid.value or ""):
            return f"line {mid.line}: mid {(mid.value or '')[:40]!r} is no token (RFC 5888, 4)"
    return None


def _problems_of(document: Document) -> Iterator[SdpProblem]:
    yield from document.session.problems
    for media in document.media:
        yield from problems_of(media)


def _find_order_fault(document: Document) -> str | None:
    """Where the lines are not in the order of RFC 8866, 9; None if they are."""
    if _ORDERED.fullmatch(document.line_starts):
        return None
    session = document.session.lines
    types = {line.type for line in session}
    for letter in _REQUIRED:
        if letter not in types:
            return f"the {letter}= line is missing"
    if session[0].type != "v":
        return "line 1: expected v=0"
    fault = _find_disorder(session, SESSION_LINE_ORDER)
    for media in document.media:
        fault = fault or _find_disorder(media.lines, MEDIA_LINE_ORDER)
    return fault


def _find_disorder(lines: list[Line], order: str) -> str | None:
    last = -1
    for line in lines:
        rank = order.find("t" if line.type in _TIMES else line.type) if line.type else -1
        if rank < 0:
            continue  # An unknown or damaged line is told of as such.
        if rank < last:
            return f"line {line.number}: {line.type}= after {order[last]}="
        last = rank
    return None


# -- meaning ------------------------------------------------------------------------------------


def find_description_fault(
    document: Document, *, is_answer: bool, mux_policy: str = "require"
) -> str | None:
    """What makes a description unusable (RFC 9429, 5.8.3); None if nothing does.

    Sections that are rejected, or that will be because nothing is known of their kind, are not
    looked at.
    """
    groups = [group.mids for group in document.groups if group.semantics == "BUNDLE"]
    seen: set[str] = set()
    for group in groups:
        for mid in group:
            if mid in seen:
                return f"mid {mid[:20]!r} stands twice in BUNDLE groups (RFC 9143, 7.2)"
            seen.add(mid)
    for media in document.media:
        if media.rejected or not is_known(media):
            continue
        faults = list(_section_faults(document, media, seen, is_answer, mux_policy))
        if faults:
            return f"{named(media)}: {'; '.join(faults[:_MOST])}"
    return None


def _section_faults(
    document: Document, media: MediaSection, bundled: set[str], is_answer: bool, mux_policy: str
) -> Iterator[str]:
    if media.bundle_only and not media.port and media.mid not in bundled:
        return  # The attribute is discarded, and the section is a rejected one (RFC 9143, 6).
    yield from _keying_faults(document, media, is_answer)
    if media.is_rtp:
        there = document.transport_of(media)
        mux = media.rtcp_mux or there.rtcp_mux
        if (media.rtcp_mux_only or there.rtcp_mux_only) and not mux:
            yield "rtcp-mux-only without rtcp-mux (RFC 8858, 4)"
        elif mux_policy == "require" and not mux:
            yield "no a=rtcp-mux, which is required (RFC 9429, 5.8.3)"
        yield from _format_faults(media)
    elif media.sctp_port is None:
        yield "no a=sctp-port (RFC 9429, 5.8.2)"


def _keying_faults(document: Document, media: MediaSection, is_answer: bool) -> Iterator[str]:
    """What is missing of ICE and DTLS, and what may not be there (RFC 9429, 5.1.1)."""
    there = document.transport_of(media)
    fingerprints = media.fingerprints or there.fingerprints
    sdes = media.has("crypto") or document.session.has("crypto")
    if sdes and not fingerprints:
        yield (
            "keys by SDES (a=crypto) and no DTLS fingerprint: only DTLS-SRTP is taken "
            "(RFC 8827, 6.5)"
        )
    elif sdes:
        yield "a=crypto must not be used (RFC 9429, 5.1.1)"
    elif not fingerprints:
        yield "no a=fingerprint, without which there is no DTLS (RFC 9429, 5.8.3)"
    if media.has("key-mgmt") or document.session.has("key-mgmt"):
        yield "a=key-mgmt must not be used (RFC 9429, 5.2.1)"
    ufrag, pwd = there.ice_ufrag or media.ice_ufrag, there.ice_pwd or media.ice_pwd
    if ufrag is None or pwd is None:
        yield "no ICE username fragment and password (RFC 9429, 5.8.3)"
    elif len(ufrag) not in _UFRAG:
        yield f"an ICE username fragment of {len(ufrag)} characters, not 4 to 256 (RFC 8839, 5.4)"
    elif len(pwd) not in _PWD:
        yield f"an ICE password of {len(pwd)} characters, not 22 to 256 (RFC 8839, 5.4)"
    setup = there.setup or media.setup
    if setup is None:
        if fingerprints:
            yield "no a=setup (RFC 9429, 5.8.3)"
    elif setup == "holdconn":
        yield "a=setup:holdconn is not for DTLS (RFC 8842, 5.1)"
    elif is_answer and setup == "actpass":
        yield "an answer chooses: a=setup:active or passive (RFC 9429, 5.3.1)"


@lru_cache(maxsize=256)
def _repeat_faults(formats: Formats, numbers: tuple[str, ...]) -> tuple[str, ...]:
    """What is wrong with the ``rtx`` among the formats of a section, whose numbers are these."""
    known = frozenset(numbers)
    faults = []
    for item in formats:
        if item.identity[0] == "rtx" and (apt := item.parameters.get("apt") or "") not in known:
            what = f"repeats {apt[:20]}, which is not there" if apt else "has no apt"
            faults.append(f"rtx {item.payload_type} {what} (RFC 9429, 5.10)")
    return tuple(faults)


def _format_faults(media: MediaSection) -> Iterator[str]:
    yield from _repeat_faults(formats_of(media), media.media_line.formats)
    if media.simulcast is not None:
        rids = {rid.id for rid in media.rids}
        for streams in (media.simulcast.send, media.simulcast.recv):
            for choice in (choice for choices in streams for choice in choices):
                if choice.rid not in rids:
                    yield f"simulcast of {choice.rid[:20]!r}, which is no rid (RFC 9429, 5.8.3)"
