"""The forms in which people hold a description, and what has to be undone to read it.

Browsers undo nothing of this, so whatever was undone is reported.
"""

from rtckit.sdp.sources.collect import guess_type
from rtckit.sdp.sources.read import read_description, read_descriptions
from rtckit.sdp.sources.records import Description, FoundCandidate, Fragment, Place, Sources

__all__ = [
    "Description",
    "FoundCandidate",
    "Fragment",
    "Place",
    "Sources",
    "guess_type",
    "read_description",
    "read_descriptions",
]
