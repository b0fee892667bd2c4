"""A NAT by the terms of RFC 4787: how it maps, what it lets in, and for how long."""

from dataclasses import dataclass, field
from random import Random

from rtckit.core.address import Address

__all__ = ["ENDPOINT_INDEPENDENT", "NAMED_TYPES", "Nat", "NatType", "nat_type"]

ENDPOINT_INDEPENDENT = "endpoint-independent"
ADDRESS_DEPENDENT = "address-dependent"
ADDRESS_AND_PORT_DEPENDENT = "address-and-port-dependent"
BEHAVIOURS = (ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
_SHORT = {"ei": BEHAVIOURS[0], "ad": BEHAVIOURS[1], "apd": BEHAVIOURS[2]}
_FIRST_PORT, _LAST_PORT = 1024, 65535


@dataclass(frozen=True, slots=True)
class NatType:
    """What a NAT does (RFC 4787, 4 to 6).

    Attributes:
        mapping: for which destinations one address inside keeps one port outside; one of
            ``endpoint-independent``, ``address-dependent``, ``address-and-port-dependent``.
        filtering: who may send to that port, in the same words.
        hairpinning: whether two hosts inside reach each other by their addresses outside.
        port_preservation: whether the port outside is the one inside while it is free.
        lifetime: seconds without a packet from inside until a mapping is gone.
        translates: False for a firewall, which only filters.
        blocks_udp: no UDP goes out at all.
    """

    mapping: str = ENDPOINT_INDEPENDENT
    filtering: str = ADDRESS_AND_PORT_DEPENDENT
    hairpinning: bool = False
    port_preservation: bool = True
    lifetime: float = 120.0
    translates: bool = True
    blocks_udp: bool = False

    def __post_init__(self) -> None:
        for behaviour in (self.mapping, self.filtering):
            if behaviour not in BEHAVIOURS:
                raise ValueError(f"{behaviour!r} is none of {', '.join(BEHAVIOURS)}")


NAMED_TYPES: dict[str, NatType | None] = {
    "open": None,
    "full cone": NatType(filtering=ENDPOINT_INDEPENDENT),
    "restricted": NatType(filtering=ADDRESS_DEPENDENT),
    "port restricted": NatType(),
    "symmetric": NatType(ADDRESS_AND_PORT_DEPENDENT, port_preservation=False),
    "firewall": NatType(translates=False),
    "udp blocked": NatType(blocks_udp=True),
}
"""The names of RFC 3489, 5, and two more; ``open`` is no NAT at all."""

_ALIASES = {
    "none": "open",
    "restricted cone": "restricted",
    "address restricted": "restricted",
    "address-restricted cone": "restricted",
    "port restricted cone": "port restricted",
    "blocked": "udp blocked",
}


def nat_type(name: str) -> NatType | None:
    """Return the type of a name: ``symmetric``, or mapping and filtering as ``EI/APD``.

    Words may be joined by blanks, hyphens or underscores; ``+hairpin`` may follow.

    Raises:
        ValueError: there is no such type; the message lists what there is.
    """
    base, plus, extra = name.partition("+")
    words = " ".join(base.lower().replace("_", " ").replace("-", " ").split())
    known = {key.replace("-", " "): value for key, value in _ALIASES.items()}
    words = known.get(words, words)
    found: NatType | None
    if words in NAMED_TYPES:
        found = NAMED_TYPES[words]
    else:
        mapping, slash, filtering = (part.strip() for part in words.partition("/"))
        if not slash or mapping not in _SHORT or filtering not in _SHORT:
            names = ", ".join(NAMED_TYPES)
            raise ValueError(f"no such NAT: {name!r} (one of {names}, or EI/APD and the like)")
        found = NatType(_SHORT[mapping], _SHORT[filtering])
    if plus:
        if extra.strip().lower() not in ("hairpin", "hairpinning") or found is None:
            raise ValueError(f"what is {extra!r} to a NAT?")
        return NatType(
            *(found.mapping, found.filtering, True, found.port_preservation, found.lifetime),
            *(found.translates, found.blocks_udp),
        )
    return found


@dataclass(slots=True)
class _Mapping:
    inside: Address
    outside: Address
    used: float
    peers: dict[Address, float] = field(default_factory=dict)


@dataclass(slots=True)
class Nat:
    """A NAT at work.

    Attributes:
        name: for people.
        ip: its address outside.
        type: what it does.
        random: where ports come from when they are not preserved.
    """

    name: str
    ip: str
    type: NatType
    random: Random
    _mappings: dict[tuple[object, ...], _Mapping] = field(default_factory=dict)
    _outside: dict[Address, _Mapping] = field(default_factory=dict)

    def send_out(self, now: float, inside: Address, to: Address) -> Address | str:
        """Translate a packet from inside; returns its new source, or why it is dropped."""
        if self.type.blocks_udp:
            return f"{self.name} lets no UDP out"
        key = self._key(inside, to)
        mapping = self._mappings.get(key)
        if mapping is not None and now - mapping.used > self.type.lifetime:
            self._forget(key, mapping)
            mapping = None
        if mapping is None:
            mapping = _Mapping(inside, self._new_address(now, inside), now)
            self._mappings[key] = mapping
            self._outside[mapping.outside] = mapping
        mapping.used = now
        mapping.peers[to] = now
        return mapping.outside

    def take_in(self, now: float, source: Address, outside: Address) -> Address | str:
        """Translate a packet from outside; returns where it goes, or why it is dropped."""
        mapping = self._outside.get(outside)
        if mapping is None or now - mapping.used > self.type.lifetime:
            return f"{self.name} has no mapping for port {outside.port}"
        allowed = [peer for peer, used in mapping.peers.items() if now - used <= self.type.lifetime]
        filtering = self.type.filtering
        if filtering == ENDPOINT_INDEPENDENT:
            return mapping.inside
        if filtering == ADDRESS_DEPENDENT:
            if any(peer.ip == source.ip for peer in allowed):
                return mapping.inside
            return f"{self.name} lets in only addresses it sent to, and not {source.ip}"
        if source in allowed:
            return mapping.inside
        return f"{self.name} lets in only addresses and ports it sent to, and not {source}"

    def _key(self, inside: Address, to: Address) -> tuple[object, ...]:
        if not self.type.translates or self.type.mapping == ENDPOINT_INDEPENDENT:
            return (inside,)
        if self.type.mapping == ADDRESS_DEPENDENT:
            return inside, to.ip
        return inside, to

    def _new_address(self, now: float, inside: Address) -> Address:
        if not self.type.translates:
            return inside
        preserved = Address(self.ip, inside.port)
        if self.type.port_preservation and self._is_free(now, preserved):
            return preserved
        while True:
            chosen = Address(self.ip, self.random.randint(_FIRST_PORT, _LAST_PORT))
            if self._is_free(now, chosen):
                return chosen

    def _is_free(self, now: float, outside: Address) -> bool:
        mapping = self._outside.get(outside)
        return mapping is None or now - mapping.used > self.type.lifetime

    def _forget(self, key: tuple[object, ...], mapping: _Mapping) -> None:
        del self._mappings[key]
        if self._outside.get(mapping.outside) is mapping:
            del self._outside[mapping.outside]
