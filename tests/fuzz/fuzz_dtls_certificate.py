"""What certificates say: an answer, or ParseError; a fingerprint always."""

from rtckit.core.errors import ParseError
from rtckit.wire.dtls import describe, fingerprint, fingerprint_matches
from tests.fuzz.fuzz_dtls_messages import CERTIFICATE_DER

SEEDS: list[bytes] = [CERTIFICATE_DER, CERTIFICATE_DER[4:-75]]


def check(data: bytes) -> None:
    """``describe`` raises nothing but ParseError, with what was expected."""
    assert fingerprint_matches(data, "sha-256", fingerprint(data))
    try:
        facts = describe(data)
    except ParseError as error:
        expected = error.expected
    else:
        expected = facts.key
        assert facts.signature
    assert expected
