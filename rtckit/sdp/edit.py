"""Editing a description: the lines that are not meant stay as they are, byte for byte.

::

    editor = document.edit()
    editor.set_direction("1", "recvonly").keep_codecs("1", ["VP8", "H264"]).reject_media(2)
    editor.document.write()

A section is named by its mid (text), its index from 0 (a number), or None for the session level.
Every step gives a new :class:`~rtckit.sdp.document.Document` and can be undone. A new line takes
the line end of the line before it. Whether the last line has an end stays as it was; and where a
bare CR would run together with the LF of a blank line, it becomes CRLF.

Steps raise ``LookupError`` for a section, line or codec that is not there, and ``ValueError`` for
what cannot be written; then nothing has changed.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Self

from rtckit.core.errors import ParseError
from rtckit.sdp.candidate import Candidate, build_candidate, parse_candidate
from rtckit.sdp.document import Document, parse
from rtckit.sdp.formats import formats_before, formats_with_companions, without_formats
from rtckit.sdp.grammar import DIRECTIONS
from rtckit.sdp.lines import SplitText, join_lines, split_lines, words
from rtckit.sdp.media import MediaSection
from rtckit.sdp.section import Section

__all__ = ["Editor", "Where"]

Where = str | int | None
"""A section: its mid, its index from 0, or None for the session level."""

_END = "\r\n"


class _Splice(NamedTuple):
    """Lines ``start`` to ``stop`` (indices from 0, ``stop`` excluded) give way to ``texts``."""

    start: int
    stop: int
    texts: tuple[str, ...]


class Editor:
    """Changes a description step by step. ``document`` is the description as it now stands."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._before: list[Document] = []

    def __repr__(self) -> str:
        return f"<Editor: {len(self._before)} steps, {self.document!r}>"

    @property
    def steps(self) -> int:
        """How many steps can be undone."""
        return len(self._before)

    def undo(self) -> Self:
        """Take back the last step. Raises ``LookupError`` when there is none."""
        if not self._before:
            raise LookupError("no step to undo")
        self.document = self._before.pop()
        return self

    def write(self) -> str | bytes:
        """The description as it now stands; text or bytes as it was parsed."""
        return self.document.write()

    # -- lines ----------------------------------------------------------------------------------

    def insert_line(self, number: int, text: str) -> Self:
        """Put a line so that it becomes line ``number``; one past the last appends it."""
        count = len(self.document.lines)
        if not 1 <= number <= count + 1:
            raise LookupError(f"no line {number} among {count}")
        return self._apply([_Splice(number - 1, number - 1, (_checked(text),))])

    def replace_line(self, number: int, text: str) -> Self:
        """Change the text of a line; its line end stays."""
        index = self._line(number)
        return self._apply([_Splice(index, index + 1, (_checked(text),))])

    def remove_line(self, number: int) -> Self:
        """Take a line out."""
        index = self._line(number)
        return self._apply([_Splice(index, index + 1, ())])

    # -- attributes -----------------------------------------------------------------------------

    def add_attribute(self, section: Where, name: str, value: str | None = None) -> Self:
        """Add an ``a=`` line, after the last of its name or else at the end of the section."""
        found = self._section(section)
        return self._apply([_insert(found, name, [_attribute(name, value)])])

    def set_attribute(self, section: Where, name: str, value: str | None = None) -> Self:
        """Give an attribute this value: the first one is changed, others of its name are removed.

        Where there is none it is added.
        """
        found = self._section(section)
        standing = [attribute.line - 1 for attribute in found.find_all(name)]
        text = _attribute(name, value)
        if not standing:
            return self._apply([_insert(found, name, [text])])
        first, *others = standing
        return self._apply([_Splice(first, first + 1, (text,)), *_removals(others)])

    def remove_attributes(
        self,
        section: Where,
        name: str,
        where: Callable[[str | None], bool] | None = None,
    ) -> Self:
        """Remove every attribute of this name, or those whose value ``where`` says yes to."""
        return self._apply(
            _removals(
                attribute.line - 1
                for attribute in self._section(section).find_all(name)
                if where is None or where(attribute.value)
            )
        )

    def set_direction(self, section: Where, direction: str) -> Self:
        """Say ``sendrecv``, ``sendonly``, ``recvonly`` or ``inactive``, once."""
        if direction not in DIRECTIONS:
            raise ValueError(f"direction {direction!r}, not one of {', '.join(DIRECTIONS)}")
        found = self._section(section)
        standing = [item.line - 1 for item in found.attributes if item.name in DIRECTIONS]
        text = f"a={direction}"
        if not standing:
            return self._apply([_insert(found, "", [text])])
        *others, last = standing
        return self._apply([_Splice(last, last + 1, (text,)), *_removals(others)])

    # -- media sections -------------------------------------------------------------------------

    def add_media(self, text: str | Sequence[str], index: int | None = None) -> Self:
        """Add a media section, its lines as text or one by one, before section ``index``.

        Without ``index`` it comes last, where an offer must put it (RFC 3264, 8.1). The BUNDLE
        group is not touched: see :meth:`set_group`.
        """
        lines = split_lines(text).bodies if isinstance(text, str) else list(text)
        texts = tuple(_checked(line) for line in lines)
        if not texts or not texts[0].startswith("m="):
            raise ValueError("a media section begins with an m= line")
        if any(line.startswith("m=") for line in texts[1:]):
            raise ValueError("more than one m= line")
        media = self.document.media
        if index is None or index == len(media):
            at = len(self.document.lines)
        elif 0 <= index < len(media):
            at = media[index].first_line - 1
        else:
            raise LookupError(f"no media section {index} among {len(media)}")
        return self._apply([_Splice(at, at, texts)])

    def reject_media(self, section: str | int) -> Self:
        """Reject a section: port 0, no ``bundle-only``, out of its groups (RFC 9143, 7.3.3)."""
        media = self._media(section)
        splices = [self._with_port(media, "0")]
        splices += _removals(item.line - 1 for item in media.find_all("bundle-only"))
        if media.mid is not None:
            for attribute in self.document.session.find_all("group"):
                semantics, *mids = words(attribute.value or "") or [""]
                if media.mid in mids:
                    left = [semantics, *(mid for mid in mids if mid != media.mid)]
                    text = (f"a=group:{' '.join(left)}",) if len(left) > 1 else ()
                    splices.append(_Splice(attribute.line - 1, attribute.line, text))
        return self._apply(splices)

    def set_port(self, section: str | int, port: int) -> Self:
        """Change the port of the ``m=`` line."""
        if not 0 <= port <= 65535:
            raise ValueError(f"port {port}, not from 0 to 65535")
        return self._apply([self._with_port(self._media(section), str(port))])

    def set_group(self, semantics: str, mids: Iterable[str]) -> Self:
        """Give the first group of these semantics these mids; without mids remove it."""
        text = _checked(f"a=group:{' '.join((semantics, *mids))}")
        texts = (text,) if " " in text else ()
        session = self.document.session
        for attribute in session.find_all("group"):
            if words(attribute.value or "")[:1] == [semantics]:
                return self._apply([_Splice(attribute.line - 1, attribute.line, texts)])
        return self._apply([_insert(session, "group", list(texts))])

    # -- codecs ---------------------------------------------------------------------------------

    def keep_codecs(self, section: str | int, codecs: Collection[str | int]) -> Self:
        """Keep only these codecs, by payload type or name in any case, with their ``rtx``.

        All others go, with their rtpmap, fmtp, rtcp-fb and the like; so does a ``red`` that carries
        one of them, and what a ``rid`` says of them.
        """
        media = self._media(section)
        kept = formats_with_companions(media, codecs)
        return self._remove_formats(media, [item for item in media.formats if item not in kept])

    def remove_codecs(self, section: str | int, codecs: Collection[str | int]) -> Self:
        """Remove these codecs, by payload type or name in any case, with their ``rtx``."""
        media = self._media(section)
        return self._remove_formats(media, formats_with_companions(media, codecs, removed=True))

    def prefer_codecs(self, section: str | int, codecs: Sequence[str | int]) -> Self:
        """Put these codecs first in the ``m=`` line in this order, each before its ``rtx``."""
        media = self._media(section)
        index = media.first_line - 1
        head = self._head_of(media)
        text = " ".join((*head, *formats_before(media, codecs)))
        return self._apply([_Splice(index, index + 1, (f"m={text}",))])

    # -- candidates -----------------------------------------------------------------------------

    def add_candidate(self, section: str | int, candidate: Candidate | str) -> Self:
        """Add a candidate, a record or its text, after the others of the section."""
        return self._apply([self._new_candidates(self._media(section), [candidate])])

    def remove_candidates(
        self, section: str | int, where: Callable[[Candidate], bool] | None = None
    ) -> Self:
        """Remove all candidates, or those ``where`` says yes to (never an unreadable one then)."""
        media = self._media(section)
        if where is None:
            return self.remove_attributes(section, "candidate")
        return self._apply(
            _removals(
                candidate.span.line - 1
                for candidate in media.candidates
                if candidate.span is not None and where(candidate)
            )
        )

    def replace_candidates(self, section: str | int, candidates: Iterable[Candidate | str]) -> Self:
        """Put these candidates where the section's candidates are now."""
        media = self._media(section)
        standing = [attribute.line - 1 for attribute in media.find_all("candidate")]
        new = self._new_candidates(media, list(candidates))
        if not standing:
            return self._apply([new])
        first = standing[0]
        return self._apply([_Splice(first, first + 1, new.texts), *_removals(standing[1:])])

    # -- how a step is made ---------------------------------------------------------------------

    def _apply(self, splices: Iterable[_Splice]) -> Self:
        """One step: all splices, whose places are those of the document before the step."""
        splices = [item for item in splices if item.texts or item.start < item.stop]
        split = split_lines(self.document.text.removeprefix(self._mark))
        bodies = split.bodies
        ends = split.ends if isinstance(split.ends, list) else [split.ends] * len(bodies)
        if bodies:
            ends[-1] = split.last_end
        for start, stop, texts in sorted(splices, reverse=True):
            before = ends[start - 1] if start else ends[stop] if stop < len(ends) else ""
            end = before or (ends[start - 2] if start > 1 else _END)
            kept = ends[start:stop][: len(texts)]
            if start and not ends[start - 1] and texts:
                ends[start - 1] = end
            bodies[start:stop] = texts
            ends[start:stop] = kept + [end] * (len(texts) - len(kept))
        _mend(bodies, ends, bool(split.last_end))
        text = self._mark + join_lines(SplitText(bodies, ends, ""))
        try:
            changed = parse(
                text.encode("utf-8", "surrogateescape") if self.document.binary else text
            )
        except ParseError as error:
            raise ValueError(f"no session description would be left: {error}") from None
        if changed.text != self.document.text:
            self._before.append(self.document)
            self.document = changed
        return self

    @property
    def _mark(self) -> str:
        return "\ufeff" if self.document.byte_order_mark else ""

    def _line(self, number: int) -> int:
        count = len(self.document.lines)
        if not 1 <= number <= count:
            raise LookupError(f"no line {number} among {count}")
        return number - 1

    def _section(self, section: Where) -> Section:
        return self.document.session if section is None else self._media(section)

    def _media(self, section: str | int) -> MediaSection:
        if isinstance(section, str):
            found = self.document.find_media(section)
            if found is None:
                raise LookupError(f"no media section with mid {section!r}")
            return found
        media = self.document.media
        if not 0 <= section < len(media):
            raise LookupError(f"no media section {section} among {len(media)}")
        return media[section]

    def _head_of(self, media: MediaSection) -> list[str]:
        """Kind, port and protocol of the ``m=`` line as written."""
        fields = words(media.lines[0].value)
        if len(fields) < 4:
            raise ValueError(f"line {media.first_line} is no whole m= line")
        return fields[:3]

    def _with_port(self, media: MediaSection, port: str) -> _Splice:
        kind, old, _ = self._head_of(media)
        text = media.lines[0].text
        at = text.index(old, text.index(kind, 2) + len(kind))
        index = media.first_line - 1
        return _Splice(index, index + 1, (text[:at] + port + text[at + len(old) :],))

    def _remove_formats(self, media: MediaSection, removed: Collection[str]) -> Self:
        gone = frozenset(removed)
        if not gone:
            return self
        self._head_of(media)
        if gone.issuperset(media.formats):
            raise ValueError("a media section needs a format: reject it instead")
        return self._apply(
            _Splice(index, index + 1, () if text is None else (text,))
            for index, text in without_formats(media, gone)
        )

    def _new_candidates(self, media: MediaSection, candidates: list[Candidate | str]) -> _Splice:
        texts = []
        for candidate in candidates:
            if isinstance(candidate, str):
                try:
                    candidate = parse_candidate(candidate)
                except ParseError as error:
                    raise ValueError(f"no candidate: {error}") from None
            texts.append(_checked("a=" + build_candidate(candidate)))
        end = media.find("end-of-candidates")
        if end is not None and not media.has("candidate"):
            return _Splice(end.line - 1, end.line - 1, tuple(texts))
        return _insert(media, "candidate", texts)


