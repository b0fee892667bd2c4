"""The numbers of header extensions over the life of a connection (RFC 8285, 5)."""

from collections.abc import Iterable, Mapping

from rtckit.jsep.stacks.firefox.attributes import ExtMap
from rtckit.jsep.stacks.firefox.capabilities import Extension

__all__ = ["SIMULCAST_EXTENSIONS", "ExtensionNumbers"]

DEPENDENCY_DESCRIPTOR = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
_RIDS = (
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
)
SIMULCAST_EXTENSIONS = (DEPENDENCY_DESCRIPTOR, *_RIDS)
"""The extensions that join with simulcast, in the order they do."""

_LARGEST = 4095  # from 4096 on the answerer chooses


class ExtensionNumbers:
    """The extensions of a connection with the numbers they have by now.

    A number once used for one extension is not used for another: an exchange that numbers one as
    another of ours is moves that one to a number never used.
    """

    def __init__(self, known: Mapping[str, Mapping[str, Extension]]) -> None:
        self._known = known
        self._added: dict[str, Extension] = {}
        # The numbers by now; None until they are others than at first.
        self._numbers: dict[str, int] | None = None
        self._used = {e.id for kind in known.values() for e in kind.values()}

    def of(self, kind: str) -> Mapping[str, Extension]:
        """Return the extensions of a kind by URI, those that joined behind the others."""
        known = self._known.get(kind, {})
        if kind == "video" and self._added:
            known = {**known, **self._added}
        numbers = self._numbers
        if numbers is None:
            return known
        return {uri: e._replace(id=numbers.get(uri, e.id)) for uri, e in known.items()}

    def join_simulcast(self, *, sends: bool) -> None:
        """Have the extensions for rids join, and where it is sent the dependency descriptor."""
        for uri in SIMULCAST_EXTENSIONS if sends else _RIDS:
            if uri not in self._added:
                self._added[uri] = Extension(self._new_number(), uri, "sendonly")
                if self._numbers is not None:
                    self._numbers[uri] = self._added[uri].id

    def note_agreed(self, extensions: Iterable[ExtMap]) -> None:
        """Take over the numbers of an answer, one after another.

        One of ours that has the number of another moves to one never used; its own number may
        come behind.
        """
        if self._numbers is None:
            every = (*self._known.values(), self._added)
            self._numbers = {e.uri: e.id for kind in every for e in kind.values()}
        numbers = self._numbers
        for number, _, uri in extensions:
            if numbers.get(uri, number) == number:
                continue
            # One before it moves while the number is not yet known to be used.
            for other, taken in numbers.items():
                if other == uri:
                    numbers[uri] = number
                    self._used.add(number)
                elif taken == number:
                    numbers[other] = self._new_number()

    def _new_number(self) -> int:
        """Return the lowest number never used."""
        number = next(n for n in range(1, _LARGEST + 1) if n not in self._used)
        self._used.add(number)
        return number
