"""The fuzz targets beside this file: each ``fuzz_NAME.py`` has ``check(data)`` and ``SEEDS``."""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).resolve().parent


class Target(NamedTuple):
    """A law over any bytes: ``check`` raises when it does not hold."""

    name: str
    check: Callable[[bytes], None]
    seeds: Sequence[bytes]

    @property
    def crashes(self) -> list[Path]:
        """Inputs that broke the law once, kept in ``crashes/NAME/``."""
        return sorted((_HERE / "crashes" / self.name).glob("*"))


def target_names() -> list[str]:
    """The names of all targets."""
    return sorted(path.stem.removeprefix("fuzz_") for path in _HERE.glob("fuzz_*.py"))


def load_target(name: str) -> Target:
    """The target ``fuzz_NAME.py``."""
    module = importlib.import_module(f"tests.fuzz.fuzz_{name}")
    return Target(name, module.check, module.SEEDS)
