"""What a simulation came to: the pair that won, why the others failed, what went over the wire."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rtckit.core.address import Address
from rtckit.ice.advice import Advice, advise
from rtckit.ice.pairs import CandidatePair, PairState
from rtckit.ice.virtual.network import Arrival, Drop, Packet
from rtckit.ice.virtual.peer import Peer
from rtckit.wire import stun

__all__ = ["Message", "Simulation"]


class Message(NamedTuple):
    """Something that was sent from one end to the other.

    Attributes:
        sent: seconds from the exchange of candidates on.
        arrived: the same, when it arrived; None when it did not.
        sender: ``a`` or ``b``.
        what: ``check``, ``nomination``, ``answer``, ``refusal 487``, ``connect`` and the like.
        pair: the number of the sender's pair; None when it has none.
        source: the sender's own address.
        to: where it was sent.
        why: why it did not arrive.
        place: the NAT that dropped it; empty for the network between.
        relayed: a TURN server passed it on.
        times: how often the same was sent again and fared the same.
    """

    sent: float
    arrived: float | None
    sender: str
    what: str
    pair: int | None
    source: Address
    to: Address
    why: str | None
    place: str
    relayed: bool
    times: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON would take it."""
        arrived = None if self.arrived is None else round(self.arrived * 1000, 3)
        return {
            "sent_ms": round(self.sent * 1000, 3),
            "arrived_ms": arrived,
            "sender": self.sender,
            "what": self.what,
            "pair": self.pair,
            "from": str(self.source),
            "to": str(self.to),
            "why": self.why,
            "place": self.place or None,
            "relayed": self.relayed,
            "times": self.times,
        }


