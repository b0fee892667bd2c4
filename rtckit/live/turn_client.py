"""A TURN allocation from the client's side: made, kept alive, used and given back (RFC 8656).

:class:`TurnClient` runs on one transport to one server. TCP allocations (RFC 6062) are asked for
with ``allocate(transport=TCP)``; :mod:`rtckit.live.turn_tcp` carries their connections.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rtckit.core.address import Address
from rtckit.live.errors import BadAnswer, ProbeError, RedirectLoop, StunError
from rtckit.live.long_term import LongTerm
from rtckit.live.servers import Server, resolve
from rtckit.live.stun_client import ATTEMPTS, RTO_S, Response, StunClient
from rtckit.live.tls import TlsSettings
from rtckit.live.transport import StreamTransport, Transport, open_transport
from rtckit.wire import stun
from rtckit.wire.stun import AttributeType, MessageClass, Method
from rtckit.wire.turn import ChannelData, build_channel_data, decode_channel_data

__all__ = ["TCP", "UDP", "Allocation", "TurnClient", "open_turn"]

UDP = 17
TCP = 6
_FAMILIES = {4: 0x01, 6: 0x02}
_PERMISSION_S = 300.0  # RFC 8656, 9
_CHANNEL_S = 600.0  # RFC 8656, 12
_MARGIN_S = 60.0
_FIRST_CHANNEL = 0x4000
_LAST_CHANNEL = 0x4FFF
_MAX_CHALLENGES = 4
_MAX_REDIRECTS = 4


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a server lends.

    ``relayed`` is the address others send to, ``also_relayed`` a second one of the other family;
    ``mapped`` is how the server sees us. ``lifetime`` is in seconds. ``rtt_s`` is that of the
    request that succeeded, ``transactions`` how many it took with the challenges before it.
    """

    relayed: Address
    mapped: Address | None
    lifetime: int
    server: Address
    rtt_s: float
    transactions: int
    transport: int = UDP
    also_relayed: Address | None = None
    reservation_token: bytes | None = None
    software: str | None = None


