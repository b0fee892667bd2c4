"""Gathering and connecting through a real TURN server, and what goes wrong with one."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtckit.lab.coturn import Coturn
from rtckit.lab.namespaces import Namespace
from rtckit.lab.topology import Topology, relay_only
from tests.capabilities import require
from tests.lab.ice_ends import ROOT, connect, ice_end, process_in

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def apart() -> Iterator[Topology]:
    """Two hosts that reach a server, and not each other."""
    require("netns", "coturn")
    with relay_only() as topology:
        yield topology


@contextlib.asynccontextmanager
async def coturn(topology: Topology, directory: Path) -> AsyncIterator[Coturn]:
    assert topology.server_host is not None
    async with Coturn(topology.server_host, directory, topology.server_addresses) as server:
        yield server


@pytest.mark.parametrize(("transport", "policy"), [("udp", "relay"), ("tcp", "all")])
def test_connects_through_relays(
    apart: Topology, tmp_path: Path, transport: str, policy: str
) -> None:
    async def work() -> None:
        async with coturn(apart, tmp_path) as server:
            options = {
                "server": f"turn:{server.addresses[0]}:3478?transport={transport}",
                "username": server.username,
                "credential": server.password,
                "policy": policy,
            }
            async with (
                ice_end(apart.hosts["a"], "native", controlling=True, **options) as ours,
                ice_end(apart.hosts["b"], "native", controlling=False, **options) as theirs,
            ):
                for said in await connect(ours, theirs):
                    assert "error" not in said, said
                    assert "relay" in said["local"] + said["remote"]

    asyncio.run(work())


def test_connects_to_aioice_through_relays(apart: Topology, tmp_path: Path) -> None:
    """The native end has a relay, aioice none: its checks reach the relayed address."""

    async def work() -> None:
        async with (
            coturn(apart, tmp_path) as server,
            ice_end(
                apart.hosts["a"],
                "native",
                controlling=True,
                server=f"turn:{server.addresses[0]}:3478",
                username=server.username,
                credential=server.password,
            ) as ours,
            ice_end(apart.hosts["b"], "aioice", controlling=False) as theirs,
        ):
            for said in await connect(ours, theirs):
                assert "error" not in said, said

    asyncio.run(work())


def test_the_command_at_both_ends(apart: Topology, tmp_path: Path) -> None:
    async def work() -> list[dict[str, Any]]:
        meeting = tmp_path / "meet"
        async with coturn(apart, tmp_path) as server:
            command = [sys.executable, "-m", "rtckit", "ice", "check", "--format", "json"]
            command += ["--signal", f"dir:{meeting}", "-s", f"turn:{server.addresses[0]}"]
            command += ["-u", server.username, "--credential", server.password]
            async with (
                process_in(apart.hosts["a"], *command, "-o", str(tmp_path / "a.json")) as one,
                process_in(apart.hosts["b"], *command, "-o", str(tmp_path / "b.json")) as other,
            ):
                codes = await asyncio.gather(one.process.wait(), other.process.wait())
        assert codes == [0, 0]
        assert list(meeting.iterdir()) == []
        return [json.loads((tmp_path / f"{name}.json").read_text()) for name in "ab"]

    results = asyncio.run(work())
    assert {result["role"] for result in results} == {"offer", "answer"}
    assert results[0]["selected"]["local"]["address"] == results[1]["selected"]["remote"]["address"]
    assert results[0]["controlling"] != results[1]["controlling"]
    assert all(result["timings_ms"]["checks"] < 2000 for result in results)


def gather_in(namespace: Namespace, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "rtckit", "ice", "gather", "--format", "json", *arguments]
    done = subprocess.run(
        namespace.command(*command),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=ROOT,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_what_goes_wrong_is_told(apart: Topology, tmp_path: Path) -> None:
    async def work() -> None:
        host = apart.hosts["a"]
        async with coturn(apart, tmp_path) as server:
            uri = f"turn:{server.addresses[0]}:3478"
            user = ("-u", server.username, "--credential")

            def gather(*arguments: str) -> Any:
                return asyncio.to_thread(gather_in, host, *arguments)

            code, fine = await gather("-s", uri, *user, server.password)
            assert code == 0, fine
            assert {c["type"] for c in fine["candidates"]} == {"host", "relay"}

            code, wrong = await gather("-s", uri, *user, "wrong")
            assert code == 1
            assert [error["code"] for error in wrong["errors"]] == [401]
            assert "TURN013" in [finding["rule"] for finding in wrong["findings"]]

            code, closed = await gather("-s", f"turn:{server.addresses[0]}:3999", *user, "x")
            assert code == 4
            assert {error["error"] for error in closed["errors"]} == {"icmp"}

            began = time.monotonic()
            code, silent = await gather("-s", "stun:203.0.113.77", "--budget", "0.5")
            assert code == 4
            assert time.monotonic() - began < 6
            assert silent["elapsed_ms"] < 1000

    asyncio.run(work())
