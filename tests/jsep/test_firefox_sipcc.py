"""SIPCC's pass over the lines: where it stops and what it complains of, by its own rules.

The expectations are worked out from the recorded messages of Firefox ESR 153: the errors it lists
with ``SDP Parse Error on line N:`` before each.
"""

from collections.abc import Callable

import pytest

from rtckit.jsep.stacks.firefox.cstring import next_number, next_token, to_unsigned_long
from rtckit.jsep.stacks.firefox.fmtp import read_fmtp
from rtckit.jsep.stacks.firefox.records import Parsing
from rtckit.jsep.stacks.firefox.rids import Refused, read_rid, read_simulcast
from rtckit.jsep.stacks.firefox.sipcc import parse
from rtckit.jsep.verdict import predict_verdict
from tests.growth import assert_linear

_START = "v=0\no=- 1 1 IN IP4 0\ns=-\nt=0 0\n"


def test_tokens_are_cut_to_the_buffer() -> None:
    assert next_token("  ab c\n", 0, " \t") == ("ab", 4)
    assert next_token(" \t\r\n", 0, " \t") == (None, 0)
    token, position = next_token("x" * 300 + "\n", 0, " ")
    assert (token, position) == ("x" * 255, 255)
    assert next_token("a:b", 0, ":", size=2) == ("a", 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [("12abc", 12), (" +7", 7), ("-1", 2**64 - 1), ("abc", None), ("", None), ("9" * 30, None)],
)
def test_strtoul(text: str, value: int | None) -> None:
    assert to_unsigned_long(text) == value


def test_numbers_hold_32_bits() -> None:
    assert next_number("4294967295 x", 0)[0] == 4294967295
    assert next_number("4294967296", 0) == (None, 0)
    assert next_number("-5", 0) == (None, 0)


@pytest.mark.parametrize(
    ("text", "is_good", "errors"),
    [
        ("", False, [(1, " End of line beyond end of buffer.")]),
        (
            "hello\n",
            False,
            [(1, " Attempt to parse text not recognized as SDP text, parse fails.")],
        ),
        (_START, True, []),
        # What stands behind a line that is no SDP is not read, and nobody is told.
        (_START + "nonsense\nm=audio\n", True, []),
        (_START + "X=1\nm=audio\n", False, []),
        # The same with a second version line.
        (_START + "v=0\nm=audio\n", True, []),
        # A last line without its line feed is not read either.
        (_START + "m=audio", True, [(5, " End of line beyond end of buffer.")]),
        (
            "o=- 1 1 IN IP4 0\nv=0\n",
            False,
            [
                (1, " First line not v=, parse fails"),
                (2, " t= timespec line not specified, validation failed."),
            ],
        ),
        # Only the line of the last section read is known when c= is found missing.
        (
            _START + "m=audio 9 RTP/AVP 0\na=x\n",
            False,
            [
                (6, " Warning: Unrecognized attribute (x) "),
                (
                    6,
                    (" c= connection line not specified for every media level, validation failed."),
                ),
            ],
        ),
        (
            _START + "c=IN IP4 429.0.0.1\n",
            False,
            [
                (5, " Warning: Invalid token ordering detected, token c= found after token t="),
                (5, " Error parsing address 429 for mcast."),
            ],
        ),
    ],
)
def test_where_the_parse_stops(text: str, is_good: bool, errors: list[tuple[int, str]]) -> None:
    parsing, found_good = parse(text)
    assert (found_good, parsing.errors) == (is_good, errors)


@pytest.mark.parametrize(
    ("value", "warning"),
    [
        ("96 apt=97", None),
        ("101 0-15", None),
        ("63 111/111", None),
        ("96 profile-id=0", " Warning: Invalid named events specified for fmtp attribute."),
        ("96 apt=300", " Warning: Invalid apt: 300 specified for fmtp attribute"),
        ("96 apt=", " Warning: Invalid apt:  specified for fmtp attribute"),
        ("x", " Warning: No payload type value specified for fmtp attribute"),
    ],
)
def test_fmtp(value: str, warning: str | None) -> None:
    parsing = Parsing()
    read_fmtp(parsing, value + "\r\n", 0)
    assert [text for _, text in parsing.errors] == ([] if warning is None else [warning])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("h send", None),
        ("h send pt=96;max-fs=1", None),
        ("h", "Invalid direction, must be either send or recv at column 1"),
        ("h foo", "Invalid direction, must be either send or recv at column 5"),
        ("h send max-width=-1", "Value is less than 0 at column 17"),
    ],
)
def test_rid(value: str, reason: str | None) -> None:
    if reason is None:
        assert read_rid(value) == ("h", "send")
        return
    with pytest.raises(Refused, match=reason):
        read_rid(value)


def test_simulcast() -> None:
    read = read_simulcast("send h;~L recv q,r")
    assert (read.send, read.receive, read.paused) == ([["h"], ["l"]], [["q", "r"]], {"l"})
    with pytest.raises(Refused, match="Type must be either 'send' or 'recv' at column 3"):
        read_simulcast("foo h")


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "a" * 100 * n,
        lambda n: _START + "a=fmtp:1 " + "x=1;" * 5 * n + "\n",
        lambda n: _START + "a=foo\n" * 5 * n,
        lambda n: (
            _START
            + "".join(f"a=group:BUNDLE {number}\n" for number in range(n))
            + "".join(f"m=audio 9 UDP/TLS/RTP/SAVPF 0\na=mid:{number}\n" for number in range(n))
        ),
        lambda n: _START + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n" * n,
    ],
    ids=["one line", "one fmtp", "attributes", "groups", "sections"],
)
def test_large_input_takes_no_more_than_its_share(make: Callable[[int], str]) -> None:
    assert_linear(lambda n: predict_verdict(make(n), "firefox"), 16_000)
