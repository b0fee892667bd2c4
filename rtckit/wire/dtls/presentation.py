"""The TLS presentation language, written: integers and vectors with their length (RFC 5246, 4)."""

__all__ = ["uint", "vector"]


def uint(value: int, size: int, what: str = "value") -> bytes:
    """An unsigned integer in ``size`` bytes; ``ValueError`` when it does not fit."""
    if not 0 <= value < 256**size:
        raise ValueError(f"{what} {value} does not fit {size} bytes")
    return value.to_bytes(size, "big")


def vector(payload: bytes, length_size: int, what: str = "vector", shortest: int = 0) -> bytes:
    """``payload`` after its length in ``length_size`` bytes; ``ValueError`` if it does not fit."""
    if len(payload) < shortest:
        raise ValueError(f"{what} of {len(payload)} bytes, at least {shortest} needed")
    return uint(len(payload), length_size, f"length of {what}") + payload
