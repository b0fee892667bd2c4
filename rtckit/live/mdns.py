"""Names in place of addresses: made, answered for and resolved on the local networks.

RFC 6762, and draft-ietf-mmusic-mdns-ice-candidates for what ICE does with it. Multicast goes out
on the interfaces that are in use alone; a name is random and lives as long as its session.
"""

import asyncio
import contextlib
import socket
import struct
import uuid
from collections.abc import Callable, Sequence
from random import Random

from rtckit.live.interfaces import list_interfaces
from rtckit.wire import mdns
from rtckit.wire.mdns import MdnsMessage, Question, Record

__all__ = ["MdnsNames"]

_RESPONSE_FLAGS = 0x8400  # a response with authority (RFC 6762, 18.2 and 18.4)
_ASK_AT_S = (0.0, 1.0, 3.0, 7.0)
"""When to ask: a second apart, then twice as long each time (RFC 6762, 5.2)."""
_GIVE_UP_S = 10.0
"""A browser joins the group when it begins to check, which may be seconds later."""
_IP_MULTICAST_ALL = 49
_IPV6_MULTICAST_ALL = 29
_HOPS = 255
_QUIET_S = 1.0
"""For how long an answer is not sent again (RFC 6762, 6)."""
_MOST_KNOWN = 200
_MOST_NAME = 100


