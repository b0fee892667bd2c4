"""What sections of media say again and again, read once.

The descriptions of a program differ in credentials, certificates, candidates and sources; its
codecs, extensions and feedback are the same in each. What the latter come to is kept by their text.
"""

from collections import OrderedDict
from typing import NamedTuple
from weakref import WeakKeyDictionary

from rtckit.jsep.matching.formats import Formats, format_of_codec
from rtckit.sdp.lines import SdpProblem
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import ExtMap

__all__ = ["Extensions", "extmap_of", "formats_of", "numbers_of", "problems_of"]

_VARYING = (
    *("c=", "ice-ufrag", "ice-pwd", "fingerprint", "tls-id", "candidate", "rtcp"),
    *("mid", "msid", "ssrc", "ssrc-group"),
)
_MOST_KEPT = 256
_LONGEST_KEPT = 20_000


class Extensions(tuple[ExtMap, ...]):
    """The header extensions of a section, in order; hashed once, for much is kept by them."""

    _hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = super().__hash__()
        return self._hash


class _Reading(NamedTuple):
    formats: Formats
    numbers: frozenset[int]
    extmap: Extensions
    is_clean: bool


_KEPT: OrderedDict[str, _Reading] = OrderedDict()
_FOUND: WeakKeyDictionary[MediaSection, _Reading] = WeakKeyDictionary()


def formats_of(media: MediaSection) -> Formats:
    """The formats of a section in the order of its ``m=`` line; none where it is not RTP."""
    return _reading_of(media).formats


def numbers_of(media: MediaSection) -> frozenset[int]:
    """The payload types in the ``m=`` line of a section, whatever they stand for."""
    return _reading_of(media).numbers


def extmap_of(media: MediaSection) -> Extensions:
    """The header extensions of a section; where they stand may be another place."""
    return _reading_of(media).extmap


def problems_of(media: MediaSection) -> list[SdpProblem]:
    """What could not be read of a section: its ``problems``."""
    return media.problems_in(_VARYING) if _reading_of(media).is_clean else media.problems


def _reading_of(media: MediaSection) -> _Reading:
    found = _FOUND.get(media)
    if found is not None:
        return found
    text = media.text_without(_VARYING)
    found = _KEPT.get(text)
    if found is not None:
        _KEPT.move_to_end(text)
    else:
        found = _read(media)
        if len(text) <= _LONGEST_KEPT:
            _KEPT[text] = found
            if len(_KEPT) > _MOST_KEPT:
                _KEPT.popitem(last=False)
    _FOUND[media] = found
    return found


def _read(media: MediaSection) -> _Reading:
    formats = (format_of_codec(media.kind, codec) for codec in media.codecs)
    numbers = media.media_line.formats if media.is_rtp else ()
    return _Reading(
        Formats(item for item in formats if item is not None),
        frozenset(int(item) for item in numbers if item.isdecimal() and len(item) <= 3),
        Extensions(media.extmap),
        not media.problems,
    )
