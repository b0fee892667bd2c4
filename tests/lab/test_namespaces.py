"""Namespaces that really stand."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtckit.core.errors import NetworkFailure
from rtckit.lab.namespaces import Network, sweep_leftovers
from rtckit.lab.topology import Topology, one_link, relay_only
from tests.capabilities import require

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _needs() -> None:
    require("netns")


@pytest.fixture
def link() -> Iterator[Topology]:
    with one_link() as topology:
        yield topology


@pytest.mark.parametrize("version", [0, 1], ids=["IPv4", "IPv6"])
def test_datagrams_pass_between_two_hosts(link: Topology, version: int) -> None:
    import socket

    family = (socket.AF_INET, socket.AF_INET6)[version]
    with link.hosts["a"].socket(family) as a, link.hosts["b"].socket(family) as b:
        a.settimeout(2)
        b.settimeout(2)
        b.bind((link.addresses["b"][version], 0))
        a.connect(b.getsockname()[:2])
        a.send(b"over")
        data, source = b.recvfrom(100)
        assert data == b"over"
        assert source[0] == link.addresses["a"][version]
        b.sendto(b"back", source)
        assert a.recv(100) == b"back"


def test_hosts_see_nothing_of_this_machine(link: Topology) -> None:
    names = {
        line.split(":")[1].strip() for line in link.hosts["a"].run("ip", "-o", "link").splitlines()
    }
    assert {name.partition("@")[0] for name in names} == {"lo", "eth0"}


def test_relay_host_does_not_forward() -> None:
    with relay_only() as topology:
        assert topology.server_host is not None
        with topology.hosts["a"].socket() as a, topology.hosts["b"].socket() as b:
            b.bind((topology.addresses["b"][0], 0))
            b.settimeout(0.3)
            a.sendto(b"no way", b.getsockname())
            with pytest.raises(TimeoutError):
                b.recv(100)
        with topology.hosts["a"].socket() as a, topology.server_host.socket() as server:
            server.bind((topology.server_addresses[0], 0))
            server.settimeout(2)
            a.sendto(b"this way", server.getsockname())
            assert server.recv(100) == b"this way"


def test_leaving_ends_processes_and_deletes_names() -> None:
    with Network() as network:
        namespace = network.add("a")
        process = subprocess.Popen(namespace.command("sleep", "60"))
        deadline = time.monotonic() + 5
        while process.pid not in namespace.process_ids() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert namespace.path.exists()
    assert process.wait(timeout=5) != 0
    assert not namespace.path.exists()


def test_leftovers_of_a_dead_maker_are_swept_and_others_are_not() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    left, ours = f"rtckit-{gone.pid}-left", f"rtckit-{os.getpid()}-ours"
    for name in (left, ours):
        subprocess.run(["ip", "netns", "add", name], check=True, timeout=10)
    try:
        assert left in sweep_leftovers()
        assert not Path("/run/netns", left).exists()
        assert Path("/run/netns", ours).exists()
    finally:
        subprocess.run(["ip", "netns", "delete", ours], check=True, timeout=10)


def test_refused_command_says_what_the_kernel_said() -> None:
    with Network() as network:
        network.add("a")
        with pytest.raises(NetworkFailure, match="nowhere"):
            network.ip("a", "address", "add", "10.0.0.1/24", "dev", "nowhere")
