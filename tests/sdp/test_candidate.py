import random

import pytest
from hypothesis import given

from rtckit.core.errors import ParseError
from rtckit.sdp import Candidate, Span, build_candidate, decode_candidate, parse_candidate
from rtckit.sdp.candidate import _read_whole, _Reader
from tests.fuzz.mutations import mutate
from tests.strategies.sdp import candidates

HOST = "candidate:1 1 UDP 2130706431 10.0.1.1 8998 typ host"

# The examples of RFC 8839, 5.1 and 4.2.6; of RFC 6544, appendix (tcptype); of the mDNS draft.
RFC_EXAMPLES = {
    "a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998": (
        Candidate("2", 1, "UDP", 1694498815, "192.0.2.3", 45664, "srflx", "203.0.113.141", 8998)
    ),
    "a=candidate:1 1 TCP 2128609279 10.0.1.1 9 typ host tcptype active": Candidate(
        "1", 1, "TCP", 2128609279, "10.0.1.1", 9, "host", tcptype="active"
    ),
    "candidate:1 1 udp 2122262783 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host": (
        Candidate(
            "1", 1, "udp", 2122262783, "1f4712db-ea17-4bcf-a596-105139dfd8bf.local", 54596, "host"
        )
    ),
}


@pytest.mark.parametrize("text", RFC_EXAMPLES)
def test_examples_of_the_standards(text: str) -> None:
    candidate = parse_candidate(text)
    assert candidate == RFC_EXAMPLES[text]
    assert build_candidate(candidate) == text.removeprefix("a=")


@pytest.mark.parametrize("prefix", ["", "candidate:", "a=candidate:"])
def test_all_forms_of_the_prefix(prefix: str) -> None:
    candidate = parse_candidate(prefix + HOST.removeprefix("candidate:"))
    assert candidate.address == "10.0.1.1"
    assert candidate.span == Span(1, len(prefix) + 1, len(prefix) + len(HOST) - 9)


def test_ipv6_and_extensions_in_order() -> None:
    text = (
        "candidate:3845554458 1 tcp 1518285567 fd77::1 9 typ relay raddr :: rport 0 "
        "tcptype so generation 0 ufrag x1 network-id 2 network-cost 50 generation 1"
    )
    candidate = parse_candidate(text)
    assert candidate.address == "fd77::1"
    assert (candidate.related_address, candidate.related_port) == ("::", 0)
    assert candidate.extensions == (
        ("generation", "0"),
        ("ufrag", "x1"),
        ("network-id", "2"),
        ("network-cost", "50"),
        ("generation", "1"),
    )
    assert candidate.extension("generation") == "0"
    assert candidate.extension("absent") is None
    assert build_candidate(candidate) == text


def test_an_extension_may_have_an_empty_value() -> None:
    # extension-att-value = *VCHAR
    candidate = parse_candidate(HOST + " ufrag  generation 0 last ")
    assert candidate.extensions == (("ufrag", ""), ("generation", "0"), ("last", ""))
    assert build_candidate(candidate) == HOST + " ufrag  generation 0 last "


@pytest.mark.parametrize(
    ("address", "mdns"),
    [
        ("1f4712db-ea17-4bcf-a596-105139dfd8bf.local", True),
        ("Printer.LOCAL", True),
        ("a.b.local", False),
        ("example.org", False),
        ("192.0.2.1", False),
    ],
)
def test_an_mdns_name_is_one_label_and_local(address: str, mdns: bool) -> None:
    # draft-ietf-mmusic-mdns-ice-candidates, 3.2.1, step 1
    assert Candidate("1", 1, "udp", 1, address, 9, "host").is_mdns is mdns


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "no foundation"),
        ("candidate:", 11, "no foundation"),
        ("candidate:1", 11, "no component"),
        ("candidate:1 1 udp 1 1.2.3.4 5", 11, "no typ"),
        ("candidate:1 1 udp 1 1.2.3.4 5 typ", 11, "no candidate type"),
        ("candidate:1 x udp 1 1.2.3.4 5 typ host", 13, "component 'x'"),
        ("candidate:1 0 udp 1 1.2.3.4 5 typ host", 13, "component 0"),
        ("candidate:1 257 udp 1 1.2.3.4 5 typ host", 13, "component 257"),
        ("candidate:1 0001 udp 1 1.2.3.4 5 typ host", 13, "component 0001"),
        ("candidate:1 1 udp 0 1.2.3.4 5 typ host", 19, "priority 0"),
        ("candidate:1 1 udp 2147483648 1.2.3.4 5 typ host", 19, "priority 2147483648"),
        ("candidate:1 1 udp 1 1.2.3.4 65536 typ host", 29, "port 65536"),
        ("candidate:1 1 udp 1 1.2.3.4 5 tip host", 31, "'tip' where 'typ' belongs"),
        ("candidate:a-b 1 udp 1 1.2.3.4 5 typ host", 11, "foundation 'a-b'"),
        (f"candidate:{'1' * 33} 1 udp 1 1.2.3.4 5 typ host", 11, "foundation"),
        ("candidate:1 1 u(p 1 1.2.3.4 5 typ host", 15, "transport 'u(p'"),
        ("candidate:1 1 udp 1 1.2.3\x004 5 typ host", 21, "control character"),
        (HOST + " tcptype maybe", 61, "tcptype 'maybe'"),
        (HOST + " raddr 1.2.3.4 rport x", 73, "rport 'x'"),
        (HOST + " rport 1 raddr 1.2.3.4", 61, "raddr"),
        (HOST + " generation 0 raddr 1.2.3.4", 66, "'raddr' after an extension"),
        (HOST + " tcptype active tcptype so", 68, "'tcptype' again"),
        (HOST + " generation", 53, "'generation' has no value"),
        (HOST + " net(work 1", 53, "extension name"),
        (HOST + " ufrag \u00e9", 59, "value of 'ufrag'"),
        ("candidate:1  1 udp 1 1.2.3.4 5 typ host", 11, "no component"),
    ],
)
def test_what_the_grammar_refuses(text: str, column: int, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_candidate(text)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (1, column)


def test_faults_are_placed_in_the_document() -> None:
    with pytest.raises(ParseError) as caught:
        parse_candidate("1 1 udp 1 1.2.3.4 99999 typ host", 12, 13)
    # a=candidate: takes 12 columns; 18 characters stand before the port.
    assert (caught.value.line, caught.value.column) == (12, 31)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        # What browsers let pass is read and noted.
        ("1 1 udp 0 1.2.3.4 5 typ host", 1),
        ("1 3000 udp 1 1.2.3.4 5 typ host", 1),
        ("1  1\tudp 1 1.2.3.4 5 typ host", 1),
        ("1 1 udp 1 1.2.3.4 5 typ host generation", 1),
        ("1 1 udp 1 1.2.3.4 5 typ host generation 0 raddr 1.1.1.1 rport 3", 2),
        ("1 1 tcp 1 1.2.3.4 9 typ host tcptype x", 1),
        # What has no address or port to it is left out.
        ("1 1 udp 1 1.2.3.4 65536 typ host", -1),
        ("1 1 udp 1 1.2.3.4 typ host", -1),
        ("1 1 udp one 1.2.3.4 5 typ host", -1),
    ],
)
def test_decoding_reads_what_it_can(text: str, problems: int) -> None:
    candidate, noted = decode_candidate(text, 3, 13)
    assert (candidate is None) == (problems < 0)
    assert len(noted) == abs(problems)
    assert all(problem.span.line == 3 and problem.span.column >= 13 for problem in noted)
    if candidate is not None:
        assert candidate.address == "1.2.3.4"


