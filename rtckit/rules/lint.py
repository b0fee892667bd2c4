"""Linting descriptions: what rules look at, and running them.

Three subjects: ``sdp`` is one description (:class:`LintedDescription`), ``offer-answer`` a pair
(:class:`OfferAnswer`), ``sequence`` a negotiation and what follows it (:class:`Sequence`). A rule
is declared as any other (:mod:`rtckit.rules.catalogue`); its function takes one of these and yields
a :class:`~rtckit.rules.catalogue.Hit` for each place::

    @rule("SDP032", Severity.WARNING, layer=Layer.SIGNALLING, refs=("RFC 8866, 5.14",),
          subject="sdp", levels={"firefox": Severity.INFO})
    def port_count(description: LintedDescription) -> Iterator[Hit]:
        ...
        for media in description.media:
            if media.media_line.ports is not None:
                yield Hit("...", description.at_word(media, 1))

Work is shared: every view of a description is made once, whichever rules read it. A rule about an
attribute begins with :meth:`LintedDescription.find_all`, which is one look into an index when the
attribute does not occur. No rule raises, whatever stands in the description.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from rtckit.core.errors import UsageError
from rtckit.core.findings import Finding
from rtckit.rules.catalogue import CATALOGUE, PROFILES, Catalogue
from rtckit.rules.lint_subjects import (
    CandidateLine,
    Linted,
    LintedDescription,
    OfferAnswer,
    Sequence,
)
from rtckit.sdp.document import Document, parse

__all__ = [
    "MAXIMUM_HITS",
    "CandidateLine",
    "Linted",
    "LintedDescription",
    "OfferAnswer",
    "Sequence",
    "lint",
    "linted",
]

MAXIMUM_HITS = 250
"""How often one rule is reported for one subject: what repeats more is one mistake."""

TYPES = ("offer", "answer", "pranswer")
"""The types of a description that can be linted."""


def linted(source: Any, profile: str = "jsep") -> Linted:
    """``source`` as something to lint.

    A document or its text is one description; a tuple of two is an offer and its answer; a longer
    tuple or a list is a sequence, in which offers and answers alternate where their types are not
    told. Raises ``ParseError`` for text that is no SDP, ``UsageError`` for anything else.
    """
    if isinstance(source, LintedDescription | OfferAnswer | Sequence):
        return source
    if isinstance(source, tuple) and len(source) == 2:
        return OfferAnswer(
            _described(source[0], "offer", profile, 0), _described(source[1], "answer", profile, 1)
        )
    if isinstance(source, tuple | list):
        types = ("offer", "answer")
        return Sequence(
            [
                _described(item, types[index % 2], profile, index)
                for index, item in enumerate(source)
            ]
        )
    return _described(source, None, profile, 0)


def _described(source: Any, kind: str | None, profile: str, index: int) -> LintedDescription:
    if isinstance(source, LintedDescription):
        source.index = index
        return source
    if isinstance(source, str | bytes):
        source = parse(source)
    if not isinstance(source, Document):
        raise UsageError(f"cannot lint {type(source).__name__}: not a description")
    name = None if kind is None or not index else f"{kind} {index // 2 + 1}"
    return LintedDescription(source, kind, name, profile, index)


def lint(
    source: Any,
    profile: str = "jsep",
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    *,
    catalogue: Catalogue = CATALOGUE,
) -> list[Finding]:
    """What the rules find in a description, a pair or a sequence, in order of place.

    ``source`` is what :func:`linted` takes. ``profile`` is ``rfc`` (the standards to the letter),
    ``jsep`` (what breaks WebRTC) or a stack (``chromium``, ``firefox``, ``aiortc``): it raises,
    lowers or silences rules. ``select`` and ``ignore`` name rules and families. Raises
    ``ParseError`` for text that is no SDP, ``UsageError`` for an unknown profile or rule.
    """
    if profile not in PROFILES:
        raise UsageError(f"no profile {profile!r}; the profiles: {', '.join(PROFILES)}")
    subject = linted(source, profile)
    select, ignore = tuple(select), tuple(ignore)
    files: dict[str | None, int] = {}
    findings: list[Finding] = []
    for name, part in _parts(subject):
        if isinstance(part, LintedDescription):
            part.profile = profile
            files.setdefault(part.file, len(files))
        for rule in catalogue.rules_for(name, select, ignore):
            level = rule.levels.get(profile, rule.severity)
            if level is not None:
                override = level if profile in rule.levels else None
                for hit in islice(rule.function(part), MAXIMUM_HITS):
                    findings.append(rule.finding(hit, override))
    last = len(files)
    findings.sort(
        key=lambda finding: (
            files.get(finding.location.file, last),
            finding.location.line or 0,
            finding.location.column or 0,
            finding.severity.rank,
            finding.rule,
        )
    )
    return findings


def _parts(subject: Linted) -> Iterator[tuple[str, Linted]]:
    """What rules of each subject look at: a pair is also two descriptions, and so on."""
    if isinstance(subject, LintedDescription):
        yield "sdp", subject
    elif isinstance(subject, OfferAnswer):
        yield "sdp", subject.offer
        yield "sdp", subject.answer
        yield "offer-answer", subject
    else:
        for description in subject.descriptions:
            yield "sdp", description
        for exchange in subject.exchanges:
            yield "offer-answer", exchange
        yield "sequence", subject
