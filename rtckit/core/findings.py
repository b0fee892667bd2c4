"""Findings: what a rule says, with the place that shows it; and problems a decoder met.

A :class:`Problem` is what a tolerant decoder notes while it reads damaged bytes; a :class:`Finding`
is what a rule concludes. The shapes are those of the JSON output, schema 1: fields may be added,
never renamed.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Certainty", "Evidence", "Finding", "Location", "Problem", "Severity"]


class Severity(StrEnum):
    """How bad: ``error`` breaks a call, ``warning`` may, ``info`` is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest, so that sorting puts errors first."""
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Certainty(StrEnum):
    """How a diagnosis is known: ``seen`` in the evidence, or ``likely`` from what is missing."""

    SEEN = "seen"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a tolerant decoder could not read.

    ``offset`` counts bytes from 0 in the unit named by the caller (packet, block or file);
    ``expected`` says what would have been right there.
    """

    message: str
    offset: int | None = None
    expected: str = ""
    frame: int | None = None

    def __str__(self) -> str:
        where = f"frame {self.frame}: " if self.frame is not None else ""
        at = f"byte {self.offset}: " if self.offset is not None else ""
        expected = f" (expected {self.expected})" if self.expected else ""
        return f"{where}{at}{self.message}{expected}"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file: a line and columns of a text, or a frame and bytes of a capture.

    Lines, columns and frames count from 1; ``end_column`` is exclusive; ``byte_start`` and
    ``byte_end`` count from 0 within the frame's transport payload.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    frame: int | None = None
    byte_start: int | None = None
    byte_end: int | None = None

    def __str__(self) -> str:
        parts = [self.file or ""]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        text = ":".join(part for part in parts if part)
        if self.frame is not None:
            text = f"{text} frame {self.frame}" if text else f"frame {self.frame}"
        return text

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape; absent fields are null."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
            "frame": self.frame,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing seen, in words, and where."""

    text: str
    location: Location = Location()

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape."""
        return {"text": self.text, "location": self.location.to_dict()}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule concludes.

    ``location`` is the main place; ``evidence`` lists all that was seen, first things first;
    ``help`` says what to change; ``refs`` cites the standards as ``RFC 8445, 7.2.5.1``.
    """

    rule: str
    severity: Severity
    message: str
    location: Location = Location()
    help: str = ""
    certainty: Certainty = Certainty.SEEN
    refs: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape of schema 1."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "location": self.location.to_dict(),
            "help": self.help,
            "certainty": str(self.certainty),
            "refs": list(self.refs),
            "evidence": [item.to_dict() for item in self.evidence],
        }
