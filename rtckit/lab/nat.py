"""NATs made of nftables rules: every mapping and filtering behaviour of RFC 4787.

Mapping (RFC 4787, 4.1) is what the source translation takes its port from; filtering (5) is what
the router translates back towards the inside. Plain connection tracking can only do
address-and-port-dependent filtering; for the other two a rule behind the source translation learns
each mapping, and inbound packets are translated by what was learnt. Ports that are not those inside
come from chance, once for each mapping: another rule learns them too.
"""

import shutil
from dataclasses import dataclass
from enum import StrEnum

from rtckit.ice.virtual.nat import nat_type
from rtckit.lab.namespaces import Namespace

__all__ = ["Behavior", "Nat", "apply_nat", "parse_nat", "parse_side", "ruleset"]

_TABLE = "rtckit_nat"
# Below those the kernel chooses for local sockets and up: collisions of two sockets are rare.
_RANDOM_PORTS = "10000-65535"
_FIRST_IN_TURN = 50000
_IN_TURN = 1024
_CARRIER = "cgnat"
_HAIRPINNED = 104
"""The mark of flows from inside to inside: what comes from outside keeps its source address."""


class Behavior(StrEnum):
    """On what a mapping or a filter depends (RFC 4787, 4.1 and 5)."""

    ENDPOINT_INDEPENDENT = "endpoint-independent"
    ADDRESS_DEPENDENT = "address-dependent"
    ADDRESS_AND_PORT_DEPENDENT = "address-and-port-dependent"


_EI = Behavior.ENDPOINT_INDEPENDENT
_AD = Behavior.ADDRESS_DEPENDENT
_APD = Behavior.ADDRESS_AND_PORT_DEPENDENT


@dataclass(frozen=True, slots=True)
class Nat:
    """How a NAT behaves.

    ``port_preserving`` is for endpoint-independent mapping only; ``hairpinning`` is "external
    source IP address and port" (RFC 4787, 6); ``timeout_s`` is the life of an idle UDP mapping;
    ``udp_blocked`` lets nothing out but TCP to port 443. ``in_turn`` gives mappings that depend on
    address and port one port after the other instead of random ones. Without ``translates`` it is a
    firewall: addresses and ports stay, and only what belongs to a flow from inside comes in.
    """

    mapping: Behavior = _EI
    filtering: Behavior = _APD
    port_preserving: bool = True
    hairpinning: bool = False
    timeout_s: int = 120
    udp_blocked: bool = False
    in_turn: bool = False
    translates: bool = True

    @property
    def preserves_ports(self) -> bool:
        """Whether the port outside is the one inside."""
        return not self.translates or (self.mapping is _EI and self.port_preserving)

    @property
    def rfc3489(self) -> str:
        """The old name of the combination (RFC 3489, 5), or ``""`` where it never had one."""
        if self.udp_blocked:
            return "blocked"
        if not self.translates:
            return "symmetric UDP firewall"
        if self.mapping is _EI:
            return {_EI: "full cone", _AD: "restricted cone", _APD: "port restricted cone"}[
                self.filtering
            ]
        return "symmetric" if self.mapping is _APD and self.filtering is _APD else ""

    def describe(self) -> str:
        """The behaviour in words."""
        if self.udp_blocked:
            return "UDP blocked, TCP to port 443 only"
        if not self.translates:
            return "firewall without translation"
        words = [f"{self.mapping} mapping"]
        if self.mapping is _EI:
            words.append("port preserving" if self.port_preserving else "not port preserving")
        if self.in_turn:
            words.append("ports in turn")
        words.append(f"{self.filtering} filtering")
        if self.hairpinning:
            words.append("hairpinning")
        return ", ".join(words)


