import gzip

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import parse
from tests.sdp.descriptions import CHROMIUM_OFFER

ESCAPED = CHROMIUM_OFFER.replace("\r\n", "\\r\\n")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("", "empty input"),
        (b"", "empty input"),
        ("\ufeff", "nothing but blanks"),
        (" \r\n\t\n", "nothing but blanks"),
        ('{"type": "offer", "sdp": "v=0"}', "JSON"),
        ('{\n  "type": "offer",\n  "sdp": "v=0"\n}', "JSON"),
        ("[[1]]", "JSON"),
        ("<!DOCTYPE html><pre>\nv=0\n</pre>", "HTML or XML"),
        ("<div id=content>\nm=audio 9 RTP/AVP 0\n", "HTML or XML"),
        (f"INVITE sip:bob@example.com SIP/2.0\r\n\r\n{CHROMIUM_OFFER}", "a SIP message"),
        (f"SIP/2.0 200 OK\r\n\r\n{CHROMIUM_OFFER}", "a SIP message"),
        (f"POST /whip HTTP/1.1\r\n\r\n{CHROMIUM_OFFER}", "an HTTP message"),
        (ESCAPED, r"written out as \r\n"),
        ("candidate:1 1 udp 1 192.0.2.1 9 typ host", "a candidate line"),
        ("RTCStatsDump\n{}", "an rtcstats dump"),
        ("v%3D0%0D%0A", "percent-encoded"),
        ('"v=0\\r\\n"', "a quoted string"),
        ("  v=0\n  o=- 1 1 IN IP4 0.0.0.0\n", "an indented description"),
        ("hello world", "text without an SDP line, beginning with 'hello world'"),
        ("hello\x1b[31m", r"'hello\\x1b[31m'"),
        ("CLIENT_RANDOM " + "0a" * 32 + " " + "1b" * 48, "a TLS key log"),
        ("dj0wDQpvPS0gNDYxMTczMTQwMDQzMDA1MTMzNiAyIElOIElQNCAxMjcuMC4wLjENCg==", "base64"),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "a pcap capture"),
        (b"\x0a\x0d\x0d\x0a" + bytes(24), "a pcapng capture"),
        (gzip.compress(CHROMIUM_OFFER.encode()), "gzip-compressed data"),
        (CHROMIUM_OFFER.encode("utf-16"), "UTF-16 text"),
        (bytes(range(256)), "binary data"),
        (b"\x16\xfe\xfd\x00\x00\x00\x00\x00", "binary data"),
        ("x=1\ny=2\n", "text without an SDP line"),
        ("a=1\nb=2\n", "text without an SDP line"),
    ],
)
def test_what_is_no_description_is_named(source: str | bytes, what: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(source)
    error = caught.value
    assert error.message.startswith("no session description but ")
    assert what in error.message
    assert error.expected == "v=0"
    assert (error.line or 0) >= 1
    assert "\x1b" not in str(error)


def test_the_place_is_that_of_the_first_text() -> None:
    with pytest.raises(ParseError) as caught:
        parse("\n\n  hello")
    assert (caught.value.line, caught.value.column) == (3, 3)


@pytest.mark.parametrize(
    "source",
    [
        "v=0",
        "v=1\r\n",
        "o=- 1 1 IN IP4 0.0.0.0",
        "m=audio 9 RTP/AVP 0",
        # application/trickle-ice-sdpfrag (RFC 8840, 9)
        "a=ice-ufrag:F1\r\na=ice-pwd:1234567890123456789012\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n",
        "a=mid:0",
        "\r\n\r\nv=0\r\n",
        "hello\r\nv=0\r\n",
        "{=0\r\nm=audio 9 RTP/AVP 0\r\n",
        " v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n",
    ],
)
def test_what_holds_an_sdp_line_is_read(source: str) -> None:
    assert parse(source).write() == source
