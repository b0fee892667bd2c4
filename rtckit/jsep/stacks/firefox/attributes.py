"""SIPCC's reader of a= lines: names in any letter case, values by kind, complaints as warnings.

Only an attribute without a name stops the parse. One that is unknown or whose value is refused
is dropped with a warning; the warnings show in the message if the parse fails for another reason.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from rtckit.jsep.stacks.firefox.cstring import (
    BLANK,
    char_at,
    next_number,
    next_token,
    rest_of_line,
    skip_blanks,
)
from rtckit.jsep.stacks.firefox.fmtp import read_fmtp
from rtckit.jsep.stacks.firefox.lines import ADDRESS_TYPES, NETWORK_TYPES, spelled
from rtckit.jsep.stacks.firefox.records import Attribute, Parsing
from rtckit.jsep.stacks.firefox.telephony import read_crypto, read_telephony

_VALUE = 2
_GROUP_TOKEN = 64
_MAX_GROUP_IDS = 128
_LONG_STRING = 4096
_MAX_GROUP_SSRCS = 32
REMEMBERED_LENGTH = 512
"""The longest line that is remembered; see `remember`."""


_FLAGS = (
    *("inactive", "recvonly", "sendonly", "sendrecv", "ice-lite", "rtcp-mux", "bundle-only"),
    *("end-of-candidates", "rtcp-rsize", "extmap-allow-mixed"),
)
_NUMBERS = (
    *("eecid", "ptime", "T38FaxVersion", "T38MaxBitRate", "T38FaxMaxBuffer"),
    *("T38FaxMaxDatagram", "X-sqn", "TC1PayloadBytes", "TC1WindowSize", "TC2PayloadBytes"),
    *("TC2WindowSize", "sqn", "framerate", "maxptime", "sctp-port", "max-message-size"),
)
_TOKENS = ("bearer", "called", "connection_type", "dialed", "dialing", "framing", "mid", "label")
_LINES = ("fingerprint", "ice-options", "imageattr", "simulcast", "rid")
_LONG_LINES = ("identity", "dtls-message")
_ICE = ("candidate", "ice-ufrag", "ice-pwd")
_FEEDBACK: dict[str, tuple[str, ...]] = {
    "ack": ("rpsi", "app"),
    "ccm": ("fir", "tmmbr", "tstr", "vbcm"),
    "nack": ("sli", "pli", "rpsi", "app", "rai", "tllei", "pslei", "ecn"),
    "trr-int": (),
    "goog-remb": (),
    "transport-cc": (),
}
_UNKNOWN = "?"
# The plain forms of lines that differ from description to description; what is not one of them
# goes to the readers proper. Numbers of ten digits are below 2**32 here.
_UINT = "(?:[0-9]{1,9}|[1-3][0-9]{9})"
_PLAIN = {
    **{
        name: re.compile(f"a={name}:([!-~][ -~]*)\\r?")
        for name in ("ice-ufrag", "ice-pwd", "fingerprint", "candidate")
    },
    "mid": re.compile("a=mid:([!-~]+)(?: [ -~]*)?\\r?"),
    "ssrc": re.compile(f"a=ssrc:({_UINT})(?: [ -~]*)?\\r?"),
    "ssrc-group": re.compile(f"a=ssrc-group:(FID|SIM|DUP|FEC)(?: {_UINT}){{1,32}}\\r?"),
    "msid": re.compile("a=msid:([!-~]+) ([!-~]+)\\r?"),
}
_PLAIN_LENGTH = 255
_ALL_PAYLOAD_TYPES = 0xFFFF  # what SIPCC keeps for the asterisk
_DROPPED = object()


class RtpMap(NamedTuple):
    """An a=rtpmap: payload type cut to 16 bits, name, clock rate, channels (1 if not given)."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int


class ExtMap(NamedTuple):
    """An a=extmap: the id cut to 16 bits, the direction it names, the URI."""

    id: int
    direction: str | None
    uri: str


class SctpMap(NamedTuple):
    """An a=sctpmap: port and protocol."""

    port: int
    protocol: str


class Feedback(NamedTuple):
    """An a=rtcp-fb: payload type or ``*``, kind and parameter in lower case.

    A kind that is unknown is empty, a parameter that is unknown is ``?``.
    """

    payload_type: str
    kind: str
    parameter: str


class Msid(NamedTuple):
    """An a=msid: the stream and, empty without one, the track."""

    stream: str
    track: str


class Group(NamedTuple):
    """An a=group: its semantics, None if SIPCC does not know them, and its mids."""

    semantics: str | None
    mids: tuple[str, ...]


