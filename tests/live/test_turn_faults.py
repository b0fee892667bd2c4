"""Every fault of a real coturn is named with its cause by `rtckit turn check`."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rtckit.core.address import Address
from rtckit.lab.certificate import make_certificate
from rtckit.lab.coturn import Coturn
from rtckit.live.transport import open_udp
from rtckit.live.turn_client import TurnClient
from tests.capabilities import require
from tests.live.turn_lab import CLIENT, PRIVATE, SECOND, SERVER, TurnLab, causes, turn_lab

pytestmark = [pytest.mark.coturn, pytest.mark.lab]

TABLE: list[tuple[str, str, str, int]] = []
USER = ("--username", "rtckit")
UDP = f"turn:{SERVER}?transport=udp"


@pytest.fixture(scope="module")
def lab() -> Iterator[TurnLab]:
    require("netns", "nft", "coturn")
    with turn_lab() as network:
        yield network
    width = max((len(row[0]) for row in TABLE), default=0)
    print("\n" + "fault".ljust(width) + "  named   exit  message")
    for fault, rule, message, code in TABLE:
        print(f"{fault.ljust(width)}  {rule:<7} {code:4}  {message}")


@pytest.fixture
def coturn(lab: TurnLab, tmp_path: Path) -> Iterator[Callable[..., Coturn]]:
    """Start a coturn that ends with the test."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Coturn:
            settings.setdefault("addresses", (SERVER,))
            directory = tmp_path / settings["addresses"][0]
            directory.mkdir()
            return stack.enter_context(Coturn(lab.server, directory, **settings))

        yield start


def told(fault: str, code: int, answer: dict[str, Any], rule: str) -> str:
    """The message of the one cause that was named; the row for the table."""
    found = causes(answer)
    messages = [item["message"] for item in answer["findings"] if item["rule"] == rule]
    TABLE.append((fault, found[0] if found else "-", messages[0] if messages else "-", code))
    assert found == [rule], answer["findings"]
    return str(messages[0])


