"""`nat detect` against every NAT of the laboratory: what it says beside what is true.

``python -m tests.lab.nat_truth --runs 3`` prints the whole table and ends with 1 if anything is
wrong. All NATs stand at once around one coturn with two addresses.
"""

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rtckit.analysis.nat import NatBehavior
from rtckit.core.address import Address
from rtckit.lab.coturn import Coturn
from rtckit.lab.nat import Behavior, Nat, parse_nat
from rtckit.lab.theory import composed
from rtckit.lab.topology import SERVER_ADDRESSES, Topology, internet
from rtckit.live.nat_behavior import detect_nat

SERVER = Address(SERVER_ADDRESSES[0], 3478)
EI, AD, APD = Behavior
SHORT = {EI: "EI", AD: "AD", APD: "APD"}


class Verdict(NamedTuple):
    """The four facts, and the old name."""

    mapping: str
    filtering: str
    hairpinning: bool | None
    port_preservation: bool | None
    rfc3489: str


def combinations() -> dict[str, tuple[Nat, ...]]:
    """The 24: four mappings (one of them with ports preserved) x filtering x hairpinning."""
    found = {}
    mappings = [(EI, True), (EI, False), (AD, False), (APD, False)]
    for (mapping, preserving), filtering, hairpinning in itertools.product(
        mappings, Behavior, (False, True)
    ):
        name = f"{SHORT[mapping]}/{SHORT[filtering]}"
        name += " preserving" if preserving else ""
        name += " hairpin" if hairpinning else ""
        found[name] = (Nat(mapping, filtering, preserving, hairpinning),)
    return found


def chains() -> dict[str, tuple[Nat, ...]]:
    """Carrier-grade: three kinds in the home, four at the carrier."""
    homes = ("full cone", "port restricted", "symmetric")
    carriers = ("full cone", "restricted", "port restricted", "symmetric")
    return {
        f"{home} + {carrier}": tuple(nat for name in (home, carrier) if (nat := parse_nat(name)))
        for home, carrier in itertools.product(homes, carriers)
    }


def others() -> dict[str, tuple[Nat, ...]]:
    """No NAT, none that lets UDP out, none that translates, and ports in turn."""
    return {
        "open": (),
        "udp blocked": (Nat(udp_blocked=True),),
        "firewall": (Nat(translates=False),),
        "symmetric in turn": (Nat(APD, APD, in_turn=True),),
    }


def everything() -> dict[str, tuple[Nat, ...]]:
    """All of them; what needs a low number first."""
    return {**others(), **combinations(), **chains()}


def truth(chain: Iterable[Nat]) -> Verdict:
    """What must be said about a row of NATs."""
    chain = tuple(chain)
    if not chain:
        return Verdict(EI, EI, True, True, "open")
    nat = composed(chain)
    if nat.udp_blocked:
        return Verdict("unknown", "unknown", None, None, "blocked")
    if not nat.translates:
        return Verdict(EI, APD, True, True, "symmetric UDP firewall")
    name = nat.rfc3489 or "symmetric"
    return Verdict(nat.mapping, nat.filtering, nat.hairpinning, nat.preserves_ports, name)


def verdict(behavior: NatBehavior) -> Verdict:
    """What was said."""
    return Verdict(
        behavior.mapping.value,
        behavior.filtering.value,
        behavior.hairpinning.value,
        behavior.port_preservation.value,
        behavior.rfc3489,
    )


@contextmanager
def standing(chains: dict[str, tuple[Nat, ...]]) -> Iterator[tuple[Topology, dict[str, str]]]:
    """The network with a host for each chain, and the hosts' names; coturn runs."""
    hosts = {name: f"n{number}" for number, name in enumerate(chains, 1)}
    sides = {hosts[name]: chain or None for name, chain in chains.items()}
    with internet(sides) as topology, tempfile.TemporaryDirectory() as folder:
        assert topology.server_host is not None
        with Coturn(topology.server_host, Path(folder), SERVER_ADDRESSES, stun_only=True):
            yield topology, hosts


def measure(
    chains: dict[str, tuple[Nat, ...]], runs: int = 1, at_once: int = 16
) -> dict[str, list[NatBehavior]]:
    """Detect every NAT so often, many of them at a time."""
    with standing(chains) as (topology, hosts), ThreadPoolExecutor(at_once) as pool:

        def detect(name: str) -> NatBehavior:
            host = topology.hosts[hosts[name]]
            return host.inside(lambda: asyncio.run(detect_nat(SERVER)))

        found: dict[str, list[NatBehavior]] = {name: [] for name in chains}
        for _ in range(runs):
            for name, behavior in zip(chains, pool.map(detect, chains), strict=True):
                found[name].append(behavior)
        return found


def main() -> int:
    """Print the table; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="names that contain this")
    arguments = parser.parse_args()
    chosen = {name: chain for name, chain in everything().items() if arguments.only in name}
    began = time.monotonic()
    found = measure(chosen, arguments.runs)
    wrong = 0
    for name, behaviors in found.items():
        expected = truth(chosen[name])
        verdicts = [verdict(behavior) for behavior in behaviors]
        right = sum(each == expected for each in verdicts)
        wrong += len(verdicts) - right
        sure = {str(behavior.mapping.confidence) for behavior in behaviors}
        sure |= {str(behavior.filtering.confidence) for behavior in behaviors}
        print(f"{right}/{len(verdicts)}  {name:32} {' | '.join(map(str, expected))}  {sure}")
        for each in verdicts:
            if each != expected:
                print(f"        said {' | '.join(map(str, each))}")
    runs = sum(map(len, found.values()))
    print(f"{runs - wrong} of {runs} right, in {time.monotonic() - began:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
