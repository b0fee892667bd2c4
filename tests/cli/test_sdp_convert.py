"""``rtckit sdp convert`` and ``rtckit sdp anonymize``, and the choice among descriptions."""

import json
from pathlib import Path

import pytest

import rtckit
from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from rtckit.jsep.simulation import read_library
from tests.sdp.descriptions import CHROMIUM_OFFER, FIREFOX_ANSWER

DUMP = Path(__file__).parents[1] / "sdp" / "data" / "webrtc_internals_dump.gz"


@pytest.fixture
def log(tmp_path: Path) -> str:
    """A log with an offer, an answer and a candidate."""
    messages = [
        {"type": "offer", "sdp": CHROMIUM_OFFER},
        {"type": "answer", "sdp": FIREFOX_ANSWER},
        {"candidate": "candidate:1 1 udp 1 198.51.100.9 9 typ host", "sdpMid": "0"},
    ]
    file = tmp_path / "signaling.log"
    file.write_text("".join(f"12:00:00 {json.dumps(item)}\n" for item in messages))
    return str(file)


def test_to_plain_sdp(log: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["sdp", "convert", log, "--index", "2"]) == ExitCode.CLEAN
    out, err = capsysbinary.readouterr()
    assert out == FIREFOX_ANSWER.encode()
    assert b"undone: text round JSON; JSON {type, sdp}" in err


def test_to_json(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "convert", log, "--to", "json", "--type", "answer"]) == ExitCode.CLEAN
    assert json.loads(capsys.readouterr().out) == {"type": "answer", "sdp": FIREFOX_ANSWER}


def test_to_candidates(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "convert", log, "--to", "candidates"]) == ExitCode.CLEAN
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert entries[-1] == {
        "candidate": "candidate:1 1 udp 1 198.51.100.9 9 typ host",
        "sdpMid": "0",
        "sdpMLineIndex": None,
    }
    assert entries[0]["usernameFragment"] == "YOmo"


def test_plan_b_to_unified_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = (
        step.arguments["sdp"]
        for step in read_library("plan-b-peer").steps
        if "sdp" in step.arguments
    )
    file = tmp_path / "old.sdp"
    file.write_text(text)
    assert main(["sdp", "convert", str(file), "--to", "unified-plan"]) == ExitCode.CLEAN
    out, err = capsys.readouterr()
    document = rtckit.sdp.parse(out)
    assert [media.kind for media in document.media] == ["audio", "video", "video"]
    assert [media.msids[0].track for media in document.media] == [
        "camera-audio",
        "camera-video",
        "screen-video",
    ]
    assert "rtckit: track screen-video of section 1 gets section 2" in err
    new = tmp_path / "new.sdp"
    new.write_text(out)
    arguments = ["sdp", "convert", str(new), "--to", "unified-plan", "--format", "json"]
    assert main(arguments) == ExitCode.CLEAN
    out, err = capsys.readouterr()
    again = json.loads(out)
    assert (again["type"], again["steps"]) == ("offer", [])
    assert rtckit.sdp.diff(again["sdp"], new.read_text()).equal
    assert err == "rtckit: this is unified plan already\n"
    for stack in ("rfc", "chromium", "firefox"):
        assert main(["sdp", "answer", str(new), "--stack", stack]) == ExitCode.CLEAN
        answer = rtckit.sdp.parse(capsys.readouterr().out)
        assert not any(media.rejected for media in answer.media)


def test_of_several_the_first_is_read_and_the_others_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["sdp", "show", str(DUMP), "--format", "json"]) == ExitCode.CLEAN
    out, err = capsys.readouterr()
    assert "3 descriptions in a webrtc-internals dump; reading the first" in err
    assert "#3  answer, remote, setRemoteDescription" in err
    assert json.loads(out)
    assert main(["sdp", "show", f"{DUMP}#2"]) == ExitCode.CLEAN
    assert capsys.readouterr().out.startswith("answer")
    assert main(["sdp", "show", f"{DUMP}#9"]) == ExitCode.USAGE
    assert "the input holds 3" in capsys.readouterr().err


def test_none_of_that_type(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "convert", log, "--type", "pranswer"]) == ExitCode.USAGE
    assert "no description of type pranswer" in capsys.readouterr().err


def test_anonymize_writes_files_and_the_mapping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "offer.sdp").write_bytes(CHROMIUM_OFFER.encode())
    (tmp_path / "answer.sdp").write_bytes(FIREFOX_ANSWER.encode())
    files = [str(tmp_path / "offer.sdp"), str(tmp_path / "answer.sdp")]
    arguments = ["sdp", "anonymize", "--seed", "1", *files]
    into = ["--directory", str(tmp_path / "shown"), "--map", str(tmp_path / "map.json")]
    assert main([*arguments, *into]) == ExitCode.CLEAN
    capsys.readouterr()
    mapping = json.loads((tmp_path / "map.json").read_text())
    offer = (tmp_path / "shown" / "offer.sdp").read_bytes().decode()
    assert mapping["YOmo"] in offer
    assert "B14uzuQzBJjWnVIHYVlp7Qmk" not in offer
    assert offer.count("\r\n") == CHROMIUM_OFFER.count("\r\n")
    assert main(arguments) == ExitCode.CLEAN
    joined = capsys.readouterr().out
    (tmp_path / "joined").write_text(joined, newline="")
    assert main(["sdp", "convert", "-q", str(tmp_path / "joined"), "--index", "1"]) == 0
    assert capsys.readouterr().out == offer


def test_anonymize_differs_from_run_to_run(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for _ in range(2):
        assert main(["sdp", "anonymize", "-q", log]) == ExitCode.CLEAN
        shown.append(capsys.readouterr().out)
    assert shown[0] != shown[1]
    assert "198.51.100.9 " not in shown[0]
