"""Foundations that say which candidates are alike and nothing else (RFC 8445, 5.1.1.3).

A foundation made of the address alone, even hashed, can be searched for the address: there are
18 million private IPv4 addresses. Here each session has a key of its own.
"""

import hashlib
import hmac

__all__ = ["foundation"]

_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def foundation(
    key: bytes, candidate_type: str, transport: str, base_ip: str, server: str | None = None
) -> str:
    """Return eight characters, the same for candidates that are alike and for the same key.

    Args:
        key: random bytes of this session, never used again.
        candidate_type: ``host``, ``srflx``, ``prflx`` or ``relay``.
        transport: ``udp`` or ``tcp``.
        base_ip: the address the candidate is based on, without its port.
        server: the STUN or TURN server it came from.
    """
    text = "\0".join((candidate_type, transport, base_ip, server or ""))
    digest = hmac.digest(key, text.encode(), hashlib.sha256)
    return "".join(_CHARACTERS[byte & 63] for byte in digest[:8])
