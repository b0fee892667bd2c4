"""RTP header extensions: which are taken, under which id, in which direction (RFC 8285, 5 to 7)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rtckit.jsep.capabilities import ExtensionCapability
from rtckit.jsep.transceiver import intersect, reverse_of
from rtckit.sdp.rtp import ExtMap

__all__ = [
    "ENCRYPT",
    "AnsweredExtension",
    "DroppedExtension",
    "ExtensionIds",
    "ExtensionKey",
    "build_extmap",
    "is_usable_id",
    "match_extensions",
    "needs_two_bytes",
]

ENCRYPT = "urn:ietf:params:rtp-hdrext:encrypt"
"""The URI of an encrypted extension; what it encrypts is its attribute (RFC 6904, 4)."""

ExtensionKey = tuple[str, str]
"""URI and attributes: two extensions with another configuration are different (RFC 8285, 7)."""

_REFS = ("RFC 8285, 7",)
_OUT_OF_RANGE = range(4096, 4352)
_ONE_BYTE = range(1, 15)
_TWO_BYTES = range(1, 256)


@dataclass(frozen=True, slots=True)
class AnsweredExtension:
    """An extension of an answer; ``direction`` is None where it is that of the stream."""

    id: int
    uri: str
    direction: str | None
    attributes: str
    why: str
    refs: tuple[str, ...] = _REFS


@dataclass(frozen=True, slots=True)
class DroppedExtension:
    """An offered extension that is not in the answer, and why."""

    offered: ExtMap
    why: str
    refs: tuple[str, ...] = _REFS


def is_usable_id(number: int) -> bool:
    """Whether packets can have this id: 1 to 14 in either form, to 255 in the two-byte form.

    0 is padding, and 15 is reserved in the one-byte form only (RFC 8285, 4.2 and 4.3).
    """
    return number in _TWO_BYTES


def needs_two_bytes(number: int) -> bool:
    """Whether an id does not fit the one-byte form (RFC 8285, 4.2)."""
    return number not in _ONE_BYTE


@dataclass(slots=True)
class ExtensionIds:
    """The ids of a session: one that was bound to an extension is not given to another.

    Valid ids must not be remapped, and a bundle has one space of them (RFC 8285, 7).
    """

    _ids: dict[ExtensionKey, int] = field(default_factory=dict)
    _keys: dict[int, ExtensionKey] = field(default_factory=dict)
    _bound: dict[int, Sequence[ExtMap | AnsweredExtension]] = field(default_factory=dict)

    def bind(self, number: int, key: ExtensionKey) -> None:
        """Learn an id of either side; of an extension or an id the first one learnt counts."""
        self._enter()
        self._bind(number, key)

    def bind_all(self, extensions: Sequence[ExtMap | AnsweredExtension]) -> None:
        """Learn the ids of a section of either side."""
        self._bound.setdefault(id(extensions), extensions)

    def _bind(self, number: int, key: ExtensionKey) -> None:
        if is_usable_id(number):
            self._ids.setdefault(key, number)
            self._keys.setdefault(number, key)

    def _enter(self) -> None:
        """Enter what was bound into the tables: often nobody asks for them."""
        for extensions in self._bound.values():
            for item in extensions:
                self._bind(item.id, (item.uri, item.attributes))
        self._bound.clear()

    def settle(self, number: int, key: ExtensionKey) -> None:
        """Learn an id of an answer, which counts whatever offers that came to nothing said."""
        self._enter()
        if is_usable_id(number):
            self._ids[key] = number
            self._keys[number] = key

    def is_free(self, number: int, key: ExtensionKey) -> bool:
        """Whether an id can be used and stands for nothing else."""
        self._enter()
        return is_usable_id(number) and self._keys.get(number, key) == key

    def choose(self, key: ExtensionKey, preferred: int, taken: Iterable[int] = ()) -> int | None:
        """The id of an extension: the one it had, the preferred one, or the next free one.

        Ids of the one-byte form go first. None when all are taken.
        """
        self._enter()
        used = frozenset(taken)
        had = self._ids.get(key)
        if had is not None and had not in used and self._keys.get(had) == key:
            return had
        for number in (preferred, *_free()):
            if number not in used and self.is_free(number, key):
                return number
        return None


def _free() -> Iterator[int]:
    yield from _ONE_BYTE
    yield from range(16, 256)


def build_extmap(number: int, uri: str, direction: str | None, attributes: str) -> str:
    """The value of ``a=extmap``."""
    shown = f"{number}/{direction}" if direction else str(number)
    return f"{shown} {uri} {attributes}" if attributes else f"{shown} {uri}"


def match_extensions(
    offered: Sequence[ExtMap],
    own: Sequence[ExtensionCapability],
    direction: str,
    *,
    shared: Mapping[int, ExtensionKey],
    ids: ExtensionIds,
) -> tuple[list[AnsweredExtension], list[DroppedExtension]]:
    """Choose the extensions of a section of an answer (RFC 8285, 7).

    Args:
        offered: the extensions of the offered section, in order.
        own: those the answerer knows.
        direction: the direction of the stream in the answer.
        shared: what ids mean in the sections of the same bundle that were matched before.
        ids: the ids of the session, for extensions whose id has to be replaced.

    An extension keeps its id and has its direction reversed; ids from 4096 on are replaced by
    usable ones. Of alternatives under one such id the first that is known is taken.
    """
    known = {_own_key(item): item for item in own}
    encrypted = {item.attributes for item in own if item.uri == ENCRYPT}
    taken: dict[int, AnsweredExtension] = {}
    dropped: list[DroppedExtension] = []
    uris: set[ExtensionKey] = set()
    alternatives: set[int] = set()
    reserved = {item.id for item in offered} | shared.keys()
    for item in offered:
        key = (item.uri, item.attributes)
        mine = known.get(key) or known.get((item.uri, ""))
        number: int | None = item.id
        why = _refuse(item, mine, key in uris, taken, shared, encrypted)
        if why is None and item.id in _OUT_OF_RANGE:
            if item.id in alternatives:
                why = f"another extension under id {item.id} is taken"
            else:
                number = ids.choose(key, 0, reserved | taken.keys())
                why = None if number is not None else "there is no free id"
        if why is not None or mine is None or number is None:
            dropped.append(DroppedExtension(item, why or "not supported"))
            continue
        reply = _reply(item.direction, mine.direction, direction)
        if reply == "inactive" and direction != "inactive":
            dropped.append(DroppedExtension(item, "neither end would send it to the other"))
            continue
        alternatives.add(item.id)
        uris.add(key)
        shown = None if reply == direction and item.direction is None else reply
        said = "replaces id " + str(item.id) if number != item.id else "known"
        if needs_two_bytes(number):
            said += ", in the two-byte form"
        taken[number] = AnsweredExtension(number, item.uri, shown, item.attributes, said)
    return list(taken.values()), dropped


def _own_key(item: ExtensionCapability) -> ExtensionKey:
    return (item.uri, item.attributes)


def _refuse(
    item: ExtMap,
    mine: ExtensionCapability | None,
    repeated: bool,
    taken: Mapping[int, AnsweredExtension],
    shared: Mapping[int, ExtensionKey],
    encrypted: set[str],
) -> str | None:
    """Why an offered extension cannot be taken whatever its direction; None if it can."""
    if mine is None:
        return "not supported"
    if not is_usable_id(item.id) and item.id not in _OUT_OF_RANGE:
        return f"{item.id} is no id: 1 to 255, or 4096 to 4351 to be replaced"
    if repeated:
        return "it is offered twice"
    if item.id in taken:
        return f"id {item.id} stands for {taken[item.id].uri} in this section"
    before = shared.get(item.id)
    if before is not None and before != (item.uri, item.attributes):
        return f"id {item.id} stands for {before[0]} in another section of the bundle"
    if item.uri in encrypted:
        return "it is supported encrypted only"
    return None


def _reply(offered: str | None, own: str, stream: str) -> str:
    """The direction of an extension in the answer, within that of the stream."""
    reply = own if offered is None else intersect(reverse_of(offered), own)
    # Extensions of an inactive stream may be signalled with the direction they will have.
    return reply if stream == "inactive" else intersect(reply, stream)
