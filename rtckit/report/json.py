"""The JSON answers: one object with ``schema`` and ``findings``, safe to print.

Schema 1: fields may be added, never renamed. Only ASCII leaves here, so a control or bidirectional
character of a hostile input cannot reach the terminal, and lone surrogates stay readable.
"""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from rtckit.core.findings import Finding

__all__ = ["SCHEMA", "answer", "dump"]

SCHEMA = 1


def answer(findings: Iterable[Finding] = (), **fields: Any) -> dict[str, Any]:
    """The object of one answer: schema, findings, then the command's own fields in their order."""
    return {"schema": SCHEMA, "findings": [finding.to_dict() for finding in findings], **fields}


def dump(value: Mapping[str, Any]) -> str:
    """``value`` as indented JSON with a final newline.

    Bytes become hexadecimal, sets and tuples lists, enums their values, and a float that JSON has
    no word for (NaN, infinity) null.
    """
    text = json.dumps(_plain(value), indent=2, ensure_ascii=True, allow_nan=False)
    return text.replace("\x7f", "\\u007f") + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
