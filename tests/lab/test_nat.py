"""NATs proven by STUN exchanges through them, on both sides of what RFC 4787 tells apart."""

import itertools
import socket
import time
from collections.abc import Iterator

import pytest

from rtckit.core.address import Address
from rtckit.lab.nat import Behavior, Nat, apply_nat
from rtckit.lab.topology import Topology, behind_nats
from rtckit.wire import stun
from tests.capabilities import require

pytestmark = pytest.mark.lab

EI = Behavior.ENDPOINT_INDEPENDENT
AD = Behavior.ADDRESS_DEPENDENT
APD = Behavior.ADDRESS_AND_PORT_DEPENDENT
OUTSIDE = "198.51.100.1"
PORTS = (3478, 3479)
# Which of four servers (two addresses, two ports each) see the same port as the first, and which of
# them get through to a client that sent to the first only (RFC 5780, 4.3 and 4.4).
SAME_PORT = {EI: [1, 1, 1, 1], AD: [1, 1, 0, 0], APD: [1, 0, 0, 0]}
GETS_IN = SAME_PORT


@pytest.fixture(scope="module")
def network() -> Iterator[Topology]:
    require("netns", "nft")
    with behind_nats(Nat(), Nat()) as topology:
        yield topology


@pytest.fixture(scope="module")
def servers(network: Topology) -> Iterator[list[socket.socket]]:
    assert network.server_host is not None
    bound = []
    for address, port in itertools.product(network.server_addresses, PORTS):
        server = network.server_host.socket()
        server.bind((address, port))
        server.settimeout(2)
        bound.append(server)
    yield bound
    for server in bound:
        server.close()


def inside_socket(network: Topology) -> socket.socket:
    inside = network.hosts["a"].socket()
    inside.bind((network.addresses["a"][0], 0))
    inside.settimeout(0.2)
    return inside


@pytest.fixture
def client(network: Topology) -> Iterator[socket.socket]:
    with inside_socket(network) as inside:
        yield inside


def mapped_address(client: socket.socket, server: socket.socket) -> Address:
    """What ``server`` tells ``client`` its address is."""
    request = stun.build(stun.Method.BINDING, stun.MessageClass.REQUEST, b"rtckit-test!")
    client.sendto(request, server.getsockname())
    _, source = server.recvfrom(1500)
    answer = stun.build(
        stun.Method.BINDING,
        stun.MessageClass.SUCCESS,
        b"rtckit-test!",
        [(stun.AttributeType.XOR_MAPPED_ADDRESS, Address(*source))],
    )
    server.sendto(answer, source)
    mapped = stun.parse(client.recv(1500)).xor_mapped_address
    assert mapped is not None
    return mapped


def arrives(client: socket.socket, server: socket.socket, target: Address) -> bool:
    """Whether a datagram of ``server`` to the mapped address reaches ``client``."""
    server.sendto(b"knock", target)
    try:
        return client.recv(100) == b"knock"
    except TimeoutError:
        return False


@pytest.mark.parametrize("mapping", Behavior)
@pytest.mark.parametrize("filtering", Behavior)
def test_mapping_and_filtering(
    network: Topology,
    servers: list[socket.socket],
    client: socket.socket,
    mapping: Behavior,
    filtering: Behavior,
) -> None:
    apply_nat(network.routers["a"], Nat(mapping, filtering), OUTSIDE)
    seen = [mapped_address(client, server) for server in servers]
    assert {address.ip for address in seen} == {OUTSIDE}
    assert [address.port == seen[0].port for address in seen] == SAME_PORT[mapping]
    # With another socket: this one has opened the filter for all four.
    with inside_socket(network) as unmet:
        first = mapped_address(unmet, servers[0])
        assert [arrives(unmet, server, first) for server in servers] == GETS_IN[filtering]


@pytest.mark.parametrize("preserving", [True, False])
def test_port_preservation(
    network: Topology, servers: list[socket.socket], client: socket.socket, preserving: bool
) -> None:
    apply_nat(network.routers["a"], Nat(EI, APD, port_preserving=preserving), OUTSIDE)
    mapped = mapped_address(client, servers[0])
    assert (mapped.port == client.getsockname()[1]) == preserving


@pytest.mark.parametrize("hairpinning", [True, False])
def test_hairpinning(
    network: Topology, servers: list[socket.socket], client: socket.socket, hairpinning: bool
) -> None:
    apply_nat(network.routers["a"], Nat(EI, EI, hairpinning=hairpinning), OUTSIDE)
    mapped = mapped_address(client, servers[0])
    with network.hosts["a"].socket() as neighbour:
        neighbour.bind((network.addresses["a"][0], 0))
        neighbour.sendto(b"round", mapped)
        if not hairpinning:
            with pytest.raises(TimeoutError):
                client.recv(100)
            return
        data, source = client.recvfrom(100)
        assert data == b"round"
        # RFC 4787, REQ-9: the packet comes from the external address.
        assert source == (OUTSIDE, neighbour.getsockname()[1])
    # What comes from outside keeps its own.
    servers[3].sendto(b"knock", mapped)
    assert client.recvfrom(100)[1] == servers[3].getsockname()


def test_mappings_are_forgotten_after_the_timeout(
    network: Topology, servers: list[socket.socket], client: socket.socket
) -> None:
    apply_nat(network.routers["a"], Nat(EI, EI, timeout_s=1), OUTSIDE)
    mapped = mapped_address(client, servers[0])
    assert arrives(client, servers[3], mapped)
    time.sleep(2.5)
    assert not arrives(client, servers[3], mapped)


def test_blocked_udp(
    network: Topology, servers: list[socket.socket], client: socket.socket
) -> None:
    apply_nat(network.routers["a"], Nat(udp_blocked=True), OUTSIDE)
    client.sendto(b"anyone?", servers[0].getsockname())
    servers[0].settimeout(0.3)
    with pytest.raises(TimeoutError):
        servers[0].recv(100)
    servers[0].settimeout(2)


def test_symmetric_and_port_restricted_cannot_be_punched_through(
    network: Topology, servers: list[socket.socket]
) -> None:
    """The reason why one of the recorded calls fails."""
    apply_nat(network.routers["a"], Nat(EI, APD), OUTSIDE)
    apply_nat(network.routers["b"], Nat(APD, APD), "198.51.100.2")
    with network.hosts["a"].socket() as a, network.hosts["b"].socket() as b:
        for side, host in (("a", a), ("b", b)):
            host.bind((network.addresses[side][0], 0))
            host.settimeout(0.2)
        mapped_a, mapped_b = mapped_address(a, servers[0]), mapped_address(b, servers[0])
        for _ in range(3):
            a.sendto(b"check", mapped_b)
            b.sendto(b"check", mapped_a)
        for host in (a, b):
            with pytest.raises(TimeoutError):
                host.recv(100)