class LineRead(NamedTuple):
    """What an a= line says, wherever it stands.

    Attributes:
        is_good: whether the parse goes on.
        name: the attribute; empty if there is nothing to keep.
        value: what was read of it.
        complaints: the errors it raises, in order.
    """

    is_good: bool
    name: str
    value: object
    complaints: tuple[str, ...]


def keep_read(parsing: Parsing, read: LineRead) -> bool:
    """Keep what a line says; False only if it names no attribute."""
    if read.complaints:
        parsing.errors.extend([(parsing.line, text) for text in read.complaints])
    if read.name:
        parsing.level.add(Attribute(read.name, parsing.line, read.value))
    return read.is_good


def read_attribute(parsing: Parsing, line: str) -> bool:
    """Read an a= line with its line feed and keep what it says."""
    return keep_read(parsing, read_line(line[:-1]))


def read_line(line: str) -> LineRead:
    """Read an a= line by itself, given without its line feed."""
    return _read_plain(line) or _read_any(line)


def _read_plain(line: str) -> LineRead | None:
    """Read a line of one of the plain forms; None for any other."""
    if len(line) > _PLAIN_LENGTH:
        return None
    name, _, _ = line[2:].partition(":")
    pattern = _PLAIN.get(name)
    found = pattern.fullmatch(line) if pattern is not None else None
    if found is None:
        return None
    value: object = found[1]
    if name == "ssrc":
        value = int(found[1])
    elif name == "ssrc-group":
        value = None
    elif name == "msid":
        value = Msid(found[1], found[2])
    return LineRead(True, name, value, ())


def _read_any(line: str) -> LineRead:
    """Read a line of any form."""
    alone = Parsing()
    line += "\n"
    token, position = next_token(line, _VALUE, ": \t")
    if token is None:
        alone.error("No attribute type specified, parse failed.")
        return LineRead(False, "", None, tuple(text for _, text in alone.errors))
    if char_at(line, position) == ":":
        position += 1
    known = _READERS.get(token.lower())
    if known is None:
        alone.warn(f"Unrecognized attribute ({token}) ")
        return LineRead(True, "", None, tuple(text for _, text in alone.errors))
    name, read = known
    value = read(alone, name, line, position)
    complaints = tuple(text for _, text in alone.errors)
    if value is _DROPPED:
        return LineRead(True, "", None, complaints)
    return LineRead(True, name, value, complaints)


remember = lru_cache(maxsize=4096)(read_line)
"""`read_line` with a memory: a line means the same wherever it stands, and most lines stand in
many descriptions, or in many sections of one."""


def _read_flag(parsing: Parsing, name: str, line: str, position: int) -> object:
    return None


def _read_number(parsing: Parsing, name: str, line: str, position: int) -> object:
    number, _ = next_number(line, position)
    if number is None:
        parsing.warn(f"Numeric token for {name} attribute not found")
        return _DROPPED
    return number


def _read_token(parsing: Parsing, name: str, line: str, position: int) -> object:
    token, _ = next_token(line, position, BLANK)
    if token is None:
        parsing.warn(f"No string token found for {name} attribute")
        return _DROPPED
    return token


def _read_line(parsing: Parsing, name: str, line: str, position: int) -> object:
    size = _LONG_STRING if name in _LONG_LINES else 257
    text = rest_of_line(line, position, size)
    if text is None:
        parsing.warn(f"No string token found for {name} attribute")
        return _DROPPED
    return text


def _read_ice(parsing: Parsing, name: str, line: str, position: int) -> object:
    text = rest_of_line(line, position)
    if text is None:
        parsing.warn("problem parsing ice attribute ")
        return _DROPPED
    return text


def _read_fmtp(parsing: Parsing, name: str, line: str, position: int) -> object:
    fmtp = read_fmtp(parsing, line, position)
    return _DROPPED if fmtp is None else fmtp


def _read_sctpmap(parsing: Parsing, name: str, line: str, position: int) -> object:
    port, position = next_number(line, position)
    if port is None:
        parsing.warn("no sctpmap port number")
        return _DROPPED
    protocol, position = next_token(line, position, BLANK)
    if protocol is None:
        parsing.warn("No sctpmap protocol specified.")
        return _DROPPED
    streams, _ = next_number(line, position)
    if streams is None:
        parsing.warn("No sctpmap streams specified.")
        return _DROPPED
    return SctpMap(port & 0xFFFF, protocol)


