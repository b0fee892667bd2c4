"""``rtckit nat detect`` on loopback, where there is no NAT, and what it says when asked wrongly."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from rtckit.live.stun_server import StunServer


def serve(*ips: str) -> Iterator[int]:
    """A STUN server on loopback in a thread of its own; its port."""
    loop = asyncio.new_event_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ips[0], 0))
        port = probe.getsockname()[1]
    ready, ends = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with StunServer(ips, port, tcp=False):
            ready.set()
            await ends.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(5)
    yield port
    loop.call_soon_threadsafe(ends.set)
    thread.join()
    loop.close()


@pytest.fixture
def full_server() -> Iterator[int]:
    yield from serve("127.0.0.1", "127.0.0.2")


@pytest.fixture
def plain_server() -> Iterator[int]:
    yield from serve("127.0.0.1")


def test_no_nat_on_loopback(full_server: int, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["nat", "detect", f"127.0.0.1:{full_server}", "--format", "json"]
    assert main(arguments) == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == 1
    assert told["server"] == f"stun:127.0.0.1:{full_server}"
    assert (told["mapping"], told["filtering"]) == ("endpoint-independent",) * 2
    assert (told["rfc3489"], told["translated"]) == ("open", False)
    assert (told["hairpinning"], told["port_preservation"]) == (True, True)
    assert told["confidence"]["mapping"] == told["confidence"]["filtering"] == "high"
    assert {test["socket"] for test in told["tests"]} == {"m1", "m2", "f1", "f2", "h1", "h2", "p1"}


def test_text_names_the_kind_and_every_fact(
    full_server: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nat", "detect", f"stun:127.0.0.1:{full_server}", "--quick"]) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "no NAT and no filter" in said
    assert "hairpinning" not in said
    assert said.rstrip().endswith("Nothing here stands in the way of calls.")


def test_events_and_their_result(full_server: int, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["nat", "detect", f"127.0.0.1:{full_server}", "--quick", "--format", "jsonl"]
    assert main(arguments) == ExitCode.CLEAN
    *tests, result = map(json.loads, capsys.readouterr().out.splitlines())
    assert {test["event"] for test in tests} == {"test"}
    assert len(tests) == len(result["tests"])
    assert (result["event"], result["rfc3489"]) == ("result", "open")


def test_server_with_one_address_cannot_tell(
    plain_server: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["nat", "detect", f"127.0.0.1:{plain_server}", "--quick", "--format", "json"]
    assert main(arguments) == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    assert told["filtering"] == "unknown"
    assert told["confidence"]["filtering"] == "none"
    assert "GATHER020" in {finding["rule"] for finding in told["findings"]}


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    arguments = ["nat", "detect", f"127.0.0.1:{port}", "--format", "json"]
    assert main(arguments) == ExitCode.FINDINGS
    told = json.loads(capsys.readouterr().out)
    assert (told["rfc3489"], told["mapping"]) == ("blocked", "unknown")
    assert [finding["rule"] for finding in told["findings"]] == ["GATHER024"]
    # UDP reached the server: that it is blocked would be the wrong conclusion.
    assert told["why"]["reachable"] == (
        "the server itself says port unreachable: nothing listens on that port"
    )
    assert told["confidence"]["reachable"] == "low"


def test_lifetime_on_loopback_has_no_end(
    full_server: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["nat", "detect", f"127.0.0.1:{full_server}", "--quick", "--lifetime"]
    assert main([*arguments, "--longest", "1", "--format", "json"]) == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    assert told["lifetime_s"] == {"at_least": 1.0, "less_than": None}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["turns:127.0.0.1"], "stun:HOST"),
        (["stun:127.0.0.1", "--server2", "https://x"], "stun:"),
        (["127.0.0.1:1", "-i", "nosuch0"], "nosuch0"),
        (["127.0.0.1:99999"], "99999"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nat", "detect", *arguments]) == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert word in line


def test_name_without_address_is_a_failure_of_the_network(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["nat", "detect", "127.0.0.1:3478", "-6"]) == ExitCode.NETWORK
    assert "IPv6" in capsys.readouterr().err
