"""Lines that broadcast and conferencing write, and the values the tables of the RFCs give."""

from collections.abc import Callable
from typing import Any

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import Span, parse
from rtckit.sdp.clocks import parse_media_clock, parse_reference_clock
from rtckit.sdp.schedule import (
    parse_encryption_key,
    parse_repeat_times,
    parse_text_line,
    parse_time_zones,
)

# RFC 8866, 5.9 to 5.11; the text lines are those of its example in section 5.
SESSION = """\
v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=Call to John Smith
i=SDP Offer #1
u=http://www.jdoe.example.com/home.html
e=Jane Doe <jane@jdoe.example.com>
p=+1 617 555-6011
c=IN IP4 198.51.100.1
t=3724394400 3730536000
r=604800 3600 0 90000
t=3724394400 3754123200
r=7d 1h 0 25h
z=3730928400 -1h 3749680800 0
k=prompt
"""


def test_repeats_zones_and_text_lines() -> None:
    session = parse(SESSION).session
    assert session.problems == []
    assert [item.span.line for item in session.repeat_times] == [10, 12]
    for repeat in session.repeat_times:
        assert repeat[:3] == (604800, 3600, (0, 90000))
    (zones,) = session.time_zones
    assert zones.adjustments == ((3730928400, -3600), (3749680800, 0))
    assert [item.text for item in session.uris] == ["http://www.jdoe.example.com/home.html"]
    assert session.emails[0] == ("Jane Doe <jane@jdoe.example.com>", Span(6, 3, 35))
    assert session.phones[0].text == "+1 617 555-6011"
    assert session.information == "SDP Offer #1"
    assert session.encryption_key is not None
    assert (session.encryption_key.method, session.encryption_key.key) == ("prompt", None)


def test_several_of_each_line_are_all_kept() -> None:
    session = parse("v=0\ne=a@b\ne=c@d\np=1\np=2\nu=x:y\nu=z:w\n").session
    assert [item.text for item in session.emails] == ["a@b", "c@d"]
    assert [item.text for item in session.phones] == ["1", "2"]
    assert [item.text for item in session.uris] == ["x:y", "z:w"]


def test_a_media_section_has_a_title_and_a_key_of_its_own() -> None:
    document = parse("v=0\ni=all\nm=audio 9 RTP/AVP 0\ni=left\nk=clear:abc\n")
    media = document.media[0]
    assert (document.session.information, media.information) == ("all", "left")
    assert media.encryption_key is not None
    assert media.encryption_key.key == "abc"
    assert "abc" not in repr(media.encryption_key)
    assert document.session.encryption_key is None


@pytest.mark.parametrize(
    ("value", "source", "address", "traceable", "version", "domain"),
    [
        # the forms of the grammar in RFC 7273, 4
        ("ntp=203.0.113.10", "ntp", "203.0.113.10", False, None, None),
        ("ntp=/traceable/", "ntp", None, True, None, None),
        (
            "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:37",
            "ptp",
            "39-A7-94-FF-FE-07-CB-D0",
            False,
            "IEEE1588-2008",
            "37",
        ),
        ("ptp=IEEE1588-2008:traceable", "ptp", None, True, "IEEE1588-2008", None),
        ("ptp=IEEE802.1AS-2011", "ptp", None, False, "IEEE802.1AS-2011", None),
        ("gps", "gps", None, False, None, None),
        ("local", "local", None, False, None, None),
        ("private", "private", None, False, None, None),
        ("private:traceable", "private", None, True, None, None),
        ("localmac=40-a3-6b-a0-2b-d2", "localmac", "40-a3-6b-a0-2b-d2", False, None, None),
    ],
)
def test_reference_clocks(
    value: str,
    source: str,
    address: str | None,
    traceable: bool,
    version: str | None,
    domain: str | None,
) -> None:
    clock = parse_reference_clock(value, 3, 13)
    assert clock == (source, address, traceable, version, domain, Span(3, 13, 13 + len(value)))


@pytest.mark.parametrize(
    ("value", "source", "content", "rate", "tag", "offset"),
    [
        # RFC 7273, 5
        ("sender", "sender", None, None, None, None),
        ("direct=963214424", "direct", "963214424", None, None, 963214424),
        ("direct=963214424 rate=1000/1001", "direct", "963214424", (1000, 1001), None, 963214424),
        ("id=src:00:60:2b:20:12:1f sender", "sender", None, None, "src:00:60:2b:20:12:1f", None),
        ("IEEE1722=38-D6-6D-8E-D2-78-13-2F", "IEEE1722", "38-D6-6D-8E-D2-78-13-2F", None, None, 0),
    ],
)
def test_media_clocks(
    value: str,
    source: str,
    content: str | None,
    rate: tuple[int, int] | None,
    tag: str | None,
    offset: int | None,
) -> None:
    clock = parse_media_clock(value)
    assert clock[:4] == (source, content, rate, tag)
    assert clock.offset == (offset or None)


def test_clocks_of_the_session_hold_for_its_media() -> None:
    document = parse(
        "v=0\na=ts-refclk:gps\na=ts-refclk:local\na=mediaclk:sender\n"
        "m=audio 9 RTP/AVP 0\nm=audio 9 RTP/AVP 0\na=ts-refclk:private\na=mediaclk:direct=0\n"
    )
    first, second = document.media
    assert [clock.source for clock in first.reference_clocks] == ["gps", "local"]
    assert [clock.source for clock in second.reference_clocks] == ["private"]
    assert first.media_clock is not None
    assert second.media_clock is not None
    assert (first.media_clock.source, second.media_clock.offset) == ("sender", 0)


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (parse_text_line, ""),
        (parse_repeat_times, ""),
        (parse_repeat_times, "604800 3600"),
        (parse_repeat_times, "0 3600 0"),
        (parse_repeat_times, "7D 1h 0"),
        (parse_repeat_times, "7d -1h 0"),
        (parse_repeat_times, "7d  1h 0"),
        (parse_time_zones, ""),
        (parse_time_zones, "1"),
        (parse_time_zones, "1 2 3"),
        (parse_time_zones, "x 1h"),
        (parse_time_zones, "1h 1h"),
        (parse_encryption_key, ""),
        (parse_encryption_key, "prompt:secret"),
        (parse_encryption_key, "clear"),
        (parse_encryption_key, "guess:secret"),
        (parse_reference_clock, ""),
        (parse_reference_clock, "a b"),
        (parse_reference_clock, "ntp="),
        (parse_reference_clock, "ptp=:x"),
        (parse_reference_clock, "ptp=IEEE1588-2008:"),
        (parse_media_clock, ""),
        (parse_media_clock, "id=x"),
        (parse_media_clock, "direct=1 rate=0/1"),
        (parse_media_clock, "direct=1 fast"),
        (parse_media_clock, "a b c"),
    ],
)
def test_damaged_values_are_refused(reader: Callable[[str, int, int], Any], value: str) -> None:
    with pytest.raises(ParseError) as caught:
        reader(value, 4, 9)
    assert caught.value.line == 4
    assert 9 <= (caught.value.column or 0) <= 9 + len(value)
    assert caught.value.expected
    assert "secret" not in str(caught.value)