def test_related_address_is_found_after_extensions() -> None:
    text = "1 1 udp 1 1.2.3.4 5 typ srflx generation 0 raddr 10.0.0.1 rport 3"
    candidate, _ = decode_candidate(text)
    assert candidate is not None
    assert (candidate.related_address, candidate.related_port) == ("10.0.0.1", 3)
    assert candidate.extensions == (("generation", "0"),)


@given(candidates())
def test_building_and_parsing_are_inverse(candidate: Candidate) -> None:
    text = build_candidate(candidate)
    assert parse_candidate(text) == candidate
    assert build_candidate(parse_candidate(text)) == text
    assert decode_candidate(text) == (candidate, ())


@pytest.mark.parametrize(
    "changed",
    [
        {"address": "a b"},
        {"foundation": ""},
        {"port": 65536},
        {"extensions": (("tcptype", "so"),)},
        {"extensions": (("a b", ""),)},
        {"extensions": (("a", "b c"),)},
        {"related_address": ""},
        {"component": -1},
    ],
)
def test_what_cannot_be_written_is_refused(changed: dict[str, object]) -> None:
    fields: dict[str, object] = {
        "foundation": "1",
        "component": 1,
        "transport": "udp",
        "priority": 1,
        "address": "192.0.2.1",
        "port": 9,
        "type": "host",
    }
    with pytest.raises(ValueError, match=r"cannot be written|read back"):
        build_candidate(Candidate(**{**fields, **changed}))  # type: ignore[arg-type]


def _strictly(text: str) -> tuple[Candidate | None, ParseError | None]:
    try:
        return parse_candidate(text), None
    except ParseError as error:
        return None, error


def test_the_short_way_and_the_long_way_agree() -> None:
    """A candidate without a fault is read in one step; the reader must find the same in it."""
    rng = random.Random(8839)
    seeds = [text.encode() for text in RFC_EXAMPLES]
    taken = 0
    for number in range(5_000):
        text = mutate(seeds[number % len(seeds)], rng, seeds).decode("utf-8", "surrogateescape")
        short = _read_whole(text, 3, 5)
        if short is not None:
            taken += 1
            reader = _Reader(text, 3, 5, strict=True)
            read = reader.read()
            assert read is not None
            assert read == short
            assert read.span == short.span
    assert taken > 200


def test_ten_thousand_mutations() -> None:
    rng = random.Random(20)
    seeds = [text.encode() for text in RFC_EXAMPLES] + [
        b"candidate:8 1 tcp 9 fd77::1 9 typ relay raddr :: rport 0 tcptype so generation 0 x y"
    ]
    for number in range(10_000):
        text = mutate(seeds[number % len(seeds)], rng, seeds).decode("utf-8", "surrogateescape")
        decoded, problems = decode_candidate(text)
        parsed, error = _strictly(text)
        if error is not None:
            assert error.line == 1
            assert error.column in range(1, len(text) + 2)
            continue
        assert parsed is not None
        # What is strictly right is read tolerantly as well, the same and without a complaint.
        assert (decoded, problems) == (parsed, ())
        assert parse_candidate(build_candidate(parsed)) == parsed
