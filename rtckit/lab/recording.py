"""Runs one scenario with real peers and saves everything it left."""

import asyncio
import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rtckit.core.errors import NetworkFailure
from rtckit.lab.capabilities import require
from rtckit.lab.coturn import Coturn
from rtckit.lab.namespaces import Namespace
from rtckit.lab.peers.peer import IceServer, Peer, PeerSettings, file_content
from rtckit.lab.saved_call import toml_text, write_json, write_jsonl
from rtckit.lab.scenarios import Scenario, Servers
from rtckit.lab.topology import Topology
from rtckit.lab.vantage import CALL_FILTER, Vantage

__all__ = ["record"]

_WHOLE_LIMIT_S = 150.0
_FLOW_LIMIT_S = 20.0
_QUIET_S = 0.8
_FAREWELL_S = 0.4
_FILE_NAME = "rtckit.bin"
_FILE_SEED = 20_260
_WRONG_PASSWORD = "not the password"
# On the loopback each packet passes twice; keep it as it arrives.
_RELAY_FILTER = f"({CALL_FILTER}) and not (outbound and ifindex 1)"

Progress = Callable[[str], None]


@dataclass(slots=True)
class _Call:
    """A call while it runs, and what is known of it afterwards."""

    scenario: Scenario
    topology: Topology
    peers: dict[str, Peer]
    folder: Path
    progress: Progress
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    signaling: list[dict[str, Any]] = field(default_factory=list)
    duration_s: float = 0.0
    received_file: dict[str, Any] | None = None

    def elapsed(self) -> float:
        """Seconds since the captures began."""
        return round((datetime.now(UTC) - self.began).total_seconds(), 3)

    def pass_on(self, sender: str, kind: str, sdp: str) -> None:
        """Note a description on its way to the other peer, and keep its exact bytes."""
        other = "b" if sender == "a" else "a"
        self.signaling.append(
            {"t": self.elapsed(), "from": sender, "to": other, "type": kind, "sdp": sdp}
        )
        (self.folder / f"{kind}.sdp").write_bytes(sdp.encode())

    async def each(self, action: Callable[[Peer], Awaitable[Any]]) -> dict[str, Any]:
        """Do the same at both ends at once; the answers by side."""
        answers = await asyncio.gather(*(action(peer) for peer in self.peers.values()))
        return dict(zip(self.peers, answers, strict=True))


async def record(scenario: Scenario, output: Path, progress: Progress) -> Path:
    """Record ``scenario`` into ``output/NAME`` and return that folder.

    What was there before is replaced, and only when the recording is complete. Raises
    :class:`~rtckit.core.errors.MissingCapability` before anything starts, and
    :class:`NetworkFailure` when a peer, server or capture fails or the time is up.
    """
    require(scenario.needs)
    with tempfile.TemporaryDirectory(prefix="rtckit-") as scratch:
        folder = Path(scratch) / scenario.name
        folder.mkdir()
        try:
            async with asyncio.timeout(_WHOLE_LIMIT_S):
                await _record_into(folder, Path(scratch), scenario, progress)
        except TimeoutError as error:
            message = f"{scenario.name} took over {_WHOLE_LIMIT_S:g} s"
            raise NetworkFailure(message) from error
        return _put_in_place(folder, output)


def _put_in_place(folder: Path, output: Path) -> Path:
    """Copy first and swap then, so that the old recording stays until the new one is there."""
    output.mkdir(parents=True, exist_ok=True)
    target, arriving = output / folder.name, output / f".{folder.name}.new"
    shutil.rmtree(arriving, ignore_errors=True)
    shutil.copytree(folder, arriving)
    if target.exists():
        shutil.rmtree(target)
    return arriving.rename(target)


async def _record_into(folder: Path, scratch: Path, scenario: Scenario, progress: Progress) -> None:
    with scenario.topology() as topology:
        async with contextlib.AsyncExitStack() as stack:
            server = await _start_server(stack, scenario, topology, scratch)
            progress(f"starting {scenario.a} and {scenario.b}")
            peers = {
                side: _make_peer(kind, topology.hosts[side], scratch / side)
                for side, kind in (("a", scenario.a), ("b", scenario.b))
            }
            await asyncio.gather(*(peer.start() for peer in _stopped_by(stack, peers.values())))
            call = _Call(scenario, topology, peers, folder, progress)
            async with contextlib.AsyncExitStack() as captures:
                for vantage in _vantages(topology, folder):
                    await captures.enter_async_context(vantage)
                call.began = datetime.now(UTC)
                await _make_call(call, _settings(scenario, server))
                call.duration_s = call.elapsed()
            _save_key_logs(folder, peers.values())
            (folder / "bundle.toml").write_text(
                toml_text(_manifest(call, server)), encoding="utf-8"
            )


