"""Which codecs of an offer an answer takes, and with which parameters.

libwebrtc goes through its own codecs, finds for each the first codec offered that is the same, and
answers with its own parameters under the number offered, in the order of the offer.
"""

from collections.abc import Iterable, Sequence

from rtckit.jsep.stacks.chromium.description import AUDIO, Codec
from rtckit.jsep.stacks.chromium.formats import RESILIENCY, h264_format, is_same_format
from rtckit.jsep.stacks.chromium.keeping import kept_by_items
from rtckit.jsep.stacks.chromium.lexer import to_int

__all__ = [
    "find_match",
    "has_media",
    "is_preferred",
    "is_same",
    "merge",
    "negotiate",
    "prefer",
    "union",
]

CodecList = Sequence[Codec]


def is_dynamic(payload_type: int) -> bool:
    """Whether a payload type means what its rtpmap says, not what a table says."""
    return 35 <= payload_type <= 65 or 96 <= payload_type <= 127


def is_same(one: Codec, other: Codec, kind: str) -> bool:
    """Whether two codecs are one and the same, whatever their numbers where these are dynamic."""
    if is_dynamic(one.payload_type) and is_dynamic(other.payload_type):
        if one.key != other.key:
            return False
    elif one.payload_type != other.payload_type:
        return False
    if kind == AUDIO:
        if other.clock_rate and one.clock_rate != other.clock_rate:
            return False
        return one.channels == other.channels or (one.channels < 2 and other.channels < 2)
    return is_same_format(one, other)


def find_match(mine: CodecList, theirs: CodecList, codec: Codec, kind: str) -> Codec | None:
    """Return the first of their codecs that is the same as one of mine.

    An rtx or red codec must also repeat the same codec on both sides.
    """
    key = codec.key
    for other in theirs:
        if not is_same(other, codec, kind):
            continue
        if key == "rtx" and not _is_same_rtx(mine, theirs, codec, other, kind):
            continue
        if key == "red" and not _is_same_red(mine, theirs, codec, other, kind):
            continue
        return other
    return None


def _is_same_rtx(mine: CodecList, theirs: CodecList, codec: Codec, other: Codec, kind: str) -> bool:
    one = to_int(codec.parameters.get("apt", ""))
    two = to_int(other.parameters.get("apt", ""))
    return _refer_to_same(mine, one, theirs, two, kind)


def _is_same_red(mine: CodecList, theirs: CodecList, codec: Codec, other: Codec, kind: str) -> bool:
    """Whether two red codecs carry the same; those of video say nothing of it.

    One that ought to say so and does not is the same if its number is.
    """
    if "" not in codec.parameters:
        return "" not in other.parameters
    if "" not in other.parameters:
        return codec.payload_type == other.payload_type
    one = codec.parameters[""].split("/")
    two = other.parameters[""].split("/")
    if len(set(one)) > 1 or len(set(two)) > 1:
        return False
    return _refer_to_same(mine, to_int(one[0]), theirs, to_int(two[0]), kind)


def _refer_to_same(
    mine: CodecList, one: int | None, theirs: CodecList, two: int | None, kind: str
) -> bool:
    if one is None or two is None:
        return False
    first = next((codec for codec in mine if codec.payload_type == one), None)
    second = next((codec for codec in theirs if codec.payload_type == two), None)
    return first is not None and second is not None and is_same(first, second, kind)


_MOST_KEPT = 256
_kept: dict[tuple[object, ...], tuple[list[Codec], list[Codec], list[Codec]]] = {}
"""What was negotiated out of which codecs, by their identities; holding them keeps these apart."""


def negotiate(
    mine: CodecList, theirs: CodecList, kind: str, *, keep_offer_order: bool
) -> list[Codec]:
    """Return the codecs of an answer.

    A codec is not changed once its section is read, and sections that say the same share theirs:
    what was negotiated out of the same codecs is kept.
    """
    key = (kind, keep_offer_order, len(mine), *map(id, mine), *map(id, theirs))
    known = _kept.get(key)
    if known is None:
        found = _negotiate(mine, theirs, kind, keep_offer_order=keep_offer_order)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        known = _kept[key] = (list(mine), list(theirs), found)
    return known[2]


def _negotiate(
    mine: CodecList, theirs: CodecList, kind: str, *, keep_offer_order: bool
) -> list[Codec]:
    negotiated = []
    numbers: dict[str, str] = {}
    repeats: list[tuple[str, Codec]] = []
    for codec in mine:
        other = find_match(mine, theirs, codec, kind)
        if other is not None:
            numbers.setdefault(str(codec.payload_type), str(other.payload_type))
            negotiated.append(_answer_to(codec, other))
            if codec.key == "red" and "" in codec.parameters and "" not in other.parameters:
                parts = codec.parameters[""].split("/")
                negotiated[-1].parameters[""] = "/".join(numbers.get(x, x) for x in parts)
            if codec.key == "rtx":
                repeats.append((codec.parameters.get("apt", ""), negotiated[-1]))
    for apt, codec in repeats:
        if apt in numbers:
            codec.parameters["apt"] = numbers[apt]
    if keep_offer_order:
        places = {codec.payload_type: -place for place, codec in enumerate(theirs)}
        negotiated.sort(key=lambda codec: places[codec.payload_type], reverse=True)
    return negotiated