def _checked(text: str) -> str:
    """``text`` if it can be one line."""
    if not text or "\r" in text or "\n" in text:
        raise ValueError("a line is text without a line end, and not empty")
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ValueError("a line with a lone surrogate") from None
    return text


def _attribute(name: str, value: str | None) -> str:
    if not name or ":" in name:
        raise ValueError(f"attribute name {name!r}")
    return _checked(f"a={name}" if value is None else f"a={name}:{value}")


def _insert(section: Section, name: str, texts: list[str]) -> _Splice:
    """New lines after the last attribute called ``name``, or after the last line with a letter."""
    standing = section.find_all(name)
    if standing:
        at = standing[-1].line
    else:
        lettered = [line.number for line in section.lines if line.type]
        at = lettered[-1] if lettered else section.first_line - 1 + len(section.lines)
    return _Splice(at, at, tuple(texts))


def _removals(indices: Iterable[int]) -> list[_Splice]:
    return [_Splice(index, index + 1, ()) for index in indices]


def _mend(bodies: list[str], ends: list[str], ended: bool) -> None:
    """See that every line but the last has an end, and no CR and LF of two lines run together."""
    if not bodies:
        return
    last = len(bodies) - 1
    for index in range(last):
        blank = not bodies[index + 1] and ends[index + 1].startswith("\n")
        if not ends[index] or (ends[index] == "\r" and blank):
            ends[index] = _END
    if not ended and bodies[last]:
        ends[last] = ""
    elif not ends[last]:
        ends[last] = ends[last - 1] if last else _END
