"""Offer/answer: what a stack does with a description (RFC 9429, W3C webrtc-pc).

Pure functions over text and documents: no sockets, no clock, no browser.
"""

from rtckit.jsep.verdict import (
    Case,
    State,
    TypedSdp,
    Verdict,
    predict_verdict,
)

__all__ = ["Case", "State", "TypedSdp", "Verdict", "predict_verdict"]
