"""``rtckit ice gather`` and ``rtckit ice check``, on loopback."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from rtckit.ice.settings import Credentials
from rtckit.live.description import build_offer

Capture = pytest.CaptureFixture[str]
LOOPBACK = ["-i", "lo", "-4"]
ROOT = Path(__file__).resolve().parents[2]


def end(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "rtckit", "ice", "check", *LOOPBACK, *arguments]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


# --- gather


def test_gather(capsys: Capture) -> None:
    assert main(["ice", "gather", *LOOPBACK]) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert shown.startswith("1 candidate in ")
    assert "host  udp  127.0.0.1:" in shown


def test_gather_names_a_closed_port(capsys: Capture) -> None:
    arguments = ["ice", "gather", *LOOPBACK, "-s", "stun:127.0.0.1:9", "--format", "json"]
    assert main(arguments) == ExitCode.NETWORK
    answer = json.loads(capsys.readouterr().out)
    assert [error["error"] for error in answer["errors"]] == ["icmp"]
    assert [finding["rule"] for finding in answer["findings"]] == ["GATHER006"]


def test_gather_tells_as_it_happens(capsys: Capture) -> None:
    assert main(["ice", "gather", *LOOPBACK, "--tcp", "--format", "jsonl"]) == ExitCode.CLEAN
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == [
        "gathering",
        *["local-candidate"] * 3,
        "gathering",
        "result",
    ]
    assert [c["tcptype"] for c in events[-1]["candidates"]] == [None, "active", "passive"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-s", "stun:"],
        ["-s", "http://example.org"],
        ["-i", "nosuch0"],
        ["--policy", "relay"],
        ["--budget", "0"],
        ["-s", "turn:127.0.0.1", "-u", "alice"],
    ],
)
def test_gather_wrongly(arguments: list[str], capsys: Capture) -> None:
    assert main(["ice", "gather", *arguments]) == ExitCode.USAGE
    assert capsys.readouterr().err


def test_secrets_are_not_shown(capsys: Capture) -> None:
    arguments = ["-s", "turn:127.0.0.1:9", "-u", "alice", "--credential", "hunter2"]
    for form in ("text", "json", "jsonl"):
        main(["ice", "gather", *LOOPBACK, *arguments, "--format", form, "-v"])
        shown = capsys.readouterr()
        assert "hunter2" not in shown.out + shown.err


# --- check


def test_two_ends_meet_in_a_folder(tmp_path: Path, capsys: Capture) -> None:
    way = ["--signal", f"dir:{tmp_path / 'meet'}"]
    with end(*way, "--format", "json") as other:
        code = main(["ice", "check", *LOOPBACK, *way, "--format", "jsonl"])
        answer = json.loads(other.communicate(timeout=30)[0])
    assert (code, other.returncode) == (0, 0)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    result = events[-1]
    assert result["event"] == "result"
    assert result["connected"]
    assert answer["connected"]
    assert result["selected"]["local"]["port"] == answer["selected"]["remote"]["port"]
    assert {result["role"], answer["role"]} == {"offer", "answer"}
    assert set(result["timings_ms"]) == {"gather", "signalling", "checks", "total"}
    kinds = [event["event"] for event in events]
    assert kinds.count("description") == 2
    assert "selected" in kinds


@pytest.mark.parametrize("engine", ["native", "aioice"])
def test_two_ends_joined_by_a_pipe(engine: str, tmp_path: Path) -> None:
    output = str(tmp_path / "answer.json")
    arguments = ["--signal", "pipe", "--format", "json", "-o", output]
    script = (
        "import subprocess, sys, socket\n"
        "a, b = socket.socketpair()\n"
        f"command = {[sys.executable, '-m', 'rtckit', 'ice', 'check', *LOOPBACK]!r}\n"
        f"arguments = {[*arguments, '--role', 'offer']!r}\n"
        "one = subprocess.Popen(command + arguments, stdin=a, stdout=a)\n"
        "other = subprocess.Popen(command + ['--signal', 'pipe', '--role', 'answer', "
        f"'--engine', {engine!r}, '--nomination', 'aggressive'], stdin=b, stdout=b)\n"
        "a.close(); b.close()\n"
        "sys.exit(one.wait() or other.wait())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Connected directly, host to host")
    assert json.loads(Path(output).read_text())["connected"]


def test_nobody_answers_a_pasted_offer(tmp_path: Path, capsys: Capture) -> None:
    # A peer with nothing but an IPv6 address cannot be reached from an IPv4 one: said at once.
    offer = build_offer(Credentials("them", "x" * 24), [], Random(1)).replace(
        "a=end-of-candidates",
        "a=candidate:1 1 udp 2130706431 2001:db8::1 5000 typ host\r\na=end-of-candidates",
    )
    (tmp_path / "offer.sdp").write_text(offer, newline="")
    arguments = ["ice", "check", *LOOPBACK, "--remote", str(tmp_path / "offer.sdp")]
    assert main([*arguments, "--sdp-out", str(tmp_path / "answer.sdp")]) == ExitCode.FINDINGS
    shown = capsys.readouterr().out
    assert shown.startswith(("Failed", "Not connected"))
    assert "IPv6" in shown
    answer = (tmp_path / "answer.sdp").read_bytes()
    assert b"a=ice-ufrag:" in answer
    assert answer.endswith(b"\r\n")


def test_the_answer_to_an_offer_is_printed(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "offer.sdp").write_text(
        build_offer(Credentials("them", "x" * 24), [], Random(1)), newline=""
    )
    arguments = ["ice", "check", *LOOPBACK, "--remote", str(tmp_path / "offer.sdp")]
    assert main([*arguments, "--timeout", "0.2"]) == ExitCode.FINDINGS
    shown = capsys.readouterr().out
    assert shown.startswith("v=0")
    assert "a=candidate:" in shown


def test_the_other_end_does_not_come(tmp_path: Path, capsys: Capture) -> None:
    arguments = ["ice", "check", *LOOPBACK, "--signal", f"dir:{tmp_path}", "--wait", "0.2"]
    assert main(arguments) == ExitCode.NETWORK
    assert "no description came" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--signal", "dir:x", "--remote", "y"],
        ["--remote", "y", "--role", "offer"],
        ["--signal", "pipe"],
        ["--signal", "pipe", "--role", "offer", "--format", "json"],
        ["--signal", "pigeon"],
        ["--signal", "paste", "--engine", "aioice", "--lite"],
    ],
)
def test_check_wrongly(arguments: list[str], capsys: Capture) -> None:
    assert main(["ice", "check", *LOOPBACK, *arguments]) == ExitCode.USAGE
    assert capsys.readouterr().err


def test_it_is_said_where_the_other_end_is_awaited(tmp_path: Path, capsys: Capture) -> None:
    ways = [("connect:127.0.0.1:1", "connecting to the other end at 127.0.0.1:1")]
    ways.append((f"dir:{tmp_path}", f"meeting the other end in {tmp_path}"))
    for way, note in ways:
        arguments = ["ice", "check", *LOOPBACK, "--signal", way, "--wait", "0.2"]
        assert main(arguments) == ExitCode.NETWORK
        assert capsys.readouterr().err.startswith(f"rtckit: {note}\n")


def test_what_is_no_offer(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "offer.sdp").write_text("hello")
    arguments = ["ice", "check", *LOOPBACK, "--remote", str(tmp_path / "offer.sdp")]
    assert main(arguments) == ExitCode.UNREADABLE
    assert "no session description" in capsys.readouterr().err
