"""Which clocks timestamps and media follow: ``a=ts-refclk`` and ``a=mediaclk`` (RFC 7273).

Studio and broadcast equipment (AES67, SMPTE ST 2110) writes them. Each ``parse_`` takes the text of
a value and where it begins, and raises only :class:`~rtckit.core.errors.ParseError`.
"""

import re
from typing import NamedTuple

from rtckit.sdp.grammar import ATTRIBUTES
from rtckit.sdp.lines import BLANKS, Span, fault, read_integer, words

__all__ = ["MediaClock", "ReferenceClock", "parse_media_clock", "parse_reference_clock"]

_RATE = re.compile(r"rate=([1-9][0-9]{0,9})/([1-9][0-9]{0,9})")


class ReferenceClock(NamedTuple):
    """The clock behind timestamps (RFC 7273, 4).

    ``source`` is ``ntp``, ``ptp``, ``gps``, ``gal``, ``glonass``, ``local``, ``private`` or another
    word; ``address`` names the server or grandmaster, as written. ``traceable`` tells whether it
    follows a global reference. ``version`` and ``domain`` are those of PTP.
    """

    source: str
    address: str | None
    traceable: bool
    version: str | None
    domain: str | None
    span: Span


class MediaClock(NamedTuple):
    """The clock of the media itself (RFC 7273, 5).

    ``source`` is ``sender``, ``direct``, ``IEEE1722`` or another word, ``value`` what follows its
    ``=`` (for ``direct`` the RTP timestamp at the epoch of the reference clock). ``rate`` is a
    fraction by which the clock runs, such as 1000/1001; ``tag`` names a master stream.
    """

    source: str
    value: str | None
    rate: tuple[int, int] | None
    tag: str | None
    span: Span

    @property
    def offset(self) -> int | None:
        """The RTP timestamp at the epoch, of a ``direct`` clock."""
        return None if self.value is None else read_integer(self.value)


def parse_reference_clock(value: str, line: int = 1, column: int = 1) -> ReferenceClock:
    """Read the value of ``a=ts-refclk``."""
    text = value.strip(BLANKS)
    source, equals, rest = text.partition("=")
    span = Span(line, column, column + len(value))
    form = ATTRIBUTES["ts-refclk"].form
    if not equals:
        source, _, flag = text.partition(":")
        if not source or " " in text:
            raise fault(f"reference clock {value[:40]!r}", line, column, form)
        return ReferenceClock(source, None, flag == "traceable", None, None, span)
    if not source or not rest:
        raise fault(f"reference clock {value[:40]!r}", line, column, form)
    if source == "ntp":
        anywhere = rest == "/traceable/"
        return ReferenceClock(source, None if anywhere else rest, anywhere, None, None, span)
    if source == "ptp":
        version, colon, server = rest.partition(":")
        if not version or (colon and not server):
            raise fault(f"PTP clock {rest[:40]!r}", line, column + 4, "<version>[:<grandmaster>]")
        traceable = server == "traceable"
        address, _, domain = server.partition(":")
        shown = None if traceable or not address else address
        return ReferenceClock(source, shown, traceable, version, domain or None, span)
    return ReferenceClock(source, rest, False, None, None, span)


def parse_media_clock(value: str, line: int = 1, column: int = 1) -> MediaClock:
    """Read the value of ``a=mediaclk``."""
    tokens = words(value)
    form = ATTRIBUTES["mediaclk"].form
    tag = None
    if tokens and tokens[0].startswith("id="):
        tag = tokens.pop(0)[3:]
    rate = None
    if len(tokens) == 2:
        found = _RATE.fullmatch(tokens.pop())
        if found is None:
            raise fault(f"media clock {value[:40]!r}", line, column, form)
        rate = (int(found[1]), int(found[2]))
    if len(tokens) != 1 or not tokens[0].partition("=")[0]:
        raise fault(f"media clock {value[:40]!r}", line, column, form)
    source, equals, rest = tokens[0].partition("=")
    span = Span(line, column, column + len(value))
    return MediaClock(source, rest if equals else None, rate, tag, span)
