"""To and from the JSON of sdp-transform, which many tools speak.

Two packages share the name and not quite the shape: flavour ``js`` is npm sdp-transform 3,
``pypi`` is PyPI sdp-transform 1.1. The keys are theirs. What rtckit does otherwise, on purpose:

- a token becomes a number only where it is one in canonical form: ``mid:01``, ``ice-ufrag:0123``
  and ``1e10`` stay text, so that writing gives them back (PyPI turns them into numbers);
- ``tcptype`` of candidates is kept (PyPI loses it with all that follows), and the candidate's
  extensions are read in any order;
- ``a=rtcp-mux-only`` is not ``a=rtcp-mux``; ``a=ice-options`` keeps all its tokens; any msid is
  read (npm knows none in braces, which Firefox writes); a value that does not follow its grammar
  is kept whole under ``invalid``;
- a port count (``m=audio 49170/2``) stays with the port as text, and nothing crashes.

The shape itself has one place for a fingerprint, none for the order of attributes and none for
k= lines and unknown b= types: a document that must come back whole is written, not transformed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rtckit.sdp.document import Document, parse
from rtckit.sdp.lines import Attribute
from rtckit.sdp.section import Section
from rtckit.sdp.templates import Template

__all__ = ["Flavour", "from_transform", "to_transform"]

Flavour = Literal["js", "pypi"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where an attribute goes: ``key`` of the JSON, a list there or one value, and its template.

    Without a template the value goes in as it is; a flag's value is its own name.
    """

    attribute: str
    key: str
    template: Template | None = None
    many: bool = False
    flag: bool = False


def _one(attribute: str, key: str, template: str = "") -> _Shape:
    return _Shape(attribute, key, Template(template) if template else None)


def _many(attribute: str, key: str, template: str) -> _Shape:
    return _Shape(attribute, key, Template(template), many=True)


def _flag(attribute: str, key: str) -> _Shape:
    return _Shape(attribute, key, flag=True)


_ENCRYPT = "urn:ietf:params:rtp-hdrext:encrypt"
# In the order in which sdp-transform writes them.
_SHAPES = (
    _many("rtpmap", "rtp", "{payload} {codec}[/{rate}[/{encoding}]]"),
    _many("fmtp", "fmtp", "{payload} {config*}"),
    _one("control", "control"),
    _one("rtcp", "rtcp", "{port}[ {netType} IP{ipVer} {address}]"),
    _many("rtcp-fb", "rtcpFbTrrInt", "{payload} trr-int {value}"),
    _many("rtcp-fb", "rtcpFb", "{payload} {type}[ {subtype}]"),
    _many(
        "extmap",
        "ext",
        f"{{value}}[/{{direction}}][ {{encrypt-uri={_ENCRYPT}}}] {{uri}}[ {{config}}]",
    ),
    _flag("extmap-allow-mixed", "extmapAllowMixed"),
    _many("crypto", "crypto", "{id} {suite} {config}[ {sessionConfig}]"),
    _one("setup", "setup"),
    _one("connection", "connectionType"),
    _one("mid", "mid"),
    _one("ptime", "ptime"),
    _one("maxptime", "maxptime"),
    _flag("ice-lite", "icelite"),
    _one("ice-ufrag", "iceUfrag"),
    _one("ice-pwd", "icePwd"),
    _one("fingerprint", "fingerprint", "{type} {hash}"),
    _flag("end-of-candidates", "endOfCandidates"),
    _one("remote-candidates", "remoteCandidates"),
    _one("ice-options", "iceOptions"),
    _many("ssrc", "ssrcs", "{id} {attribute}[:{value*}]"),
    _many("ssrc-group", "ssrcGroups", "{semantics} {ssrcs*}"),
    _one("msid-semantic", "msidSemantic", "{semantic} {token}"),
    _many("group", "groups", "{type} {mids*}"),
    _flag("rtcp-mux", "rtcpMux"),
    _flag("rtcp-rsize", "rtcpRsize"),
    _one("sctpmap", "sctpmap", "{sctpmapNumber} {app}[ {maxMessageSize}]"),
    _one("x-google-flag", "xGoogleFlag"),
    _many("rid", "rids", "{id} {direction}[ {params*}]"),
    _many("imageattr", "imageattrs", "{pt} {dir1} {attrs1*}"),
    _one("simulcast", "simulcast", "{dir1} {list1}[ {dir2} {list2}]"),
    _one("framerate", "framerate"),
    _one(
        "source-filter",
        "sourceFilter",
        " {filterMode} {netType} {addressTypes} {destAddress} {srcList*}",
    ),
    _flag("bundle-only", "bundleOnly"),
    _one("label", "label"),
    _one("sctp-port", "sctpPort"),
    _one("max-message-size", "maxMessageSize"),
    _many("ts-refclk", "tsRefClocks", "{clksrc}[={clksrcExt*}]"),
    _one("keywds", "keywords"),
    _one("content", "content"),
    _one("floorctrl", "bfcpFloorCtrl"),
    _one("confid", "bfcpConfId"),
    _one("userid", "bfcpUserId"),
    _one("floorid", "bfcpFloorId", "{id} mstrm:{mStream*}"),
)
_MSID = {
    "js": _many("msid", "msid", "{id}[ {appdata}]"),
    "pypi": _one("msid", "msid"),
}
_DIRECTIONS = ("sendrecv", "recvonly", "sendonly", "inactive")
_LINES = {
    "o": (
        "origin",
        Template("{username} {sessionId} {sessionVersion} {netType} IP{ipVer} {address}"),
    ),
    "t": ("timing", Template("{start} {stop}")),
    "c": ("connection", Template("IN IP{version} {ip}")),
}
_TEXT_LINES = {
    "v": "version",
    "s": "name",
    "i": "description",
    "u": "uri",
    "e": "email",
    "p": "phone",
    "z": "timezones",
    "r": "repeats",
}
_MEDIA = Template("{type} {port} {protocol}[ {payloads*}]")
_BANDWIDTH = Template("{type}:{limit}")
_BANDWIDTH_TYPES = ("TIAS", "AS", "CT", "RR", "RS")
_IMAGE_SIDES = re.compile(r"(.*\S)\s+(send|recv)\s+(\S.*)")
_SESSION_ORDER = "vosiuepcbtrz"
_MEDIA_ORDER = "icb"