async def _start_server(
    stack: contextlib.AsyncExitStack, scenario: Scenario, topology: Topology, scratch: Path
) -> Coturn | None:
    if scenario.servers is Servers.NONE or topology.server_host is None:
        return None
    directory = scratch / "coturn"
    directory.mkdir()
    return await stack.enter_async_context(
        Coturn(
            topology.server_host,
            directory,
            topology.server_addresses,
            stun_only=scenario.servers is Servers.STUN,
        )
    )


def _make_peer(kind: str, namespace: Namespace, directory: Path) -> Peer:
    directory.mkdir()
    if kind == "chromium":
        from rtckit.lab.peers.chromium import ChromiumPeer

        return ChromiumPeer(namespace, directory)
    if kind == "firefox":
        from rtckit.lab.peers.firefox import FirefoxPeer

        return FirefoxPeer(namespace, directory)
    from rtckit.lab.peers.aiortc_peer import AiortcPeer

    return AiortcPeer(namespace, directory)


def _stopped_by(stack: contextlib.AsyncExitStack, peers: Iterable[Peer]) -> list[Peer]:
    """The peers, each of which ``stack`` will stop even if it never came to run."""
    started = list(peers)
    for peer in started:
        stack.push_async_callback(peer.stop)
    return started


def _vantages(topology: Topology, folder: Path) -> list[Vantage]:
    vantages = [Vantage(host, folder / f"{side}.pcapng") for side, host in topology.hosts.items()]
    if topology.server_host and not topology.nats:
        vantages.append(
            Vantage(
                topology.server_host,
                folder / "turn.pcapng",
                interface="any",
                packet_filter=_RELAY_FILTER,
            )
        )
    return vantages


def _settings(scenario: Scenario, server: Coturn | None) -> PeerSettings:
    if server is None:
        return PeerSettings()
    if scenario.servers is Servers.STUN:
        return PeerSettings((IceServer(server.stun_urls()),), scenario.policy)
    wrong = scenario.servers is Servers.TURN_WRONG_PASSWORD
    password = _WRONG_PASSWORD if wrong else server.password
    return PeerSettings(
        (IceServer(server.turn_urls(), server.username, password),), scenario.policy
    )


async def _make_call(call: _Call, settings: PeerSettings) -> None:
    scenario, a, b = call.scenario, call.peers["a"], call.peers["b"]
    call.progress("calling")
    await call.each(lambda peer: peer.create(settings))
    await a.add_media(scenario.media)
    await a.add_channel("chat")
    await a.add_channel("file", "rtckit-file")
    offer = await a.offer()
    call.pass_on("a", "offer", offer)
    answer = await b.answer(offer, scenario.media)
    call.pass_on("b", "answer", answer)
    await a.accept(answer)
    if scenario.connects:
        await _let_flow(call)
    else:
        call.progress(f"watching it fail for {scenario.seconds:g} s")
        await asyncio.sleep(scenario.seconds)
    await _collect(call)
    # One end first, so that the other is seen to notice.
    await a.close()
    await asyncio.sleep(_FAREWELL_S)
    await b.close()
    await asyncio.sleep(_FAREWELL_S)


async def _let_flow(call: _Call) -> None:
    scenario, a, b = call.scenario, call.peers["a"], call.peers["b"]
    await _wait_for(call, lambda flow: _flows(flow, scenario), "media and channels")
    call.progress(f"connected after {call.elapsed():.1f} s; {scenario.seconds:g} s of media")
    ending = asyncio.get_running_loop().time() + scenario.seconds
    await a.say("chat", "Can you hear me?")
    await b.say("chat", "Loud and clear.")
    if scenario.file_size:
        await a.send_file("file", _FILE_NAME, scenario.file_size, _FILE_SEED)
        await _wait_for(call, _has_file_or_receipt, "the file")
        arrived = (await b.flow())["channels"]["file"]["files"][0]
        content = file_content(scenario.file_size, _FILE_SEED)
        if arrived["sha256"] != hashlib.sha256(content).hexdigest():
            raise NetworkFailure(f"{b.kind} received another file than {a.kind} sent")
        call.received_file = arrived
    await asyncio.sleep(max(0.0, ending - asyncio.get_running_loop().time()))
    # Counters are compared with the wire: nothing may be on its way when they are read.
    await call.each(lambda peer: peer.stop_sending())
    await asyncio.sleep(_QUIET_S)


