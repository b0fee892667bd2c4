"""Session descriptions (SDP): text to a lossless, lazily typed document, and back.

::

    document = parse(text_or_bytes)
    document.write() == text_or_bytes
    document.media[0].candidates

Nothing here reads a file, a socket or a clock.
"""

import importlib
from typing import TYPE_CHECKING, Any

from rtckit.sdp.candidate import Candidate, build_candidate, decode_candidate, parse_candidate
from rtckit.sdp.clocks import MediaClock, ReferenceClock
from rtckit.sdp.document import Document, SessionSection, parse
from rtckit.sdp.fields import Bandwidth, Connection, Group, Identity, MediaLine, Origin, Timing
from rtckit.sdp.grammar import ATTRIBUTES, LINE_TYPES
from rtckit.sdp.images import ImageAttribute, ImageSet, SizeRange
from rtckit.sdp.lines import Attribute, Line, SdpProblem, Span
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import (
    Codec,
    ExtMap,
    FormatParameters,
    Msid,
    MsidSemantic,
    Rid,
    Simulcast,
    SimulcastStream,
    SsrcAttribute,
    SsrcGroup,
    XrBlock,
)
from rtckit.sdp.schedule import EncryptionKey, RepeatTimes, TextLine, TimeZones
from rtckit.sdp.section import Section
from rtckit.sdp.transport import (
    Crypto,
    Fingerprint,
    KeyManagement,
    RemoteCandidate,
    Rtcp,
    SctpMap,
    SourceFilter,
)

if TYPE_CHECKING:
    from rtckit.sdp.comparison import Change, Diff, diff
    from rtckit.sdp.edit import Editor
    from rtckit.sdp.interop import from_transform, to_transform
    from rtckit.sdp.sources import (
        Description,
        FoundCandidate,
        Fragment,
        Place,
        Sources,
        read_description,
        read_descriptions,
    )

__all__ = [
    "ATTRIBUTES",
    "LINE_TYPES",
    "Attribute",
    "Bandwidth",
    "Candidate",
    "Change",
    "Codec",
    "Connection",
    "Crypto",
    "Description",
    "Diff",
    "Document",
    "Editor",
    "EncryptionKey",
    "ExtMap",
    "Fingerprint",
    "FormatParameters",
    "FoundCandidate",
    "Fragment",
    "Group",
    "Identity",
    "ImageAttribute",
    "ImageSet",
    "KeyManagement",
    "Line",
    "MediaClock",
    "MediaLine",
    "MediaSection",
    "Msid",
    "MsidSemantic",
    "Origin",
    "Place",
    "ReferenceClock",
    "RemoteCandidate",
    "RepeatTimes",
    "Rid",
    "Rtcp",
    "SctpMap",
    "SdpProblem",
    "Section",
    "SessionSection",
    "Simulcast",
    "SimulcastStream",
    "SizeRange",
    "SourceFilter",
    "Sources",
    "Span",
    "SsrcAttribute",
    "SsrcGroup",
    "TextLine",
    "TimeZones",
    "Timing",
    "XrBlock",
    "build_candidate",
    "decode_candidate",
    "diff",
    "from_transform",
    "parse",
    "parse_candidate",
    "read_description",
    "read_descriptions",
    "to_transform",
]

# What many callers never need takes longer to import than the rest: it waits to be asked for.
_LAZY = {
    **dict.fromkeys(("Change", "Diff", "diff"), "rtckit.sdp.comparison"),
    "Editor": "rtckit.sdp.edit",
    **dict.fromkeys(("from_transform", "to_transform"), "rtckit.sdp.interop"),
    **dict.fromkeys(
        (
            "Description",
            "FoundCandidate",
            "Fragment",
            "Place",
            "Sources",
            "read_description",
            "read_descriptions",
        ),
        "rtckit.sdp.sources",
    ),
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = globals()[name] = getattr(importlib.import_module(_LAZY[name]), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
