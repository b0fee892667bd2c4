"""What a peer invents: session ids, ICE credentials, its certificate, sources, names.

The same seed gives the same values, so that two runs of a simulation write the same text.
"""

import hashlib
from dataclasses import dataclass

__all__ = ["Identity"]

_ICE_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_ICE_CHARS = (_ICE_CHARS * 4).encode("ascii")


@dataclass(slots=True)
class Identity:
    """A source of the values a peer makes up; each call of a method gives a new one.

    Attributes:
        seed: names the sequence of values.
    """

    seed: str = "0"
    _count: int = 0

    def _bytes(self, what: str, number: int = -1) -> bytes:
        if number < 0:
            self._count += 1
            number = self._count
        return hashlib.sha256(f"{self.seed}/{what}/{number}".encode()).digest()

    @property
    def session_id(self) -> str:
        """The sess-id of ``o=``: 62 random bits (RFC 9429, 5.2.1); the same at every call."""
        return str(int.from_bytes(self._bytes("session", 0)[:8], "big") >> 2)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 digest of the certificate; the same at every call (RFC 8122, 5)."""
        return self._bytes("certificate", 0).hex(":").upper()

    @property
    def cname(self) -> str:
        """The CNAME of the peer's sources: 16 characters; the same at every call (RFC 7022)."""
        return self._text("cname", 16, 0)

    def new_ufrag(self, length: int = 4) -> str:
        """Return an ICE username fragment (RFC 8839, 5.4)."""
        return self._text("ufrag", length)

    def new_pwd(self, length: int = 24) -> str:
        """Return an ICE password (RFC 8839, 5.4)."""
        return self._text("pwd", length)

    def new_hex(self, length: int) -> str:
        """Return so many lower-case hexadecimal digits."""
        return self._bytes("hex").hex()[:length]

    def new_ssrc(self) -> int:
        """Return a synchronization source, never 0 (RFC 3550, 8.1)."""
        return int.from_bytes(self._bytes("ssrc")[:4], "big") or 1

    def new_uuid(self) -> str:
        """Return a UUID, as browsers name tracks and streams."""
        digits = self._bytes("uuid").hex()
        parts = (digits[:8], digits[8:12], "4" + digits[13:16], "8" + digits[17:20], digits[20:32])
        return "-".join(parts)

    def _text(self, what: str, length: int, number: int = -1) -> str:
        data = self._bytes(what, number)
        while len(data) < length:
            data += hashlib.sha256(data).digest()
        return data[:length].translate(_TO_ICE_CHARS).decode("ascii")
