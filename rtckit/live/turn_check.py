"""Checking TURN servers: every step from the name to data through the relay, timed and typed.

:func:`check_servers` asks all servers, ways, families and interfaces side by side, and brings a
:class:`rtckit.analysis.probe.ProbeSet` for the rules to judge. Nothing is sent but to the servers
given, to where they redirect, and to the addresses they relay from; what passes through them comes
from this machine and ends there. Peers that are named only get a permission.
"""

import asyncio
import errno
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rtckit.analysis.probe import ProbeSet, ServerProbe, Step
from rtckit.core.address import Address
from rtckit.live.errors import (
    ProbeError,
    RedirectLoop,
    Refused,
    ResolveFailed,
    StunError,
    TlsFailed,
)
from rtckit.live.interfaces import Interface, source_address_for
from rtckit.live.probe_facts import binding_facts, challenge_facts, tls_facts
from rtckit.live.probing import (
    Place,
    StepRecorder,
    failure_of,
    places_for,
    schedule,
    shown_local,
)
from rtckit.live.relay_check import CheckSettings, RelayCheck
from rtckit.live.servers import Resolution, Server, resolve
from rtckit.live.stun_client import Response
from rtckit.live.tls import TlsSettings, build_context
from rtckit.live.transport import (
    StreamTransport,
    UdpTransport,
    adopt_stream,
    connect_tcp,
    open_udp,
)
from rtckit.live.turn_client import TurnClient
from rtckit.wire.stun import AttributeType, Method

__all__ = ["CheckSettings", "Target", "check_servers"]

_MAX_REDIRECTS = 4
_AT_ONCE = 24


@dataclass(frozen=True, slots=True)
class Target:
    """A server to check; ``asked`` is False for a way that is only tried to compare."""

    server: Server
    asked: bool = True


async def check_servers(
    targets: Iterable[Target],
    settings: CheckSettings,
    *,
    interfaces: Sequence[Interface] = (),
    on_step: Callable[[ServerProbe, Step], None] | None = None,
    now: Callable[[], float] = time.time,  # noqa: TID251 - live reads the clock
) -> ProbeSet:
    """Check every target from every interface (or from where the routes say), side by side."""
    at = now()
    chosen = list(targets)
    hosts = {target.server.host: target.server for target in chosen}
    limit = asyncio.Semaphore(_AT_ONCE)
    for target in chosen:
        if target.server.way == "tls":
            build_context(TlsSettings(target.server.host, ca_file=settings.ca_file))

    async def look_up(server: Server) -> Resolution | ResolveFailed:
        try:
            return await resolve(server, families=settings.families, timeout_s=settings.timeout_s)
        except ResolveFailed as error:
            return error

    found = await asyncio.gather(*(look_up(server) for server in hosts.values()))
    resolved = dict(zip(hosts, found, strict=True))
    runs = []
    for target in chosen:
        answer = resolved[target.server.host]
        if isinstance(answer, ResolveFailed):
            step = Step("resolve", False, failure=failure_of(answer))
            runs.append(_Check(target, None, Place(), settings, step, on_step))
            continue
        runs += _checks(target, answer, settings, interfaces, on_step)

    async def run(check: _Check) -> ServerProbe:
        async with limit:
            return await check.run()

    probes = await asyncio.gather(*(run(check) for check in runs))
    return ProbeSet(tuple(probes), at)


def _checks(
    target: Target,
    resolution: Resolution,
    settings: CheckSettings,
    interfaces: Sequence[Interface],
    on_step: Callable[[ServerProbe, Step], None] | None,
) -> "list[_Check]":
    """One check for each family and interface; a family without a route is left out if another is.

    The first address of each family stands for it.
    """
    firsts: dict[int, Address] = {}
    for address in resolution.addresses:
        firsts.setdefault(address.family, Address(address.ip, target.server.port))
    addresses = ", ".join(sorted({address.ip for address in resolution.addresses}))
    step = Step("resolve", True, resolution.elapsed_s * 1000, facts={"addresses": addresses})
    if len(firsts) > 1 and not interfaces:
        reachable = {
            family: remote
            for family, remote in firsts.items()
            if source_address_for(remote.ip) is not None
        }
        firsts = reachable or firsts
    checks = []
    for family, remote in firsts.items():
        places = places_for(interfaces, family) if interfaces else [Place()]
        checks += [_Check(target, remote, place, settings, step, on_step) for place in places]
    return checks or [_Check(target, None, Place(), settings, step, on_step)]


