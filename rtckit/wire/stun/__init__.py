"""STUN messages to bytes and back (RFC 8489), with the attributes of TURN, ICE and their kin.

::

    message = stun.parse(data)
    message.method, message.username, message.get(stun.AttributeType.PRIORITY)
    stun.verify_integrity(message, stun.short_term_key(password))
    stun.build(stun.Method.BINDING, stun.MessageClass.REQUEST, transaction_id,
               [(stun.AttributeType.USERNAME, "them:us")], key=key)
"""

from rtckit.wire.stun.attributes import MAGIC_COOKIE
from rtckit.wire.stun.credentials import (
    SecurityFeatures,
    build_nonce_cookie,
    long_term_key,
    opaque_string,
    parse_nonce_cookie,
    saslprep,
    short_term_key,
    userhash,
)
from rtckit.wire.stun.integrity import (
    verify_fingerprint,
    verify_integrity,
    verify_message_integrity,
    verify_message_integrity_sha256,
)
from rtckit.wire.stun.message import HEADER_LENGTH, Message, RawAttribute
from rtckit.wire.stun.reader import decode, looks_like_stun, parse
from rtckit.wire.stun.registry import (
    AttributeType,
    MessageClass,
    Method,
    attribute_name,
    error_name,
    is_comprehension_required,
    method_name,
)
from rtckit.wire.stun.values import (
    AccessToken,
    AddressErrorCode,
    ChangeRequest,
    EcnCheck,
    ErrorCode,
    Icmp,
    MsSequenceNumber,
    MsServiceQuality,
    NetworkInfo,
    PasswordAlgorithm,
    TransmitCounter,
)
from rtckit.wire.stun.writer import build

__all__ = [
    "HEADER_LENGTH",
    "MAGIC_COOKIE",
    "AccessToken",
    "AddressErrorCode",
    "AttributeType",
    "ChangeRequest",
    "EcnCheck",
    "ErrorCode",
    "Icmp",
    "Message",
    "MessageClass",
    "Method",
    "MsSequenceNumber",
    "MsServiceQuality",
    "NetworkInfo",
    "PasswordAlgorithm",
    "RawAttribute",
    "SecurityFeatures",
    "TransmitCounter",
    "attribute_name",
    "build",
    "build_nonce_cookie",
    "decode",
    "error_name",
    "is_comprehension_required",
    "long_term_key",
    "looks_like_stun",
    "method_name",
    "opaque_string",
    "parse",
    "parse_nonce_cookie",
    "saslprep",
    "short_term_key",
    "userhash",
    "verify_fingerprint",
    "verify_integrity",
    "verify_message_integrity",
    "verify_message_integrity_sha256",
]
