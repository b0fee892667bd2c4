"""``rtckit ice simulate``."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from rtckit.cli.main import main
from rtckit.core.errors import ExitCode
from rtckit.ice.simulate import MATRIX

Capture = pytest.CaptureFixture[str]

ROOT = Path(__file__).resolve().parents[2]


def test_two_that_do_not_connect(capsys: Capture) -> None:
    arguments = ["ice", "simulate", "--a", "symmetric", "--b", "port restricted"]
    assert main(arguments) == ExitCode.FINDINGS
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.startswith("They do not connect.\n")
    words = " ".join(shown.out.split())
    assert "the symmetric NAT of a lets in only addresses and ports it sent to" in words
    assert "[symmetric] The NAT of a takes a new port for each destination" in words
    assert "do: Use a TURN server" in words
    assert max(len(line) for line in shown.out.splitlines()) <= 100


def test_two_that_connect(capsys: Capture) -> None:
    arguments = ["ice", "simulate", "--a", "full cone", "--rtt", "50"]
    assert main(arguments) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert shown.startswith(
        "They connect: srflx udp 198.51.100.1:50000 <-> host udp 198.51.100.2:50000\n"
        "100.0 ms from the exchange of candidates, 2.00 round trips of 50 ms.\n"
    )
    assert "nomination #1 ---" in shown
    assert "* a selects #1" in shown


def test_turn_needs_no_value(capsys: Capture) -> None:
    common = ["ice", "simulate", "--a", "udp blocked", "--b", "symmetric", "--format", "json"]
    assert main([*common, "--turn", "--loss", "5"]) == ExitCode.CLEAN
    data = json.loads(capsys.readouterr().out)
    assert data["turn_sides"] == ["a", "b"]
    assert data["loss"] == 0.05
    assert main([*common, "--turn", "a"]) == ExitCode.CLEAN
    assert json.loads(capsys.readouterr().out)["turn_sides"] == ["a"]
    assert main([*common, "--turn", "--turn-transport", "udp"]) == ExitCode.FINDINGS


def test_json(capsys: Capture) -> None:
    assert main(["ice", "simulate", "--b", "symmetric", "--format", "json"]) == ExitCode.CLEAN
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == 1
    assert data["findings"] == []
    assert data["connected"] is True
    assert data["pair"] == ["host", "prflx"]
    assert data["selected"]["local"] == "host udp 198.51.100.1:50000"
    assert data["round_trips"] == pytest.approx(2.0, abs=1.1)
    assert {pair["side"] for pair in data["pairs"]} == {"a", "b"}
    assert data["failure"] is None
    nominations = [message for message in data["messages"] if message["what"] == "nomination"]
    assert len(nominations) == 1
    assert nominations[0]["sender"] == "a"
    assert nominations[0]["arrived_ms"] == nominations[0]["sent_ms"] + 40


def test_jsonl_ends_with_the_result(capsys: Capture) -> None:
    assert main(["ice", "simulate", "--format", "jsonl"]) == ExitCode.CLEAN
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["event"] == "result"
    assert lines[-1]["connected"] is True
    assert {line["side"] for line in lines[:-1]} == {"a", "b"}
    assert [line["t"] for line in lines[:-1]] == sorted(line["t"] for line in lines[:-1])
    candidates = [line for line in lines if line["event"] == "local-candidate"]
    assert candidates[0]["address"] == "198.51.100.1"


@pytest.mark.parametrize(
    "more",
    [
        ["--a", "symmetric", "--b", "port restricted"],
        ["--a", "udp blocked", "--b", "cgnat+ipv6", "--turn", "--loss", "30"],
        ["--a", "open+tcp+dead=3", "--b", "web only+tcp"],
        ["--a", "symmetric+ipv6 firewall", "--b", "restricted+ipv6 firewall+lite"],
        ["--same-lan", "--a", "full cone+hairpin"],
    ],
)
@pytest.mark.parametrize("form", ["svg", "html", "text"])
def test_every_form_of_anything(more: list[str], form: str, capsys: Capture) -> None:
    assert main(["ice", "simulate", *more, "--format", form, "-v"]) in (0, 1)
    shown = capsys.readouterr().out
    if form == "svg":
        root = ET.fromstring(shown)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
    elif form == "html":
        assert shown.startswith("<!doctype html>")
        assert "<script" not in shown
    else:
        assert shown.startswith("They ")


def test_matrix(capsys: Capture) -> None:
    assert main(["ice", "simulate", "--matrix", "--format", "json"]) == ExitCode.CLEAN
    cells = json.loads(capsys.readouterr().out)["matrix"]
    assert len(cells) == 72
    assert sum(cell["connected"] for cell in cells if cell["turn"]) == 36
    assert sum(cell["connected"] for cell in cells if not cell["turn"]) == 22
    assert main(["ice", "simulate", "--matrix"]) == ExitCode.CLEAN
    shown = capsys.readouterr().out
    assert "Without TURN: 22 of 36 connect" in shown
    assert "With TURN: 36 of 36 connect" in shown
    assert all(name in shown for name in MATRIX)
    assert "…" not in shown


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--a", "symetric"], "did you mean 'symmetric'?"),
        (["--b", "open+ipv"], "did you mean 'ipv6'?"),
        (["--loss", "101"], "--loss"),
        (["--turn", "c"], "--turn"),
        (["--matrix", "--format", "svg"], "--matrix is written as text, json or jsonl"),
    ],
)
def test_wrong_usage(more: list[str], said: str, capsys: Capture) -> None:
    assert main(["ice", "simulate", *more]) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err


def test_lost_again(capsys: Capture) -> None:
    arguments = ["ice", "simulate", "--a", "symmetric+lifetime=2", "--hold", "120"]
    assert main(arguments) == ExitCode.FINDINGS
    shown = capsys.readouterr().out
    assert "The connection was lost again after" in shown
    assert "[mapping-lifetime]" in shown


def test_the_picture_of_the_documents(capsys: Capture) -> None:
    """When it differs, draw it again with the command of docs/how-to/simulate-ice.md."""
    arguments = ["ice", "simulate", "--a", "port restricted", "--b", "symmetric", "--turn"]
    main([*arguments, "--format", "svg"])
    drawn = capsys.readouterr().out
    assert drawn == (ROOT / "docs/images/ice-simulate.svg").read_text(encoding="utf-8")
