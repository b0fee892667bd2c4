"""What several rules read of a description, made once for all of them."""

import ipaddress
import re
from collections.abc import Callable, Container, Iterator, Mapping
from functools import wraps
from typing import NamedTuple, TypeVar, cast

from rtckit.core.findings import Location
from rtckit.rules.catalogue import Hit
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.lines import Attribute, Span, read_integer
from rtckit.sdp.media import MediaSection
from rtckit.sdp.rtp import Codec, ExtMap
from rtckit.sdp.section import Section

__all__ = [
    "ADDRESS_TYPES",
    "TOKEN",
    "Bundle",
    "Word",
    "address_fault",
    "bundle_by_section",
    "bundles",
    "codecs_by_name",
    "extension_uris",
    "extensions",
    "parameter_faults",
    "parameter_place",
    "shared",
    "words_of",
]

T = TypeVar("T")

TOKEN = re.compile(r"[!#-'*+\-.0-9A-Z^-~]+")
"""A token of SDP (RFC 8866, 9)."""

ADDRESS_TYPES = {"IP4": 4, "IP6": 6}
"""The address types of ``o=`` and ``c=`` lines, with their IP versions (RFC 8866, 5.2)."""

_WORD = re.compile(r"[^ \t]+")


class Word(NamedTuple):
    """A word of a value, and where it stands."""

    text: str
    span: Span


class Bundle(NamedTuple):
    """A BUNDLE group: its line, the mids it lists, and the sections that are in it.

    ``members`` has each section that exists and is not rejected once, in the order of the line;
    ``tag`` is the section listed first, rejected or not, and None where there is none such.
    """

    attribute: Attribute
    mids: list[Word]
    members: list[MediaSection]
    tag: MediaSection | None


def shared(function: Callable[[LintedDescription], T]) -> Callable[[LintedDescription], T]:
    """Make ``function`` keep what it returns with the description, so that it runs once."""
    key = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def read(description: LintedDescription) -> T:
        kept = description.__dict__
        if key not in kept:
            kept[key] = function(description)
        return cast("T", kept[key])

    return read


def words_of(attribute: Attribute) -> list[Word]:
    """The words of an attribute's value, each with its place."""
    column, line = attribute.value_span.column, attribute.line
    return [
        Word(match.group(), Span(line, column + match.start(), column + match.end()))
        for match in _WORD.finditer(attribute.value or "")
    ]


@shared
def bundles(description: LintedDescription) -> list[Bundle]:
    """The BUNDLE groups (RFC 9143, 5), in order."""
    found = []
    for attribute in description.session.find_all("group"):
        if not (attribute.value or "").startswith("BUNDLE"):
            continue
        semantics, *mids = words_of(attribute)
        if semantics.text != "BUNDLE":
            continue
        members: dict[int, MediaSection] = {}
        for mid in mids:
            media = description.document.find_media(mid.text)
            if media is not None and not media.rejected:
                members.setdefault(media.index, media)
        tag = description.document.find_media(mids[0].text) if mids else None
        found.append(Bundle(attribute, mids, list(members.values()), tag))
    return found


@shared
def bundle_by_section(description: LintedDescription) -> dict[int, Bundle]:
    """The first BUNDLE group of each section that is in one, by the section's index."""
    found: dict[int, Bundle] = {}
    for bundle in bundles(description):
        for media in bundle.members:
            found.setdefault(media.index, bundle)
    return found


@shared
def codecs_by_name(
    description: LintedDescription,
) -> dict[str, list[tuple[MediaSection, Codec]]]:
    """The codecs of all sections that are not rejected, by name in lower case."""
    found: dict[str, list[tuple[MediaSection, Codec]]] = {}
    for media in description.rtp_media:
        for codec in media.codecs:
            name = codec.name.lower()
            if name in found:
                found[name].append((media, codec))
            else:
                found[name] = [(media, codec)]
    return found


@shared
def extensions(description: LintedDescription) -> list[tuple[Section, list[ExtMap]]]:
    """The header extensions of each section that states its own, the session level included."""
    return [
        (section, section.extmap)
        for section in description.sections
        if section.has("extmap") and not (isinstance(section, MediaSection) and section.rejected)
    ]


@shared
def _session_uris(description: LintedDescription) -> frozenset[str]:
    return frozenset(extension.uri for extension in description.session.extmap)


def extension_uris(description: LintedDescription, media: MediaSection) -> frozenset[str]:
    """The URIs of the header extensions that hold for a section."""
    if media.has("extmap"):
        return frozenset([extension.uri for extension in media.extmap])
    return _session_uris(description)


@shared
def _fmtp_lines(description: LintedDescription) -> dict[tuple[int, str], Attribute]:
    found: dict[tuple[int, str], Attribute] = {}
    for media, attribute in description.find_in_media("fmtp"):
        payload_type = (attribute.value or "").strip(" \t").partition(" ")[0]
        found.setdefault((media.index, payload_type), attribute)
    return found


def parameter_place(
    description: LintedDescription, media: MediaSection, codec: Codec, name: str = ""
) -> Location:
    """The value of a codec's parameter in its fmtp line.

    The parameter itself where it has no value; all parameters where there is none of this name;
    the rtpmap where there is no fmtp line. Of repeated parameters the last one counts.
    """
    attribute = _fmtp_lines(description).get((media.index, codec.payload_type))
    if attribute is None:
        return description.at(codec.span)
    text = attribute.value or ""
    start = text.find(codec.payload_type) + len(codec.payload_type)
    line, column, end_column = attribute.value_span
    if name:
        position = len(text)
        for part in reversed(text[start:].split(";")):
            begin = position - len(part)
            key, equals, value = part.partition("=")
            if key.strip(" \t").lower() == name.lower():
                if equals:
                    begin += len(key) + 1
                else:
                    value = part
                begin += len(value) - len(value.lstrip(" \t"))
                end = begin + len(value.strip(" \t"))
                return description.at(Span(line, column + begin, column + end))
            position = begin - 1
    start += len(text[start:]) - len(text[start:].lstrip(" \t"))
    return description.at(Span(line, column + start, end_column))


def parameter_faults(
    description: LintedDescription, name: str, ranges: Mapping[str, Container[int]]
) -> Iterator[Hit]:
    """A hit for each parameter of the codecs called ``name`` that is no number of its range."""
    faults: dict[str, list[str]] = {}
    for media, codec in codecs_by_name(description).get(name, ()):
        text = codec.fmtp_text
        if not text:
            continue
        if text not in faults:
            faults[text] = [
                key
                for key, allowed in ranges.items()
                if key in codec.fmtp and not _within(codec.fmtp.get(key), allowed)
            ]
        for key in faults[text]:
            yield Hit(
                f"{key} {(codec.fmtp.get(key) or '')[:40]!r} of {codec.name}",
                parameter_place(description, media, codec, key),
            )


def _within(value: str | None, allowed: Container[int]) -> bool:
    # A range finds numbers at once, and walks its whole length for None.
    number = read_integer(value or "")
    return number is not None and number in allowed


def address_fault(addrtype: str, address: str) -> str | None:
    """What is wrong with an address of a type, or None; names are taken for names."""
    version = _ip_version(address)
    if version is not None and version != ADDRESS_TYPES[addrtype]:
        return f"{address} is an IPv{version} address, not {addrtype}"
    if version is None:
        if ":" in address or address.replace(".", "").isdigit():
            return f"{address[:60]!r} is no {addrtype} address"
        if not all(part and part.replace("-", "").isalnum() for part in address.split(".")):
            return f"{address[:60]!r} is neither an address nor a name"
    return None


def _ip_version(address: str) -> int | None:
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return None
