"""What NATs must do by the standards: in a row, and between two ends.

Tests hold the laboratory, the engines and the simulator against this.
"""

from collections.abc import Sequence
from dataclasses import replace

from rtckit.lab.nat import Behavior, Nat

__all__ = ["can_connect", "can_connect_directly", "composed"]

_STRICTNESS = list(Behavior)
_EI = Behavior.ENDPOINT_INDEPENDENT
_APD = Behavior.ADDRESS_AND_PORT_DEPENDENT


def composed(chain: Sequence[Nat]) -> Nat:
    """The one NAT that behaves as a row of them, the nearest first.

    A packet passes only where all let it pass, and a mapping is as dependent as that of the most
    dependent. A host's own address outside is that of the last, which alone could send it back.
    """
    whole = chain[-1]
    for nat in chain[:-1]:
        if not nat.translates:
            nat = replace(nat, filtering=_APD)
        whole = replace(
            whole,
            mapping=_stricter(whole.mapping, nat.mapping),
            filtering=_stricter(whole.filtering, nat.filtering),
            port_preserving=whole.preserves_ports and nat.preserves_ports,
            timeout_s=min(whole.timeout_s, nat.timeout_s),
            udp_blocked=whole.udp_blocked or nat.udp_blocked,
            translates=whole.translates or nat.translates,
        )
    return whole


def _stricter(first: Behavior, second: Behavior) -> Behavior:
    return max(first, second, key=_STRICTNESS.index)


def can_connect_directly(a: Nat | None, b: Nat | None) -> bool:
    """Whether ICE over UDP finds a pair without a relay; ``None`` is an end with no NAT.

    Each end knows the other's mapping towards the STUN server only (RFC 4787, 4.1 and 5).
    """
    if any(nat is not None and nat.udp_blocked for nat in (a, b)):
        return False
    return _gets_through(a, b) or _gets_through(b, a)


def _gets_through(sender: Nat | None, receiver: Nat | None) -> bool:
    """Whether checks of one end reach the other, and answers come back.

    A filter by address and port opens only for the port that the receiver knows, which must be the
    one that the sender's packets to it come from.
    """
    if receiver is None or receiver.filtering is not _APD:
        arrives = True
    else:
        arrives = sender is None or sender.mapping is _EI
    # An answer from a mapping of its own passes only a filter that does not look at the port.
    answered = receiver is None or receiver.mapping is _EI
    return arrives and (answered or sender is None or sender.filtering is not _APD)


def can_connect(a: Nat | None, b: Nat | None, *, turn: bool) -> bool:
    """Whether ICE connects the two; with ``turn`` both have a relay, over TLS on port 443 too."""
    return turn or can_connect_directly(a, b)
