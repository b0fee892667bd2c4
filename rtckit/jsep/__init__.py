"""Offer/answer: what a stack does with a description, and a whole negotiation without a browser.

::

    answer(offer, "firefox", send=("audio",)).write()
    predict_verdict(offer, "chromium").message
    peer_connection("chromium").create_offer()

Models of the standards (RFC 9429, W3C webrtc-pc), Chromium, Firefox and aiortc. Pure functions
over text and documents: no sockets, no clock, no browser.
"""

import importlib
from typing import TYPE_CHECKING, Any

from rtckit.jsep.verdict import (
    Case,
    State,
    TypedSdp,
    Verdict,
    predict_verdict,
)

if TYPE_CHECKING:
    from rtckit.jsep.capabilities import Capabilities
    from rtckit.jsep.configuration import Configuration
    from rtckit.jsep.connection import PeerConnection, PeerError
    from rtckit.jsep.decision import Decision, Decisions
    from rtckit.jsep.identity import Identity
    from rtckit.jsep.negotiation import (
        STACK_NAMES,
        OfferRefused,
        answer,
        explain_answer,
        explain_offer,
        offer,
        peer_connection,
    )
    from rtckit.jsep.transceiver import Encoding, Transceiver

__all__ = [
    "STACK_NAMES",
    "Capabilities",
    "Case",
    "Configuration",
    "Decision",
    "Decisions",
    "Encoding",
    "Identity",
    "OfferRefused",
    "PeerConnection",
    "PeerError",
    "State",
    "Transceiver",
    "TypedSdp",
    "Verdict",
    "answer",
    "explain_answer",
    "explain_offer",
    "offer",
    "peer_connection",
    "predict_verdict",
]

# A verdict needs none of these; they are imported when they are asked for.
_LAZY = {
    "Capabilities": "rtckit.jsep.capabilities",
    "Configuration": "rtckit.jsep.configuration",
    **dict.fromkeys(("PeerConnection", "PeerError"), "rtckit.jsep.connection"),
    **dict.fromkeys(("Decision", "Decisions"), "rtckit.jsep.decision"),
    "Identity": "rtckit.jsep.identity",
    **dict.fromkeys(
        (
            *("STACK_NAMES", "OfferRefused", "answer", "explain_answer", "explain_offer", "offer"),
            "peer_connection",
        ),
        "rtckit.jsep.negotiation",
    ),
    **dict.fromkeys(("Encoding", "Transceiver"), "rtckit.jsep.transceiver"),
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = globals()[name] = getattr(importlib.import_module(_LAZY[name]), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
