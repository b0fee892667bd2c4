"""What an answer took from its offer, section by section (RFC 3264, 6; RFC 9429, 5.3.1)."""

from dataclasses import dataclass

from rtckit.sdp.comparison.codec_identity import CodecTable
from rtckit.sdp.comparison.codecs import label_codecs, match_codecs
from rtckit.sdp.comparison.matching import Pairs, order_of_common, pair_up
from rtckit.sdp.comparison.rtp import extension_name
from rtckit.sdp.document import Document
from rtckit.sdp.lines import Span
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Codec, SimulcastStream

__all__ = ["AnswerView", "AnsweredSection", "Taken", "compare_answer"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a list in the offer; ``added`` is what the offer did not have."""

    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all was taken and nothing added."""
        return not self.dropped and not self.added


@dataclass(frozen=True, slots=True)
class AnsweredSection:
    """What the answer says to one section of the offer; sections answer by their place.

    ``state`` is ``accepted``, ``rejected``, ``stopped`` (the offer had rejected it), ``missing``
    or ``extra``. ``flow`` says who will send. ``renumbered`` are codecs under another payload type,
    as ``(codec, offered, answered)``. ``faults`` are what no answer may do, in words.
    """

    index: int
    kind: str
    mid: str | None
    state: str
    offered_direction: str
    answered_direction: str
    flow: str
    role: str
    codecs: Taken
    order: tuple[str, ...]
    reordered: bool
    renumbered: tuple[tuple[str, str, str], ...]
    feedback: Taken
    extensions: Taken
    simulcast: Taken
    faults: tuple[str, ...]
    place_offer: Span | None
    place_answer: Span | None

    @property
    def whole(self) -> bool:
        """Whether the section was taken as it was offered."""
        return (
            self.state in ("accepted", "stopped")
            and not self.faults
            and all(
                part.whole for part in (self.codecs, self.feedback, self.extensions, self.simulcast)
            )
        )


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What an answer took from an offer: its sections, and the bundle."""

    sections: tuple[AnsweredSection, ...]
    bundle: Taken
    faults: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether everything that was offered was taken."""
        return self.bundle.whole and not self.faults and all(s.whole for s in self.sections)


def compare_answer(offer: Document, answer: Document) -> AnswerView:
    """Say what ``answer`` took from ``offer``; never raises for two documents."""
    count = max(len(offer.media), len(answer.media))
    sections = []
    for index in range(count):
        x = offer.media[index] if index < len(offer.media) else None
        y = answer.media[index] if index < len(answer.media) else None
        sections.append(_compare_section(offer, answer, x, y))
    faults = []
    if len(offer.media) != len(answer.media):
        faults.append(
            f"the answer has {len(answer.media)} media sections for the offer's "
            f"{len(offer.media)}: every stack refuses it (RFC 3264, 6)"
        )
    if _is_own(offer, answer):
        faults.append("the o= line is the offer's: this is the same end's own description")
    if answer.bundle and not offer.bundle:
        faults.append("the answer bundles what was not offered in a bundle (RFC 9143, 7.3)")
    return AnswerView(tuple(sections), _take(offer.bundle, answer.bundle), tuple(faults))


def _is_own(offer: Document, answer: Document) -> bool:
    """Whether an end got its own description back; some peers number sessions by the second."""
    one, other = offer.session.origin, answer.session.origin
    if not one or not other or one.session_id != other.session_id:
        return False
    ufrags = [{media.ice_ufrag for media in side.media} - {None} for side in (offer, answer)]
    return one.username == other.username and bool(ufrags[0] & ufrags[1] or not all(ufrags))


def _take(offered: list[str], answered: list[str]) -> Taken:
    left, right = dict.fromkeys(offered), dict.fromkeys(answered)
    return Taken(
        tuple(item for item in left if item in right),
        tuple(item for item in left if item not in right),
        tuple(item for item in right if item not in left),
    )


def _compare_section(
    offer: Document, answer: Document, x: MediaSection | None, y: MediaSection | None
) -> AnsweredSection:
    section = x or y
    assert section is not None
    state = _state(x, y)
    live = state == "accepted" and x is not None and y is not None
    faults = _faults(x, y) if x is not None and y is not None else []
    codecs = feedback = extensions = simulcast = Taken()
    order: tuple[str, ...] = ()
    reordered = False
    renumbered: tuple[tuple[str, str, str], ...] = ()
    flow = role = ""
    if live and x is not None and y is not None:
        flow = "" if x.is_data else _flow(x, y, faults)
        role = _role(offer.transport_of(x), answer.transport_of(y), faults)
        if x.is_rtp and y.is_rtp:
            codecs, order, reordered, renumbered, feedback = _codecs(x, y, faults)
            extensions = _take(
                [extension_name(item.uri) for item in x.extmap],
                [extension_name(item.uri) for item in y.extmap],
            )
            _check_extension_ids(x, y, faults)
            simulcast = _simulcast(x, y)
    return AnsweredSection(
        section.index,
        section.kind,
        section.mid,
        state,
        x.direction if x else "",
        y.direction if y else "",
        flow,
        role,
        codecs,
        order,
        reordered,
        renumbered,
        feedback,
        extensions,
        simulcast,
        tuple(faults),
        x.media_line.span if x else None,
        y.media_line.span if y else None,
    )


def _state(x: MediaSection | None, y: MediaSection | None) -> str:
    if x is None:
        return "extra"
    if y is None:
        return "missing"
    if x.rejected:
        return "stopped"
    return "rejected" if y.rejected else "accepted"


def _faults(x: MediaSection, y: MediaSection) -> list[str]:
    faults = []
    if x.kind != y.kind:
        faults.append(f"{y.kind or 'nothing'} answers {x.kind or 'nothing'} (RFC 9429, 5.8.3)")
    if x.mid != y.mid and (y.mid is not None or not y.rejected):
        shown = "no mid" if y.mid is None else f"mid {y.mid}"
        faults.append(f"{shown} answers mid {x.mid} (RFC 9143, 7.3)")
    if x.rejected and not y.rejected:
        faults.append("the section was offered with port 0 and is answered with a port")
    if not y.rejected and x.protocol != y.protocol:
        faults.append(f"{y.protocol} answers {x.protocol} (RFC 9429, 5.8.3)")
    return faults


_FLOWS = {
    (True, True): "both ends send",
    (True, False): "only the offerer sends",
    (False, True): "only the answerer sends",
    (False, False): "nobody sends",
}


def _flow(x: MediaSection, y: MediaSection, faults: list[str]) -> str:
    """Who sends after the exchange (RFC 3264, 6.1)."""
    sends = x.direction in ("sendrecv", "sendonly"), y.direction in ("sendrecv", "sendonly")
    receives = x.direction in ("sendrecv", "recvonly"), y.direction in ("sendrecv", "recvonly")
    if (sends[1] and not receives[0]) or (receives[1] and not sends[0]):
        faults.append(f"{y.direction} is no answer to {x.direction} (RFC 3264, 6.1)")
    return _FLOWS[sends[0] and receives[1], sends[1] and receives[0]]


def _role(x: MediaSection, y: MediaSection, faults: list[str]) -> str:
    """Who opens the DTLS connection (RFC 8842, 5.3)."""
    if x.setup is None and y.setup is None:
        return ""
    if y.setup == "actpass":
        faults.append("an answer must choose active or passive, not actpass (RFC 5763, 5)")
    elif x.setup in ("active", "passive") and x.setup == y.setup:
        faults.append(f"both ends are {x.setup}: the DTLS handshake cannot begin")
    return {
        "active": "the answerer opens the DTLS connection",
        "passive": "the offerer opens the DTLS connection",
    }.get(y.setup or "", "")


def _codecs(
    x: MediaSection, y: MediaSection, faults: list[str]
) -> tuple[Taken, tuple[str, ...], bool, tuple[tuple[str, str, str], ...], Taken]:
    a, b = CodecTable(x), CodecTable(y)
    pairs = match_codecs(a, b)
    labels = label_codecs(pairs, a, b)
    kept, dropped, added, renumbered = [], [], [], []
    gone: list[str] = []
    new: list[str] = []
    for (one, other), label in zip(pairs, labels, strict=True):
        if one is None:
            added.append(label)
        elif other is None:
            dropped.append(label)
        else:
            kept.append(label)
            if one.payload_type != other.payload_type:
                renumbered.append((label, one.payload_type, other.payload_type))
            gone += [f"{label}: {item}" for item in one.rtcp_fb if item not in other.rtcp_fb]
            new += [f"{label}: {item}" for item in other.rtcp_fb if item not in one.rtcp_fb]
    if not any(not label.startswith("rtx") for label in kept):
        faults.append("no codec of the offer is in the answer: the port should be 0 (RFC 3264, 6)")
    both: Pairs[Codec] = [
        (one, other) for one, other in pairs if one and other and one.name.lower() != "rtx"
    ]
    places = {id(codec): n for table in (a, b) for n, codec in enumerate(table.codecs)}
    left, right = order_of_common(both, lambda codec: places[id(codec)])
    named = label_codecs(both, a, b)
    return (
        Taken(tuple(kept), tuple(dropped), tuple(added)),
        tuple(named[n] for n in right),
        left != right,
        tuple(renumbered),
        Taken((), tuple(gone), tuple(new)),
    )


def _check_extension_ids(x: MediaSection, y: MediaSection, faults: list[str]) -> None:
    for one, other in pair_up(x.extmap, y.extmap, lambda item: item.uri):
        if one and other and one.id != other.id and one.id < 4096:
            name = extension_name(one.uri)
            faults.append(
                f"{name} was offered as id {one.id} and is answered as {other.id} (RFC 8285, 6)"
            )


def _simulcast(x: MediaSection, y: MediaSection) -> Taken:
    """The offer's layers are the answer's the other way round (RFC 8853, 5.3.2)."""
    offered, answered = x.simulcast, y.simulcast
    left = [
        *(f"send {rid}" for rid in _layers(offered.send if offered else ())),
        *(f"recv {rid}" for rid in _layers(offered.recv if offered else ())),
    ]
    right = [
        *(f"send {rid}" for rid in _layers(answered.recv if answered else ())),
        *(f"recv {rid}" for rid in _layers(answered.send if answered else ())),
    ]
    return _take(left, right)


def _layers(streams: tuple[tuple[SimulcastStream, ...], ...]) -> list[str]:
    return [stream.rid for alternatives in streams for stream in alternatives]
