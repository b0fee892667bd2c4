"""Bandwidth lines: what a receiver allows (RFC 8866, 5.8; RFC 3890; RFC 3556)."""

from collections.abc import Iterable
from typing import NamedTuple

from rtckit.sdp.fields import Bandwidth

__all__ = ["Limits", "limits_of", "rtcp_shares", "tias_of_as"]


class Limits(NamedTuple):
    """What a section allows its sender.

    ``media`` is the most bits a second of RTP payload and header, None for no limit; ``reports``
    and ``receivers`` the bits a second for RTCP of senders and of receivers, None where not said.
    ``source`` is the modifier ``media`` comes from.
    """

    media: int | None
    source: str | None
    reports: int | None
    receivers: int | None


def tias_of_as(kilobits: int) -> int:
    """The TIAS limit that stands for an ``AS`` value, in bits a second (RFC 9429, 5.10).

    A twentieth is left to RTCP, and 50 packets a second have headers of 40 bytes:
    ``AS * 1000 * 0.95 - 50 * 40 * 8``; never below 0.
    """
    return max(kilobits * 950 - 16_000, 0)


def limits_of(lines: Iterable[Bandwidth]) -> Limits:
    """The limits of a media section: ``TIAS`` before ``AS``; ``CT`` means nothing here.

    RFC 9429, 5.10. Of several lines of one modifier the first counts.
    """
    values: dict[str, int] = {}
    for line in lines:
        values.setdefault(line.type.upper(), line.value)
    media, source = values.get("TIAS"), "TIAS"
    if media is None and "AS" in values:
        media, source = tias_of_as(values["AS"]), "AS"
    return Limits(media, None if media is None else source, values.get("RS"), values.get("RR"))


def rtcp_shares(limits: Limits, session: int) -> tuple[float, float]:
    """The bits a second for RTCP of active senders and of receivers (RFC 3556, 2).

    ``session`` is the bandwidth of the session in bits a second. Without ``RS`` and ``RR`` it is
    five hundredths of it, a quarter to senders; with one of them the other has what is left of
    that, but not less than nothing.
    """
    total = session * 0.05
    if limits.reports is None and limits.receivers is None:
        return total * 0.25, total * 0.75
    if limits.reports is None:
        receivers = float(limits.receivers or 0)
        return max(total - receivers, 0.0), receivers
    if limits.receivers is None:
        return float(limits.reports), max(total - limits.reports, 0.0)
    return float(limits.reports), float(limits.receivers)
