"""What commands do with files: good ones, strange ones and damaged ones."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
GOOD = CAPTURES / "aiortc-aiortc"
BROKEN = CAPTURES / "turn-wrong-password"

NOT_OURS = {
    "empty": b"",
    "zeros": bytes(4096),
    "text": b"It was a dark and stormy night.\n" * 50,
    "escape": b"\x1b]0;title\x07\x1b[2J" * 20,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "pcap magic alone": b"\xd4\xc3\xb2\xa1",
    "pcapng magic alone": b"\x0a\x0d\x0d\x0a",
    "json": b'{"a": [1, 2',
    "json of something else": b'{"a": [1, 2]}',
    "deep json": b"[" * 100_000,
    "sdp in words": b"v=0 is how a description begins",
    "utf-16": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n".encode("utf-16"),
}


def answer_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    value = json.loads(capsys.readouterr().out)
    assert value["schema"] == 1
    assert isinstance(value["findings"], list)
    assert isinstance(value, dict)
    return value


def test_diagnose_a_good_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", str(GOOD)]) == ExitCode.CLEAN
    shown = capsys.readouterr()
    assert "signalling" in shown.out
    assert not shown.err
    assert main(["diagnose", str(GOOD), "--format", "json"]) == ExitCode.CLEAN
    answer = answer_of(capsys)
    layers = [link["layer"] for link in answer["chain"]]
    assert layers == ["signalling", "ice", "dtls", "srtp", "media", "data"]
    assert answer["broken"] is None


def test_diagnose_a_broken_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", str(BROKEN), "--format", "json"]) == ExitCode.FINDINGS
    answer = answer_of(capsys)
    assert answer["broken"] == "ice"
    assert "TURN001" in {finding["rule"] for finding in answer["findings"]}
    states = {link["layer"]: link["state"] for link in answer["chain"]}
    assert states["ice"] == "failed"
    for finding in answer["findings"]:
        assert set(finding["location"]) == {"file", "line", "column", "end_column", "frame"}


def test_colour_only_paints(capsys: pytest.CaptureFixture[str]) -> None:
    main(["diagnose", str(BROKEN), "--color", "always"])
    painted = capsys.readouterr().out
    main(["diagnose", str(BROKEN)])
    plain = capsys.readouterr().out
    assert "\x1b[" in painted
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


def test_files_of_a_call_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(GOOD / name) for name in ("answer.sdp", "a.pcapng", "offer.sdp")]
    assert main(["diagnose", *files, "--format", "json"]) == ExitCode.CLEAN
    first = {link["layer"]: link["state"] for link in answer_of(capsys)["chain"]}
    assert main(["diagnose", *reversed(files), "--format", "json"]) == ExitCode.CLEAN
    second = {link["layer"]: link["state"] for link in answer_of(capsys)["chain"]}
    assert first == second
    assert first["ice"] == "ok"


def give_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize("command", [["diagnose"], ["pcap", "summary"]])
def test_a_capture_from_stdin(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = GOOD / "a.pcapng"
    main([*command, str(file), "--format", "json"])
    from_file = answer_of(capsys)
    give_stdin(monkeypatch, file.read_bytes())
    main([*command, "-", "--format", "json"])
    from_stdin = answer_of(capsys)
    for key in ("packets", "kinds", "broken"):
        assert from_stdin.get(key) == from_file.get(key)


@pytest.mark.parametrize("command", [["diagnose"], ["pcap", "summary"]])
def test_stdin_twice(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "-", "-"]) == ExitCode.USAGE
    assert "only once" in capsys.readouterr().err


def test_a_description_from_stdin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (GOOD / "offer.sdp").read_bytes()
    give_stdin(monkeypatch, text)
    assert main(["sdp", "show", "-", "--format", "json"]) == ExitCode.CLEAN
    answer = answer_of(capsys)
    assert [media["kind"] for media in answer["media"]] == ["audio", "application"]
    give_stdin(monkeypatch, json.dumps({"type": "offer", "sdp": text.decode()}).encode())
    assert main(["sdp", "show", "-"]) == ExitCode.CLEAN
    assert "audio" in capsys.readouterr().out


def test_passwords_are_masked_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    offer = GOOD / "offer.sdp"
    lines = offer.read_text(encoding="utf-8").splitlines()
    password = next(line for line in lines if line.startswith("a=ice-pwd:")).split(":", 1)[1]
    for arguments in (["sdp", "show", str(offer), "-vv"], ["diagnose", str(GOOD), "-vv"]):
        for output_format in ("text", "json"):
            main([*arguments, "--format", output_format])
            assert password not in capsys.readouterr().out
    main(["sdp", "show", str(offer), "--secrets"])
    assert password in capsys.readouterr().out


def test_summary_of_a_capture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pcap", "summary", str(GOOD / "a.pcapng"), "--format", "json"]) == 0
    answer = answer_of(capsys)
    assert sum(answer["kinds"].values()) == answer["packets"] > 0
    assert list(answer["kinds"]) == [
        "stun",
        "turn_channel",
        "dtls",
        "rtp",
        "rtcp",
        "sctp",
        "quic",
        "other",
    ]
    for flow in answer["flows"]:
        assert flow["packets"] == flow["packets_forward"] + flow["packets_backward"]


def test_summary_of_a_folder_adds_its_captures_up(capsys: pytest.CaptureFixture[str]) -> None:
    captures = sorted(GOOD.glob("*.pcapng"))
    single = []
    for capture in captures:
        main(["pcap", "summary", str(capture), "--format", "json"])
        single.append(answer_of(capsys))
    main(["pcap", "summary", str(GOOD), "--format", "json"])
    whole = answer_of(capsys)
    assert [one["file"] for one in whole["files"]] == [str(capture) for capture in captures]
    assert whole["packets"] == sum(one["packets"] for one in single)
    assert len(whole["flows"]) == sum(len(one["flows"]) for one in single)
    assert whole["duration_s"] == max(one["duration_s"] for one in single)


def test_summary_of_a_folder_without_captures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pcap", "summary", str(tmp_path)]) == ExitCode.UNREADABLE
    assert "no capture in this folder" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["diagnose"], ["pcap", "summary"], ["sdp", "show"]])
def test_a_file_that_is_not_there(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "no/such/file"]) == ExitCode.UNREADABLE
    shown = capsys.readouterr()
    assert shown.err.startswith("rtckit: error: ")
    assert "No such file or directory" in shown.err
    assert shown.err.count("\n") == 1
    assert not shown.out


@pytest.mark.parametrize("command", [["diagnose"], ["pcap", "summary"], ["sdp", "show"]])
@pytest.mark.parametrize("name", NOT_OURS)
def test_a_file_of_another_kind_is_one_clear_line(
    command: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "input"
    file.write_bytes(NOT_OURS[name])
    code = main([*command, str(file)])
    shown = capsys.readouterr()
    assert code in (ExitCode.CLEAN, ExitCode.FINDINGS, ExitCode.UNREADABLE)
    assert "Traceback" not in shown.err
    assert "\x1b" not in shown.out + shown.err
    if code == ExitCode.UNREADABLE:
        assert shown.err.startswith("rtckit: error: ")
        assert shown.err.count("\n") == 1
        assert not shown.out
    else:
        assert shown.out


@pytest.mark.parametrize("command", [["diagnose"], ["pcap", "summary"]])
def test_a_capture_cut_anywhere_gives_an_answer_or_one_line(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (BROKEN / "turn.pcapng").read_bytes()
    file = tmp_path / "cut.pcapng"
    for length in range(0, len(whole), 97):
        file.write_bytes(whole[:length])
        code = main([*command, str(file), "--format", "json"])
        shown = capsys.readouterr()
        assert code in (ExitCode.CLEAN, ExitCode.FINDINGS, ExitCode.UNREADABLE), length
        if code == ExitCode.UNREADABLE:
            assert shown.err.count("\n") == 1, length
        else:
            assert json.loads(shown.out)["schema"] == 1, length
