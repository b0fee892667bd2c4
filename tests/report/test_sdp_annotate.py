"""The listing that explains a description line by line."""

import json
import re

import pytest

from rtckit.report.sdp_annotate import (
    annotate,
    render_fragment,
    render_html,
    render_text,
    to_dict,
)
from rtckit.sdp import Description, parse
from rtckit.sdp.grammar import ATTRIBUTES
from tests.sdp.descriptions import ALL, CHROMIUM_OFFER, FIREFOX_ANSWER, SDES_OFFER

SECRETS = ("B14uzuQzBJjWnVIHYVlp7Qmk", "QUJDREVGR0hJ", "NobodyUsesThis", "sessionsession")


def said(text: str) -> dict[str, str]:
    """What is said about each line, by its text; secrets shown."""
    return {item.text: item.says for item in annotate(parse(text), secrets=True)}


@pytest.mark.parametrize("name", ALL)
def test_every_line_of_real_descriptions_is_explained(name: str) -> None:
    document = parse(ALL[name])
    listed = list(annotate(document))
    assert [item.number for item in listed] == [line.number for line in document.lines]
    for item in listed:
        assert item.says
        assert "unreadable" not in item.says
        assert "does not know" not in item.says
        assert item.problems == ()


def test_what_lines_say() -> None:
    words = said(CHROMIUM_OFFER)
    assert words["a=group:BUNDLE 0 1 2"] == "sections 0, 1, 2 share one transport"
    assert words["a=rtpmap:111 opus/48000/2"] == (
        "payload type 111 is opus, clock of 48000 Hz, 2 channels"
    )
    fmtp = "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"
    assert words[fmtp] == (
        "parameters of H264 (102): Baseline, level 3.1, packetization mode 1, "
        "each side its own level"
    )
    assert words["a=fmtp:97 apt=96"] == ("parameters of rtx (97): retransmits payload type 96")
    assert words["a=fmtp:45 level-idx=5;profile=0;tier=0"] == (
        "parameters of AV1 (45): Main profile, level 3.1, main tier"
    )
    assert words["a=rid:h send pt=96,97;max-width=640"] == (
        "encoding 'h', sent: payload types 96, 97, max-width 640"
    )
    assert words["a=simulcast:send q;~h,f recv q"] == (
        "sends 2 encodings at a time: q, h (paused) or f; receives 1 encodings at a time: q"
    )
    srflx = next(text for text in words if "typ srflx" in text)
    assert words[srflx] == (
        "srflx candidate (seen by a STUN server): UDP to 203.0.113.9 port 61002, documentation, "
        "from 192.0.2.17 port 56546, priority 1685987071"
    )
    assert words["b=AS:30"] == "at most 30 kbit/s for everything with headers"
    hidden = next(text for text in said(FIREFOX_ANSWER) if ".local" in text)
    assert "a hidden address" in said(FIREFOX_ANSWER)[hidden]


def test_references_are_those_of_the_table() -> None:
    for item in annotate(parse(CHROMIUM_OFFER)):
        if item.text.startswith("a="):
            name = item.text[2:].partition(":")[0]
            assert item.reference == ATTRIBUTES[name].reference
        else:
            assert item.reference.startswith("RFC 8866, 5.")


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_shown_only_on_request(secret: str) -> None:
    text = CHROMIUM_OFFER if secret in CHROMIUM_OFFER else SDES_OFFER
    description = Description(parse(text))
    drawn = (
        lambda secrets: render_text(description, secrets=secrets),
        lambda secrets: render_html(description, secrets=secrets),
        lambda secrets: json.dumps(to_dict(description, secrets=secrets)),
    )
    for draw in drawn:
        assert secret not in draw(False)
        assert secret in draw(True)
    assert secret not in parse(text)._repr_html_()


def test_a_damaged_line_does_not_show_its_secret() -> None:
    for line in ("ice-pwd:abcdefabcdefabcdefabcdef", " a=ice-pwd:abcdefabcdefabcdefabcdef"):
        shown = render_text(parse(f"v=0\r\n{line}\r\n"))
        assert "abcdef" not in shown


def test_damage_is_shown_where_it_is() -> None:
    text = "v=0\r\n\r\nx=1\r\na=nobody:knows\r\nm=audio 9 RTP/AVP 96\r\na=rtpmap:x opus/48000\r\n"
    drawn = render_text(parse(text), width=100)
    assert "a blank line, which no description has" in drawn
    assert "an attribute rtckit does not know" in drawn
    assert "! column 10: payload type 'x' (expected 0 to 127)" in drawn
    data = to_dict(Description(parse(text), "offer"))
    assert data["type"] == "offer"
    last = data["lines"][-1]
    assert (last["section"], last["says"]) == (0, "what a payload type means, unreadable")
    assert last["problems"][0]["column"] == 10


def test_html_is_escaped_and_closed() -> None:
    text = "v=0\r\ns=<script>alert(1)</script>\x1b[2J\u202e\r\na=<b>:\"'&\r\n"
    page = render_html(parse(text))
    assert "<script" not in page
    assert "<b>" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    for tag in ("table", "tr", "td", "div", "style", "a"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>")
    assert 'href="https://www.rfc-editor.org/rfc/rfc8866.html#section-5.3"' in page


def test_a_notebook_gets_a_part_of_a_long_description() -> None:
    document = parse("v=0\r\n" + "a=sendrecv\r\n" * 5000)
    shown = document._repr_html_()
    assert "and 3,001 more lines" in shown
    assert shown.count("<tr>") == 2000
    assert render_fragment(document, limit=None).count("<tr>") == 5001


def test_text_in_colour_and_by_section() -> None:
    drawn = render_text(parse(CHROMIUM_OFFER), color=True)
    assert "\x1b[1mmedia 1: video, mid 1, sendonly\x1b[0m" in drawn
    assert "\x1b" not in render_text(parse(CHROMIUM_OFFER))
