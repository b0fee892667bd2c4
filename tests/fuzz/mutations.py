"""Damage to bytes as networks, disks and attackers do it, repeatable from a seed."""

import random
from collections.abc import Iterator, Sequence

_INTERESTING = (b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\r", b"\n", b" ", b":", b"=")


def mutate(data: bytes, rng: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """``data`` after one to four damages; ``others`` are what it may be spliced with."""
    damaged = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        _DAMAGES[rng.randrange(len(_DAMAGES))](damaged, rng, others)
    return bytes(damaged)


def mutations(
    seeds: Sequence[bytes], count: int, *, seed: int = 0, limit: int = 65536
) -> Iterator[bytes]:
    """``count`` mutations of ``seeds`` in turn, none longer than ``limit`` bytes."""
    rng = random.Random(seed)
    for number in range(count):
        yield mutate(seeds[number % len(seeds)], rng, seeds)[:limit]


def _flip(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice(_INTERESTING)[0]


def _truncate(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    del data[rng.randint(0, len(data)) :]


def _insert(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice((rng.randbytes(rng.randint(1, 8)), *_INTERESTING))


def _delete(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    del data[start : start + rng.randint(1, 8)]


def _duplicate(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    stop = min(len(data), start + rng.randint(1, 64))
    data[start:start] = data[start:stop]


def _zero(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    start = rng.randint(0, len(data))
    stop = min(len(data), start + rng.randint(1, 16))
    data[start:stop] = bytes(stop - start)


def _splice(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    if others:
        other = rng.choice(others)
        data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


def _length(data: bytearray, rng: random.Random, others: Sequence[bytes]) -> None:
    """A 16-bit field, most often a length somewhere near the start, gets another value."""
    if len(data) >= 2:
        at = rng.randrange(min(len(data) - 1, 64))
        value = rng.choice((0, 1, 3, 4, len(data), len(data) + 1, 0x7FFF, 0xFFFF))
        data[at : at + 2] = (value & 0xFFFF).to_bytes(2, "big")


_DAMAGES = (
    _flip,
    _overwrite,
    _truncate,
    _insert,
    _delete,
    _duplicate,
    _zero,
    _splice,
    _length,
)
