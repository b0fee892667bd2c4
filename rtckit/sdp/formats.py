"""Which payload types belong together in a media section, and its lines without some of them."""

from collections.abc import Collection, Iterator, Sequence

from rtckit.sdp.lines import Attribute
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Codec

__all__ = ["formats_before", "formats_with_companions", "without_formats"]

_OF_ONE_FORMAT = frozenset(("rtpmap", "fmtp", "rtcp-fb", "imageattr", "packetization"))


def find_formats(media: MediaSection, codecs: Collection[str | int]) -> list[str]:
    """The payload types that ``codecs`` names, in its order.

    A codec is a payload type or an encoding name in any case. Raises ``LookupError`` for one that
    the section does not have.
    """
    found: list[str] = []
    for codec in codecs:
        text = str(codec)
        if text in media.formats:
            found.append(text)
            continue
        named = [item.payload_type for item in media.codecs if item.name.lower() == text.lower()]
        if not named:
            raise LookupError(f"no codec {text!r} in section {media.index}")
        found += named
    return list(dict.fromkeys(found))


def formats_with_companions(
    media: MediaSection, codecs: Collection[str | int], *, removed: bool = False
) -> list[str]:
    """The payload types that ``codecs`` names, and those that only repeat or carry them.

    An ``rtx`` goes with what it repeats (RFC 4588, 8.1). A ``red`` goes with any codec it carries
    that is ``removed`` (RFC 2198, 5); it is kept only when it is named.
    """
    found = find_formats(media, codecs)
    members = set(found)
    grown = True
    while grown:
        grown = False
        for codec in media.codecs:
            if codec.payload_type not in members and _follows(codec, members, removed):
                members.add(codec.payload_type)
                found.append(codec.payload_type)
                grown = True
    if not removed:
        return [item for item in found if not _hangs(media, item, members)]
    return found


def _follows(codec: Codec, members: set[str], removed: bool) -> bool:
    name = codec.name.lower()
    if name == "rtx":
        return codec.apt in members
    return removed and name == "red" and not members.isdisjoint(_carried(codec))


def _hangs(media: MediaSection, payload_type: str, kept: Collection[str]) -> bool:
    """Whether a kept ``rtx`` or ``red`` is for a payload type that is not kept."""
    codec = media.find_codec(payload_type)
    if codec is None:
        return False
    if codec.name.lower() == "rtx":
        return codec.apt in media.formats and codec.apt not in kept
    if codec.name.lower() == "red":
        return any(item in media.formats and item not in kept for item in _carried(codec))
    return False


def _carried(codec: Codec) -> list[str]:
    """The payload types in the fmtp of a ``red``: ``111/111``."""
    return (codec.fmtp_text or "").split("/")


def formats_before(media: MediaSection, codecs: Sequence[str | int]) -> list[str]:
    """All formats of the section, those that ``codecs`` names first, each before its ``rtx``."""
    repeats: dict[str, list[str]] = {}
    for codec in media.codecs:
        if codec.name.lower() == "rtx" and codec.apt is not None:
            repeats.setdefault(codec.apt, []).append(codec.payload_type)
    first = [
        item for named in find_formats(media, codecs) for item in (named, *repeats.get(named, ()))
    ]
    return list(dict.fromkeys([*first, *media.formats]))


def without_formats(media: MediaSection, gone: Collection[str]) -> Iterator[tuple[int, str | None]]:
    """The lines of a section that change when it loses these formats: index from 0, new text.

    The text is None for a line that goes. The first is the ``m=`` line.
    """
    yield media.first_line - 1, _media_line_without(media.lines[0].text, gone)
    for attribute in media.attributes:
        value = attribute.value or ""
        if attribute.name in _OF_ONE_FORMAT:
            if value.split(None, 1)[:1] and value.split(None, 1)[0] in gone:
                yield attribute.line - 1, None
        elif attribute.name == "ssrc":
            _, _, said = value.partition(" ")
            if said.startswith("fmtp:") and said[5:].partition(" ")[0] in gone:
                yield attribute.line - 1, None
        elif attribute.name == "rid":
            text = _rid_without(attribute, gone)
            if text != value:
                yield attribute.line - 1, f"a=rid:{text}"


def _media_line_without(text: str, gone: Collection[str]) -> str:
    """The ``m=`` line without these formats; everything else in it stays as written."""
    parts = text[2:].split(" ")
    kept: list[str] = []
    fields = 0
    for part in parts:
        fields += part != ""
        if fields <= 3 or part not in gone:
            kept.append(part)
    return "m=" + " ".join(kept)


def _rid_without(attribute: Attribute, gone: Collection[str]) -> str:
    """A rid whose ``pt=`` no longer lists these formats; an empty list is left out."""
    head = (attribute.value or "").split(" ", 2)
    if len(head) < 3:
        return attribute.value or ""
    parameters = []
    for part in head[2].split(";"):
        name, equals, listed = part.partition("=")
        if name.strip() == "pt" and equals:
            left = [item for item in listed.split(",") if item.strip() not in gone]
            if left:
                parameters.append(f"{name}={','.join(left)}")
        else:
            parameters.append(part)
    if parameters == head[2].split(";"):
        return attribute.value or ""
    return " ".join([*head[:2], ";".join(parameters)]) if parameters else " ".join(head[:2])
