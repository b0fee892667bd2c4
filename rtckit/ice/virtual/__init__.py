"""A network in virtual time: NATs, firewalls, a STUN and a TURN server, and what they drop."""

from rtckit.ice.virtual.ends import END_FEATURES, End, parse_end
from rtckit.ice.virtual.nat import FEATURES, NAMED_TYPES, Nat, NatType, nat_type
from rtckit.ice.virtual.network import Drop, Network, Packet

__all__ = [
    "END_FEATURES",
    "FEATURES",
    "NAMED_TYPES",
    "Drop",
    "End",
    "Nat",
    "NatType",
    "Network",
    "Packet",
    "nat_type",
    "parse_end",
]
