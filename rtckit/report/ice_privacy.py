"""Addresses hidden behind pseudonyms, for screens and files that strangers will see.

The same address always has the same pseudonym, which tells only whether it is of a local network
(``lan``), public (``wan``) or a name. Ports stay. Foundations are hidden as well: some agents make
them of the address so that it can be computed back. Of descriptions nothing is shown.
"""

import ipaddress
import re
from typing import Any

from rtckit.core.address import Scope, scope_of
from rtckit.core.text import mask

__all__ = ["AddressMask"]

_TELLS_NOTHING = (Scope.LOOPBACK, Scope.UNSPECIFIED)
_LOCAL = (Scope.PRIVATE, Scope.LINK_LOCAL, Scope.SHARED, Scope.UNIQUE_LOCAL)
_TELLING = re.compile(
    r"(?P<scheme>\b(?:stuns?|turns?):)(?:\[(?P<server6>[^\]\s]{2,60})\]|(?P<server>[^\s:?\[\]]{1,255}))"
    r"|(?P<name>(?<![\w-])[A-Za-z0-9-]{1,63}\.local\b)"
    r"|(?P<ip4>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]))"
    r"|(?P<ip6>(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:.]{2,45}(?:%\w{1,15})?)"
)
_FOUNDATIONS = ("foundation",)
_SECRETS = ("sdp", "pwd")


class AddressMask:
    """Puts pseudonyms in place of addresses; ``on`` tells whether it does so now."""

    def __init__(self, on: bool = True) -> None:
        self.on = on
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def text(self, text: str) -> str:
        """A text with its addresses, server names and mDNS names replaced."""
        return _TELLING.sub(self._replace, text) if self.on else text

    def address(self, value: str) -> str:
        """One address or host name, replaced."""
        return self._pseudonym(value) if self.on and value else value

    def event(self, value: Any) -> Any:
        """The JSON of an event with every text in it replaced."""
        return self._value(value) if self.on else value

    def _value(self, value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            if key in _FOUNDATIONS:
                return self._given("f", value)
            if key in _SECRETS:
                return mask(value)
            return self.address(value) if key in ("address", "name") else self.text(value)
        if isinstance(value, dict):
            return {name: self._value(item, name) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item, key) for item in value]
        return value

    def _replace(self, found: re.Match[str]) -> str:
        scheme, server = found["scheme"], found["server6"] or found["server"]
        if scheme is not None:
            return scheme + self._pseudonym(server)
        whole = found.group()
        if found["ip6"] is not None and not _is_ip(whole):
            return whole
        return self._pseudonym(whole)

    def _pseudonym(self, value: str) -> str:
        scope = scope_of(value)
        if scope in _TELLS_NOTHING:
            return value
        if scope in (Scope.NAME, Scope.MDNS):
            return self._given("name", value.lower())
        return self._given("lan" if scope in _LOCAL else "wan", value)

    def _given(self, kind: str, value: str) -> str:
        name = self._names.get(f"{kind} {value}")
        if name is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            name = self._names[f"{kind} {value}"] = f"{kind}-{self._counts[kind]}"
        return name


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
