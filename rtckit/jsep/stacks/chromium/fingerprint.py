"""Certificate digests (RFC 8122, 5), as the parser and as the DTLS transport see them."""

import re
from dataclasses import dataclass

_SIZES = {"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}
_LARGEST = 64
_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*\Z")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The digest of a certificate: the algorithm in small letters, and the bytes."""

    algorithm: str
    digest: bytes

    @property
    def fits(self) -> bool:
        """Whether the digest is as long as the algorithm makes it; checked only with an answer."""
        return len(self.digest) == _SIZES[self.algorithm]

    def __str__(self) -> str:
        return f"{self.algorithm} {self.digest.hex(':').upper()}"


def decode_fingerprint(algorithm: str, text: str) -> Fingerprint | None:
    """Read a fingerprint; None for an unknown algorithm, a malformed digest or one over 64 bytes.

    A digest of the wrong length for its algorithm is taken.
    """
    algorithm = algorithm.lower()
    if algorithm not in _SIZES or (len(text) + 1) // 3 > _LARGEST or not _PAIRS.match(text):
        return None
    return Fingerprint(algorithm, bytes.fromhex(text.replace(":", "")))