def _read_rtpmap(parsing: Parsing, name: str, line: str, position: int) -> object:
    payload_type, position = next_number(line, position)
    if payload_type is None:
        parsing.warn(f"Invalid payload type specified for {name} attribute.")
        return _DROPPED
    encoding, position = next_token(line, position, "/ \t")
    if encoding is None:
        parsing.warn(f"No encoding name specified in {name} attribute.")
        return _DROPPED
    clock_rate, position = next_number(line, position, "/ \t")
    if clock_rate is None:
        parsing.warn(f"No clockrate specified for {name} attribute, set to default of 8000.")
        clock_rate = 8000
    channels: int | None = 1
    if char_at(line, position) == "/":
        channels, _ = next_number(line, position, "/ \t")
        if channels is None:
            parsing.warn("Invalid number of channels parameter for rtpmap attribute.")
            return _DROPPED
    return RtpMap(payload_type & 0xFFFF, encoding, clock_rate, (channels or 0) & 0xFFFF)


def _read_rtcp(parsing: Parsing, name: str, line: str, position: int) -> object:
    port, position = next_number(line, position)
    if port is None:
        parsing.warn("could not parse port for rtcp attribute")
        return _DROPPED
    if next_token(line, position, BLANK)[0] is None:
        return port
    for what, names in (("Nettype", NETWORK_TYPES), ("Addrtype", ADDRESS_TYPES)):
        known, position = _read_choice(parsing, what, names, line, position)
        if known is None:
            return _DROPPED
    if next_token(line, position, BLANK)[0] is None:
        parsing.warn("could not parse addr for rtcp attribute")
        return _DROPPED
    return port


def _read_choice(
    parsing: Parsing, what: str, names: tuple[str, ...], line: str, position: int
) -> tuple[str | None, int]:
    """Read one of some words: "" for another word, None and a warning for none."""
    token, position = next_token(line, position, BLANK)
    if token is None:
        parsing.warn(f"problem parsing {what}")
        return None, position
    return spelled(token, names) or "", position


def _read_rtcp_fb(parsing: Parsing, name: str, line: str, position: int) -> object:
    position = skip_blanks(line, position)
    payload_type: int | None
    if char_at(line, position) == "*":
        position += 1
        shown = "*"
    else:
        payload_type, position = next_number(line, position)
        if payload_type is None:
            parsing.warn("could not parse payload type for rtcp-fb attribute")
            return _DROPPED
        number = payload_type & 0xFFFF
        shown = "*" if number == _ALL_PAYLOAD_TYPES else str(number)
    kind, position = _read_choice(parsing, "rtcp-fb attribute", tuple(_FEEDBACK), line, position)
    if kind is None:
        parsing.warn("could not parse feedback type for rtcp-fb attribute")
        return _DROPPED
    if kind == "trr-int":
        if next_number(line, position)[0] is None:
            parsing.warn("could not parse trr-int value for rtcp-fb attribute")
            return _DROPPED
        return Feedback(shown, kind, "")
    if kind == "nack" and char_at(line, skip_blanks(line, position)) in "\r\n":
        return Feedback(shown, kind, "")
    parameter: str | None = ""
    if _FEEDBACK.get(kind):
        parameter, position = _read_choice(
            parsing, f"rtcp-fb {kind} type", _FEEDBACK[kind], line, position
        )
        if parameter is None:
            parsing.warn(f"could not parse {kind} type for rtcp-fb attribute")
            return _DROPPED
        parameter = parameter or _UNKNOWN
    return Feedback(shown, kind, parameter or "")


def _read_setup(parsing: Parsing, name: str, line: str, position: int) -> object:
    roles = ("active", "passive", "actpass", "holdconn")
    return _read_word(parsing, name, roles, line, position)


def _read_connection(parsing: Parsing, name: str, line: str, position: int) -> object:
    return _read_word(parsing, name, ("new", "existing"), line, position)


def _read_word(
    parsing: Parsing, name: str, words: tuple[str, ...], line: str, position: int
) -> object:
    """Read the value of an attribute that is one of some words."""
    word, _ = _read_choice(parsing, f"{name} attribute", words, line, position)
    if word is None:
        parsing.warn(f"could not parse {name} attribute")
        return _DROPPED
    if not word:
        parsing.warn(f"Unknown {name} attribute")
        return _DROPPED
    return word


def _read_extmap(parsing: Parsing, name: str, line: str, position: int) -> object:
    identifier, position = next_number(line, position, "/ \t")
    if identifier is None:
        parsing.warn(f"Invalid extmap id specified for {name} attribute.")
        return _DROPPED
    direction: str | None = None
    if char_at(line, position) == "/":
        token, position = next_token(line, position + 1, BLANK)
        direction = None if token is None else token.lower()
        if direction not in ("sendrecv", "sendonly", "recvonly", "inactive"):
            parsing.warn(f"Invalid direction specified in {name} attribute.")
            return _DROPPED
    uri, _ = next_token(line, position, BLANK)
    if uri is None:
        parsing.warn(f"No uri specified in {name} attribute.")
        return _DROPPED
    return ExtMap(identifier & 0xFFFF, direction, uri)


