"""Descriptions compared by meaning: what differs, where, and what that means in practice.

Sections are matched by mid, codecs by what they are, candidates by address, header extensions by
URI. What only stands elsewhere has moved; what is new in every description is folded.
"""

from typing import TYPE_CHECKING, TypeAlias

from rtckit.sdp.comparison.change import Change, Diff, Kind
from rtckit.sdp.comparison.media import compare_media
from rtckit.sdp.comparison.recorder import Recorder
from rtckit.sdp.comparison.session import compare_session, relate
from rtckit.sdp.document import Document

if TYPE_CHECKING:
    from rtckit.sdp.sources import Description

    Source: TypeAlias = Document | Description | str | bytes

__all__ = ["Change", "Diff", "Kind", "diff"]


def diff(a: "Source", b: "Source", *, fold: bool = True) -> Diff:
    """Compare two descriptions by meaning.

    Either is a document, a description, or text or bytes in any form
    :func:`~rtckit.sdp.read_description` reads; :class:`~rtckit.core.errors.ParseError` when there
    is none in it. Values that are new in every description (session version, SSRC numbers, msid,
    cname, candidate foundations, and payload types that only have another number) are left out of
    ``changes``, unless ``fold`` is False. Never raises for two documents; time and memory are
    linear in their length.
    """
    one, other = _document(a), _document(b)
    same_session, relation = relate(one, other)
    recorder = Recorder()
    if one.text != other.text:
        compare_session(recorder, one, other, same_session=same_session)
        compare_media(recorder, one, other, same_session=same_session)
    counted = [change for change in recorder.changes if not (fold and change.volatile)]
    folded = [change for change in recorder.changes if fold and change.volatile]
    return Diff(one, other, relation, same_session, tuple(counted), tuple(folded))


def _document(source: "Source") -> Document:
    if isinstance(source, Document):
        return source
    if isinstance(source, str | bytes):
        from rtckit.sdp.sources import read_description

        return read_description(source).document
    return source.document
