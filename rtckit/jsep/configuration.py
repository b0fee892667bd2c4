"""RTCConfiguration, as far as descriptions depend on it."""

from dataclasses import dataclass

__all__ = ["Configuration"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a connection is made with (W3C webrtc-pc, 4.2.1).

    Attributes:
        bundle_policy: ``balanced``, ``max-compat`` or ``max-bundle`` (RFC 9429, 4.1.1).
        rtcp_mux_policy: ``require``; ``negotiate`` is that of RFC 9429 alone.
        ice_transport_policy: ``all`` or ``relay``.
        ice_lite: the peer only answers checks, as media servers do (RFC 8445, 2.5).
    """

    bundle_policy: str = "balanced"
    rtcp_mux_policy: str = "require"
    ice_transport_policy: str = "all"
    ice_lite: bool = False
