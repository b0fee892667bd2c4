"""The numbers of STUN and TURN and the names people know them by.

From the IANA registry "Session Traversal Utilities for NAT (STUN) Parameters", the RFCs it cites,
and what browsers and servers send without having registered it. Where a number has two meanings
(0xC001), the one seen on the wire today stands.
"""

from enum import IntEnum

__all__ = [
    "AttributeType",
    "MessageClass",
    "Method",
    "attribute_name",
    "error_name",
    "is_comprehension_required",
    "method_name",
]


class MessageClass(IntEnum):
    """What a message is in its transaction: the two class bits (RFC 8489, 5)."""

    REQUEST = 0
    INDICATION = 1
    SUCCESS = 2
    ERROR = 3


class Method(IntEnum):
    """What a message asks for: the twelve method bits (RFC 8489, 18.2)."""

    BINDING = 0x001
    SHARED_SECRET = 0x002  # RFC 3489, 8.2; withdrawn by RFC 5389
    ALLOCATE = 0x003  # RFC 8656, 17, down to CHANNEL_BIND
    REFRESH = 0x004
    SEND = 0x006
    DATA = 0x007
    CREATE_PERMISSION = 0x008
    CHANNEL_BIND = 0x009
    CONNECT = 0x00A  # RFC 6062, 6.1, down to CONNECTION_ATTEMPT
    CONNECTION_BIND = 0x00B
    CONNECTION_ATTEMPT = 0x00C
    GOOG_PING = 0x080  # libwebrtc: a Binding check cut down to its integrity