def _answer_to(codec: Codec, other: Codec) -> Codec:
    """Return one of my codecs as an answer to one of theirs."""
    key = codec.key
    parameters = dict(codec.parameters)
    taken = {"rtx": ("apt", "rtx-time"), "red": ("",)}.get(key, ())
    for name in taken:
        if name in other.parameters:
            parameters[name] = other.parameters[name]
    if key == "h264":
        _set_level(parameters, codec, other)
    feedback = codec.feedback
    if feedback:
        offered = {(name.lower(), value.lower()) for name, value in other.feedback}
        feedback = [each for each in feedback if (each[0].lower(), each[1].lower()) in offered]
    return Codec(
        other.payload_type, other.name, codec.clock_rate, codec.channels, parameters, feedback
    )


def _set_level(parameters: dict[str, str], codec: Codec, other: Codec) -> None:
    """Settle the H264 level: my own where it may differ, else the lower one (RFC 6184, 8.2.2)."""
    if "profile-level-id" not in codec.parameters and "profile-level-id" not in other.parameters:
        return
    mine, theirs = h264_format(codec), h264_format(other)
    if mine is None or theirs is None:
        return
    level = mine.level
    if not (_is_asymmetric(codec) and _is_asymmetric(other)):
        level = min(level, theirs.level)
    text = mine.with_level(level)
    if text is not None:
        parameters["profile-level-id"] = text


def _is_asymmetric(codec: Codec) -> bool:
    return codec.parameters.get("level-asymmetry-allowed") == "1"


def union(first: CodecList, second: CodecList, kind: str) -> list[Codec]:
    """Return the codecs of both, each once; of the second, numbers that are taken are changed."""
    codecs: list[Codec] = []
    for codec in first:
        codecs.append(_renumbered(codec, codecs))
    merge(codecs, second, kind)
    return codecs


def merge(codecs: list[Codec], added: CodecList, kind: str) -> None:
    """Add the codecs that are not there yet, rtx and red with references to those there."""
    for codec in added:
        if codec.key not in ("rtx", "red") and not _find_plain(codecs, codec, kind):
            codecs.append(_renumbered(codec, codecs))
    for codec in added:
        if codec.key not in ("rtx", "red") or find_match(added, codecs, codec, kind):
            continue
        name = "apt" if codec.key == "rtx" else ""
        changed = _renumbered(codec, codecs)
        text = codec.parameters.get(name)
        if text is not None:
            old = to_int(text.split("/")[0])
            original = next((each for each in added if each.payload_type == old), None)
            there = original and find_match(added, codecs, original, kind)
            if there is None:
                continue
            count = len(text.split("/"))
            changed = changed.with_parameter(name, "/".join([str(there.payload_type)] * count))
        codecs.append(changed)


def _find_plain(codecs: CodecList, codec: Codec, kind: str) -> bool:
    return any(is_same(each, codec, kind) for each in codecs)


def _renumbered(codec: Codec, codecs: Iterable[Codec]) -> Codec:
    """Return a codec under a number that is free: its own, else the highest dynamic one."""
    used = {each.payload_type for each in codecs}
    number = codec.payload_type
    if number not in used or not is_dynamic(number):
        return codec
    free = next((n for n in (*range(127, 95, -1), *range(35, 66)) if n not in used), None)
    return codec if free is None else codec.with_number(free)


def prefer(
    preferences: Iterable[Codec], codecs: CodecList, supported: CodecList, kind: str
) -> list[Codec]:
    """Return the codecs a page prefers, in its order, with the rtx and red it also named.

    Args:
        preferences: what setCodecPreferences was given.
        codecs: the codecs to choose from, under their numbers.
        supported: my own codecs for the direction.
        kind: ``audio`` or ``video``.
    """
    preferences = list(preferences)
    wants_rtx = any(codec.key == "rtx" for codec in preferences)
    wants_red = any(codec.key == "red" for codec in preferences)
    chosen: list[Codec] = []
    has_red = False
    for preference in preferences:
        own = next((c for c in supported if is_preferred(c, preference, kind)), None)
        found = own and find_match(supported, codecs, own, kind)
        if found is None:
            continue
        if found.key != "red" or not has_red:
            chosen.append(found)
            has_red = found.key == "red" or has_red
        for codec in codecs:
            if wants_rtx and codec.key == "rtx":
                if codec.parameters.get("apt") == str(found.payload_type):
                    chosen.append(codec)
                    break
            elif wants_red and codec.key == "red":
                text = codec.parameters.get("")
                if text is not None and text.split("/")[0] == str(found.payload_type):
                    if not has_red:
                        chosen.append(codec)
                        has_red = True
                    break
    return [codec for codec in chosen if codec.key != "red" or _is_carried(codec, chosen)]


def _is_carried(red: Codec, codecs: CodecList) -> bool:
    """Whether what a red codec carries is there as well, if it says what that is."""
    first = red.parameters.get("", "").split("/")[0]
    return not first or any(str(codec.payload_type) == first for codec in codecs)


def is_preferred(codec: Codec, preference: Codec, kind: str) -> bool:
    """Whether a codec is what a preference names; rtx and red are named without references."""
    if codec.key != preference.key or codec.clock_rate != preference.clock_rate:
        return False
    if kind == AUDIO and codec.channels != preference.channels:
        return False
    if codec.key in ("rtx", "red"):
        return codec.key == "red"
    return is_same_format(codec, preference) and (
        codec.parameters == preference.parameters or codec.key == "h264"
    )


@kept_by_items
def has_media(codecs: CodecList) -> bool:
    """Whether a list holds more than what repeats or protects others, and comfort noise."""
    return any(codec.key not in RESILIENCY and codec.key != "cn" for codec in codecs)
