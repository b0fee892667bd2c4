"""`rtckit stun` and `rtckit turn`: usage, secrets, exit codes and the forms of their answers."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from rtckit.live.stun_server import StunServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A STUN server on the loopback, as ``host:port``."""
    ready = threading.Event()
    ended = threading.Event()
    place: list[str] = []

    async def serve() -> None:
        async with StunServer(port=0) as running:
            place.append(str(running.addresses[0]))
            ready.set()
            while not ended.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield place[0]
    ended.set()
    thread.join()


def closed_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_ping(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stun", "ping", server, "-c", "2", "--interval", "0.01"]) == ExitCode.CLEAN
    out = capsys.readouterr().out
    assert f"stun:{server} over UDP" in out
    assert "2 of 2 answered" in out
    assert "seen as 127.0.0.1:" in out


@pytest.mark.parametrize("way", [[], ["--tcp"]])
def test_ping_as_json(server: str, way: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    command = ["stun", "ping", server, "-c", "2", "--interval", "0.01", "--format", "json", *way]
    assert main(command) == ExitCode.CLEAN
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == 1
    assert answer["findings"] == []
    assert answer["works"] is True
    (probe,) = answer["servers"]
    assert probe["way"] == (way[0][2:] if way else "udp")
    facts = probe["steps"][-1]["facts"]
    assert len(facts["rtts_ms"]) == 2


def test_ping_as_json_lines(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stun", "ping", server, "-c", "1", "--format", "jsonl"]) == ExitCode.CLEAN
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["step", "result"]
    assert lines[-1]["works"] is True


def test_ping_of_nobody(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = f"127.0.0.1:{closed_port()}"
    assert main(["stun", "ping", nobody, "-c", "1"]) == ExitCode.NETWORK
    assert "GATHER006" in capsys.readouterr().out
    assert main(["stun", "ping", nobody, server, "-c", "1"]) == ExitCode.FINDINGS
    capsys.readouterr()


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["stun", "ping", "http://example.org"], "stun:, stuns:, turn: or turns:"),
        (["stun", "ping", "h", "--interface", "nosuch0"], "there are:"),
        (["stun", "ping", "stuns:h", "--ca", "/nonexistent.pem"], "cannot read certificates"),
        (["stun", "serve", "--listen", "localhost"], "no IP address"),
        (["stun", "serve", "--listen", "127.0.0.1", "--listen", "::1"], "one family"),
        (["turn", "check", "stun:h"], "no TURN server"),
        (["turn", "check", "turns:h?transport=udp"], "DTLS"),
        (["turn", "check", "h", "-u", "alice"], "no password"),
        (["turn", "check", "h", "--credential", "x"], "without --username"),
        (["turn", "check", "h", "-u", "a", "--credential", "x", "--rest-secret", "y"], "only one"),
        (["turn", "check", "h", "--credential-file", "/nonexistent"], "cannot read"),
        (["turn", "check", "h", "--peer", "example.org"], "no IP address"),
        (["turn", "check", "h", "--way", "sctp"], "udp, tcp or tls"),
        (["turn", "check", "turn:u:hidden@h"], "user name and credential apart"),
    ],
)
def test_usage(command: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert complaint in said.err
    assert "hidden" not in said.err
    assert len(said.err.strip().splitlines()) <= 4


def test_secrets_come_from_files_and_the_environment(
    server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from rtckit.cli.probe_options import read_secret

    file = tmp_path / "password.txt"
    file.write_text("open sesame\n", encoding="utf-8")
    assert read_secret(None, str(file), "X", "credential", ask=False) == "open sesame"
    monkeypatch.setenv("RTCKIT_TEST_SECRET", "from the environment")
    found = read_secret(None, None, "RTCKIT_TEST_SECRET", "credential", ask=False)
    assert found == "from the environment"
    assert read_secret(None, None, "RTCKIT_NOT_SET", "credential", ask=False) is None
    # A STUN server refuses Allocate, or rather says nothing to it.
    command = ["turn", "check", f"turn:{server}?transport=udp", "-u", "alice", "--timeout", "0.3"]
    main([*command, "--credential-file", str(file), "-v"])
    said = capsys.readouterr()
    assert "open sesame" not in said.out + said.err


def test_a_user_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTCKIT_TURN_USERNAME", "alice")
    closed = f"turn:127.0.0.1:{closed_port()}?transport=udp"
    assert main(["turn", "check", closed]) == ExitCode.USAGE
    assert "no password for alice" in capsys.readouterr().err
    monkeypatch.setenv("RTCKIT_TURN_CREDENTIAL", "open sesame")
    assert main(["turn", "check", closed]) == ExitCode.NETWORK
    assert not capsys.readouterr().err
    # A secret that is given counts more than a password that stands about.
    assert main(["turn", "check", closed, "--rest-secret", "hidden"]) == ExitCode.NETWORK
    assert not capsys.readouterr().err


def test_no_password_is_asked_for_beside_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtckit.cli.probe_options.is_terminal", lambda stream: True)
    monkeypatch.setattr("click.prompt", lambda *_, **__: pytest.fail("asked for a password"))
    command = ["turn", "check", f"turn:127.0.0.1:{closed_port()}?transport=udp", "-u", "alice"]
    assert main([*command, "--rest-secret", "hidden"]) == ExitCode.NETWORK


def test_a_stun_server_is_no_turn_server(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["turn", "check", f"turn:{server}?transport=udp", "--timeout", "0.3"]
    code = main([*command, "--format", "json"])
    answer = json.loads(capsys.readouterr().out)
    assert code == ExitCode.FINDINGS
    steps = {step["step"]: step["ok"] for step in answer["servers"][0]["steps"]}
    assert steps["binding"] is True
    assert steps["challenge"] is False
    assert answer["findings"], "the silence is explained"


def test_serve_until_interrupted() -> None:
    command = [sys.executable, "-m", "rtckit", "stun", "serve", "--port", "0", "--format", "jsonl"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        listening = json.loads(process.stdout.readline())
        assert listening["event"] == "listening"
        (address,) = listening["addresses"]
        host, _, port = address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            # RFC 8489, 5: type, length, cookie, transaction id, by hand.
            client.sendto(bytes.fromhex("000100002112a442") + b"by hand ....", (host, int(port)))
            answer = client.recv(200)
            mine = client.getsockname()
        assert answer[:2] == b"\x01\x01"
        # XOR-MAPPED-ADDRESS: the port under the cookie's first half.
        at = answer.index(bytes.fromhex("00200008")) + 4
        assert int.from_bytes(answer[at + 2 : at + 4], "big") ^ 0x2112 == mine[1]
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=10)
    lines = [json.loads(line) for line in rest.splitlines()]
    assert [line["event"] for line in lines] == ["request", "result"]
    assert lines[-1]["requests"]["answered"] == 1
    assert process.returncode == 0


def test_serve_where_it_cannot(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        assert main(["stun", "serve", "--port", port, "-q"]) == ExitCode.NETWORK
    said = capsys.readouterr().err
    assert said == f"rtckit: error: cannot listen on 127.0.0.1:{port}: Address already in use\n"
