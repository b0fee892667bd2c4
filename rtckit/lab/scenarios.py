"""The calls :mod:`rtckit.lab.record` knows: who calls whom, over what, and what comes of it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum

from rtckit.lab.nat import Behavior, Nat
from rtckit.lab.peers.peer import Media
from rtckit.lab.topology import Topology, behind_nats, one_link, relay_only

__all__ = ["SCENARIOS", "Expectation", "Scenario", "Servers"]

LAYERS = ("signalling", "ice", "dtls", "srtp", "media", "data")


class Servers(StrEnum):
    """What the server host offers and what the peers are told of it."""

    NONE = "none"
    STUN = "stun"
    TURN = "turn"
    TURN_WRONG_PASSWORD = "turn, with a password that is wrong"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a diagnosis of the recording must say.

    ``broken`` is the first broken layer, empty for none; ``findings`` are rule ids that must be
    among the findings; ``chain`` gives the state of each layer.
    """

    broken: str = ""
    findings: tuple[str, ...] = ()
    chain: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(LAYERS, "ok"))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One recorded call; ``a`` offers.

    ``title`` may name the peers as ``{a}`` and ``{b}``; ``seconds`` is how long media flow, or how
    long a call that cannot connect is watched; ``file_size`` is in bytes, 0 for no file.
    """

    name: str
    title: str
    a: str
    b: str
    topology: Callable[[], AbstractContextManager[Topology]] = one_link
    servers: Servers = Servers.NONE
    media: Media = field(default_factory=Media)
    connects: bool = True
    seconds: float = 4.5
    file_size: int = 200_000
    expect: Expectation = field(default_factory=Expectation)

    @property
    def policy(self) -> str:
        """The ICE transport policy of both peers."""
        return "relay" if self.servers in (Servers.TURN, Servers.TURN_WRONG_PASSWORD) else "all"

    @property
    def needs(self) -> tuple[str, ...]:
        """The capabilities it takes, by the names of :mod:`rtckit.lab.capabilities`."""
        needed = ["netns", "tcpdump", self.a, self.b]
        if self.servers is not Servers.NONE:
            needed.append("coturn")
        if self.topology is _port_restricted_and_symmetric:
            needed.append("nft")
        return tuple(dict.fromkeys(needed))


def _never_connects(cause: str) -> Expectation:
    """ICE fails for this cause, and nothing after it is reached."""
    return Expectation(
        broken="ice",
        findings=(cause,),
        chain={"signalling": "ok", "ice": "failed"} | dict.fromkeys(LAYERS[2:], "unknown"),
    )


def _port_restricted_and_symmetric() -> AbstractContextManager[Topology]:
    """The combination that cannot be punched through: each check arrives from an unknown port."""
    apart = Behavior.ADDRESS_AND_PORT_DEPENDENT
    return behind_nats(
        Nat(Behavior.ENDPOINT_INDEPENDENT, apart), Nat(apart, apart, port_preserving=False)
    )


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "chromium-firefox",
            "{a} calls {b}: audio, video and a file over a data channel",
            "chromium",
            "firefox",
        ),
        Scenario(
            "aiortc-aiortc",
            "{a} calls {b}: audio and a file over a data channel, DTLS 1.2",
            "aiortc",
            "aiortc",
            media=Media(video=False),
        ),
        Scenario(
            "chromium-aiortc",
            "{a} calls {b}: audio, video and a file over a data channel, DTLS 1.2",
            "chromium",
            "aiortc",
        ),
        Scenario(
            "relayed",
            "{a} calls {b} through a TURN server: both ends use relayed candidates only",
            "chromium",
            "firefox",
            topology=relay_only,
            servers=Servers.TURN,
        ),
        Scenario(
            "ice-failed",
            "{a} behind a port restricted NAT cannot reach {b} behind a symmetric NAT: no TURN",
            "chromium",
            "firefox",
            topology=_port_restricted_and_symmetric,
            servers=Servers.STUN,
            connects=False,
            seconds=8.5,
            expect=_never_connects("CHECK001"),
        ),
        Scenario(
            "turn-wrong-password",
            "{a} cannot call {b}: relays only, and the TURN server refuses the password",
            "chromium",
            "firefox",
            topology=relay_only,
            servers=Servers.TURN_WRONG_PASSWORD,
            connects=False,
            seconds=4.0,
            expect=_never_connects("TURN001"),
        ),
    )
}
"""Every scenario by its name, in the order they are recorded."""