class MdnsNames:
    """Publishes names of this machine's addresses, and resolves those of others.

    Args:
        addresses: on whose interfaces to speak.
        port: other than 5353 in tests alone.
    """

    def __init__(self, addresses: Sequence[str], *, port: int = mdns.PORT) -> None:
        self._loop = asyncio.get_running_loop()
        self._port = port
        self._own: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self._quiet_until: dict[str, float] = {}
        self._waiting: dict[str, list[asyncio.Future[str]]] = {}
        self._sockets: list[tuple[socket.socket, int]] = []
        self._problems: list[str] = []
        self._timers: set[asyncio.TimerHandle] = set()
        for ip in dict.fromkeys(addresses):
            self._open(ip)

    def publish(self, ip: str, random: Random) -> str:
        """Make up a name for an address, announce it and answer for it from now on."""
        name = f"{uuid.UUID(int=random.getrandbits(128), version=4)}.local"
        self._own[name] = ip
        record = mdns.address_record(name, ip)
        announcement = MdnsMessage(answers=(record,), flags=_RESPONSE_FLAGS)
        self._send(announcement)
        self._later(1.0, lambda: self._send(announcement))  # RFC 6762, 8.3
        return name

    async def resolve(self, name: str) -> tuple[str | None, str]:
        """Ask for the address of a name; it, or None and why there is none."""
        name = name.rstrip(".").lower()
        if len(name) > _MOST_NAME or not name.endswith(".local") or "" in name.split("."):
            return None, "it is no mDNS name"
        known = self._own.get(name) or self._known.get(name)
        if known is not None:
            return known, ""
        if not self._sockets:
            return None, f"mDNS cannot be used here: {'; '.join(self._problems) or 'no interface'}"
        waiter: asyncio.Future[str] = self._loop.create_future()
        self._waiting.setdefault(name, []).append(waiter)
        query = MdnsMessage((Question(name, mdns.A), Question(name, mdns.AAAA)))
        timers = [self._loop.call_later(delay, self._send, query) for delay in _ASK_AT_S]
        try:
            async with asyncio.timeout(_GIVE_UP_S):
                return await waiter, ""
        except TimeoutError:
            return None, (
                f"{name} was not answered in {_GIVE_UP_S:.0f} s: the peer is on another network, "
                "or multicast is filtered"
            )
        finally:
            for timer in timers:
                timer.cancel()
            self._waiting[name].remove(waiter)
            if not self._waiting[name]:
                del self._waiting[name]

    # -- sockets ---------------------------------------------------------------------------------

    def _open(self, ip: str) -> None:
        """Join the group on the interface of an address."""
        try:
            opened = _open_v6(ip, self._port) if ":" in ip else _open_v4(ip, self._port)
        except OSError as error:
            self._problems.append(f"{ip}: {error.strerror or error}")
            return
        family = 6 if ":" in ip else 4
        self._sockets.append((opened, family))
        self._loop.add_reader(opened.fileno(), self._read, opened)

    def _read(self, opened: socket.socket) -> None:
        for _ in range(32):
            try:
                data, _ = opened.recvfrom(9000)
            except OSError:
                return
            message, _ = mdns.decode(data)
            if message is None:
                continue
            if message.is_response:
                self._learn(message)
            else:
                self._answer(message)

    def _learn(self, message: MdnsMessage) -> None:
        for record in message.records:
            address, name = record.address, record.name.lower()
            if address is None or record.ttl == 0 or not name.endswith(".local"):
                continue
            if name in self._waiting:
                for waiter in self._waiting[name]:
                    if not waiter.done():
                        waiter.set_result(address)
            elif len(name) > _MOST_NAME or len(self._known) >= _MOST_KNOWN:
                continue
            self._known[name] = address

    def _answer(self, message: MdnsMessage) -> None:
        """Answer questions for names of this session (RFC 6762, 6)."""
        records: list[Record] = []
        now = self._loop.time()
        for question in message.questions[:32]:
            name = question.name.lower()
            ip = self._own.get(name)
            if ip is None:
                continue
            kind = mdns.AAAA if ":" in ip else mdns.A
            if question.type in (kind, mdns.ANY) and now >= self._quiet_until.get(name, now):
                self._quiet_until[name] = now + _QUIET_S
                records.append(mdns.address_record(question.name, ip))
        if records:
            self._send(MdnsMessage(answers=tuple(records), flags=_RESPONSE_FLAGS))

    def _send(self, message: MdnsMessage) -> None:
        data = mdns.build(message)
        for opened, family in self._sockets:
            with contextlib.suppress(OSError):
                opened.sendto(data, (mdns.GROUPS[family], self._port))

    def _later(self, delay: float, work: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            work()

        timer = self._loop.call_later(delay, run)
        self._timers.add(timer)

    def close(self) -> None:
        """Take the names back and close the sockets."""
        if self._own and self._sockets:
            gone = tuple(mdns.address_record(name, ip, ttl=0) for name, ip in self._own.items())
            self._send(MdnsMessage(answers=gone, flags=_RESPONSE_FLAGS))  # RFC 6762, 10.1
        for timer in self._timers:
            timer.cancel()
        for opened, _ in self._sockets:
            self._loop.remove_reader(opened.fileno())
            opened.close()
        self._sockets.clear()


def _shared(family: socket.AddressFamily) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with contextlib.suppress(AttributeError, OSError):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return opened


def _open_v4(ip: str, port: int) -> socket.socket:
    opened = _shared(socket.AF_INET)
    try:
        packed = socket.inet_aton(ip)
        opened.bind(("", port))
        group = socket.inet_aton(mdns.GROUPS[4])
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + packed)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, packed)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _HOPS)
        with contextlib.suppress(OSError):
            opened.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
    except OSError:
        opened.close()
        raise
    return opened


def _open_v6(ip: str, port: int) -> socket.socket:
    index = next(
        (
            interface.index
            for interface in list_interfaces()
            if any(address.ip == ip for address in interface.addresses)
        ),
        0,
    )
    opened = _shared(socket.AF_INET6)
    try:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(("::", port))
        group = socket.inet_pton(socket.AF_INET6, mdns.GROUPS[6])
        membership = group + struct.pack("@I", index)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _HOPS)
        with contextlib.suppress(OSError):
            opened.setsockopt(socket.IPPROTO_IPV6, _IPV6_MULTICAST_ALL, 0)
    except OSError:
        opened.close()
        raise
    return opened
