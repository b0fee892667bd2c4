import base64
import json

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import read_description
from tests.sdp.descriptions import CHROMIUM_OFFER, FIREFOX_ANSWER


@pytest.mark.parametrize("source", [CHROMIUM_OFFER, CHROMIUM_OFFER.encode()])
def test_plain_sdp_needs_nothing_undone(source: str | bytes) -> None:
    description = read_description(source)
    assert description.document.write() == source
    assert description.type is None
    assert description.undone == []


@pytest.mark.parametrize(
    ("kind", "expected"), [("offer", "offer"), ("Answer", "answer"), ("foo", None), (5, None)]
)
def test_a_session_description_object(kind: object, expected: str | None) -> None:
    text = json.dumps({"type": kind, "sdp": FIREFOX_ANSWER}, indent=1)
    for source in (text, text.encode(), "\ufeff" + text, " \n" + text):
        description = read_description(source)
        assert description.document.write() == FIREFOX_ANSWER
        assert description.type == expected
        assert description.undone == ["JSON {type, sdp}" if expected else "JSON {sdp}"]


def test_an_object_inside_a_string() -> None:
    inner = json.dumps({"type": "offer", "sdp": CHROMIUM_OFFER})
    description = read_description(json.dumps(inner))
    assert description.document.write() == CHROMIUM_OFFER
    assert (description.type, description.undone) == (
        "offer",
        ["a JSON string", "JSON {type, sdp}"],
    )


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("times", [1, 2])
def test_line_ends_written_out(end: str, times: int) -> None:
    text = CHROMIUM_OFFER.replace("\r\n", end)
    escaped = text
    for _ in range(times):
        escaped = json.dumps(escaped)[1:-1]
    description = read_description(escaped)
    assert description.document.write() == text
    twice = ", escaped twice" if times == 2 else ""
    assert description.undone == [rf"line ends written out as \r\n{twice}"]


def test_a_quoted_string() -> None:
    description = read_description(json.dumps(CHROMIUM_OFFER))
    assert description.document.write() == CHROMIUM_OFFER
    assert description.undone == ["a JSON string"]


def test_indentation_common_to_all_lines() -> None:
    indented = "".join("    " + line for line in CHROMIUM_OFFER.splitlines(keepends=True))
    description = read_description(indented)
    assert description.document.write() == CHROMIUM_OFFER
    assert description.undone == ["indentation"]


def test_utf_16() -> None:
    description = read_description(CHROMIUM_OFFER.encode("utf-16"))
    assert description.document.write() == CHROMIUM_OFFER
    assert description.undone == ["UTF-16"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "empty input"),
        ("hello", "text without an SDP line"),
        ("{", "damaged JSON"),
        ('{"type": "offer", "sdp": "v=0', "damaged JSON"),
        ('{"type": "offer"}', "JSON without an sdp text (it has type)"),
        ('{"sdp": {"type": "offer"}}', "JSON without an sdp text (it has sdp)"),
        ("{}", "JSON without an sdp text (it has nothing)"),
        ("[1]", "JSON"),
        ('{"sdp": ""}', "empty input"),
        ('{"sdp": "hello"}', "text without an SDP line"),
        ('"' * 2, "empty input"),
        ('{"a":' * 100_000, "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"sdp": ' + "9" * 5000 + "}", "JSON"),
        (b"\x1f\x8b\x08", "gzip-compressed data"),
        (b"\xff\xfe\x00", "no session description"),
        ("candidate:1 1 udp 1 192.0.2.1 9 typ host", "a candidate line"),
    ],
)
def test_what_holds_no_description_is_refused(source: str | bytes, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        read_description(source)
    assert message in caught.value.message
    assert caught.value.line is not None


def test_layers_have_an_end() -> None:
    text = CHROMIUM_OFFER
    for _ in range(9):
        text = base64.b64encode(text.encode()).decode()
    with pytest.raises(ParseError, match="6 layers"):
        read_description(text)


@pytest.mark.parametrize(
    "text",
    [
        " " + CHROMIUM_OFFER,
        "\r\n" + CHROMIUM_OFFER,
        "v=0\r\n" + CHROMIUM_OFFER,
        CHROMIUM_OFFER.replace("\r\n", "\n", 3),
        CHROMIUM_OFFER + "what is this\r\n",
        CHROMIUM_OFFER.replace("s=-\r\n", " s=-\r\n"),
    ],
)
def test_faults_of_the_description_itself_are_left_in_it(text: str) -> None:
    description = read_description(text)
    assert description.document.write() == text
    assert description.undone == []
