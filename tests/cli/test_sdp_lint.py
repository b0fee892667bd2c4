"""``rtckit sdp lint`` from the outside: files, exit codes, formats."""

import io
import json
import sys
from pathlib import Path

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
OFFER = str(CAPTURES / "chromium-firefox" / "offer.sdp")
ANSWER = str(CAPTURES / "chromium-firefox" / "answer.sdp")


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.sdp"
    path.write_bytes(Path(OFFER).read_bytes().replace(b"c=IN IP4 ", b"c=IN IP4", 1))
    return str(path)


def test_exit_codes(broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "lint", OFFER]) == ExitCode.CLEAN
    assert "No problems found." in capsys.readouterr().out
    assert main(["sdp", "lint", broken]) == ExitCode.FINDINGS
    assert "error[SDP023]" in capsys.readouterr().out
    other = tmp_path / "other.txt"
    other.write_text("hello")
    assert main(["sdp", "lint", str(other)]) == ExitCode.UNREADABLE
    assert str(other) in capsys.readouterr().err
    info = tmp_path / "info.sdp"
    info.write_bytes(Path(OFFER).read_bytes().replace(b"\r\n", b"\n"))
    assert main(["sdp", "lint", str(info), "--select", "SDP013"]) == ExitCode.CLEAN
    assert "info[SDP013]" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [OFFER, ANSWER, OFFER],
        [OFFER, ANSWER, "--type", "offer"],
        [OFFER, ANSWER, "--offer", OFFER],
        [OFFER, "--select", "NONE001"],
        ["-", "-"],
        [ANSWER, "--type", "answer", "--stack", "chromium"],
    ],
)
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "lint", *arguments]) == ExitCode.USAGE


def test_pair_and_sequence(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "lint", OFFER, ANSWER, "--format", "concise"]) == ExitCode.CLEAN
    assert main(["sdp", "lint", "--offer", OFFER, OFFER, "--format", "concise"]) == 1
    assert "DTLS010" in capsys.readouterr().out
    assert main(["sdp", "lint", "--sequence", OFFER, ANSWER, OFFER]) == ExitCode.CLEAN


@pytest.mark.parametrize("stack", ["chromium", "firefox"])
def test_verdicts(stack: str, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "lint", OFFER, ANSWER, "--stack", stack, "--format", "json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["verdict"] == {
        "stack": stack,
        "accepts": True,
        "stage": None,
        "error": None,
        "message": None,
    }
    arguments = [OFFER, ANSWER, OFFER, "--sequence", "--stack", stack, "--format", "json"]
    assert main(["sdp", "lint", *arguments]) == ExitCode.CLEAN
    assert json.loads(capsys.readouterr().out)["verdict"]["accepts"]
    assert main(["sdp", "lint", broken, "--stack", stack, "--format", "json"]) == 1
    verdict = json.loads(capsys.readouterr().out)["verdict"]
    assert verdict["stage"] == "setRemoteDescription"
    assert verdict["error"]
    assert verdict["message"]


@pytest.mark.parametrize("form", ["full", "concise", "json", "sarif", "github"])
def test_formats(form: str, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "lint", broken, "--format", form]) == ExitCode.FINDINGS
    out = capsys.readouterr().out
    assert "SDP023" in out
    if form in ("json", "sarif"):
        assert isinstance(json.loads(out), dict)


def test_stdin_and_secrets(
    broken: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(OFFER).read_text().replace("a=ice-options:trickle", "a=ice-options:google-ice")
    password = text.partition("a=ice-pwd:")[2].partition("\n")[0].strip()
    wrapped = json.dumps({"type": "offer", "sdp": text})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(wrapped.encode())))
    assert main(["sdp", "lint", "-"]) == ExitCode.FINDINGS
    shown = capsys.readouterr()
    assert "stdin:" in shown.out
    assert "ICE024" in shown.out
    assert password not in shown.out
    assert "lines are those of the SDP inside" in shown.err
