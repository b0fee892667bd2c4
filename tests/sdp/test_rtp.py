from collections.abc import Callable
from typing import Any

import pytest

from rtckit.core.errors import ParseError
from rtckit.sdp import FormatParameters, Span
from rtckit.sdp.rtp import (
    parse_extmap,
    parse_format_parameters,
    parse_msid,
    parse_rid,
    parse_rtpmap,
    parse_simulcast,
    parse_ssrc,
    parse_ssrc_group,
)


def test_rtpmaps() -> None:
    # RFC 8866, 6.6
    rtpmap = parse_rtpmap("98 L16/16000/2", 6, 10)
    assert rtpmap == ("98", "L16", 16000, 2, Span(6, 10, 24))
    assert parse_rtpmap("0 PCMU/8000").channels is None
    assert parse_rtpmap("127 H263-1998/90000 ").name == "H263-1998"


@pytest.mark.parametrize(
    ("value", "column"),
    [
        ("", 10),
        ("128 VP8/90000", 10),
        ("007 VP8/90000", 10),
        ("x VP8/90000", 10),
        ("96", 12),
        ("96 ", 12),
        ("96 VP8", 13),
        ("96 VP 8/90000", 13),
        ("96  VP8/90000", 13),
        ("96 /90000", 13),
        ("96 VP8/", 17),
        ("96 VP8/0", 17),
        ("96 VP8/-1", 17),
        ("96 VP8/9e4", 17),
        ("96 opus/48000/x", 24),
        ("96 opus/48000/0", 24),
    ],
)
def test_damaged_rtpmaps(value: str, column: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse_rtpmap(value, 4, 10)
    assert (caught.value.line, caught.value.column) == (4, column)


def test_format_parameters_compare_names_without_case() -> None:
    fmtp = parse_format_parameters("Profile-Level-ID=42E01F; packetization-mode=1 ;stereo")
    assert fmtp == {"profile-level-id": "42E01F", "packetization-mode": "1", "stereo": None}
    assert fmtp["PROFILE-level-id"] == "42E01F"
    assert fmtp.get("Packetization-Mode") == "1"
    assert fmtp.get("absent", "x") == "x"
    assert "STEREO" in fmtp
    assert 5 not in fmtp
    fmtp["Stereo"] = "1"
    assert fmtp["stereo"] == "1"
    with pytest.raises(KeyError):
        fmtp["absent"]


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("0-15", {"0-15": None}),
        ("111/111", {"111/111": None}),
        ("sprop-parameter-sets=Z0IACpZTBYmI,aMljiA==", {
            "sprop-parameter-sets": "Z0IACpZTBYmI,aMljiA=="
        }),
        (";;a=1;", {"a": "1"}),
        ("a=1;a=2", {"a": "2"}),
        ("a= 1", {"a": "1"}),
        ("", {}),
    ],
)  # fmt: skip
def test_any_text_is_some_parameters(text: str, parameters: dict[str, str | None]) -> None:
    assert parse_format_parameters(text) == FormatParameters(parameters)


def test_extension_maps() -> None:
    # RFC 8285, 5
    first = parse_extmap("1 http://example.com/082005/ext.htm#ttime")
    assert first[:4] == (1, "http://example.com/082005/ext.htm#ttime", None, "")
    second = parse_extmap("2/sendrecv http://example.com/082005/ext.htm#xmeta short")
    assert second[:4] == (2, "http://example.com/082005/ext.htm#xmeta", "sendrecv", "short")
    assert parse_extmap("4096 urn:x").id == 4096


def test_sources() -> None:
    # RFC 5576, 7
    source = parse_ssrc("11111 cname:user@example.com")
    assert source[:3] == (11111, "cname", "user@example.com")
    assert parse_ssrc("4294967295 flag")[:3] == (4294967295, "flag", None)
    assert parse_ssrc("1 msid:a b").value == "a b"
    assert parse_ssrc_group("FID 11111 22222")[:2] == ("FID", (11111, 22222))
    assert parse_msid("examplefoo examplebar")[:2] == ("examplefoo", "examplebar")
    assert parse_msid("-").track is None


def test_rids() -> None:
    # RFC 8851, 11.1 in form
    rid = parse_rid("1 send pt=97,98;max-width=1280;max-height=720", 3, 7)
    assert (rid.id, rid.direction, rid.payload_types) == ("1", "send", ("97", "98"))
    assert rid.restrictions == {"max-width": "1280", "max-height": "720"}
    assert rid.span == Span(3, 7, 52)
    assert parse_rid("q-1 recv").payload_types == ()
    assert parse_rid("h send depend=q").restrictions == {"depend": "q"}


@pytest.mark.parametrize(
    ("value", "send", "recv"),
    [
        # RFC 8853, 5.1 and 5.6
        ("send 1,2,3;~4,~5 recv 6;~7,~8", ["1,2,3", "~4,~5"], ["6", "~7,~8"]),
        ("recv q send f;h", ["f", "h"], ["q"]),
        ("send q;h;f", ["q", "h", "f"], []),
        (" send rid=q;h", ["q", "h"], []),
    ],
)
def test_simulcast(value: str, send: list[str], recv: list[str]) -> None:
    simulcast = parse_simulcast(value)
    for streams, expected in ((simulcast.send, send), (simulcast.recv, recv)):
        assert [
            ",".join(("~" if stream.paused else "") + stream.rid for stream in alternatives)
            for alternatives in streams
        ] == expected
    assert simulcast.text == value.strip()


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (parse_extmap, ""),
        (parse_extmap, "x urn:y"),
        (parse_extmap, "1"),
        (parse_extmap, "1 "),
        (parse_extmap, "1/both urn:y"),
        (parse_extmap, "1/ urn:y"),
        (parse_ssrc, "1"),
        (parse_ssrc, "4294967296 cname:x"),
        (parse_ssrc, "1 :x"),
        (parse_ssrc_group, ""),
        (parse_ssrc_group, "FID 1 x"),
        (parse_msid, ""),
        (parse_msid, "a b c"),
        (parse_rid, "q"),
        (parse_rid, "q both"),
        (parse_simulcast, ""),
        (parse_simulcast, "send"),
        (parse_simulcast, "send q recv"),
        (parse_simulcast, "send q send h"),
        (parse_simulcast, "up q"),
        (parse_simulcast, "send q;;h"),
        (parse_simulcast, "send pt=97"),
        (parse_simulcast, "send ~"),
    ],
)
def test_damaged_values_are_refused(parse: Callable[[str, int, int], Any], value: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(value, 4, 9)
    assert caught.value.line == 4
    assert caught.value.column is not None
    assert 9 <= caught.value.column <= 9 + len(value) + 1
    assert caught.value.expected
