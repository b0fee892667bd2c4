"""When two descriptions mean the same, and when they are the same text.

Read from plain text, with nothing of rtckit: what is compared here is what rtckit writes with what
a browser wrote. Two measures:

* `masked`: the text, with only what a peer makes up by chance replaced (session id, ICE
  credentials, certificate digest, sources, their names, UUIDs). The same value gets the same mask,
  so that it still shows whether two sections share a transport or a source.
* `meaning`: everything a description says, whatever the order of its attribute lines: two texts
  with the same `meaning` are the same to a peer. Order that a peer heeds (sections, formats,
  feedback, header extensions, groups, sources, simulcast) counts.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Any

__all__ = ["Masks", "cause_of", "differences", "masked", "meaning"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_LONG_VERSION = 7
"""Digits from which a session version is a clock's, as aiortc writes it, not a count."""

# What a section takes from the session where it has none (RFC 8866, 6.7; RFC 8122, 5; RFC 4145, 4;
# RFC 8839, 5.4 and 5.6).
_INHERITED = ("fingerprint", "setup", "ice-options", "ice-ufrag", "ice-pwd", "tls-id")

Fact = tuple[str, Any]
Meaning = tuple[tuple[Fact, ...], tuple[tuple[Fact, ...], ...]]


class Masks:
    """Names for values made up by chance, by kind and order of appearance."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._counts: Counter[str] = Counter()

    def __call__(self, kind: str, value: str) -> str:
        key = (kind, value)
        if key not in self._names:
            self._counts[kind] += 1
            self._names[key] = f"{kind}{self._counts[kind]}"
        return self._names[key]


def masked(sdp: str, masks: Masks | None = None) -> str:
    """The text with chance values replaced by their kind and order of appearance.

    With ``masks`` values that were met before, in other texts, keep their names.
    """
    masks = masks or Masks()
    return "".join(
        _masked_line(body, masks) + end
        for body, end in re.findall(r"([^\r\n]*)(\r\n|\r|\n|$)", sdp)
    )


def _masked_line(line: str, masks: Masks) -> str:
    if line.startswith("o="):
        fields = line.split(" ")
        if len(fields) > 2:
            fields[1] = "ID"
            fields[2] = "VERSION" if len(fields[2]) >= _LONG_VERSION else fields[2]
        return " ".join(fields)
    name, _, value = line.partition(":")
    mask = _MASKED.get(name)
    return f"{name}:{mask(value, masks)}" if mask and value else line


def _mask_uuids(text: str, masks: Masks) -> str:
    return _UUID.sub(lambda found: masks("UUID", found[0]), text)


def _mask_fingerprint(value: str, masks: Masks) -> str:
    hash_function, space, digest = value.partition(" ")
    return hash_function + space + (masks("DIGEST", digest) if digest else "")


def _mask_source(value: str, masks: Masks) -> str:
    number, space, rest = value.partition(" ")
    attribute, colon, content = rest.partition(":")
    if attribute == "cname":
        content = masks("CNAME", content)
    return masks("SSRC", number) + space + attribute + colon + _mask_uuids(content, masks)


def _mask_sources(value: str, masks: Masks) -> str:
    semantics, *numbers = value.split(" ")
    return " ".join([semantics, *(masks("SSRC", number) for number in numbers)])


def _mask_key(value: str, _: Masks) -> str:
    return re.sub(r"inline:\S+", "inline:KEY", value)


def _mask_candidate(value: str, masks: Masks) -> str:
    fields = value.split(" ")
    if len(fields) > 5:
        fields[0] = masks("FOUNDATION", fields[0])
        fields[4:6] = ["ADDRESS", "PORT"]
    return " ".join(fields)


_MASKED: dict[str, Callable[[str, Masks], str]] = {
    "a=ice-ufrag": lambda value, masks: masks("UFRAG", value),
    "a=ice-pwd": lambda value, masks: masks("PWD", value),
    "a=fingerprint": _mask_fingerprint,
    "a=ssrc": _mask_source,
    "a=ssrc-group": _mask_sources,
    "a=msid": _mask_uuids,
    "a=crypto": _mask_key,
    "a=candidate": _mask_candidate,
}


# -- meaning ----------------------------------------------------------------------------------


class _Lines:
    """The lines of one section: each attribute by name, taken off as it is understood."""

    def __init__(self, lines: list[str]) -> None:
        self.lines: dict[str, list[str]] = defaultdict(list)
        self.attributes: dict[str, list[str]] = defaultdict(list)
        for line in lines:
            if line.startswith("a="):
                name, colon, value = line[2:].partition(":")
                self.attributes[name].append(colon + value)
            elif line:
                self.lines[line[0]].append(line[2:] if line[1:2] == "=" else line)

    def take(self, name: str) -> tuple[str, ...]:
        """The values of an attribute, in order, without their colon."""
        return tuple(value[1:] for value in self.attributes.pop(name, ()))

    def take_flag(self, name: str) -> int:
        """How often an attribute stands there."""
        return len(self.attributes.pop(name, ()))

    def rest(self) -> Iterable[Fact]:
        """What no one took, lines and attributes, each name with its values in order."""
        for letter in sorted(self.lines):
            yield f"{letter}= lines", tuple(self.lines[letter])
        for name in sorted(self.attributes):
            yield f"a={name} lines", tuple(self.attributes[name])


def meaning(sdp: str) -> Meaning:
    """What a description says: the facts of the session, and those of each section in order.

    A fact is a name and a value made of tuples and texts, equal only to the same.
    """
    texts: list[list[str]] = [[]]
    for line in re.split(r"\r\n|\r|\n", masked(sdp)):
        if line.startswith("m="):
            texts.append([])
        texts[-1].append(line)
    session = _Lines(texts[0])
    inherited = {name: tuple(session.attributes.get(name, ())) for name in _INHERITED}
    directions = _direction(session)
    extensions = _extensions(session.take("extmap"))
    mixed = session.take_flag("extmap-allow-mixed")
    facts: list[Fact] = [
        ("groups", tuple(tuple(value.split()) for value in session.take("group"))),
        ("direction", directions),
        ("header extensions", extensions),
        ("extmap-allow-mixed", mixed),
        *session.rest(),
    ]
    sections = tuple(_section(lines, inherited, directions) for lines in texts[1:])
    return tuple(facts), sections


def _section(
    text: list[str], inherited: dict[str, tuple[str, ...]], directions: tuple[str, ...]
) -> tuple[Fact, ...]:
    head = [*text[0][2:].split(), "", "", ""]
    kind, port, protocol, *formats = head[: max(3, len(head) - 3)]
    lines = _Lines(text[1:])
    bundle_only = lines.take_flag("bundle-only")
    facts: list[Fact] = [
        ("kind", kind),
        ("rejected", port == "0" and not bundle_only),
        ("port", port),
        ("bundle-only", bundle_only),
        ("protocol", protocol),
        ("mid", lines.take("mid")),
        ("direction", _direction(lines) or directions or ("sendrecv",)),
        *_codecs(formats, lines),
        ("header extensions", _extensions(lines.take("extmap"))),
        ("extmap-allow-mixed", lines.take_flag("extmap-allow-mixed")),
    ]
    for name in _INHERITED:
        values = lines.attributes.pop(name, None) or inherited[name]
        facts.append((name, tuple(values)))
    facts += [(name, lines.take_flag(name)) for name in ("rtcp-mux", "rtcp-rsize", "rtcp-mux-only")]
    facts += [
        ("rids", tuple(_rid(value) for value in lines.take("rid"))),
        ("simulcast", tuple(tuple(value.split()) for value in lines.take("simulcast"))),
        ("msid", tuple(tuple(value.split(" ")) for value in lines.take("msid"))),
        ("sources", tuple(tuple(value.split(" ", 1)) for value in lines.take("ssrc"))),
        ("source groups", tuple(tuple(value.split()) for value in lines.take("ssrc-group"))),
        ("SCTP port", lines.take("sctp-port") + lines.take("sctpmap")),
        ("max-message-size", lines.take("max-message-size")),
        *lines.rest(),
    ]
    return tuple(facts)


def _direction(lines: _Lines) -> tuple[str, ...]:
    return tuple(name for name in _DIRECTIONS for _ in range(lines.take_flag(name)))


def _extensions(values: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Id, direction (``sendrecv`` where it says none), URI and attributes."""
    found = []
    for value in values:
        number, _, rest = value.partition(" ")
        identifier, _, direction = number.partition("/")
        found.append((identifier, direction or "sendrecv", *rest.split(" ")))
    return tuple(found)


