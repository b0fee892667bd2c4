"""Many random topologies: whenever a pair works, both ends must select one and the same.

``python -m tests.ice.agreement [COUNT [SEED]]`` prints how many were tried and those that failed.
"""

import random
import sys
import time
from typing import Any

from rtckit.ice import Settings
from rtckit.ice.simulate import Simulation, simulate
from tests.ice.link import host, introduce, new_agent

NATS = (
    "open",
    "full cone",
    "restricted",
    "port restricted",
    "symmetric",
    "udp blocked",
    "web only",
    "firewall",
    "AD/AD",
    "AD/APD",
    "APD/EI",
    "EI/AD",
    "port restricted+hairpin",
    "full cone+random ports",
)
FEATURES = ("", "", "", "", "+ipv6", "+ipv6 firewall", "+ipv6 only", "+tcp", "+lite", "+dead=2")


def topology(dice: random.Random, seed: int) -> dict[str, Any]:
    """Return arguments of a simulation, any."""

    def end() -> str:
        nats = [dice.choice(NATS) for _ in range(dice.choice((1, 1, 2)))]
        return " behind ".join(nats) + dice.choice(FEATURES) + dice.choice(("", "", "+tcp"))

    return {
        "a": end(),
        "b": end(),
        "turn": dice.choice((False, True, "a", "b")),
        "turn_transport": dice.choice(("udp", "tcp", "tls")),
        "loss": dice.choice((0.0, 0.0, 0.1, 0.3)),
        "rtt": dice.choice((0.0, 0.03, 0.2, 0.6)),
        "seed": seed,
        "nomination": dice.choice(("regular", "aggressive")),
        "same_lan": dice.random() < 0.1,
    }


def fault(result: Simulation) -> str | None:
    """Say what is wrong with an outcome; None when nothing is."""
    ours, theirs = result.a.agent.selected, result.b.agent.selected
    if result.a.agent.lite and result.b.agent.lite:
        return None  # nobody checks, so nobody knows
    if (ours is None) != (theirs is None):
        return f"one end selected, the other did not: {ours} {theirs}"
    if ours is not None and not result.connected:
        return f"two different pairs: {ours} {theirs}"
    if ours is None:
        for peer in (result.a, result.b):
            # Of three in ten packets lost, all seven of a check get lost once in a hundred times.
            lossy = result.options["loss"] > 0.1
            if not lossy and any(pair.valid for pair in peer.agent.pairs):
                return f"{peer.name} knew a pair that works and nothing was selected"
            if peer.agent.state != "failed":
                return f"{peer.name} is {peer.agent.state} in the end"
            if not peer.agent.causes:
                return f"{peer.name} failed without a cause"
    elif result.a.agent.controlling == result.b.agent.controlling:
        return "both have the same role"
    checks = sum(p.requests_sent for peer in (result.a, result.b) for p in peer.agent.pairs)
    return f"{checks} checks" if checks > 3000 else None


def unlike_agents(seed: int) -> str | None:
    """Connect two agents of any roles, nominations, orders and losses; say what is wrong."""
    dice = random.Random(seed)
    agents = [
        new_agent(
            name,
            controlling=dice.random() < 0.5,
            nomination=dice.choice(("regular", "aggressive")),
            settings=Settings(renomination=dice.random() < 0.3),
        )
        for name in "ab"
    ]
    count = dice.randint(1, 4)
    dead = {number for number in range(1, 5) if dice.random() < 0.4}
    for net, agent in enumerate(agents):
        ranks = dice.sample(range(10), count)
        for number, rank in enumerate(ranks, 1):
            agent.add_local(0.0, host(agent, f"10.0.{net}.{number}", rank))
    a, b = agents
    link = introduce(
        *(a, b),
        one_way=dice.choice((0.0, 0.005, 0.05, 0.3)),
        alive=lambda address: int(address.ip.rpartition(".")[2]) not in dead,
    )
    loss = dice.choice((0.0, 0.1, 0.3, 0.5))
    link.lost = lambda transmit: dice.random() < loss and link.now < 20
    link.run(120.0)
    ours, theirs = a.selected, b.selected
    if set(range(1, count + 1)) <= dead:
        return None if a.state == b.state == "failed" else f"nothing works: {a.state} {b.state}"
    if ours is None or theirs is None:
        return f"not selected: {ours} {theirs}"
    if (ours.local.base, ours.remote.address) != (theirs.remote.address, theirs.local.base):
        return f"two different pairs: {ours} {theirs}"
    if not a.state == b.state == "completed":
        return f"in the end {a.state} and {b.state}"
    return "both have the same role" if a.controlling == b.controlling else None


def main() -> None:
    """Try so many and print what failed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    begin, bad, connected = time.perf_counter(), 0, 0
    for seed in range(first, first + count):
        arguments = topology(random.Random(seed), seed)
        result = simulate(**arguments)
        connected += result.connected
        wrong = fault(result)
        if wrong is not None:
            bad += 1
            sys.stdout.write(f"{arguments}\n  {wrong}\n")
            sys.stdout.flush()
    spent = time.perf_counter() - begin
    sys.stdout.write(f"{count} topologies, {connected} connected, {bad} wrong, {spent:.0f} s\n")


if __name__ == "__main__":
    main()
