"""Session descriptions around an ICE session: what is sent to the other end, and what came.

Only ICE is meant by them. The offer is one of a data channel; the answer takes what was offered.
The DTLS fingerprint in both belongs to no certificate, so nothing but ICE comes to work.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from rtckit.core.errors import ParseError, UnreadableInput
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.settings import Credentials
from rtckit.sdp import (
    Document,
    MediaSection,
    build_candidate,
    parse,
    parse_candidate,
    read_description,
)

__all__ = [
    "RemoteDescription",
    "build_answer",
    "build_offer",
    "candidate_line",
    "read_candidate",
    "read_remote",
    "with_candidates",
]

_OFFER = """v=0
o=- {session} 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
"""


@dataclass(frozen=True, slots=True)
class RemoteDescription:
    """What a description says about ICE.

    Attributes:
        type: ``offer``, ``answer``, ``pranswer``, or None when it does not say.
        credentials: of the section that carries everything.
        candidates: of that section.
        lite: the other end only answers checks.
        options: what it says in ``a=ice-options``.
        ended: there are no more candidates to come.
        mid: of the section, for candidates that are sent alone.
        text: the description itself.
    """

    type: str | None
    credentials: Credentials
    candidates: tuple[IceCandidate, ...]
    lite: bool
    options: tuple[str, ...]
    ended: bool
    mid: str | None
    text: str


def build_offer(
    credentials: Credentials,
    candidates: Sequence[IceCandidate],
    random: Random,
    *,
    trickle: bool = False,
    lite: bool = False,
    options: Sequence[str] = ("trickle",),
) -> str:
    """Write an offer of one data channel.

    Args:
        credentials: of this end.
        candidates: those gathered so far; all there are unless ``trickle``.
        random: where the session id and the fingerprint come from.
        trickle: more candidates follow (RFC 8838).
        lite: this end only answers checks.
        options: for ``a=ice-options``.
    """
    text = _OFFER.format(
        session=random.getrandbits(62),
        fingerprint=":".join(f"{byte:02X}" for byte in random.randbytes(32)),
    )
    return _with_ice(text.replace("\n", "\r\n"), credentials, candidates, trickle, lite, options)


def build_answer(
    offer: str,
    credentials: Credentials,
    candidates: Sequence[IceCandidate],
    random: Random,
    *,
    trickle: bool = False,
    lite: bool = False,
    options: Sequence[str] = ("trickle",),
) -> str:
    """Answer an offer of any kind, as the standards have it; see `build_offer`.

    Raises:
        UnreadableInput: the offer cannot be answered.
    """
    from rtckit.jsep import OfferRefused, answer

    try:
        made = answer(parse(offer), "rfc", seed=f"{random.getrandbits(64):x}")
    except OfferRefused as refused:
        raise UnreadableInput(f"the offer cannot be answered: {refused}") from refused
    return _with_ice(str(made.write()), credentials, candidates, trickle, lite, options)


def _with_ice(
    text: str,
    credentials: Credentials,
    candidates: Iterable[IceCandidate],
    trickle: bool,
    lite: bool,
    options: Sequence[str],
) -> str:
    """Put credentials and candidates of this end into a description."""
    editor = parse(text).edit()
    document = parse(text)
    carrier = _carrier(document)
    own = [candidate.to_sdp(hide_related=bool(candidate.name)) for candidate in candidates]
    for section in document.media:
        if section.rejected:
            continue
        editor.set_attribute(section.index, "ice-ufrag", credentials.ufrag)
        editor.set_attribute(section.index, "ice-pwd", credentials.pwd)
        editor.replace_candidates(section.index, own if section.index == carrier.index else [])
        editor.remove_attributes(section.index, "end-of-candidates")
        if section.index == carrier.index and not trickle:
            editor.add_attribute(section.index, "end-of-candidates")
    editor.set_attribute(None, "ice-options", " ".join(options))
    if lite:
        editor.add_attribute(None, "ice-lite")
    return str(editor.write())


def with_candidates(text: str, candidates: Sequence[IceCandidate]) -> str:
    """Put candidates of this end into a description, in place of those it has."""
    document = parse(text)
    own = [candidate.to_sdp(hide_related=bool(candidate.name)) for candidate in candidates]
    return str(document.edit().replace_candidates(_carrier(document).index, own).write())


def read_remote(text: str) -> RemoteDescription:
    """Read a description in any form people hold one: SDP, JSON, base64 and others.

    Raises:
        UnreadableInput: it is none, or there is nothing about ICE in it.
    """
    try:
        description = read_description(text)
    except ParseError as error:
        raise UnreadableInput(f"no session description: {error}") from error
    document = description.document
    section = _carrier(document)
    if not section.ice_ufrag or not section.ice_pwd:
        raise UnreadableInput("the description has no a=ice-ufrag and a=ice-pwd")
    trickles = "trickle" in section.ice_options
    return RemoteDescription(
        description.type,
        Credentials(section.ice_ufrag, section.ice_pwd),
        tuple(
            IceCandidate.from_sdp(candidate)
            for candidate in section.candidates
            if candidate.component == 1
        ),
        document.session.ice_lite,
        tuple(section.ice_options),
        section.end_of_candidates or not trickles,
        section.mid,
        str(document.write()),
    )


def read_candidate(text: str) -> IceCandidate | None:
    """Read a candidate that came alone; None for the word that there are no more.

    Raises:
        UnreadableInput: it is none.
    """
    line = text.strip().removeprefix("a=")
    if not line or line == "end-of-candidates":
        return None
    try:
        return IceCandidate.from_sdp(parse_candidate(line))
    except ParseError as error:
        raise UnreadableInput(f"no candidate: {error}") from error


def candidate_line(candidate: IceCandidate) -> str:
    """Write a candidate as browsers do in ``RTCIceCandidate.candidate``."""
    return build_candidate(candidate.to_sdp(hide_related=bool(candidate.name)))


def _carrier(document: Document) -> MediaSection:
    """Return the section whose transport carries the bundle, else the first that is accepted."""
    accepted = [section for section in document.media if not section.rejected]
    if not accepted:
        raise UnreadableInput("the description has no media section that is not rejected")
    for mid in document.bundle:
        for section in accepted:
            if section.mid == mid:
                return section
    return accepted[0]
