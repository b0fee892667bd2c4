"""TCP through a relay: Connect, ConnectionBind and ConnectionAttempt (RFC 6062)."""

import asyncio
from collections.abc import Callable

from rtckit.core.address import Address
from rtckit.live.errors import BadAnswer, NoAnswer, ProbeError
from rtckit.live.servers import Server
from rtckit.live.stun_client import StunClient
from rtckit.live.tls import TlsSettings
from rtckit.live.transport import StreamTransport, open_transport
from rtckit.live.turn_client import TurnClient
from rtckit.wire.stun import AttributeType, Method

__all__ = ["RelayedConnection", "accept_connection", "bind_connection", "connect_peer"]


class RelayedConnection:
    """One TCP connection through a relay; ``peer`` is its other end.

    ``on_bytes`` gets what comes, ``on_closed`` is told once when it ends.
    """

    def __init__(self, transport: StreamTransport, peer: Address) -> None:
        self.transport = transport
        self.peer = peer
        self.on_bytes: Callable[[bytes], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        self._early = bytearray()
        transport.on_error = self._ended
        transport.take_over(self._receive)

    def listen(self, on_bytes: Callable[[bytes], None]) -> None:
        """Set ``on_bytes`` and hand over what has come already."""
        self.on_bytes = on_bytes
        if self._early:
            early = bytes(self._early)
            self._early.clear()
            on_bytes(early)

    def send(self, data: bytes) -> None:
        """Send bytes to the peer."""
        self.transport.send(data)

    def close(self) -> None:
        """Close the connection."""
        self.transport.close()

    def _receive(self, data: bytes) -> None:
        if self.on_bytes is not None:
            self.on_bytes(data)
        elif len(self._early) < 1 << 16:
            self._early += data

    def _ended(self, error: Exception, remote: Address | None) -> None:
        if self.on_closed is not None:
            self.on_closed()


async def connect_peer(
    client: TurnClient, server: Server, peer: Address, *, tls: TlsSettings | None = None
) -> RelayedConnection:
    """Have the relay of ``client``, a TCP allocation, connect to ``peer`` (RFC 6062, 4.3)."""
    response = await client.request(Method.CONNECT, [(AttributeType.XOR_PEER_ADDRESS, peer)])
    number = response.message.get(AttributeType.CONNECTION_ID)
    if number is None:
        raise BadAnswer("the Connect success response has no CONNECTION-ID")
    return await bind_connection(client, server, number, peer, tls=tls)


async def accept_connection(
    client: TurnClient, server: Server, *, tls: TlsSettings | None = None, timeout_s: float = 5.0
) -> RelayedConnection:
    """Wait for a peer that connects to the relayed address, and take it (RFC 6062, 4.4)."""
    attempt: asyncio.Future[tuple[int, Address]] = asyncio.get_running_loop().create_future()

    def offered(number: int, peer: Address) -> None:
        if not attempt.done():
            attempt.set_result((number, peer))

    client.on_attempt = offered
    try:
        async with asyncio.timeout(timeout_s):
            number, peer = await attempt
    except TimeoutError:
        raise NoAnswer(timeout_s, 1, what="ConnectionAttempt") from None
    finally:
        client.on_attempt = None
    return await bind_connection(client, server, number, peer, tls=tls)


async def bind_connection(
    client: TurnClient,
    server: Server,
    number: int,
    peer: Address,
    *,
    tls: TlsSettings | None = None,
) -> RelayedConnection:
    """Open the data connection that carries the peer connection ``number``."""
    local = client.transport.local.ip
    local_ip = None if local in ("0.0.0.0", "::") else local
    transport = await open_transport(server, client.server, local_ip=local_ip, tls=tls)
    assert isinstance(transport, StreamTransport)
    try:
        transaction = StunClient(transport)
        auth = client.auth
        attributes = [] if auth is None else auth.attributes()
        key, key_sha256 = (None, None) if auth is None else auth.keys()
        await transaction.request(
            Method.CONNECTION_BIND,
            [(AttributeType.CONNECTION_ID, number), *attributes],
            client.server,
            key=key,
            key_sha256=key_sha256,
            last_wait_s=client.last_wait_s,
        )
        return RelayedConnection(transport, peer)
    except ProbeError:
        transport.close()
        raise
