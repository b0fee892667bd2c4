"""Whether work grows with its input or faster, measured against itself in the same run.

No limit in seconds: a slow or busy machine slows both sizes alike.
"""

import gc
import time
from collections.abc import Callable

__all__ = ["assert_linear"]

_TIMES = 8
# Quadratic growth is 64 times the work for 8 times the input; linear with a busy machine, 8 to 16.
_ALLOWED = 24
# Below this the clock and the allocator are measured, not the work.
_FLOOR_S = 0.01
_ROUNDS = 3


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """``work(size)`` may take at most three times its share of ``work(size // 8)``, in CPU time."""
    small = min(_cpu(work, size // _TIMES) for _ in range(_ROUNDS))
    allowed = max(small, _FLOOR_S) * _ALLOWED
    for _ in range(_ROUNDS):
        large = _cpu(work, size)
        if large <= allowed:
            return
    raise AssertionError(f"{_TIMES} times the input took {large / small:.0f} times as long")


def _cpu(work: Callable[[int], object], size: int) -> float:
    # A collection walks all that the test run holds, which says nothing about the work.
    gc.collect()
    gc.disable()
    try:
        begin = time.process_time()
        work(size)
        return time.process_time() - begin
    finally:
        gc.enable()
