"""Servers that answer as they please: a check ends, with a record, and is judged without error."""

import asyncio
import random
from typing import Any

import pytest

from rtckit.analysis.probe import ProbeSet
from rtckit.core.address import Address
from rtckit.live.relay_check import CheckSettings
from rtckit.live.servers import parse_server
from rtckit.live.transport import UdpTransport, open_udp
from rtckit.live.turn_check import Target, check_servers
from rtckit.report.probe import render_probes, to_dict
from rtckit.rules.catalogue import run
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType as T
from rtckit.wire.stun import MessageClass, Method

KEY = stun.long_term_key("alice", "realm", "open sesame")
HOSTILE = "\x1b]0;x\x07\u202e" * 9


class OddServer:
    """Answers each request with anything that a codec can build, most of it signed rightly."""

    def __init__(self, transport: UdpTransport, seed: int) -> None:
        self.transport = transport
        self.rng = random.Random(seed)
        transport.on_datagram = self.receive

    def receive(self, data: bytes, remote: Address) -> None:
        if data[0] > 0x3F or self.rng.random() < 0.1:
            if self.rng.random() < 0.5:
                self.transport.send(data, remote)
            return
        request, _ = stun.decode(data)
        if request is None or request.message_class != MessageClass.REQUEST:
            return
        for _ in range(self.rng.choice((1, 1, 1, 2))):
            self.transport.send(self.answer(request), remote)

    def address(self) -> Address:
        return self.rng.choice(
            (
                Address("127.0.0.1", self.rng.randrange(65536)),
                Address("127.0.0.1", 0),
                self.transport.local,
                Address("0.0.0.0", 0),
                Address("::", 0),
                Address("::1", 9),
            )
        )

    def answer(self, request: stun.Message) -> bytes:
        rng = self.rng
        signed = {"key": KEY} if request.has_integrity and rng.random() < 0.9 else {}
        method = request.method if rng.random() < 0.95 else rng.choice(list(Method))
        success = rng.random() < 0.95 if request.has_integrity else request.method == Method.BINDING
        values: list[tuple[int, Any]] = [
            (T.XOR_MAPPED_ADDRESS, self.address()),
            (T.MAPPED_ADDRESS, self.address()),
            (T.XOR_RELAYED_ADDRESS, self.address()),
            (T.LIFETIME, rng.choice((0, 1, 600, 2**32 - 1))),
            (T.SOFTWARE, HOSTILE),
            (T.CONNECTION_ID, rng.randrange(2**32)),
            (T.RESERVATION_TOKEN, bytes(8)),
            (T.OTHER_ADDRESS, self.address()),
        ]
        if not success:
            codes = (300, 401, 401, 401, 403, 420, 437, 438, 440, 441, 442, 486, 500, 508, 699)
            code = rng.choice(codes) if request.has_integrity or rng.random() < 0.3 else 401
            values += [
                (T.ERROR_CODE, (code, HOSTILE)),
                (T.REALM, rng.choice(("realm", "realm", HOSTILE))),
                (T.NONCE, rng.choice((b"n", b"m", b"obMatJos2gAAA", b"\xff" * 40))),
                (T.ALTERNATE_SERVER, rng.choice((self.transport.local, Address("127.0.0.1", 9)))),
                (T.UNKNOWN_ATTRIBUTES, (1, 2, 3)),
            ]
            if rng.random() < 0.2:
                values.append((T.PASSWORD_ALGORITHMS, ((rng.choice((1, 2, 9)), b""),)))
        kept = [item for item in values if rng.random() < 0.97]
        kind = MessageClass.SUCCESS if success else MessageClass.ERROR
        return stun.build(method, kind, request.transaction_id, kept, **signed)  # type: ignore[arg-type]


async def check(seed: int) -> ProbeSet:
    transport = await open_udp("127.0.0.1")
    OddServer(transport, seed)
    server = parse_server(f"turn:{transport.local}", "alice", "open sesame")
    settings = CheckSettings(timeout_s=0.05, rto=0.02, count=1, realm="other", tcp_relay=True)
    try:
        return await check_servers([Target(server)], settings, now=lambda: 1767225600.0)
    finally:
        transport.close()


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_whatever_a_server_answers(first: int) -> None:
    async def work() -> list[ProbeSet]:
        return list(await asyncio.gather(*(check(seed) for seed in range(first, first + 40))))

    seen = set()
    for probes in asyncio.run(work()):
        (probe,) = probes.probes
        findings = run("probe", probes)
        if not probe.works:
            assert findings, probe
        seen |= {step.name for step in probe.steps}
        text = render_probes(probes, findings, color=False, width=80, verbose=2)
        assert all(character.isprintable() or character == "\n" for character in text)
        assert "open sesame" not in text + repr(to_dict(probes, findings))
    assert {"binding", "challenge", "allocate", "permission", "deallocate"} <= seen
