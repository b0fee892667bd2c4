"""Datagrams of strangers against agents: what a million of them do to a session.

``python -m tests.ice.hostile [COUNT]`` prints what was sent and what came of it. Each agent has a
twin that nobody disturbs; after every batch the two must be equal in everything but what they
heard, however the datagrams were damaged or forged.
"""

import dataclasses
import hashlib
import hmac
import random
import sys
import time
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rtckit.core.address import Address
from rtckit.ice import Agent
from rtckit.wire import stun
from tests.ice.link import A_CREDENTIALS, B_CREDENTIALS, Link, two_agents

HERE = Address("10.0.1.1", 5000)
PEER = Address("10.0.0.1", 5000)
_DIAGNOSTIC = {"unsigned_answer"}
_MOMENTS = (0.0, 0.01, 0.026, 0.04, 0.06, 0.09, 0.2, 1.0, 5.5, 11.0)


def snapshot(agent: Agent) -> dict[str, Any]:
    """Everything an agent goes by."""
    pairs = [
        {
            field.name: getattr(pair, field.name)
            for field in dataclasses.fields(pair)
            if field.name not in _DIAGNOSTIC
        }
        for pair in agent.checklist
    ]
    consent = agent.consent
    return {
        "state": agent.state,
        "failure": agent.failure,
        "controlling": agent.controlling,
        "tie_breaker": agent.tie_breaker,
        "selected": agent.selected.number if agent.selected else None,
        "local": list(agent.local),
        "remote": list(agent.remote),
        "pairs": pairs,
        "transactions": sorted(agent._transactions),
        "consent": consent and (consent.ask_at, consent.expires_at, consent.missed),
        "next_time": agent.next_time(),
        "random": agent.random.getstate(),
    }


def is_genuine(data: bytes) -> bool:
    """Whether a message is signed by either end, worked out apart from the codec."""
    at = 20
    while at + 4 <= len(data):
        kind = int.from_bytes(data[at : at + 2], "big")
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if kind == 0x0008 and size == 20 and at + 24 <= len(data):
            text = data[:2] + (at + 4).to_bytes(2, "big") + data[4:at]
            for credentials in (A_CREDENTIALS, B_CREDENTIALS):
                tag = hmac.digest(credentials.pwd.encode(), text, hashlib.sha1)
                if tag == data[at + 4 : at + 24]:
                    return True
            return False
        if kind in (0x001C, 0xC060):
            return True  # another kind of signature: leave it out rather than work it out
        at += 4 + (size + 3) // 4 * 4
    return False


def recorded(seconds: float = 12.0) -> list[bytes]:
    """Every datagram of an undisturbed session, with a conflict of roles in it."""
    found: list[bytes] = []
    for roles in ((True, False), (True, True), (False, False)):
        link = two_agents(controlling=roles)
        link.lost = lambda transmit: bool(found.append(transmit.data))
        link.run(seconds)
    return found


def forged(dice: random.Random) -> bytes:
    """A message that is well made but signed by nobody, or with a wrong password."""
    kinds = stun.AttributeType
    method_class = dice.choice(list(stun.MessageClass))
    attributes: list[tuple[int, Any]] = [
        (kinds.USERNAME, dice.choice(["bbbb:aaaa", "aaaa:bbbb", "bbbb", "", ":", "x" * 500])),
        (kinds.PRIORITY, dice.getrandbits(32)),
        (dice.choice([kinds.ICE_CONTROLLING, kinds.ICE_CONTROLLED]), dice.getrandbits(64)),
    ]
    if dice.random() < 0.5:
        attributes.append((kinds.USE_CANDIDATE, True))
    if dice.random() < 0.3:
        attributes.append((kinds.GOOG_NOMINATION, dice.getrandbits(32)))
    if method_class is stun.MessageClass.ERROR:
        code = dice.choice([400, 401, 403, 420, 487, 500])
        attributes.append((kinds.ERROR_CODE, stun.ErrorCode(code, "Go away")))
    if method_class is stun.MessageClass.SUCCESS:
        attributes.append((kinds.XOR_MAPPED_ADDRESS, Address("192.0.2.1", 7)))
    dice.shuffle(attributes)
    key = dice.choice([None, b"", b"wrong password wrong pass"])
    return stun.build(
        stun.Method.BINDING, method_class, dice.randbytes(12), attributes, key=key or None
    )


