"""Sockets: STUN, TURN and ICE on real networks."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtckit.live.engines.native import NativeEngine
    from rtckit.live.gather import gather
    from rtckit.live.servers import parse_server

__all__ = ["NativeEngine", "gather", "parse_server"]

_PLACES = {
    "NativeEngine": "rtckit.live.engines.native",
    "parse_server": "rtckit.live.servers",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for; the module ``gather`` can be called like its function."""
    if name == "gather":
        return importlib.import_module("rtckit.live.gather")
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'rtckit.live' has no attribute {name!r}")
