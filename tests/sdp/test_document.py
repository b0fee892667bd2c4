import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.sdp import Document, Line, Span, parse
from tests.fuzz.mutations import mutate
from tests.sdp.descriptions import ALL, CHROMIUM_OFFER, FIREFOX_ANSWER, SDES_OFFER, crlf
from tests.strategies.sdp import documents


def read_everything(document: Document) -> None:
    """Every view of every section."""
    for section in document.sections:
        for name in dir(section):
            getattr(section, name)
    for name in dir(document):
        getattr(document, name)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_writing_gives_every_byte_again(name: str, end: str, cut: int) -> None:
    text = ALL[name].replace("\r\n", end)
    text = text[: len(text) - cut]
    assert parse(text).write() == text
    assert parse(text.encode()).write() == text.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"v=0",
        b"v=0\r\n\r\n",
        b"\xef\xbb\xbfv=0\r\no=- 1 1 IN IP4 0.0.0.0\n",
        b"v=0\r\ns=caf\xe9 \xff\xfe\r\n",
        b"v=0\r\ns=\xed\xa0\x80\r\n",  # a surrogate in UTF-8, which UTF-8 forbids
        b"v=0\r\na=mid:0\x00\r\n",
        b"v=0\na=mid:0\r\r\nb\r",
        b"\r\n\r\nv=0\r\n",
        b"no line\r\nv=0\r\nx=1\r\na=\r\na\r\n=\r\n",
        "v=0\r\ns=\u2028\u0085\x0b\x0c\x1c\r\n".encode(),
    ],
)
def test_odd_bytes_survive(data: bytes) -> None:
    document = parse(data)
    assert document.write() == data
    read_everything(document)


@given(documents())
def test_any_document_is_read_and_written_back(data: bytes) -> None:
    document = parse(data)
    read_everything(document)
    assert document.write() == data
    text = data.decode("utf-8", "surrogateescape")
    assert parse(text).write() == text
    count = len(document.lines)
    for problem in document.problems:
        line, column, end = problem.span
        assert 1 <= line <= count
        assert 1 <= column < end
        assert column <= len(document.lines[line - 1].text) + 1


def _attempt(source: str | bytes) -> tuple[Document | None, ParseError | None]:
    try:
        return parse(source), None
    except ParseError as error:
        return None, error


@given(st.text(), st.binary())
def test_anything_else_is_refused_in_one_way(text: str, data: bytes) -> None:
    for source in (text, data, "m=" + text, b"v=" + data):
        document, error = _attempt(source)
        if error is not None:
            assert (error.line or 0) >= 1
            assert (error.column or 0) >= 1
            assert error.expected == "v=0"
        if document is not None:
            assert document.write() == source
            read_everything(document)


def test_ten_thousand_mutations() -> None:
    rng = random.Random(8866)
    seeds = [text.encode() for text in ALL.values()]
    refused = 0
    for number in range(10_000):
        data = mutate(seeds[number % len(seeds)], rng, seeds)
        document, _ = _attempt(data)
        if document is None:
            refused += 1
            continue
        assert document.write() == data
        assert isinstance(document.problems, list)
    # Only an input cut down to next to nothing has no SDP line left.
    assert refused < 500


def test_lines_know_their_numbers_and_ends() -> None:
    document = parse("v=0\r\ns=-\nm=audio 9 RTP/AVP 0\ra=mid:0")
    assert document.lines == [
        Line(1, "v=0", "\r\n"),
        Line(2, "s=-", "\n"),
        Line(3, "m=audio 9 RTP/AVP 0", "\r"),
        Line(4, "a=mid:0", ""),
    ]
    assert "".join(line.text + line.end for line in document.lines) == document.write()
    assert document.media[0].lines == document.lines[2:]
    assert [line.value for line in document.session.find_lines("s")] == ["-"]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    document = parse("\ufeff" + CHROMIUM_OFFER)
    assert document.byte_order_mark
    assert document.lines[0].text == "v=0"
    assert document.session.version == 0
    assert document.problems == []


def test_the_session() -> None:
    document = parse(CHROMIUM_OFFER)
    session = document.session
    assert session.version == 0
    assert session.origin is not None
    assert session.origin.session_id == "4611731400430051336"
    assert (session.name, session.information) == ("-", None)
    assert [timing[:2] for timing in session.timings] == [(0, 0)]
    assert [item[:2] for item in session.msid_semantics] == [
        ("WMS", ("6c1f0a52-3b7e-4f0f-9d5c-0e3a5f7c9b11",))
    ]
    assert session.extmap_allow_mixed
    assert not session.ice_lite
    assert document.groups[0].mids == ("0", "1", "2")
    assert document.bundle == ["0", "1", "2"]
    assert document.problems == []


