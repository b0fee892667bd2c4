"""Interactive Connectivity Establishment without sockets (RFC 8445): agents and what they keep."""

import importlib
from typing import TYPE_CHECKING, Any

from rtckit.ice.agent import Agent, Credentials, Settings, Transmit
from rtckit.ice.candidate import IceCandidate
from rtckit.ice.causes import Cause
from rtckit.ice.events import Event
from rtckit.ice.pairs import CandidatePair, PairState

if TYPE_CHECKING:
    from rtckit.ice.simulate import Simulation, simulate

__all__ = [
    "Agent",
    "CandidatePair",
    "Cause",
    "Credentials",
    "Event",
    "IceCandidate",
    "PairState",
    "Settings",
    "Simulation",
    "Transmit",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Load the simulator when it is asked for; its module can be called like its function."""
    if name == "simulate":
        return importlib.import_module("rtckit.ice.simulate")
    if name == "Simulation":
        return importlib.import_module("rtckit.ice.simulate").Simulation
    raise AttributeError(f"module 'rtckit.ice' has no attribute {name!r}")
