"""Finds out over real sockets how the NATs before a STUN server behave (RFC 5780).

What to send and what follows is decided elsewhere (:mod:`rtckit.analysis.nat_discovery`); here it
is sent. Not by :class:`~rtckit.live.stun_client.StunClient`: the answer to one socket's request
shall arrive at another one here, or from where nothing was sent to, or the request itself.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rtckit.analysis.nat import Answer, NatBehavior, NatTest, Outcome
from rtckit.analysis.nat_discovery import discover
from rtckit.analysis.nat_judgement import judge
from rtckit.core.address import Address
from rtckit.live.errors import IcmpError, ProbeError
from rtckit.live.interfaces import source_address_for
from rtckit.live.transport import UdpTransport, connect_tcp, open_udp
from rtckit.wire import stun

__all__ = ["detect_nat"]

OnOutcome = Callable[[Outcome], None]

PACE_S = 0.1
"""No more than ten new transactions a second (RFC 5780, 5)."""

_LAST_WAIT_S = 0.3
_TCP_PORTS = (443,)
_TCP_LIMIT_S = 2.0


async def detect_nat(
    server: Address,
    second: Address | None = None,
    *,
    local_ip: str | None = None,
    interface: str | None = None,
    quick: bool = False,
    lifetimes: Sequence[float] = (),
    pace_s: float = PACE_S,
    on_outcome: OnOutcome | None = None,
) -> NatBehavior:
    """Test how UDP to ``server`` is treated; sends to it, its other address, and ``second`` only.

    Where UDP is not answered at all, TCP to the server's port and to 443 tells whether it is that
    which is blocked. The arguments are those of :func:`~rtckit.analysis.nat_discovery.discover`;
    besides, ``local_ip`` or ``interface`` to send from, ``pace_s`` between two new requests, and
    who is told of each test's outcome.

    Raises :class:`~rtckit.live.errors.Refused` when no socket can be had there.
    """
    if local_ip is None:
        local_ip = source_address_for(server.ip) or ("::" if ":" in server.ip else "0.0.0.0")
    prober = _Prober(local_ip, interface, pace_s, on_outcome)
    plan = discover(server, second, quick=quick, lifetimes=lifetimes)
    try:
        tests = next(plan)
        while True:
            tests = plan.send(await prober.make(tests))
    except StopIteration as stop:
        behavior: NatBehavior = stop.value
    finally:
        prober.close()
    silent = all(outcome.silent for outcome in behavior.outcomes)
    if not silent:
        return behavior
    ports = dict.fromkeys((server.port, *_TCP_PORTS))
    connected = await asyncio.gather(
        *(_connects(Address(server.ip, port), interface) for port in ports)
    )
    return judge(server, behavior.outcomes, dict(zip(ports, connected, strict=True)))


async def _connects(remote: Address, interface: str | None) -> bool:
    try:
        opened = await connect_tcp(remote, interface=interface, timeout_s=_TCP_LIMIT_S)
    except ProbeError:
        return False
    opened.close()
    return True


@dataclass(slots=True)
class _Pending:
    """A test under way; ``last_sent`` is when it was sent last."""

    test: NatTest
    local: Address
    arrived: asyncio.Future[Outcome]
    sent: int = 0
    last_sent: float = 0.0


class _Prober:
    """Sockets by name, and the tests under way on them."""

    def __init__(
        self, local_ip: str, interface: str | None, pace_s: float, on_outcome: OnOutcome | None
    ) -> None:
        self._local_ip = local_ip
        self._interface = interface
        self._pace_s = pace_s
        self._on_outcome = on_outcome
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[str, UdpTransport] = {}
        self._pending: dict[bytes, _Pending] = {}
        self._last_packet: dict[str, float] = {}
        self._next_start = 0.0

    async def make(self, tests: Sequence[NatTest]) -> list[Outcome]:
        """Make tests at the same time, their beginnings paced; the outcomes in their order."""
        for test in tests:
            for name in filter(None, (test.socket, test.at)):
                if name not in self._sockets:
                    self._sockets[name] = await self._open(name)
        return list(await asyncio.gather(*map(self._make, tests)))

    async def _open(self, name: str) -> UdpTransport:
        transport = await open_udp(self._local_ip, interface=self._interface)

        def take(data: bytes, remote: Address) -> None:
            self._take(name, data, remote)

        def fail(error: Exception, remote: Address | None) -> None:
            self._fail(name, error, remote)

        transport.on_datagram, transport.on_error = take, fail
        return transport

    async def _make(self, test: NatTest) -> Outcome:
        if test.wait_s:
            # Counted from the last packet of that socket, and punctual: no pace.
            quiet_since = self._last_packet.get(test.at, self._loop.time())
            await asyncio.sleep(quiet_since + test.wait_s - self._loop.time())
        else:
            await self._wait_for_turn()
        transport = self._sockets[test.socket]
        transaction_id = os.urandom(12)
        request = _request(test, transaction_id)
        pending = _Pending(test, transport.local, self._loop.create_future())
        self._pending[transaction_id] = pending
        try:
            for attempt in range(test.attempts):
                pending.sent += 1
                pending.last_sent = self._last_packet[test.socket] = self._loop.time()
                transport.send(request, test.to)
                last = attempt == test.attempts - 1
                # The last one is given time too, for it may be the only one that is not lost.
                wait = max(_LAST_WAIT_S, 2 * test.rto_s) if last else test.rto_s * 2**attempt
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await asyncio.shield(pending.arrived)
                        break
        finally:
            del self._pending[transaction_id]
        outcome = (
            pending.arrived.result()
            if pending.arrived.done()
            else Outcome(test, transport.local, pending.sent)
        )
        if self._on_outcome is not None:
            self._on_outcome(outcome)
        return outcome

    async def _wait_for_turn(self) -> None:
        now = self._loop.time()
        turn = max(now, self._next_start)
        self._next_start = turn + self._pace_s
        await asyncio.sleep(turn - now)

    def _take(self, name: str, data: bytes, remote: Address) -> None:
        self._last_packet[name] = self._loop.time()
        message, _ = stun.decode(data)
        if message is None or message.method != stun.Method.BINDING:
            return
        pending = self._pending.get(message.transaction_id)
        if pending is None or pending.arrived.done():
            return
        rtt_s = self._loop.time() - pending.last_sent
        test = pending.test
        came_back = message.message_class == stun.MessageClass.REQUEST
        is_hairpin = bool(test.at) and test.response_port is None
        if came_back is not is_hairpin:
            return
        answer: Answer | None = None
        error: tuple[int, str] | None = None
        if message.message_class == stun.MessageClass.ERROR:
            told = message.error
            error = (told.code, told.reason) if told else (0, "an error without a code")
        elif came_back:
            answer = Answer(remote, name, rtt_s=rtt_s)
        else:
            answer = _answer(message, remote, name, rtt_s)
        pending.arrived.set_result(
            Outcome(test, pending.local, pending.sent, answer=answer, error=error)
        )

    def _fail(self, name: str, error: Exception, remote: Address | None) -> None:
        """Take a refusal that trying again does not change."""
        if not isinstance(error, OSError):
            return
        if isinstance(error, IcmpError) and not (error.hard or error.origin == "local"):
            return
        said = error.name if isinstance(error, IcmpError) else error.strerror or str(error)
        if isinstance(error, IcmpError) and remote is not None and error.reporter == remote.ip:
            said = f"the server itself says {said}"
        for pending in self._pending.values():
            test = pending.test
            concerns = test.socket == name and (remote is None or test.to == remote)
            if concerns and not pending.arrived.done():
                pending.arrived.set_result(
                    Outcome(test, pending.local, pending.sent, refused=str(said))
                )

    def close(self) -> None:
        """Close every socket."""
        for transport in self._sockets.values():
            transport.close()


def _request(test: NatTest, transaction_id: bytes) -> bytes:
    attributes: list[tuple[int, Any]] = []
    if test.change_ip or test.change_port:
        change = stun.ChangeRequest(change_ip=test.change_ip, change_port=test.change_port)
        attributes.append((stun.AttributeType.CHANGE_REQUEST, change))
    if test.response_port is not None:
        attributes.append((stun.AttributeType.RESPONSE_PORT, test.response_port))
    if test.padding:
        attributes.append((stun.AttributeType.PADDING, bytes(test.padding)))
    # Old servers refuse what they do not know; nothing else shares these sockets (RFC 5780, 5).
    return stun.build(
        stun.Method.BINDING,
        stun.MessageClass.REQUEST,
        transaction_id,
        attributes,
        fingerprint=False,
    )


def _answer(message: stun.Message, remote: Address, name: str, rtt_s: float) -> Answer:
    kinds = stun.AttributeType
    padding = message.get(kinds.PADDING)
    return Answer(
        remote,
        name,
        message.xor_mapped_address,
        message.get(kinds.MAPPED_ADDRESS),
        message.get(kinds.OTHER_ADDRESS) or message.get(kinds.CHANGED_ADDRESS),
        message.get(kinds.RESPONSE_ORIGIN) or message.get(kinds.SOURCE_ADDRESS),
        len(padding) if padding else 0,
        rtt_s,
    )
