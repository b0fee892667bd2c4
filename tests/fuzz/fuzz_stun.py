"""STUN messages, their attributes and their integrity from any bytes."""

from rtckit.core.errors import ParseError
from rtckit.core.findings import Problem
from rtckit.wire import stun
from tests.strategies import stun as samples

SEEDS: list[bytes] = samples.SEEDS

_PROPERTIES = (
    "username",
    "realm",
    "nonce",
    "software",
    "error",
    "priority",
    "use_candidate",
    "controlling",
    "controlled",
    "xor_mapped_address",
    "xor_relayed_address",
    "xor_peer_address",
    "xor_peer_addresses",
    "lifetime",
    "channel_number",
    "data",
    "has_integrity",
    "has_magic_cookie",
    "truncated",
    "ignored",
)


def check(data: bytes) -> None:
    """Strict reading fails exactly when tolerant reading has a problem; what is read is rebuilt."""
    message, problems = stun.decode(data)
    refusal: Problem | None
    try:
        parsed = stun.parse(data)
    except ParseError as error:
        refusal = Problem(error.message, error.offset, error.expected)
    else:
        refusal = None
        assert parsed == message
        assert stun.looks_like_stun(data)
        _check_rebuilt(parsed)
    assert refusal == (problems[0] if problems else None)
    assert len(problems) <= 50
    if message is not None:
        _check_lookups(message)


def _check_lookups(message: stun.Message) -> None:
    stop = len(message.raw)
    for attribute in message.attributes:
        assert message.raw[attribute.offset + 4 :].startswith(attribute.value)
        assert attribute.offset + 4 + len(attribute.value) <= stop
        values = message.get_all(attribute.type)
        first = message.get(attribute.type)
        assert first is None or first == values[0]
        assert stun.attribute_name(attribute.type)
    for name in _PROPERTIES:
        getattr(message, name)
    assert repr(message)
    assert stun.verify_integrity(message, b"key") in (True, False, None)
    assert stun.verify_fingerprint(message) in (True, False, None)
    if message.nonce is not None:
        stun.parse_nonce_cookie(message.nonce)


def _check_rebuilt(message: stun.Message) -> None:
    head = (message.method, message.message_class, message.transaction_id)
    raw = [(attribute.type, attribute.value) for attribute in message.attributes]
    built = stun.build(*head, raw, fingerprint=False)
    assert stun.parse(built) == message
    assert len(built) == len(message.raw)
    # Decoded values are written again as what they were, where nothing was lost in decoding.
    for attribute in message.attributes:
        value = message.get(attribute.type)
        if value is not None:
            again = stun.parse(stun.build(*head, [(attribute.type, value)], fingerprint=False))
            assert again.get(attribute.type) == value