def parse_nat(text: str) -> Nat | None:
    """The NAT of a name; ``None`` for ``open``.

    Names and what may follow them after a ``+`` are those of the simulator
    (:func:`rtckit.ice.virtual.nat.nat_type`): ``full cone``, ``symmetric``, ``EI/APD+hairpin``,
    ``EI/EI+random ports``, ``restricted+lifetime=30``; besides, ``symmetric+in turn``. Raises
    ``ValueError`` that lists what there is.
    """
    parts = [part.strip() for part in text.split("+")]
    in_turn = [part for part in parts if part.lower().replace("-", " ") == "in turn"]
    kind = nat_type("+".join(part for part in parts if part not in in_turn))
    if kind is None:
        if in_turn:
            raise ValueError("no NAT at all gives ports in turn")
        return None
    nat = Nat(
        Behavior(kind.mapping),
        Behavior(kind.filtering),
        kind.port_preservation and kind.mapping == _EI,
        kind.hairpinning,
        max(1, round(kind.lifetime)),
        kind.blocks_udp,
        bool(in_turn),
        kind.translates,
    )
    if in_turn and nat.mapping is not _APD:
        raise ValueError(
            f"{parts[0]!r} keeps one port: a NAT that gives ports in turn is symmetric"
        )
    return nat


def parse_side(text: str) -> tuple[Nat, ...]:
    """What a host is behind, the nearest first: ``open``, ``symmetric``, ``full cone behind X``.

    ``cgnat`` is a port restricted NAT, at home (``cgnat`` alone) and at the carrier (``X behind
    cgnat``). ``ValueError`` as of :func:`parse_nat`.
    """
    names = [part.strip() for part in text.split(" behind ")]
    if names == [_CARRIER]:
        names = ["port restricted", _CARRIER]
    found = [parse_nat("port restricted" if name == _CARRIER else name) for name in names]
    chain = tuple(nat for nat in found if nat is not None)
    if len(chain) < len(names) and len(names) > 1:
        raise ValueError(f"{text!r}: nothing stands behind an open network")
    return chain


def ruleset(nat: Nat, address: str, *, wan: str = "wan", lan: str = "lan") -> str:
    """The nftables script that makes a router behave so; ``address`` is its outside address.

    Loading it replaces what an earlier one made.
    """
    filters = _blocking(wan, lan) if nat.udp_blocked else _forwarding(lan)
    # Without the drop, a peer's early packet would become a connection of the router itself, and
    # the inside host's own packet to that peer would then have to take another port.
    chains = [
        *("chain input {", "type filter hook input priority filter; policy accept;"),
        *(f"iifname {wan} ct state established,related accept", f"iifname {wan} drop", "}"),
        *("chain forward {", "type filter hook forward priority filter; policy drop;"),
        *(*filters, "}"),
        *("chain outbound {", "type nat hook postrouting priority srcnat; policy accept;"),
        *(*_outbound(nat, address, wan, lan), "}"),
        *("chain inbound {", "type nat hook prerouting priority dstnat; policy accept;"),
        *(*_inbound(nat, address, wan, lan), "}"),
        *("chain learn {", "type filter hook postrouting priority srcnat + 50; policy accept;"),
        *(*_learning(nat, wan, lan), "}"),
    ]
    if not nat.hairpinning and nat.translates:
        chains += [
            *("chain hairpin {", "type filter hook prerouting priority mangle; policy accept;"),
            *(f"iifname {lan} ip daddr {address} drop", "}"),
        ]
    memory = [
        *("map ports {", f"type {_KEY_TYPES[nat.mapping]} : inet_service;"),
        *("flags dynamic,timeout;", "size 65535;", f"timeout {nat.timeout_s}s;", "}"),
        "map bindings {",
        *("type inet_service : ipv4_addr . inet_service;", "flags dynamic,timeout;"),
        *("size 65535;", f"timeout {nat.timeout_s}s;", "}"),
        "set permitted {",
        *("type inet_service . ipv4_addr;", "flags dynamic,timeout;"),
        *("size 65535;", f"timeout {nat.timeout_s}s;", "}"),
    ]
    table = f"table ip {_TABLE}"
    lines = [f"add {table}", f"delete {table}", f"{table} {{", *memory, *chains, "}"]
    return "\n".join(lines) + "\n"