def _rid(value: str) -> tuple[Any, ...]:
    identifier, direction, restrictions = [*value.split(" ", 2), "", ""][:3]
    return identifier, direction, tuple(sorted(restrictions.split(";")))


def _codecs(formats: list[str], lines: _Lines) -> Iterable[Fact]:
    """The formats in order with what is said of each; what is said of others apart."""
    said: dict[str, dict[str, list[Any]]] = {
        name: defaultdict(list) for name in ("rtpmap", "fmtp", "rtcp-fb")
    }
    for name, by_format in said.items():
        for value in lines.take(name):
            payload_type, _, rest = value.partition(" ")
            by_format[payload_type].append(_parameters(rest) if name == "fmtp" else rest)
    yield "formats", tuple(formats)
    yield "codecs", tuple((each, *said["rtpmap"].pop(each, ())) for each in formats)
    for name, by_format in (("fmtp", said["fmtp"]), ("rtcp-fb", said["rtcp-fb"])):
        yield name, tuple((each, *by_format.pop(each, ())) for each in formats)
    for name, by_format in said.items():
        if by_format:
            yield f"{name} of no format", tuple((k, *v) for k, v in sorted(by_format.items()))


def _parameters(text: str) -> tuple[str, ...]:
    """Format parameters in any order (RFC 8866, 6.15): trimmed, names in lower case."""
    parts = []
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        parts.append(f"{name.strip().lower()}={value.strip()}" if equals else name.strip())
    return tuple(sorted(parts))