_CANDIDATE = Template(
    "{foundation} {component} {transport} {priority} {ip} {port} typ {type}[ {extensions*}]"
)
_CANDIDATE_EXTENSIONS = (
    "raddr", "rport", "tcptype", "generation", "network-id", "network-cost",
)  # fmt: skip

_WHOLE = re.compile(r"0|-?[1-9]\d*")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)\.\d*[1-9]")
# RFC 8259, 6: integers beyond this do not survive a JSON number in JavaScript.
_SAFE_INTEGER = 2**53 - 1


def _value_reader(flavour: Flavour) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if _WHOLE.fullmatch(text) and len(text) < 40:
            number = int(text)
            return number if flavour == "pypi" or abs(number) <= _SAFE_INTEGER else text
        if _DECIMAL.fullmatch(text) and len(text) < 17:
            return float(text)
        return text

    return read


# -- reading ------------------------------------------------------------------------------------


def to_transform(document: Document, flavour: Flavour = "js") -> Json:
    """The description in sdp-transform's shape; plain data, ready for ``json.dumps``."""
    number = _value_reader(flavour)
    session: Json = {}
    _read_section(document.session, session, flavour, number)
    session["media"] = []
    for media in document.media:
        line = _MEDIA.read(media.lines[0].value) or {}
        part: Json = {"rtp": [], "fmtp": []}
        part.update({name: number(text) for name, text in line.items()})
        _read_section(media, part, flavour, number)
        session["media"].append(part)
    return session


def _read_section(
    section: Section, target: Json, flavour: Flavour, number: Callable[[str], Any]
) -> None:
    for line in section.lines:
        letter, value = line.type, line.value
        if letter in _TEXT_LINES:
            target[_TEXT_LINES[letter]] = number(value)
        elif letter in _LINES:
            key, template = _LINES[letter]
            fields = template.read(value)
            if fields is not None:
                target.setdefault(key, {}).update(
                    {name: number(text) for name, text in fields.items()}
                )
        elif letter == "b":
            fields = _BANDWIDTH.read(value)
            if fields is not None and fields["type"] in _BANDWIDTH_TYPES:
                target.setdefault("bandwidth", []).append(
                    {name: number(text) for name, text in fields.items()}
                )
    for attribute in section.attributes:
        _read_attribute(attribute, target, flavour, number)


def _read_attribute(
    attribute: Attribute, target: Json, flavour: Flavour, number: Callable[[str], Any]
) -> None:
    name, value = attribute.name, attribute.value
    if name in _DIRECTIONS and value is None:
        target["direction"] = name
        return
    if name == "candidate" and value is not None:
        fields = _read_candidate(value, flavour)
        if fields is not None:
            target.setdefault("candidates", []).append(
                {key: number(text) for key, text in fields.items()}
            )
            return
    for shape in (_MSID[flavour], *_SHAPES):
        if shape.attribute == name and _put(shape, value, target, number):
            return
    text = name if value is None else f"{name}:{value}"
    target.setdefault("invalid", []).append({"value": text})


