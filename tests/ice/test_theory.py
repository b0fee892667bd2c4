"""All 81 pairs of mapping and filtering (RFC 4787, 4.1 and 5) against a model on paper.

The model has no agents, no time and no packets: it asks which address a flow leaves from, whom that
address lets in, and whether an answer comes back from where the check went (RFC 8445, 7.2.5.2.1),
over and over until nothing new is learned.
"""

import itertools

import pytest

from rtckit.ice.simulate import simulate

KINDS = ("EI", "AD", "APD")
STUN = ("stun", ())
Endpoint = tuple[str, tuple[object, ...]]
"""An address outside: whose, and the key of the mapping in place of the port."""

MOST_ROUNDS = 8


class Side:
    """A host behind a NAT: what it has sent from which mapping, and whom it knows."""

    def __init__(self, name: str, mapping: str, filtering: str) -> None:
        self.name = name
        self.mapping = mapping
        self.filtering = filtering
        self.sent: dict[Endpoint, set[Endpoint]] = {}
        self.known: list[Endpoint] = []
        self.valid: set[tuple[Endpoint, Endpoint]] = set()

    def leave(self, to: Endpoint) -> Endpoint:
        """Send to an endpoint; returns where it seems to come from."""
        key: tuple[object, ...] = {"EI": (), "AD": (to[0],), "APD": to}[self.mapping]
        outside = (self.name, key)
        self.sent.setdefault(outside, set()).add(to)
        return outside

    def lets_in(self, source: Endpoint, at: Endpoint) -> bool:
        """Whether a packet from an endpoint passes at an address of this side."""
        if at not in self.sent:
            return False
        if self.filtering == "EI":
            return True
        if self.filtering == "AD":
            return source[0] in {to[0] for to in self.sent[at]}
        return source in self.sent[at]


def can_connect(a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Whether some pair of addresses works in both directions."""
    one, other = Side("a", *a), Side("b", *b)
    for side, peer in ((one, other), (other, one)):
        side.known.append(peer.leave(STUN))
    for _ in range(MOST_ROUNDS):
        for side, peer in ((one, other), (other, one)):
            for to in list(side.known):
                source = side.leave(to)
                if not peer.lets_in(source, to):
                    continue
                if source not in peer.known:
                    peer.known.append(source)
                answered_from = peer.leave(source)
                if answered_from == to and side.lets_in(to, source):
                    side.valid.add((source, to))
    return any((to, source) in other.valid for source, to in one.valid)


@pytest.mark.parametrize(("mapping_a", "filtering_a"), itertools.product(KINDS, KINDS))
def test_the_simulator_agrees_with_the_model(mapping_a: str, filtering_a: str) -> None:
    for mapping_b, filtering_b in itertools.product(KINDS, KINDS):
        expected = can_connect((mapping_a, filtering_a), (mapping_b, filtering_b))
        a, b = f"{mapping_a}/{filtering_a}", f"{mapping_b}/{filtering_b}"
        assert simulate(a, b).connected == expected, (a, b)
        # Ports that are preserved must not make a NAT any better or worse.
        assert simulate(f"{a}+random ports", f"{b}+random ports").connected == expected, (a, b)


def test_the_model_knows_what_everybody_knows() -> None:
    cone, symmetric = ("EI", "APD"), ("APD", "APD")
    assert can_connect(cone, cone)
    assert can_connect(("EI", "AD"), symmetric)
    assert not can_connect(cone, symmetric)
    assert not can_connect(symmetric, symmetric)
