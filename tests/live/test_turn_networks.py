"""Real coturn over IPv6, from several interfaces, behind redirections; and pings of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rtckit.lab.certificate import make_certificate
from rtckit.lab.coturn import Coturn
from tests.capabilities import require
from tests.live.turn_lab import SECOND, SERVER, SERVER_6, TurnLab, causes, turn_lab

pytestmark = [pytest.mark.coturn, pytest.mark.lab]

USER = ("--username", "rtckit")


@pytest.fixture(scope="module")
def lab() -> Iterator[TurnLab]:
    require("netns", "nft", "coturn")
    with turn_lab() as network:
        yield network


@pytest.fixture
def coturn(lab: TurnLab, tmp_path: Path) -> Iterator[Callable[..., Coturn]]:
    with ExitStack() as stack:

        def start(*addresses: str, **settings: Any) -> Coturn:
            directory = tmp_path / str(len(list(tmp_path.iterdir())))
            directory.mkdir()
            return stack.enter_context(Coturn(lab.server, directory, addresses, **settings))

        yield start


def steps_of(server: dict[str, Any]) -> dict[str, Any]:
    return {step["step"]: step for step in server["steps"]}


def test_ipv6(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(SERVER_6)
    code, answer = lab.check(f"turn:[{SERVER_6}]", *USER, "--tcp-relay")
    assert (code, causes(answer)) == (0, [])
    for server in answer["servers"]:
        assert server["family"] == 6
        assert steps_of(server)["allocate"]["facts"]["relayed"].startswith(f"[{SERVER_6}]:")
        assert steps_of(server)["outside"]["facts"]["inbound"] == 10


def test_a_redirection_is_followed(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(SERVER)
    coturn(SECOND, options=("--alternate-server", f"{SERVER}:3478"))
    code, answer = lab.check(f"turn:{SECOND}?transport=udp", *USER)
    assert (code, causes(answer)) == (0, [])
    (server,) = answer["servers"]
    assert steps_of(server)["redirect"]["facts"]["to"] == f"{SERVER}:3478"
    assert server["remote"] == f"{SERVER}:3478"


def test_redirections_in_a_circle_end(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(SERVER, options=("--alternate-server", f"{SECOND}:3478"))
    coturn(SECOND, options=("--alternate-server", f"{SERVER}:3478"))
    code, answer = lab.check(f"turn:{SECOND}?transport=udp", *USER)
    assert code == 1
    assert causes(answer) == ["TURN024"]


def test_ping_from_each_interface(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(SERVER)
    arguments = (SERVER, "-c", "2", "--timeout", "0.5", "--interface", "eth0")
    code, answer = lab.ping(*arguments, "--interface", "docker0")
    assert code == 1
    assert causes(answer) == ["GATHER008"]
    message = answer["findings"][0]["message"]
    assert message == f"stun:{SERVER}:3478 over UDP answers on eth0 and not on docker0"
    eth0, docker0 = answer["servers"]
    assert steps_of(eth0)["binding"]["facts"]["mapped"].startswith("10.77.1.1:")
    assert docker0["local"].startswith("172.17.0.1:")
    assert docker0["answered"] is False


def test_ping_over_every_way(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(SERVER, SECOND)
    for way in ((), ("--tcp",)):
        code, answer = lab.ping(SERVER, SECOND, "-c", "3", *way)
        assert (code, causes(answer)) == (0, [])
        for server in answer["servers"]:
            facts = steps_of(server)["binding"]["facts"]
            assert (facts["sent"], facts["received"]) == (3, 3)
            assert 0 < facts["rtt_min_ms"] <= facts["rtt_ms"] <= facts["rtt_max_ms"] < 1000
            assert facts["software"].startswith("Coturn")
            assert "other_address" in facts or way


def test_losses_show(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(SERVER)
    with lab.rules("in udp dport 3478 numgen inc mod 2 0 drop"):
        _, answer = lab.ping(SERVER, "-c", "6", "--timeout", "0.3", "--interval", "0.05")
    facts = steps_of(answer["servers"][0])["binding"]["facts"]
    assert (facts["sent"], facts["received"]) == (6, 3)


def test_a_nonce_that_ages_is_normal(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(SERVER, options=("--stale-nonce", "1"))
    code, answer = lab.check(f"turn:{SERVER}?transport=udp", *USER, "--count", "60")
    assert (code, causes(answer)) == (0, [])
    steps = steps_of(answer["servers"][0])
    assert steps["deallocate"]["ok"] is True


def test_several_servers_and_interfaces_at_once(
    lab: TurnLab, coturn: Callable[..., Coturn]
) -> None:
    coturn(SERVER)
    coturn(SECOND)
    code, answer = lab.check(
        *(f"turn:{SERVER}?transport=udp", f"turn:{SECOND}?transport=tcp", f"turn:{SECOND}:9"),
        *(*USER, "--interface", "eth0", "-4"),
    )
    assert code == 1
    assert causes(answer) == ["GATHER006"]
    works = [(server["way"], server["works"]) for server in answer["servers"]]
    assert works == [("udp", True), ("tcp", True), ("udp", False), ("tcp", False)]
    assert {server["interface"] for server in answer["servers"]} == {"eth0"}
    assert {server["local"].rpartition(":")[0] for server in answer["servers"][:3]} == {"10.77.1.1"}


def test_ping_over_tls(lab: TurnLab, coturn: Callable[..., Coturn], tmp_path: Path) -> None:
    files = make_certificate(tmp_path, [SERVER])
    coturn(SERVER, tls=files)
    uri = f"stuns:{SERVER}:443"
    code, answer = lab.ping(uri, "-c", "2", "--ca", str(files.certificate))
    assert (code, causes(answer)) == (0, [])
    tls = steps_of(answer["servers"][0])["tls"]["facts"]
    assert tls["version"] in ("TLSv1.2", "TLSv1.3")
    assert tls["names"] == SERVER
    code, answer = lab.ping(uri, "-c", "2")
    assert code == 4
    assert causes(answer) == ["TURN028"]