def _put(shape: _Shape, value: str | None, target: Json, number: Callable[[str], Any]) -> bool:
    """Store one value; False when it has not the shape's form."""
    if shape.flag:
        if value is None:
            target[shape.key] = shape.attribute
        return value is None
    if value is None:
        return False
    if shape.template is None:
        target[shape.key] = number(value)
        return True
    text = value.lstrip(" ") if shape.key == "msidSemantic" else value
    fields = shape.template.read(text)
    if fields is None and shape.key == "simulcast" and value[:1] in (" ", "\t"):
        # The draft's form, which Firefox once sent.
        target["simulcast_03"] = {"value": value.strip()}
        return True
    if fields is None:
        return False
    if shape.key == "imageattrs":
        fields = _split_image_sides(fields)
    converted = {key: number(item) for key, item in fields.items()}
    if shape.many:
        target.setdefault(shape.key, []).append(converted)
    else:
        target.setdefault(shape.key, {}).update(converted)
    return True


def _split_image_sides(fields: dict[str, str]) -> dict[str, str]:
    match = _IMAGE_SIDES.fullmatch(fields["attrs1"])
    if match is None:
        return fields
    return {**fields, "attrs1": match[1], "dir2": match[2], "attrs2": match[3]}


def _read_candidate(value: str, flavour: Flavour) -> dict[str, str] | None:
    fields = _CANDIDATE.read(value)
    if fields is None:
        return None
    words = fields.pop("extensions", "").split(" ")
    for name, word in zip(words[::2], words[1::2], strict=False):
        if name in _CANDIDATE_EXTENSIONS:
            fields.setdefault(name, word)
    if flavour == "pypi":
        fields["protocol"] = fields.pop("transport")
    return fields


# -- writing ------------------------------------------------------------------------------------


def from_transform(data: Mapping[str, Any], flavour: Flavour = "js") -> Document:
    """A document from sdp-transform's shape; ``data`` is not changed.

    Lines come in the order in which sdp-transform writes them. Keys that neither package knows are
    passed over. ``ParseError`` when there is nothing a description could be made of.
    """
    lines = list(_write_section({"version": 0, "name": " ", **data}, flavour, _SESSION_ORDER))
    for media in data.get("media", ()):
        lines.append("m=" + _MEDIA.write(media))
        lines += _write_section(media, flavour, _MEDIA_ORDER)
    return parse("".join(f"{line}\r\n" for line in lines))


def _write_section(data: Mapping[str, Any], flavour: Flavour, order: str) -> Iterator[str]:
    for letter in order:
        if letter in _TEXT_LINES:
            value = data.get(_TEXT_LINES[letter])
            if value is not None:
                yield f"{letter}={_line_text(value)}"
        elif letter in _LINES:
            key, template = _LINES[letter]
            if data.get(key) is not None:
                yield f"{letter}={_line_text(template.write(data[key]))}"
        else:
            for item in data.get("bandwidth") or ():
                yield f"b={_line_text(_BANDWIDTH.write(item))}"
    for shape in _SHAPES:
        yield from _write_shape(shape, data)
        if shape.key == "connectionType":
            yield from _write_shape(_MSID[flavour], data)
        elif shape.key == "maxptime" and data.get("direction") is not None:
            yield f"a={_line_text(data['direction'])}"
        elif shape.key == "fingerprint":
            for item in data.get("candidates") or ():
                yield f"a=candidate:{_line_text(_write_candidate(item))}"
    if data.get("simulcast_03") is not None:
        yield f"a=simulcast: {_line_text(data['simulcast_03'].get('value', ''))}"
    for item in data.get("invalid") or ():
        yield f"a={_line_text(item.get('value', ''))}"


def _write_shape(shape: _Shape, data: Mapping[str, Any]) -> Iterator[str]:
    value = data.get(shape.key)
    if value is None:
        return
    if shape.flag:
        yield f"a={shape.attribute}"
        return
    for item in value if shape.many else (value,):
        if shape.template is None:
            text = str(item)
        else:
            text = shape.template.write(item)
            if shape.key == "msidSemantic":
                text = f" {text}"
            if shape.key == "imageattrs" and item.get("dir2") is not None:
                text = f"{text} {item['dir2']} {item.get('attrs2', '')}"
        yield f"a={shape.attribute}:{_line_text(text)}"


def _write_candidate(item: Mapping[str, Any]) -> str:
    fields = dict(item)
    fields.setdefault("transport", fields.get("protocol"))
    words = [
        f"{name} {fields[name]}" for name in _CANDIDATE_EXTENSIONS if fields.get(name) is not None
    ]
    return _CANDIDATE.write({**fields, "extensions": " ".join(words) or None})


def _line_text(value: Any) -> str:
    """A value on one line: what came as JSON must not smuggle in lines of its own."""
    return re.sub(r"[\r\n\0]", " ", str(value))
