"""NATs made of nftables rules: every mapping and filtering behaviour of RFC 4787.

Mapping (RFC 4787, 4.1) is what the source translation takes its port from; filtering (5) is what
the router translates back towards the inside. Plain connection tracking can only do
address-and-port-dependent filtering; for the other two a rule behind the source translation learns
each mapping, and inbound packets are translated by what was learnt.
"""

import shutil
from dataclasses import dataclass
from enum import StrEnum

from rtckit.lab.namespaces import Namespace

__all__ = ["Behavior", "Nat", "apply_nat", "ruleset"]

_TABLE = "rtckit_nat"
_FIRST_PORT = 49152
_PORTS = 2048
_SPACING = 8


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
    ``udp_blocked`` lets nothing out but TCP to port 443.
    """

    mapping: Behavior = _EI
    filtering: Behavior = _APD
    port_preserving: bool = True
    hairpinning: bool = False
    timeout_s: int = 120
    udp_blocked: bool = False

    @property
    def rfc3489(self) -> str:
        """The old name of the combination (RFC 3489, 5), or ``""`` where it never had one."""
        if self.udp_blocked:
            return "blocked"
        if self.mapping is _EI:
            return {_EI: "full cone", _AD: "restricted cone", _APD: "port restricted cone"}[
                self.filtering
            ]
        return "symmetric" if self.mapping is _APD and self.filtering is _APD else ""

    def describe(self) -> str:
        """The behaviour in words."""
        if self.udp_blocked:
            return "UDP blocked, TCP to port 443 only"
        words = [f"{self.mapping} mapping"]
        if self.mapping is _EI:
            words.append("port preserving" if self.port_preserving else "not port preserving")
        words.append(f"{self.filtering} filtering")
        if self.hairpinning:
            words.append("hairpinning")
        return ", ".join(words)


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
        *(*_learning(wan), "}"),
    ]
    if not nat.hairpinning:
        chains += [
            *("chain hairpin {", "type filter hook prerouting priority mangle; policy accept;"),
            *(f"iifname {lan} ip daddr {address} drop", "}"),
        ]
    memory = [
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
    translation = f"snat to {address}{_port_expression(nat)}"
    lines = [f"oifname {wan} meta l4proto udp {translation}", f"oifname {wan} masquerade"]
    if nat.hairpinning:
        lines.insert(0, f"oifname {lan} ct status dnat meta l4proto udp {translation}")
    return lines


def _port_expression(nat: Nat) -> str:
    """What follows the address in ``snat to``: where the outside port comes from."""
    if nat.mapping is _EI and nat.port_preserving:
        return ""
    if nat.mapping is _APD:
        # Connection tracking keeps one port for each pair of endpoints.
        return f":{_FIRST_PORT}-65535 fully-random"
    key = "ip saddr . udp sport" + (" . ip daddr" if nat.mapping is _AD else "")
    # Through a map and not by an offset: nftables would take the sum in the wrong byte order, and
    # a port below 1024 is refused by some peers.
    ports = ", ".join(f"{at} : {_FIRST_PORT + at * _SPACING}" for at in range(_PORTS))
    return f" : jhash {key} mod {_PORTS} seed 0x72746b map {{ {ports} }}"


def _inbound(nat: Nat, address: str, wan: str, lan: str) -> list[str]:
    learnt = "dnat to udp dport map @bindings"
    lines = []
    if nat.filtering is _EI:
        lines.append(f"iifname {wan} ip daddr {address} meta l4proto udp {learnt}")
    elif nat.filtering is _AD:
        permitted = "udp dport . ip saddr @permitted"
        lines.append(f"iifname {wan} ip daddr {address} {permitted} {learnt}")
    if nat.hairpinning:
        lines.append(f"iifname {lan} ip daddr {address} meta l4proto udp {learnt}")
    return lines


def _learning(wan: str) -> list[str]:
    # Only in the original direction: a reply would teach the remote endpoint as an inside one.
    outbound = f"oifname {wan} meta l4proto udp ct direction original"
    inside = "ct original ip saddr . ct original proto-src"
    return [
        f"{outbound} update @bindings {{ udp sport : {inside} }}",
        f"{outbound} update @permitted {{ udp sport . ip daddr }}",
    ]
