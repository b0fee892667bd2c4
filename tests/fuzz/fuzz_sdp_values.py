"""The value of any attribute or line is read, or refused with ParseError in its place."""

from rtckit.core.errors import ParseError
from rtckit.sdp import clocks, codec_parameters, fields, images, rtp, schedule, transport

READERS = [
    clocks.parse_media_clock,
    clocks.parse_reference_clock,
    codec_parameters.parse_profile_level_id,
    fields.parse_bandwidth,
    fields.parse_connection,
    fields.parse_group,
    fields.parse_identity,
    fields.parse_media_line,
    fields.parse_origin,
    fields.parse_timing,
    images.parse_image_attribute,
    rtp.parse_extmap,
    rtp.parse_msid,
    rtp.parse_msid_semantic,
    rtp.parse_rid,
    rtp.parse_rtcp_xr,
    rtp.parse_rtpmap,
    rtp.parse_simulcast,
    rtp.parse_ssrc,
    rtp.parse_ssrc_group,
    schedule.parse_encryption_key,
    schedule.parse_repeat_times,
    schedule.parse_text_line,
    schedule.parse_time_zones,
    transport.parse_crypto,
    transport.parse_fingerprint,
    transport.parse_key_management,
    transport.parse_remote_candidates,
    transport.parse_rtcp,
    transport.parse_sctpmap,
    transport.parse_source_filter,
]

SEEDS = [
    b"97 send [x=[480:16:800],y=[320,640],par=[1.2-1.3],q=0.6] [x=1,y=2] recv *",
    b"ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:37",
    b"id=src:1 direct=963214424 rate=1000/1001",
    b"7d 1h 0 25h",
    b"3730928400 -1h 3749680800 0",
    b"incl IN IP4 * 192.0.2.10 192.0.2.11",
    b"1 192.0.2.3 45664 2 192.0.2.3 45665",
    b"rcvr-rtt=all:10 stat-summary=loss,dup",
    b"eyJpZHAiOnt9fQ== version=1",
    b"send 1,2,3;~4,~5 recv 6;~7,~8",
    b"h send pt=96,97;max-width=640",
    b"1/sendonly urn:x a b",
    b"video 9 UDP/TLS/RTP/SAVPF 96 97",
    b"42e01f",
]


def check(data: bytes) -> None:
    """Every reader takes any text; what it refuses it places within the value or after it."""
    text = data.decode("utf-8", "surrogateescape")
    for reader in READERS:
        try:
            found = reader(text, 3, 9)
        except ParseError as error:
            line, column = error.line, error.column or 0
            found = None
        else:
            line, column = 3, 9
        assert line == 3
        assert 9 <= column <= 10 + len(text)
        span = getattr(found, "span", None)
        if span is not None:
            assert span.line == 3
            assert 9 <= span.column <= span.end_column <= 9 + len(text)
