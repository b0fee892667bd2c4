"""Namespaces that really stand."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtckit.core.errors import NetworkFailure
from rtckit.lab import guardian
from rtckit.lab.namespaces import Network
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


def wait_until(reached: Callable[[], bool], patience_s: float = 5.0) -> bool:
    deadline = time.monotonic() + patience_s
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_running(process: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_leaving_ends_processes_and_lets_the_namespace_go() -> None:
    with Network() as network:
        namespace = network.add("a")
        process = subprocess.Popen(namespace.command("sleep", "60"))
        assert wait_until(lambda: process.pid in namespace.process_ids())
        assert namespace.path.exists()
    assert process.wait(timeout=5) != 0
    assert not namespace.path.exists()


KILLED = """
import subprocess, time
from rtckit.lab.namespaces import Network
with Network() as network:
    namespace, folder = network.add("a"), network.make_folder()
    (folder / "file").write_text("left")
    # One that has left its session and ignores what it is asked: as daemons do.
    child = subprocess.Popen(
        namespace.command("sh", "-c", "trap '' TERM HUP; sleep 600 & echo up; wait"),
        start_new_session=True, stdout=subprocess.PIPE)
    child.stdout.readline()
    holder = namespace.path.parts[2]
    print(folder, namespace.path.stat().st_ino, holder, *namespace.process_ids(), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("whole_group", [False, True], ids=["process", "process group"])
def test_killed_run_leaves_nothing_behind(whole_group: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        folder, *numbers = run.stdout.readline().split()
        inode, *told = map(int, numbers)
        running = [process for process in told if is_running(process)]
        if whole_group:
            os.killpg(run.pid, signal.SIGKILL)
        else:
            run.kill()
    assert running == told
    assert len(told) == 3  # the guardian, the shell and what that started
    assert wait_until(lambda: not any(is_running(process) for process in told))
    assert not guardian.processes_inside({inode})
    assert not Path(folder).exists()


def test_folder_goes_with_the_network() -> None:
    with Network() as network:
        folder = network.make_folder("rtckit-test-")
        assert folder.is_dir()
        assert folder.name.startswith("rtckit-test-")
    assert not folder.exists()


def test_maker_without_its_guardian_is_told() -> None:
    with Network() as network:
        holder = int(network.add("a").path.parts[2])
        os.kill(holder, signal.SIGKILL)
        with pytest.raises(NetworkFailure, match="no network namespace"):
            network.add("b")


def test_refused_command_says_what_the_kernel_said() -> None:
    with Network() as network:
        network.add("a")
        with pytest.raises(NetworkFailure, match="nowhere"):
            network.ip("a", "address", "add", "10.0.0.1/24", "dev", "nowhere")
