"""Descriptions that can be shown to strangers: what tells of people and machines is replaced.

Replaced are addresses, host names, ICE ufrags, passwords and foundations (which browsers compute
from addresses), fingerprints, keys, identity assertions, ids of sessions, streams, tracks and TLS
sessions, cnames, and every name or number of a person. Kept are the order of lines, line ends,
mids, ports, codecs, lengths, the alphabet of each value, and the scope of each address: a private
address stays one of the same block, a public one becomes one of documentation (RFC 5737, RFC 3849).

One value becomes the same value wherever it stands in everything one :class:`Anonymizer` is given.
Which one follows from the seed; without the seed it cannot be told back.
"""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable

from rtckit.core.address import Scope, scope_of
from rtckit.sdp.document import Document
from rtckit.sdp.lines import split_lines

__all__ = ["Anonymizer", "anonymize"]

_WORD = re.compile(r"\S+")
_HEX = re.compile(r"(?:[0-9a-f]{8,}|[0-9A-F]{8,}|[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){3,})")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
# What looks like an address, a person or an id, in text of any form; one pass, so that nothing
# is replaced twice.
_TELLING = re.compile(
    r"(?P<uri>\b(?P<scheme>(?:sips?|msrps?|xmpp|tel|mailto|rtsp|https?):(?://)?)(?P<rest>[^\s;>]{1,500}))"
    r"|(?P<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})"
    r"|(?P<local>(?<![A-Za-z0-9-])[A-Za-z0-9-]{1,63}\.local\b)"
    r"|(?P<uuid>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"
    r"|(?P<ip4>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]{0,3}\w))"
    r"|(?P<ip6>(?<![\w:.])(?=[0-9a-f.]{0,45}:)[0-9a-f:]{2,39}(?:\.\d{1,3}){0,3}(?:%\w{1,15})?(?![\w:]))",
    re.IGNORECASE,
)
_INLINE = re.compile(r"(inline:)([^\s|;]+)")
_KEPT_USERS = ("-", "")
_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.")
# The values people look for in the whole line; the rest of the line stays.
_SECRET_NAME = re.compile(r"(?i)pwd|password|secret|token|(?:^|[-_])key|auth|session|user|cname")


