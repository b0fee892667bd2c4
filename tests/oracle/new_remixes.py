"""Changes whole offers of browsers as pages do: codecs, extensions and directions edited away."""

import random
import re
from collections.abc import Callable

__all__ = ["remix"]

_DIRECTIONS = ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive")


def remix(text: str, generator: random.Random) -> str:
    """An offer with two to five edits, each of one section or of all."""
    head, *sections = re.split(r"(?m)^(?=m=)", text.removesuffix("\r\n") + "\r\n")
    for _ in range(generator.randint(2, 5)):
        change = generator.choice(_CHANGES)
        if generator.random() < 0.3:
            sections = [change(each, generator) for each in sections]
        else:
            place = generator.randrange(len(sections))
            sections[place] = change(sections[place], generator)
    return head + "".join(sections)


def _formats(section: str) -> list[str]:
    return section.partition("\r\n")[0].split(" ")[3:]


def _with_formats(section: str, formats: list[str]) -> str:
    line, end, rest = section.partition("\r\n")
    return " ".join([*line.split(" ")[:3], *formats]) + end + rest


def _is_media(section: str) -> bool:
    return section.startswith(("m=audio", "m=video"))


def _without_lines(section: str, pattern: str) -> str:
    return re.sub(rf"(?m)^{pattern}[^\r\n]*\r\n", "", section)


def _remove_codecs(section: str, generator: random.Random) -> str:
    """Take formats off with their lines, mostly those for their repair as well."""
    formats = _formats(section)
    if not _is_media(section) or len(formats) < 2:
        return section
    gone = set(generator.sample(formats, generator.randint(1, max(1, len(formats) // 3))))
    if generator.random() < 0.85:
        apt = re.findall(r"(?m)^a=fmtp:(\d+) apt=(\d+)", section)
        gone |= {number for number, of in apt if of in gone}
    kept = [each for each in formats if each not in gone] or formats[:1]
    for each in set(formats) - set(kept):
        section = _without_lines(section, rf"a=(?:rtpmap|fmtp|rtcp-fb):{each} ")
    return _with_formats(section, kept)


def _move_codec(section: str, generator: random.Random) -> str:
    formats = _formats(section)
    if _is_media(section) and len(formats) > 1:
        moved = formats.pop(generator.randrange(len(formats)))
        formats.insert(generator.choice((0, 0, generator.randrange(len(formats) + 1))), moved)
    return _with_formats(section, formats)


def _shuffle_codecs(section: str, generator: random.Random) -> str:
    formats = _formats(section)
    if _is_media(section):
        generator.shuffle(formats)
    return _with_formats(section, formats)


def _drop_feedback(section: str, generator: random.Random) -> str:
    kind = generator.choice(("nack pli", "nack", "transport-cc", "goog-remb", "ccm fir"))
    return re.sub(rf"(?m)^a=rtcp-fb:\d+ {kind}\r\n", "", section)


def _drop_extensions(section: str, generator: random.Random) -> str:
    numbers = re.findall(r"(?m)^a=extmap:(\d+)", section)
    for number in numbers:
        if generator.random() < 0.4:
            section = _without_lines(section, rf"a=extmap:{number}[ /]")
    return section


def _direct_extension(section: str, generator: random.Random) -> str:
    numbers = re.findall(r"(?m)^a=extmap:(\d+) ", section)
    if not numbers:
        return section
    number, way = generator.choice(numbers), generator.choice(_DIRECTIONS)[2:]
    return section.replace(f"a=extmap:{number} ", f"a=extmap:{number}/{way} ", 1)


def _direct(section: str, generator: random.Random) -> str:
    if not _is_media(section):
        return section
    found = re.search(r"(?m)^a=(?:sendrecv|sendonly|recvonly|inactive)$", section.replace("\r", ""))
    return section.replace(found[0], generator.choice(_DIRECTIONS), 1) if found else section


def _change_parameters(section: str, generator: random.Random) -> str:
    changes = (
        ("profile-level-id=42e01f", "profile-level-id=42e00d"),
        ("profile-level-id=42001f", "profile-level-id=640028"),
        ("level-asymmetry-allowed=1;", ""),
        ("packetization-mode=1", "packetization-mode=0"),
        ("useinbandfec=1", "useinbandfec=1;stereo=1;maxaveragebitrate=510000"),
        ("minptime=10", "minptime=10;usedtx=1"),
        ("profile-id=2", "profile-id=1"),
        ("level-idx=5;profile=0;tier=0", "level-idx=5;profile=1;tier=0"),
        ("max-fs=12288;max-fr=60", "max-fs=3600;max-fr=30"),
    )
    found = [each for each in changes if each[0] in section]
    return section.replace(*generator.choice(found)) if found else section


def _drop_line(section: str, generator: random.Random) -> str:
    name = generator.choice(("a=rtcp-rsize", "a=msid:", "a=ssrc", "a=rtcp:", "a=extmap-allow"))
    return _without_lines(section, name)


def _reject(section: str, generator: random.Random) -> str:
    """Only now and then: a first section that is rejected ends a bundle."""
    if generator.random() < 0.8:
        return section
    return re.sub(r"^m=(\w+) \d+", r"m=\1 0", section)


_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    *(_remove_codecs, _remove_codecs, _move_codec, _move_codec, _shuffle_codecs, _drop_feedback),
    *(_drop_extensions, _direct_extension, _direct, _direct, _change_parameters, _drop_line),
    _reject,
)
