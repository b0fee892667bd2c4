"""Findings drawn with their places; each expectation drawn by hand."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.findings import Certainty, Evidence, Finding, Location, Severity
from rtckit.report.frame import describe_location, render_finding, render_findings, source_lines
from rtckit.report.text import Paint, display_width

PLAIN = Paint()
OFFER = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=setup:active\r\n"


def finding(location: Location, **fields: object) -> Finding:
    values: dict[str, object] = {
        "rule": "DTLS009",
        "severity": Severity.ERROR,
        "message": "the offer insists on a role",
        "location": location,
        "help": "write `a=setup:actpass`",
        "refs": ("RFC 8842, 5.2",),
    }
    return Finding(**{**values, **fields})  # type: ignore[arg-type]


def test_a_line_of_a_description_with_carets() -> None:
    drawn = render_finding(
        finding(Location("offer.sdp", 3, 9, 15)), paint=PLAIN, sources={"offer.sdp": OFFER}
    )
    assert drawn == (
        "error[DTLS009]: the offer insists on a role\n"
        " --> offer.sdp:3:9\n"
        "  |\n"
        "2 | m=audio 9 UDP/TLS/RTP/SAVPF 111\n"
        "3 | a=setup:active\n"
        "  |         ^^^^^^\n"
        "  = help: write `a=setup:actpass`\n"
        "  = see: RFC 8842, 5.2"
    )


def test_a_frame_of_a_capture_with_its_evidence() -> None:
    seen = tuple(
        Evidence(f"check {number}", Location("call.pcapng", frame=number)) for number in range(1, 6)
    )
    place = Location("call.pcapng", frame=42, byte_start=20, byte_end=36)
    one = finding(place, evidence=seen, certainty=Certainty.LIKELY, help="", refs=())
    assert render_finding(one, paint=PLAIN) == (
        "error[DTLS009]: the offer insists on a role (likely)\n"
        " --> call.pcapng frame 42, bytes 20-35\n"
        "  = seen: frame 1: check 1\n"
        "  = seen: frame 2: check 2\n"
        "  = seen: frame 3: check 3\n"
        "  = seen: and 2 more"
    )
    assert "check 5" in render_finding(one, paint=PLAIN, verbose=1)


def test_a_long_message_is_filled() -> None:
    one = finding(Location(), message="word " * 12 + "end", help="", refs=())
    assert render_finding(one, paint=PLAIN, width=40) == (
        "error[DTLS009]: word word word word word\n    word word word word word word word\n    end"
    )


def test_advice_is_given_once() -> None:
    one, other = finding(Location(frame=1)), finding(Location(frame=2))
    drawn = render_findings([one, other, finding(Location(frame=3), help="else")], paint=PLAIN)
    assert drawn.count("= help: write") == 1
    assert drawn.count("= help: else") == 1
    assert drawn.count("= see:") == 2
    assert drawn.count("error[DTLS009]") == 3


def test_evidence_of_another_file_names_it() -> None:
    seen = (Evidence("late", Location("b.pcapng", frame=3)),)
    drawn = render_finding(finding(Location("a.pcapng", frame=9), evidence=seen), paint=PLAIN)
    assert "  = seen: b.pcapng frame 3: late\n" in drawn


def test_locations_in_words() -> None:
    assert describe_location(Location()) == ""
    assert describe_location(Location(frame=7)) == "frame 7"
    assert describe_location(Location(line=7, column=3)) == "line 7:3"
    assert describe_location(Location("a.sdp", 3)) == "a.sdp:3"
    assert describe_location(Location(byte_start=4, byte_end=5)) == "byte 4"
    assert describe_location(Location("x\x1b]0;t\x07", 1)) == "x\\x1b]0;t\\x07:1"


def test_the_place_stays_in_view_on_a_long_line() -> None:
    line = "a=" + "x" * 300 + "HERE" + "y" * 300
    drawn = source_lines(line, Location(line=1, column=303, end_column=307), paint=PLAIN, width=60)
    shown, carets = drawn[1], drawn[2]
    assert display_width(shown) <= 60
    start = carets.index("^")
    assert shown[start : start + 4] == "HERE"
    assert carets.count("^") == 4


def test_controls_are_escaped_and_carets_still_point() -> None:
    drawn = source_lines("a\x1b[2Jb!c", Location(line=1, column=7, end_column=8), paint=PLAIN)
    assert drawn == ["  |", "1 | a\\x1b[2Jb!c", "  |          ^"]


def test_a_place_outside_the_text_draws_nothing() -> None:
    assert source_lines("one", Location(line=9), paint=PLAIN) == []
    assert source_lines("one", Location(frame=1), paint=PLAIN) == []


@given(
    st.text(max_size=120),
    st.integers(-2, 8),
    st.integers(-2, 130),
    st.integers(-2, 130),
    st.integers(0, 80),
)
def test_any_text_and_place_can_be_drawn(
    text: str, line: int, column: int, end: int, width: int
) -> None:
    place = Location("f", line, column, end)
    for drawn in source_lines(text, place, paint=PLAIN, width=width):
        assert all(unicodedata.category(character) not in ("Cc", "Cf") for character in drawn)


def test_secrets_are_hidden_and_columns_kept() -> None:
    source = "v=0\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=ice-ufrag:8hhY\r\n"
    drawn = source_lines(source, Location("o.sdp", 3, 13, 17), paint=Paint(False))
    assert "asd88" not in "\n".join(drawn)
    assert drawn[-3].endswith("a=ice-pwd:" + "*" * 22)


def test_only_sdp_line_ends_count() -> None:
    source = "v=0\ns=a\u2028b\x0bc\na=mid:0\n"
    drawn = source_lines(source, Location("o.sdp", 3, 7, 8), paint=Paint(False))
    assert drawn[-2].endswith("a=mid:0")
