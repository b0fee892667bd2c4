"""rtckit: for people who build and debug WebRTC.

Parses, explains and diagnoses SDP, ICE, TURN, DTLS, SRTP and RTP, from descriptions, captures and
saved calls. Everything public is imported on first use, so that ``import rtckit`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rtckit import analysis, capture, ice, jsep, live, sdp
    from rtckit.analysis.bundle import open_call as open  # noqa: A004
    from rtckit.rules.diagnosis import diagnose
    from rtckit.rules.lint import lint

__all__ = [
    "__version__",
    "analysis",
    "capture",
    "diagnose",
    "ice",
    "jsep",
    "lint",
    "live",
    "open",
    "sdp",
]

_LAZY = {
    "diagnose": ("rtckit.rules.diagnosis", "diagnose"),
    "lint": ("rtckit.rules.lint", "lint"),
    "open": ("rtckit.analysis.bundle", "open_call"),
    "analysis": ("rtckit.analysis", None),
    "capture": ("rtckit.capture", None),
    "ice": ("rtckit.ice", None),
    "jsep": ("rtckit.jsep", None),
    "live": ("rtckit.live", None),
    "sdp": ("rtckit.sdp", None),
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        module_name, attribute = _LAZY[name]
        module = importlib.import_module(module_name)
        value = module if attribute is None else getattr(module, attribute)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'rtckit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
