"""The values of STUN attributes that hold more than one thing.

Named tuples, so that a plain tuple serves wherever one of them is written.
"""

from typing import NamedTuple

__all__ = [
    "AccessToken",
    "AddressErrorCode",
    "ChangeRequest",
    "EcnCheck",
    "ErrorCode",
    "Icmp",
    "MsSequenceNumber",
    "MsServiceQuality",
    "NetworkInfo",
    "PasswordAlgorithm",
    "TransmitCounter",
]


class ErrorCode(NamedTuple):
    """ERROR-CODE (RFC 8489, 14.8): a number from 300 to 699 and the server's own words."""

    code: int
    reason: str


class AddressErrorCode(NamedTuple):
    """ADDRESS-ERROR-CODE (RFC 8656, 18.12); ``family`` is 1 for IPv4, 2 for IPv6."""

    family: int
    code: int
    reason: str


class ChangeRequest(NamedTuple):
    """CHANGE-REQUEST (RFC 5780, 7.2)."""

    change_ip: bool
    change_port: bool


class Icmp(NamedTuple):
    """ICMP (RFC 8656, 18.13); ``data`` is the next hop's MTU where the type carries one, else 0."""

    type: int
    code: int
    data: int


class PasswordAlgorithm(NamedTuple):
    """One password algorithm (RFC 8489, 14.12): 1 is MD5, 2 is SHA-256, both without parameters."""

    number: int
    parameters: bytes = b""


class TransmitCounter(NamedTuple):
    """TRANSACTION_TRANSMIT_COUNTER (RFC 7982, 3.1): requests and responses sent so far."""

    requests: int
    responses: int


class EcnCheck(NamedTuple):
    """ECN-CHECK (RFC 6679, 7.2.2): the ECN bits of the packet echoed, meaningful when ``valid``."""

    valid: bool
    echo: int


class AccessToken(NamedTuple):
    """ACCESS-TOKEN (RFC 7635, 6.2): the AEAD nonce and the block only the server can open."""

    nonce: bytes
    encrypted_block: bytes


class NetworkInfo(NamedTuple):
    """GOOG-NETWORK-INFO (libwebrtc): which of the sender's networks, and its cost from 0 to 999."""

    network_id: int
    cost: int


class MsSequenceNumber(NamedTuple):
    """MS-SEQUENCE-NUMBER ([MS-TURN]): a connection id of 20 bytes and a message count."""

    connection_id: bytes
    sequence: int


class MsServiceQuality(NamedTuple):
    """MS-SERVICE-QUALITY ([MS-TURN]): stream 1 audio, 2 video, 4 data; quality 1 reliable."""

    stream_type: int
    quality: int
