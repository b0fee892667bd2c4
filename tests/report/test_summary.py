"""A capture's summary drawn; expectations drawn by hand."""

from pathlib import Path
from typing import Any

import pytest

from rtckit.core.errors import UnreadableInput
from rtckit.report.summary import find_captures, render_text, to_dict


def flow(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "src": f"10.0.0.1:{5000 + number}",
        "dst": "10.0.0.2:6000",
        "transport": "udp",
        "relayed": False,
        "packets": 3,
        "bytes": 1234,
        "packets_forward": 2,
        "packets_backward": 1,
        "kinds": {"stun": 1, "rtp": 2},
        "first_frame": 1,
        "duration_s": 1.5,
        **fields,
    }


def summary(**fields: Any) -> dict[str, Any]:
    kinds = dict.fromkeys(
        ("stun", "turn_channel", "dtls", "rtp", "rtcp", "sctp", "quic", "other"), 0
    )
    return {
        "schema": 1,
        "findings": [],
        "file": "call.pcap",
        "frames": 4,
        "packets": 3,
        "kinds": {**kinds, "stun": 1, "rtp": 2},
        "relayed": {},
        "flows": [flow(0)],
        "duration_s": 1.5,
        "truncated": False,
        "problems": [],
        **fields,
    }


def draw(*summaries: dict[str, Any], width: int = 100, verbose: int = 0) -> str:
    return render_text(summaries, color=False, width=width, verbose=verbose)


def test_kinds_and_flows() -> None:
    assert draw(summary()) == (
        "call.pcap: 3 packets in 1.50 s\n"
        "\n"
        "  STUN  1\n"
        "  RTP   2\n"
        "\n"
        "       between        and            →  ←   bytes     for  what\n"
        "  udp  10.0.0.1:5000  10.0.0.2:6000  2  1  1.2 kB  1.50 s  RTP, STUN"
    )


def test_what_turn_carries_stands_beside() -> None:
    drawn = draw(summary(relayed={"rtp": 1200, "dtls": 4}, flows=[flow(0, relayed=True)]))
    assert (
        "        packets  inside TURN\n"
        "  STUN        1            -\n"
        "  DTLS        -            4\n"
        "  RTP         2        1,200\n"
    ) in drawn
    assert "  relayed  10.0.0.1:5000" in drawn


def test_an_empty_capture() -> None:
    empty = summary(packets=0, kinds={}, flows=[], duration_s=0.0)
    assert draw(empty) == "call.pcap: 0 packets in 0 ns"


def test_many_flows_and_problems_are_counted() -> None:
    many = summary(
        flows=[flow(number) for number in range(23)],
        problems=[f"problem {number}" for number in range(7)],
    )
    drawn = draw(many)
    assert drawn.count("10.0.0.2:6000") == 20
    assert "and 3 more flows; -v shows them" in drawn
    assert drawn.count("  problem: problem") == 5
    assert "and 2 more problems; -v shows them" in drawn
    everything = draw(many, verbose=1)
    assert everything.count("10.0.0.2:6000") == 23
    assert "problem 6" in everything
    assert "-v shows" not in everything


def test_hostile_names_are_escaped() -> None:
    hostile = summary(file="\x1b[2J.pcap", problems=["bad \x1b]0;x\x07"])
    assert "\x1b" not in draw(hostile)


def test_an_address_is_never_clipped() -> None:
    long = "[2001:db8:1111:2222:3333:4444:5555:6666]:50000"
    assert long in draw(summary(flows=[flow(0, src=long, dst=long)]), width=60)


def test_several_captures_are_added_up() -> None:
    other = summary(
        file="other.pcap", packets=5, relayed={"rtp": 1}, duration_s=2.5, truncated=True
    )
    one = summary(problems=["cut"])
    value = to_dict([one, other])
    assert value["packets"] == 8
    assert value["kinds"]["rtp"] == 4
    assert value["relayed"] == {"rtp": 1}
    assert value["duration_s"] == 2.5
    assert value["truncated"] is True
    assert value["problems"] == ["call.pcap: cut"]
    assert [item["file"] for item in value["flows"]] == ["call.pcap", "other.pcap"]
    assert [item["packets"] for item in value["files"]] == [3, 5]
    assert to_dict([one])["problems"] == ["cut"]


def test_captures_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.pcapng", "a.pcap", "offer.sdp", "c.pcap.gz"):
        (tmp_path / name).touch()
    assert [path.name for path in find_captures(tmp_path)] == ["a.pcap", "b.pcapng", "c.pcap.gz"]
    assert find_captures(tmp_path / "x") == [tmp_path / "x"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableInput, match="no capture"):
        find_captures(tmp_path / "empty")
