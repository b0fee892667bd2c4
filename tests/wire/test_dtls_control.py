"""Alerts, ChangeCipherSpec and ACK, and the small handshake messages, by hand from the RFCs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import (
    Ack,
    Alert,
    ChangeCipherSpec,
    HandshakeMessage,
    NewSessionTicket,
    RecordNumber,
    ServerKeyExchange,
    Version,
    build_ack,
    build_alert,
    build_change_cipher_spec,
    build_new_session_ticket,
    build_server_key_exchange,
    decode_ack,
    decode_alert,
    decode_body,
    decode_change_cipher_spec,
    decode_new_session_ticket,
    decode_server_key_exchange,
    parse_ack,
    parse_alert,
    parse_change_cipher_spec,
    parse_new_session_ticket,
    parse_server_key_exchange,
)
from tests.strategies.dtls import acks, alerts, new_session_tickets, server_key_exchanges


def test_an_alert() -> None:
    alert = parse_alert(b"\x02\x28")
    assert alert == Alert(2, 40)
    assert alert.fatal
    assert str(alert) == "fatal handshake_failure"
    assert build_alert(alert) == b"\x02\x28"
    assert not parse_alert(b"\x01\x00").fatal


@pytest.mark.parametrize(
    ("data", "read"),
    [(b"", None), (b"\x02", None), (b"\x03\x28", Alert(3, 40)), (b"\x02\x28\x00", Alert(2, 40))],
)
def test_what_is_no_alert(data: bytes, read: Alert | None) -> None:
    value, problems = decode_alert(data)
    assert value == read
    assert len(problems) == 1
    with pytest.raises(ParseError):
        parse_alert(data)


def test_alerts_that_do_not_fit_are_not_built() -> None:
    for alert in (Alert(0, 40), Alert(2, 256)):
        with pytest.raises(ValueError):
            build_alert(alert)


def test_change_cipher_spec() -> None:
    assert parse_change_cipher_spec(b"\1") == ChangeCipherSpec()
    assert build_change_cipher_spec(ChangeCipherSpec()) == b"\1"
    for data in (b"", b"\2", b"\1\1"):
        assert decode_change_cipher_spec(data)[1]
        with pytest.raises(ParseError):
            parse_change_cipher_spec(data)
    with pytest.raises(ValueError, match="the byte 1"):
        build_change_cipher_spec(ChangeCipherSpec(2))


def test_an_ack() -> None:
    # RFC 9147, 7: two record numbers of 16 bytes each.
    data = bytes.fromhex("0020 0000000000000000 0000000000000001 0000000000000002 000000000000000a")
    ack = parse_ack(data)
    assert ack == Ack((RecordNumber(0, 1), RecordNumber(2, 10)))
    assert build_ack(ack) == data
    assert parse_ack(b"\0\0") == Ack(())


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("", None),
        ("00", None),
        ("0010", Ack(())),
        ("0011 0000000000000000 0000000000000001 00", Ack((RecordNumber(0, 1),))),
        ("0010 0000000000000000 0000000000000001 00", Ack((RecordNumber(0, 1),))),
        ("0020 0000000000000000 0000000000000001 00", Ack((RecordNumber(0, 1),))),
    ],
)
def test_what_is_no_ack(data: str, read: Ack | None) -> None:
    value, problems = decode_ack(bytes.fromhex(data))
    assert value == read
    assert len(problems) == 1
    with pytest.raises(ParseError):
        parse_ack(bytes.fromhex(data))


def test_a_server_key_exchange() -> None:
    # RFC 8422, 5.4: named_curve(3), x25519, a point, then the scheme and the signature.
    data = bytes.fromhex("03 001d 02 aabb 0403 0003 010203")
    exchange = parse_server_key_exchange(data)
    assert exchange == ServerKeyExchange(0x1D, b"\xaa\xbb", 0x0403, b"\x01\x02\x03")
    assert build_server_key_exchange(exchange) == data


def test_a_server_key_exchange_of_dtls_1_0_names_no_scheme() -> None:
    data = bytes.fromhex("03 0017 01 aa 0002 0102")
    exchange = parse_server_key_exchange(data, Version.DTLS_1_0)
    assert exchange == ServerKeyExchange(0x17, b"\xaa", None, b"\x01\x02")
    assert build_server_key_exchange(exchange) == data
    message = HandshakeMessage(12, 2, data)
    assert decode_body(message, Version.DTLS_1_0) == (exchange, ())


def test_finite_field_parameters_are_not_guessed_at() -> None:
    # RFC 5246, 7.4.3: a prime of 256 bytes starts with its length, 01 00.
    value, problems = decode_server_key_exchange(bytes.fromhex("0100") + bytes(300))
    assert value is None
    assert "named curve" in problems[0].expected


@pytest.mark.parametrize("data", ["", "03", "03 001d 00 0403 0000", "03 001d 01 aa 0403 0002 01"])
def test_a_server_key_exchange_cut_short(data: str) -> None:
    with pytest.raises(ParseError):
        parse_server_key_exchange(bytes.fromhex(data))


def test_a_new_session_ticket() -> None:
    data = bytes.fromhex("00001c20 0003 aabbcc")
    assert parse_new_session_ticket(data) == NewSessionTicket(7200, b"\xaa\xbb\xcc")
    assert build_new_session_ticket(NewSessionTicket(7200, b"\xaa\xbb\xcc")) == data
    with pytest.raises(ParseError, match="too many"):
        parse_new_session_ticket(data + b"\0")


def test_bodies_that_are_empty_or_opaque() -> None:
    assert decode_body(HandshakeMessage(14, 4, b"")) == (None, ())
    assert decode_body(HandshakeMessage(16, 4, b"key")) == (None, ())
    value, problems = decode_body(HandshakeMessage(14, 4, b"x"))
    assert value is None
    assert "1 bytes in a ServerHelloDone" in problems[0].message


@given(alerts)
def test_reading_the_alert_that_was_written(alert: Alert) -> None:
    assert parse_alert(build_alert(alert)) == alert


@given(acks)
def test_reading_the_ack_that_was_written(ack: Ack) -> None:
    assert parse_ack(build_ack(ack)) == ack


@given(server_key_exchanges)
def test_reading_the_server_key_exchange_that_was_written(exchange: ServerKeyExchange) -> None:
    assert parse_server_key_exchange(build_server_key_exchange(exchange)) == exchange


@given(new_session_tickets)
def test_reading_the_ticket_that_was_written(ticket: NewSessionTicket) -> None:
    assert parse_new_session_ticket(build_new_session_ticket(ticket)) == ticket


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    codecs: list[tuple[Any, Any, Any]] = [
        (decode_alert, parse_alert, build_alert),
        (decode_change_cipher_spec, parse_change_cipher_spec, build_change_cipher_spec),
        (decode_ack, parse_ack, build_ack),
        (decode_server_key_exchange, parse_server_key_exchange, build_server_key_exchange),
        (decode_new_session_ticket, parse_new_session_ticket, build_new_session_ticket),
    ]
    for decode, parse, build in codecs:
        _, problems = decode(data)
        if problems:
            with pytest.raises(ParseError):
                parse(data)
        else:
            assert build(parse(data)) == data
