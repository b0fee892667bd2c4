"""Where answers go and how they are drawn."""

import io
import json
import sys
from pathlib import Path

import pytest

from rtckit.cli.lazy import LazyCommand
from rtckit.cli.main import cli, main
from rtckit.cli.output import Settings, wants_color
from rtckit.core.errors import ExitCode


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.table, "fake", LazyCommand("tests.cli.fake:fake", "Fail as told."))


@pytest.mark.parametrize(
    ("choice", "terminal", "environment", "expected"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", False, {"FORCE_COLOR": "0"}, False),
        ("auto", False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(
    choice: str,
    terminal: bool,
    environment: dict[str, str],
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(choice, terminal) is expected


def test_the_answer_is_on_stdout_and_notes_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fake"]) == ExitCode.FINDINGS
    shown = capsys.readouterr()
    assert shown.out == "color=False width=100 verbose=0 → é\n"
    assert shown.err == "a note\n"


def test_quiet_leaves_only_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    main(["fake", "-q", "-vv"])
    shown = capsys.readouterr()
    assert shown.out == "color=False width=100 verbose=2 → é\n"
    assert not shown.err


def test_columns_set_the_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns, width in (("66", 66), ("10", 40), ("500", 120)):
        monkeypatch.setenv("COLUMNS", columns)
        main(["fake", "-q"])
        assert f"width={width} " in capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fake", "-q", "--format", "json"]) == ExitCode.FINDINGS
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "findings": []}


def test_output_goes_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "answer.txt"
    assert main(["fake", "-q", "-o", str(target)]) == ExitCode.FINDINGS
    assert target.read_text(encoding="utf-8") == "color=False width=100 verbose=0 → é\n"
    assert capsys.readouterr().out == ""


def test_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "none" / "answer.txt"
    assert main(["fake", "-q", "-o", str(target)]) == ExitCode.USAGE
    assert capsys.readouterr().err == (
        f"rtckit: error: cannot write {target}: No such file or directory\n"
    )


def test_output_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "none" / "answer.txt"
    assert main(["fake", "-o", str(target)]) == ExitCode.USAGE
    assert "a note" not in capsys.readouterr().err
    assert main(["fake", "-o", str(tmp_path)]) == ExitCode.USAGE
    assert capsys.readouterr().err.endswith(": Is a directory\n")


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_streams_may_be_closed_before_the_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, name, None)
    assert main(["fake"]) == ExitCode.FINDINGS


def test_a_closed_stdin_holds_nothing_to_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["sdp", "lint", "-"]) == ExitCode.USAGE
    assert capsys.readouterr().err == "rtckit: error: stdin is closed: there is nothing to read\n"
    command = ["turn", "check", "turn:127.0.0.1:9", "-u", "alice"]
    assert main(command) == ExitCode.USAGE
    assert "no password for alice" in capsys.readouterr().err


def test_a_terminal_without_unicode_gets_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["fake", "-q"]) == ExitCode.FINDINGS
    assert raw.getvalue() == b"color=False width=100 verbose=0 \\u2192 \\xe9\n"


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def progress_shown(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> str:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("rtckit.cli.output._PROGRESS_AFTER_S", 0.0)
    with settings.progress() as progress:
        for frames in (1000, 2000):
            if progress is not None:
                progress("x\x07.pcap", frames)
    return terminal.getvalue()


def test_progress_is_shown_and_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = progress_shown(monkeypatch, Settings("text", "-", False, 0, "auto"))
    assert shown == "\r\x1b[KReading x\\x07.pcap: 1,000 frames\r\x1b[K"


@pytest.mark.parametrize(
    "settings", [Settings("json", "-", False, 0, "auto"), Settings("text", "-", True, 0, "auto")]
)
def test_no_progress_for_scripts(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    assert progress_shown(monkeypatch, settings) == ""


def test_no_progress_for_what_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Settings("text", "-", False, 0, "auto").progress() as progress:
        assert progress is not None
        progress("x.pcap", 1000)
    assert terminal.getvalue() == ""
