"""``rtckit lab``: what the machine can do, a laboratory that is used, and its end."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtckit.cli import lab_user
from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from rtckit.lab import capabilities, doctor, guardian
from rtckit.lab.running import Running, enter_command, find_running, list_running, start_time
from tests.capabilities import require

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Laboratories of whoever runs the tests are none of ours."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def _empty_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    capabilities.probe.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    yield
    capabilities.probe.cache_clear()


@pytest.mark.usefixtures("_empty_machine")
def test_doctor_of_an_empty_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "doctor", "--format", "json"]) == ExitCode.MISSING
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is False
    by_name = {each["name"]: each for each in told["capabilities"]}
    assert set(doctor.NEEDED) == {name for name, each in by_name.items() if each["needed"]}
    coturn = by_name["coturn"]
    assert coturn["why"] == "turnserver is not on PATH"
    assert coturn["how"] == "apt-get install coturn"
    assert main(["lab", "doctor"]) == ExitCode.MISSING
    assert "get it: apt-get install nftables" in capsys.readouterr().out


def test_doctor_asks_for_what_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = {"tayga": "tayga is not on PATH (apt-get install tayga)"}
    monkeypatch.setattr(doctor, "probe", lacking.get)
    monkeypatch.setattr(lab_user, "become_root_of_own", lambda: None)
    monkeypatch.setattr("rtckit.cli.lab_doctor.become_root_of_own", lambda: None)
    assert main(["lab", "doctor"]) == ExitCode.CLEAN
    assert "Not there, and not needed: tayga" in capsys.readouterr().out
    assert main(["lab", "doctor", "netns", "tayga"]) == ExitCode.MISSING
    assert "Missing what is needed: tayga" in capsys.readouterr().out
    assert main(["lab", "doctor", "teleport"]) == ExitCode.USAGE


def test_every_capability_has_a_purpose_but_those_of_developers() -> None:
    assert set(capabilities.CAPABILITIES) - set(doctor.PURPOSES) == {"sdp-transform-js"}


def test_ordinary_user_becomes_root_of_a_namespace_of_his_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[list[str]] = []

    def replace_process(program: str, command: list[str], environment: dict[str, str]) -> None:
        started.append(command)
        assert environment["RTCKIT_LAB_UNSHARED"] == "1"

    monkeypatch.setattr(os, "execvpe", replace_process)
    monkeypatch.setattr(sys, "argv", ["rtckit", "lab", "up"])
    monkeypatch.setattr(capabilities, "probe", lambda name: "needs CAP_NET_ADMIN")
    monkeypatch.setattr(doctor, "can_unshare", lambda: None)
    lab_user.become_root_of_own()
    assert started == [["unshare", "-Ur", sys.executable, "-m", "rtckit", "lab", "up"]]
    monkeypatch.setenv("RTCKIT_LAB_UNSHARED", "1")
    lab_user.become_root_of_own()
    monkeypatch.delenv("RTCKIT_LAB_UNSHARED")
    monkeypatch.setattr(doctor, "can_unshare", lambda: "refused")
    lab_user.become_root_of_own()
    assert len(started) == 1


def test_nothing_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "run", "a", "--", "true"]) == ExitCode.USAGE
    assert "rtckit lab up" in capsys.readouterr().err
    assert main(["lab", "down"]) == ExitCode.CLEAN


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--a", "conical"], "conical"),
        (["--b", "symmetric behind open"], "open"),
        (["--delay", "1", "--jitter", "2"], "jitter"),
        (["--name", "a/b"], "--name"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    require("netns")
    assert main(["lab", "up", "--for", "0", *arguments]) == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert word in line


def test_the_commands_it_tells_are_commands() -> None:
    require("netns", "nft")
    name = f"test-{os.getpid()}"
    up = [sys.executable, "-m", "rtckit", "lab", "up", "--no-servers", "--for", "0.1"]
    done = subprocess.run([*up, "--name", name], capture_output=True, text=True, timeout=60)
    assert done.returncode == ExitCode.CLEAN, done.stderr
    assert f"rtckit lab run --name {name} a -- COMMAND" in done.stderr
    assert done.stderr.endswith(f"or: rtckit lab down {name}\n")
    # It is gone already: the command itself is understood.
    assert main(["lab", "run", "--name", name, "a", "--", "true"]) == ExitCode.USAGE
    assert main(["lab", "down", name]) in (ExitCode.CLEAN, ExitCode.USAGE)


def test_files_of_processes_that_are_gone_count_for_nothing() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    path = Running("old", gone.pid, 1, {"a": "/proc/1/fd/1"}).save()
    assert list_running() == []
    assert not path.exists()


def test_entering_the_laboratory_of_an_ordinary_user() -> None:
    mine = os.getpid()
    running = Running("lab", mine, start_time(mine), {"a": "/proc/7/fd/4"}, {}, "/proc/7/ns/user")
    running.save()
    assert find_running(None) == find_running("lab") == running
    assert enter_command(running, "a", ["true"]) == [
        *("nsenter", "--user=/proc/7/ns/user", "--preserve-credentials"),
        *("--net=/proc/7/fd/4", "--", "true"),
    ]


def rtckit(*arguments: str, **options: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "rtckit", "lab", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,  # type: ignore[call-overload]
    )


def said(*arguments: str) -> tuple[int, str]:
    with rtckit(*arguments) as process:
        out, _ = process.communicate(timeout=60)
    return process.returncode, out


def wait_until(reached: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.lab
def test_a_laboratory_is_used_and_ended(tmp_path: Path) -> None:
    require("netns", "nft", "coturn", "tcpdump")
    folder = tmp_path / "seen"
    with rtckit(
        *("up", "--a", "symmetric", "--b", "cgnat", "--format", "jsonl"),
        *("--capture", str(folder), "--name", "test"),
    ) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            names = {node["name"] for node in told["nodes"]}
            assert names == {"a", "b", "nat-a", "nat-b", "cgn-b", "server"}
            assert told["theory"] == {"direct": False, "relayed": True}
            code, out = said(
                "run", "a", "--", "sh", "-c", "echo $RTCKIT_STUN; ip -br address; exit 7"
            )
            assert code == 7
            assert out.splitlines()[0] == "stun:203.0.113.10:3478"
            assert "192.168.1.2/24" in out
            detect = [sys.executable, "-m", "rtckit", "nat", "detect", "203.0.113.10"]
            code, out = said("run", "a", "--", *detect, "--quick", "--format", "json")
            assert (code, json.loads(out)["rfc3489"]) == (ExitCode.FINDINGS, "symmetric")
            assert said("run", "--name", "test", "nobody", "--", "true")[0] == ExitCode.USAGE
        finally:
            assert said("down")[0] == ExitCode.CLEAN
        process.communicate(timeout=20)
    assert process.returncode == ExitCode.CLEAN
    files = {path.name for path in folder.iterdir()}
    assert files == {f"{name}.pcapng" for name in names}


@pytest.mark.lab
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_by_a_signal_nothing_is_left(number: signal.Signals) -> None:
    require("netns", "nft", "coturn")
    with rtckit("up", "--format", "jsonl") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        inodes = {Path(node["namespace"]).stat().st_ino for node in told["nodes"]}
        assert guardian.processes_inside(inodes)
        process.send_signal(number)
        process.communicate(timeout=20)
    expected = -number if number == signal.SIGKILL else ExitCode.CLEAN
    assert process.returncode == expected
    assert wait_until(lambda: not guardian.processes_inside(inodes))
    assert wait_until(lambda: not Path(told["nodes"][0]["namespace"]).exists())
    assert list_running() == []


@pytest.mark.lab
def test_ordinary_user_builds_one_without_asking(tmp_path: Path) -> None:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    user = nobody if os.geteuid() == 0 else []
    packages = sysconfig.get_path("purelib")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/tmp",
        "PYTHONPATH": f"{ROOT}:{packages}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def runs(*command: str) -> bool:
        done = subprocess.run([*user, *command], env=environment, cwd="/", capture_output=True)
        return done.returncode == 0

    candidates = (sys.executable, "/usr/bin/python3")
    python = next((path for path in candidates if runs("env", path, "-c", "import click")), None)
    if python is None or not runs("unshare", "-Ur", "true"):
        pytest.skip("no user namespaces, or no Python that an ordinary user may run")
    arguments = ["up", "--for", "0.1", "--no-servers", "--format", "jsonl", "--name"]
    done = subprocess.run(
        [*user, python, "-m", "rtckit", "lab", *arguments, f"test-{os.getpid()}"],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == ExitCode.CLEAN, done.stderr
    told = json.loads(done.stdout.splitlines()[0])
    assert {node["name"] for node in told["nodes"]} == {"a", "b", "nat-a", "nat-b", "server"}
