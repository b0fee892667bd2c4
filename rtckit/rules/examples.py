"""Running the examples in rules' docstrings.

An example for a ``call`` rule is a trace (one datagram a line, see :mod:`rtckit.analysis.trace`),
or one line that names a saved call: ``captures/NAME``.

An example for a rule about descriptions is SDP. A part that does not begin with ``v=`` gets the
session lines it lacks. Its lines end with CRLF; ``<LF>``, ``<CR>``, ``<CRLF>`` at the end of a
line say otherwise, ``<END>`` that nothing follows; ``<SP>``, ``<TAB>``, ``<NUL>`` and ``<BOM>``
stand for what one would not see. Headings name the parts::

    == offer
    m=audio 9 UDP/TLS/RTP/SAVPF 0
    == answer
    m=audio 0 UDP/TLS/RTP/SAVPF 0

One description may have one heading for its type; a sequence has any number (``== offer 2``).

An example for a rule about probes is one, a step a line (:mod:`rtckit.analysis.probe`); one for a
rule about NATs is a list of tests and what became of them (:mod:`rtckit.analysis.nat_text`).
"""

import re
from pathlib import Path
from typing import Any

from rtckit.core.errors import MissingCapability
from rtckit.core.findings import Finding
from rtckit.rules.catalogue import Rule

__all__ = ["evaluate", "read_example"]

_CHECKOUT = Path(__file__).resolve().parents[2]
_HEADING = re.compile(r"== (offer|answer|pranswer)( \S+)?")
_SESSION_LINES = ("v=0", "o=- 4611686018427387904 2 IN IP4 127.0.0.1", "s=-", "t=0 0")
_UNSEEN = {"<SP>": " ", "<TAB>": "\t", "<NUL>": "\0", "<BOM>": "\ufeff"}
_LINE_ENDS = {"<LF>": "\n", "<CR>": "\r", "<CRLF>": "\r\n", "<END>": ""}


def read_example(subject: str, example: str, *, root: Path = _CHECKOUT) -> Any:
    """The subject that an example describes.

    ``root`` is the folder that holds ``captures/``, which comes with the source and not with an
    installed package: ``MissingCapability`` where it is absent. ``ValueError`` for a subject that
    has no examples and for parts that do not fit it; whatever the trace reader raises for a bad
    trace, and ``ParseError`` for an example that is no SDP.
    """
    if subject in ("sdp", "offer-answer", "sequence"):
        return _read_descriptions(subject, example)
    if subject == "probe":
        from rtckit.analysis.probe import probes_from_text

        return probes_from_text(example)
    if subject == "nat":
        from rtckit.analysis.nat_text import behavior_from_text

        return behavior_from_text(example)
    if subject != "call":
        raise ValueError(f"examples of subject {subject!r} cannot be read")
    line = example.strip()
    if line.startswith("captures/") and "\n" not in line:
        path = root / line
        if not path.is_dir():
            raise MissingCapability(f"the saved call {line}", "it is part of a source checkout")
        from rtckit.analysis.bundle import open_call

        return open_call(path)
    from rtckit.analysis.trace import call_from_trace

    return call_from_trace(example)


def _read_descriptions(subject: str, example: str) -> Any:
    from rtckit.rules.lint import LintedDescription, OfferAnswer, Sequence
    from rtckit.sdp.document import parse

    parts: list[tuple[str | None, str, list[str]]] = []
    for line in example.split("\n"):
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            kind, number = heading.groups()
            parts.append((kind, kind + (number or ""), []))
        else:
            if not parts:
                parts.append((None, "description", []))
            parts[-1][2].append(line)
    read = [
        LintedDescription(parse(_complete(lines)), kind, file, index=index)
        for index, (kind, file, lines) in enumerate(parts)
    ]
    if subject == "sequence":
        return Sequence(read)
    if subject == "sdp" and len(read) == 1:
        return read[0]
    if subject == "offer-answer" and [part.type for part in read] == ["offer", "answer"]:
        return OfferAnswer(*read)
    raise ValueError(f"an example of subject {subject!r} with the parts {[p[1] for p in parts]}")


def _complete(lines: list[str]) -> str:
    """The text of a part, with the session lines it lacks and its line ends."""
    if not lines or not lines[0].startswith(("v=", "<BOM>v=")):
        first_media = next((i for i, line in enumerate(lines) if line[:2] == "m="), len(lines))
        have = {line[:2]: line for line in lines[:first_media] if line[:2] in ("o=", "s=")}
        own = [line for line in lines if line not in have.values()]
        timed = any(line[:2] == "t=" for line in lines[:first_media])
        # An own t= stands where the snippet has it, behind what may precede it (i=, c=, b=...).
        session = [have.get(line[:2], line) for line in _SESSION_LINES if line[:2] != "t="]
        before = 0
        while before < len(own) and own[before][:2] in ("i=", "u=", "e=", "p=", "c=", "b="):
            before += 1
        times = [] if timed else [_SESSION_LINES[-1]]
        lines = [*session, *own[:before], *times, *own[before:]]
    text = ""
    for line in lines:
        end = "\r\n"
        for mark, written in _LINE_ENDS.items():
            if line.endswith(mark):
                line, end = line.removesuffix(mark), written
                break
        for mark, written in _UNSEEN.items():
            line = line.replace(mark, written)
        text += line + end
    return text


def evaluate(rule: Rule, example: str, *, root: Path = _CHECKOUT) -> list[Finding]:
    """What ``rule`` finds in ``example``; see :func:`read_example`."""
    return list(rule.check(read_example(rule.subject, example, root=root)))
