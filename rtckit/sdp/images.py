"""Image sizes: ``a=imageattr`` (RFC 6236).

``parse_image_attribute`` takes the text of a value and where it begins, and raises only
:class:`~rtckit.core.errors.ParseError`.
"""

import re
from typing import NamedTuple

from rtckit.core.errors import ParseError
from rtckit.sdp.grammar import ATTRIBUTES
from rtckit.sdp.lines import BLANKS, Span, fault

__all__ = ["ImageAttribute", "ImageSet", "SizeRange", "parse_image_attribute"]

_HEAD = re.compile(r"[ \t]*([0-9]{1,3}|\*)(?=[ \t]|$)")
_DIRECTION = re.compile(r"[ \t]+(send|recv)(?=[ \t]|$)")
_EVERY = re.compile(r"[ \t]+\*(?=[ \t]|$)")
# Brackets nest once: the set, and the ranges in it.
_SET = re.compile(r"[ \t]+\[((?:[^\[\]]|\[[^\[\]]*\])*)\]")
_PART = re.compile(r"([^=,\[\]\s]+)=(\[[^\[\]]*\]|[^,\[\]]*)(?:,|$)")
_NUMBER = r"[1-9][0-9]{0,9}"
_STEPS = re.compile(rf"\[({_NUMBER})(?::({_NUMBER}))?:({_NUMBER})\]")
_LIST = re.compile(rf"\[({_NUMBER}(?:,{_NUMBER})+)\]")
_QUALITY = re.compile(r"[01](?:\.[0-9]{1,3})?")


class SizeRange(NamedTuple):
    """The widths or heights of a set, in pixels.

    One value, a list of ``values``, or all from ``low`` to ``high`` in steps of ``step``; in every
    case ``low`` and ``high`` are the least and the most.
    """

    low: int
    high: int
    step: int = 1
    values: tuple[int, ...] = ()

    def __contains__(self, size: object) -> bool:
        """Whether ``size`` is one of them."""
        if not isinstance(size, int):
            return False
        if self.values:
            return size in self.values
        return self.low <= size <= self.high and (size - self.low) % self.step == 0


class ImageSet(NamedTuple):
    """One ``[x=...,y=...]``: widths, heights, and how much it is preferred (0 to 1, 0.5 unless
    said). ``parameters`` holds the others as written: ``sar``, ``par`` and unknown ones.
    """

    width: SizeRange
    height: SizeRange
    preference: float
    parameters: tuple[tuple[str, str], ...]


class ImageAttribute(NamedTuple):
    """The images of a payload type, or of all (``*``), in each direction.

    A direction that the line does not name is None; one that takes any image is an empty tuple.
    """

    payload_type: str
    send: tuple[ImageSet, ...] | None
    recv: tuple[ImageSet, ...] | None
    span: Span


def parse_image_attribute(value: str, line: int = 1, column: int = 1) -> ImageAttribute:
    """Read the value of ``a=imageattr``."""
    form = ATTRIBUTES["imageattr"].form
    head = _HEAD.match(value)
    if head is None:
        raise fault(f"image attribute {value[:40]!r}", line, column, form)
    at = head.end()
    found: dict[str, tuple[ImageSet, ...]] = {}
    while direction := _DIRECTION.match(value, at):
        at = direction.end()
        every = _EVERY.match(value, at)
        sets: list[ImageSet] = []
        while every is None and (one := _SET.match(value, at)):
            sets.append(_parse_set(one[1], line, column + one.start(1)))
            at = one.end()
        if (every is None and not sets) or direction[1] in found:
            raise fault(f"image sizes to {direction[1]}", line, column + at, "[x=...,y=...] or *")
        found[direction[1]] = tuple(sets)
        at = at if every is None else every.end()
    if not found or value[at:].strip(BLANKS):
        raise fault("image attribute", line, column + at, "send or recv, once each")
    span = Span(line, column, column + len(value))
    return ImageAttribute(head[1], found.get("send"), found.get("recv"), span)


def _parse_set(text: str, line: int, column: int) -> ImageSet:
    sizes: dict[str, SizeRange] = {}
    parameters: list[tuple[str, str]] = []
    preference = 0.5
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise fault(f"image size {text[at : at + 40]!r}", line, column + at, "<name>=<value>")
        name, value = part.groups()
        if name in ("x", "y"):
            sizes[name] = _parse_range(value, line, column + part.start(2))
        elif name == "q":
            if not _QUALITY.fullmatch(value) or float(value) > 1:
                raise fault(f"preference {value[:40]!r}", line, column + part.start(2), "0 to 1")
            preference = float(value)
        else:
            parameters.append((name, value))
        at = part.end()
    if len(sizes) < 2:
        raise fault("image size without both x and y", line, column, "x=<width>,y=<height>")
    return ImageSet(sizes["x"], sizes["y"], preference, tuple(parameters))


def _parse_range(text: str, line: int, column: int) -> SizeRange:
    if re.fullmatch(_NUMBER, text):
        return SizeRange(int(text), int(text))
    steps = _STEPS.fullmatch(text)
    if steps is not None:
        low, high = int(steps[1]), int(steps[3])
        if low <= high:
            return SizeRange(low, high, int(steps[2] or 1))
        raise _range_fault(text, line, column)
    listed = _LIST.fullmatch(text)
    if listed is None:
        raise _range_fault(text, line, column)
    values = tuple(int(item) for item in listed[1].split(","))
    return SizeRange(min(values), max(values), values=values)


def _range_fault(text: str, line: int, column: int) -> ParseError:
    expected = "<pixels>, [<low>:<high>], [<low>:<step>:<high>] or [<pixels>,...]"
    return fault(f"image size {text[:40]!r}", line, column, expected)
