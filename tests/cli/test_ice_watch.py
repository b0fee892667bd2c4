"""``rtckit ice watch``: what is watched, in which form, and what is refused."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "captures"
FEED = ROOT / "tests" / "tui" / "feeds" / "relayed.jsonl"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a command."""
    code = main(["ice", "watch", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_recorded_call_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, str(CAPTURES / "chromium-firefox"), "--format", "text")
    assert code == ExitCode.CLEAN
    assert out.startswith("Chromium, controlling\nConnected directly, host to host, ")
    assert "Firefox, controlled" in out
    assert "selected: data goes here" in out
    assert not err


def test_a_failure_names_the_rule_of_the_diagnosis(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, str(CAPTURES / "ice-failed"), "--format", "text", "-v")
    assert code == ExitCode.FINDINGS
    assert "(CHECK001)" in out
    assert "no answer to 46 checks" in out
    assert "check sent" in out


def test_json_has_each_end_with_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, str(CAPTURES / "relayed"), "--format", "json")
    assert code == ExitCode.CLEAN
    answer = json.loads(out)
    assert answer["schema"] == 1
    assert [end["side"] for end in answer["ends"]] == ["Chromium", "Firefox"]
    for end in answer["ends"]:
        assert end["verdict"] == "connected"
        (pair,) = end["pairs"]
        assert pair["selected"]
        assert pair["local"].startswith("relay udp 203.0.113.10:")


def test_jsonl_is_the_feed_and_ends_with_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, str(CAPTURES / "aiortc-aiortc"), "--format", "jsonl")
    assert code == ExitCode.CLEAN
    events = [json.loads(line) for line in out.splitlines()]
    assert all("event" in event for event in events)
    assert events[-1]["event"] == "result"
    assert events[-1]["connected"] is True
    assert {"local-candidate", "pair", "sent", "response", "selected"} <= {
        event["event"] for event in events
    }


def test_the_feed_of_one_run_is_watched_in_another(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, first, _ = run(capsys, str(CAPTURES / "chromium-aiortc"), "--format", "jsonl")
    file = tmp_path / "run.jsonl"
    file.write_text(first, encoding="utf-8")
    _, again, _ = run(capsys, str(file), "--format", "jsonl")
    assert [json.loads(line) for line in again.splitlines()][:-1] == [
        json.loads(line) for line in first.splitlines()
    ][:-1]


def test_addresses_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "json", "jsonl"):
        code, out, _ = run(capsys, str(FEED), "--private", "--format", form)
        assert code == ExitCode.CLEAN
        for secret in ("192.168.", "198.51.", "203.0.113.", "example.org"):
            assert secret not in out
        assert "lan-1" in out


def test_a_simulation(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--simulate", "symmetric,symmetric", "--format", "text")
    assert code == ExitCode.FINDINGS
    assert "TURN server" in out
    code, out, _ = run(capsys, "--simulate", "symmetric,symmetric", "--turn", "--format", "text")
    assert code == ExitCode.CLEAN
    assert "through a TURN relay" in out


@pytest.mark.parametrize("engine", ["native", "aioice"])
def test_a_live_gathering(capsys: pytest.CaptureFixture[str], engine: str) -> None:
    code, out, _ = run(capsys, "-i", "lo", "-4", "--engine", engine, "--format", "jsonl")
    assert code == ExitCode.CLEAN
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["event"] == "result"
    assert any(event.get("address") == "127.0.0.1" for event in events)


def test_two_live_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rtckit", "ice", "watch", "-i", "lo", "-4"]
    command += ["--signal", f"dir:{tmp_path}", "--format", "jsonl"]
    ends = [
        subprocess.Popen(
            [*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        for more in (["--role", "offer"], ["--role", "answer", "--engine", "aioice"])
    ]
    for end in ends:
        out, err = end.communicate(timeout=60)
        assert end.returncode == ExitCode.CLEAN, err
        assert json.loads(out.splitlines()[-1])["connected"] is True


def test_without_a_terminal_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, str(FEED))
    assert code == ExitCode.USAGE
    assert not out
    assert err == (
        "rtckit: error: this is no terminal: --format text, json or jsonl say the same without a "
        "screen\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x.pcap", "--simulate", "open,open"], "one thing is watched at a time"),
        (["--simulate", "open"], "takes two ends"),
        (["--simulate", "open,steam"], "steam"),
        (["--signal", "paste"], "needs the terminal"),
        (["-"], "needs stdin for its keys"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, out, err = run(capsys, *arguments, "--format", "tui" if arguments == ["-"] else "text")
    assert code == ExitCode.USAGE
    assert said in err
    assert not out


def test_files_that_are_no_feed_and_no_call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, content in (
        ("a.jsonl", '{"event": "pair"}\nbroken\n'),
        ("b.txt", "nothing"),
        ("c.sdp", (CAPTURES / "relayed" / "offer.sdp").read_text(encoding="utf-8")),
    ):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        code, out, err = run(capsys, str(path), "--format", "text")
        assert code == ExitCode.UNREADABLE, name
        assert err.count("\n") == 1
        assert not out
    assert run(capsys, str(tmp_path / "none"), "--format", "text")[0] == ExitCode.UNREADABLE


def test_on_a_terminal_the_screen_is_shown_and_left_with_a_verdict() -> None:
    """The whole command on a terminal of its own: `f` plays to the end, `q` leaves."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    command = [sys.executable, "-m", "rtckit", "ice", "watch", str(FEED)]
    process = subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, cwd=ROOT, env=environment
    )
    os.close(follower)
    shown = bytearray()
    end = time.monotonic() + 60
    pressed = 0
    try:
        while time.monotonic() < end:
            if select.select([leader], [], [], 0.1)[0]:
                try:
                    piece = os.read(leader, 65536)
                except OSError:
                    break
                if not piece:
                    break
                shown += piece
            if pressed == 0 and b"Check list" in shown:
                os.write(leader, b"f")
                pressed = 1
            elif pressed == 1 and b"160.000" in shown:
                os.write(leader, b"q")
                pressed = 2
        assert process.wait(timeout=20) == ExitCode.CLEAN, shown[-2000:]
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    left = shown.decode(errors="replace").rpartition("\x1b[?1049l")[2]
    assert "Connected through a TURN relay, host to relay" in left
