"""Which codecs of Firefox a remote section shares, under which numbers, and in which order."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import cast

from rtckit.jsep.stacks.firefox.attributes import Feedback, RtpMap
from rtckit.jsep.stacks.firefox.capabilities import Codec
from rtckit.jsep.stacks.firefox.description import OfferedCodecs, Section

_STATIC = {"9": "G722", "0": "PCMU", "8": "PCMA"}  # known without an rtpmap
_REMEMBERED_LINES = 500
_NEVER_ALONE = frozenset(("red", "ulpfec"))


def negotiate_codecs(
    prototypes: Sequence[Codec],
    remote: Section,
    *,
    keeps_order: bool = False,
) -> tuple[Codec, ...]:
    """Return the codecs both sides have, in the order of the remote section.

    Each format takes the first codec of ours that matches it and was not taken yet; so a second
    profile of a codec is passed over. Without red there is no ulpfec; both come last, and alone
    they are nothing. The payload types are those of the other side.

    Args:
        prototypes: ours, in order.
        remote: the section of the other side.
        keeps_order: our order decides, as it does where the page set preferences.
    """
    asked = (prototypes, keeps_order)
    found: tuple[Codec, ...]
    if remote.agreed[0] == asked:
        found = cast(tuple[Codec, ...], remote.agreed[1])
    else:
        offered = remote.offered_codecs()
        is_small = len(offered.codecs) + len(offered.feedback) <= _REMEMBERED_LINES
        agree = _agree if is_small else _agree.__wrapped__
        found = agree(tuple(prototypes), offered, keeps_order)
        remote.agreed = (asked, found)
    return found


@lru_cache(maxsize=256)
def _agree(
    prototypes: tuple[Codec, ...], offered: OfferedCodecs, keeps_order: bool
) -> tuple[Codec, ...]:
    """Negotiate; most sections name the codecs of one browser or another, as ever."""
    entries: dict[str, RtpMap] = {}
    for entry in offered.codecs:
        entries.setdefault(str(entry.payload_type), entry)
    repairs = dict(offered.repairs)
    feedback = frozenset(offered.feedback)
    left = list(prototypes)
    found: list[Codec] = []
    for payload_type in offered.formats:
        codec = find_codec(left, payload_type, entries.get(payload_type), offered.media)
        if codec is not None:
            left.remove(codec)
            found.append(_negotiated(codec, payload_type, repairs, feedback))
    names = {codec.name for codec in found}
    if "ulpfec" in names and "red" not in names:
        found = [codec for codec in found if codec.name != "ulpfec"]
    if keeps_order:
        order = [codec.name for codec in prototypes]
        found.sort(key=lambda codec: order.index(codec.name))
    alone = [codec for codec in found if codec.name not in _NEVER_ALONE]
    return (*alone, *(c for c in found if c.name in _NEVER_ALONE)) if alone else ()


def reordered(
    prototypes: Sequence[Codec], negotiated: Sequence[Codec], *, takes_repairs: bool
) -> tuple[Codec, ...]:
    """Return what a track keeps for later: the codecs agreed on in front, with their numbers.

    The feedback stays that Firefox began with.

    Args:
        prototypes: the codecs before.
        negotiated: those agreed on.
        takes_repairs: the numbers of the retransmissions are taken too, as those of an offer are;
            a codec offered without them loses them.
    """
    by_name = {(codec.name, codec.clock_rate): codec for codec in prototypes}
    taken: list[Codec] = []
    for codec in negotiated:
        prototype = by_name.pop((codec.name, codec.clock_rate), None)
        if prototype is not None:
            rtx = codec.rtx if takes_repairs else prototype.rtx
            taken.append(prototype._replace(payload_type=codec.payload_type, rtx=rtx))
    return (*taken, *(codec for codec in prototypes if (codec.name, codec.clock_rate) in by_name))


def find_codec(
    left: Sequence[Codec], payload_type: str, entry: RtpMap | None, media: str
) -> Codec | None:
    """Return the first codec of ours a format is; ``entry`` is its rtpmap."""
    if entry is None:
        if media != "audio":
            return None
        name = _STATIC.get(payload_type)
        return next((codec for codec in left if codec.name == name), None)
    name = entry.name.lower()
    for codec in left:
        if (
            codec.key == name
            and codec.clock_rate == entry.clock_rate
            and (codec.kind == "video" or codec.channels == entry.channels)
        ):
            return codec
    return None


def _negotiated(
    codec: Codec,
    payload_type: str,
    repairs: Mapping[str, str],
    offered: frozenset[Feedback],
) -> Codec:
    """Return a codec as it is agreed on: numbers, retransmissions and feedback of both."""
    feedback = tuple(
        one for one in codec.feedback if (payload_type, *one) in offered or ("*", *one) in offered
    )
    rtx = repairs.get(payload_type, "") if codec.rtx else ""
    return codec._replace(payload_type=payload_type, rtx=rtx, feedback=feedback)
