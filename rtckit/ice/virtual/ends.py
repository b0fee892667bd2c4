"""What stands at an end of a simulation, as people write it: ``port restricted+ipv6``."""

from collections.abc import Sequence
from dataclasses import dataclass

from rtckit.ice.virtual.nat import FEATURES, nat_type, plain_words, suggest

__all__ = ["END_FEATURES", "End", "parse_end"]

END_FEATURES = ("ipv6", "ipv6 firewall", "ipv6 only", "tcp", "lite", "isolated", "dead=N")
"""What may follow the name of the NAT of an end after a plus."""

_FLAGS = ("tcp", "lite", "isolated")
_CARRIER = "cgnat"
_SIX_ONLY = "ipv6 only"
_MOST_DEAD = 16


@dataclass(frozen=True, slots=True)
class End:
    """One end of a simulation.

    Attributes:
        nats: names for `rtckit.ice.virtual.nat_type`, the nearest first; two for a carrier-grade
            NAT.
        ipv4: it has an IPv4 address, behind those NATs.
        ipv6: ``open`` when it has a global IPv6 address as well, ``firewall`` when what comes to
            it must have been asked for; None without IPv6.
        tcp: it offers ICE-TCP candidates (RFC 6544), active and passive.
        lite: it is an ICE-lite end.
        dead: interfaces it has besides that lead nowhere.
        isolated: its local network keeps hosts apart, as guest networks do.
    """

    nats: tuple[str, ...] = ("open",)
    ipv4: bool = True
    ipv6: str | None = None
    tcp: bool = False
    lite: bool = False
    dead: int = 0
    isolated: bool = False

    def __post_init__(self) -> None:
        for name in self.nats:
            nat_type(name)
        if self.ipv6 not in (None, "open", "firewall"):
            raise ValueError(f"IPv6 is open, behind a firewall or not there, not {self.ipv6!r}")
        if not self.ipv4 and self.ipv6 is None:
            raise ValueError("an end has IPv4 or IPv6")
        if not 0 <= self.dead <= _MOST_DEAD:
            raise ValueError(f"dead interfaces are from 0 to {_MOST_DEAD}, not {self.dead}")

    def __str__(self) -> str:
        said = " behind ".join(self.nats) if self.ipv4 else ""
        six = {None: "", "open": "ipv6", "firewall": "ipv6 firewall"}[self.ipv6]
        if not self.ipv4:
            six = "ipv6 only" if self.ipv6 == "open" else "ipv6 only+ipv6 firewall"
        flags = [six, "tcp" if self.tcp else "", "lite" if self.lite else ""]
        flags.append("isolated" if self.isolated else "")
        flags.append(f"dead={self.dead}" if self.dead else "")
        return "+".join(part for part in (said, *flags) if part)


def parse_end(text: "str | Sequence[str] | End") -> End:
    """Read an end: a NAT, ``A behind B`` for several, and after plus signs what else it has.

    ``cgnat`` alone is a port restricted NAT behind another one; ``X behind cgnat`` a NAT of the
    home behind that of the carrier.

    Raises:
        ValueError: something is not known; the message names what is nearest to it.
    """
    if isinstance(text, End):
        return text
    names = [text] if isinstance(text, str) else list(text)
    end: dict[str, object] = {
        "ipv4": True,
        "ipv6": None,
        "dead": 0,
        **dict.fromkeys(_FLAGS, False),
    }
    nats: list[str] = []
    for part in (piece for name in names for piece in name.split(" behind ")):
        base, *features = part.split("+")
        mine = [feature for feature in features if not _take(end, feature)]
        if plain_words(base) == _SIX_ONLY:
            _take(end, _SIX_ONLY)
            continue
        for name in _spread(plain_words(base), bool(nats)):
            nats.append("+".join([name, *mine]))
    return End(
        tuple(nats) or ("open",),
        bool(end["ipv4"]),
        None if end["ipv6"] is None else str(end["ipv6"]),
        bool(end["tcp"]),
        bool(end["lite"]),
        int(str(end["dead"])),
        bool(end["isolated"]),
    )


def _spread(name: str, is_outer: bool) -> list[str]:
    if name == _CARRIER:
        return ["port restricted"] if is_outer else ["port restricted", "port restricted"]
    return [name]


def _take(end: dict[str, object], feature: str) -> bool:
    """Take a feature of the end itself; False for one of its NAT."""
    words, equals, value = (part.strip() for part in plain_words(feature).partition("="))
    if words == "dead":
        try:
            end["dead"] = int(value) if equals else 1
        except ValueError:
            raise ValueError(f"dead interfaces are a number, not {value!r}") from None
    elif words == "ipv6":
        end["ipv6"] = end["ipv6"] or "open"
    elif words == "ipv6 firewall":
        end["ipv6"] = "firewall"
    elif words == _SIX_ONLY:
        end["ipv4"], end["ipv6"] = False, end["ipv6"] or "open"
    elif words in _FLAGS:
        end[words] = True
    elif words.split(" ")[0] in ("hairpin", "hairpinning", "random", "same", "port", "lifetime"):
        return False
    else:
        known = (*END_FEATURES, *FEATURES)
        raise ValueError(f"what is {feature.strip()!r} to an end? {suggest(words, known)}")
    return True
