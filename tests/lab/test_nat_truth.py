"""`nat detect` is right about every NAT of the laboratory, and others who look agree.

All NATs are built at once and looked at at the same time. Three runs of the whole table:
``python -m tests.lab.nat_truth --runs 3``.
"""

import asyncio
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from rtckit.analysis.nat import Confidence
from rtckit.lab.nat import Nat
from rtckit.lab.topology import SERVER_ADDRESSES, Topology
from rtckit.live.nat_behavior import detect_nat
from tests.capabilities import require
from tests.lab.nat_truth import (
    APD,
    EI,
    SERVER,
    combinations,
    everything,
    measure,
    standing,
    truth,
    verdict,
)

pytestmark = [pytest.mark.lab, pytest.mark.coturn, pytest.mark.slow]


def test_there_are_as_many_as_claimed() -> None:
    assert len(combinations()) == 24
    assert len({truth(chain) for chain in combinations().values()}) == 24
    assert len(everything()) == 24 + 12 + 4


def test_every_nat_is_named_right() -> None:
    require("netns", "nft", "coturn")
    chains = everything()
    found = measure(chains)
    wrong = {
        name: (verdict(behaviors[0]), truth(chains[name]))
        for name, behaviors in found.items()
        if verdict(behaviors[0]) != truth(chains[name])
    }
    assert wrong == {}
    for name, behaviors in found.items():
        if name == "udp blocked":
            assert behaviors[0].filtering.confidence is Confidence.NONE
            continue
        assert behaviors[0].mapping.confidence is Confidence.HIGH, name
        assert behaviors[0].fragments.value is True, name
        assert behaviors[0].rewritten.value is False, name
    assert found["symmetric in turn"][0].allocation.value == "sequential"


NATDISCOVERY = {
    "Endpoint Independent": "endpoint-independent",
    "Address Dependent": "address-dependent",
    "Address and Port Dependent": "address-and-port-dependent",
}
STUN_FILTERS = {
    "Independent Filter": "endpoint-independent",
    "Address Dependent Filter": "address-dependent",
    "Port Dependent Filter": "address-and-port-dependent",
}


def said_by(topology: Topology, host: str, *command: str) -> str:
    done = subprocess.run(
        topology.hosts[host].command(*command), capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr


def test_natdiscovery_of_coturn_agrees() -> None:
    require("netns", "nft", "coturn", "natdiscovery")
    chains = combinations()
    with standing(chains) as (topology, hosts), ThreadPoolExecutor(len(chains)) as pool:
        command = ("turnutils_natdiscovery", "-m", "-f", SERVER_ADDRESSES[0])
        said = pool.map(lambda name: said_by(topology, hosts[name], *command), chains)
        for (name, chain), text in zip(chains.items(), said, strict=True):
            for aspect in ("Mapping", "Filtering"):
                told = {
                    ours
                    for theirs, ours in NATDISCOVERY.items()
                    if f"NAT with {theirs} {aspect}" in text
                }
                assert told == {getattr(truth(chain), aspect.lower())}, (name, text)


def test_stun_of_rfc3489_agrees_where_it_has_a_word() -> None:
    require("netns", "nft", "coturn", "stun-client")
    chains = everything()
    with standing(chains) as (topology, hosts), ThreadPoolExecutor(len(chains)) as pool:
        command = ("stun", SERVER_ADDRESSES[0])
        said = pool.map(lambda name: said_by(topology, hosts[name], *command), chains)
        for (name, chain), text in zip(chains.items(), said, strict=True):
            true = truth(chain)
            if true.rfc3489 == "blocked":
                assert "Blocked" in text, (name, text)
                continue
            if true.rfc3489 in ("open", "symmetric UDP firewall"):
                assert ("Open" if true.rfc3489 == "open" else "Firewall") in text, (name, text)
                continue
            assert ("Independent Mapping" in text) is (true.mapping == EI), (name, text)
            assert ("preserves ports" in text) is true.port_preservation, (name, text)
            assert ("will hairpin" in text) is true.hairpinning, (name, text)
            if true.mapping == EI:
                told = {ours for theirs, ours in STUN_FILTERS.items() if theirs in text}
                # "Independent Filter" is part of no other of its words, but "Dependent" is.
                assert true.filtering in told, (name, text)
                assert true.filtering == APD or "Port Dependent" not in text, (name, text)


@pytest.mark.parametrize("nat", [Nat(APD, APD, timeout_s=3)])
def test_lifetime_is_that_of_the_nat(nat: Nat) -> None:
    require("netns", "nft", "coturn")
    with standing({"short": (nat,)}) as (topology, hosts):
        detecting = detect_nat(SERVER, quick=True, lifetimes=(1.5, 4.0))
        behavior = topology.hosts[hosts["short"]].inside(lambda: asyncio.run(detecting))
    assert behavior.lifetime.value is not None
    low, high = behavior.lifetime.value
    assert high is not None
    # Timers of the kernel and of nftables are late by up to half a second.
    assert low <= nat.timeout_s + 0.5
    assert high >= nat.timeout_s - 0.1
    assert high - low <= 1.0
