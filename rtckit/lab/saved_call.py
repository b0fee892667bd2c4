"""Writes what a recorded call left into the folder that keeps it (architecture, 4)."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

__all__ = ["toml_text", "write_json", "write_jsonl"]


def write_json(path: Path, value: Any) -> None:
    """One JSON value, indented, so that recordings can be compared line by line."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_jsonl(path: Path, values: Iterable[Any]) -> None:
    """One JSON value a line."""
    lines = (json.dumps(value, ensure_ascii=False) + "\n" for value in values)
    path.write_text("".join(lines), encoding="utf-8")


def toml_text(document: Mapping[str, Any]) -> str:
    """``document`` as TOML 1.0: scalars, lists of scalars, and tables in tables.

    ``TypeError`` for a value that TOML has no form for.
    """
    return "\n".join(_table_lines(document, ())) + "\n"


def _table_lines(table: Mapping[str, Any], name: tuple[str, ...]) -> list[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    if name and (plain or not inner):
        lines = ["", f"[{'.'.join(map(_key, name))}]", *lines]
    for key, value in inner.items():
        lines += _table_lines(value, (*name, key))
    return lines


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"TOML has no form for {type(value).__name__}")


def _string(text: str) -> str:
    # A JSON string is a TOML basic string once DEL, which JSON leaves alone, is escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
