"""The readers of SIPCC's line types other than a=: what stops the parse, and in which words.

Each reader takes the parse, the line with its line feed, and returns whether the parse goes on.
"""

import re
from functools import lru_cache

from rtckit.jsep.stacks.firefox.cstring import (
    BLANK,
    char_at,
    next_number,
    next_token,
    to_unsigned_long,
)
from rtckit.jsep.stacks.firefox.records import Connection, MediaLevel, Parsing

_VALUE = 2  # where the value of a line begins: after its letter and the equals sign
_MAX_PAYLOAD_TYPES = 30
_MAX_PORT_NUMBERS = 4
_SIGNED_64 = 2**63 - 1
_BEFORE_NUMBER = frozenset("0123456789+-\v\f")
_CHOOSE = -1
_ALWAYS = "t=0 0\r\n"
_REMEMBERED_LENGTH = 512
_BYTE = "(?:1?[0-9]{1,2}|2[0-4][0-9]|25[0-5])"
# The plain forms of the lines every description has; others go to the readers proper.
_PLAIN_OWNER = re.compile(
    r"o=([!-~]{1,255})(?: (?:[0-9]{1,18}|[1-8][0-9]{18})){2} IN (IP4|IP6) [!-~]{1,255}\r?\n"
)
_PLAIN_CONNECTION = re.compile(
    rf"c=IN (?:IP4 ({_BYTE}(?:\.[0-9]{{1,3}}){{3}})|IP6 ([0-9A-Fa-f:.]{{1,255}}))\r?\n"
)
_PLAIN_NUMBERS = re.compile("(?:[ \\t]+[0-9]{1,3})+[ \\t]*\\r?\\n")

