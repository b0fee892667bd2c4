from collections.abc import Callable
from typing import Any

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import Span
from rtckit.sdp.fields import (
    decode_media_line,
    parse_bandwidth,
    parse_connection,
    parse_group,
    parse_media_line,
    parse_origin,
    parse_timing,
)


def test_an_origin_keeps_its_ids_as_text() -> None:
    # RFC 8866, 5.2 with a session id no float could hold
    origin = parse_origin("jdoe 0098765432109876543210 3724394405 IN IP4 198.51.100.1", 2, 3)
    assert origin[:6] == (
        "jdoe",
        "0098765432109876543210",
        "3724394405",
        "IN",
        "IP4",
        "198.51.100.1",
    )
    assert origin.span == Span(2, 3, 61)


@pytest.mark.parametrize(
    ("value", "address", "ttl", "addresses"),
    [
        # RFC 8866, 5.7
        ("IN IP4 233.252.0.1/127", "233.252.0.1", 127, None),
        ("IN IP4 233.252.0.1/127/3", "233.252.0.1", 127, 3),
        ("IN IP6 ff00::db8:0:101/3", "ff00::db8:0:101", None, 3),
        ("IN IP6 2001:db8::1", "2001:db8::1", None, None),
        ("IN IP4 bac659e8-98a8-487a-8df4-332c6a621d00.local", None, None, None),
        ("IN IP4 0.0.0.0 ", "0.0.0.0", None, None),
    ],
)
def test_connections(
    value: str, address: str | None, ttl: int | None, addresses: int | None
) -> None:
    connection = parse_connection(value)
    assert connection.address == (address or value.split()[2])
    assert (connection.ttl, connection.addresses) == (ttl, addresses)


def test_bandwidth_timing_and_groups() -> None:
    assert parse_bandwidth("X-YZ:128")[:2] == ("X-YZ", 128)
    assert parse_timing("3724394400 3724398000")[:2] == (3724394400, 3724398000)
    assert parse_group("BUNDLE 0 audio-1 2")[:2] == ("BUNDLE", ("0", "audio-1", "2"))
    assert parse_group("LS").mids == ()


def test_media_lines() -> None:
    media = parse_media_line("video 49170/2 RTP/AVP 31 97", 5, 3)
    assert media[:5] == ("video", 49170, 2, "RTP/AVP", ("31", "97"))
    assert media.span == Span(5, 3, 30)


@pytest.mark.parametrize(
    ("parse", "value", "column"),
    [
        (parse_origin, "- 7806956 075423448571 2 IN IP4 127.0.0.1", 3),
        (parse_origin, "", 3),
        (parse_origin, "-  1 2 IN IP4 127.0.0.1", 3),
        (parse_connection, "IN IP40.0.0.0", 3),
        (parse_connection, "IN IP4 233.252.0.1/x", 10),
        (parse_connection, "IN IP6 ff00::1/127/3", 10),
        (parse_connection, "IN IP4 /3", 10),
        (parse_bandwidth, "AS", 3),
        (parse_bandwidth, ":5", 3),
        (parse_bandwidth, "AS:-5", 3),
        (parse_timing, "0", 3),
        (parse_timing, "0 x", 3),
        (parse_group, " ", 3),
        (parse_media_line, "", 3),
        (parse_media_line, "audio 9 RTP/AVP", 18),
        (parse_media_line, "audio 9  RTP/AVP 0", 3),
        (parse_media_line, "audio 99999 RTP/AVP 0", 9),
        (parse_media_line, "audio 9/0 RTP/AVP 0", 9),
        (parse_media_line, "audio\t9 RTP/AVP 0", 3),
    ],
)
def test_damaged_values_are_refused_with_their_place(
    parse: Callable[[str, int, int], Any], value: str, column: int
) -> None:
    with pytest.raises(ParseError) as caught:
        parse(value, 4, 3)
    assert (caught.value.line, caught.value.column) == (4, column)
    assert caught.value.expected


def test_a_damaged_media_line_is_read_as_far_as_it_goes() -> None:
    media, faults = decode_media_line("audio x UDP/TLS/RTP/SAVPF 111")
    assert media[:5] == ("audio", None, None, "UDP/TLS/RTP/SAVPF", ("111",))
    assert [fault[0] for fault in faults] == ["port 'x'"]
    media, faults = decode_media_line("audio")
    assert media[:5] == ("audio", None, None, "", ())
    assert len(faults) == 1
