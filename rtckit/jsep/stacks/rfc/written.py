"""The facts of a description this stack wrote itself, taken from its lines as they are made."""

from collections.abc import Iterable

from rtckit.jsep.facts import SectionFacts
from rtckit.jsep.transceiver import DIRECTIONS
from rtckit.sdp.media import MediaSection

__all__ = ["facts_of_section"]

_DIRECTION_LINES = {f"a={direction}": direction for direction in DIRECTIONS}


def facts_of_section(media: MediaSection, lines: Iterable[str]) -> SectionFacts | None:
    """What a connection takes from a section of an answer.

    Args:
        media: the offered section, whose kind and protocol the answer has too.
        lines: the section as it was written; without its codecs and extensions, which say nothing.

    None where the lines have to be read in earnest: simulcast, and streams with blanks in their
    names.
    """
    is_data = media.is_data
    found: dict[str, str] = {}
    streams: list[str] = []
    direction = "sendrecv"
    rejected = False
    for line in lines:
        name, _, value = line.partition(":")
        if line in _DIRECTION_LINES:
            direction = _DIRECTION_LINES[line]
        elif name == "a=msid":
            streams.append(value)
        elif name == "a=simulcast":
            return None
        elif name[:2] == "m=":
            rejected = line.split(" ", 2)[1] == "0"
        else:
            found[name] = value
    if any(len(stream.split()) != 1 for stream in streams):
        return None
    if is_data and streams:
        streams = []
    return SectionFacts(
        index=media.index,
        kind="data" if is_data else media.kind,
        mid=found.get("a=mid"),
        rejected=rejected,
        direction=direction,
        has_msid=bool(streams),
        stream_ids=tuple(dict.fromkeys(stream for stream in streams if stream != "-")),
        ufrag=found.get("a=ice-ufrag"),
        pwd=found.get("a=ice-pwd"),
        rtcp_mux="a=rtcp-mux" in found,
        is_rtp=media.is_rtp,
    )