def test_the_session_of_an_older_kind() -> None:
    session = parse(SDES_OFFER).session
    assert (session.name, session.information) == ("An old call", "with keys in the clear")
    assert session.connection is not None
    assert session.connection.address == "192.0.2.1"
    assert [limit[:2] for limit in session.bandwidth] == [("CT", 512)]
    assert session.timings[0][:2] == (3034423619, 3042462419)
    assert session.ice_lite
    assert session.identity is None
    assert repr(session) == "<SessionSection: 14 lines>"


def test_identity() -> None:
    document = parse("v=0\r\na=identity:eyJpZHAiOnt9fQ== version=1\r\n")
    assert document.session.identity == "eyJpZHAiOnt9fQ== version=1"


def test_sections_are_found_by_mid() -> None:
    document = parse(CHROMIUM_OFFER)
    assert document.find_media("1") is document.media[1]
    assert document.find_media("3") is None
    lines = CHROMIUM_OFFER.split("\r\n")
    starts = [1, *(number for number, line in enumerate(lines, 1) if line.startswith("m="))]
    assert [section.first_line for section in document.sections] == starts
    assert repr(document) == f"<Document: 3 media sections, {len(lines) - 1} lines>"


def test_bundled_sections_share_the_tagged_one() -> None:
    # RFC 9143, 7.3.1: the first listed section whose port is not zero
    document = parse(FIREFOX_ANSWER)
    audio, video, data = document.media
    assert document.transport_of(audio) is audio
    assert document.transport_of(data) is audio
    assert document.transport_of(video) is video
    zero = FIREFOX_ANSWER.replace("m=audio 9", "m=audio 0")
    document = parse(zero)
    assert document.transport_of(document.media[0]) is document.media[2]
    none = parse("v=0\r\na=group:BUNDLE x y\r\nm=audio 9 RTP/AVP 0\r\na=mid:z\r\n")
    assert none.transport_of(none.media[0]) is none.media[0]


def test_a_description_without_bundle() -> None:
    document = parse("v=0\r\na=group:LS a b\r\nm=audio 9 RTP/AVP 0\r\n")
    assert document.bundle == []
    assert document.media[0].mid is None
    assert document.transport_of(document.media[0]) is document.media[0]


def test_what_is_no_sdp_line_is_kept_and_named() -> None:
    document = parse(
        crlf(
            """
v=0

x=1
ice-pwd:SECRETSECRETSECRETSECRET
m=audio 9 RTP/AVP 0
 a=mid:0
"""
        )
    )
    assert [str(problem) for problem in document.problems] == [
        "line 2, column 1: blank line (expected no blank lines in a description)",
        "line 3, column 1: unknown line type 'x' (expected one of vosiuepcbtrzkam)",
        "line 4, column 1: no SDP line: 'ice-pwd' (expected <letter>=<value>)",
        "line 6, column 1: no SDP line: '' (expected <letter>=<value>)",
    ]
    assert [line.number for line in document.session.stray_lines] == [2, 3, 4]


def test_damaged_session_values_are_listed_with_their_place() -> None:
    document = parse(
        crlf(
            """
v=zero
o=- 7806956 075423448571 2 IN IP4 127.0.0.1
s=-
c=IN IP40.0.0.0
b=AS
t=0
a=group:
a=fingerprint:sha-256 AB
a=setup:perhaps
a=ice-ufrag:
a=extmap:x urn:y
a=identity
"""
        )
    )
    session = document.session
    assert session.version is None
    assert session.origin is None
    assert session.connection is None
    assert session.setup is None
    assert session.ice_ufrag is None
    for empty in (session.bandwidth, session.timings, session.groups, session.fingerprints):
        assert empty == []
    assert [problem.span[:2] for problem in document.problems] == [
        (1, 1),
        (2, 3),
        (4, 3),
        (5, 3),
        (6, 3),
        (7, 9),
        (8, 23),
        (9, 9),
        (10, 3),
        (11, 10),
        (12, 11),
    ]
    assert document.problems is document.problems
    assert document.problems[7].span == Span(9, 9, 16)


@pytest.mark.parametrize(
    "text",
    [
        "v=0\r\na=x:" + "y" * 5_000_000,
        "v=0\r\n" + "a" * 5_000_000,
        "v=0\r\n" + "a=candidate:1 1 udp 1 1.2.3.4 5 typ host x y\r\n" * 50_000,
        "m=audio 9 RTP/AVP 0\r\n" * 5_000,
        "v=0\na=group:BUNDLE " + "0 " * 200_000 + "\nm=audio 9 RTP/AVP " + "96 " * 200_000,
        "v=0\r\nm=video 9 RTP/AVPF "
        + " ".join(map(str, range(128)))
        + "\r\na=rtcp-fb:* nack x"
        + "\r\na=rtcp-fb:* nack y\r\na=rtpmap:96 VP8/90000" * 50_000,
        "\r" * 100_000 + "\nv=0",
        "v=0\r\n" + "\n\r" * 100_000,
    ],
    ids=["value", "line", "candidates", "media", "words", "feedback", "blank", "mixed"],
)
def test_large_input_comes_back(text: str) -> None:
    document = parse(text)
    read_everything(document)
    assert document.write() == text
