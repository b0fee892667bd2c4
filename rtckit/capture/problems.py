"""The problems a capture's readers meet, kept in bounds.

A damaged capture can hold a problem a frame; what a person needs is the first few of each kind.
"""

from collections import Counter

from rtckit.core.findings import Problem

__all__ = ["ProblemList"]

_OF_A_KIND = 20
_TOGETHER = 500


class ProblemList(list[Problem]):
    """A list of problems that stops growing: some of each kind, and a bound over all kinds.

    ``unlisted`` counts by kind what was met and not listed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._met: Counter[str] = Counter()
        self.unlisted: Counter[str] = Counter()

    def note(
        self,
        kind: str,
        message: str,
        *,
        frame: int | None = None,
        offset: int | None = None,
        expected: str = "",
    ) -> None:
        """List a problem, unless enough of its ``kind`` are listed."""
        self._met[kind] += 1
        if self._met[kind] > _OF_A_KIND or len(self) >= _TOGETHER:
            self.unlisted[kind] += 1
            return
        if self._met[kind] == _OF_A_KIND:
            message += " (further problems of this kind are counted, not listed)"
        self.append(Problem(message, offset=offset, expected=expected, frame=frame))

    def note_once(self, kind: str, message: str, *, frame: int | None = None) -> None:
        """List a problem when it is the first of its ``kind``."""
        if not self._met[kind]:
            self.note(kind, message, frame=frame)
