"""A description is read and written back byte for byte, or refused with ParseError."""

import json

from rtckit.core.errors import ParseError
from rtckit.report import sdp_annotate as listing
from rtckit.report.sdp import render_text, to_dict
from rtckit.sdp import Description, parse, read_description
from tests.sdp.descriptions import ALL

SEEDS = [
    *(text.encode() for text in ALL.values()),
    b"\xef\xbb\xbfv=0\no=- 1 1 IN IP4 0.0.0.0\rm=audio 9 RTP/AVP 0\r\n",
    json.dumps({"type": "offer", "sdp": ALL["aiortc-offer"]}).encode(),
    ALL["aiortc-offer"].replace("\r\n", "\\r\\n").encode(),
]


def check(data: bytes) -> None:
    """The law of ``parse`` and ``read_description``, and that what they give can be drawn."""
    text = data.decode("utf-8", "surrogateescape")
    for source in (data, text):
        try:
            document = parse(source)
        except ParseError:
            continue
        assert document.write() == source
        joined = "".join(line.text + line.end for line in document.lines)
        assert joined == text.removeprefix("\ufeff")
        for problem in document.problems:
            line = document.lines[problem.span.line - 1]
            assert 1 <= problem.span.column <= len(line.text) + 1
            assert problem.span.column < problem.span.end_column
    try:
        description = read_description(data)
    except ParseError:
        return
    assert isinstance(description, Description)
    for verbose in (0, 1):
        _check_drawn(render_text(description, width=80, verbose=verbose))
    _check_drawn(listing.render_text(description, width=80))
    listing.render_html(description).encode()
    json.dumps(listing.to_dict(description))
    json.dumps(to_dict(description))


def _check_drawn(drawn: str) -> None:
    assert all(character == "\n" or character.isprintable() for character in drawn)
    drawn.encode()
