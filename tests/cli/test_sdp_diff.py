"""``rtckit sdp diff``."""

import json
from pathlib import Path

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from tests.sdp.descriptions import CHROMIUM_OFFER, FIREFOX_ANSWER

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
CALL = CAPTURES / "chromium-firefox"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    texts = {
        "offer": CHROMIUM_OFFER,
        "newer": CHROMIUM_OFFER.replace("1336 2 IN", "1336 3 IN"),
        "hold": CHROMIUM_OFFER.replace("a=sendrecv", "a=sendonly"),
        "answer": FIREFOX_ANSWER,
        "wrapped": json.dumps({"type": "offer", "sdp": CHROMIUM_OFFER}),
        "poem": "It was a dark and stormy night.\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    return {name: str(tmp_path / name) for name in texts}


def test_equal_is_0(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "diff", files["offer"], files["newer"]]) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert shown.startswith("the same, 1 volatile difference left out; one session, version 2")
    every = ["sdp", "diff", "--all", files["offer"], files["newer"]]
    assert main(every) == ExitCode.FINDINGS
    assert "origin.version" in capsys.readouterr().out


def test_different_is_1(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["sdp", "diff", files["offer"], files["hold"], "--format", "json"]
    assert main(arguments) == ExitCode.FINDINGS
    answer = json.loads(capsys.readouterr().out)
    assert answer["equal"] is False
    (change,) = answer["changes"]
    assert (change["path"], change["kind"]) == ("media[0].direction", "changed")


def test_unreadable_is_3(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for pair in ([files["offer"], files["poem"]], [files["poem"], files["offer"]]):
        assert main(["sdp", "diff", *pair]) == ExitCode.UNREADABLE
        shown = capsys.readouterr()
        assert not shown.out
        assert files["poem"] in shown.err
    missing = ["sdp", "diff", files["offer"], files["offer"] + ".not"]
    assert main(missing) == ExitCode.UNREADABLE


def test_usage(files: dict[str, str]) -> None:
    both = ["sdp", "diff", "--answer", "--munging", files["offer"], files["answer"]]
    assert main(both) == ExitCode.USAGE
    assert main(["sdp", "diff", "-", "-"]) == ExitCode.USAGE


def test_json_around_it_is_told(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "diff", files["offer"], files["wrapped"]]) == ExitCode.CLEAN
    assert "JSON" in capsys.readouterr().err


def test_html(files: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "diff.html"
    arguments = ["--format", "html", "-o", str(page)]
    for view in ([], ["--answer"], ["--munging"]):
        code = main(["sdp", "diff", *view, files["offer"], files["answer"], *arguments])
        assert code == ExitCode.FINDINGS
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_answer_of_a_recorded_call(capsys: pytest.CaptureFixture[str]) -> None:
    offer, answer = str(CALL / "offer.sdp"), str(CALL / "answer.sdp")
    arguments = ["sdp", "diff", "--answer", offer, answer, "--format", "json"]
    assert main(arguments) == ExitCode.FINDINGS
    view = json.loads(capsys.readouterr().out)
    assert view["faults"] == []
    assert [section["state"] for section in view["media"]] == ["accepted"] * 3
    video = view["media"][1]
    # Debian's Firefox has no H264.
    assert all("H264" in name or "profile-id=2" in name for name in video["codecs"]["dropped"])
    assert video["codecs"]["order"][:3] == ["VP8", "AV1", "VP9"]
    assert video["flow"] == "both ends send"
    assert main(["sdp", "diff", "--answer", offer, answer]) == ExitCode.FINDINGS
    assert "the answerer opens the DTLS connection" in capsys.readouterr().out


def test_munging(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdp", "diff", "--munging", files["offer"], files["hold"]]) == ExitCode.FINDINGS
    assert "both browsers take it" in capsys.readouterr().out
    assert main(["sdp", "diff", "--munging", files["offer"], files["offer"]]) == ExitCode.CLEAN
    assert "nothing was edited" in capsys.readouterr().out


def test_no_secret_leaves(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "json", "html"):
        for view in ([], ["--all"], ["--answer"], ["--munging"]):
            main(["sdp", "diff", *view, files["offer"], files["answer"], "--format", form])
            assert "B14uzuQzBJjWnVIHYVlp7Qmk" not in capsys.readouterr().out
