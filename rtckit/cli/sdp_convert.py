"""``rtckit sdp convert`` and ``rtckit sdp anonymize``: descriptions in another form."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtckit.cli.output import Answer, Settings, answering
from rtckit.cli.sources import (
    check_stdin_once,
    choose_description,
    read_sources,
    tell_undone,
)
from rtckit.core.errors import UsageError

if TYPE_CHECKING:
    from rtckit.sdp import Description, Sources
    from rtckit.sdp.interop import Flavour

__all__ = ["anonymize", "convert"]


@click.command(short_help="Write a description in another form.")
@click.argument("file")
@click.option(
    "--to",
    "form",
    type=click.Choice(
        ["sdp", "json", "candidates", "unified-plan", "sdp-transform", "sdp-transform-pypi"]
    ),
    default="sdp",
    show_default=True,
    help="Plain SDP, {type, sdp} JSON, the candidates as RTCIceCandidateInit, a Plan B "
    "description in unified plan, or the JSON of sdp-transform (as npm or PyPI has it).",
)
@click.option("--index", type=click.IntRange(1), help="Which description, from 1.")
@click.option(
    "--type",
    "kind",
    type=click.Choice(["offer", "pranswer", "answer"]),
    help="The first description of this type.",
)
@answering
def convert(
    settings: Settings, file: str, form: str, index: int | None, kind: str | None
) -> Answer:
    """Write a description in another form.

    FILE is anything a description is held in: SDP, JSON, an escaped or base64 string, a browser's
    dump, a SIP message, a log. What was undone to get at it is told on stderr. `-` is stdin.

    With --to unified-plan each track of a Plan B description gets a section of its own, as browsers
    want it today; what was done is told on stderr. A description in unified plan stays as it is.

    \b
        rtckit sdp convert console.txt
        rtckit sdp convert --to json --type answer webrtc_internals_dump.gz
        rtckit sdp convert --to candidates signaling.log
        rtckit sdp convert --to unified-plan old-sfu-offer.sdp | rtckit sdp answer -
    """
    sources = read_sources(settings, file)
    if form == "candidates":
        tell_undone(settings, sources.undone)
        entries = _candidates(sources, index, kind)
        return Answer(
            text=lambda canvas: "\n".join(_dump(entry) for entry in entries),
            data=lambda: {"candidates": entries},
        )
    description = choose_description(settings, sources, index, kind)
    tell_undone(settings, description.undone)
    if form == "unified-plan":
        return _unified(settings, description)
    if form.startswith("sdp-transform"):
        from rtckit.sdp.interop import to_transform

        flavour: Flavour = "pypi" if form.endswith("pypi") else "js"
        shape = to_transform(description.document, flavour)
        return Answer(text=lambda canvas: _dump(shape), data=lambda: shape)
    plain = _as_object(description)
    if form == "json":
        return Answer(text=lambda canvas: _dump(plain), data=lambda: plain)
    return Answer(text=lambda canvas: description.document.text, data=lambda: plain)


def _unified(settings: Settings, description: "Description") -> Answer:
    """A description in unified plan, and on stderr what was done to get there."""
    from rtckit.core.text import escape_controls
    from rtckit.jsep.plan_b import to_unified_plan

    made = to_unified_plan(description.document)
    for step in made.steps:
        settings.note(f"rtckit: {escape_controls(step)}")
    if not made.steps:
        settings.note("rtckit: this is unified plan already")
    members = {**_as_object(description), "sdp": made.document.text, "steps": list(made.steps)}
    return Answer(text=lambda canvas: made.document.text, data=lambda: members)


def _as_object(description: "Description") -> dict[str, Any]:
    """The members of an ``RTCSessionDescriptionInit``; the type is guessed where nobody says it."""
    from rtckit.sdp.sources import guess_type

    kind = description.type or guess_type(description.document)
    return {"type": kind, "sdp": description.document.text.removeprefix("\ufeff")}


def _candidates(sources: "Sources", index: int | None, kind: str | None) -> list[dict[str, Any]]:
    """All candidates of the input, those of descriptions first, each once."""
    found = [item for item in sources.distinct if kind is None or item.type == kind]
    if index is not None:
        if index > len(found):
            raise UsageError(f"there is no description {index}: the input holds {len(found)}")
        found = found[index - 1 : index]
    entries: dict[tuple[str, str | None, int | None], dict[str, Any]] = {}
    for item in found:
        for media in item.document.media:
            for attribute in media.find_all("candidate"):
                text = f"candidate:{attribute.value or ''}"
                entry = _entry(text, media.mid, media.index, media.ice_ufrag)
                entries.setdefault((text, media.mid, media.index), entry)
    if index is None and kind is None:
        for one in sources.candidates:
            if one.text:
                text = one.text.removeprefix("a=")
                entry = _entry(text, one.mid, one.index, one.ufrag)
                entries.setdefault((text, one.mid, one.index), entry)
    return list(entries.values())


def _entry(text: str, mid: str | None, index: int | None, ufrag: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"candidate": text, "sdpMid": mid, "sdpMLineIndex": index}
    if ufrag is not None:
        entry["usernameFragment"] = ufrag
    return entry


def _dump(value: Any) -> str:
    import json

    return json.dumps(value)


@click.command(short_help="Replace addresses, keys and names so that it can be shown.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--seed", help="Decides what values become; a random one unless given.")
@click.option("--ssrcs", is_flag=True, help="Replace synchronisation sources as well.")
@click.option(
    "--map", "map_file", metavar="FILE", help="Write what became what to FILE (JSON; keep it)."
)
@click.option(
    "--directory", metavar="DIR", help="Write each file's description under its name into DIR."
)
@answering
def anonymize(
    settings: Settings,
    files: tuple[str, ...],
    seed: str | None,
    ssrcs: bool,
    map_file: str | None,
    directory: str | None,
) -> Answer:
    """Replace addresses, keys and names so that it can be shown.

    Addresses keep their scope, values their length and alphabet, lines their order and ends. The
    same value becomes the same everywhere in one run. Mids, ports, codecs and, without --ssrcs,
    synchronisation sources stay. Look it over before you post it.

    \b
        rtckit sdp anonymize offer.sdp > shown.sdp
        rtckit sdp anonymize --directory shown offer.sdp answer.sdp
    """
    import secrets

    from rtckit.sdp.anonymize import Anonymizer

    check_stdin_once(files)
    anonymizer = Anonymizer(seed if seed is not None else secrets.token_hex(16), ssrcs=ssrcs)
    results: list[dict[str, Any]] = []
    inputs = [(file, read_sources(settings, file)) for file in files]
    for _, sources in inputs:
        tell_undone(settings, sources.undone)
        for item in sources.distinct:
            anonymizer.avoid(item.document)
    for file, sources in inputs:
        for item in sources.distinct:
            shown = anonymizer.anonymize(item.document)
            results.append({"file": file, "type": item.type, "sdp": shown.text})
            if directory is not None:
                _write(Path(directory), file, shown.write(), len(sources.distinct), results)
        results += [
            {"file": file, "candidate": text}
            for text in dict.fromkeys(one.text for one in sources.candidates if one.text)
        ]
    for result in results:
        if "candidate" in result:
            result["candidate"] = anonymizer.candidate(result["candidate"])
    if map_file is not None:
        _write_text(Path(map_file), _dump_sorted(anonymizer.mapping))
    if directory is not None:
        return Answer(
            text=lambda canvas: "\n".join(str(result.get("written", "")) for result in results),
            data=lambda: {"results": results},
        )
    return Answer(text=lambda canvas: _join(results), data=lambda: {"results": results})


def _join(results: list[dict[str, Any]]) -> str:
    """One description as it is; of several each under a heading rtckit reads past."""
    if len(results) == 1 and "sdp" in results[0]:
        return str(results[0]["sdp"])
    parts: list[str] = []
    for result in results:
        if "sdp" in result:
            parts.append(f"# {Path(result['file']).name}: {result['type'] or 'description'}\n")
            parts.append(result["sdp"].rstrip("\r\n") + "\r\n\n")
        else:
            parts.append(result["candidate"] + "\n")
    return "".join(parts)


def _write(
    directory: Path, file: str, data: str | bytes, count: int, results: list[dict[str, Any]]
) -> None:
    stem = Path(file).name if file != "-" else "stdin.sdp"
    if count > 1:
        number = sum(1 for result in results if result["file"] == file)
        stem = f"{stem}.{number}.sdp"
    elif not stem.endswith(".sdp"):
        stem += ".sdp"
    target = directory / stem
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if target.exists() and Path(file).exists() and target.samefile(file):
            raise UsageError(f"{target} is the input itself")
        target.write_bytes(raw)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from error
    results[-1]["written"] = str(target)


def _write_text(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from error


def _dump_sorted(mapping: dict[str, str]) -> str:
    import json

    return json.dumps(mapping, indent=1) + "\n"
