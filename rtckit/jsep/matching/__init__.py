"""Which of what was offered can be taken, and what is answered: one family of rules a module.

Everything here is a pure function over what a description says and what a peer is able to
(:mod:`rtckit.jsep.capabilities`); each cites the section that it carries out.
"""

from rtckit.jsep.matching.codecs import DroppedCodec, Matching, TakenCodec, match_codecs
from rtckit.jsep.matching.formats import Match, MediaFormat, configuration_of

__all__ = [
    "DroppedCodec",
    "Match",
    "Matching",
    "MediaFormat",
    "TakenCodec",
    "configuration_of",
    "match_codecs",
]
