"""What a transceiver of Firefox keeps for its media section: codecs, sources, encodings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rtckit.jsep.stacks.firefox.capabilities import Codec

__all__ = ["Seat", "Sender"]


@dataclass(slots=True)
class Sender:
    """The sending half of a transceiver.

    Attributes:
        track: the id of the track, or the one made up for a sender without.
        streams: the ids of the streams of the track.
        rids: the rids of the encodings; empty for a single one without.
        ssrcs: the sources, one an encoding.
        repairs: the source of the retransmissions of each, once they were written.
    """

    track: str = ""
    streams: tuple[str, ...] = ()
    rids: tuple[str, ...] = ()
    ssrcs: list[int] = field(default_factory=list)
    repairs: dict[int, int] = field(default_factory=dict)

    def sources(self, count: int, new_ssrc: Callable[[], int]) -> list[int]:
        """Return so many sources; what is missing is made up and kept."""
        while len(self.ssrcs) < count:
            self.ssrcs.append(new_ssrc())
        del self.ssrcs[count:]
        return list(self.ssrcs)

    def pairs(self, sources: list[int], new_ssrc: Callable[[], int]) -> list[tuple[int, int]]:
        """Return each source with that of its retransmissions."""
        for ssrc in sources:
            if ssrc not in self.repairs:
                self.repairs[ssrc] = new_ssrc()
        return [(ssrc, self.repairs[ssrc]) for ssrc in sources]

    @property
    def msids(self) -> list[str]:
        """The values of its a=msid lines: one a stream, or one without."""
        return [f"{stream} {self.track}" for stream in self.streams or ("-",)]


@dataclass(slots=True)
class Seat:
    """A transceiver as its media section shows it.

    Attributes:
        media: ``audio``, ``video`` or ``application``.
        mid: its mid; None while it is not associated.
        direction: the direction the page wants.
        is_stopped: stop() was called.
        codecs: its codecs in their order of now, with the numbers agreed on.
        defaults: its codecs as Firefox has them at first.
        has_preferences: setCodecPreferences was called.
        preferences: the codecs it left, by name and clock rate; empty for all.
        keeps_repairs: whether it left the retransmissions.
        sender: its sending half.
    """

    media: str
    mid: str | None = None
    direction: str = "recvonly"
    is_stopped: bool = False
    codecs: tuple[Codec, ...] = ()
    defaults: tuple[Codec, ...] = ()
    has_preferences: bool = False
    preferences: tuple[tuple[str, int], ...] = ()
    keeps_repairs: bool = True
    sender: Sender = field(default_factory=Sender)

    def prefer(self, codecs: Sequence[dict[str, object]]) -> None:
        """Take what setCodecPreferences was given; without codecs only retransmissions go."""
        names = [str(codec["mimeType"]).partition("/")[2].lower() for codec in codecs]
        rates = [codec["clockRate"] for codec in codecs]
        self.has_preferences = True
        self.keeps_repairs = "rtx" in names
        self.preferences = tuple(
            (name, rate)
            for name, rate in zip(names, rates, strict=True)
            if name != "rtx" and isinstance(rate, int)
        )

    def usable_codecs(self) -> tuple[Codec, ...]:
        """Return the codecs the page wants to receive, in the order it wants them.

        Preferences are a choice of the codecs Firefox has at first: with them the numbers that
        were agreed on are forgotten.
        """
        if not self.has_preferences:
            return self.codecs
        known = {(codec.name.lower(), codec.clock_rate): codec for codec in self.defaults}
        chosen = tuple(known[key] for key in self.preferences or known if key in known)
        if self.keeps_repairs:
            return chosen
        return tuple(codec._replace(rtx="") if codec.rtx else codec for codec in chosen)