def _flows(flow: dict[str, Any], scenario: Scenario) -> bool:
    channels = flow["channels"].values()
    return (
        (not scenario.media.audio or flow["audioPackets"] >= 10)
        and (not scenario.media.video or flow["framesDecoded"] >= 3)
        and len(channels) == 2
        and all(channel["state"] == "open" for channel in channels)
    )


def _has_file_or_receipt(flow: dict[str, Any]) -> bool:
    """The receiver has the file, or the sender its receipt."""
    channel = flow["channels"]["file"]
    return bool(channel["files"]) or any(
        json.loads(text).get("type") == "received" for text in channel["texts"]
    )


async def _wait_for(call: _Call, reached: Callable[[dict[str, Any]], bool], what: str) -> None:
    """Wait until both ends have ``reached`` a state; the error says how far they came."""
    flows: dict[str, Any] = {}
    try:
        async with asyncio.timeout(_FLOW_LIMIT_S):
            while not flows or not all(map(reached, flows.values())):
                await asyncio.sleep(0.05)
                flows = await call.each(lambda peer: peer.flow())
    except TimeoutError as error:
        raise NetworkFailure(f"no {what} after {_FLOW_LIMIT_S:g} s: {flows}") from error


async def _collect(call: _Call) -> None:
    for side, stats in (await call.each(lambda peer: peer.stats())).items():
        write_json(call.folder / f"{side}.stats.json", stats)
    began = call.began.timestamp()
    happened = [
        {"t": round(event["time"] - began, 3), "peer": side}
        | {name: value for name, value in event.items() if name != "time"}
        for side, events in (await call.each(lambda peer: peer.events())).items()
        for event in events
    ]
    write_jsonl(call.folder / "events.jsonl", sorted(happened, key=lambda event: event["t"]))
    write_jsonl(call.folder / "signaling.jsonl", call.signaling)


def _save_key_logs(folder: Path, peers: Iterable[Peer]) -> None:
    lines: dict[bytes, None] = {}
    for peer in peers:
        if peer.key_log and peer.key_log.exists():
            lines |= dict.fromkeys(peer.key_log.read_bytes().splitlines())
    if lines:
        (folder / "keys.log").write_bytes(b"".join(line + b"\n" for line in lines))


def _manifest(call: _Call, server: Coturn | None) -> dict[str, Any]:
    scenario, topology = call.scenario, call.topology
    named = {side: f"{peer.kind} {peer.short_version}" for side, peer in call.peers.items()}
    document: dict[str, Any] = {
        "schema": 1,
        "title": scenario.title.format(**named),
        "made_by": f"python -m rtckit.lab.record {scenario.name}",
        "recorded": call.began.date(),
        "started": call.began,
        "duration_s": round(call.duration_s, 1),
        "topology": topology.description,
        "peers": {side: _peer_table(call, side) for side in call.peers},
    }
    if server:
        document["servers"] = {"turn" if not server.stun_only else "stun": _server_table(server)}
        if (call.folder / "turn.pcapng").exists():
            document["servers"]["turn"]["capture"] = "turn.pcapng"
    if call.received_file:
        document["transfer"] = {"channel": "file", "from": "a", "to": "b", **call.received_file}
    document["expect"] = {
        "broken": scenario.expect.broken,
        "findings": list(scenario.expect.findings),
        "chain": dict(scenario.expect.chain),
    }
    return document


def _peer_table(call: _Call, side: str) -> dict[str, Any]:
    peer = call.peers[side]
    table: dict[str, Any] = {
        "name": peer.kind,
        "version": peer.version,
        "role": "offerer" if side == "a" else "answerer",
        "capture": f"{side}.pcapng",
        "stats": f"{side}.stats.json",
        "addresses": list(call.topology.addresses[side]),
    }
    if peer.key_log and (call.folder / "keys.log").exists():
        table["key_log"] = "keys.log"
    if side in call.topology.nats:
        table["nat"] = call.topology.nats[side].describe()
    return table


def _server_table(server: Coturn) -> dict[str, Any]:
    table: dict[str, Any] = {"name": "coturn", "version": server.version()}
    if server.stun_only:
        return table | {"urls": list(server.stun_urls())}
    return table | {
        "urls": list(server.turn_urls()),
        "realm": server.realm,
        "username": server.username,
        # Of the laboratory's own server, gone when the recording ended: it opens nothing, and lets
        # the integrity of the recorded messages be checked.
        "password": server.password,
    }
