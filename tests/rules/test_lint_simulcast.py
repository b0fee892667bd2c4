"""The grammar of rid and simulcast (RFC 8851, 10; RFC 8853, 5.1); columns are counted by hand."""

import pytest

from rtckit.core.findings import Severity
from tests.rules.linting import places, severities

VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96 97"
LAYERS = (VIDEO, "a=rid:h send", "a=rid:m send", "a=rid:l send", "a=rid:r recv")


@pytest.mark.parametrize(
    "value",
    [
        "send h;m;l",
        "send h,m;l",
        "send ~h;~m,l recv r",
        "recv r send h",
        "send h;~m",
    ],
)
def test_lists_with_alternatives_and_pauses_are_well_formed(value: str) -> None:
    line = f"a=simulcast:{value}"
    assert places("RTP062", *LAYERS, line) == []
    assert places("RTP063", *LAYERS, line) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("send", [(6, 13, 17)]),
        ("send h;;m", [(6, 13, 22)]),
        ("send h, m", [(6, 13, 22)]),
        ("send ~;h", [(6, 13, 21)]),
        ("send h send m", [(6, 13, 26)]),
        ("Send h", [(6, 13, 19)]),
        # The line is well formed, and lists a rid twice: the second place.
        ("send h;m,h", [(6, 22, 23)]),
        ("send h;~h", [(6, 21, 22)]),
    ],
)
def test_malformed_lists(value: str, expected: list[tuple[int, int, int]]) -> None:
    assert places("RTP063", *LAYERS, f"a=simulcast:{value}") == expected


def test_undeclared_and_misdirected_rids_point_behind_the_tilde() -> None:
    line = "a=simulcast:send h;~x,r"
    assert places("RTP062", *LAYERS, line) == [(6, 21, 22), (6, 23, 24)]


def test_forms_of_drafts_are_told_as_such() -> None:
    line = "a=simulcast: send rid=h;m recv rid=r"
    assert places("RTP067", *LAYERS, line) == [(6, 19, 26), (6, 32, 37)]
    assert places("RTP062", *LAYERS, line) == []
    assert places("RTP063", *LAYERS, line) == []


def test_a_second_line_and_a_single_stream() -> None:
    lines = (*LAYERS, "a=simulcast:send h;m", "a=simulcast:recv r")
    assert places("RTP061", *lines) == [(7, 3, 19)]
    assert places("RTP068", *LAYERS, "a=simulcast:send h", kind="offer") == [(6, 13, 19)]
    assert places("RTP068", *LAYERS, "a=simulcast:send h", kind="answer") == []


def test_pauses_without_their_feedback() -> None:
    lines = (*LAYERS, "a=simulcast:send h;~m;~l")
    assert places("RTP066", *lines) == [(6, 21, 22)]
    assert places("RTP066", *lines, "a=rtcp-fb:* ccm pause nowait") == []


def test_retransmission_needs_the_repaired_rid() -> None:
    rid = "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
    repaired = "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
    rtx = ("a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96")
    lines = (*LAYERS, "a=simulcast:send h;m")
    assert severities("RTP065", *lines) == [Severity.ERROR]
    assert severities("RTP065", *lines, rid) == []
    assert severities("RTP065", *lines, *rtx, rid) == [Severity.WARNING]
    assert severities("RTP065", *lines, *rtx, rid, repaired) == []
    # The extensions of the session are the section's, too.
    assert severities("RTP065", rid, *lines) == []


def test_rid_lines() -> None:
    assert places("RTP051", VIDEO, "a=rid:a.b send", "a=rid:a-b send") == [(2, 7, 10), (3, 7, 10)]
    assert severities("RTP051", VIDEO, "a=rid:a.b send") == [Severity.ERROR]
    assert places("RTP052", VIDEO, "a=rid:h send", "a=rid:h recv") == [(3, 7, 8)]
    assert places("RTP052", VIDEO, "a=rid:h") == [(2, 7, 8)]
    assert places("RTP052", VIDEO, "a=rid:h send", VIDEO, "a=rid:h send") == []


def test_payload_types_of_a_rid_have_places() -> None:
    assert places("RTP053", VIDEO, "a=rid:h send max-fps=30;pt=96,98,99") == [
        (2, 31, 33),
        (2, 34, 36),
    ]


def test_restrictions() -> None:
    good = "a=rid:h send pt=96;max-width=1280;max-height;max-bpp=0.25;x-own=any;depend=h"
    assert places("RTP054", VIDEO, good) == []
    assert places("RTP054", VIDEO, "a=rid:h send max-bpp=49.0") == [(2, 14, 26)]
    assert places("RTP054", VIDEO, "a=rid:h send max-bpp=1") == [(2, 14, 23)]
    assert places("RTP054", VIDEO, "a=rid:h send max-fps=29.97;max-br=5") == [(2, 14, 27)]
    # Browsers and people write a space behind the semicolon.
    assert places("RTP054", VIDEO, "a=rid:h send max-fps=30; max-br=5k") == [(2, 26, 35)]


def test_circles_of_dependencies_are_found_where_they_close() -> None:
    chain = (VIDEO, "a=rid:a send depend=b", "a=rid:b send depend=c", "a=rid:c send")
    assert places("RTP055", *chain) == []
    circle = (*chain[:3], "a=rid:c send depend=a")
    assert places("RTP055", *circle) == [(4, 21, 22)]
    assert places("RTP055", VIDEO, "a=rid:a send depend=a") == [(2, 21, 22)]
    # Two ways to one rid are no circle.
    fork = ("a=rid:a send depend=b,c", "a=rid:b send depend=d", "a=rid:c send depend=d")
    assert places("RTP055", VIDEO, *fork, "a=rid:d send") == []


def test_a_long_chain_is_no_recursion() -> None:
    count = 5000
    chain = [f"a=rid:r{number} send depend=r{number + 1}" for number in range(count)]
    assert places("RTP055", VIDEO, *chain, f"a=rid:r{count} send") == []
