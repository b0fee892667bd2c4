"""``rtckit jsep``."""

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from rtckit.jsep.simulation import library_names, library_text

Capture = pytest.CaptureFixture[str]

MINE = """\
title = "Mine"

[[steps]]
a = "addTrack"
kind = "audio"

[[steps]]
a = "answer"
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    return str(path)


def test_a_scenario_of_the_library_is_played(capsys: Capture) -> None:
    arguments = ["jsep", "simulate", "glare", "--a", "chromium", "--b", "firefox"]
    assert main(arguments) == ExitCode.CLEAN
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.startswith("Glare, and nobody gives way\na is chromium; b is firefox;")
    words = " ".join(shown.out.split())
    assert "Failed to set remote answer sdp: Called in wrong state: stable" in words
    assert "Cannot set remote answer in state stable" in words
    assert "means: an answer came, and no offer of this side is open" in words
    assert "a: stable -> have-local-offer" in words
    assert words.endswith("All went as the scenario expects.")


def test_a_file_that_goes_otherwise_is_1(mine: str, capsys: Capture) -> None:
    assert main(["jsep", "simulate", mine]) == ExitCode.FINDINGS
    shown = capsys.readouterr().out
    assert "not as the scenario expects: createAnswer of a failed and should not" in shown
    assert "1 thing went otherwise than the scenario expects:" in shown


def test_stdin(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MINE.encode())))
    assert main(["jsep", "simulate", "-", "--format", "json"]) == ExitCode.FINDINGS
    assert json.loads(capsys.readouterr().out)["scenario"] == "stdin"


def test_json(capsys: Capture) -> None:
    assert main(["jsep", "simulate", "plain-call", "--format", "json"]) == ExitCode.CLEAN
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["findings"], answer["as_expected"]) == (1, [], True)
    assert answer["peers"]["b"] == {"stack": "rfc", "name": "", "role": "polite", "real": False}
    media = answer["ending"]["media"]
    assert [item["directions"] for item in media] == [{"a": "sendrecv", "b": "sendrecv"}] * 2
    assert media[0]["sends"]["a"]["codec"] == "opus/48000/2"
    assert {message["kind"] for message in answer["messages"]} == {"offer", "answer", "candidate"}


def test_jsonl(capsys: Capture) -> None:
    assert main(["jsep", "simulate", "upgrade", "--format", "jsonl"]) == ExitCode.CLEAN
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["event"] for line in lines[:-1]} == {"step"}
    assert [line["number"] for line in lines[:-1]] == list(range(1, len(lines)))
    assert lines[-1]["event"] == "result"
    assert lines[-1]["as_expected"]


def test_svg_and_html(tmp_path: Path) -> None:
    for form in ("svg", "html"):
        path = tmp_path / f"out.{form}"
        arguments = ["jsep", "simulate", "two-answers", "--format", form, "-o", str(path)]
        assert main(arguments) == ExitCode.CLEAN
        text = path.read_text(encoding="utf-8")
        if form == "svg":
            assert ET.fromstring(text).tag.endswith("svg")
        else:
            assert text.startswith("<!doctype html>")
            assert "<script" not in text


def test_verbose_shows_methods_and_texts_with_secrets_masked(capsys: Capture) -> None:
    assert main(["jsep", "simulate", "plain-call", "-vv"]) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert "createOffer ok" in shown
    assert "a=rtpmap:111 opus/48000/2" in shown
    assert "a=ice-pwd:*" in shown


def test_the_seed_decides_what_is_made_up(capsys: Capture) -> None:
    texts = []
    for seed in ("1", "1", "2"):
        main(["jsep", "simulate", "plain-call", "--seed", seed, "--format", "json"])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'title = "x"\n[[steps]]\na = "offr"\n', "line 3: a of step 1 is"),
        (b"\xff", "no text in UTF-8, at byte 0"),
        (b"{", "no TOML"),
    ],
)
def test_unreadable_is_3(text: bytes, said: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(text)
    assert main(["jsep", "simulate", str(path)]) == ExitCode.UNREADABLE
    shown = capsys.readouterr()
    assert not shown.out
    assert said in shown.err
    assert "bad.toml" in shown.err


def test_a_file_that_is_not_there_is_3(tmp_path: Path) -> None:
    assert main(["jsep", "simulate", str(tmp_path / "none.toml")]) == ExitCode.UNREADABLE


def test_usage(capsys: Capture) -> None:
    assert main(["jsep", "simulate", "glre"]) == ExitCode.USAGE
    assert "did you mean glare?" in capsys.readouterr().err
    assert main(["jsep", "simulate", "glare", "--a", "safari"]) == ExitCode.USAGE
    assert main(["jsep", "show", "glre"]) == ExitCode.USAGE
    assert main(["jsep", "simulate", "glare", "--real", "a"]) == ExitCode.USAGE
    assert "choose one with --a chromium" in " ".join(capsys.readouterr().err.split())
    assert main(["jsep", "simulate", "plan-b-peer", "--real", "b"]) == ExitCode.USAGE


def test_a_fixed_peer_stays(capsys: Capture) -> None:
    main(["jsep", "simulate", "simulcast-to-sfu", "--b", "firefox"])
    shown = capsys.readouterr()
    assert "b is an SFU here and stays so" in shown.err
    assert "b is an SFU (rfc)" in shown.out


def test_the_library_is_listed_and_shown(capsys: Capture) -> None:
    assert main(["jsep", "list"]) == ExitCode.CLEAN
    listed = [line.split()[0] for line in capsys.readouterr().out.split("\n\n")[0].splitlines()]
    assert listed == library_names()
    assert main(["jsep", "list", "--format", "json"]) == ExitCode.CLEAN
    scenarios = json.loads(capsys.readouterr().out)["scenarios"]
    assert [item["name"] for item in scenarios] == listed
    assert main(["jsep", "show", "glare"]) == ExitCode.CLEAN
    assert capsys.readouterr().out == library_text("glare")
    assert main(["jsep", "show", "glare", "--format", "json"]) == ExitCode.CLEAN
    assert json.loads(capsys.readouterr().out)["toml"] == library_text("glare")


def test_real_peers_are_compared(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The comparison, with a simulated peer in the place of the real one."""
    from rtckit.jsep.simulation import simulate
    from rtckit.lab import play

    def pretend(scenario: object, real: tuple[str, ...], progress: object) -> object:
        assert real == ("a",)
        return simulate(scenario, a=other)  # type: ignore[arg-type]

    monkeypatch.setattr(play, "play_for_real", pretend)
    arguments = ["jsep", "simulate", "glare", "--a", "chromium", "--real", "a"]
    other = "chromium"
    assert main(arguments) == ExitCode.CLEAN
    shown = capsys.readouterr()
    assert "playing it with a real chromium" in shown.err
    assert "simulated and real are equal in all of 10 steps" in shown.out
    other = "firefox"
    assert main(arguments) == ExitCode.FINDINGS
    words = " ".join(capsys.readouterr().out.split())
    assert "simulated: Failed to execute 'setRemoteDescription'" in words
    assert "real: Cannot set remote answer in state stable" in words
    assert main([*arguments, "--format", "json"]) == ExitCode.FINDINGS
    assert json.loads(capsys.readouterr().out)["comparison"]["equal"] is False
    assert main([*arguments, "--format", "html"]) == ExitCode.FINDINGS
    assert "simulated against real" in capsys.readouterr().out
