"""A cursor over bytes that says where and what when it runs out.

For codecs off the hot path. All integers are big-endian, as on the wire, unless said otherwise.
"""

from rtckit.core.errors import ParseError

__all__ = ["Cursor"]


class Cursor:
    """Reads forward through ``data``; every failure is a :class:`ParseError` with its offset.

    ``base`` is added to the offsets it reports, so that a cursor over a slice still names places in
    the whole.
    """

    __slots__ = ("base", "data", "end", "position")

    def __init__(self, data: bytes | memoryview, base: int = 0) -> None:
        self.data = bytes(data)
        self.base = base
        self.position = 0
        self.end = len(self.data)

    @property
    def offset(self) -> int:
        """Where the next byte stands in the whole input."""
        return self.base + self.position

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return self.end - self.position

    def take(self, count: int, what: str = "bytes") -> bytes:
        """The next ``count`` bytes; ``what`` names them in the error."""
        stop = self.position + count
        if stop > self.end:
            raise ParseError(
                f"{what} cut short: {self.remaining} of {count} bytes",
                offset=self.offset,
                expected=f"{count} bytes of {what}",
            )
        taken = self.data[self.position : stop]
        self.position = stop
        return taken

    def uint(self, size: int, what: str = "integer") -> int:
        """An unsigned integer of ``size`` bytes."""
        return int.from_bytes(self.take(size, what), "big")

    def vector(self, length_size: int, what: str = "vector") -> bytes:
        """Bytes preceded by their length in ``length_size`` bytes (the TLS presentation form)."""
        return self.take(self.uint(length_size, f"length of {what}"), what)

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.remaining)
