"""Widths, tables and paragraphs; expectations counted by hand."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.findings import Severity
from rtckit.report.text import (
    Paint,
    Styled,
    bullet,
    clip,
    columns,
    display_width,
    format_bytes,
    format_count,
    paragraph,
    sentence,
)

PLAIN = Paint()


def test_paint_leaves_text_alone_without_colour() -> None:
    assert PLAIN("x", "bold red") == "x"
    assert PLAIN.severity(Severity.ERROR) == "error"


def test_paint_writes_sgr_codes() -> None:
    paint = Paint(color=True)
    assert paint("x", "bold red") == "\x1b[1;31mx\x1b[0m"
    assert paint("x", "") == "x"
    assert paint("", "bold") == ""
    assert paint.severity(Severity.WARNING, "w") == "\x1b[1;33mw\x1b[0m"


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 1), ("漢字", 4), ("ﾊ", 1), ("→ x", 3)],
)
def test_display_width_counts_cells(text: str, width: int) -> None:
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "clipped"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("漢字漢", 4, "漢…"),
    ],
)
def test_clip_ends_with_an_ellipsis(text: str, width: int, clipped: str) -> None:
    assert clip(text, width) == clipped


@given(st.text(max_size=40), st.integers(0, 50))
def test_clip_never_passes_the_width(text: str, width: int) -> None:
    assert display_width(clip(text, width)) <= width


def test_columns_align_and_pad() -> None:
    table = columns(
        [("a", "1"), ("bbb", "22")], paint=PLAIN, header=("name", "n"), right={1}, indent="  "
    )
    assert table == "  name   n\n  a      1\n  bbb   22"


def test_columns_pad_by_cells_outside_the_colour() -> None:
    table = columns([(Styled("漢", "red"), "x"), ("abc", "y")], paint=Paint(color=True))
    assert table == "\x1b[31m漢\x1b[0m   x\nabc  y"


def test_columns_take_short_rows_and_none() -> None:
    assert columns([], paint=PLAIN) == ""
    assert columns([("a",), ("b", "c")], paint=PLAIN) == "a\nb  c"


def test_columns_clip_the_widest_to_fit() -> None:
    table = columns([("x" * 40, "y" * 10)], paint=PLAIN, width=30)
    assert table == "x" * 17 + "…" + "  " + "y" * 10
    table = columns([("x" * 40, "y" * 20)], paint=PLAIN, width=30, flexible={1})
    assert table == "x" * 40 + "  " + "y" * 7 + "…"


@given(
    st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=4), max_size=5),
    st.integers(0, 60),
)
def test_columns_are_one_safe_line_a_row(rows: list[list[str]], width: int) -> None:
    table = columns(rows, paint=PLAIN, width=width)
    assert len(table.split("\n")) == max(1, len(rows))
    for character in table.replace("\n", ""):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def test_paragraph_fills_and_escapes() -> None:
    text = paragraph("one two three\x1b[2J four", width=26, indent="    ", first="  - ")
    assert text == "  - one two three\\x1b[2J\n    four"


def test_paragraphs_stay_apart() -> None:
    assert paragraph("a\n\nb", width=40, indent=" ") == " a\n\n b"


def test_bullet_continues_under_the_text() -> None:
    assert bullet("ab:", "one two three four five six", width=24, paint=PLAIN) == (
        "ab: one two three four\n    five six"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the first 401", "The first 401"),
        ("iceServers has", "iceServers has"),
        ("`a=setup` is", "`a=setup` is"),
        ("", ""),
    ],
)
def test_sentence(text: str, expected: str) -> None:
    assert sentence(text) == expected


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (12_345_678, "12.3 MB"),
        (5_000_000_000_000, "5000.0 GB"),
    ],
)
def test_bytes_for_people(count: int, text: str) -> None:
    assert format_bytes(count) == text


def test_counts_for_people() -> None:
    assert format_count(1, "packet") == "1 packet"
    assert format_count(0, "packet") == "0 packets"
    assert format_count(12345, "index", "indices") == "12,345 indices"
