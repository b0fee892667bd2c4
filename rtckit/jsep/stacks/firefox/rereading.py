"""A description as Firefox reads it from its own text, without the text.

A page sets what was created as text, which SIPCC reads again. What comes of that is known before
but for sections with something unusual in them.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rtckit.jsep.stacks.firefox.attributes import Feedback, Msid, RtpMap, SctpMap, read_line
from rtckit.jsep.stacks.firefox.description import Description, Section, has_rtcp
from rtckit.jsep.stacks.firefox.fmtp import Fmtp
from rtckit.jsep.stacks.firefox.writing import SectionText, write_codecs

__all__ = ["read_back"]

_MOST_BUNDLED = 128
_LONGEST_BUNDLED = 63
_MOST_FORMATS = 30
_PLAIN = re.compile("[!-~]{1,255}")
_SCTP = ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP")
_OLD_DATA = "DTLS/SCTP"


class _Values(NamedTuple):
    """What the lines of codecs say."""

    codecs: list[RtpMap]
    formats: list[Fmtp]
    feedback: list[Feedback]


def read_back(
    sections: Sequence[SectionText], bundles: Sequence[Sequence[str]], *, is_mixed: bool
) -> Description | None:
    """Return what is read of a description that was made of these parts.

    None where only the reader of the text knows: layers, groups beyond its size, sections of
    another kind, names with blanks.
    """
    read = Description(is_mixed=is_mixed)
    for mids in bundles:
        if len(mids) > _MOST_BUNDLED or any(len(mid) > _LONGEST_BUNDLED for mid in mids):
            return None
        read.bundles.append(list(mids))
    for level, made in enumerate(sections):
        section = _read_section(level, made, is_mixed=is_mixed)
        if section is None:
            return None
        read.sections.append(section)
    return read


def _read_section(level: int, made: SectionText, *, is_mixed: bool) -> Section | None:
    if made.rids or (made.mid is not None and _PLAIN.fullmatch(made.mid) is None):
        return None
    msids: list[Msid] = []
    for msid in made.msids:
        stream, _, track = msid.partition(" ")
        if _PLAIN.fullmatch(stream) is None or _PLAIN.fullmatch(track) is None:
            return None
        msids.append(Msid(stream, track))
    section = Section(
        level,
        made.media,
        made.port,
        made.protocol,
        mid=made.mid,
        direction=made.direction,
        is_bundle_only=made.is_bundle_only,
        has_rtcp_mux=made.has_rtcp_mux,
        fingerprints=1,
        setup=made.setup,
        extensions=list(made.extensions) or None,
        has_rtcp_rsize=made.has_rtcp_rsize,
        is_mixed=is_mixed or made.is_mixed,
        msids=msids,
    )
    if made.ice is not None:
        section.ice_ufrag, section.ice_pwd = made.ice
    is_read = _read_data if made.media == "application" else _read_media
    return section if is_read(section, made) else None


def _read_media(section: Section, made: SectionText) -> bool:
    """Read formats and codecs; False if they cannot be told."""
    if made.media not in ("audio", "video") or not has_rtcp(made.protocol):
        return False
    written = write_codecs(tuple(made.codecs), tuple(made.sent))
    section.formats = [*made.formats, *written.formats]
    if len(section.formats) > _MOST_FORMATS:
        return False
    fmtps = (*made.sent_fmtps, *written.fmtps)
    values = _read_lines(fmtps, written.feedback, (*made.maps, *written.maps))
    section.codecs, section.formats_read, section.feedback = values
    return True


def _read_data(section: Section, made: SectionText) -> bool:
    """Read the format of a data section; False if it cannot be told."""
    if made.protocol not in (*_SCTP, _OLD_DATA):
        return False
    section.formats = list(made.formats)
    values = [read_line(line).value for line in (*made.maps, *made.sctp)]
    section.sctp_maps = [value for value in values if isinstance(value, SctpMap)]
    for line, value in zip(made.sctp, values[len(made.maps) :], strict=True):
        assert isinstance(value, int)
        if line.startswith("a=sctp-port:"):
            section.sctp_port = value & 0xFFFF
        else:
            section.max_message_size = value
    return True


@lru_cache(maxsize=256)
def _read_lines(
    fmtps: tuple[str, ...], feedback: tuple[str, ...], maps: tuple[str, ...]
) -> _Values:
    values = [read_line(line).value for line in (*fmtps, *feedback, *maps)]
    return _Values(
        [value for value in values if isinstance(value, RtpMap)],
        [value for value in values if isinstance(value, Fmtp)],
        [value for value in values if isinstance(value, Feedback)],
    )
