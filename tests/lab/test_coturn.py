"""coturn in a namespace: it answers, discovers NATs for itself, and guards its allocations."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtckit.core.errors import NetworkFailure
from rtckit.lab.coturn import Coturn
from rtckit.lab.nat import Behavior, Nat, apply_nat
from rtckit.lab.topology import Topology, behind_nats, one_link
from rtckit.wire import stun
from tests.capabilities import require

pytestmark = [pytest.mark.lab, pytest.mark.coturn]

EI = Behavior.ENDPOINT_INDEPENDENT
AD = Behavior.ADDRESS_DEPENDENT
APD = Behavior.ADDRESS_AND_PORT_DEPENDENT


@pytest.fixture(scope="module")
def network() -> Iterator[Topology]:
    require("netns", "nft", "coturn")
    with behind_nats(Nat(), Nat()) as topology:
        yield topology


def exchange(
    client: socket.socket, server: tuple[str, int], request: bytes
) -> tuple[stun.Message, tuple[str, int]] | None:
    """The answer and where it came from, ``None`` when there is none."""
    for _ in range(3):
        client.sendto(request, server)
        with contextlib.suppress(TimeoutError):
            data, source = client.recvfrom(1500)
            return stun.parse(data), source
    return None


def binding(change_ip: bool = False, change_port: bool = False) -> bytes:
    change = stun.ChangeRequest(change_ip=change_ip, change_port=change_port)
    return stun.build(
        stun.Method.BINDING,
        stun.MessageClass.REQUEST,
        b"rtckit-test!",
        [(stun.AttributeType.CHANGE_REQUEST, change)] if change_ip or change_port else [],
    )


# RFC 5780, 4.4: whether answers come through from the other address, and from the other port.
@pytest.mark.parametrize(
    ("filtering", "other_address", "other_port"),
    [(EI, True, True), (AD, False, True), (APD, False, False)],
)
def test_filtering_as_an_independent_server_sees_it(
    network: Topology, tmp_path: Path, filtering: Behavior, other_address: bool, other_port: bool
) -> None:
    apply_nat(network.routers["a"], Nat(EI, filtering), "198.51.100.1")

    async def examine() -> None:
        assert network.server_host is not None
        addresses = network.server_addresses
        async with Coturn(network.server_host, tmp_path, addresses, stun_only=True):
            with network.hosts["a"].socket() as client:
                client.bind((network.addresses["a"][0], 0))
                client.settimeout(0.2)
                primary = (addresses[0], 3478)
                plain = exchange(client, primary, binding())
                assert plain is not None
                mapped = plain[0].xor_mapped_address
                assert mapped == ("198.51.100.1", client.getsockname()[1])
                assert plain[1] == primary
                both = exchange(client, primary, binding(change_ip=True, change_port=True))
                assert (both is not None) == other_address
                port = exchange(client, primary, binding(change_port=True))
                assert (port is not None) == other_port
                if both:
                    assert both[1] == (addresses[1], 3479)

    asyncio.run(examine())


def test_allocation_needs_the_password(network: Topology, tmp_path: Path) -> None:
    async def examine() -> None:
        assert network.server_host is not None
        addresses = network.server_addresses[:1]
        async with Coturn(network.server_host, tmp_path, addresses) as server:
            codes = [allocate(server, password) for password in (server.password, "wrong")]
        assert codes == [[401, None], [401, 401]]

    def allocate(server: Coturn, password: str) -> list[int | None]:
        assert network.server_host is not None
        wanted = [(stun.AttributeType.REQUESTED_TRANSPORT, bytes([17, 0, 0, 0]))]
        kind = (stun.Method.ALLOCATE, stun.MessageClass.REQUEST, b"rtckit-test!")
        with network.server_host.socket() as client:
            client.bind((server.addresses[0], 0))
            client.settimeout(1)
            at = (server.addresses[0], 3478)
            first = exchange(client, at, stun.build(*kind, wanted))
            assert first is not None
            challenge = first[0]
            credentials = [
                (stun.AttributeType.USERNAME, server.username),
                (stun.AttributeType.REALM, challenge.realm),
                (stun.AttributeType.NONCE, challenge.nonce),
            ]
            key = stun.long_term_key(server.username, server.realm, password)
            second = exchange(client, at, stun.build(*kind, [*wanted, *credentials], key=key))
            assert second is not None
            return [m.error.code if m.error else None for m in (challenge, second[0])]

    asyncio.run(examine())


def test_server_that_cannot_listen_is_told_with_its_log(tmp_path: Path) -> None:
    require("netns", "coturn")

    async def examine() -> None:
        with one_link() as topology:
            nobody = ("192.0.2.99",)
            async with Coturn(topology.hosts["a"], tmp_path, nobody, start_limit_s=0.5):
                pytest.fail("it started on an address the host does not have")

    with pytest.raises(NetworkFailure, match="coturn"):
        asyncio.run(examine())


def test_version_is_told() -> None:
    require("coturn")
    assert Coturn.version().count(".") >= 1