class Anonymizer:
    """Replaces values, the same one always by the same, also across documents.

    ``seed`` decides what they become. ``ssrcs`` tells whether synchronisation sources are replaced
    as well; without it packets of a capture can still be matched. ``mapping`` holds what was
    replaced by what, for those who may know both.
    """

    def __init__(self, seed: str, *, ssrcs: bool = False) -> None:
        self._seed = seed.encode("utf-8", "surrogateescape")
        self._ssrcs = ssrcs
        self.mapping: dict[str, str] = {}
        self._given: set[str] = set()
        self._originals: set[str] = set()
        self._attributes: dict[str, Callable[[str], str]] = {
            "ice-ufrag": self._words,
            "ice-pwd": self._words,
            "fingerprint": self._all_but_first,
            "tls-id": self._words,
            "dtls-id": self._words,
            "identity": self._words,
            "crypto": self._crypto,
            "key-mgmt": self._all_but_first,
            "zrtp-hash": self._all_but_first,
            "msid": self._words,
            "msid-semantic": self._msid_semantic,
            "label": self._words,
            "cname": self._words,
            "ssrc": self._ssrc,
            "ssrc-group": self._ssrc_group,
            "candidate": self._candidate,
            "remote-candidates": self._remote_candidates,
            "keywds": self._words,
            "cat": self._words,
        }

    def avoid(self, document: Document) -> None:
        """Make sure that nothing becomes a value that stands in this description."""
        trial = Anonymizer("", ssrcs=self._ssrcs)
        trial._rewrite(document)
        self._originals.update(trial.mapping)

    def anonymize(self, document: Document) -> Document:
        """The description with its values replaced; lines, their ends and their order stay.

        Of several descriptions, give each to :meth:`avoid` before the first is anonymised.
        """
        self.avoid(document)
        # Not parsed anew: a damaged line may look like no SDP once its values are others.
        split = split_lines(self._rewrite(document))
        starts = [index for index, body in enumerate(split.bodies) if body[:2] == "m="]
        return Document(
            split, starts, byte_order_mark=document.byte_order_mark, binary=document.binary
        )

    def _rewrite(self, document: Document) -> str:
        return "".join(self._line(line.text) + line.end for line in document.lines)

    def candidate(self, text: str) -> str:
        """A candidate that stands alone, replaced the same way."""
        found = re.match(r"((?:a=)?candidate:|)", text.lstrip())
        head = found.group() if found else ""
        return head + self._candidate(text.lstrip()[len(head) :])

    def opaque(self, value: str) -> str:
        """Any id or secret: as long, of the same alphabet, the same each time."""
        return self._map(value, self._reshape)

    def address(self, value: str) -> str:
        """An IP address of the same scope, or a name in place of a name."""
        if scope_of(value.strip("[]")) in (Scope.UNSPECIFIED, Scope.LOOPBACK):
            return value
        return self._map(value, self._replace_address)

    # -- lines ------------------------------------------------------------------------------------

    def _line(self, text: str) -> str:
        body = text.lstrip(" \t")
        indent = text[: len(text) - len(body)]
        kind, equals, value = body[:1], body[1:2], body[2:]
        if equals != "=":
            return self._sweep(text)
        if kind == "a":
            return f"{indent}a={self._attribute(value)}"
        replace = {
            "o": self._origin,
            "s": self._free_text,
            "i": self._free_text,
            "u": self._uri,
            "e": self._person,
            "p": self._person,
            "k": self._key,
            "c": self._addresses,
        }.get(kind, self._sweep)
        return f"{indent}{kind}={replace(value)}"

    def _attribute(self, text: str) -> str:
        name, colon, value = text.partition(":")
        if not colon:
            return self._sweep(text)
        replace = self._attributes.get(name.strip().lower())
        if replace is None and _SECRET_NAME.search(name):
            replace = self._words
        if replace is not None:
            return f"{name}:{replace(value)}"
        return self._sweep(text)

    def _origin(self, value: str) -> str:
        words = _pieces(value)
        places = [index for index, piece in enumerate(words) if not piece.isspace()]
        ids = places[1:3]
        for number, index in enumerate(places):
            word = words[index]
            if number == 0:
                # Firefox names its SDP library here, which is no person.
                if word not in _KEPT_USERS and not word.startswith("mozilla..."):
                    words[index] = self.opaque(word)
            elif index in ids:
                # A version that is no repetition of the id counts up, and has to go on doing so.
                broken = len(places) != 6 and len(word) > 6
                if number == 1 or word == value.split()[1] or broken:
                    words[index] = self.opaque(word)
            elif word not in ("IN", "IP4", "IP6") and (number > 4 or "." in word or ":" in word):
                words[index] = self._connection_address(word)
        return "".join(words)

    def _free_text(self, value: str) -> str:
        return self._words(value) if value.strip() not in ("", "-") else value

    def _person(self, value: str) -> str:
        return self._words(value)

    def _uri(self, value: str) -> str:
        swept = self._sweep(value)
        return swept if swept != value else self._words(value)

    def _key(self, value: str) -> str:
        method, colon, key = value.partition(":")
        return method + colon + self._words(key)

    def _addresses(self, value: str) -> str:
        words = _pieces(value)
        for index, word in enumerate(words):
            if word not in ("IN", "IP4", "IP6") and not word.isspace():
                words[index] = self._connection_address(word)
        return "".join(words)

    def _connection_address(self, word: str) -> str:
        base, slash, rest = word.partition("/")
        # A typing error may have glued the address to what stands before it.
        glued = re.match(r"IP[46](?=\S)", base)
        head = glued.group() if glued else ""
        base = base[len(head) :]
        return head + (self.address(base) if base else "") + slash + rest

    # -- attributes -------------------------------------------------------------------------------

    def _words(self, value: str) -> str:
        return _WORD.sub(lambda found: self.opaque(found.group()), value)

    def _all_but_first(self, value: str) -> str:
        first = re.match(r"\s*\S+", value)
        end = first.end() if first else 0
        if not value[end:].strip():
            return self._words(value)
        return value[:end] + self._words(value[end:])

    def _crypto(self, value: str) -> str:
        return _INLINE.sub(lambda found: found[1] + self.opaque(found[2]), value)

    def _msid_semantic(self, value: str) -> str:
        return self._all_but_first(value) if len(value.split()) > 1 else value

    def _ssrc(self, value: str) -> str:
        number, space, rest = value.partition(" ")
        name, colon, content = rest.partition(":")
        return self._source(number) + space + name + colon + self._words(content)

    def _ssrc_group(self, value: str) -> str:
        first = re.match(r"\s*\S+", value)
        end = first.end() if first else 0
        return value[:end] + _WORD.sub(lambda found: self._source(found.group()), value[end:])

    def _source(self, number: str) -> str:
        if self._ssrcs and number.isascii() and number.isdigit():
            return self._map(number, self._replace_source)
        return number

    def _candidate(self, value: str) -> str:
        words = _pieces(value)
        places = [index for index, piece in enumerate(words) if not piece.isspace()]
        before = ""
        for number, index in enumerate(places):
            word = words[index]
            if number == 0 and len(word) > 2:
                words[index] = self.opaque(word)
            elif number == 4 or before == "raddr":
                words[index] = self.address(word)
            elif before in ("ufrag", "username", "password", "pwd"):
                words[index] = self.opaque(word)
            elif number > 5:
                words[index] = self._sweep(word)
            before = word if number > 6 and number % 2 == 0 else ""
        return "".join(words)

    def _remote_candidates(self, value: str) -> str:
        words = _pieces(value)
        places = [index for index, piece in enumerate(words) if not piece.isspace()]
        for index in places[1::3]:
            words[index] = self.address(words[index])
        return "".join(words)

    def _sweep(self, text: str) -> str:
        """Text of no known form, without what tells of people and machines."""
        return _TELLING.sub(self._replace_telling, text)

    def _replace_telling(self, found: re.Match[str]) -> str:
        text = found.group()
        kind = found.lastgroup
        if found["uri"]:
            # Header extensions are named by URIs, which say nothing about anybody.
            if found["scheme"].lower().startswith("http") and _is_name_of_standard(text):
                return text
            return found["scheme"] + self.opaque(found["rest"])
        if kind in ("mail", "uuid"):
            return self.opaque(text)
        if kind != "local":
            try:
                ipaddress.ip_address(text.partition("%")[0])
            except ValueError:
                return text
        return self.address(text)

    # -- values -----------------------------------------------------------------------------------

    def _map(self, value: str, replace: Callable[[str, int], str]) -> str:
        known = self.mapping.get(value)
        if known is not None:
            return known
        result = value
        for attempt in range(64):
            result = replace(value, attempt)
            if result == value and attempt == 0 and not _is_replaceable(value):
                return value
            if result != value and not self._is_taken(result):
                break
        self.mapping[value] = result
        self._given.add(result)
        return result

    def _is_taken(self, result: str) -> bool:
        if result in self._given or result in self.mapping or result in self._originals:
            return True
        # 10.0.0.1 stands in 10.0.0.17 as well.
        if len(result) > 45 or len(self._originals) > 2000 or ("." not in result):
            return False
        return any(len(value) > 6 and value in result for value in self._originals)

    def _digest(self, value: str, attempt: int, size: int) -> bytes:
        message = value.encode("utf-8", "surrogateescape")
        blocks = bytearray()
        while len(blocks) < size:
            label = f"{attempt}:{len(blocks)}:".encode()
            blocks += hmac.new(self._seed, label + message, hashlib.sha256).digest()
        return bytes(blocks[:size])

    def _reshape(self, value: str, attempt: int) -> str:
        """As long, each character by one of its kind; hexadecimal stays hexadecimal."""
        digest = self._digest(value, attempt, len(value))
        number = value.isascii() and value.isdigit()
        hexadecimal = not number and bool(
            _HEX.fullmatch(value) or _UUID.fullmatch(value.strip("{}"))
        )
        result = []
        for index, (character, byte) in enumerate(zip(value, digest, strict=True)):
            if hexadecimal and character in "0123456789abcdefABCDEF":
                digit = "0123456789abcdef"[byte % 16]
                result.append(digit.upper() if _upper(value) else digit)
            elif character in "0123456789":
                lowest = 1 if number and index == 0 and character != "0" else 0
                # Numbers of 64 bits stay in 63, as session ids have to.
                highest = int(character) if number and index == 0 and len(value) > 18 else 9
                result.append(str(lowest + byte % max(1, highest - lowest + 1)))
            elif "a" <= character <= "z":
                result.append(chr(ord("a") + byte % 26))
            elif "A" <= character <= "Z":
                result.append(chr(ord("A") + byte % 26))
            elif ord(character) > 127:
                result.append("x")
            else:
                result.append(character)
        return "".join(result)

    def _replace_source(self, value: str, attempt: int) -> str:
        return str(int.from_bytes(self._digest(value, attempt, 4), "big") or 1)

    def _replace_address(self, value: str, attempt: int) -> str:
        base, percent, zone = value.partition("%")
        bare = base[1:-1] if base[:1] == "[" and base[-1:] == "]" else base
        scope = scope_of(bare)
        if scope == Scope.MDNS:
            name = hashlib.sha256(self._digest(bare, attempt, 16)).hexdigest()
            parts = (name[:8], name[8:12], "4" + name[13:16], "8" + name[17:20], name[20:32])
            return "-".join(parts) + ".local"
        if scope == Scope.NAME:
            if not re.search(r"[A-Za-z]", bare):
                return self._reshape(value, attempt)
            return f"host-{self._digest(bare, attempt, 4).hex()}.example"
        parsed = ipaddress.ip_address(bare)
        if isinstance(parsed, ipaddress.IPv4Address):
            replaced = self._ip4(str(parsed), scope, attempt)
        else:
            replaced = self._ip6(parsed, scope, attempt)
        replaced = f"[{replaced}]" if bare != base else replaced
        return replaced + percent + zone

    def _ip4(self, value: str, scope: Scope, attempt: int) -> str:
        first, second, third, _ = (int(part) for part in value.split("."))
        # Hosts of one /24 stay neighbours, so that who shares a network can still be seen.
        network = self._digest(f"net {first}.{second}.{third}", attempt // 8, 3)
        host = 1 + self._digest(value, attempt, 1)[0] % 254
        if scope == Scope.PRIVATE:
            if first == 10:
                return f"10.{network[0]}.{network[1]}.{host}"
            if first == 172:
                return f"172.{16 + network[0] % 16}.{network[1]}.{host}"
            return f"192.168.{network[0]}.{host}"
        if scope == Scope.SHARED:
            return f"100.{64 + network[0] % 64}.{network[1]}.{host}"
        if scope == Scope.LINK_LOCAL:
            return f"169.254.{1 + network[0] % 254}.{host}"
        if scope == Scope.MULTICAST:
            return f"233.252.0.{host}"
        if attempt < 48:
            return f"{_DOCUMENTATION[network[0] % 3]}{host}"
        # More than the documentation ranges hold: those of benchmarks (RFC 2544).
        return f"198.{18 + network[0] % 2}.{network[1]}.{host}"

    def _ip6(self, value: ipaddress.IPv6Address, scope: Scope, attempt: int) -> str:
        packed = value.packed
        inner = value.ipv4_mapped
        if inner is not None:
            return f"::ffff:{self.address(str(inner))}"
        network = self._digest(f"net {packed[:8].hex()}", 0, 8)
        host = self._digest(value.compressed, attempt, 8)
        if scope == Scope.LINK_LOCAL:
            network = b"\xfe\x80" + bytes(6)
        elif scope == Scope.UNIQUE_LOCAL:
            network = bytes([packed[0]]) + network[1:]
        elif scope == Scope.MULTICAST:
            network = packed[:2] + bytes(6)
        else:
            network = b"\x20\x01\x0d\xb8" + network[4:]
        return str(ipaddress.IPv6Address(network + host))


def anonymize(document: Document, seed: str, *, ssrcs: bool = False) -> Document:
    """One description with an :class:`Anonymizer` of its own."""
    return Anonymizer(seed, ssrcs=ssrcs).anonymize(document)


def _pieces(text: str) -> list[str]:
    return re.findall(r"\s+|\S+", text)


def _is_replaceable(value: str) -> bool:
    return any(character.isalnum() for character in value)


def _upper(value: str) -> bool:
    return any("A" <= character <= "F" for character in value)


def _is_name_of_standard(uri: str) -> bool:
    return bool(
        re.match(r"(?i)https?://(?:www\.)?(?:webrtc\.org|ietf\.org|w3\.org|aomediacodec\.)", uri)
    )
