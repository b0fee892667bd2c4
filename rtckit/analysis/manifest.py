"""``bundle.toml``: what a saved call says of itself.

Only what rtckit uses is read; anything else in the file is left to people.
"""

import tomllib
from dataclasses import dataclass, field
from typing import Any

from rtckit.core.errors import ParseError

__all__ = ["Manifest", "Peer", "parse_manifest"]


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of the call: what it is, and which files are its own."""

    side: str
    name: str
    version: str = ""
    role: str = ""
    capture: str | None = None
    stats: str | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole of ``bundle.toml``.

    ``expect_chain`` maps a layer to its expected state; ``expect_findings`` lists rule ids that
    must be found; ``expect_broken`` is the first broken layer, empty when nothing is.
    """

    title: str
    made_by: str = ""
    topology: str = ""
    peers: dict[str, Peer] = field(default_factory=dict)
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    expect_broken: str = ""
    expect_findings: tuple[str, ...] = ()
    expect_chain: dict[str, str] = field(default_factory=dict)


def parse_manifest(text: str) -> Manifest:
    """A manifest from the text of ``bundle.toml``; :class:`ParseError` when it is no such thing."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParseError(f"bundle.toml: {error}", expected="TOML") from None
    title = data.get("title", "")
    if not isinstance(title, str):
        raise ParseError("bundle.toml: title is no string", expected='title = "..."')
    peers = {
        side: _read_peer(side, value)
        for side, value in _table(data, "peers").items()
        if isinstance(value, dict)
    }
    expect = _table(data, "expect")
    return Manifest(
        title,
        _string(data, "made_by"),
        _string(data, "topology"),
        peers,
        {name: value for name, value in _table(data, "servers").items() if isinstance(value, dict)},
        _string(expect, "broken"),
        tuple(str(item) for item in _list(expect, "findings")),
        {layer: str(state) for layer, state in _table(expect, "chain").items()},
    )


def _read_peer(side: str, value: dict[str, Any]) -> Peer:
    return Peer(
        side,
        _string(value, "name") or side,
        _string(value, "version"),
        _string(value, "role"),
        _string(value, "capture") or None,
        _string(value, "stats") or None,
        tuple(str(item) for item in _list(value, "addresses")),
    )


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _string(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
