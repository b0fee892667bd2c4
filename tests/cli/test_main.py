"""The command table, exit codes and what stands on stderr."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import rtckit
from rtckit.cli.lazy import LazyCommand, LazyGroup
from rtckit.cli.main import cli, main
from rtckit.core.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """``rtckit fake HOW`` fails as told."""
    monkeypatch.setitem(cli.table, "fake", LazyCommand("tests.cli.fake:fake", "Fail as told."))


def all_commands(
    group: LazyGroup = cli, path: str = "rtckit"
) -> list[tuple[str, LazyCommand, click.Command]]:
    """Every command below ``group``, with its path and its entry in the table."""
    found: list[tuple[str, LazyCommand, click.Command]] = []
    for name, entry in group.table.items():
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        found.append((f"{path} {name}", entry, command))
        if isinstance(command, LazyGroup):
            found += all_commands(command, f"{path} {name}")
    return found


COMMANDS = all_commands()
each_command = pytest.mark.parametrize(
    ("path", "entry", "command"), COMMANDS, ids=[path for path, _, _ in COMMANDS]
)


@each_command
def test_table_says_what_the_command_says(
    path: str, entry: LazyCommand, command: click.Command
) -> None:
    assert command.name == path.split()[-1]
    assert command.short_help == entry.summary
    assert command.help
    if not isinstance(command, LazyGroup):
        assert command.help.startswith(entry.summary)


@each_command
def test_every_verb_has_the_common_options(
    path: str, entry: LazyCommand, command: click.Command
) -> None:
    if isinstance(command, LazyGroup):
        return
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--format", "-o", "--output", "-q", "-v", "--color"} <= options


@each_command
def test_every_command_has_help(
    path: str, entry: LazyCommand, command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path.split()[1:], "--help"]) == ExitCode.CLEAN
    shown = capsys.readouterr()
    assert shown.out.startswith(f"Usage: {path} ")
    assert not shown.err


def test_help_lists_the_table_in_its_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    listed = re.findall(r"^  (\w+)  +\S", out.split("Commands:")[1], re.MULTILINE)
    assert listed == list(cli.table)
    for entry in cli.table.values():
        assert entry.summary in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rtckit {rtckit.__version__}\n"


def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnos"]) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert not shown.out
    assert "No such command 'diagnos'. Did you mean 'diagnose'?" in shown.err
    assert main(["xyzzy"]) == ExitCode.USAGE
    assert "Did you mean" not in capsys.readouterr().err


def test_no_command_is_a_usage_error_with_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert "Commands:" in shown.err
    assert not shown.out


@pytest.mark.parametrize("arguments", [["diagnose"], ["explain"], ["rules", "--format", "xml"]])
def test_wrong_arguments_are_usage_errors(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert shown.err.startswith("Usage: rtckit ")
    assert not shown.out


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("how", "code", "line"),
    [
        ("usage", 2, "no such thing"),
        ("parse", 3, "byte 7: bad byte \\x1b[2J (expected a good one)"),
        ("unreadable", 3, "not a capture"),
        ("file", 3, "cannot read call.pcapng: No such file or directory"),
        ("network", 4, "nobody answered"),
        ("missing", 5, "coturn: apt-get install coturn"),
    ],
)
def test_errors_are_one_line_and_their_code(
    how: str, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fake", "-q", how]) == code
    shown = capsys.readouterr()
    assert shown.err == f"rtckit: error: {line}\n"
    assert not shown.out


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("how", ["bug", "device"])
def test_a_bug_says_what_to_send(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fake", "-q", how]) == ExitCode.BUG
    shown = capsys.readouterr()
    assert not shown.out
    first, second = shown.err.splitlines()
    assert "a bug in rtckit" in first
    assert ("ZeroDivisionError" if how == "bug" else "the device is gone") in first
    assert rtckit.__version__ in first
    assert "report" in second
    assert "Traceback" not in shown.err


@pytest.mark.usefixtures("fake")
def test_a_bug_shows_its_traceback_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["fake", "-vv", "bug"]) == ExitCode.BUG
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("RTCKIT_DEBUG", "1")
    assert main(["fake", "bug"]) == ExitCode.BUG
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.usefixtures("fake")
def test_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fake", "-q", "interrupt"]) == ExitCode.INTERRUPTED
    shown = capsys.readouterr()
    assert not shown.out
    assert not shown.err.strip()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rtckit", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_module_runs_as_a_program() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"rtckit {rtckit.__version__}\n", "")


def test_a_reader_that_leaves_is_no_error() -> None:
    program = (
        "import sys\nfrom rtckit.cli.main import cli, main\n"
        "from rtckit.cli.lazy import LazyCommand\n"
        "cli.table['fake'] = LazyCommand('tests.cli.fake:fake', ''); sys.exit(main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "fake", "-q", "lines"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "line\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell: str) -> None:
    script = run(_RTCKIT_COMPLETE=f"{shell}_source")
    assert script.returncode == 0, script.stderr
    assert f"{shell}_complete" in script.stdout


def test_completion_of_commands() -> None:
    done = run(_RTCKIT_COMPLETE="bash_complete", COMP_WORDS="rtckit di", COMP_CWORD="1")
    assert done.stdout == "plain,diagnose\n"
