"""The native engine against every other agent there is: both ends connected, in either role.

aioice and libnice are told candidates by the test; Chromium and Firefox talk to the command line.
Only ICE is asked: the DTLS of a browser is never answered.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtckit.lab.peers import chromium
from rtckit.lab.peers.chromium import ChromiumPeer
from rtckit.lab.peers.firefox import FirefoxPeer
from rtckit.lab.peers.peer import Media, Peer, PeerSettings
from rtckit.lab.topology import Topology, one_link
from tests.capabilities import require
from tests.lab.ice_ends import End, connect, ice_end, process_in

CONNECTED = ("connected", "completed")
PEERS = {"chromium": ChromiumPeer, "firefox": FirefoxPeer}


@pytest.fixture(scope="module")
def link() -> Iterator[Topology]:
    require("netns")
    with one_link() as topology:
        yield topology


def _require_libnice() -> None:
    question = "import gi; gi.require_version('Nice', '0.1')"
    done = subprocess.run(["/usr/bin/python3", "-c", question], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("libnice: apt-get install python3-gi gir1.2-nice-0.1")


@pytest.mark.lab
@pytest.mark.parametrize("controlling", [True, False], ids=["controlling", "controlled"])
@pytest.mark.parametrize("nomination", ["regular", "aggressive"])
@pytest.mark.parametrize("other", ["aioice", "libnice"])
def test_connects_to(link: Topology, other: str, nomination: str, controlling: bool) -> None:
    if other == "libnice":
        _require_libnice()

    async def run() -> None:
        async with (
            ice_end(
                link.hosts["a"], "native", controlling=controlling, nomination=nomination
            ) as ours,
            ice_end(link.hosts["b"], other, controlling=not controlling) as theirs,
        ):
            for said in await connect(ours, theirs):
                assert "error" not in said, said

    asyncio.run(run())


@pytest.mark.lab
def test_ends_select_the_same_pair(link: Topology) -> None:
    async def run() -> None:
        async with (
            ice_end(link.hosts["a"], "native", controlling=True) as ours,
            ice_end(link.hosts["b"], "native", controlling=False) as theirs,
        ):
            first, second = await connect(ours, theirs)
            assert first["local"] == second["remote"]
            assert first["remote"] == second["local"]

    asyncio.run(run())


@contextlib.asynccontextmanager
async def command(topology: Topology, directory: Path, *arguments: str) -> AsyncIterator[End]:
    """``rtckit ice check`` on host b, with its answer in a file."""
    argv = [sys.executable, "-m", "rtckit", "ice", "check", "--format", "json"]
    output = str(directory / "answer.json")
    async with process_in(topology.hosts["b"], *argv, "-o", output, *arguments) as end:
        yield end


async def _wait_connected(peer: Peer, limit_s: float = 10.0) -> str:
    loop = asyncio.get_running_loop()
    end = loop.time() + limit_s
    state = ""
    while loop.time() < end:
        state = str((await peer.flow())["ice"])
        if state in CONNECTED:
            return state
        await asyncio.sleep(0.05)
    return state


async def _browser_offers(peer: Peer, topology: Topology, directory: Path, *more: str) -> str:
    """The browser controls; the answer comes from ``--remote``."""
    await peer.create(PeerSettings())
    await peer.add_channel("ice")
    offer, answer = directory / "offer.sdp", directory / "answer.sdp"
    offer.write_text(await peer.offer(), encoding="utf-8", newline="")
    arguments = ("--remote", str(offer), "--sdp-out", str(answer), "--hold", "3")
    async with command(topology, directory, *arguments, *more) as end:
        while not answer.exists() or not answer.read_text(encoding="utf-8").endswith("\n"):
            await asyncio.sleep(0.02)
        await peer.accept(answer.read_bytes().decode())
        state = await _wait_connected(peer)
        assert await asyncio.wait_for(end.process.wait(), 20) == 0
    return state


async def _browser_answers(peer: Peer, topology: Topology, directory: Path) -> str:
    """The browser is controlled; the offer comes over the pipe."""
    await peer.create(PeerSettings())
    arguments = ("--signal", "pipe", "--role", "offer", "--no-trickle", "--hold", "20")
    async with command(topology, directory, *arguments) as end:
        offer = await end.hear()
        sdp = await peer.answer(offer["sdp"], Media(audio=False, video=False))
        await end.tell(type="answer", sdp=sdp)
        state = await _wait_connected(peer)
        await end.tell(type="bye")
        assert await asyncio.wait_for(end.process.wait(), 20) == 0
    return state


@pytest.mark.lab
@pytest.mark.browser
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_connects_to_browser(link: Topology, browser: str, tmp_path: Path) -> None:
    require("netns", browser)

    async def run() -> list[dict[str, Any]]:
        results = []
        # Chromium has a socket in its folder, whose path must be short.
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="rtckit-"))
        async with PEERS[browser](link.hosts["a"], Path(home)) as peer:
            for connecting in (_browser_offers, _browser_answers):
                directory = tmp_path / connecting.__name__
                directory.mkdir()
                assert await connecting(peer, link, directory) in CONNECTED
                text = (directory / "answer.json").read_text(encoding="utf-8")
                results.append(json.loads(text))
                await peer.close()
        return results

    with contextlib.ExitStack() as stack:
        offered, answered = asyncio.run(run())
    assert offered["connected"]
    assert not offered["controlling"]
    assert answered["connected"]
    assert answered["controlling"]


@pytest.mark.lab
@pytest.mark.browser
def test_resolves_the_names_of_a_browser(
    link: Topology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without leave to use a camera Chromium names its addresses, and answers for the names."""
    require("netns", "chromium")
    flags = [flag for flag in chromium._ARGUMENTS if "fake-ui" not in flag]
    monkeypatch.setattr(chromium, "_ARGUMENTS", tuple(flags))

    async def run(home: str) -> dict[str, Any]:
        async with ChromiumPeer(link.hosts["a"], Path(home)) as peer:
            assert await _browser_offers(peer, link, tmp_path, "--mdns") in CONNECTED
        answer: dict[str, Any] = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
        return answer

    with tempfile.TemporaryDirectory(prefix="rtckit-") as home:
        result = asyncio.run(run(home))
    offer = (tmp_path / "offer.sdp").read_text(encoding="utf-8")
    answer = (tmp_path / "answer.sdp").read_text(encoding="utf-8")
    assert ".local " in offer
    assert ".local " in answer
    assert "10.77.0.2" not in answer
    assert "10.77.0.1" not in offer
    assert result["connected"]
    # Resolved, or learned from the browser's own checks: both ends must know the same address.
    assert result["selected"]["remote"]["address"] in ("10.77.0.1", "fd77::1")
    names = [pair["remote"]["name"] for pair in result["pairs"]]
    assert any(name and name.endswith(".local") for name in names)


_NO_UDP = """
table inet no_udp {
  chain input {
    type filter hook input priority 0;
    iifname eth0 meta l4proto udp drop
  }
}
"""


@pytest.mark.lab
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_connects_to_browser_over_tcp(browser: str, tmp_path: Path) -> None:
    """Where no UDP passes, the browser's active candidate meets a passive one (RFC 6544)."""
    require("netns", "nft", browser)

    async def run(topology: Topology, home: str) -> dict[str, Any]:
        async with PEERS[browser](topology.hosts["a"], Path(home)) as peer:
            state = await _browser_offers(peer, topology, tmp_path, "--tcp", "-4")
            assert state in CONNECTED
        answer: dict[str, Any] = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
        return answer

    with one_link() as topology, tempfile.TemporaryDirectory(prefix="rtckit-") as home:
        topology.hosts["b"].run("nft", "-f", "-", text=_NO_UDP)
        result = asyncio.run(run(topology, home))
    selected = result["selected"]
    assert selected["base"]["tcptype"] == "passive"
    assert selected["remote"]["tcptype"] == "active"
