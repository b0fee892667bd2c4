"""The codecs of an answer: each offered one taken or dropped, and why (RFC 9429, 5.3.1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rtckit.jsep.matching import audio, av1, h264, h265, opus, telephone_event, vp8, vp9
from rtckit.jsep.matching.feedback import common_feedback
from rtckit.jsep.matching.formats import Formats, MediaFormat, as_formats, configuration_of
from rtckit.jsep.matching.outcome import Match, Parameters
from rtckit.jsep.matching.redundancy import match_flexfec, match_red, match_rtx, match_ulpfec

__all__ = ["DroppedCodec", "Matching", "TakenCodec", "match_codec", "match_codecs"]

_Family = Callable[[Mapping[str, str | None], Mapping[str, str | None]], Match]

_FAMILIES: dict[str, _Family] = {
    "h264": h264.match,
    "h265": h265.match,
    "vp8": vp8.match,
    "vp9": vp9.match,
    "av1": av1.match,
    "opus": opus.match,
    "telephone-event": telephone_event.match,
}
_FLEXFEC = ("flexfec", "flexfec-03")
_PLAIN = ("RFC 3264, 6.1",)
_UNSUPPORTED = ("RFC 9429, 5.3.1",)


@dataclass(frozen=True, slots=True)
class TakenCodec:
    """A format of the answer.

    Attributes:
        answer: the format with its payload type, parameters and feedback in the answer.
        offered: what it answers; None for one that the answer adds.
        own: the format of the answerer it was matched with.
        why: a sentence for people, without a full stop.
        refs: sources.
    """

    answer: MediaFormat
    offered: MediaFormat | None
    own: MediaFormat
    why: str
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DroppedCodec:
    """An offered format that is not in the answer, and why."""

    offered: MediaFormat
    why: str
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """The formats of a section of an answer.

    Attributes:
        taken: in the order of the offer, or of one's own preferences.
        dropped: in the order of the offer.
    """

    taken: tuple[TakenCodec, ...]
    dropped: tuple[DroppedCodec, ...]

    @property
    def is_usable(self) -> bool:
        """Whether there is a format that can stand alone; if not, the section is rejected."""
        return any(_stands_alone(item.answer) for item in self.taken)


def _stands_alone(item: MediaFormat) -> bool:
    return not item.is_resiliency and item.identity[0] != "cn"


@lru_cache(maxsize=4096)
def match_codec(offered: MediaFormat, own: MediaFormat) -> Match:
    """Compare two formats that stand alone, by the rules of their payload format.

    Name, clock rate and channels must be equal (RFC 3264, 6.1), names without case; where there is
    no rule for the codec nothing else matters.
    """
    if offered.identity != own.identity or offered.kind != own.kind:
        return Match(False, (), f"{own.encoding} is another codec", _PLAIN)
    family = _FAMILIES.get(offered.identity[0])
    if family is None:
        return Match(True, own.fmtp, "name, clock rate and channels are equal", _PLAIN)
    found = family(offered.parameters, own.parameters)
    return found._replace(parameters=own.fmtp) if found.parameters == own.fmtp else found


def match_codecs(
    offered: Sequence[MediaFormat], own: Sequence[MediaFormat], *, own_order: bool = False
) -> Matching:
    """Choose the formats of an answer.

    Args:
        offered: the formats of the offered section, in the order of its ``m=`` line.
        own: those the answerer would offer itself, the preferred first.
        own_order: whether codec preferences were set, so that their order counts and not that of
            the offer (RFC 9429, 5.3.1).

    Payload types are those of the offer (RFC 3264, 6.1). Formats that repeat or protect others are
    taken when what they are for is, and comfort noise with a codec of its clock rate.
    """
    return _match_codecs(as_formats(offered), as_formats(own), own_order)


@lru_cache(maxsize=256)
def _match_codecs(offered: Formats, own: Formats, own_order: bool) -> Matching:
    """Sections of the same codecs follow each other, and descriptions of the same sections."""
    work = _Work(offered, own)
    for item in offered:
        if _stands_alone(item):
            work.match_alone(item)
    rates = {work.taken[number].answer.clock_rate for number in work.taken}
    for item in offered:
        name = item.identity[0]
        if name == "cn":
            work.match_with(item, audio.match_comfort_noise(item.clock_rate, rates))
        elif name == "red":
            work.match_with(item, match_red(item.carried, frozenset(work.taken)))
        elif name in _FLEXFEC:
            work.match_flexfec(item)
    has_red = any(item.answer.identity[0] == "red" for item in work.taken.values())
    for item in offered:
        if item.identity[0] == "ulpfec":
            work.match_with(item, match_ulpfec(has_red))
    work.match_repeats()
    return work.result(own_order)


class _Work:
    """One matching under way: what was taken and dropped so far, by offered payload type."""

    def __init__(self, offered: Sequence[MediaFormat], own: Sequence[MediaFormat]) -> None:
        self.offered = offered
        self.own = own
        self.taken: dict[int, TakenCodec] = {}
        self.dropped: dict[int, DroppedCodec] = {}
        self._by_identity: dict[object, list[MediaFormat]] = {}
        for item in own:
            self._by_identity.setdefault(item.identity, []).append(item)

    def match_alone(self, item: MediaFormat) -> None:
        fault = _refuse_encoding(item)
        candidates = self._by_identity.get(item.identity, [])
        if fault is not None:
            self.drop(item, *fault)
        elif not candidates:
            self.drop(item, self._unsupported(item), _UNSUPPORTED)
        else:
            if len(candidates) > 1:
                wanted = configuration_of(item)
                candidates = sorted(candidates, key=lambda own: configuration_of(own) != wanted)
            found = match_codec(item, candidates[0])
            if found.taken:
                self.take(item, candidates[0], found)
                return
            why = found.why
            if len(candidates) > 1:
                others = ", ".join(sorted({match_codec(item, own).why for own in candidates}))
                why = f"no {item.name} of this configuration is supported ({others})"
            self.drop(item, why, found.refs)

    def match_with(self, item: MediaFormat, found: Match) -> None:
        """Take a format that depends on others if ``found`` says so and it is supported."""
        candidates = self._by_identity.get(item.identity)
        if not candidates:
            self.drop(item, self._unsupported(item), _UNSUPPORTED)
        elif not any(_stands_alone(taken.answer) for taken in self.taken.values()):
            self.drop(item, "there is no codec it could go with", _UNSUPPORTED)
        elif found.taken:
            self.take(item, candidates[0], found)
        else:
            self.drop(item, found.why, found.refs)

    def match_flexfec(self, item: MediaFormat) -> None:
        candidates = self._by_identity.get(item.identity)
        own = candidates[0].parameters if candidates else {}
        self.match_with(item, match_flexfec(item.parameters, own))

    def match_repeats(self) -> None:
        """Take each ``rtx`` whose own codec is taken and is repeated by the answerer too."""
        own_rtx = {item.apt: item for item in self.own if item.identity[0] == "rtx"}
        repeated = {
            number: own_rtx[taken.own.payload_type]
            for number, taken in self.taken.items()
            if taken.own.payload_type in own_rtx
        }
        rates = {number: taken.answer.clock_rate for number, taken in self.taken.items()}
        for item in self.offered:
            if item.identity[0] != "rtx":
                continue
            if not own_rtx:
                self.drop(item, self._unsupported(item), _UNSUPPORTED)
                continue
            found = match_rtx(item.apt, repeated, rates, item.clock_rate)
            if not found.taken or item.apt is None:
                self.drop(item, found.why, found.refs)
                continue
            own = repeated[item.apt]
            rest = tuple(pair for pair in own.fmtp if pair[0].lower() != "apt")
            self.take(item, own, found._replace(parameters=(*found.parameters, *rest)))

    def take(self, item: MediaFormat, own: MediaFormat, found: Match) -> None:
        if item.payload_type in self.taken:
            return
        answer = _answered(item, found.parameters, common_feedback(item.feedback, own.feedback))
        self.taken[item.payload_type] = TakenCodec(answer, item, own, found.why, found.refs)

    def drop(self, item: MediaFormat, why: str, refs: tuple[str, ...]) -> None:
        self.dropped.setdefault(item.payload_type, DroppedCodec(item, why, refs))

    def _unsupported(self, item: MediaFormat) -> str:
        near = [own.encoding for own in self.own if own.name.lower() == item.identity[0]]
        if near:
            return f"supported is only {', '.join(dict.fromkeys(near))}"[:120]
        return "not supported, or excluded by the codec preferences"

    def result(self, own_order: bool) -> Matching:
        taken = [
            self.taken[item.payload_type]
            for item in self.offered
            if item.payload_type in self.taken and self.taken[item.payload_type].offered is item
        ]
        if own_order:
            ranks = {id(item): rank for rank, item in enumerate(self.own)}
            taken.sort(key=lambda item: ranks[id(item.own)])
        dropped = [
            self.dropped[item.payload_type]
            for item in self.offered
            if item.payload_type in self.dropped and self.dropped[item.payload_type].offered is item
        ]
        return Matching(tuple(taken), tuple(dropped))


@lru_cache(maxsize=2048)
def _answered(item: MediaFormat, fmtp: Parameters, feedback: tuple[str, ...]) -> MediaFormat:
    return replace(item, fmtp=fmtp, feedback=feedback)


def _refuse_encoding(item: MediaFormat) -> tuple[str, tuple[str, ...]] | None:
    """Why the rtpmap of a codec contradicts its payload format, with sources; or None."""
    name = item.identity[0]
    if name == "opus":
        why = opus.refuse_encoding(item.clock_rate, item.channels)
        return None if why is None else (why, ("RFC 7587, 7",))
    why = audio.refuse_encoding(item.name, item.clock_rate)
    return None if why is None else (why, ("RFC 3551, 4.5",))