def mutated(dice: random.Random, samples: list[bytes]) -> bytes:
    """A datagram like those of the session, but damaged; often with its check sum put right."""
    choice = dice.random()
    if choice < 0.1:
        return dice.randbytes(dice.randrange(0, 200))
    if choice < 0.2:
        return forged(dice)
    data = bytearray(dice.choice(samples))
    for _ in range(dice.randint(1, 4)):
        if not data:
            break
        at = dice.randrange(len(data))
        kind = dice.randrange(6)
        if kind == 0:
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            data[at] = dice.randrange(256)
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            data[at:at] = dice.randbytes(dice.choice((1, 2, 4, 8, 20)))
        elif kind == 4:
            data[at : at + 4] = bytes(4)
        else:
            other = dice.choice(samples)
            data[at:] = other[min(at, len(other)) :]
    if dice.random() < 0.6 and len(data) >= 20:
        del data[len(data) // 4 * 4 :]
        put_right(data)
    return bytes(data)


def put_right(data: bytearray) -> None:
    """Write the length and a FINGERPRINT that fit, so that the message is looked at."""
    data[0] &= 0x3F
    if data[-8:-4] == b"\x80\x28\x00\x04":
        del data[-8:]
    data[2:4] = (len(data) - 20 + 8).to_bytes(2, "big")
    check = zlib.crc32(bytes(data)) ^ 0x5354554E
    data += b"\x80\x28\x00\x04" + check.to_bytes(4, "big")


def _moments(link: Link, twin: Link) -> Iterator[float]:
    for moment in _MOMENTS:
        link.run(moment)
        twin.run(moment)
        yield moment


def disturb(count: int, seed: int = 1) -> Counter[str]:
    """Send so many datagrams at moments all over a session; raises AssertionError on any effect."""
    dice = random.Random(seed)
    samples = recorded()
    seen: Counter[str] = Counter()
    link, twin = two_agents(), two_agents()
    for _ in _moments(link, twin):
        for _ in range(count // len(_MOMENTS)):
            data = mutated(dice, samples)
            if is_genuine(data):
                seen["left out: still signed"] += 1
                continue
            agent, local, remote = dice.choice(((link.b, HERE, PEER), (link.a, PEER, HERE)))
            if dice.random() < 0.5:
                remote = Address(f"192.0.2.{dice.randrange(256)}", dice.randrange(65536))
            if dice.random() < 0.02:
                local = Address("10.9.9.9", 9)
            transport = "tcp" if dice.random() < 0.02 else "udp"
            taken = agent.receive(link.now, local, remote, data, transport)
            seen["taken for ICE" if taken else "left for data"] += 1
            answers = agent.take_transmits()
            assert len(answers) <= 1
            for answer in answers:
                seen["answered"] += 1
                assert len(answer.data) <= len(data), "amplified"
                assert (answer.local, answer.remote) == (local, remote)
            seen["bytes in"] += len(data)
            seen["bytes out"] += sum(len(answer.data) for answer in answers)
        for name, other in (("a", twin.a), ("b", twin.b)):
            agent = link.a if name == "a" else link.b
            agent.take_events()
            assert snapshot(agent) == snapshot(other), name
    link.run(60.0)
    twin.run(60.0)
    for agent, other in ((link.a, twin.a), (link.b, twin.b)):
        assert snapshot(agent) == snapshot(other)
        assert agent.state == "completed"
    return seen


def flood(count: int, *, signed: bool) -> int:
    """Send bindings from as many addresses, take nothing out; returns the bytes that stay."""
    link = two_agents()
    link.run(1.0)
    key = stun.short_term_key(B_CREDENTIALS.pwd) if signed else None
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(count):
        data = stun.build(
            *(stun.Method.BINDING, stun.MessageClass.REQUEST, number.to_bytes(12, "big")),
            [(stun.AttributeType.USERNAME, "bbbb:aaaa"), (stun.AttributeType.PRIORITY, number)],
            key=key,
        )
        source = Address(f"192.0.{number // 256 % 256}.{number % 256}", 1024 + number % 60000)
        link.b.receive(1.0 + number * 1e-5, HERE, source, data)
    stays = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert link.b.selected is not None
    assert link.b.state == "completed"
    return stays


def main() -> None:
    """Print what a million datagrams did."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    begin = time.perf_counter()
    seen = disturb(count)
    spent = time.perf_counter() - begin
    sys.stdout.write(f"{count:,} datagrams in {spent:.1f} s: no exception, no effect\n")
    for what, number in sorted(seen.items()):
        sys.stdout.write(f"  {what:24} {number:>12,}\n")
    for signed in (False, True):
        stays = flood(100_000, signed=signed)
        who = "by the peer" if signed else "by nobody"
        sys.stdout.write(f"100,000 bindings signed {who}: {stays / 1e6:.2f} MB stay\n")


if __name__ == "__main__":
    main()
