"""Networks that stand: carrier-grade NATs, firewalls, IPv6, NAT64, wires, TLS and captures."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from rtckit.capture import open_capture
from rtckit.lab.certificate import make_certificate
from rtckit.lab.coturn import Coturn
from rtckit.lab.ipv6 import nat64_address
from rtckit.lab.namespaces import Namespace
from rtckit.lab.nat import Nat, parse_nat
from rtckit.lab.topology import Topology, internet
from rtckit.lab.vantage import Vantage
from rtckit.lab.wire import Impairment
from tests.capabilities import require

pytestmark = pytest.mark.lab

SERVER, SERVER_IPV6 = "203.0.113.10", "2001:db8:ffff::10"


@pytest.fixture(autouse=True)
def _needs() -> None:
    require("netns", "nft")


def seen_as(topology: Topology, host: str, *, ipv6: bool = False, to: str = "") -> tuple[str, int]:
    """The source address of a datagram of ``host``, as the server sees it."""
    assert topology.server_host is not None
    family = socket.AF_INET6 if ipv6 else socket.AF_INET
    sender_family = socket.AF_INET6 if ipv6 or ":" in to else socket.AF_INET
    server = topology.server_host.socket(family)
    with server, topology.hosts[host].socket(sender_family) as client:
        server.settimeout(2)
        client.settimeout(2)
        server.bind((SERVER_IPV6 if ipv6 else SERVER, 0))
        client.sendto(b"who am I?", (to or server.getsockname()[0], server.getsockname()[1]))
        _, source = server.recvfrom(100)
        server.sendto(b"you", source)
        assert client.recv(100) == b"you"
        return source[:2]


def test_open_host_and_firewall_keep_their_addresses() -> None:
    with internet({"a": None, "b": Nat(translates=False)}) as topology:
        assert seen_as(topology, "a")[0] == topology.addresses["a"][0]
        assert seen_as(topology, "b")[0] == topology.addresses["b"][0]
        with topology.hosts["a"].socket() as a, topology.hosts["b"].socket() as b:
            for host, name in ((a, "a"), (b, "b")):
                host.bind((topology.addresses[name][0], 0))
                host.settimeout(0.2)
            a.sendto(b"let me in", b.getsockname())
            with pytest.raises(TimeoutError):
                b.recv(100)
            b.sendto(b"hello", a.getsockname())
            assert a.recv(100) == b"hello"
            a.sendto(b"now I may", b.getsockname())
            assert b.recv(100) == b"now I may"


def test_carrier_grade_nat_is_one_more_translation() -> None:
    chain = [nat for name in ("full cone", "symmetric") if (nat := parse_nat(name))]
    with internet({"a": chain}) as topology:
        assert seen_as(topology, "a")[0] == "198.51.100.1"
        # Between the two: the shared address space of RFC 6598.
        assert "100.64." in topology.routers["a"].run("ip", "-br", "address", "show", "wan")
        assert topology.nats["a"].rfc3489 == "symmetric"


def test_both_families_and_a_stateful_firewall_for_ipv6() -> None:
    with internet({"a": Nat(), "b": None}, ipv6=True) as topology:
        assert seen_as(topology, "a", ipv6=True)[0] == topology.addresses["a"][1]
        assert seen_as(topology, "b", ipv6=True)[0] == topology.addresses["b"][1]
        assert seen_as(topology, "a")[0] == "198.51.100.1"
        with (
            topology.hosts["a"].socket(socket.AF_INET6) as a,
            topology.hosts["b"].socket(socket.AF_INET6) as b,
        ):
            for host, name in ((a, "a"), (b, "b")):
                host.bind((topology.addresses[name][1], 0))
                host.settimeout(0.2)
            b.sendto(b"let me in", a.getsockname()[:2])
            with pytest.raises(TimeoutError):
                a.recv(100)
            a.sendto(b"hello", b.getsockname()[:2])
            assert b.recv(100) == b"hello"


def test_host_without_ipv4_reaches_it_through_nat64() -> None:
    require("tayga")
    with internet({"a": Nat()}, nat64=("a",)) as topology:
        assert all(":" in address for address in topology.addresses["a"])
        assert seen_as(topology, "a", to=nat64_address(SERVER))[0] == "198.51.100.1"


def test_addresses_behind_the_prefix() -> None:
    # RFC 6052, 2.4: with a /96 the last four bytes are the IPv4 address.
    assert nat64_address("192.0.2.33") == "2001:db8:64::c000:221"


def test_wire_before_a_router_delays_what_passes() -> None:
    with internet({"a": Nat()}, wires={"a": Impairment(20)}) as topology:
        seen_as(topology, "a")
        began = time.monotonic()
        seen_as(topology, "a")
        assert time.monotonic() - began >= 0.04


def test_blocked_udp_leaves_tls_on_port_443(tmp_path: Path) -> None:
    require("coturn")
    files = make_certificate(tmp_path, [SERVER, "turn.rtckit.test"])
    with internet({"a": Nat(udp_blocked=True)}) as topology:
        assert topology.server_host is not None
        with Coturn(topology.server_host, tmp_path, (SERVER,), tls=files) as server:
            assert server.turns_urls() == (f"turns:{SERVER}:443?transport=tcp",)
            context = ssl.create_default_context(cafile=files.certificate)
            with topology.hosts["a"].socket(kind=socket.SOCK_STREAM) as plain:
                plain.settimeout(5)
                plain.connect((SERVER, 443))
                with context.wrap_socket(plain, server_hostname=SERVER) as secured:
                    assert secured.version() in ("TLSv1.2", "TLSv1.3")
            with topology.hosts["a"].socket(kind=socket.SOCK_STREAM) as plain:
                plain.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    plain.connect((SERVER, 3478))


def test_captures_of_both_sides_of_a_nat(tmp_path: Path) -> None:
    require("tcpdump")
    with internet({"a": Nat()}) as topology:
        inside = Vantage(topology.hosts["a"], tmp_path / "a.pcapng")
        outside = Vantage(topology.routers["a"], tmp_path / "wan.pcapng", interface="wan")
        with inside, outside:
            seen_as(topology, "a")
            time.sleep(0.3)  # a busy machine gets to tcpdump late
    sources = []
    for name in ("a.pcapng", "wan.pcapng"):
        with open_capture(tmp_path / name) as capture:
            sources.append([datagram.src.ip for datagram in capture])
    assert sources == [["192.168.1.2", SERVER], ["198.51.100.1", SERVER]]


ORDINARY = """
import sys
sys.path.insert(0, sys.argv[1])
from rtckit.lab.impairment import impaired_link
from rtckit.lab.nat import Nat, parse_nat
from rtckit.lab.topology import internet
with internet({"a": parse_nat("full cone"), "b": None}) as topology:
    with topology.hosts["a"].socket() as a, topology.hosts["b"].socket() as b:
        b.bind((topology.addresses["b"][0], 0))
        b.settimeout(2)
        a.sendto(b"over", b.getsockname())
        print(b.recvfrom(10)[1][0])
