import json

import pytest

from rtckit.report.json import dump
from rtckit.report.sdp import describe, render_text, to_dict
from rtckit.sdp import Description, parse, read_description
from tests.sdp.descriptions import (
    ALL,
    CHROMIUM_OFFER,
    FINGERPRINT,
    FIREFOX_ANSWER,
    SDES_OFFER,
    crlf,
)

PASSWORD = "B14uzuQzBJjWnVIHYVlp7Qmk"
KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIz"


def entries(drawn: str, label: str) -> list[str]:
    """What stands after a label, each time it occurs."""
    return [
        line[14:].strip() for line in drawn.splitlines() if line[:14].strip() == label and line[2:3]
    ]


def test_the_json_shape_scripts_rely_on() -> None:
    answer = to_dict(read_description(json.dumps({"type": "offer", "sdp": CHROMIUM_OFFER})))
    assert answer["schema"] == 1
    assert answer["findings"] == []
    assert answer["type"] == "offer"
    assert answer["undone"] == ["JSON {type, sdp}"]
    assert answer["session"]["bundle"] == ["0", "1", "2"]
    assert answer["session"]["origin"]["session_id"] == "4611731400430051336"
    audio, video, data = answer["media"]
    assert (audio["index"], audio["kind"], audio["port"], audio["mid"]) == (
        0,
        "audio",
        56546,
        "0",
    )
    assert audio["direction"] == "sendrecv"
    assert audio["codecs"][0] == {
        "payload_type": "111",
        "name": "opus",
        "clock_rate": 48000,
        "channels": 2,
        "fmtp": {"minptime": "10", "useinbandfec": "1"},
        "rtcp_fb": ["transport-cc"],
        "static": False,
        "line": CHROMIUM_OFFER[: CHROMIUM_OFFER.index("a=rtpmap:111")].count("\n") + 1,
    }
    assert audio["candidates"][2]["related_address"] == "192.0.2.17"
    assert audio["candidates"][0]["extensions"] == [["generation", "0"], ["network-id", "1"]]
    assert audio["candidates"][0]["scope"] == "documentation"
    assert audio["rtcp"]["connection"]["address"] == "0.0.0.0"
    assert video["simulcast"] == {
        "send": [
            [{"rid": "q", "paused": False}],
            [{"rid": "h", "paused": True}, {"rid": "f", "paused": False}],
        ],
        "recv": [[{"rid": "q", "paused": False}]],
    }
    assert video["rids"][1]["payload_types"] == ["96", "97"]
    assert video["ssrc_groups"][0]["ssrcs"] == (463667899, 241741940)
    assert video["msids"][0]["stream"] == "-"
    assert (data["sctp_port"], data["max_message_size"]) == (5000, 262144)
    assert data["transport_section"] == 0
    assert answer["problems"] == []
    assert json.loads(dump(answer))["lines"] == CHROMIUM_OFFER.count("\n")


def test_problems_are_listed_with_their_place() -> None:
    (problem,) = describe(parse("v=0\r\nm=audio x RTP/AVP 0\r\n"))["problems"]
    assert problem == {
        "message": "port 'x'",
        "line": 2,
        "column": 9,
        "end_column": 10,
        "expected": "0 to 65535, or <port>/<count>",
    }


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("verbose", [0, 1])
def test_every_description_is_drawn(name: str, verbose: int) -> None:
    document = parse(ALL[name])
    drawn = render_text(document, verbose=verbose)
    assert drawn.startswith(f"description: {len(document.media)} media section")
    assert drawn.endswith("\n")
    assert "\x1b" not in drawn
    for media in document.media:
        assert f"{media.index}  {media.kind}" in drawn
        for codec in media.codecs:
            assert codec.payload_type in drawn


def test_what_people_look_for_is_there() -> None:
    drawn = render_text(Description(parse(CHROMIUM_OFFER), "offer"))
    assert drawn.startswith("offer: 3 media sections, ")
    assert entries(drawn, "bundle") == ["0 1 2"]
    assert entries(drawn, "ICE") == [
        "ufrag YOmo, password (24 characters, masked), options trickle renomination"
    ]
    assert entries(drawn, "ICE, DTLS") == ["of section 0 (mid 0), bundled"] * 2
    assert entries(drawn, "fingerprint") == [f"sha-256 {FINGERPRINT}"]
    assert entries(drawn, "SCTP") == ["port 5000, messages up to 262.1 kB, webrtc-datachannel"]
    assert entries(drawn, "simulcast") == ["send q; h (paused) or f, recv q"]
    assert entries(drawn, "groups") == ["FID 463667899 241741940"]
    assert "[2001:db8::17]:56547" in drawn
    assert "from 192.0.2.17:56546" in drawn
    assert "96   VP8/90000   rtx 97" in drawn
    assert "1:ssrc-audio-level, 4:mid" in drawn
    assert "ccm tmmbr smaxpr=120: 102" in drawn
    assert "problem" not in drawn


def test_states_of_a_section() -> None:
    drawn = render_text(parse(FIREFOX_ANSWER))
    assert "1  video  mid 1  rejected  inactive" in drawn
    assert "end of candidates" in drawn
    assert "1:ssrc-audio-level/recvonly" in drawn
    assert "mDNS name" in drawn


