"""A window that moves forward over a file's bytes: what the file readers look through."""

from rtckit.capture.compressed import Source

__all__ = ["Window"]

_CHUNK = 1 << 18


class Window:
    """The bytes in sight: ``data``, of which the first stands at ``base`` in the file.

    The readers keep ``data`` in a local variable for speed; :meth:`extend` replaces it. Buffers
    handed out before stay as they were.
    """

    __slots__ = ("base", "data", "ended", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = b""
        self.base = 0
        self.ended = False

    def extend(self, keep: int) -> bool:
        """Drop what stands before ``keep`` and read on; false when there was nothing to read.

        Reads as much as is kept, at least, so that growing costs time in proportion to the bytes.
        """
        if self.ended:
            return False
        kept = self.data[keep:]
        more = self.source.read(max(_CHUNK, len(kept)))
        if not more:
            self.ended = True
            return False
        self.base += keep
        self.data = kept + more
        return True

    def reach(self, end: int) -> bool:
        """Read on until ``data[:end]`` is in sight, dropping nothing; false when the file ends."""
        while len(self.data) < end:
            if not self.extend(0):
                return False
        return True

    def pass_zeros(self, start: int, margin: int) -> int:
        """``start``, or ``margin`` bytes before the first byte after it that is not zero.

        Files that were laid out ahead or written by a machine that died end in zeroes, long runs
        of them.
        """
        zeros = len(self.data) - start - len(self.data[start:].lstrip(b"\0"))
        return start + max(zeros - margin, 0)
