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
        self._used = {e.id for kind in known.values() for e in kind.values()}

    def of(self, kind: str) -> Mapping[str, Extension]:
        """Return the extensions of a kind by URI, those that joined behind the others."""
        known = self._known.get(kind, {})
        if kind != "video" or not self._added:
            return known
        return {**known, **self._added}

    def join_simulcast(self, *, sends: bool) -> None:
        """Have the extensions for rids join, and where it is sent the dependency descriptor."""
        for uri in SIMULCAST_EXTENSIONS if sends else _RIDS:
            if uri not in self._added:
                self._added[uri] = Extension(self._new_number(), uri, "sendonly")

    def note_offered(self, extensions: Iterable[ExtMap]) -> None:
        """Keep in mind which numbers the other side uses."""
        self._used.update(e.id for e in extensions if e.id <= _LARGEST)

    def note_agreed(self, extensions: Iterable[ExtMap]) -> None:
        """Take over the numbers of an answer."""
        for agreed in extensions:
            if any(agreed.uri in e for e in (*self._known.values(), self._added)):
                self._take(agreed.uri, agreed.id)

    def _take(self, uri: str, number: int) -> None:
        others = [other.uri for other in self._all() if other.id == number and other.uri != uri]
        self._set(uri, number)
        for other in dict.fromkeys(others):
            self._set(other, self._new_number())

    def _all(self) -> list[Extension]:
        return [*(e for kind in self._known.values() for e in kind.values()), *self._added.values()]

    def _set(self, uri: str, number: int) -> None:
        self._known = {
            kind: {u: e._replace(id=number) if u == uri else e for u, e in extensions.items()}
            for kind, extensions in self._known.items()
        }
        if uri in self._added:
            self._added[uri] = self._added[uri]._replace(id=number)

    def _new_number(self) -> int:
        """Return the lowest number never used."""
        number = next(n for n in range(1, _LARGEST + 1) if n not in self._used)
        self._used.add(number)
        return number