def test_all_is_well(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    code, answer = lab.check(f"turn:{SERVER}", *USER, "--tcp-relay")
    assert causes(answer) == []
    assert code == 0
    assert answer["works"] is True
    for server in answer["servers"]:
        steps = {step["step"]: step for step in server["steps"]}
        assert steps["echo"]["facts"]["send_there"] == 10
        assert steps["echo"]["facts"]["channel_back"] == 10
        assert steps["outside"]["facts"]["inbound"] == 10
        assert steps["outside"]["facts"]["outbound"] == 10
        assert all(step["ms"] is not None for step in server["steps"] if step["ok"])
    tcp = {step["step"]: step for step in answer["servers"][1]["steps"]}
    assert tcp["tcp-echo"]["ok"] is True
    TABLE.append(("(none)", "-", "works over UDP and TCP, relays UDP and TCP", code))


def test_wrong_password(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    code, answer = lab.check(f"turn:{SERVER}", *USER, credential="wrong")
    told("wrong password", code, answer, "TURN013")
    assert code == 1


def test_expired_rest_credential(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(secret="north wind")
    fresh = (UDP, "--rest-secret", "north wind", "--username", "alice")
    code, answer = lab.check(*fresh, credential=None)
    assert (code, causes(answer)) == (0, [])
    code, answer = lab.check(*fresh, "--rest-ttl", "-7200", credential=None)
    message = told("expired REST credential", code, answer, "TURN014")
    assert "expired 2 hours ago" in message or "expired 120 minutes ago" in message


def test_wrong_rest_secret(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(secret="north wind")
    code, answer = lab.check(UDP, "--rest-secret", "south wind", credential=None)
    assert "secret" in told("wrong REST secret", code, answer, "TURN013")


def test_wrong_realm(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    key = hashlib.md5(b"rtckit:old.example:laboratory").hexdigest()
    coturn(realm="new.example", password="", options=("--user", f"rtckit:0x{key}"))
    code, answer = lab.check(UDP, *USER, "--realm", "old.example")
    message = told("wrong realm", code, answer, "TURN016")
    assert "new.example" in message
    assert "made for old.example" in message


def test_forbidden_peer(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(options=("--denied-peer-ip", "198.51.100.0-198.51.100.255"))
    code, answer = lab.check(UDP, *USER, "--peer", "198.51.100.7", "--peer", "192.0.2.9:5000")
    message = told("forbidden peer (403)", code, answer, "TURN018")
    assert "198.51.100.7 answered 403" in message
    assert answer["findings"][0]["severity"] == "warning"


def test_every_peer_forbidden(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(options=("--denied-peer-ip", "0.0.0.0-255.255.255.255"))
    code, answer = lab.check(UDP, *USER)
    told("every peer forbidden", code, answer, "TURN018")
    assert answer["findings"][0]["severity"] == "error"


def test_quota(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(options=("--user-quota", "1"))
    code, answer = lab.check(UDP, *USER)
    assert "486" in told("quota (486)", code, answer, "TURN023")


def test_no_such_transport(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(options=("--no-tcp-relay",))
    code, answer = lab.check(f"turn:{SERVER}?transport=tcp", *USER, "--tcp-relay")
    assert "442" in told("no such transport (442)", code, answer, "TURN022")


def test_stale_nonces(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    # Behind a balancer requests take turns between servers that know nothing of others' nonces.
    coturn()
    coturn(addresses=(SECOND,))
    with balancer(lab, Address("203.0.113.10", 5000)):
        code, answer = lab.check(f"turn:{SERVER}:5000?transport=udp", *USER)
    told("stale nonce", code, answer, "TURN017")


@contextmanager
def balancer(lab: TurnLab, listen: Address) -> Iterator[None]:
    front, back = lab.server.socket(), lab.server.socket()
    front.bind(listen)
    back.bind((SERVER, 0))
    for each in (front, back):
        each.settimeout(0.1)
    ended = threading.Event()
    client: list[Any] = [None]

    def forward() -> None:
        number = 0
        while not ended.is_set():
            try:
                data, client[0] = front.recvfrom(2000)
            except TimeoutError:
                continue
            number += data[1] == 3 and data[0] == 0  # Allocate requests take turns
            back.sendto(data, ((SERVER, SECOND)[number % 2], 3478))

    def answer() -> None:
        while not ended.is_set():
            try:
                data, _ = back.recvfrom(2000)
            except TimeoutError:
                continue
            front.sendto(data, client[0])

    threads = [threading.Thread(target=forward), threading.Thread(target=answer)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        front.close()
        back.close()


def test_allocation_mismatch(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()

    async def leave_one_behind() -> None:
        transport = await open_udp(CLIENT, port=40123)
        client = TurnClient(transport, Address(SERVER, 3478), "rtckit", "laboratory")
        await client.allocate()
        client.abandon()

    lab.client.inside(lambda: asyncio.run(leave_one_behind()))
    code, answer = lab.check(UDP, *USER, "--local-port", "40123")
    assert "10.77.1.1:40123" in told("allocation mismatch (437)", code, answer, "TURN020")


def test_closed_port(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    code, answer = lab.check(f"turn:{SERVER}:9999", *USER)
    assert "port 9999" in told("closed port", code, answer, "GATHER006")
    assert code == 4


def test_udp_dropped(lab: TurnLab, coturn: Callable[..., Coturn], tmp_path: Path) -> None:
    files = make_certificate(tmp_path, [SERVER])
    coturn(tls=files)
    with lab.rules("in udp dport 3478 drop"):
        code, answer = lab.check(
            *(f"turn:{SERVER}", *USER, "--way", "udp", "--way", "tls:443"),
            *("--ca", str(files.certificate), "--timeout", "2"),
        )
    message = told("UDP dropped, TLS works", code, answer, "GATHER010")
    assert "TLS works" in message
    tls = answer["servers"][1]
    assert tls["works"] is True
    assert any(step["step"] == "echo" and step["ok"] for step in tls["steps"])


def test_everything_dropped(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    with lab.rules("in udp dport 3478 drop", "in tcp dport 3478 drop"):
        code, answer = lab.check(f"turn:{SERVER}", *USER, "--timeout", "1")
    told("everything dropped", code, answer, "GATHER005")
    assert code == 4


def test_prohibited(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    with lab.rules("in udp dport 3478 reject with icmp type admin-prohibited"):
        code, answer = lab.check(UDP, *USER)
    told("prohibited by a firewall", code, answer, "GATHER007")


def check_tls(lab: TurnLab, certificate: Path) -> tuple[int, dict[str, Any]]:
    return lab.check(f"turns:{SERVER}:443", *USER, "--ca", str(certificate))


def test_certificate_for_another_name(
    lab: TurnLab, coturn: Callable[..., Coturn], tmp_path: Path
) -> None:
    files = make_certificate(tmp_path, ["turn.example.org"])
    coturn(tls=files)
    code, answer = check_tls(lab, files.certificate)
    assert "for turn.example.org" in told("TLS, wrong name", code, answer, "TURN027")


def test_certificate_expired(lab: TurnLab, coturn: Callable[..., Coturn], tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=90)
    files = make_certificate(tmp_path, [SERVER], valid_from=long_ago, days=30)
    coturn(tls=files)
    code, answer = check_tls(lab, files.certificate)
    told("TLS, expired certificate", code, answer, "TURN026")


def test_certificate_not_trusted(
    lab: TurnLab, coturn: Callable[..., Coturn], tmp_path: Path
) -> None:
    files = make_certificate(tmp_path, [SERVER])
    coturn(tls=files)
    code, answer = lab.check(f"turns:{SERVER}:443", *USER)
    told("TLS, self-signed", code, answer, "TURN028")


def test_plain_port_asked_for_tls(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    code, answer = lab.check(f"turns:{SERVER}:3478", *USER, "--timeout", "1")
    told("TLS to the plain port", code, answer, "TURN030")


def test_relay_ports_blocked(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    with lab.rules("in udp dport 49152-65535 drop", "out udp sport 49152-65535 drop"):
        code, answer = lab.check(UDP, *USER)
    told("relay ports blocked", code, answer, "TURN032")


def test_relay_ports_blocked_one_way(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    with lab.rules("in udp dport 49152-65535 drop"):
        code, answer = lab.check(UDP, *USER)
    assert "not into it" in told("relay ports blocked inwards", code, answer, "TURN032")


def test_private_relay_address(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(relay_addresses=(PRIVATE,))
    code, answer = lab.check(UDP, *USER)
    assert PRIVATE in told("private relay address", code, answer, "TURN021")


def test_open_relay(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn(options=("--no-auth",), password="")
    code, answer = lab.check(UDP, *USER)
    assert "TURN036" in causes(answer)
    TABLE.append(("open relay", "TURN036", "an allocation without credentials", code))


def test_the_password_is_never_shown(lab: TurnLab, coturn: Callable[..., Coturn]) -> None:
    coturn()
    code, answer = lab.check(f"turn:{SERVER}", *USER, credential="Geheimnis-17")
    assert code == 1
    assert "Geheimnis-17" not in repr(answer)
