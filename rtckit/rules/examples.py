"""Running the examples in rules' docstrings.

An example for a ``call`` rule is a trace (one datagram a line, see :mod:`rtckit.analysis.trace`),
or one line that names a saved call: ``captures/NAME``.
"""

from pathlib import Path
from typing import Any

from rtckit.core.errors import MissingCapability
from rtckit.core.findings import Finding
from rtckit.rules.catalogue import Rule

__all__ = ["evaluate", "read_example"]

_CHECKOUT = Path(__file__).resolve().parents[2]


def read_example(subject: str, example: str, *, root: Path = _CHECKOUT) -> Any:
    """The subject that an example describes.

    ``root`` is the folder that holds ``captures/``, which comes with the source and not with an
    installed package: ``MissingCapability`` where it is absent. ``ValueError`` for a subject that
    has no examples; whatever the trace reader raises for a bad trace.
    """
    if subject != "call":
        raise ValueError(f"examples of subject {subject!r} cannot be read")
    line = example.strip()
    if line.startswith("captures/") and "\n" not in line:
        path = root / line
        if not path.is_dir():
            raise MissingCapability(f"the saved call {line}", "it is part of a source checkout")
        from rtckit.analysis.bundle import open_call

        return open_call(path)
    from rtckit.analysis.trace import call_from_trace

    return call_from_trace(example)


def evaluate(rule: Rule, example: str, *, root: Path = _CHECKOUT) -> list[Finding]:
    """What ``rule`` finds in ``example``; see :func:`read_example`."""
    return list(rule.check(read_example(rule.subject, example, root=root)))
