"""A network in virtual time: NATs, firewalls, a STUN and a TURN server, and what they drop."""

from rtckit.ice.virtual.nat import Nat, NatType, nat_type
from rtckit.ice.virtual.network import Drop, Network, Packet

__all__ = ["Drop", "Nat", "NatType", "Network", "Packet", "nat_type"]