def _read_msid(parsing: Parsing, name: str, line: str, position: int) -> object:
    identifier, position = next_token(line, position, BLANK)
    if identifier is None:
        parsing.warn("Bad msid identity value")
        return _DROPPED
    return Msid(identifier, next_token(line, position, BLANK)[0] or "")


def _read_msid_semantic(parsing: Parsing, name: str, line: str, position: int) -> object:
    semantic, _ = next_token(line, position, BLANK)
    if semantic is None:
        parsing.warn("Bad msid-semantic attribute; missing semantic")
        return _DROPPED
    return semantic


def _read_ssrc(parsing: Parsing, name: str, line: str, position: int) -> object:
    ssrc, _ = next_number(line, position)
    if ssrc is None:
        parsing.warn("Bad ssrc attribute, cannot parse ssrc")
        return _DROPPED
    return ssrc


def _read_ssrc_group(parsing: Parsing, name: str, line: str, position: int) -> object:
    semantics, position = next_token(line, position, BLANK)
    if semantics is None:
        parsing.warn("No semantic attribute value specified for a=ssrc-group line")
        return _DROPPED
    if semantics.upper() not in ("DUP", "FEC", "FEC-FR", "FID", "SIM"):
        parsing.warn(f"Ssrc group attribute type unsupported ({semantics}).")
    count = 0
    while count < _MAX_GROUP_SSRCS:
        ssrc, position = next_number(line, position)
        if ssrc is None:
            break
        count += 1
    trailing, _ = next_token(line, position, BLANK)
    if trailing is not None:
        parsing.warn(f"Trailing tokens while parsing ssrc-group ({trailing}).")
        return _DROPPED
    if count == 0:
        parsing.warn(f"Ssrc group must contain at least one ssrc ({semantics}).")
        return _DROPPED
    return None


def _read_group(parsing: Parsing, name: str, line: str, position: int) -> object:
    semantics, position = next_token(line, position, BLANK, _GROUP_TOKEN)
    if semantics is None:
        parsing.warn("No group attribute value specified for a=group line")
        return _DROPPED
    known = spelled(semantics, ("FID", "LS", "ANAT", "BUNDLE"))
    if known is None:
        parsing.warn(f"Group attribute type unsupported ({semantics}).")
    mids: list[str] = []
    while len(mids) < _MAX_GROUP_IDS:
        mid, position = next_token(line, position, BLANK, _GROUP_TOKEN)
        if mid is None:
            break
        mids.append(mid)
    return Group(known, tuple(mids))


def _read_crypto(parsing: Parsing, name: str, line: str, position: int) -> object:
    return None if read_crypto(parsing, name, line, position) else _DROPPED


def _read_telephony(parsing: Parsing, name: str, line: str, position: int) -> object:
    return None if read_telephony(parsing, name, line, position) else _DROPPED


_Reader = Callable[[Parsing, str, str, int], object]


def _table() -> dict[str, tuple[str, _Reader]]:
    """Return what reads each attribute, by its name in lower case."""
    readers: list[tuple[tuple[str, ...], _Reader]] = [
        (_FLAGS, _read_flag),
        (_NUMBERS, _read_number),
        (_TOKENS, _read_token),
        ((*_LINES, *_LONG_LINES), _read_line),
        (_ICE, _read_ice),
        (("fmtp",), _read_fmtp),
        (("sctpmap",), _read_sctpmap),
        (("rtpmap", "sprtmap"), _read_rtpmap),
        (("rtcp",), _read_rtcp),
        (("rtcp-fb",), _read_rtcp_fb),
        (("setup",), _read_setup),
        (("connection",), _read_connection),
        (("extmap",), _read_extmap),
        (("msid",), _read_msid),
        (("msid-semantic",), _read_msid_semantic),
        (("ssrc",), _read_ssrc),
        (("ssrc-group",), _read_ssrc_group),
        (("group",), _read_group),
        (("crypto", "X-crypto"), _read_crypto),
        (
            (
                *("direction", "qos", "secure", "X-pc-qos", "X-qos", "curr", "des", "conf"),
                *("subnet", "T38FaxFillBitRemoval", "T38FaxTranscodingMMR", "TMRGwXid"),
                *("T38FaxTranscodingJBIG", "T38FaxRateManagement", "T38FaxUdpEC", "X-cap"),
                *("X-cpar", "X-pc-codec", "rtr", "silenceSupp", "mptime", "X-sidin"),
                *("X-sidout", "X-confid", "source-filter", "rtcp-unicast", "maxprate"),
                *("cdsc", "cpar"),
            ),
            _read_telephony,
        ),
    ]
    return {name.lower(): (name, read) for names, read in readers for name in names}


_READERS = _table()
