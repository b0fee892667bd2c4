"""The laboratory as a pytest fixture; a test suite asks for it by its name::

pytest_plugins = ["rtckit.lab.pytest_plugin"]

def test_connects(rtckit_lab):
    lab = rtckit_lab("symmetric", "port restricted")
    lab.hosts["a"].run("my-client", lab.stun_url)
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from rtckit.core.errors import MissingCapability
from rtckit.lab.laboratory import Laboratory, laboratory

__all__ = ["rtckit_lab"]


@pytest.fixture
def rtckit_lab() -> Iterator[Callable[..., Laboratory]]:
    """A function with the arguments of :func:`~rtckit.lab.laboratory.laboratory`.

    What it builds is taken away after the test; a test is skipped, with the reason, where the
    machine cannot do that.
    """
    with ExitStack() as stack:

        def build(*arguments: Any, **options: Any) -> Laboratory:
            try:
                return stack.enter_context(laboratory(*arguments, **options))
            except MissingCapability as error:
                pytest.skip(str(error))

        yield build
