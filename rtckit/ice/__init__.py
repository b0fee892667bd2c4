"""Interactive Connectivity Establishment without sockets (RFC 8445): agents and what they keep."""

from rtckit.ice.agent import Agent, Credentials, Settings, Transmit
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.events import Event
from rtckit.ice.pairs import CandidatePair, PairState

__all__ = [
    "Agent",
    "CandidatePair",
    "Credentials",
    "Event",
    "IceCandidate",
    "PairState",
    "Settings",
    "Transmit",
]
