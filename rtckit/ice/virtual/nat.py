"""A NAT by the terms of RFC 4787: how it maps, what it lets in, and for how long."""

import difflib
from dataclasses import dataclass, field, replace
from random import Random

from rtckit.core.address import Address

__all__ = [
    "ENDPOINT_INDEPENDENT",
    "NAMED_TYPES",
    "Nat",
    "NatType",
    "nat_type",
    "plain_words",
    "suggest",
]

ENDPOINT_INDEPENDENT = "endpoint-independent"
ADDRESS_DEPENDENT = "address-dependent"
ADDRESS_AND_PORT_DEPENDENT = "address-and-port-dependent"
BEHAVIOURS = (ENDPOINT_INDEPENDENT, ADDRESS_DEPENDENT, ADDRESS_AND_PORT_DEPENDENT)
_SHORT = {"ei": BEHAVIOURS[0], "ad": BEHAVIOURS[1], "apd": BEHAVIOURS[2]}
_FIRST_PORT, _LAST_PORT = 1024, 65535
_HTTPS = 443


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
        web_only: of TCP only what goes to port 443 gets out.
    """

    mapping: str = ENDPOINT_INDEPENDENT
    filtering: str = ADDRESS_AND_PORT_DEPENDENT
    hairpinning: bool = False
    port_preservation: bool = True
    lifetime: float = 120.0
    translates: bool = True
    blocks_udp: bool = False
    web_only: bool = False

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
    "web only": NatType(blocks_udp=True, web_only=True),
}
"""The names of RFC 3489, 5, and three more; ``open`` is no NAT at all."""

FEATURES = ("hairpin", "random ports", "same ports", "lifetime=SECONDS")
"""What may follow the name of a NAT after a plus."""

_TCP_LIFETIME = 7440.0
"""Seconds an established connection is kept (RFC 5382, 5)."""

_ALIASES = {
    "none": "open",
    "restricted cone": "restricted",
    "address restricted": "restricted",
    "address-restricted cone": "restricted",
    "port restricted cone": "port restricted",
    "blocked": "udp blocked",
    "tls only": "web only",
    "https only": "web only",
}


def nat_type(name: str) -> NatType | None:
    """Return the type of a name: ``symmetric``, or mapping and filtering as ``EI/APD``.

    Words may be joined by blanks, hyphens or underscores. After a plus may follow what it does
    besides: ``+hairpin``, ``+random ports``, ``+same ports``, ``+lifetime=30``.

    Raises:
        ValueError: there is no such type; the message lists what there is.
    """
    base, *features = name.split("+")
    found = _named(base)
    for feature in features:
        if found is None:
            raise ValueError(f"what is {feature.strip()!r} to no NAT at all?")
        found = _with_feature(found, feature)
    return found


def plain_words(text: str) -> str:
    """Return a name as the tables have it: small letters, single blanks."""
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


def suggest(word: str, known: "list[str] | tuple[str, ...]") -> str:
    """Return what to add to a refusal: the nearest name, or all of them."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}"


def _named(name: str) -> NatType | None:
    words = plain_words(name)
    known = {key.replace("-", " "): value for key, value in _ALIASES.items()}
    words = known.get(words, words)
    if words in NAMED_TYPES:
        return NAMED_TYPES[words]
    mapping, slash, filtering = (part.strip() for part in words.partition("/"))
    if not slash or mapping not in _SHORT or filtering not in _SHORT:
        names = [*NAMED_TYPES, *known]
        hint = suggest(words, names) if words else f"one of {', '.join(NAMED_TYPES)}"
        if not hint.startswith("did"):
            hint = f"one of {', '.join(NAMED_TYPES)}, or mapping/filtering such as EI/APD"
        raise ValueError(f"no such NAT: {name.strip()!r}; {hint}")
    return NatType(_SHORT[mapping], _SHORT[filtering])


def _with_feature(found: NatType, feature: str) -> NatType:
    words, equals, value = (part.strip() for part in plain_words(feature).partition("="))
    if words in ("hairpin", "hairpinning") and not equals:
        return replace(found, hairpinning=True)
    if words in ("same ports", "port preservation") and not equals:
        return replace(found, port_preservation=True)
    if words == "random ports" and not equals:
        return replace(found, port_preservation=False)
    if words == "lifetime" and equals:
        try:
            return replace(found, lifetime=float(value.removesuffix("s")))
        except ValueError:
            raise ValueError(f"a lifetime is in seconds, not {value!r}") from None
    raise ValueError(f"what is {feature.strip()!r} to a NAT? {suggest(words, FEATURES)}")


@dataclass(slots=True)
class _Mapping:
    inside: Address
    outside: Address
    transport: str
    lifetime: float
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
    _outside: dict[tuple[str, Address], _Mapping] = field(default_factory=dict)

    def send_out(
        self, now: float, inside: Address, to: Address, transport: str = "udp"
    ) -> Address | str:
        """Translate a packet from inside; returns its new source, or why it is dropped."""
        if transport == "udp" and self.type.blocks_udp:
            return f"{self.name} lets no UDP out"
        if transport == "tcp" and self.type.web_only and to.port != _HTTPS:
            return f"{self.name} lets TCP out to port 443 only"
        key = self._key(transport, inside, to)
        mapping = self._mappings.get(key)
        if mapping is not None and now - mapping.used > mapping.lifetime:
            self._forget(key, mapping)
            mapping = None
        if mapping is None:
            lifetime = self.type.lifetime if transport == "udp" else _TCP_LIFETIME
            outside = self._new_address(now, transport, inside)
            mapping = _Mapping(inside, outside, transport, lifetime, now)
            self._mappings[key] = mapping
            self._outside[transport, mapping.outside] = mapping
        mapping.used = now
        mapping.peers[to] = now
        return mapping.outside

    def take_in(
        self, now: float, source: Address, outside: Address, transport: str = "udp"
    ) -> Address | str:
        """Translate a packet from outside; returns where it goes, or why it is dropped."""
        mapping = self._outside.get((transport, outside))
        if mapping is None or now - mapping.used > mapping.lifetime:
            if not self.type.translates:
                return f"{self.name} lets in only what was asked for from inside"
            kind = "" if transport == "udp" else "TCP "
            return f"{self.name} has no mapping for {kind}port {outside.port}"
        allowed = [peer for peer, used in mapping.peers.items() if now - used <= mapping.lifetime]
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

    def _key(self, transport: str, inside: Address, to: Address) -> tuple[object, ...]:
        if not self.type.translates or self.type.mapping == ENDPOINT_INDEPENDENT:
            return transport, inside
        if self.type.mapping == ADDRESS_DEPENDENT:
            return transport, inside, to.ip
        return transport, inside, to

    def _new_address(self, now: float, transport: str, inside: Address) -> Address:
        if not self.type.translates:
            return inside
        preserved = Address(self.ip, inside.port)
        if self.type.port_preservation and self._is_free(now, transport, preserved):
            return preserved
        while True:
            chosen = Address(self.ip, self.random.randint(_FIRST_PORT, _LAST_PORT))
            if self._is_free(now, transport, chosen):
                return chosen

    def _is_free(self, now: float, transport: str, outside: Address) -> bool:
        mapping = self._outside.get((transport, outside))
        return mapping is None or now - mapping.used > mapping.lifetime

    def _forget(self, key: tuple[object, ...], mapping: _Mapping) -> None:
        del self._mappings[key]
        place = mapping.transport, mapping.outside
        if self._outside.get(place) is mapping:
            del self._outside[place]