def apply_nat(router: Namespace, nat: Nat, address: str) -> None:
    """Make ``router`` a NAT, or change the one it is; mappings made so far are forgotten."""
    router.run("nft", "-f", "-", text=ruleset(nat, address))
    router.set_sysctl("net.netfilter.nf_conntrack_udp_timeout", nat.timeout_s)
    router.set_sysctl("net.netfilter.nf_conntrack_udp_timeout_stream", nat.timeout_s)
    if shutil.which("conntrack"):
        router.run("conntrack", "-F")


def _forwarding(lan: str) -> list[str]:
    return [
        f"iifname {lan} accept",
        "ct state established,related accept",
        "ct status dnat accept",
    ]


def _blocking(wan: str, lan: str) -> list[str]:
    return [
        "ct state established,related accept",
        f"iifname {lan} oifname {wan} tcp dport 443 accept",
    ]


def _outbound(nat: Nat, address: str, wan: str, lan: str) -> list[str]:
    if not nat.translates:
        return []
    ports = [f"snat to {address}{ports}" for ports in _port_expressions(nat)]
    lines = [f"oifname {wan} meta l4proto udp {translation}" for translation in ports]
    if nat.hairpinning:
        returning = f"oifname {lan} ct mark {_HAIRPINNED} meta l4proto udp"
        lines = [*(f"{returning} {translation}" for translation in ports), *lines]
    return [*lines, f"oifname {wan} masquerade"]


def _port_expressions(nat: Nat) -> list[str]:
    """What follows the address in ``snat to``: where the outside port comes from, in order."""
    if nat.preserves_ports:
        return [""]
    if nat.in_turn:
        # Through a map: an offset would be added in the wrong byte order.
        ports = ", ".join(f"{at} : {_FIRST_IN_TURN + at}" for at in range(_IN_TURN))
        return [f" : numgen inc mod {_IN_TURN} map {{ {ports} }}"]
    fresh = f":{_RANDOM_PORTS} fully-random"
    # Connection tracking keeps one port for each pair of endpoints: that is address and port.
    return [fresh] if nat.mapping is _APD else [f" : {_PORT_KEYS[nat.mapping]} map @ports", fresh]


_PORT_KEYS = {
    _EI: "ip saddr . udp sport",
    _AD: "ip saddr . udp sport . ip daddr",
    _APD: "ip saddr . udp sport . ip daddr",
}
_KEY_TYPES = {
    _EI: "ipv4_addr . inet_service",
    _AD: "ipv4_addr . inet_service . ipv4_addr",
    _APD: "ipv4_addr . inet_service . ipv4_addr",
}


def _inbound(nat: Nat, address: str, wan: str, lan: str) -> list[str]:
    if not nat.translates:
        return []
    learnt = "dnat to udp dport map @bindings"
    lines = []
    if nat.filtering is _EI:
        lines.append(f"iifname {wan} ip daddr {address} meta l4proto udp {learnt}")
    elif nat.filtering is _AD:
        permitted = "udp dport . ip saddr @permitted"
        lines.append(f"iifname {wan} ip daddr {address} {permitted} {learnt}")
    if nat.hairpinning:
        turned = f"iifname {lan} ip daddr {address} meta l4proto udp"
        lines.append(f"{turned} ct mark set {_HAIRPINNED} {learnt}")
    return lines


def _learning(nat: Nat, wan: str, lan: str) -> list[str]:
    if not nat.translates:
        return []
    # Only in the original direction: a reply would teach the remote endpoint as an inside one.
    inside = "ct original ip saddr . ct original proto-src"
    port_key = inside if nat.mapping is _EI else f"{inside} . ip daddr"
    ways = [f"oifname {wan}"]
    if nat.hairpinning:
        ways.append(f"oifname {lan} ct mark {_HAIRPINNED}")
    lines = []
    for way in ways:
        outbound = f"{way} meta l4proto udp ct direction original"
        lines.append(f"{outbound} update @bindings {{ udp sport : {inside} }}")
        lines.append(f"{outbound} update @permitted {{ udp sport . ip daddr }}")
        if nat.mapping is not _APD and not nat.preserves_ports:
            lines.append(f"{outbound} update @ports {{ {port_key} : udp sport }}")
    return lines
