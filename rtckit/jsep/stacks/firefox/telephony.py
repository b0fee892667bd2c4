"""What SIPCC says of attributes WebRTC has no use for: SDES keys and those of telephony.

They never decide over a description: only their warnings can show. Of the telephony attributes
the complaint about a missing value is modelled, not every further one about a wrong value.
"""

import base64
import binascii

from rtckit.jsep.stacks.firefox.cstring import BLANK, next_number, next_token
from rtckit.jsep.stacks.firefox.records import Parsing

_KEY_AND_SALT = 16 + 14
_SUITES = {
    "aes_cm_128_hmac_sha1_32": _KEY_AND_SALT,
    "aes_cm_128_hmac_sha1_80": _KEY_AND_SALT,
    "f8_128_hmac_sha1_80": _KEY_AND_SALT,
    "unknown_crypto_suite": 0,
}
_MISSING = {
    "direction": "No role parameter specified for comediadir attribute.",
    "qos": "No qos strength tag specified.",
    "secure": "No qos strength tag specified.",
    "X-pc-qos": "No qos strength tag specified.",
    "X-qos": "No qos strength tag specified.",
    "curr": "No curr attr type specified.",
    "des": "No des attr type specified.",
    "conf": "No conf attr type specified.",
    "subnet": "No network type specified in subnet attribute.",
    "T38FaxRateManagement": "No t38 rate management specified.",
    "T38FaxUdpEC": "No t38 udpEC specified.",
    "X-sidin": "No Stream Id incoming specified for X-sidin attribute.",
    "X-sidout": "No Stream Id outgoing specified for X-sidout attribute.",
    "X-confid": "No Conf Id incoming specified for X-confid attribute.",
    "source-filter": "No src filter attribute value specified for a=source-filter line",
    "rtcp-unicast": "No rtcp unicast mode specified for a=rtcp-unicast line",
    "maxprate": "No string token found for maxprate attribute",
    "X-cpar": "X-cpar attribute specified with no prior X-cap attribute",
    "cpar": "cpar attribute specified with no prior cdsc attribute",
}
_MISSING_NUMBER = {
    "T38FaxFillBitRemoval": "Boolean token for T38FaxFillBitRemoval attribute not found",
    "T38FaxTranscodingMMR": "Boolean token for T38FaxTranscodingMMR attribute not found",
    "T38FaxTranscodingJBIG": "Boolean token for T38FaxTranscodingJBIG attribute not found",
    "TMRGwXid": "Boolean token for TMRGwXid attribute not found",
    "X-pc-codec": "No payloads specified for X-pc-codec attr.",
    "X-cap": "Capability not specified for X-cap, unable to parse.",
    "cdsc": "Capability not specified for cdsc, unable to parse.",
}


def read_telephony(parsing: Parsing, name: str, line: str, position: int) -> bool:
    """Read one of the telephony attributes; False if it is dropped."""
    if name in _MISSING_NUMBER:
        if next_number(line, position, "/ \t")[0] is None:
            parsing.warn(_MISSING_NUMBER[name])
            return False
        return True
    token = next_token(line, position, BLANK)[0]
    if token is None and name == "silenceSupp":
        parsing.error("No silenceSupp enable value specified, parse failed.")
        return False
    if name in ("X-cpar", "cpar") or (token is None and name in _MISSING):
        parsing.warn(_MISSING[name])
        return False
    if name == "mptime" and (token is None or not (token[0] == "-" or token[0].isdigit())):
        parsing.warn("No intervals specified for mptime attr.")
        return False
    return True


def read_crypto(parsing: Parsing, name: str, line: str, position: int) -> bool:
    """Read a=crypto (RFC 4568) or the older X-crypto, which has no tag; False if dropped."""
    if name == "crypto":
        tag, position = next_number(line, position)
        if tag is None:
            parsing.error("Could not find sdescriptions tag")
            return False
    suite, position = next_token(line, position, BLANK)
    if suite is None:
        parsing.error("Could not find sdescriptions crypto suite")
        return False
    if suite.lower() not in _SUITES:
        parsing.error(f"No Matching crypto suite for SRTP Context({suite})-'X-crypto:v1' expected")
        parsing.error("Unsupported crypto suite")
        return False
    key, position = next_token(line, position, BLANK)
    if key is None:
        parsing.error("Could not find sdescriptions key params")
        return False
    if not _read_key(parsing, key, _SUITES[suite.lower()]):
        parsing.error("Failed to parse key-params")
        return False
    return True


def _read_key(parsing: Parsing, text: str, size: int) -> bool:
    """Read the first key of ``inline:``, which must decode to key and salt of the suite."""
    if text[:7].lower() != "inline:":
        parsing.error("Could not find keyword inline")
        return False
    key, _ = next_token(text, 7, "|")
    if key is None:
        parsing.error("Could not find sdescriptions key")
        return False
    try:
        found = len(base64.b64decode(key + "=" * (-len(key) % 4), validate=True))
    except (binascii.Error, ValueError):
        parsing.error("key-salt error decoding buffer: Bad Data")
        return False
    if found != size:
        key_size = min(size, 16)
        parsing.error(f"key-salt size doesn't match: ({found}, {key_size}, {size - key_size})")
        return False
    return True
