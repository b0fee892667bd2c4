"""Scenarios: what two peers do, step by step, written in TOML or made in Python.

::

    title = "Plain call"
    explanation = "..."

    [peers.a]
    stack = "chromium"

    [[steps]]
    a = "addTrack"
    kind = "audio"

    [[steps]]
    a = "exchange"

    [expect]
    signaling = "stable"
    sends = { a = ["audio"], b = [] }

A step names who does something (``a`` or ``b``) and what, or what happens to the signalling
(``deliver = "b"``), and then the keys of that action (`rtckit.jsep.simulation.actions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rtckit.jsep.configuration import Configuration
from rtckit.jsep.negotiation import STACK_NAMES
from rtckit.jsep.simulation.actions import CHANNEL_ACTIONS, PEER_ACTIONS, Action
from rtckit.jsep.simulation.network import Signalling

__all__ = [
    "ANY_ERROR",
    "EITHER",
    "SCRIPTED",
    "STACK_NAMES",
    "Expectations",
    "PeerSetup",
    "Scenario",
    "Step",
    "action_of",
]

SCRIPTED = "scripted"
"""A peer that is no machine: it sends the texts the scenario gives it."""
ANY_ERROR = "any"
"""Stands for whatever error."""
EITHER = "either"
"""Stands for an error or none."""


@dataclass(frozen=True, slots=True)
class PeerSetup:
    """One of the two peers.

    Attributes:
        stack: whose behaviour it has: one of `STACK_NAMES`, or `SCRIPTED`.
        name: what it is called, such as ``an SFU``; empty for the name of the stack.
        polite: its role in perfect negotiation.
        fixed: the scenario is about this very stack; a wish for another is not heeded.
        configuration: what its connection is made with.
        receives_simulcast: it takes several layers of a track, as media servers do and browsers
            do not; only of ``rfc``.
    """

    stack: str = "rfc"
    name: str = ""
    polite: bool = False
    fixed: bool = False
    configuration: Configuration = field(default_factory=Configuration)
    receives_simulcast: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step.

    Attributes:
        peer: who does it, ``a`` or ``b``; for what happens to the signalling whom it is on the
            way to, with ``all`` for both.
        action: what is done, a name of `PEER_ACTIONS` or `CHANNEL_ACTIONS`.
        arguments: the keys of the action; those absent have their default.
        errors: the name of the error that is expected, by stack; `ANY_ERROR` for whatever error,
            `EITHER` for one or none, empty for none. The key ``""`` holds for the stacks not
            named; without it they may do either.
        note: said to the reader at this step.
        line: where it stands in its file, from 1; None when it was made in Python.
    """

    peer: str
    action: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=lambda: {"": ""})
    note: str = ""
    line: int | None = None

    @property
    def is_channel(self) -> bool:
        """Whether it happens to the signalling."""
        return self.action in CHANNEL_ACTIONS

    def get(self, name: str) -> Any:
        """An argument, or its default."""
        if name in self.arguments:
            return self.arguments[name]
        return action_of(self.action).by_name[name].default

    def expected_error(self, stack: str) -> str | None:
        """The error this stack is expected to fail with, empty for none; None: either will do."""
        expected = self.errors.get(stack, self.errors.get("", EITHER))
        return None if expected == EITHER else expected


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a scenario says of its end; whatever is None is not looked at.

    Attributes:
        signaling: the signalling state, by peer.
        directions: kind and current direction of each transceiver, in the order of the sections,
            by peer: ``audio sendrecv``; a section that was rejected is not among them.
        sends: the kinds each peer sends media of in the end, by peer.
        ice_generations: how many ICE credentials each peer went through, by peer.
    """

    signaling: Mapping[str, str] | None = None
    directions: Mapping[str, tuple[str, ...]] | None = None
    sends: Mapping[str, tuple[str, ...]] | None = None
    ice_generations: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What two peers do.

    Attributes:
        title: a line.
        explanation: what it shows and why, a few sentences.
        peers: ``a`` and ``b``.
        signalling: how the channel between them behaves.
        steps: what is done, in order.
        expect: what holds in the end.
        unjudged: the stacks for which it promises nothing: with one of them errors and the end are
            told, and none counts as a fault.
        seed: what chance and the values the peers make up depend on.
        name: of the file or of the library.
    """

    title: str = ""
    explanation: str = ""
    peers: Mapping[str, PeerSetup] = field(
        default_factory=lambda: {"a": PeerSetup(), "b": PeerSetup(polite=True)}
    )
    signalling: Signalling = field(default_factory=Signalling)
    steps: tuple[Step, ...] = ()
    expect: Expectations = Expectations()
    unjudged: tuple[str, ...] = ()
    seed: int = 0
    name: str = ""

    @property
    def machines(self) -> tuple[str, ...]:
        """The sides that are connections, not scripted."""
        return tuple(side for side in self.peers if self.peers[side].stack != SCRIPTED)

    @property
    def is_judged(self) -> bool:
        """Whether it promises anything for the stacks it is between."""
        return not any(self.peers[side].stack in self.unjudged for side in self.machines)

    def between(
        self, a: str | None = None, b: str | None = None, seed: int | None = None
    ) -> "Scenario":
        """Return the scenario between other stacks; a fixed or scripted peer stays as it is.

        Raises:
            ValueError: there is no stack of that name.
        """
        peers = dict(self.peers)
        for side, stack in (("a", a), ("b", b)):
            if stack is None:
                continue
            if stack not in STACK_NAMES:
                raise ValueError(f"no such stack: {stack!r} (one of {', '.join(STACK_NAMES)})")
            if not peers[side].fixed:
                peers[side] = replace(peers[side], stack=stack)
        return replace(self, peers=peers, seed=self.seed if seed is None else seed)


def action_of(name: str) -> Action:
    """The action of a name, of a peer or of the signalling."""
    return CHANNEL_ACTIONS.get(name) or PEER_ACTIONS[name]
