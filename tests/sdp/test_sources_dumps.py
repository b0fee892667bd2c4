"""Real dumps, and input made to hurt."""

import contextlib
import gzip
import json
import time
from pathlib import Path

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import Sources, read_descriptions

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


SIZE = 1_000_000
HOSTILE = {
    "starts": "v=0" * (SIZE // 3),
    "escaped starts": '"v=0\\n' * (SIZE // 6),
    "literals": "'v=0\\r\\n'+" * (SIZE // 11),
    "candidates": "candidate:" * (SIZE // 10),
    "brackets": "[" * SIZE,
    "keys": '{"sdp":' * (SIZE // 7),
    "keys in a log": 'x{"sdp":' * (SIZE // 8),
    "base64 tokens": (" eyJ" + "A" * 40) * (SIZE // 44),
    "percent": "v%3D0" * (SIZE // 5),
    "long token": "x" * SIZE + "v%3D0",
    "blocks": "x v=0\no=a\n\n" * (SIZE // 11),
    "markup": "<div " * (SIZE // 5),
    "headings": '<div id="pc-heading: x">' * (SIZE // 24),
    "start lines": "INVITE sip:a SIP/2.0\n\n" * (SIZE // 22),
    "backslashes": "'v=0\\n" + "\\" * SIZE + "'",
    "blanks": "x v=0\n" + "\n" * SIZE,
    "words": "AAA " * (SIZE // 4) + "HTTP/1.1",
    "json lines": '{"candidate":"","sdpMid":0}\n' * (SIZE // 28),
    "json strings": json.dumps(["v=0"] * (SIZE // 7)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_made_to_hurt_is_done_soon(name: str) -> None:
    begin = time.process_time()
    with contextlib.suppress(ParseError):
        read_descriptions(HOSTILE[name])
    # Linear reading takes well under a second; quadratic would take minutes.
    assert time.process_time() - begin < 10
