"""Image sizes, frame rates and the other attributes that say what the media is."""

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import Span, parse
from rtckit.sdp.images import ImageSet, SizeRange, parse_image_attribute
from rtckit.sdp.rtp import parse_rtcp_xr
from rtckit.sdp.transport import (
    parse_key_management,
    parse_remote_candidates,
    parse_source_filter,
)


def test_sets_of_both_directions() -> None:
    # The example of RFC 6236's overview
    value = "97 send [x=800,y=640,sar=1.1,q=0.6] [x=480,y=320] recv [x=330,y=250]"
    image = parse_image_attribute(value, 2, 13)
    assert image.payload_type == "97"
    assert image.send == (
        ImageSet(SizeRange(800, 800), SizeRange(640, 640), 0.6, (("sar", "1.1"),)),
        ImageSet(SizeRange(480, 480), SizeRange(320, 320), 0.5, ()),
    )
    assert image.recv == (ImageSet(SizeRange(330, 330), SizeRange(250, 250), 0.5, ()),)
    assert image.span == Span(2, 13, 13 + len(value))


def test_ranges_steps_and_any_image() -> None:
    value = "* recv * send [x=[480:16:800],y=[320:16:640],par=[1.2-1.3],q=0.6] [x=[176,208],y=144]"
    image = parse_image_attribute(value)
    assert image.recv == ()
    assert image.send is not None
    wide, small = image.send
    assert wide.width == SizeRange(480, 800, 16)
    assert 496 in wide.width
    assert 490 not in wide.width
    assert 816 not in wide.width
    assert wide.parameters == (("par", "[1.2-1.3]"),)
    assert small.width == SizeRange(176, 208, values=(176, 208))
    assert 208 in small.width
    assert 180 not in small.width
    assert "176" not in small.width


def test_only_one_direction() -> None:
    image = parse_image_attribute("120 send [x=[1:9],y=2]")
    assert image.recv is None
    assert image.send is not None
    assert image.send[0].width == SizeRange(1, 9)


@pytest.mark.parametrize(
    ("value", "column"),
    [
        ("", 9),
        ("x send *", 9),
        ("97", 11),
        ("97 up *", 11),
        ("97 send", 16),
        ("97 send [x=1]", 18),
        ("97 send [x=1,y=0]", 24),
        ("97 send [x=1,y=[9:1]]", 24),
        ("97 send [x=1,y=[1,]]", 24),
        ("97 send [x=1,y=2,q=2]", 28),
        ("97 send [x=1,y=2,]", None),
        ("97 send [x=1,y=2] send [x=1,y=2]", 41),
        ("97 send [x=1,y=2] more", 26),
        ("97 send [x=1,y=2", 16),
        ("97 send " + "[" * 50_000, 16),
    ],
)
def test_damaged_image_attributes(value: str, column: int | None) -> None:
    if column is None:
        # A comma too many is let pass.
        assert parse_image_attribute(value).send
        return
    with pytest.raises(ParseError) as caught:
        parse_image_attribute(value, 4, 9)
    assert (caught.value.line, caught.value.column) == (4, column)


MEDIA = """\
v=0
a=rtcp-xr:rcvr-rtt=all:10
a=source-filter: incl IN IP4 * 192.0.2.10
a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAsAyO
m=video 9 RTP/SAVPF 96
i=the slides
b=AS:500
b=TIAS:500000
b=RS:0
b=X-YZ:128
a=rtpmap:96 VP8/90000
a=framerate:29.97
a=quality:10
a=content:slides,speaker
a=label:19
a=imageattr:96 send [x=800,y=640] recv *
a=remote-candidates:1 192.0.2.3 45664
a=remote-candidates:2 192.0.2.3 45665 3 2001:db8::3 9
a=x-google-flag:conference
a=ssrc:11 cname:a:b
a=ssrc:11 fmtp:96 x=1
a=ssrc:11 previous-ssrc:10
m=audio 9 RTP/AVP 0
a=rtcp-xr:pkt-loss-rle=100 stat-summary=loss,dup voip-metrics
a=source-filter:excl IN IP4 233.252.0.1 192.0.2.11 192.0.2.12
a=ptime:20
a=maxptime:0.5
"""


def test_every_view_of_a_media_section() -> None:
    document = parse(MEDIA)
    assert document.problems == []
    video, audio = document.media
    assert [item.bits_per_second for item in video.bandwidth] == [500_000, 500_000, 0, None]
    assert video.information == "the slides"
    assert (video.frame_rate, video.quality, video.label) == (29.97, 10, "19")
    assert video.contents == ["slides", "speaker"]
    assert video.image_attributes[0].recv == ()
    assert [item[:3] for item in video.remote_candidates] == [
        (1, "192.0.2.3", 45664),
        (2, "192.0.2.3", 45665),
        (3, "2001:db8::3", 9),
    ]
    assert video.remote_candidates[2].span == Span(18, 39, 54)
    assert video.google_flags == ["conference"]
    assert [item[:3] for item in video.ssrc_attributes] == [
        (11, "cname", "a:b"),
        (11, "fmtp", "96 x=1"),
        (11, "previous-ssrc", "10"),
    ]
    assert (audio.packet_time, audio.maximum_packet_time) == (20, 0.5)
    assert [block[:2] for block in video.rtcp_xr] == [("rcvr-rtt", "all:10")]
    assert [block[:2] for block in audio.rtcp_xr] == [
        ("pkt-loss-rle", "100"),
        ("stat-summary", "loss,dup"),
        ("voip-metrics", None),
    ]
    assert video.source_filters[0][:5] == ("incl", "IN", "IP4", "*", ("192.0.2.10",))
    assert audio.source_filters[0].sources == ("192.0.2.11", "192.0.2.12")
    assert video.key_management is audio.key_management
    assert video.key_management[0].protocol == "mikey"
    assert "AQAF" not in repr(video.key_management)


def test_what_is_damaged_is_left_out_and_noted() -> None:
    text = """\
v=0
a=key-mgmt:mikey
a=msid-semantic:
a=identity:(
m=video 9 RTP/AVPF 34
a=framerate:0
a=framerate:60
a=ptime:x
a=maxptime:
a=quality:11
a=label:
a=content:
a=imageattr:34
a=remote-candidates:1 192.0.2.3
a=remote-candidates:0 192.0.2.3 5
a=rtcp-xr:=
a=source-filter:incl IN IP4 *
"""
    document = parse(text)
    media = document.media[0]
    assert (media.frame_rate, media.packet_time, media.quality, media.label) == (None,) * 4
    assert (media.contents, media.image_attributes, media.remote_candidates) == ([], [], [])
    assert (media.rtcp_xr, media.source_filters) == ((), [])
    assert document.session.identity_assertion is None
    lines = [problem.span.line for problem in document.problems]
    assert lines == [2, 3, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]


def test_an_identity_has_extensions() -> None:
    session = parse("v=0\r\na=identity:eyJpZHAiOnt9fQ== version=1 x\r\n").session
    assert session.identity_assertion is not None
    assert session.identity_assertion.assertion == "eyJpZHAiOnt9fQ=="
    assert session.identity_assertion.extensions == (("version", "1"), ("x", None))


def test_errors_of_single_values() -> None:
    for reader, value in (
        (parse_rtcp_xr, "stat-summary="),
        (parse_key_management, "mikey a b"),
        (parse_remote_candidates, ""),
        (parse_source_filter, "only IN IP4 * 192.0.2.1"),
    ):
        with pytest.raises(ParseError):
            reader(value)
    assert parse_rtcp_xr("") == ()