def test_an_older_description() -> None:
    drawn = render_text(parse(SDES_OFFER))
    assert entries(drawn, "agent") == ["ICE lite"]
    assert entries(drawn, "name") == ["An old call"]
    assert entries(drawn, "connection") == [
        "IN IP4 192.0.2.1",
        "IN IP4 233.252.0.1, TTL 127, 3 addresses",
    ]
    assert entries(drawn, "bandwidth") == ["CT 512", "TIAS 256000"]
    assert entries(drawn, "SCTP") == ["port 5000, no largest message said (64 kB then), 5000"]


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize(("text", "secret"), [(CHROMIUM_OFFER, PASSWORD), (SDES_OFFER, KEY)])
def test_secrets_are_masked_unless_asked_for(text: str, secret: str, verbose: int) -> None:
    document = parse(text)
    assert secret not in render_text(document, verbose=verbose)
    assert secret not in dump(describe(document))
    assert "masked" in render_text(document, verbose=verbose)
    assert secret in render_text(document, verbose=verbose, secrets=True)
    assert secret in dump(describe(document, secrets=True))


def test_secrets_in_places_of_old_and_damaged_descriptions_are_masked() -> None:
    document = parse(
        crlf(
            """
v=0
k=clear:SECRET
a=x-ice-pwd:SECRET
ice-pwd:SECRET
m=audio 9 RTP/SAVP 0
a=ice-pwd :SECRET
a=key-mgmt:mikey SECRET
a=crypto SECRET
a=crypto:1 SECRET
a=candidate:1 1 udp 1 192.0.2.1 9 typ host username x password SECRET
"""
        )
    )
    assert "SECRET" not in render_text(document, verbose=1)
    assert "SECRET" not in dump(describe(document))
    assert "password" in render_text(document, verbose=1)


def test_hostile_text_does_not_reach_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\u202e\x00"
    lines = (
        "v=0",
        f"o={evil} {evil} 1 IN IP4 {evil}",
        f"s={evil}",
        f"a=group:{evil} {evil}",
        f"a={evil}:{evil}",
        f"m={evil} 9 UDP/TLS/RTP/SAVPF 96 {evil}",
        f"a=mid:{evil}",
        f"a=rtpmap:96 {evil}/90000",
        f"a=fmtp:96 {evil}={evil}",
        f"a=rtcp-fb:96 {evil}",
        f"a=candidate:{evil} 1 {evil} 1 {evil} 9 typ {evil} raddr {evil} {evil} {evil}",
        f"a=ice-ufrag:{evil}",
        f"a=msid:{evil} {evil}",
        f"a=extmap:1 {evil}",
        f"a=rid:{evil} send {evil}={evil}",
        f"a=ssrc:1 cname:{evil}",
        f"a=ssrc-group:{evil} 1",
        f"a=simulcast:send {evil}",
        f"a=tls-id:{evil}",
        evil,
    )
    text = "\r\n".join(lines)
    for source in (text, text.encode() + b"\xff\xfe"):
        for verbose in (0, 1):
            drawn = render_text(parse(source), verbose=verbose)
            assert all(character == "\n" or character.isprintable() for character in drawn)
            drawn.encode()
        assert dump(to_dict(Description(parse(source)))).isascii()


def test_long_lists_are_cut_and_shown_when_asked() -> None:
    lines = ["v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 0"]
    lines += [f"a=candidate:{n} 1 udp {n} 192.0.2.{n} 9 typ host" for n in range(1, 21)]
    lines += ["bad"] * 30
    document = parse(crlf("\n".join(lines)))
    drawn = render_text(document)
    assert "and 12 more (-v shows them)" in drawn
    assert "and 10 more (-v shows them)" in drawn
    assert "192.0.2.20:9" not in drawn
    drawn = render_text(document, verbose=1)
    assert "more (-v" not in drawn
    assert "192.0.2.20:9" in drawn
    assert "foundation 20" in drawn


def test_colour_and_width() -> None:
    plain = render_text(parse(CHROMIUM_OFFER), width=60)
    coloured = render_text(parse(CHROMIUM_OFFER), width=60, color=True)
    assert "\x1b[1m" in coloured
    for style in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[36m"):
        coloured = coloured.replace(style, "")
    assert coloured == plain


def test_what_a_bundled_section_says_differently_is_shown() -> None:
    other = CHROMIUM_OFFER.replace("m=video", "m=video", 1)
    start = other.index("m=video")
    other = other[:start] + other[start:].replace("a=setup:actpass", "a=setup:active", 1)
    drawn = render_text(parse(other))
    assert entries(drawn, "DTLS") == ["setup actpass", "setup active"]
    assert entries(drawn, "ICE, DTLS") == ["of section 0 (mid 0), bundled"]


def test_unknown_attributes_are_named() -> None:
    document = parse("v=0\r\nm=video 9 RTP/AVP 31\r\na=x-flag:conference\r\na=x-flag:two\r\n")
    assert entries(render_text(document), "unknown") == ["x-flag"]
    assert "line 3  x-flag  conference" in render_text(document, verbose=1)
    assert describe(document)["media"][0]["unknown"][0] == {
        "name": "x-flag",
        "value": "conference",
        "line": 3,
    }