class TurnClient:
    """One allocation on ``transport`` at ``server``.

    ``on_data(data, peer)`` gets what peers send through the relay, ``on_channel(channel, data)``
    nothing unless set (then it sees ChannelData of channels that are not bound). ``on_lost(error)``
    is told when keeping the allocation alive fails. ``on_attempt(connection_id, peer)`` is told of
    connections to a TCP allocation (RFC 6062, 4.4). Methods raise what :class:`StunClient` raises.
    """

    def __init__(
        self,
        transport: Transport,
        server: Address,
        username: str | None = None,
        credential: str | None = None,
        *,
        rto: float = RTO_S,
        attempts: int = ATTEMPTS,
        auth: LongTerm | None = None,
        last_wait_s: float | None = None,
    ) -> None:
        self.transport = transport
        self.server = server
        self.stun = StunClient(transport, rto=rto, attempts=attempts)
        self.stun.on_data = self._receive
        self.stun.on_error = self._transport_failed
        if auth is None and username is not None:
            auth = LongTerm(username, credential or "")
        self.auth = auth
        self.last_wait_s = last_wait_s
        self.allocation: Allocation | None = None
        self.on_data: Callable[[bytes, Address], None] | None = None
        self.on_lost: Callable[[ProbeError], None] | None = None
        self.on_error: Callable[[Exception, Address | None], None] | None = None
        self.on_icmp: Callable[[Address, stun.Icmp], None] | None = None
        self.on_attempt: Callable[[int, Address], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._permissions: dict[str, float] = {}
        self._channels: dict[Address, int] = {}
        self._bound: dict[int, Address] = {}
        self._channel_until: dict[Address, float] = {}
        self._next_channel = _FIRST_CHANNEL
        self._expires = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def permissions(self) -> frozenset[str]:
        """The IP addresses that may send through the relay now."""
        now = self._loop.time()
        return frozenset(ip for ip, until in self._permissions.items() if until > now)

    @property
    def channels(self) -> dict[Address, int]:
        """The channel of each peer that has one."""
        return dict(self._channels)

    # --- requests

    async def request(self, method: int, attributes: Iterable[tuple[int, Any]]) -> Response:
        """A request with this client's credentials; challenges (401, 438) are answered.

        :class:`StunError` when the server refuses, also with 401 when it refuses the credentials.
        """
        own = list(attributes)
        for _ in range(_MAX_CHALLENGES):
            signing = self.auth.attributes() if self.auth is not None else []
            key, key_sha256 = self.auth.keys() if self.auth is not None else (None, None)
            try:
                return await self.stun.request(
                    method,
                    [*own, *signing],
                    self.server,
                    key=key,
                    key_sha256=key_sha256,
                    last_wait_s=self.last_wait_s,
                )
            except StunError as error:
                if error.code not in (401, 438) or self.auth is None:
                    raise
                if not self.auth.learn(error):
                    raise
                last = error
        raise last

    async def allocate(
        self,
        *,
        transport: int = UDP,
        family: int | None = None,
        lifetime: int | None = None,
        even_port: bool | None = None,
        dont_fragment: bool = False,
        also_family: int | None = None,
        reservation_token: bytes | None = None,
        keep: bool = True,
    ) -> Allocation:
        """Ask for a relayed address (RFC 8656, 7) and, with ``keep``, keep it alive.

        ``transport`` is the relay's: :data:`UDP` or :data:`TCP`. ``family`` (4 or 6) asks for an
        address of that family, ``also_family`` for a second one; ``even_port`` for an even port,
        and when True for the next one to be reserved.
        """
        attributes: list[tuple[int, Any]] = [(AttributeType.REQUESTED_TRANSPORT, transport)]
        if lifetime is not None:
            attributes.append((AttributeType.LIFETIME, lifetime))
        if family is not None:
            attributes.append((AttributeType.REQUESTED_ADDRESS_FAMILY, _FAMILIES[family]))
        if also_family is not None:
            attributes.append((AttributeType.ADDITIONAL_ADDRESS_FAMILY, _FAMILIES[also_family]))
        if even_port is not None:
            attributes.append((AttributeType.EVEN_PORT, b"\x80" if even_port else b"\0"))
        if dont_fragment:
            attributes.append((AttributeType.DONT_FRAGMENT, True))
        if reservation_token is not None:
            attributes.append((AttributeType.RESERVATION_TOKEN, reservation_token))
        asked = self._count()
        response = await self.request(Method.ALLOCATE, attributes)
        message = response.message
        relayed = message.get_all(AttributeType.XOR_RELAYED_ADDRESS)
        if not relayed:
            raise BadAnswer("the Allocate success response has no XOR-RELAYED-ADDRESS")
        granted = message.lifetime
        if granted is None:
            raise BadAnswer("the Allocate success response has no LIFETIME")
        self.allocation = Allocation(
            relayed[0],
            message.xor_mapped_address,
            granted,
            self.server,
            response.rtt_s,
            1 + self._count() - asked,
            transport,
            relayed[1] if len(relayed) > 1 else None,
            message.get(AttributeType.RESERVATION_TOKEN),
            message.software,
        )
        self._expires = self._loop.time() + granted
        if keep and self._keeper is None:
            self._keeper = self._loop.create_task(self._keep())
        return self.allocation

    def _count(self) -> int:
        auth = self.auth
        return 0 if auth is None else auth.stale + int(auth.challenged)

    async def refresh(self, lifetime: int | None = None) -> int:
        """Renew the allocation, or give it back with 0; the lifetime granted, in seconds."""
        attributes = [] if lifetime is None else [(AttributeType.LIFETIME, lifetime)]
        response = await self.request(Method.REFRESH, attributes)
        granted = response.message.lifetime
        if granted is None:
            raise BadAnswer("the Refresh success response has no LIFETIME")
        self._expires = self._loop.time() + granted
        if lifetime == 0:
            self.allocation = None
        return granted

    async def create_permission(self, peers: Iterable[Address | str]) -> Response:
        """Let these peers send through the relay for 300 s (RFC 8656, 9); ports do not matter."""
        addresses = [Address(peer, 0) if isinstance(peer, str) else peer for peer in peers]
        attributes = [(AttributeType.XOR_PEER_ADDRESS, peer) for peer in addresses]
        response = await self.request(Method.CREATE_PERMISSION, attributes)
        until = self._loop.time() + _PERMISSION_S
        for peer in addresses:
            self._permissions[peer.ip] = until
        return response

    async def bind_channel(self, peer: Address) -> int:
        """Bind a channel to a peer, or renew it (RFC 8656, 12); its number."""
        channel = self._channels.get(peer)
        if channel is None:
            channel = self._next_channel
            if channel > _LAST_CHANNEL:
                raise BadAnswer("all 4096 channels are taken")
            self._next_channel += 1
        await self.request(
            Method.CHANNEL_BIND,
            [(AttributeType.CHANNEL_NUMBER, channel), (AttributeType.XOR_PEER_ADDRESS, peer)],
        )
        now = self._loop.time()
        self._channels[peer] = channel
        self._bound[channel] = peer
        self._channel_until[peer] = now + _CHANNEL_S
        self._permissions[peer.ip] = now + _PERMISSION_S
        return channel

    # --- data

    def send(
        self, data: bytes, peer: Address, *, channel: bool = True, dont_fragment: bool = False
    ) -> None:
        """Send to a peer: through its channel if it has one, else in a Send indication.

        Without a permission the server drops it silently (RFC 8656, 11.2).
        """
        number = self._channels.get(peer) if channel else None
        if number is not None:
            self.transport.send(build_channel_data(ChannelData(number, data)), self.server)
            return
        attributes: list[tuple[int, Any]] = [(AttributeType.XOR_PEER_ADDRESS, peer)]
        if dont_fragment:
            attributes.append((AttributeType.DONT_FRAGMENT, True))
        attributes.append((AttributeType.DATA, data))
        self.stun.indicate(Method.SEND, attributes, self.server)

    def _receive(self, data: bytes, remote: Address) -> None:
        if remote != self.server or not data:
            return
        if 0x40 <= data[0] < 0x80:
            channel_data, _ = decode_channel_data(data)
            if channel_data is None:
                return
            peer = self._bound.get(channel_data.channel)
            if peer is not None and self.on_data is not None:
                self.on_data(channel_data.data, peer)
            return
        message, _ = stun.decode(data)
        if message is None or message.message_class != MessageClass.INDICATION:
            return
        peer = message.xor_peer_address
        if peer is None:
            return
        if message.method == Method.DATA:
            self._data_indication(message, peer)
        elif message.method == Method.CONNECTION_ATTEMPT and self.on_attempt is not None:
            number = message.get(AttributeType.CONNECTION_ID)
            if number is not None:
                self.on_attempt(number, peer)

    def _data_indication(self, message: stun.Message, peer: Address) -> None:
        if peer.ip not in self._permissions:
            return
        payload = message.data
        if payload is not None:
            if self.on_data is not None:
                self.on_data(payload, peer)
        elif self.on_icmp is not None:
            icmp = message.get(AttributeType.ICMP)
            if icmp is not None:
                self.on_icmp(peer, icmp)

    # --- keeping and ending

    async def _keep(self) -> None:
        try:
            while not self._closed:
                await asyncio.sleep(max(1.0, self._next_renewal() - self._loop.time()))
                await self._renew()
        except ProbeError as error:
            self._lost(error)

    def _next_renewal(self) -> float:
        lifetime = self.allocation.lifetime if self.allocation is not None else 600
        times = [self._expires - min(_MARGIN_S, lifetime / 6)]
        times += [until - _MARGIN_S for until in self._permissions.values()]
        times += [until - _MARGIN_S for until in self._channel_until.values()]
        return min(times)

    async def _renew(self) -> None:
        now = self._loop.time()
        lifetime = self.allocation.lifetime if self.allocation is not None else 600
        if self._expires - min(_MARGIN_S, lifetime / 6) <= now:
            await self.refresh()
        for peer, until in list(self._channel_until.items()):
            if until - _MARGIN_S <= now:
                await self.bind_channel(peer)
        now = self._loop.time()
        due = [ip for ip, until in self._permissions.items() if until - _MARGIN_S <= now]
        if due:
            await self.create_permission(due)

    def _transport_failed(self, error: Exception, remote: Address | None) -> None:
        if isinstance(error, ProbeError) and not self._closed:
            self._lost(error)
        if self.on_error is not None:
            self.on_error(error, remote)

    def _lost(self, error: ProbeError) -> None:
        self.allocation = None
        if self.on_lost is not None and not self._closed:
            self.on_lost(error)

    async def close(self, *, wait_s: float = 1.0) -> None:
        """Give the allocation back and close the transport; never raises for what is gone."""
        if self._closed:
            return
        self._closed = True
        self._stop_keeping()
        if self.allocation is not None:
            with contextlib.suppress(ProbeError, TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self.refresh(0)
        self.stun.close()

    def release(self) -> None:
        """Ask once for the end of the allocation, wait for nothing, and close the transport."""
        if not self._closed and self.allocation is not None and self.auth is not None:
            key, key_sha256 = self.auth.keys()
            attributes = [(AttributeType.LIFETIME, 0), *self.auth.attributes()]
            self.transport.send(
                stun.build(
                    Method.REFRESH,
                    MessageClass.REQUEST,
                    os.urandom(12),
                    attributes,
                    key=key,
                    key_sha256=key_sha256,
                ),
                self.server,
            )
        self.abandon()

    def abandon(self) -> None:
        """Close the transport at once and leave the allocation to expire."""
        self._closed = True
        self._stop_keeping()
        self.stun.close()

    def _stop_keeping(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            self._keeper = None


async def open_turn(
    server: Server,
    *,
    remote: Address | None = None,
    local_ip: str | None = None,
    interface: str | None = None,
    tls: TlsSettings | None = None,
    rto: float = RTO_S,
    attempts: int = ATTEMPTS,
    auth: LongTerm | None = None,
    **wanted: Any,
) -> TurnClient:
    """Reach a server and allocate there, wherever it redirects to (300, RFC 8489, 10).

    ``wanted`` goes to :meth:`TurnClient.allocate`. What fails closes what was opened.
    :class:`RedirectLoop` when a server is met again, or after four redirections.
    """
    if remote is None:
        families = (4, 6) if local_ip is None else (6,) if ":" in local_ip else (4,)
        remote = (await resolve(server, families=families)).addresses[0]
    path: list[Address] = []
    while True:
        if remote in path or len(path) > _MAX_REDIRECTS:
            raise RedirectLoop([*path, remote])
        path.append(remote)
        transport: Transport | StreamTransport = await open_transport(
            server, remote, local_ip=local_ip, interface=interface, tls=tls
        )
        client = TurnClient(
            transport,
            remote,
            server.username,
            server.credential,
            rto=rto,
            attempts=attempts,
            auth=auth,
        )
        try:
            await client.allocate(**wanted)
            return client
        except StunError as error:
            client.abandon()
            following = error.message.get(AttributeType.ALTERNATE_SERVER)
            if error.code != 300 or following is None:
                raise
            domain = error.message.get(AttributeType.ALTERNATE_DOMAIN)
            if domain and server.tls:
                tls = TlsSettings(domain)
            remote = following
        except BaseException:
            client.abandon()
            raise
