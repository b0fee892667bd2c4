"""A relayed candidate as a link: checks and data go through a TURN allocation (RFC 8656)."""

import asyncio
from collections import deque

from rtckit.core.address import Address
from rtckit.live.errors import ProbeError, StunError
from rtckit.live.links import OnDatagram, OnFailure
from rtckit.live.turn_client import TurnClient

__all__ = ["RelayLink"]

_MOST_WAITING = 64


class RelayLink:
    """An allocation, used as a socket.

    The first datagram to an address follows the CreatePermission request at once, in a Send
    indication: a server that takes them in order has let it through before the request is answered.

    Args:
        client: with an allocation.
        server: its label, for people.
    """

    transport = "udp"

    def __init__(self, client: TurnClient, server: str) -> None:
        if client.allocation is None:
            raise ValueError("the TURN client has no allocation")
        self.base = client.allocation.relayed
        self.server = server
        self.client = client
        self.on_datagram: OnDatagram | None = None
        self.on_failure: OnFailure | None = None
        self._lost: str | None = None
        self._refused: dict[str, str] = {}
        self._asked: dict[str, deque[tuple[bytes, Address]] | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        client.on_data = self._receive
        client.on_lost = self._lose

    def send(self, data: bytes, remote: Address) -> None:
        """Send through the relay; the first time to an address, ask for permission before."""
        if self._lost is not None or remote.ip in self._refused:
            why = self._lost or self._refused[remote.ip]
            asyncio.get_running_loop().call_soon(self._fail, remote, why)
            return
        self.permit(remote)
        waiting = self._asked[remote.ip]
        if waiting is None:
            self.client.send(data, remote)
        else:
            waiting.append((data, remote))

    def permit(self, remote: Address) -> None:
        """Ask for the permission, once; before anything is sent, so that the peer's checks get in.

        Its first check may reach the server ahead of ours, which would be 500 ms lost.
        """
        if self._lost is None and remote.ip not in self._asked:
            self._asked[remote.ip] = deque(maxlen=_MOST_WAITING)
            self._start(self._permit(remote))

    async def _permit(self, remote: Address) -> None:
        asking = asyncio.ensure_future(self.client.create_permission([remote]))
        await asyncio.sleep(0)  # now the request is on its way
        waiting, self._asked[remote.ip] = self._asked[remote.ip], None
        for data, to in waiting or ():
            self.client.send(data, to)
        try:
            await asking
        except StunError as error:
            self._refuse(remote, f"the relay refuses: {error.code} {error.reason}".rstrip())
        except ProbeError as error:
            self._refuse(remote, f"no permission from the relay: {error}")

    def _refuse(self, remote: Address, why: str) -> None:
        self._refused[remote.ip] = why
        self._fail(remote, why)

    def prefer(self, remote: Address) -> None:
        """Bind a channel to a peer: four bytes of overhead a datagram instead of 36 and more."""
        if self._lost is None and remote not in self.client.channels:
            self._start(self._bind(remote))

    async def _bind(self, remote: Address) -> None:
        try:
            await self.client.bind_channel(remote)
        except ProbeError:
            return  # Send indications go on

    def _start(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _receive(self, data: bytes, peer: Address) -> None:
        if self.on_datagram is not None:
            self.on_datagram(self, data, peer)

    def _fail(self, remote: Address, why: str) -> None:
        if self.on_failure is not None:
            self.on_failure(self, remote, why, False)

    def _lose(self, error: ProbeError) -> None:
        self._lost = f"the allocation is lost: {error}"

    async def give_back(self) -> None:
        """Give the allocation back, waiting a moment for the server."""
        self.on_datagram = self.on_failure = None
        for task in self._tasks:
            task.cancel()
        await self.client.close(wait_s=0.5)

    def close(self) -> None:
        """Drop it at once; the server keeps the allocation until its lifetime is over."""
        self.client.abandon()