NETWORK_TYPES = ("IN", "ATM", "FR", "LOCAL")
ADDRESS_TYPES = ("IP4", "IP6", "NSAP", "EPN", "E164", "GWID")
_MEDIA_TYPES = (
    *("audio", "video", "application", "data", "control", "nas/radius", "nas/tacacs"),
    *("nas/diameter", "nas/l2tp", "nas/login", "nas/none", "image", "text"),
)
_RTP_WITH_PORT = {
    *("RTP/AVP", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"),
    *("TCP/DTLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "udp", "LOCAL"),
}
_PORT_ALONE = {*_RTP_WITH_PORT, "tcp", "udptl", "udpsprt"}
_SCTP = {"DTLS/SCTP", "UDP/DTLS/SCTP", "TCP/DTLS/SCTP"}
_AAL2 = {"AAL2/ITU", "AAL2/ATMF", "AAL2/custom"}
_TRANSPORTS = (
    *("RTP/AVP", "udp", "udptl", "ces10", "LOCAL", "AAL2/ITU", "AAL2/ATMF", "AAL2/custom"),
    *("AAL1/AVP", "udpsprt", "RTP/SAVP", "tcp", "RTP/SAVPF", "DTLS/SCTP", "RTP/AVPF"),
    *("UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF"),
    *("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"),
)
# SIPCC's list of names and its list of types have image and text the other way round: a section
# that says text is an image to its checks, and one that says image is a text.
_NAMED_PAYLOADS = {
    "t38": ("text", "udptl"),
    "x-tmr": ("application", "udp"),
    "t120": ("application", "tcp"),
}
_NAMED_PAYLOAD_SPELLING = {"t38": "t38", "x-tmr": "X-tmr", "t120": "T120"}


def spelled(token: str, names: tuple[str, ...]) -> str | None:
    """Return the name a token is, letter case aside, in SIPCC's spelling."""
    lower = token.lower()
    for name in names:
        if name.lower() == lower:
            return name
    return None


def read_version(parsing: Parsing, line: str) -> bool:
    """Read v=: only 0 will do."""
    version, _ = next_number(line, _VALUE)
    shown = (version or 0) & 0xFFFF
    if version is None or shown != 0:
        parsing.error(f"Invalid version ({shown}) found, parse failed.")
        return False
    return True


def _is_signed_64(token: str | None) -> bool:
    """Whether a token is digits alone and fits a signed number of 64 bits.

    Only thirty digits are read, and what does not fit 64 bits wraps around unnoticed.
    """
    if not token or not token.isascii() or not token.isdigit():
        return False
    return int(token[:30]) % 2**64 <= _SIGNED_64


def read_owner(parsing: Parsing, line: str) -> bool:
    """Read o=: six fields, the numbers in range, the address an IP one."""
    if parsing.owner_name:
        parsing.warn("More than one o= line specified.")
    if (plain := _PLAIN_OWNER.fullmatch(line)) is not None:
        parsing.owner_name, parsing.owner_address_type = plain.groups()
        parsing.owner_network = "IN"
        parsing.has_owner = True
        return True
    token, position = next_token(line, _VALUE, BLANK)
    if token is None:
        parsing.error("No owner name specified for o=.")
        return False
    parsing.owner_name = token
    for what in ("session id", "version"):
        token, position = next_token(line, position, BLANK)
        if not _is_signed_64(token):
            parsing.error(f"Invalid owner {what} specified for o=.")
            return False
    token, position = next_token(line, position, BLANK)
    if token is None:
        parsing.error("No owner network type specified for o=.")
        return False
    if token.lower() != "in":
        parsing.error(f"Owner network type unsupported ({token})")
        return False
    parsing.owner_network = "IN"
    token, position = next_token(line, position, BLANK)
    if token is None:
        parsing.error("No owner address type specified for o=.")
        return False
    if token.lower() not in ("ip4", "ip6"):
        parsing.error(f"Owner address type unsupported ({token})")
        return False
    parsing.owner_address_type = token.upper()
    token, position = next_token(line, position, BLANK)
    if token is None:
        parsing.error("No owner address specified.")
        return False
    parsing.has_owner = True
    return True


def read_session_name(parsing: Parsing, line: str) -> bool:
    """Read s=: never stops the parse; Firefox does not ask for the line."""
    if parsing.session_name:
        parsing.warn("More than one s= line specified.")
    name = line[_VALUE:].split("\r", 1)[0].split("\n", 1)[0]
    if not name:
        parsing.warn("No session name specified.")
    parsing.session_name = name
    return True


def read_information(parsing: Parsing, line: str) -> bool:
    """Read i=: at most one a level, not empty; never stops the parse."""
    level = parsing.level
    if level.information_seen:
        where = f" for media line {len(parsing.media)}" if parsing.media else ""
        parsing.warn(f"More than one i= line specified{where}.")
    level.information_seen = True
    if char_at(line, _VALUE) == "\n":
        parsing.warn("No session info specified.")
    return True


def read_uri(parsing: Parsing, line: str) -> bool:
    """Read u=: at most one, not empty; never stops the parse."""
    if parsing.uri_seen:
        parsing.warn("More than one u= line specified.")
    parsing.uri_seen = True
    if char_at(line, _VALUE) == "\n":
        parsing.warn("No URI info specified.")
    return True


def _read_ignored(parsing: Parsing, line: str, complaint: str) -> bool:
    """Read a line SIPCC does not keep: it only must not be empty."""
    if char_at(line, _VALUE) == "\n":
        parsing.warn(complaint)
    return True


def read_email(parsing: Parsing, line: str) -> bool:
    """Read e=."""
    return _read_ignored(parsing, line, "No email info specified.")


def read_phone(parsing: Parsing, line: str) -> bool:
    """Read p=."""
    return _read_ignored(parsing, line, "No phone number info specified.")


def read_repeat(parsing: Parsing, line: str) -> bool:
    """Read r=."""
    return _read_ignored(parsing, line, "No repeat time parameters specified.")


def read_time_zone(parsing: Parsing, line: str) -> bool:
    """Read z=."""
    return _read_ignored(parsing, line, "No timezone parameters specified.")


def read_connection(parsing: Parsing, line: str) -> bool:
    """Read c=: one a level; an IPv4 address must begin with a number up to 255."""
    level = parsing.level
    if level.connection is not None:
        parsing.error("c= line specified twice at same level, parse failed.")
        return False
    if (plain := _PLAIN_CONNECTION.fullmatch(line)) is not None:
        four, six = plain.groups()
        level.connection = Connection("IN", "IP4" if four else "IP6", four or six)
        return True
    token, position = next_token(line, _VALUE, BLANK)
    if token is None:
        parsing.error("No connection network type specified for c=.")
        return False
    connection = level.connection = Connection()
    if token.lower() == "in":
        connection.network = "IN"
    else:
        parsing.warn(f"Connection network type unsupported ({token}) for c=.")
    token, position = next_token(line, position, BLANK)
    if token is None:
        parsing.error("No connection address type specified for c=.")
        return False
    if token.lower() in ("ip4", "ip6"):
        connection.address_type = token.upper()
    else:
        parsing.warn(f"Connection address type unsupported ({token}) for c=.")
    token, position = next_token(line, position, BLANK)
    if token is None:
        parsing.error("No connection address specified for c=.")
        return False
    connection.address = token
    if connection.address_type == "IP4":
        first_byte = to_unsigned_long(token[:3])
        if first_byte is None or first_byte > 255:
            parsing.error(f"Error parsing address {token[:3]} for mcast.")
            return False
    if "/" in token and not _read_multicast(parsing, connection, token):
        return False
    if connection.address == "$":
        parsing.warn("Choose parameter for connection address specified but not allowed.")
    return True


def _read_multicast(parsing: Parsing, connection: Connection, address: str) -> bool:
    """Read the TTL and the count of addresses behind a slash."""
    connection.address, _, after = address.partition("/")
    ttl, position = next_token(after, 0, "/")
    if ttl is None:
        parsing.error("No ttl value specified for this multicast addr with a slash")
        return False
    if to_unsigned_long(ttl) is None:
        parsing.error("Invalid TTL: Value must be in the range 0-255 ")
        return False
    slash = after.find("/", position)
    if slash >= 0 and not to_unsigned_long(after[slash + 1 :]):
        parsing.error("Invalid Num of addresses: Value must be > 0 ")
        return False
    return True


def read_bandwidth(parsing: Parsing, line: str) -> bool:
    """Read b=: of AS, CT and TIAS the value must be a number; others are passed over."""
    token, position = next_token(line, _VALUE, ":")
    if token is None:
        parsing.error("No bandwidth type specified for b= ")
        return False
    if token.lower() not in ("as", "ct", "tias") or char_at(line, position) != ":":
        return True
    value, _ = next_number(line, position + 1)
    if value is None:
        parsing.error("Error: No BW Value specified ")
        return False
    return True


def read_time(parsing: Parsing, line: str) -> bool:
    """Read t=: two numbers."""
    if line == _ALWAYS:
        parsing.has_time = True
        return True
    position = _VALUE
    for what in ("start", "stop"):
        token, position = next_token(line, position, BLANK)
        if token is None or next_number(token, 0)[0] is None:
            parsing.error(f"Invalid timespec {what} time specified.")
            return False
    parsing.has_time = True
    return True


def read_key(parsing: Parsing, line: str) -> bool:
    """Read k=: the methods that carry a key must carry one."""
    token, position = next_token(line, _VALUE, ":")
    if token is None:
        parsing.error("No encryption type specified for k=.")
        return False
    method = token.lower()
    if method not in ("clear", "base64", "uri", "prompt"):
        parsing.warn(f"Encryption type unsupported ({token}).")
        return True
    if char_at(line, position) == ":":
        position += 1
    if method != "prompt" and next_token(line, position, BLANK)[0] is None:
        parsing.warn("No encryption key specified as required.")
        return False
    return True


def read_media(parsing: Parsing, line: str) -> bool:
    """Read m= and open a media level; the protocol decides which forms of port will do."""
    is_short = len(line) <= _REMEMBERED_LENGTH
    read, complaints = (_remember_media if is_short else _read_media)(line)
    parsing.errors.extend([(parsing.line, text) for text in complaints])
    if read is None:
        return False
    parsing.media.append(
        MediaLevel(
            line=parsing.line,
            media=read.media,
            port=read.port,
            port_count=read.port_count,
            transport=read.transport,
            payload_types=read.payload_types,
            sctp_port=read.sctp_port,
            is_data_channel=read.is_data_channel,
        )
    )
    return True


def _read_media(line: str) -> tuple[MediaLevel | None, tuple[str, ...]]:
    """Read an m= line by itself: what it opens, and the errors it raises."""
    alone = Parsing()
    is_good = _read_media_level(alone, line)
    return alone.media[0] if is_good else None, tuple(text for _, text in alone.errors)


_remember_media = lru_cache(maxsize=256)(_read_media)


def _read_media_level(parsing: Parsing, line: str) -> bool:
    media = MediaLevel()
    token, position = next_token(line, _VALUE, BLANK)
    if token is None:
        parsing.error("No media type specified, parse failed.")
        return False
    media.media = spelled(token, _MEDIA_TYPES)
    if media.media is None:
        parsing.warn(f"Media type unsupported ({token}).")
    port, position = next_token(line, position, BLANK)
    if port is None:
        parsing.error("No port specified in m= media line, parse failed.")
        return False
    token, position = next_token(line, position, BLANK)
    if token is None:
        parsing.error("No transport protocol type specified, parse failed.")
        return False
    media.transport = spelled(token, _TRANSPORTS)
    if media.transport is None:
        parsing.warn(f"Transport protocol type unsupported ({token}).")
    if not _set_port(media, port):
        parsing.error(
            f"Invalid port format ({port}) specified for transport protocol "
            f"({media.transport or 'Unsupported'}), parse failed."
        )
        return False
    if media.transport in _SCTP:
        if not _read_sctp_format(parsing, media, line, position):
            return False
    else:
        read_payload_types(parsing, media, line, position)
    parsing.media.append(media)
    return True


def _set_port(media: MediaLevel, port: str) -> bool:
    """Take the numbers of the port field if the protocol allows that many."""
    numbers: list[int] = []
    position = 0
    while len(numbers) < _MAX_PORT_NUMBERS:
        number, position = next_number(port, position, "/ \t")
        if number is None:
            break
        numbers.append(number - 2**32 if number >= 2**31 else number)
    transport = media.transport
    is_chosen = _CHOOSE in numbers
    if len(numbers) == 1:
        allowed = transport in _AAL2 or (
            (transport in _PORT_ALONE or transport in _SCTP or transport == "AAL1/AVP")
            and not is_chosen
        )
    elif len(numbers) == 2:
        allowed = (transport in _RTP_WITH_PORT or transport in _AAL2) and not is_chosen
        allowed = allowed or (transport == "ces10" and not is_chosen)
        allowed = allowed or (transport == "udptl" and not is_chosen and numbers[1] == 1)
        media.port_count = numbers[1]
    elif len(numbers) == 3:
        allowed = transport == "AAL1/AVP" and not is_chosen
    else:
        allowed = len(numbers) == 4 and transport in _AAL2 and not is_chosen
    media.port = numbers[0] if numbers else 0
    return allowed


def _read_sctp_format(parsing: Parsing, media: MediaLevel, line: str, position: int) -> bool:
    """Read the one format of a data section: a name, or in the old form a port."""
    token, _ = next_token(line, position, BLANK)
    number = None if token is None else next_number(token, 0, "/ \t")[0]
    if token is None or (media.transport == "DTLS/SCTP" and number is None):
        parsing.error("No sctp port specified in m= media line, parse failed.")
        return False
    if media.transport == "DTLS/SCTP":
        media.sctp_port = number or 0
        return True
    if token.lower() != "webrtc-datachannel":
        parsing.error("No webrtc-datachannel token in m= media line, parse failed.")
        return False
    media.is_data_channel = True
    return True


def read_payload_types(parsing: Parsing, media: MediaLevel, line: str, position: int) -> None:
    """Read the formats: numbers, cut to 16 bits; other formats only raise a warning."""
    if media.media in ("audio", "video") and _PLAIN_NUMBERS.fullmatch(line, position):
        numbers = line[position:].split()
        if len(numbers) <= _MAX_PAYLOAD_TYPES:
            media.payload_types += [int(number) for number in numbers]
            return
    count = 0
    shown_transport = media.transport or "Unsupported"
    shown_media = media.media or "Unsupported"
    while count < _MAX_PAYLOAD_TYPES:
        token, position = next_token(line, position, BLANK)
        if token is None:
            break
        number = next_number(token, 0)[0] if token[0] in _BEFORE_NUMBER else None
        if number is not None:
            if media.media == "text" and media.transport == "udptl":
                parsing.warn(
                    f"Numeric payload type not valid for media {shown_media} "
                    f"with transport {shown_transport}."
                )
            else:
                media.payload_types.append(number & 0xFFFF)
                count += 1
            continue
        place = _NAMED_PAYLOADS.get(token.lower())
        if place is None:
            parsing.warn(f"Payload type unsupported ({token}).")
        elif place == (media.media, media.transport):
            count += 1
        else:
            parsing.warn(
                f"Payload type {_NAMED_PAYLOAD_SPELLING[token.lower()]} not valid for media "
                f"{shown_media} with transport {shown_transport}."
            )
    if count == 0:
        parsing.warn("No payload types specified.")
