"""Payload type numbers: what each means, and which are free."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rtckit.jsep.matching.formats import (
    Configuration,
    Formats,
    MediaFormat,
    as_formats,
    configurations_of,
)

__all__ = ["PayloadTypeConflict", "PayloadTypes", "conflicts_in_bundle", "free_numbers"]

# RTCP packet types 192 to 223 look like these with the marker bit (RFC 5761, 4).
_FORBIDDEN = range(64, 96)
_FEW = 4


@dataclass(frozen=True, slots=True)
class PayloadTypeConflict:
    """A number with two meanings in sections that share a transport.

    Attributes:
        payload_type: the number.
        first: index of the section that uses it first.
        second: index of the section that uses it otherwise.
        meanings: how each says it, as ``VP8/90000``.
    """

    payload_type: int
    first: int
    second: int
    meanings: tuple[str, str]


def free_numbers(taken: Iterable[int]) -> Iterator[int]:
    """The numbers for further formats: 96 to 127, then 35 to 63.

    Numbers from 64 to 95 cannot be told from RTCP on the same port (RFC 5761, 4), and those below
    35 are assigned (RFC 3551, 6).
    """
    used = frozenset(taken)
    for number in (*range(96, 128), *range(35, 64)):
        if number not in used:
            yield number


def conflicts_in_bundle(
    sections: Sequence[tuple[int, Sequence[MediaFormat]]],
) -> list[PayloadTypeConflict]:
    """The payload types that mean different things in sections of one bundle (RFC 9143, 9.1.1).

    ``sections`` are indices with their formats. Each section is compared with the first that uses
    the number.
    """
    known = tuple([(index, as_formats(formats)) for index, formats in sections])
    return list(_few_conflicts(known) if len(known) <= _FEW else _conflicts(known))


@lru_cache(maxsize=128)
def _few_conflicts(sections: tuple[tuple[int, Formats], ...]) -> tuple[PayloadTypeConflict, ...]:
    """Calls have few sections, and the same formats in them from one to the next."""
    return tuple(_conflicts(sections))


def _conflicts(sections: Iterable[tuple[int, Formats]]) -> list[PayloadTypeConflict]:
    had: dict[int, tuple[int, Configuration, MediaFormat]] = {}
    found: list[PayloadTypeConflict] = []
    fitting: set[Formats] = set()
    for index, formats in sections:
        # Conferences have the same formats in very many sections.
        if formats in fitting:
            continue
        before_it = len(found)
        for item, key in zip(formats, configurations_of(formats), strict=True):
            first, meaning, before = had.setdefault(item.payload_type, (index, key, item))
            if meaning != key:
                found.append(
                    PayloadTypeConflict(
                        item.payload_type, first, index, (before.encoding, item.encoding)
                    )
                )
        if len(found) == before_it:
            fitting.add(formats)
    return found


@dataclass(slots=True)
class PayloadTypes:
    """What the payload types of a session mean, from its first description on.

    A number that was bound to a codec stays bound to it (RFC 3264, 8.3.2), and in one bundle it
    means the same in every section (RFC 9143, 9.1.1); so a number is given to a second codec only
    when a description of the other side did so.

    Attributes:
        bound: the formats of each section that was learnt, in order; the same ones once.
    """

    bound: tuple[Formats, ...] = ()
    _seen: set[Formats] = field(default_factory=set)
    _entered: int = 0
    _numbers: dict[Configuration, list[int]] = field(default_factory=dict)
    _meanings: dict[int, set[Configuration]] = field(default_factory=dict)

    def bind(self, formats: Sequence[MediaFormat]) -> None:
        """Learn the numbers of a section, of either side."""
        section = as_formats(formats)
        if section and section not in self._seen:
            self._seen.add(section)
            self.bound = (*self.bound, section)

    def _enter(self) -> None:
        """Enter what was bound into the tables: often nobody asks for them."""
        for formats in self.bound[self._entered :]:
            for item, key in zip(formats, configurations_of(formats), strict=True):
                numbers = self._numbers.setdefault(key, [])
                if item.payload_type not in numbers:
                    numbers.append(item.payload_type)
                self._meanings.setdefault(item.payload_type, set()).add(key)
        self._entered = len(self.bound)

    def numbers_of(self, key: Configuration) -> tuple[int, ...]:
        """The numbers that have stood for a configuration."""
        self._enter()
        return tuple(self._numbers.get(key, ()))

    def is_free(self, number: int, key: Configuration, taken: Iterable[int] = ()) -> bool:
        """Whether a number means nothing else, and is not in ``taken``."""
        self._enter()
        return self._meanings.get(number, {key}) <= {key} and number not in taken

    def choose(self, key: Configuration, preferred: int, taken: Iterable[int]) -> int | None:
        """The number for a configuration in a section whose numbers so far are ``taken``.

        The one it had, else the preferred one if it is free, else any free one; None when there is
        none left.
        """
        used = frozenset(taken)
        self._enter()
        for number in self._numbers.get(key, ()):
            if self.is_free(number, key, used):
                return number
        if preferred not in _FORBIDDEN and self.is_free(preferred, key, used):
            return preferred
        return next((number for number in free_numbers(used) if self.is_free(number, key)), None)