class AttributeType(IntEnum):
    """Every attribute this codec knows by name (RFC 8489, 18.3); others are kept by number."""

    MAPPED_ADDRESS = 0x0001  # RFC 8489, 14.1
    RESPONSE_ADDRESS = 0x0002  # RFC 3489, 11.2.2
    CHANGE_REQUEST = 0x0003  # RFC 5780, 7.2
    SOURCE_ADDRESS = 0x0004  # RFC 3489, 11.2.5
    CHANGED_ADDRESS = 0x0005  # RFC 3489, 11.2.3
    USERNAME = 0x0006  # RFC 8489, 14.3
    PASSWORD = 0x0007  # RFC 3489, 11.2.7
    MESSAGE_INTEGRITY = 0x0008  # RFC 8489, 14.5
    ERROR_CODE = 0x0009  # RFC 8489, 14.8
    UNKNOWN_ATTRIBUTES = 0x000A  # RFC 8489, 14.13
    REFLECTED_FROM = 0x000B  # RFC 3489, 11.2.11
    CHANNEL_NUMBER = 0x000C  # RFC 8656, 18.1
    LIFETIME = 0x000D  # RFC 8656, 18.2
    MS_ALTERNATE_SERVER = 0x000E  # [MS-TURN]
    MAGIC_COOKIE = 0x000F  # [MS-TURN], from before the cookie was in the header
    BANDWIDTH = 0x0010  # drafts of TURN; reserved by RFC 5766, 14
    DESTINATION_ADDRESS = 0x0011  # [MS-TURN]
    XOR_PEER_ADDRESS = 0x0012  # RFC 8656, 18.3
    DATA = 0x0013  # RFC 8656, 18.4
    REALM = 0x0014  # RFC 8489, 14.9
    NONCE = 0x0015  # RFC 8489, 14.10
    XOR_RELAYED_ADDRESS = 0x0016  # RFC 8656, 18.5
    REQUESTED_ADDRESS_FAMILY = 0x0017  # RFC 8656, 18.6
    EVEN_PORT = 0x0018  # RFC 8656, 18.7
    REQUESTED_TRANSPORT = 0x0019  # RFC 8656, 18.8
    DONT_FRAGMENT = 0x001A  # RFC 8656, 18.9
    ACCESS_TOKEN = 0x001B  # RFC 7635, 6.2
    MESSAGE_INTEGRITY_SHA256 = 0x001C  # RFC 8489, 14.6
    PASSWORD_ALGORITHM = 0x001D  # RFC 8489, 14.12
    USERHASH = 0x001E  # RFC 8489, 14.4
    XOR_MAPPED_ADDRESS = 0x0020  # RFC 8489, 14.2
    TIMER_VAL = 0x0021  # drafts of TURN; reserved by RFC 5766, 14
    RESERVATION_TOKEN = 0x0022  # RFC 8656, 18.10
    PRIORITY = 0x0024  # RFC 8445, 16.1
    USE_CANDIDATE = 0x0025  # RFC 8445, 16.1
    PADDING = 0x0026  # RFC 5780, 7.6
    RESPONSE_PORT = 0x0027  # RFC 5780, 7.5
    CONNECTION_ID = 0x002A  # RFC 6062, 6.2.1
    ADDITIONAL_ADDRESS_FAMILY = 0x8000  # RFC 8656, 18.11
    ADDRESS_ERROR_CODE = 0x8001  # RFC 8656, 18.12
    PASSWORD_ALGORITHMS = 0x8002  # RFC 8489, 14.11
    ALTERNATE_DOMAIN = 0x8003  # RFC 8489, 14.16
    ICMP = 0x8004  # RFC 8656, 18.13
    MS_VERSION = 0x8008  # [MS-TURN]
    MS_XOR_MAPPED_ADDRESS = 0x8020  # [MS-TURN]; drafts of RFC 5389
    SOFTWARE = 0x8022  # RFC 8489, 14.14
    ALTERNATE_SERVER = 0x8023  # RFC 8489, 14.15
    TRANSACTION_TRANSMIT_COUNTER = 0x8025  # RFC 7982, 3.1
    CACHE_TIMEOUT = 0x8027  # RFC 5780, 9.1
    FINGERPRINT = 0x8028  # RFC 8489, 14.7
    ICE_CONTROLLED = 0x8029  # RFC 8445, 16.1
    ICE_CONTROLLING = 0x802A  # RFC 8445, 16.1
    RESPONSE_ORIGIN = 0x802B  # RFC 5780, 7.3
    OTHER_ADDRESS = 0x802C  # RFC 5780, 7.4
    ECN_CHECK = 0x802D  # RFC 6679, 7.2.2
    THIRD_PARTY_AUTHORIZATION = 0x802E  # RFC 7635, 6.1
    ORIGIN = 0x802F  # draft-johnston-tram-stun-origin, once sent by Chromium
    MOBILITY_TICKET = 0x8030  # RFC 8016, 3.3
    MS_ALTERNATE_HOST_NAME = 0x8032  # [MS-TURN]
    MS_APP_ID = 0x8037  # [MS-TURN]
    MS_SECURE_TAG = 0x8039  # [MS-TURN]
    MS_SEQUENCE_NUMBER = 0x8050  # [MS-TURN]
    CANDIDATE_IDENTIFIER = 0x8054  # [MS-ICE2]
    MS_SERVICE_QUALITY = 0x8055  # [MS-TURN]
    MS_BANDWIDTH_ADMISSION = 0x8056  # [MS-TURNBWM], down to MS_LOCATION_PROFILE
    MS_BANDWIDTH_RESERVATION_ID = 0x8057
    MS_BANDWIDTH_RESERVATION_AMOUNT = 0x8058
    MS_REMOTE_SITE_ADDRESS = 0x8059
    MS_REMOTE_RELAY_SITE_ADDRESS = 0x805A
    MS_LOCAL_SITE_ADDRESS = 0x805B
    MS_LOCAL_RELAY_SITE_ADDRESS = 0x805C
    MS_REMOTE_SITE_ADDRESS_RESPONSE = 0x805D
    MS_REMOTE_RELAY_SITE_ADDRESS_RESPONSE = 0x805E
    MS_LOCAL_SITE_ADDRESS_RESPONSE = 0x805F
    MS_LOCAL_RELAY_SITE_ADDRESS_RESPONSE = 0x8060
    MS_SIP_DIALOG_ID = 0x8061
    MS_SIP_CALL_ID = 0x8062
    MS_LOCATION_PROFILE = 0x8068
    MS_IMPLEMENTATION_VERSION = 0x8070  # [MS-ICE2]
    MS_ALT_MAPPED_ADDRESS = 0x8090  # [MS-TURN]
    MS_MULTIPLEXED_TURN_SESSION_ID = 0x8095  # [MS-TURN]
    CISCO_STUN_FLOWDATA = 0xC000
    GOOG_NOMINATION = 0xC001  # libwebrtc renomination; registered as ENF-FLOW-DESCRIPTION
    ENF_NETWORK_STATUS = 0xC002
    CISCO_WEBEX_FLOW_INFO = 0xC003
    CITRIX_TRANSACTION_ID = 0xC056
    GOOG_NETWORK_INFO = 0xC057  # libwebrtc, down to GOOG_MESSAGE_INTEGRITY_32
    GOOG_LAST_ICE_CHECK_RECEIVED = 0xC058
    GOOG_MISC_INFO = 0xC059
    GOOG_OBSOLETE_1 = 0xC05A
    GOOG_CONNECTION_ID = 0xC05B
    GOOG_DELTA = 0xC05C
    GOOG_DELTA_ACK = 0xC05D
    GOOG_DELTA_SYNC_REQ = 0xC05E
    GOOG_MESSAGE_INTEGRITY_32 = 0xC060
    DTLS_IN_STUN = 0xC070  # libwebrtc and pion: the DTLS handshake inside checks
    DTLS_IN_STUN_ACKNOWLEDGEMENT = 0xC071
    GOOG_RETRANSMIT_COUNT = 0xFF00  # libwebrtc
    GOOG_MULTI_MAPPING = 0xFF04  # libwebrtc's TURN client
    GOOG_LOGGING_ID = 0xFF05


