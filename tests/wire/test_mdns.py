"""Multicast DNS messages: bytes worked out by hand from RFC 1035, dpkt as a second opinion."""

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.mdns import AAAA, A, MdnsMessage, Question, Record, address_record, build, parse
from tests.fuzz.fuzz_mdns import SEEDS, check
from tests.fuzz.mutations import mutations
from tests.strategies.mdns import messages

# RFC 1035, 4.1: header, then 1 "a" 5 "local" 0, type A, class IN.
QUERY = bytes.fromhex("0000 0000 0001 0000 0000 0000 0161056c6f63616c00 0001 0001")
# An authoritative response with a cache-flush A record, 120 s, 192.0.2.1 (RFC 6762, 10.2).
ANSWER = bytes.fromhex(
    "0000 8400 0000 0001 0000 0000 0161056c6f63616c00 0001 8001 00000078 0004 c0000201"
)


def test_query() -> None:
    message = parse(QUERY)
    assert message == MdnsMessage((Question("a.local", A),))
    assert not message.is_response
    assert build(message) == QUERY


def test_answer() -> None:
    message = parse(ANSWER)
    assert message.is_response
    assert message.answers == (Record("a.local", A, b"\xc0\x00\x02\x01", 120, flush=True),)
    assert message.answers[0].address == "192.0.2.1"
    assert build(message) == ANSWER


def test_unicast_question() -> None:
    # The top bit of the class asks for a unicast answer (RFC 6762, 5.4).
    assert parse(QUERY[:-2] + b"\x80\x01").questions[0].unicast


def test_compressed_name() -> None:
    # "b" and a pointer to "local" at byte 14 (RFC 1035, 4.1.4).
    message = parse(SEEDS[3])
    assert [record.name for record in message.answers] == ["a.local", "b.local"]
    assert [record.address for record in message.answers] == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(
    "name",
    [
        "c00c",  # points to itself
        "c00e",  # points forward
        "0161c00c",  # points to its own beginning
        "40",  # a label of a type that RFC 6891 took back
        "01ff00",  # no UTF-8
        "012e00",  # a dot within a label
    ],
)
def test_names_that_never_end_or_are_none(name: str) -> None:
    data = QUERY[:12] + bytes.fromhex(name) + b"\x00\x01\x00\x01"
    with pytest.raises(ParseError):
        parse(data)


def test_name_of_256_bytes() -> None:
    longest = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])  # 255 bytes with its lengths
    assert parse(build(MdnsMessage((Question(longest, A),)))).questions[0].name == longest
    with pytest.raises(ValueError, match="256"):
        build(MdnsMessage((Question(longest + "d", A),)))


def test_ipv6_address() -> None:
    record = address_record("a.local", "2001:db8::1")
    assert (record.type, record.address) == (AAAA, "2001:db8::1")
    assert Record("a.local", AAAA, b"\0" * 4).address is None


def test_agrees_with_dpkt() -> None:
    for data in (QUERY, ANSWER, SEEDS[3]):
        theirs = dpkt.dns.DNS(data)
        ours = parse(data)
        assert [q.name for q in theirs.qd] == [q.name for q in ours.questions]
        assert [(r.name, r.type, r.rdata, r.ttl) for r in theirs.an] == [
            (r.name, r.type, r.data, r.ttl) for r in ours.answers
        ]


@given(messages)
def test_round_trip(message: MdnsMessage) -> None:
    data = build(message)
    assert parse(data) == message
    assert build(parse(data)) == data


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    check(data)


def test_mutated_messages() -> None:
    for data in mutations(SEEDS, 10_000, seed=6762):
        check(data)
