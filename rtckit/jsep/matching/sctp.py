"""Data channels: the SCTP association of a section (RFC 8841)."""

from collections.abc import Sequence

from rtckit.jsep.matching.outcome import Match

__all__ = ["DATA_PROTOCOLS", "match_data", "message_limit"]

DATA_PROTOCOLS = ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP")
"""What is taken in an offer; the last is of old drafts (RFC 9429, 5.1.2)."""

_DEFAULT_LIMIT = 65536


def message_limit(offered: int | None, implementation: int = 0) -> int:
    """The largest message that may be sent to the writer of a description, in bytes; 0 is any.

    ``offered`` is its ``a=max-message-size``: 65536 holds where it is missing, 0 is any size (RFC
    8841, 6.1). ``implementation`` is what the sender itself can do, 0 for any.
    """
    limit = _DEFAULT_LIMIT if offered is None else offered
    if not limit or not implementation:
        return limit or implementation
    return min(limit, implementation)


def match_data(
    protocol: str, formats: Sequence[str], sctp_port: int | None, own_port: int
) -> Match:
    """Whether a data section can be taken, with ``sctp-port`` of the answer in ``parameters``.

    The port is one's own: the two are independent (RFC 8841, 5.1), but 0 is answered with 0 and
    closes the association (RFC 8841, 10.3). ``sctp_port`` is None where neither ``a=sctp-port``
    nor the ``a=sctpmap`` of old drafts names one.
    """
    if protocol.upper() not in DATA_PROTOCOLS:
        why = f"{protocol[:40]!r} carries no data channels"
        return Match(False, (), why, ("RFC 9429, 5.1.2",))
    if sctp_port is None:
        return Match(False, (), "it names no SCTP port", ("RFC 9429, 5.8.2",))
    modern = "webrtc-datachannel" in formats
    if not modern and not all(item.isdecimal() for item in formats):
        why = f"{' '.join(formats)[:40]!r} is no webrtc-datachannel"
        return Match(False, (), why, ("RFC 8841, 4.2",))
    port = own_port if sctp_port else 0
    why = "data channels" if port else "SCTP port 0 closes the association"
    return Match(True, (("sctp-port", str(port)),), why, ("RFC 8841, 10.3",))
