"""A call: everything known of it, from every vantage point, put together.

A call may be a full record (captures at both ends, descriptions, getStats) or a single file; what
is absent is empty, and :attr:`Call.absent` says what could not be judged for want of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rtckit.analysis.dtls_session import DtlsSession
from rtckit.analysis.gathering import Base, find_bases, find_queries
from rtckit.analysis.ice_session import IceSession, join_views
from rtckit.analysis.manifest import Manifest
from rtckit.analysis.rtp_streams import RtpStream
from rtckit.analysis.signalling import Signalling
from rtckit.analysis.stats import PeerStats
from rtckit.analysis.turn_session import Allocation
from rtckit.analysis.vantage import Vantage
from rtckit.core.findings import Location, Problem

if TYPE_CHECKING:
    from rtckit.analysis.timeline import Event

__all__ = ["Call"]


@dataclass(slots=True)
class Call:
    """A call and all its records.

    ``stats`` is keyed by side where it is known (``"a"``, ``"b"``), else by file name.
    """

    name: str
    manifest: Manifest | None = None
    vantages: list[Vantage] = field(default_factory=list)
    signalling: Signalling = field(default_factory=Signalling)
    stats: dict[str, PeerStats] = field(default_factory=dict)
    key_log: str | None = None
    problems: list[Problem] = field(default_factory=list)
    ice: list[IceSession] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ice = join_views(view for vantage in self.vantages for view in vantage.ice)

    @property
    def absent(self) -> list[str]:
        """What this record of a call does not hold, and what it would let one judge."""
        missing = []
        if not self.vantages:
            missing.append("a capture: ICE, DTLS and media cannot be judged without packets")
        if not self.signalling:
            missing.append(
                "the descriptions (offer.sdp, answer.sdp): passwords, codecs, clock rates"
            )
        if not self.stats:
            missing.append("getStats() of an end: whether packets were decrypted and decoded")
        return missing

    def peer_name(self, side: str | None) -> str:
        """What to call an end: its name in the manifest, or offerer and answerer."""
        if side is None:
            return "an unknown end"
        if self.manifest is not None and side in self.manifest.peers:
            peer = self.manifest.peers[side]
            names = [other.name for other in self.manifest.peers.values()]
            return f"{peer.name} ({side})" if names.count(peer.name) > 1 else peer.name
        if self.signalling:
            return "the offerer" if side == "a" else "the answerer"
        return f"agent {side}"

    def vantage(self, name: str) -> Vantage:
        """The vantage point of this name; ``KeyError`` when there is none."""
        for vantage in self.vantages:
            if vantage.name == name:
                return vantage
        raise KeyError(name)

    def vantage_of(self, side: str) -> Vantage | None:
        """The capture taken at one end."""
        return next((vantage for vantage in self.vantages if vantage.side == side), None)

    @property
    def allocations(self) -> Iterator[tuple[Vantage, Allocation]]:
        """TURN allocations, each once, from the vantage point nearest to its client."""
        seen: set[bytes] = set()
        ordered = sorted(self.vantages, key=lambda vantage: vantage.side is None)
        for vantage in ordered:
            for allocation in vantage.allocations:
                ids = {transaction.transaction_id for transaction in allocation.transactions}
                if not ids & seen:
                    seen |= ids
                    yield vantage, allocation

    @property
    def bases(self) -> Iterator[tuple[Vantage, Base]]:
        """Local addresses that asked STUN servers, each from its own end where that is known."""
        seen: set[bytes] = set()
        ordered = sorted(self.vantages, key=lambda vantage: vantage.side is None)
        for vantage in ordered:
            for base in find_bases(find_queries(vantage.transactions)):
                ids = {
                    transaction.transaction_id
                    for query in base.queries
                    for transaction in query.transactions
                }
                if not ids & seen:
                    seen |= ids
                    yield vantage, base

    @property
    def dtls(self) -> list[DtlsSession]:
        """DTLS sessions, each once: the sight of the vantage point that saw most of it."""
        best: dict[object, DtlsSession] = {}
        for vantage in self.vantages:
            for session in vantage.dtls:
                hello = session.client_hello
                key = hello.random if hello is not None else (vantage.name, session.key)
                known = best.get(key)
                if known is None or self._completeness(session) > self._completeness(known):
                    best[key] = session
        return list(best.values())

    def _completeness(self, session: DtlsSession) -> tuple[bool, bool, bool]:
        at_an_end = self.vantage(session.vantage).side is not None
        return (session.completed is not None, session.server_hello is not None, at_an_end)

    @property
    def timeline(self) -> "list[Event]":
        """The moments of the call in order of time."""
        from rtckit.analysis.timeline import timeline

        return timeline(self)

    @property
    def streams(self) -> list[RtpStream]:
        """RTP streams of every vantage point."""
        return [stream for vantage in self.vantages for stream in vantage.streams]

    def streams_from(self, side: str) -> Iterator[tuple[RtpStream | None, RtpStream | None]]:
        """What one side sent: (as it left, as it arrived), None where that end has no capture."""
        far = "b" if side == "a" else "a"
        sent = {s.ssrc: s for s in self._side_streams(side, side)}
        received = {s.ssrc: s for s in self._side_streams(far, side)}
        for ssrc in [*sent, *(ssrc for ssrc in received if ssrc not in sent)]:
            yield sent.get(ssrc), received.get(ssrc)

    def _side_streams(self, vantage_side: str, sender: str) -> list[RtpStream]:
        vantage = self.vantage_of(vantage_side)
        if vantage is None:
            return []
        return [stream for stream in vantage.streams if stream.sender == sender]

    def locate(self, vantage: str, frame: int) -> Location:
        """A frame of a vantage point as a location."""
        return Location(self.vantage(vantage).file, frame=frame)

    @property
    def duration_ns(self) -> int:
        """The longest capture's duration."""
        return max((vantage.duration_ns for vantage in self.vantages), default=0)
