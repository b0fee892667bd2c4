"""Checking what a TURN server grants with credentials: allocations, permissions, data."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from rtckit.analysis.probe import Step
from rtckit.core.address import Address
from rtckit.live.errors import ProbeError, StunError
from rtckit.live.long_term import LongTerm
from rtckit.live.probe_facts import allocation_facts, auth_facts
from rtckit.live.probing import Place, StepRecorder, failure_of
from rtckit.live.relay_echo import echo_between, exchange_outside, mapped_address
from rtckit.live.servers import Server
from rtckit.live.tls import TlsSettings
from rtckit.live.transport import open_udp
from rtckit.live.turn_client import TCP, Allocation, TurnClient
from rtckit.live.turn_tcp import accept_connection, connect_peer

__all__ = ["CheckSettings", "RelayCheck"]


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """How thoroughly to check.

    ``timeout_s`` bounds each request; ``count`` datagrams go each way in an echo. ``peers`` are
    asked permissions for. ``tcp_relay`` tries RFC 6062, where the way is TCP or TLS. ``realm`` is
    the one the credentials are thought to be for. ``insecure`` goes on after a bad certificate.
    ``relay_family`` asks for relayed addresses of that family; without it, as clients do, for IPv4
    and for IPv6 only where a server reached by IPv6 has no IPv4.
    """

    timeout_s: float = 5.0
    rto: float = 0.5
    count: int = 10
    peers: tuple[Address, ...] = ()
    tcp_relay: bool = False
    outside: bool = True
    realm: str | None = None
    insecure: bool = False
    ca_file: str | None = None
    families: tuple[int, ...] = (4, 6)
    local_port: int = 0
    relay_family: int | None = None


class RelayCheck:
    """The steps after the challenge, on the transport it came by.

    ``open_quietly`` opens another connection to the same server, None when it cannot; whoever gave
    it closes what it opened.
    """

    def __init__(
        self,
        server: Server,
        remote: Address,
        place: Place,
        settings: CheckSettings,
        recorder: StepRecorder,
        tls: TlsSettings | None,
        open_quietly: Callable[[], Awaitable[TurnClient | None]],
    ) -> None:
        self.server = server
        self.remote = remote
        self.place = place
        self.settings = settings
        self.recorder = recorder
        self.tls = tls
        self.open_quietly = open_quietly
        self.family = settings.relay_family

    def _fresh_auth(self) -> LongTerm:
        return LongTerm(self.server.username or "", self.server.credential or "")

    def _auth(self, error: StunError) -> LongTerm:
        auth = self._fresh_auth()
        auth.learn(error)
        return auth

    async def run(self, client: TurnClient, challenge: StunError) -> StunError | None:
        """Take all steps; the 300 (Try Alternate) of a server that redirects."""
        recorder = self.recorder
        try:
            client.auth = self._auth(challenge)
        except ProbeError as error:
            recorder.add(Step("allocate", False, failure=failure_of(error)))
            return None
        redirected: list[StunError] = []

        def learn(error: ProbeError) -> dict[str, Any]:
            if isinstance(error, StunError) and error.code == 300:
                redirected.append(error)
            return auth_facts(client)

        allocation = await self._take_allocate(client, learn)
        if allocation is None and self._has_no_ipv4():
            # Anew: a server may keep half an allocation for the address that it refused.
            other = await self.open_quietly()
            if other is not None:
                recorder.steps.pop()
                self.family, client = 6, other
                client.auth = self._fresh_auth()
                allocation = await self._take_allocate(client, learn)
        if redirected:
            recorder.steps.pop()
            return redirected[0]
        if allocation is not None:
            await self._take_rest(client, allocation)
        return None

    def _has_no_ipv4(self) -> bool:
        failure = self.recorder.steps[-1].failure
        refused = failure is not None and failure.code == 440
        return refused and self.family is None and self.remote.family == 6

    async def _take_rest(self, client: TurnClient, allocation: Allocation) -> None:
        """What can be done with an allocation."""
        recorder = self.recorder
        await recorder.take(
            "refresh",
            client.refresh(),
            lambda granted: {"lifetime": granted, **auth_facts(client)},
        )
        if allocation.relayed.port == 0:
            recorder.skip("permission", "the relayed address is none")
            await recorder.take("deallocate", self._give_back(client, None))
            return
        other = await self._second(client)
        await self._permit(client, other)
        if other is not None and other.allocation is not None:
            await self._echo(client, other)
        if self.settings.outside:
            await self._outside(client)
        if self.settings.tcp_relay:
            await self._tcp_relay(client)
        await recorder.take("deallocate", self._give_back(client, other))

    async def _take_allocate(
        self, client: TurnClient, learn: Callable[[ProbeError], dict[str, Any]]
    ) -> Allocation | None:
        recorder = self.recorder
        allocation = await recorder.take(
            "allocate",
            client.allocate(family=self.family, keep=False),
            lambda granted: allocation_facts(granted) | auth_facts(client),
            on_failure=learn,
        )
        auth, realm = client.auth, self.settings.realm
        step = recorder.steps[-1]
        refused = step.failure is not None and step.failure.code == 401
        if refused and auth is not None and realm is not None and realm != auth.realm:
            auth.key_realm = realm
            try:
                await client.allocate(family=self.family, keep=False)
                await client.refresh(0)
            except ProbeError:
                return None
            # The proof: the key of the other realm opens the door.
            recorder.steps[-1] = replace(step, facts={**step.facts, "key_realm": realm})
        return allocation

    async def _second(self, client: TurnClient) -> TurnClient | None:
        other = await self.open_quietly()
        if other is None:
            self.recorder.skip("second", "no second connection to the server")
            return None
        other.auth = self._fresh_auth()
        granted = await self.recorder.take(
            "second", other.allocate(family=self.family, keep=False), allocation_facts
        )
        if granted is None:
            return None
        return other

    async def _permit(self, client: TurnClient, other: TurnClient | None) -> None:
        """Permissions both ways, and for the peers that were named, each for itself."""
        start = asyncio.get_running_loop().time()
        wanted: dict[str, Address] = {}
        if other is not None and other.allocation is not None:
            wanted[other.allocation.relayed.ip] = other.allocation.relayed
        wanted |= {peer.ip: peer for peer in self.settings.peers}
        if not wanted:
            self.recorder.skip("permission", "no peer to ask for")
            return
        refused: dict[str, ProbeError] = {}
        allowed: list[str] = []
        for ip, peer in wanted.items():
            try:
                await client.create_permission([peer])
                allowed.append(ip)
            except ProbeError as error:
                refused[ip] = error
        if other is not None and other.allocation is not None and client.allocation is not None:
            try:
                await other.create_permission([client.allocation.relayed])
            except ProbeError as error:
                refused.setdefault(client.allocation.relayed.ip, error)
        ms = (asyncio.get_running_loop().time() - start) * 1000
        facts: dict[str, Any] = {"allowed": allowed, **auth_facts(client)}
        if not refused:
            self.recorder.add(Step("permission", True, ms, facts=facts))
            return
        facts["forbidden"] = list(refused)
        first = failure_of(next(iter(refused.values())))
        self.recorder.add(Step("permission", False, ms, first, facts))

    async def _echo(self, client: TurnClient, other: TurnClient) -> None:
        one, two = client.allocation, other.allocation
        if one is None or two is None or two.relayed.ip not in client.permissions:
            self.recorder.skip("channel", "no permission for the other end")
            self.recorder.skip("echo", "no permission for the other end")
            return

        async def bind() -> int:
            number = await client.bind_channel(two.relayed)
            await other.bind_channel(one.relayed)
            return number

        number = await self.recorder.take(
            "channel",
            bind(),
            lambda channel: {"channel": channel, **auth_facts(client)},
            on_failure=lambda error: {"forbidden": two.relayed.ip},
        )
        start = asyncio.get_running_loop().time()
        result = await echo_between(
            client, other, count=self.settings.count, channels=number is not None
        )
        ms = (asyncio.get_running_loop().time() - start) * 1000
        self._add_data("echo", result.ok, ms, result.facts(), "data was lost between the ends")

    async def _outside(self, client: TurnClient) -> None:
        """Data between the relay and a plain socket here, as a peer outside would see it."""
        recorder, remote, granted = self.recorder, self.remote, client.allocation
        if granted is None or remote is None:
            return
        if granted.relayed.family != remote.family:
            recorder.skip("outside", "the relayed address is of another family")
            return
        anything = "::" if remote.family == 6 else "0.0.0.0"
        try:
            plain = await open_udp(self.place.local_ip or anything, interface=self.place.interface)
        except ProbeError as error:
            recorder.skip("outside", str(error))
            return
        start = asyncio.get_running_loop().time()
        try:
            limit = self.settings.timeout_s if self.server.way == "udp" else 1.5
            mapped = await mapped_address(plain, remote, timeout_s=min(limit, 3.0))
            await client.create_permission([mapped])
            result = await exchange_outside(client, plain, mapped, count=self.settings.count)
        except StunError as error:
            recorder.skip("outside", f"the server allows no data to this machine: {error}")
            return
        except ProbeError as error:
            recorder.skip("outside", f"no UDP from here to the server: {error}")
            return
        finally:
            plain.close()
        ms = (asyncio.get_running_loop().time() - start) * 1000
        self._add_data(
            "outside", result.ok, ms, result.facts(), "data was lost between relay and socket"
        )

    def _add_data(self, name: str, ok: bool, ms: float, facts: dict[str, Any], why: str) -> None:
        failure = None
        if not ok:
            failure = replace(failure_of(ProbeError(why)), kind="timeout")
        self.recorder.add(Step(name, ok, ms, failure, facts))

    async def _tcp_relay(self, client: TurnClient) -> None:
        """Two TCP allocations, a connection between them, data both ways (RFC 6062)."""
        recorder = self.recorder
        if self.server.transport == "udp":
            recorder.skip("tcp-allocate", "TCP relays are asked for over TCP or TLS only")
            return
        ends: list[TurnClient] = []

        async def allocate() -> list[Allocation]:
            granted = []
            for _ in range(2):
                end = await self.open_quietly()
                if end is None:
                    raise ProbeError("no further connection to the server")
                end.auth = self._fresh_auth()
                ends.append(end)
                granted.append(await end.allocate(transport=TCP, family=self.family, keep=False))
            return granted

        granted = await recorder.take(
            "tcp-allocate", allocate(), lambda both: {"relayed": both[0].relayed}
        )
        if granted is None:
            return
        await recorder.take(
            "tcp-echo", self._tcp_echo(ends, granted), lambda rtt: {"rtt_ms": rtt * 1000}
        )
        for end in ends:
            await end.close(wait_s=self.settings.timeout_s)

    async def _tcp_echo(self, ends: list[TurnClient], granted: list[Allocation]) -> float:
        loop = asyncio.get_running_loop()
        caller, callee = ends
        await callee.create_permission([granted[0].relayed])
        limit = self.settings.timeout_s
        waiting = asyncio.ensure_future(
            accept_connection(callee, self.server, tls=self.tls, timeout_s=limit)
        )
        await asyncio.sleep(0)
        try:
            out = await connect_peer(caller, self.server, granted[1].relayed, tls=self.tls)
            inward = await waiting
        except BaseException:
            waiting.cancel()
            raise
        back: asyncio.Future[float] = loop.create_future()
        received = bytearray()
        message = b"rtckit-echo" * 400
        start = loop.time()

        def returned(data: bytes) -> None:
            received.extend(data)
            if bytes(received) == message and not back.done():
                back.set_result(loop.time() - start)

        out.listen(returned)
        inward.listen(inward.send)
        out.send(message)
        try:
            async with asyncio.timeout(limit):
                return await back
        except TimeoutError:
            raise ProbeError(
                f"{len(received)} of {len(message)} bytes came back in {limit:g} s"
            ) from None
        finally:
            out.close()
            inward.close()

    async def _give_back(self, client: TurnClient, other: TurnClient | None) -> None:
        if other is not None and other.allocation is not None:
            await other.refresh(0)
        await client.refresh(0)