with impaired_link(delay_ms=5) as topology:
    with topology.hosts["a"].socket() as a, topology.hosts["b"].socket() as b:
        b.bind((topology.addresses["b"][0], 0))
        b.settimeout(2)
        a.sendto(b"over", b.getsockname())
        b.recv(10)
        print(topology.wires["a"].carried()[0].carried)
"""


def test_ordinary_user_has_the_laboratory_in_a_namespace_of_his_own() -> None:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    user = nobody if os.geteuid() == 0 else []

    def runs(*command: str) -> bool:
        # By env: what setpriv starts itself it still finds with root's rights.
        return not subprocess.run([*user, "env", *command], capture_output=True).returncode

    candidates = filter(None, (shutil.which("python3"), "/usr/bin/python3"))
    python = next((path for path in candidates if runs(path, "-V")), None)
    if python is None or subprocess.run([*user, "unshare", "-Ur", "true"]).returncode:
        pytest.skip("no user namespaces, or no Python that an ordinary user may run")
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [*user, "unshare", "-Ur", python, "-B", "-c", ORDINARY, str(root)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
    )
    assert told.stdout.split() == ["198.51.100.1", "1"], told.stderr


def test_nodes_can_be_told_apart() -> None:
    with internet({"a": Nat(), "b": (Nat(), Nat())}) as topology:
        assert set(topology.routers) == {"a", "b", "b.1"}
        assert all(isinstance(router, Namespace) for router in topology.routers.values())
