"""Datagrams of strangers against the clients and the server: what a million of each do.

``python -m tests.live.hostile [COUNT]`` prints what was sent and what came of it. Sockets are
fakes. Each subject is in the middle of something (a request under way, an allocation with a
permission and a channel); the datagrams are damaged or forged forms of what it would believe, half
of them with a FINGERPRINT that is right again. Afterwards it must stand as it stood, and the true
answer must still be taken.
"""

import asyncio
import random
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rtckit.core.address import Address
from rtckit.live.errors import NotStun
from rtckit.live.stun_client import StunClient
from rtckit.live.stun_responder import RateLimit, Responder
from rtckit.live.transport import MessageCutter
from rtckit.live.turn_client import TurnClient
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method
from rtckit.wire.turn import ChannelData, build_channel_data
from tests.fuzz.mutations import mutate
from tests.live.fakes import MAPPED, RELAYED, SERVER, FakeTransport, FakeTurnServer

STRANGER = Address("192.0.2.66", 6)
PEER = Address("192.0.2.9", 5000)
KEY = stun.long_term_key("alice", "example.org", "open sesame", "SHA-256")


@dataclass
class Outcome:
    """What became of the datagrams sent to one subject."""

    subject: str
    sent: int
    seconds: float
    answered: int = 0
    answer_bytes: int = 0
    request_bytes: int = 0
    delivered: int = 0
    held_kib: float = 0.0

    def row(self) -> str:
        """One line of the table."""
        return (
            f"{self.subject:<28} {self.sent:>9,} {self.sent / self.seconds:>10,.0f}"
            f" {self.answered:>9,} {self.delivered:>9,} {self.held_kib:>9,.0f}"
        )


HEADER = (
    f"{'subject':<28} {'datagrams':>9} {'a second':>10} {'answered':>9} {'delivered':>9}"
    f" {'held KiB':>9}"
)