@dataclass(slots=True)
class Simulation:
    """What a simulation came to.

    Attributes:
        a: the controlling side.
        b: the other one.
        rtt: the round trip between them, in seconds.
        exchanged_at: when both had the other's candidates.
        drops: every packet that did not arrive, and why.
        arrivals: every packet that did.
        options: what it was started with, as JSON would take it.
        lost_at: when the connection was lost again, in seconds after the exchange; None while it
            held for as long as was asked for.
    """

    a: Peer
    b: Peer
    rtt: float
    exchanged_at: float
    drops: list[Drop]
    arrivals: list[Arrival]
    options: dict[str, Any] = field(default_factory=dict)
    lost_at: float | None = None

    @property
    def connected(self) -> bool:
        """Whether both ends selected a pair, and the same one."""
        ours, theirs = self.a.agent.selected, self.b.agent.selected
        if ours is None or theirs is None:
            return False
        if self.a.agent.lite and self.b.agent.lite and not self._is_open:
            return False  # nobody checked what they chose
        return self._seen(ours) == theirs.remote.address and (
            self._seen(theirs) == ours.remote.address
        )

    @property
    def _is_open(self) -> bool:
        """Whether nothing stands between the ends."""
        return not any(peer.host.nats or peer.host.firewalls for peer in (self.a, self.b))

    @staticmethod
    def _seen(pair: CandidatePair) -> Address:
        return pair.mapped.address if pair.mapped is not None else pair.local.base

    @property
    def pair(self) -> tuple[str, str] | None:
        """The types of the selected candidates as side a sees them: what b sees of a, and b's."""
        selected = self.a.agent.selected
        if selected is None:
            return None
        local = selected.mapped or selected.local
        return local.type, selected.remote.type

    @property
    def connect_time(self) -> float | None:
        """Seconds from the exchange of candidates until both ends had selected; None if never."""
        times = [self.a.selected_at, self.b.selected_at]
        return None if None in times else max(time for time in times if time is not None)

    @property
    def round_trips(self) -> float | None:
        """The same in round trips; None when it never connected or a round trip takes no time."""
        time = self.connect_time
        return time / self.rtt if time is not None and self.rtt else None

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What to change, the most useful first; empty when nothing is wrong."""
        return advise(self)

    def peer(self, name: str) -> Peer:
        """Return the side with a name."""
        return self.a if name == "a" else self.b

    # -- pairs -----------------------------------------------------------------------------------

    def why_not(self, peer: Peer, pair: CandidatePair) -> str | None:
        """Say what became of the checks of a pair; None when they were answered."""
        if pair.valid:
            return None
        reasons = self._reasons(peer, pair.local.base, pair.remote.address)
        if reasons:
            return "; ".join(reasons)
        other = self.b if peer is self.a else self.a
        if pair.state in (PairState.FROZEN, PairState.WAITING) or (
            not pair.responses_received and self.connected and pair.state is not PairState.FAILED
        ):
            return "was not needed any more"
        answers = {
            drop.reason
            for drop in self.drops
            if drop.sender == other.name and drop.packet.sent >= self.exchanged_at
        }
        if answers and not pair.responses_received:
            return f"its answers: {'; '.join(sorted(answers))}"
        return pair.last_error or "its answers did not come back"

    def _reasons(self, peer: Peer, source: Address, to: Address) -> list[str]:
        return sorted(
            {
                drop.reason
                for drop in self.drops
                if (drop.packet.source, drop.packet.to) == (source, to)
                and drop.sender == peer.name
                and drop.packet.sent >= self.exchanged_at
            }
        )

    def explain(self) -> list[dict[str, Any]]:
        """Return every pair of side a, then of side b, with its fate, as JSON would take it."""
        return [
            {
                "side": peer.name,
                "pair": pair.number,
                "local": str(pair.local),
                "remote": str(pair.remote),
                "state": str(pair.state),
                "selected": pair is peer.agent.selected,
                "checks": pair.requests_sent,
                "rtt_ms": None if pair.rtt is None else round(pair.rtt * 1000, 3),
                "why": self.why_not(peer, pair),
            }
            for peer in (self.a, self.b)
            for pair in peer.agent.checklist
        ]

    # -- messages --------------------------------------------------------------------------------

    def messages(self) -> list[Message]:
        """Return what went from one end to the other, in the order of sending.

        Repetitions that were dropped alike are one, with a count. TCP handshakes show as
        ``connect``; what else TCP sends by itself is left out.
        """
        found = sorted(self._all_messages(), key=lambda message: message.sent)
        merged: list[Message] = []
        places: dict[tuple[object, ...], int] = {}
        for message in found:
            key = (*message[2:7], message.why)
            place = places.get(key)
            if message.why is not None and place is not None:
                merged[place] = merged[place]._replace(times=merged[place].times + 1)
                continue
            places[key] = len(merged)
            merged.append(message)
        return merged

    def _all_messages(self) -> Iterator[Message]:
        for arrival in self.arrivals:
            if arrival.sender:
                yield from self._read(
                    arrival.packet, arrival.sender, arrival.time, None, "", arrival.relayed
                )
        for drop in self.drops:
            if drop.sender:
                relayed = self._is_relay(drop.packet.source) or self._is_relay(drop.packet.to)
                yield from self._read(
                    drop.packet, drop.sender, None, drop.reason, drop.place, relayed
                )

    def _read(
        self,
        packet: Packet,
        sender: str,
        arrived: float | None,
        why: str | None,
        place: str,
        relayed: bool,
    ) -> Iterator[Message]:
        if packet.sent < self.exchanged_at:
            return
        what = _what(packet)
        if what is None:
            return
        checklist = self.peer(sender).agent.checklist
        pair = checklist.find(packet.transport, packet.source, packet.to)
        yield Message(
            packet.sent - self.exchanged_at,
            None if arrived is None else arrived - self.exchanged_at,
            sender,
            what,
            pair.number if pair is not None else None,
            packet.source,
            packet.to,
            why,
            place,
            relayed,
        )

    def _is_relay(self, address: Address) -> bool:
        return any(
            candidate.type == "relay" and candidate.address == address
            for peer in (self.a, self.b)
            for candidate in peer.agent.local
        )

    # -- writing ---------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as JSON would take it."""
        time, trips = self.connect_time, self.round_trips
        connected = self.connected
        return {
            "connected": connected,
            "a": self.a.nat,
            "b": self.b.nat,
            **self.options,
            "pair": list(self.pair) if self.pair else None,
            "selected": self._selected() if connected else None,
            "connect_time_ms": None if time is None else round(time * 1000, 3),
            "round_trips": None if trips is None else round(trips, 2),
            "gathered_ms": {
                peer.name: round(peer.gathered_at * 1000, 3) for peer in (self.a, self.b)
            },
            "lost_at_ms": None if self.lost_at is None else round(self.lost_at * 1000, 3),
            "failure": self.a.agent.failure or self.b.agent.failure,
            "causes": {
                peer.name: [cause.as_json() for cause in peer.agent.causes]
                for peer in (self.a, self.b)
            },
            "advice": [advice.as_json() for advice in self.advice],
            "pairs": self.explain(),
            "messages": [message.as_json() for message in self.messages()],
        }

    def _selected(self) -> dict[str, Any]:
        pair = self.a.agent.selected
        assert pair is not None
        local = pair.mapped or pair.local
        return {"local": str(local), "remote": str(pair.remote), "transport": local.transport}

    def _repr_html_(self) -> str:
        """Show the ladder and the table of pairs in a notebook."""
        import importlib

        # A picture is drawn by a layer above, which is there whenever a notebook shows one.
        drawing = importlib.import_module("rtckit.report.ice_ladder_html")
        fragment: str = drawing.render_fragment(self)
        return fragment


def _what(packet: Packet) -> str | None:
    if packet.transport == "tcp" and packet.segment != "data":
        return {"syn": "connect", "reset": "refused"}.get(packet.segment)
    message, _ = stun.decode(packet.data)
    if message is None or message.message_class is stun.MessageClass.INDICATION:
        return None
    if message.message_class is stun.MessageClass.REQUEST:
        return "nomination" if message.use_candidate else "check"
    error = message.error
    return f"refusal {error.code}" if error is not None else "answer"