_METHOD_NAMES: dict[int, str] = {
    Method.BINDING: "Binding",
    Method.SHARED_SECRET: "SharedSecret",
    Method.ALLOCATE: "Allocate",
    Method.REFRESH: "Refresh",
    Method.SEND: "Send",
    Method.DATA: "Data",
    Method.CREATE_PERMISSION: "CreatePermission",
    Method.CHANNEL_BIND: "ChannelBind",
    Method.CONNECT: "Connect",
    Method.CONNECTION_BIND: "ConnectionBind",
    Method.CONNECTION_ATTEMPT: "ConnectionAttempt",
    Method.GOOG_PING: "GOOG-PING",
}

_ATTRIBUTE_NAMES = {int(kind): kind.name.replace("_", "-") for kind in AttributeType}
_ATTRIBUTE_NAMES[0x8025] = "TRANSACTION_TRANSMIT_COUNTER"  # RFC 7982 writes it so

# RFC 8489, 14.8; RFC 8656, 19; RFC 8445, 16.2; RFC 6062, 6.3; RFC 8016, 3.4; RFC 3489, 11.2.9.
_ERROR_NAMES: dict[int, str] = {
    300: "Try Alternate",
    400: "Bad Request",
    401: "Unauthenticated",
    403: "Forbidden",
    405: "Mobility Forbidden",
    420: "Unknown Attribute",
    430: "Stale Credentials",
    431: "Integrity Check Failure",
    432: "Missing Username",
    433: "Use TLS",
    437: "Allocation Mismatch",
    438: "Stale Nonce",
    440: "Address Family not Supported",
    441: "Wrong Credentials",
    442: "Unsupported Transport Protocol",
    443: "Peer Address Family Mismatch",
    446: "Connection Already Exists",
    447: "Connection Timeout or Failure",
    486: "Allocation Quota Reached",
    487: "Role Conflict",
    500: "Server Error",
    508: "Insufficient Capacity",
    600: "Global Failure",
}


def method_name(method: int) -> str:
    """The method as its RFC writes it (``CreatePermission``); ``method 0x0ab`` when unknown."""
    return _METHOD_NAMES.get(method) or f"method 0x{method:03x}"


def attribute_name(kind: int) -> str:
    """The attribute as its RFC writes it (``XOR-MAPPED-ADDRESS``); ``0x7777`` when unknown."""
    return _ATTRIBUTE_NAMES.get(kind) or f"0x{kind:04x}"


def error_name(code: int) -> str:
    """The recommended reason phrase of an error code; empty when the code is not defined."""
    return _ERROR_NAMES.get(code, "")


def is_comprehension_required(kind: int) -> bool:
    """Whether a receiver that does not know the attribute must refuse it (RFC 8489, 14)."""
    return kind < 0x8000
