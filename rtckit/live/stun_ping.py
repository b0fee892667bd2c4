"""Asking STUN servers for the round trip and for the address they see (RFC 8489, Binding)."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rtckit.analysis.probe import ProbeSet, ServerProbe, Step
from rtckit.core.address import Address
from rtckit.core.errors import UsageError
from rtckit.live.errors import ProbeError, ResolveFailed
from rtckit.live.interfaces import Interface, source_address_for
from rtckit.live.probe_facts import binding_facts, tls_facts
from rtckit.live.probing import Place, StepRecorder, failure_of, places_for, shown_local
from rtckit.live.servers import Server, resolve
from rtckit.live.stun_client import Response, StunClient
from rtckit.live.tls import TlsSettings, build_context
from rtckit.live.transport import adopt_stream, connect_tcp, open_transport
from rtckit.wire.stun import AttributeType, Method

__all__ = ["PingSettings", "ping_servers"]


@dataclass(frozen=True, slots=True)
class PingSettings:
    """``count`` requests to each, ``interval_s`` apart, each sent once and waited for."""

    count: int = 5
    interval_s: float = 0.2
    timeout_s: float = 2.0
    families: tuple[int, ...] = (4, 6)
    ca_file: str | None = None


async def ping_servers(
    servers: Sequence[Server],
    settings: PingSettings,
    *,
    interfaces: Sequence[Interface] = (),
    on_step: Callable[[ServerProbe, Step], None] | None = None,
    now: Callable[[], float] = time.time,  # noqa: TID251 - live reads the clock
) -> ProbeSet:
    """Ask every server over every family, from each interface (or where the routes say)."""
    at = now()
    for server in servers:
        if server.way == "dtls":
            raise UsageError(f"{server.label}: DTLS is not spoken here")
        if server.way == "tls":
            build_context(TlsSettings(server.host, ca_file=settings.ca_file))
    groups = await asyncio.gather(
        *(_ping_server(server, settings, interfaces, on_step) for server in servers)
    )
    return ProbeSet(tuple(probe for group in groups for probe in group), at)


async def _ping_server(
    server: Server,
    settings: PingSettings,
    interfaces: Sequence[Interface],
    on_step: Callable[[ServerProbe, Step], None] | None,
) -> list[ServerProbe]:
    try:
        found = await resolve(server, families=settings.families, timeout_s=settings.timeout_s)
    except ResolveFailed as error:
        step = Step("resolve", False, failure=failure_of(error))
        return [_record(server, None, Place(), None, [step])]
    firsts: dict[int, Address] = {}
    for address in found.addresses:
        firsts.setdefault(address.family, address)
    if len(firsts) > 1 and not interfaces:
        routed = {
            family: remote
            for family, remote in firsts.items()
            if source_address_for(remote.ip) is not None
        }
        firsts = routed or firsts
    listed = ", ".join(sorted({address.ip for address in found.addresses}))
    step = Step("resolve", True, found.elapsed_s * 1000, facts={"addresses": listed})
    pings = [
        _Ping(server, remote, place, settings, step, on_step)
        for family, remote in firsts.items()
        for place in (places_for(interfaces, family) if interfaces else [Place()])
    ]
    if not pings:
        note = Step("connect", None, note="no interface has an address of the server's family")
        return [_record(server, None, Place(), None, [step, note])]
    return list(await asyncio.gather(*(ping.run() for ping in pings)))


def _record(
    server: Server,
    remote: Address | None,
    place: Place,
    local: Address | None,
    steps: Sequence[Step],
) -> ServerProbe:
    return ServerProbe(
        server.label,
        server.host,
        server.kind,
        server.way,
        tuple(steps),
        remote,
        place.interface,
        local,
    )


class _Ping:
    """One server from one place."""

    def __init__(
        self,
        server: Server,
        remote: Address,
        place: Place,
        settings: PingSettings,
        resolved: Step,
        on_step: Callable[[ServerProbe, Step], None] | None,
    ) -> None:
        self.server = server
        self.remote = remote
        self.place = place
        self.settings = settings
        self.local: Address | None = None
        self.recorder = StepRecorder(None if on_step is None else self._tell)
        self._on_step = on_step
        self.recorder.steps.append(resolved)

    def _tell(self, step: Step) -> None:
        if self._on_step is not None:
            self._on_step(self._probe(), step)

    def _probe(self) -> ServerProbe:
        return _record(self.server, self.remote, self.place, self.local, self.recorder.steps)

    async def run(self) -> ServerProbe:
        client = await self._open()
        if client is not None:
            try:
                await self._ping(client)
            finally:
                client.close()
        return self._probe()

    async def _open(self) -> StunClient | None:
        recorder, place, limit = self.recorder, self.place, self.settings.timeout_s
        if self.server.transport == "udp":
            try:
                transport: Any = await open_transport(
                    self.server,
                    self.remote,
                    local_ip=place.local_ip,
                    interface=place.interface,
                )
            except ProbeError as error:
                recorder.add(Step("route", False, failure=failure_of(error)))
                return None
        else:
            connected = await recorder.take(
                "connect",
                connect_tcp(
                    self.remote, place.local_ip, interface=place.interface, timeout_s=limit
                ),
            )
            if connected is None:
                return None
            if self.server.tls:
                tls = TlsSettings(
                    self.server.host, ca_file=self.settings.ca_file, alpn=("stun.nat-discovery",)
                )
                transport = await recorder.take(
                    "tls",
                    adopt_stream(connected, self.remote, tls, timeout_s=limit),
                    lambda made: tls_facts(made.tls),
                )
                if transport is None:
                    return None
            else:
                transport = await adopt_stream(connected, self.remote)
        self.local = shown_local(place, transport.local, self.remote)
        return StunClient(transport)

    async def _ping(self, client: StunClient) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        answers: list[Response] = []
        errors: list[ProbeError] = []

        async def ask(number: int) -> None:
            await asyncio.sleep(number * self.settings.interval_s)
            try:
                answers.append(
                    await client.request(
                        Method.BINDING,
                        [],
                        self.remote,
                        attempts=1,
                        last_wait_s=self.settings.timeout_s,
                    )
                )
            except ProbeError as error:
                errors.append(error)

        await asyncio.gather(*(ask(number) for number in range(self.settings.count)))
        ms = (loop.time() - start) * 1000
        facts: dict[str, Any] = {"sent": self.settings.count, "received": len(answers)}
        if not answers:
            failure = replace(failure_of(errors[-1]), sent=self.settings.count)
            self.recorder.add(Step("binding", False, ms, failure, facts))
            return
        times = [answer.rtt_s * 1000 for answer in answers]
        facts = binding_facts(answers[-1]) | facts
        facts |= {
            "rtt_min_ms": min(times),
            "rtt_ms": sum(times) / len(times),
            "rtt_max_ms": max(times),
            "rtts_ms": times,
        }
        origin = answers[-1].message.get(AttributeType.RESPONSE_ORIGIN)
        if origin is not None:
            facts["response_origin"] = origin
        mapped = {answer.message.xor_mapped_address for answer in answers}
        if len(mapped) > 1:
            facts["mapped_all"] = sorted(str(address) for address in mapped)
        self.recorder.add(Step("binding", True, ms, facts=facts))