class _Check:
    """One server, one way, one place."""

    def __init__(
        self,
        target: Target,
        remote: Address | None,
        place: Place,
        settings: CheckSettings,
        resolved: Step,
        on_step: Callable[[ServerProbe, Step], None] | None,
    ) -> None:
        self.target = target
        self.server = target.server
        self.remote = remote
        self.place = place
        self.settings = settings
        self.resolved = resolved
        self.local: Address | None = None
        self.tls: TlsSettings | None = None
        self.domain: str | None = None
        self.attempts, self.last_wait_s = schedule(settings.timeout_s, settings.rto)
        self.clients: list[TurnClient] = []
        self._on_step = on_step

    async def run(self) -> ServerProbe:
        """Take all steps, and give back whatever was allocated, also when cancelled."""
        self.recorder = StepRecorder(self._tell if self._on_step is not None else None)
        self.recorder.add(self.resolved)
        try:
            await self._steps()
        finally:
            for client in self.clients:
                client.release()
        return self._probe()

    def _tell(self, step: Step) -> None:
        if self._on_step is not None:
            self._on_step(self._probe(), step)

    def _probe(self) -> ServerProbe:
        return ServerProbe(
            self.server.label,
            self.server.host,
            self.server.kind,
            self.server.way,
            tuple(self.recorder.steps),
            self.remote,
            self.place.interface,
            self.local,
            self.server.username,
            self.settings.realm,
            self.target.asked,
        )

    async def _steps(self) -> None:
        if self.remote is None:
            if self.resolved.ok:
                self.recorder.skip("connect", "no interface has an address of the server's family")
            return
        path = [self.remote]
        while True:
            client = await self._open()
            if client is None:
                return
            redirection = await self._greet(client)
            if redirection is None:
                return
            client.abandon()
            elsewhere = redirection.message.get(AttributeType.ALTERNATE_SERVER)
            failure: ProbeError | None = None
            if elsewhere is None:
                failure = redirection
            elif elsewhere in path or len(path) > _MAX_REDIRECTS:
                failure = RedirectLoop([*path, elsewhere])
            if failure is not None:
                self.recorder.add(Step("redirect", False, failure=failure_of(failure)))
                return
            self.recorder.add(Step("redirect", True, facts={"to": elsewhere}))
            # The certificate of the other server may be for another name (RFC 8489, 10).
            self.domain = redirection.message.get(AttributeType.ALTERNATE_DOMAIN) or self.domain
            path.append(elsewhere)
            self.remote = elsewhere

    # --- reaching it

    async def _open(self, quiet: bool = False) -> TurnClient | None:
        """A client on a new transport, with its steps unless ``quiet``; None when it fails."""
        assert self.remote is not None
        recorder = StepRecorder() if quiet else self.recorder
        server, remote = self.server, self.remote
        transport: UdpTransport | StreamTransport | None
        if server.way == "dtls":
            error = ProbeError("STUN over DTLS is not spoken here; use ?transport=tcp")
            recorder.add(Step("connect", False, failure=failure_of(error)))
            return None
        if server.way == "udp":
            transport = await self._open_udp(recorder, remote, 0 if quiet else None)
        else:
            transport = await self._open_stream(recorder, remote)
        if transport is None:
            return None
        if not quiet:
            self.local = shown_local(self.place, transport.local, remote)
        client = TurnClient(
            transport,
            remote,
            rto=self.settings.rto,
            attempts=self.attempts,
            last_wait_s=self.settings.timeout_s if transport.reliable else self.last_wait_s,
        )
        self.clients.append(client)
        return client

    async def _open_udp(
        self, recorder: StepRecorder, remote: Address, port: int | None
    ) -> UdpTransport | None:
        anything = "::" if remote.family == 6 else "0.0.0.0"
        chosen = self.settings.local_port if port is None else port
        try:
            if self.place.local_ip is None and source_address_for(remote.ip) is None:
                raise Refused(OSError(errno.ENETUNREACH, ""), remote)
            return await open_udp(
                self.place.local_ip or anything, port=chosen, interface=self.place.interface
            )
        except ProbeError as error:
            recorder.add(Step("route", False, failure=failure_of(error)))
            return None

    async def _open_stream(self, recorder: StepRecorder, remote: Address) -> StreamTransport | None:
        limit = self.settings.timeout_s
        place = self.place

        def connecting() -> Any:
            return connect_tcp(remote, place.local_ip, interface=place.interface, timeout_s=limit)

        connected = await recorder.take("connect", connecting())
        if connected is None:
            return None
        if not self.server.tls:
            return await adopt_stream(connected, remote)
        self.tls = TlsSettings(self.domain or self.server.host, ca_file=self.settings.ca_file)
        start = asyncio.get_running_loop().time()
        try:
            transport = await adopt_stream(connected, remote, self.tls, timeout_s=limit)
        except ProbeError as error:
            ms = (asyncio.get_running_loop().time() - start) * 1000
            return await self._examine_tls(recorder, error, ms, connecting)
        ms = (asyncio.get_running_loop().time() - start) * 1000
        recorder.add(Step("tls", True, ms, facts=tls_facts(transport.tls)))
        return transport

    async def _examine_tls(
        self,
        recorder: StepRecorder,
        error: ProbeError,
        ms: float,
        connecting: Callable[[], Any],
    ) -> StreamTransport | None:
        """Look at what a handshake that failed would have agreed, without verifying."""
        assert self.tls is not None
        assert self.remote is not None
        transport = None
        facts: dict[str, Any] = {}
        of_certificate = isinstance(error, TlsFailed) and error.defect in (
            "expired",
            "not-yet-valid",
            "wrong-name",
            "self-signed",
            "untrusted",
            "chain",
        )
        if isinstance(error, TlsFailed) and of_certificate:
            lenient = replace(self.tls, verify=False)
            try:
                transport = await adopt_stream(
                    await connecting(), self.remote, lenient, timeout_s=self.settings.timeout_s
                )
                facts = tls_facts(transport.tls)
                also = [] if transport.tls is None else list(transport.tls.defects)
                facts["defects"] = " ".join(dict.fromkeys([error.defect, *also]))
            except ProbeError:
                transport = None
        recorder.add(Step("tls", False, ms, failure_of(error), facts))
        if transport is not None and not self.settings.insecure:
            transport.close()
            return None
        if transport is not None:
            self.tls = replace(self.tls, verify=False)
        return transport

    async def _greet(self, client: TurnClient) -> StunError | None:
        """Binding and challenge, then all the rest; the 300 of a server that redirects."""
        recorder = self.recorder
        first = StepRecorder(recorder.on_step)
        second = StepRecorder(recorder.on_step)
        challenge: list[StunError] = []

        async def ask_binding() -> None:
            await first.take("binding", self._request(client, Method.BINDING, ()), binding_facts)

        async def ask_challenge() -> None:
            await self._challenge(client, second, challenge)

        await asyncio.gather(ask_binding(), ask_challenge())
        recorder.steps += first.steps + second.steps
        if not challenge:
            return None
        error = challenge[0]
        if error.code == 300:
            return error
        if self.server.username is None:
            recorder.skip("allocate", "no credentials given")
            return None
        relay = RelayCheck(
            self.server,
            client.server,
            self.place,
            self.settings,
            recorder,
            self.tls,
            lambda: self._open(quiet=True),
        )
        return await relay.run(client, error)

    async def _request(
        self, client: TurnClient, method: int, attributes: Iterable[tuple[int, Any]]
    ) -> Response:
        return await client.stun.request(
            method, attributes, client.server, last_wait_s=client.last_wait_s
        )

    async def _challenge(
        self, client: TurnClient, recorder: StepRecorder, learned: list[StunError]
    ) -> None:
        """An Allocate request without credentials; the 401 or 300 it brought goes to ``learned``.

        An allocation granted so is given back at once.
        """
        loop = asyncio.get_running_loop()
        start = loop.time()
        wanted = [(AttributeType.REQUESTED_TRANSPORT, 17)]
        try:
            response = await self._request(client, Method.ALLOCATE, wanted)
        except StunError as error:
            ms = (loop.time() - start) * 1000
            facts = challenge_facts(error)
            message = error.message
            if error.code == 300:
                recorder.add(Step("challenge", True, ms, facts=facts, note="redirected"))
                learned.append(error)
            elif error.code != 401:
                recorder.add(Step("challenge", False, ms, failure_of(error), facts))
            elif message.realm is None or message.nonce is None:
                lacking = ProbeError("401 without REALM and NONCE")
                failure = replace(failure_of(lacking), kind="bad-answer")
                recorder.add(Step("challenge", False, ms, failure, facts))
            else:
                recorder.add(Step("challenge", True, ms, facts=facts))
                learned.append(error)
        except ProbeError as error:
            recorder.add(Step("challenge", False, (loop.time() - start) * 1000, failure_of(error)))
        else:
            ms = (loop.time() - start) * 1000
            facts = {"open": True, "relayed": response.message.xor_relayed_address}
            recorder.add(Step("challenge", True, ms, facts=facts))
            await self._give_back_open(client)

    async def _give_back_open(self, client: TurnClient) -> None:
        try:
            await self._request(client, Method.REFRESH, [(AttributeType.LIFETIME, 0)])
        except ProbeError:
            return