def repaired(data: bytes, rng: random.Random) -> bytes:
    """``data`` with its length and a FINGERPRINT that are right, half of the time."""
    if rng.random() < 0.5 or len(data) < 20 or data[0] > 0x3F:
        return data
    body = data[:20] + data[20 : 20 + (len(data) - 20) // 4 * 4]
    if body[-8:-4] == b"\x80\x28\x00\x04":
        body = body[:-8]
    head = body[:2] + (len(body) - 20 + 8).to_bytes(2, "big") + body[4:]
    crc = zlib.crc32(head) ^ 0x5354554E
    return head + b"\x80\x28\x00\x04" + crc.to_bytes(4, "big")


def _snapshot(client: TurnClient) -> dict[str, Any]:
    auth = client.auth
    assert auth is not None
    return {
        "allocation": client.allocation,
        "permissions": dict(client._permissions),
        "channels": dict(client._channels),
        "bound": dict(client._bound),
        "expires": client._expires,
        "pending": list(client.stun._transactions),
        "auth": {name: value for name, value in vars(auth).items() if name != "used"},
    }


async def against_stun_client(count: int, seed: int = 1) -> Outcome:
    """A Binding request under way, unsigned; only the server's own true answer ends it."""
    transport = FakeTransport()
    client = StunClient(transport)
    task = asyncio.ensure_future(client.request(Method.BINDING, [], SERVER, rto=1000))
    await asyncio.sleep(0)
    request = stun.parse(transport.sent[0][0])
    right = stun.build(
        Method.BINDING,
        MessageClass.SUCCESS,
        request.transaction_id,
        [(T.XOR_MAPPED_ADDRESS, MAPPED)],
    )
    other = bytes(12)
    seeds = [
        right,
        right[:8] + other + right[20:],
        stun.build(Method.BINDING, MessageClass.ERROR, other, [(T.ERROR_CODE, (500, "x"))]),
        stun.build(Method.ALLOCATE, MessageClass.SUCCESS, request.transaction_id, []),
        transport.sent[0][0],
    ]
    outcome = Outcome("STUN client, UDP", count, 0.0)
    rng = random.Random(seed)
    client.on_data = lambda data, remote: None
    start = time.perf_counter()
    for number in range(count):
        data = mutate(seeds[number % len(seeds)], rng, seeds)
        # An unsigned answer can be believed only for its transaction id, which a stranger cannot
        # know: those that keep it come from elsewhere.
        known = data[8:20] == request.transaction_id
        transport.arrive(repaired(data, rng), STRANGER if known else SERVER)
        assert not task.done(), data
    outcome.seconds = time.perf_counter() - start
    transport.arrive(right)
    assert (await task).message.xor_mapped_address == MAPPED
    assert client.pending == 0
    assert len(transport.sent) == 1
    return outcome


async def against_turn_client(count: int, seed: int = 2, reliable: bool = False) -> Outcome:
    """An allocation with a permission and a channel, and a signed Refresh under way.

    Everything comes from the server's own address, as an attacker on the way can have it.
    """
    transport = FakeTransport(reliable)
    server = FakeTurnServer(algorithms=(2, 1))
    transport.server = server
    client = TurnClient(transport, SERVER, "alice", "open sesame", rto=1000)
    await client.allocate(keep=False)
    channel = await client.bind_channel(PEER)
    transport.server = None
    task = asyncio.ensure_future(client.refresh())
    await asyncio.sleep(0)
    request = stun.parse(transport.sent[-1][0])
    identity = request.transaction_id
    right = stun.build(
        Method.REFRESH, MessageClass.SUCCESS, identity, [(T.LIFETIME, 600)], key_sha256=KEY
    )
    seeds = [
        right,
        stun.build(Method.REFRESH, MessageClass.SUCCESS, identity, [(T.LIFETIME, 0)]),
        stun.build(Method.REFRESH, MessageClass.SUCCESS, identity, [(T.LIFETIME, 9)], key=KEY),
        stun.build(
            Method.ALLOCATE,
            MessageClass.SUCCESS,
            bytes(12),
            [(T.XOR_RELAYED_ADDRESS, RELAYED), (T.LIFETIME, 600)],
            key_sha256=KEY,
        ),
        server._challenge(stun.parse(transport.sent[0][0]), 401),
        stun.build(
            Method.DATA,
            MessageClass.INDICATION,
            bytes(12),
            [(T.XOR_PEER_ADDRESS, PEER), (T.DATA, b"data")],
        ),
        build_channel_data(ChannelData(channel, b"data")),
    ]
    before = _snapshot(client)
    delivered = 0
    peers = set()

    def deliver(data: bytes, peer: Address) -> None:
        nonlocal delivered
        delivered += 1
        peers.add(peer.ip)

    client.on_data = deliver
    client.on_attempt = lambda number, peer: None
    outcome = Outcome(f"TURN client, {'TCP' if reliable else 'UDP'}", count, 0.0)
    sent = len(transport.sent)
    rng = random.Random(seed)
    start = time.perf_counter()
    for number in range(count):
        data = repaired(mutate(seeds[number % len(seeds)], rng, seeds), rng)
        if reliable and data[8:20] == identity:
            continue  # RFC 8489, 9.2.5: over TCP a wrong signature ends the transaction
        message, _ = stun.decode(data)
        if message is not None and message.error is not None and data[8:20] == identity:
            continue  # an error with the transaction's own id: see test_stun_client
        if message is not None and stun.verify_message_integrity_sha256(message, KEY):
            continue  # damaged only behind the signature, or not at all
        transport.arrive(data)
        assert not task.done(), data
        if number % 1000 == 0:
            assert _snapshot(client) == before, data
    outcome.seconds = time.perf_counter() - start
    outcome.delivered = delivered
    assert _snapshot(client) == before
    assert peers <= {PEER.ip}, "data only from whom it was allowed"
    assert len(transport.sent) == sent, "nothing is answered"
    transport.arrive(right)
    assert await task == 600
    client.abandon()
    return outcome


def against_server(count: int, seed: int = 3) -> Outcome:
    """Requests of one source: answers to whole ones only, no longer than what they must say."""
    addresses = [Address(ip, port) for ip in ("192.0.2.1", "192.0.2.2") for port in (3478, 3479)]
    responder = Responder(addresses, RateLimit(1e9, 10**9))
    seeds = [
        stun.build(Method.BINDING, MessageClass.REQUEST, bytes(range(12)), attributes)
        for attributes in (
            [],
            [(T.CHANGE_REQUEST, (True, True))],
            [(T.RESPONSE_PORT, 77)],
            [(T.PADDING, bytes(400))],
            [(T.USERNAME, "a:b"), (T.PRIORITY, 7)],
        )
    ]
    outcome = Outcome("STUN server", count, 0.0)
    rng = random.Random(seed)
    start = time.perf_counter()
    for number in range(count):
        data = repaired(mutate(seeds[number % len(seeds)], rng, seeds), rng)
        outcome.request_bytes += len(data)
        reply = responder.answer(data, STRANGER, addresses[0], number * 1e-5)
        if reply is not None:
            outcome.answered += 1
            outcome.answer_bytes += len(reply.data)
            assert reply.to.ip == STRANGER.ip
            assert reply.source in addresses
            assert len(reply.data) <= len(data) + 48
            assert data[:2] == b"\0\1"
    outcome.seconds = time.perf_counter() - start
    return outcome


def against_stream(count: int, seed: int = 4) -> Outcome:
    """Streams cut into messages: never more held than one message."""
    seeds = [
        stun.build(Method.BINDING, MessageClass.REQUEST, bytes(12), [(T.SOFTWARE, "x" * 50)]),
        build_channel_data(ChannelData(0x4001, b"data"), pad=True),
    ]
    outcome = Outcome("stream of TCP", count, 0.0)
    rng = random.Random(seed)
    cutter = MessageCutter()
    start = time.perf_counter()
    for number in range(count):
        cutter.feed(mutate(seeds[number % 2], rng, seeds))
        try:
            while cutter.next_message() is not None:
                outcome.delivered += 1
        except NotStun:
            cutter = MessageCutter()
        assert len(cutter._pending) <= 65555 + 400
    outcome.seconds = time.perf_counter() - start
    return outcome


def flood(count: int) -> Outcome:
    """Binding requests from as many sources as there are requests, within one second."""
    responder = Responder((Address("192.0.2.1", 3478),), RateLimit())
    data = stun.build(Method.BINDING, MessageClass.REQUEST, bytes(12), [])
    outcome = Outcome("STUN server, flood", count, 0.0)
    start = time.perf_counter()
    for number in range(count):
        ip = f"{number >> 24 & 127 | 1}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        if responder.answer(data, Address(ip, 1024), responder.addresses[0], number / count):
            outcome.answered += 1
    outcome.seconds = time.perf_counter() - start
    limit = responder.limit
    held = limit._buckets
    each = sum(
        sys.getsizeof(ip) + sys.getsizeof(bucket) + 2 * sys.getsizeof(0.0)
        for ip, bucket in held.items()
    )
    outcome.held_kib = (sys.getsizeof(held) + each) / 1024
    assert outcome.answered <= 100 * (limit.burst + limit.rate)
    assert limit.remembered <= limit.sources
    return outcome


def all_subjects() -> dict[str, Callable[[int], Outcome]]:
    """What is attacked, by name."""
    return {
        "stun-client": lambda count: asyncio.run(against_stun_client(count)),
        "turn-client": lambda count: asyncio.run(against_turn_client(count)),
        "turn-client-tcp": lambda count: asyncio.run(against_turn_client(count, reliable=True)),
        "server": against_server,
        "stream": against_stream,
        "flood": flood,
    }


def main() -> None:
    """Attack each subject and print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(HEADER)
    for attack in all_subjects().values():
        print(attack(count).row(), flush=True)


if __name__ == "__main__":
    main()
