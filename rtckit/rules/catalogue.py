"""The catalogue of rules: how a rule is declared, found and run.

A rule is a generator function over one subject (a call, a description, an offer with its answer, a
sequence of them) that yields a :class:`Hit` for each place where it applies. Its docstring has five
parts, and each is used: the title and the fix are shown with findings, everything is printed by
``rtckit explain``, and both examples are run as tests::

    @rule("TURN001", Severity.ERROR, layer=Layer.ICE, refs=("RFC 8489, 9.2.4",))
    def wrong_password(call: Call) -> Iterator[Hit]:
        \"\"\"The TURN server refuses the credentials.

        Why: without an allocation there is no relayed candidate.
        Fires on:
            (a trace, one datagram a line, or captures/NAME)
        Silent on:
            (another one)
        Fix: compare username and credential with the server's.
        \"\"\"
"""

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from rtckit.core.errors import UsageError
from rtckit.core.findings import Certainty, Evidence, Finding, Location, Severity

__all__ = [
    "CATALOGUE",
    "FAMILIES",
    "PROFILES",
    "SUBJECTS",
    "Catalogue",
    "Hit",
    "Layer",
    "Rule",
    "all_rules",
    "find_rule",
    "rule",
    "run",
]


class Layer(StrEnum):
    """The links of a call, in the order in which they are made."""

    SIGNALLING = "signalling"
    ICE = "ice"
    DTLS = "dtls"
    SRTP = "srtp"
    MEDIA = "media"
    DATA = "data"


_LAYER_ORDER = {layer: place for place, layer in enumerate(Layer)}

FAMILIES = {
    "SDP": "the syntax of descriptions",
    "ICE": "ICE attributes and candidates in descriptions",
    "DTLS": "fingerprints, roles and the DTLS handshake",
    "BUNDLE": "bundle groups and multiplexing",
    "RTP": "RTP attributes, header extensions and streams",
    "CODEC": "codecs and their parameters",
    "DATA": "data channels and SCTP",
    "OA": "offer/answer: sequences and pairs of descriptions",
    "SIG": "signalling between the two ends",
    "GATHER": "gathering of candidates",
    "TURN": "TURN allocations, permissions and channels",
    "CHECK": "connectivity checks and nomination",
    "CONSENT": "consent freshness and keeping paths alive",
    "MEDIA": "media that should flow and does not",
    "LEAK": "addresses that leave the machine",
}
"""Every rule family and what it is about. An id is a family and three digits."""

SUBJECTS = ("call", "sdp", "offer-answer", "sequence", "probe", "nat")
"""What rules look at.

``call`` is a :class:`rtckit.analysis.call.Call`; ``sdp``, ``offer-answer`` and ``sequence`` are one
description, a pair and a session of them (:mod:`rtckit.rules.lint`). ``probe`` is what asking
servers brought, a :class:`rtckit.analysis.probe.ProbeSet`; ``nat`` what tests of NATs brought, a
:class:`rtckit.analysis.nat.NatBehavior`.
"""

PROFILES = ("rfc", "jsep", "chromium", "firefox", "aiortc")
"""By whose measure descriptions are linted: the standards, WebRTC's, or one stack's."""

_DESCRIPTION_MODULES = ("sdp_", "jsep_", "lint")
_PROBE_MODULES = ("probe_", "nat_")
_PROBE_SUBJECTS = ("probe", "nat")

RETIRED: frozenset[str] = frozenset()
"""Ids of rules that are gone; an id is never used for another rule."""

_ID = re.compile(r"([A-Z]+)(\d{3})")
_SECTION = re.compile(r"(Why|Fires on|Silent on|Fix):[ \t]*(.*)")
_SECTIONS = ("Why", "Fires on", "Silent on", "Fix")