# -- differences ------------------------------------------------------------------------------


def differences(ours: str, theirs: str) -> list[str]:
    """What the first text says otherwise than the second, one line a fact; empty when nothing."""
    one, other = meaning(ours), meaning(theirs)
    found = _compare("session", one[0], other[0])
    if len(one[1]) != len(other[1]):
        found.append(f"sections: {len(one[1])} not {len(other[1])}")
    for index, (mine, real) in enumerate(zip(one[1], other[1], strict=False)):
        found += _compare(f"{dict(real)['kind']} section {index}", mine, real)
    return found


def _compare(place: str, ours: Iterable[Fact], theirs: Iterable[Fact]) -> list[str]:
    one, other = dict(ours), dict(theirs)
    found = []
    for name in {**other, **one}:
        mine, real = one.get(name, ()), other.get(name, ())
        if mine != real:
            found.append(f"{place}: {name}: {_contrast(mine, real)}")
    return found


def _contrast(mine: Any, real: Any) -> str:
    """Two values, of tuples only the entries that differ."""
    if not isinstance(mine, tuple) or not isinstance(real, tuple):
        return f"{_text(mine)} not {_text(real)}"
    if Counter(map(repr, mine)) == Counter(map(repr, real)):
        return f"order: {_text(mine)} not {_text(real)}"
    extra = Counter(map(_text, mine)) - Counter(map(_text, real))
    missing = Counter(map(_text, real)) - Counter(map(_text, mine))
    parts = []
    for more, less in zip_longest(extra.elements(), missing.elements()):
        if less is None:
            parts.append(f"has {more}")
        elif more is None:
            parts.append(f"lacks {less}")
        else:
            parts.append(f"{more} not {less}")
    return ", ".join(parts) or f"{_text(mine)} not {_text(real)}"


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + " ".join(_text(each) for each in value) + ")"
    return str(value)


def cause_of(difference: str) -> str:
    """A difference without its particulars, to count it with others of its kind."""
    place, _, rest = difference.partition(": ")
    place = re.sub(r" \d+$", "", place)
    return f"{place}: {re.sub(r'(?<![A-Za-z])[0-9]+', '#', rest)[:110]}"
