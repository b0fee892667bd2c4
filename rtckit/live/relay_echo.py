"""Data through relays: echoed between two allocations, and between one and a plain socket."""

import asyncio
import struct
from dataclasses import dataclass, field
from typing import Any

from rtckit.core.address import Address
from rtckit.live.errors import BadAnswer
from rtckit.live.probing import schedule
from rtckit.live.stun_client import StunClient
from rtckit.live.transport import UdpTransport
from rtckit.live.turn_client import TurnClient
from rtckit.wire.stun import Method

__all__ = ["EchoResult", "OutsideResult", "echo_between", "exchange_outside", "mapped_address"]

_MARK = b"rtckit-echo"
_NUMBERED = struct.Struct("!11sBH")
_SEND, _CHANNEL, _OUT, _IN = range(4)
_SIZES = (160, 1000)  # like audio, and like video
_SPACING_S = 0.02


@dataclass(slots=True)
class _Form:
    """What became of the datagrams of one form (Send indications, or a channel)."""

    sent_at: dict[int, float] = field(default_factory=dict)
    there: set[int] = field(default_factory=set)
    back: set[int] = field(default_factory=set)
    rtts: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EchoResult:
    """Datagrams sent in each form, how many came there and came back, and their times in ms."""

    sent: int
    send_there: int
    send_back: int
    channel_there: int | None
    channel_back: int | None
    rtt_ms: tuple[float, float, float] | None

    @property
    def ok(self) -> bool:
        """Whether data came through every way that was tried."""
        counts = (self.send_there, self.send_back, self.channel_there, self.channel_back)
        return all(count is None or count > 0 for count in counts)

    def facts(self) -> dict[str, Any]:
        """The figures by name."""
        found: dict[str, Any] = {
            "sent": self.sent,
            "send_there": self.send_there,
            "send_back": self.send_back,
        }
        if self.channel_there is not None:
            found |= {"channel_there": self.channel_there, "channel_back": self.channel_back}
        if self.rtt_ms is not None:
            low, mean, high = self.rtt_ms
            found |= {"rtt_min_ms": low, "rtt_ms": mean, "rtt_max_ms": high}
        return found


@dataclass(frozen=True, slots=True)
class OutsideResult:
    """Datagrams sent each way between a relay and a socket, and how many arrived."""

    sent: int
    inbound: int
    outbound: int
    peer: Address | None

    @property
    def ok(self) -> bool:
        """Whether data came through both ways."""
        return bool(self.inbound and self.outbound)

    def facts(self) -> dict[str, Any]:
        """The figures by name."""
        found: dict[str, Any] = {
            "sent": self.sent,
            "inbound": self.inbound,
            "outbound": self.outbound,
        }
        return found if self.peer is None else found | {"peer": self.peer}


def _payload(form: int, number: int) -> bytes:
    return _NUMBERED.pack(_MARK, form, number).ljust(_SIZES[number % 2], b"\xa5")


def _read(data: bytes) -> tuple[int, int] | None:
    if len(data) < _NUMBERED.size or not data.startswith(_MARK):
        return None
    _, form, number = _NUMBERED.unpack_from(data)
    return form, number


async def echo_between(
    first: TurnClient,
    second: TurnClient,
    *,
    count: int = 10,
    channels: bool = True,
    wait_s: float = 1.0,
) -> EchoResult:
    """Send ``count`` datagrams from one allocation to the other and back, in each form.

    Permissions must be there, and with ``channels`` each end's channel to the other. Half of the
    datagrams have 160 bytes, half 1000.
    """
    loop = asyncio.get_running_loop()
    one, other = first.allocation, second.allocation
    assert one is not None
    assert other is not None
    forms = {_SEND: _Form()} | ({_CHANNEL: _Form()} if channels else {})
    done = asyncio.Event()

    def at_second(data: bytes, peer: Address) -> None:
        read = _read(data)
        if read is not None and read[0] in forms:
            forms[read[0]].there.add(read[1])
            second.send(data, peer, channel=read[0] == _CHANNEL)

    def at_first(data: bytes, peer: Address) -> None:
        read = _read(data)
        form = None if read is None else forms.get(read[0])
        if read is None or form is None or read[1] in form.back or read[1] not in form.sent_at:
            return
        form.back.add(read[1])
        form.rtts.append(loop.time() - form.sent_at[read[1]])
        if all(len(each.back) == count for each in forms.values()):
            done.set()

    first.on_data, second.on_data = at_first, at_second
    for number in range(count):
        for kind, form in forms.items():
            form.sent_at[number] = loop.time()
            first.send(_payload(kind, number), other.relayed, channel=kind == _CHANNEL)
        await asyncio.sleep(_SPACING_S)
    await _wait(done, wait_s)
    first.on_data = second.on_data = None
    times = [rtt * 1000 for form in forms.values() for rtt in form.rtts]
    channel = forms.get(_CHANNEL)
    return EchoResult(
        count,
        len(forms[_SEND].there),
        len(forms[_SEND].back),
        None if channel is None else len(channel.there),
        None if channel is None else len(channel.back),
        (min(times), sum(times) / len(times), max(times)) if times else None,
    )


async def exchange_outside(
    client: TurnClient,
    plain: UdpTransport,
    mapped: Address,
    *,
    count: int = 10,
    wait_s: float = 1.0,
) -> OutsideResult:
    """Send ``count`` datagrams each way between the relayed address and the socket ``plain``.

    ``mapped`` is how the relay is thought to see the socket; where a NAT maps it otherwise, what
    comes in tells, and the answers go there.
    """
    allocation = client.allocation
    assert allocation is not None
    inward: set[int] = set()
    outward: set[int] = set()
    target = mapped
    done = asyncio.Event()

    def arrived() -> None:
        if len(inward) == count and len(outward) == count:
            done.set()

    def at_client(data: bytes, peer: Address) -> None:
        nonlocal target
        read = _read(data)
        if read is not None and read[0] == _IN:
            inward.add(read[1])
            target = peer
            arrived()

    def at_plain(data: bytes, remote: Address) -> None:
        read = _read(data)
        if read is not None and read[0] == _OUT:
            outward.add(read[1])
            arrived()

    client.on_data = at_client
    plain.on_datagram = at_plain
    for number in range(count):
        plain.send(_payload(_IN, number), allocation.relayed)
        await asyncio.sleep(_SPACING_S)
        client.send(_payload(_OUT, number), target, channel=False)
    await _wait(done, wait_s)
    client.on_data = None
    return OutsideResult(count, len(inward), len(outward), target if inward else None)


async def _wait(done: asyncio.Event, wait_s: float) -> None:
    try:
        async with asyncio.timeout(wait_s):
            await done.wait()
    except TimeoutError:
        return


async def mapped_address(plain: UdpTransport, server: Address, *, timeout_s: float) -> Address:
    """How ``server`` sees the socket; fails as :meth:`StunClient.request` does."""
    client = StunClient(plain)
    attempts, last_wait = schedule(timeout_s, 0.25)
    response = await client.request(
        Method.BINDING, [], server, rto=0.25, attempts=attempts, last_wait_s=last_wait
    )
    mapped = response.message.xor_mapped_address
    if mapped is None:
        raise BadAnswer("the Binding success response has no XOR-MAPPED-ADDRESS")
    return mapped
