"""Real dumps, and input made to hurt."""

import contextlib
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import Sources, read_descriptions
from tests.growth import assert_linear

DATA = Path(__file__).parent / "data"


def read(name: str) -> Sources:
    return read_descriptions((DATA / name).read_bytes(), name)


@pytest.mark.parametrize("name", ["webrtc_internals_dump.gz", "rtcstats_dump.gz"])
def test_both_dumps_of_chromium_say_the_same(name: str) -> None:
    sources = read(name)
    told = [(item.event, item.type, item.side) for item in sources.descriptions]
    assert told == [
        ("createOfferOnSuccess", "offer", "local"),
        ("setLocalDescription", "offer", "local"),
        ("setRemoteDescription", "offer", "remote"),
        ("createAnswerOnSuccess", "answer", "local"),
        ("setLocalDescription", "answer", "local"),
        ("setRemoteDescription", "answer", "remote"),
        ("setRemoteDescription", "answer", "remote"),
    ]
    assert len(sources.distinct) == 3
    refused = sources.descriptions[-1]
    assert refused.error is not None
    assert "Called in wrong state: stable" in refused.error
    assert {item.side for item in sources.candidates} == {"local", "remote"}
    assert all(item.candidate and item.mid == "0" and item.ufrag for item in sources.candidates)
    times = [item.time_s for item in sources.items if hasattr(item, "event")]
    assert times == sorted(times)
    assert sources.descriptions[0].undone[0] == "gzip"


def test_both_dumps_agree() -> None:
    internals, rtcstats = read("webrtc_internals_dump.gz"), read("rtcstats_dump.gz")
    for one, other in zip(internals.descriptions, rtcstats.descriptions, strict=True):
        assert one.document.text == other.document.text
        assert one.time_s == pytest.approx(other.time_s, abs=0.001)


def test_about_webrtc() -> None:
    sources = read("about-webrtc.html.gz")
    report = read("firefox-report.json.gz")
    assert sources.form == "a saved about:webrtc page"
    assert len(sources.descriptions) == 5
    for one, other in zip(sources.descriptions, report.descriptions, strict=True):
        assert one.document.text == other.document.text.replace("\r\n", "\n")
        assert (one.type, one.side, one.event) == (other.type, other.side, other.event)
        assert (one.connection, one.time_s) == (other.connection, other.time_s)
    assert len({item.connection for item in sources.descriptions}) == 2
    assert sorted(item.text for item in sources.candidates) == sorted(
        item.text for item in report.candidates
    )


def test_a_dump_cut_short_gives_what_it_has() -> None:
    whole = (DATA / "rtcstats_dump.gz").read_bytes()
    sources = read_descriptions(whole[:3000])
    assert sources.descriptions
    assert "cut short" in str(sources.problems[0])


def test_a_gzip_bomb_is_refused() -> None:
    bomb = gzip.compress(b"v=0\n" * (20 * 1024 * 1024))
    with pytest.raises(ParseError, match="bytes"):
        read_descriptions(bomb)


SIZE = 400_000
HOSTILE: dict[str, Callable[[int], str]] = {
    "starts": lambda n: "v=0" * (n // 3),
    "escaped starts": lambda n: '"v=0\\n' * (n // 6),
    "literals": lambda n: "'v=0\\r\\n'+" * (n // 11),
    "candidates": lambda n: "candidate:" * (n // 10),
    "brackets": lambda n: "[" * n,
    "keys": lambda n: '{"sdp":' * (n // 7),
    "keys in a log": lambda n: 'x{"sdp":' * (n // 8),
    "base64 tokens": lambda n: (" eyJ" + "A" * 40) * (n // 44),
    "percent": lambda n: "v%3D0" * (n // 5),
    "long token": lambda n: "x" * n + "v%3D0",
    "blocks": lambda n: "x v=0\no=a\n\n" * (n // 11),
    "markup": lambda n: "<div " * (n // 5),
    "headings": lambda n: '<div id="pc-heading: x">' * (n // 24),
    "start lines": lambda n: "INVITE sip:a SIP/2.0\n\n" * (n // 22),
    "backslashes": lambda n: "'v=0\\n" + "\\" * n + "'",
    "blanks": lambda n: "x v=0\n" + "\n" * n,
    "words": lambda n: "AAA " * (n // 4) + "HTTP/1.1",
    "json lines": lambda n: '{"candidate":"","sdpMid":0}\n' * (n // 28),
    "json strings": lambda n: json.dumps(["v=0"] * (n // 7)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_hurt_takes_its_share_of_time(name: str) -> None:
    def work(size: int) -> None:
        with contextlib.suppress(ParseError):
            read_descriptions(HOSTILE[name](size))

    assert_linear(work, SIZE)
