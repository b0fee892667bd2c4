import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.sdp.lines import (
    Attribute,
    Line,
    SdpProblem,
    Span,
    SplitText,
    join_lines,
    read_integer,
    split_lines,
    words,
)


@pytest.mark.parametrize(
    ("text", "bodies", "ends"),
    [
        ("a\r\nb\r\n", ["a", "b"], ["\r\n", "\r\n"]),
        ("a\r\nb", ["a", "b"], ["\r\n", ""]),
        ("a\nb\n", ["a", "b"], ["\n", "\n"]),
        ("a\rb\r", ["a", "b"], ["\r", "\r"]),
        ("a\r\nb\nc\rd", ["a", "b", "c", "d"], ["\r\n", "\n", "\r", ""]),
        ("a\n\rb", ["a", "", "b"], ["\n", "\r", ""]),
        ("a\r\r\nb\n", ["a", "", "b"], ["\r", "\r\n", "\n"]),
        ("\n\na", ["", "", "a"], ["\n", "\n", ""]),
        ("a\r\n\r\n", ["a", ""], ["\r\n", "\r\n"]),
        ("\r\n", [""], ["\r\n"]),
        ("", [], []),
        ("a", ["a"], [""]),
    ],
)
def test_lines_end_at_crlf_lf_and_cr(text: str, bodies: list[str], ends: list[str]) -> None:
    split = split_lines(text)
    assert split.bodies == bodies
    assert _ends(split) == ends


def _ends(split: SplitText) -> list[str]:
    if isinstance(split.ends, list):
        return split.ends
    if not split.bodies:
        return []
    return [split.ends] * (len(split.bodies) - 1) + [split.last_end]


@pytest.mark.parametrize(
    "odd", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_nothing_else_ends_a_line(odd: str) -> None:
    # str.splitlines() would split at each of these.
    assert split_lines(f"a{odd}b\n").bodies == [f"a{odd}b"]


@given(st.text(st.sampled_from("ab\r\n \x85")))
def test_joining_gives_the_text_again(text: str) -> None:
    split = split_lines(text)
    assert join_lines(split) == text
    assert not any("\r" in body or "\n" in body for body in split.bodies)


def test_a_line_knows_its_parts_and_places() -> None:
    line = Line(4, "c=IN IP4 0.0.0.0", "\r\n")
    assert (line.type, line.value) == ("c", "IN IP4 0.0.0.0")
    assert line.span == Span(4, 1, 17)
    assert line.value_span == Span(4, 3, 17)


@pytest.mark.parametrize("text", ["", "c", "cc=1", " c=1", "=1", "1=2", "é=1", "hello world"])
def test_a_line_that_is_no_sdp_line_has_no_type(text: str) -> None:
    line = Line(1, text, "")
    assert line.type == ""
    assert line.value == text
    assert line.value_span == Span(1, 1, len(text) + 1)


def test_an_attribute_knows_its_places() -> None:
    # a=mid:audio: the name begins in column 3, the value in column 7.
    attribute = Attribute("mid", "audio", 9)
    assert attribute.span == Span(9, 3, 12)
    assert attribute.value_span == Span(9, 7, 12)
    flag = Attribute("rtcp-mux", None, 10)
    assert flag.span == Span(10, 3, 11)
    assert flag.value_span == Span(10, 11, 11)
    empty = Attribute("mid", "", 1)
    assert empty.value_span == Span(1, 7, 7)


def test_a_problem_says_where_and_what_was_expected() -> None:
    problem = SdpProblem("port 'x'", Span(7, 9, 10), "a number")
    assert str(problem) == "line 7, column 9: port 'x' (expected a number)"
    assert str(Span(7, 9, 10)) == "7:9"
    assert str(SdpProblem("bad", Span(1, 1, 2))) == "line 1, column 1: bad"


@pytest.mark.parametrize(
    ("text", "maximum", "number"),
    [
        ("0", 10, 0),
        ("007", 10, 7),
        ("10", 10, 10),
        ("11", 10, None),
        ("", 10, None),
        ("-1", 10, None),
        ("+1", 10, None),
        ("1.0", 10, None),
        (" 1", 10, None),
        ("٣", 10, None),
        ("²", 10, None),
        ("9" * 5000, 2**64, None),
        ("1_0", 10, None),
    ],
)
def test_integers_are_ascii_digits_within_bounds(
    text: str, maximum: int, number: int | None
) -> None:
    assert read_integer(text, maximum) == number


def test_words_are_apart_by_spaces_and_tabs_alone() -> None:
    assert words(" a \t b\u00a0c\x0cd ") == ["a", "b\u00a0c\x0cd"]
    assert words(" \t") == []