_NOWHERE = Location()


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule applies, as the rule's function yields it.

    ``severity`` and ``help`` are the rule's own unless given; ``evidence`` lists all that was seen,
    first things first.
    """

    message: str
    location: Location = _NOWHERE
    evidence: tuple[Evidence, ...] = ()
    certainty: Certainty = Certainty.SEEN
    severity: Severity | None = None
    help: str | None = None


RuleFunction = Callable[[Any], Iterable[Hit]]
_F = TypeVar("_F", bound=RuleFunction)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its declaration, and its docstring taken apart.

    ``fires_on`` and ``silent_on`` are the examples without their indentation; ``why`` and ``fix``
    are prose, paragraphs parted by an empty line. ``levels`` holds the severities of profiles that
    differ from ``severity``; None is silence.
    """

    id: str
    severity: Severity
    layer: Layer
    refs: tuple[str, ...]
    subject: str
    title: str
    why: str
    fires_on: str
    silent_on: str
    fix: str
    function: RuleFunction
    module: str
    levels: Mapping[str, Severity | None] = field(default_factory=dict, hash=False)

    @property
    def family(self) -> str:
        """The letters of the id."""
        return self.id[:-3]

    @property
    def level_names(self) -> dict[str, str]:
        """The levels of profiles in words; ``off`` is silence."""
        return {
            profile: "off" if level is None else str(level)
            for profile, level in self.levels.items()
        }

    def finding(self, hit: Hit, level: Severity | None = None) -> Finding:
        """``hit`` as a finding of this rule.

        ``level`` is what a profile makes of the rule's own severity; where the hit has one too, the
        graver counts.
        """
        severity = hit.severity or level or self.severity
        if level is not None and level.rank < severity.rank:
            severity = level
        return Finding(
            rule=self.id,
            severity=severity,
            message=hit.message,
            location=hit.location,
            help=self.fix if hit.help is None else hit.help,
            certainty=hit.certainty,
            refs=self.refs,
            evidence=hit.evidence,
        )

    def check(self, subject: Any) -> Iterator[Finding]:
        """What this rule finds in ``subject``."""
        for hit in self.function(subject):
            yield self.finding(hit)

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape of schema 1."""
        return {
            "rule": self.id,
            "family": self.family,
            "severity": str(self.severity),
            "levels": self.level_names,
            "layer": str(self.layer),
            "subject": self.subject,
            "title": self.title,
            "why": self.why,
            "fires_on": self.fires_on,
            "silent_on": self.silent_on,
            "fix": self.fix,
            "refs": list(self.refs),
        }


class Catalogue:
    """Rules by id; the modules of ``package`` declare them and are imported on first use."""

    def __init__(self, package: str | None = None) -> None:
        self._package = package
        self._loaded = package is None
        self._rules: dict[str, Rule] = {}
        self._sorted: tuple[Rule, ...] = ()
        self._imported: set[str] = set()
        self._chosen: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[Rule, ...]] = {}

    def rule(
        self,
        id: str,  # noqa: A002 - the word for it
        severity: Severity,
        *,
        layer: Layer,
        refs: tuple[str, ...],
        subject: str = "call",
        levels: Mapping[str, Severity | None] | None = None,
    ) -> Callable[[_F], _F]:
        """Declare the decorated generator function as a rule.

        ``refs`` cites sections as ``RFC 8445, 7.2.5.1``. ``levels`` sets the severity in single
        :data:`PROFILES`, None for silence. A bad id or profile, one taken already, or a
        docstring without one of its parts is a ``ValueError`` when the module is imported.
        """

        def declare(function: _F) -> _F:
            self._add(
                Rule(
                    id=id,
                    severity=severity,
                    layer=layer,
                    refs=refs,
                    subject=subject,
                    **_docstring_parts(id, function.__doc__),
                    function=function,
                    module=function.__module__,
                    levels=dict(levels or {}),
                )
            )
            return function

        return declare

    def _add(self, rule: Rule) -> None:
        match = _ID.fullmatch(rule.id)
        if match is None or match[1] not in FAMILIES:
            families = ", ".join(FAMILIES)
            raise ValueError(f"rule id {rule.id!r} is not a family ({families}) and three digits")
        if rule.id in self._rules:
            raise ValueError(f"rule id {rule.id} is taken by {self._rules[rule.id].module}")
        if rule.id in RETIRED:
            raise ValueError(f"rule id {rule.id} was used by a rule that is gone")
        if rule.subject not in SUBJECTS:
            raise ValueError(f"rule {rule.id} has the unknown subject {rule.subject!r}")
        for profile in rule.levels:
            if profile not in PROFILES:
                raise ValueError(f"rule {rule.id} has a level for the unknown profile {profile!r}")
        self._rules[rule.id] = rule
        self._chosen.clear()

    def all_rules(self) -> tuple[Rule, ...]:
        """Every rule, by layer and then by id; imports each module of the package once."""
        if not self._loaded:
            self._import()
            self._loaded = True
        if len(self._sorted) != len(self._rules):
            self._sorted = tuple(sorted(self._rules.values(), key=_place))
        return self._sorted

    def _import(self, descriptions: bool = True, calls: bool = True, probes: bool = True) -> None:
        """Import the modules with rules for descriptions, for calls or for probes, each once."""
        if self._package is None:
            return
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            if module.name.startswith(_DESCRIPTION_MODULES):
                wanted = descriptions
            else:
                wanted = probes if module.name.startswith(_PROBE_MODULES) else calls
            if wanted and module.name not in self._imported:
                importlib.import_module(f"{self._package}.{module.name}")
                self._imported.add(module.name)

    def rules_for(
        self, subject: str, select: Iterable[str] = (), ignore: Iterable[str] = ()
    ) -> tuple[Rule, ...]:
        """The rules for a subject, of the named ids and families or all, less the ignored ones.

        Rules for descriptions do not load the rules for calls, and what they stand on, nor the
        other way round, unless names are to be checked. ``UsageError`` for an unknown name.
        """
        select, ignore = tuple(select), tuple(ignore)
        key = (subject, select, ignore)
        found = self._chosen.get(key)
        if found is None:
            if select or ignore:
                dropped = {rule.id for rule in self.select(ignore)} if ignore else set()
                chosen: Iterable[Rule] = self.select(select)
            else:
                dropped = set()
                if not self._loaded:
                    calls, probes = subject == "call", subject in _PROBE_SUBJECTS
                    self._import(not calls and not probes, calls, probes)
                chosen = sorted(self._rules.values(), key=_place)
            found = tuple(
                rule for rule in chosen if rule.subject == subject and rule.id not in dropped
            )
            self._chosen[key] = found
        return found

    def find_rule(self, id: str) -> Rule:  # noqa: A002 - the word for it
        """The rule of this id (letters of either case); ``UsageError`` with the nearest ids."""
        found = self._rules.get(id.upper())
        if found is not None:
            return found
        ids = {rule.id: rule for rule in self.all_rules()}
        found = ids.get(id.upper())
        if found is None:
            raise UsageError(f"no rule {id!r}" + _suggestion(id.upper(), ids))
        return found

    def select(self, select: Iterable[str] = ()) -> tuple[Rule, ...]:
        """The rules of the named ids and families, or all; ``UsageError`` for an unknown name."""
        rules = self.all_rules()
        wanted = {name.upper() for name in select}
        if not wanted:
            return rules
        known = {rule.id for rule in rules} | set(FAMILIES)
        for name in sorted(wanted - known):
            raise UsageError(f"no rule or family {name!r}" + _suggestion(name, known))
        return tuple(rule for rule in rules if rule.id in wanted or rule.family in wanted)

    def run(self, subject_name: str, subject: Any, *, select: Iterable[str] = ()) -> list[Finding]:
        """What the rules for ``subject_name`` find in ``subject``.

        Errors come first, and within a severity what breaks earlier in a call.
        """
        findings = [
            finding
            for rule in self.rules_for(subject_name, select)
            for finding in rule.check(subject)
        ]
        findings.sort(key=lambda finding: finding.severity.rank)
        return findings


def _place(rule: Rule) -> tuple[int, str]:
    """Rules stand in the order of the links of a call, then by id."""
    return (_LAYER_ORDER[rule.layer], rule.id)


def _suggestion(name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=3)
    return f"; nearest: {', '.join(near)}" if near else "; `rtckit rules` lists them all"


def _docstring_parts(rule_id: str, docstring: str | None) -> dict[str, str]:
    """Title, why, fires_on, silent_on and fix of a rule's docstring."""
    if docstring is None and sys.flags.optimize >= 2:
        return dict.fromkeys(("title", "why", "fires_on", "silent_on", "fix"), "")
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in inspect.cleandoc(docstring or "").splitlines():
        match = _SECTION.fullmatch(line)
        if match is None:
            sections[current].append(line)
            continue
        current = match[1]
        if current in sections:
            raise ValueError(f"rule {rule_id}: its docstring says {current!r} twice")
        sections[current] = [match[2]]
    texts = {
        name: _example(lines) if name in ("Fires on", "Silent on") else _prose(lines)
        for name, lines in sections.items()
    }
    for name in ("", *_SECTIONS):
        if not texts.get(name):
            raise ValueError(f"rule {rule_id}: its docstring lacks {name or 'a title'!r}")
    if "\n" in texts[""]:
        raise ValueError(f"rule {rule_id}: its docstring has text between the title and 'Why'")
    return {
        "title": texts[""].removesuffix("."),
        "why": texts["Why"],
        "fires_on": texts["Fires on"],
        "silent_on": texts["Silent on"],
        "fix": texts["Fix"],
    }


def _prose(lines: list[str]) -> str:
    paragraphs = "\n".join(line.strip() for line in lines).strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _example(lines: list[str]) -> str:
    return inspect.cleandoc("\n".join(lines)).strip("\n")


CATALOGUE = Catalogue("rtckit.rules")
"""The rules of rtckit."""

rule = CATALOGUE.rule
all_rules = CATALOGUE.all_rules
find_rule = CATALOGUE.find_rule
run = CATALOGUE.run
