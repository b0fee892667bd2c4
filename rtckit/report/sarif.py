"""Findings as SARIF 2.1.0, the exchange format of code analysers (OASIS).

Lines and columns count from 1, columns in code points, end columns are exclusive: rtckit's own
counting. A finding in a capture names its frame as a logical location.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from rtckit.core.findings import Finding, Location, Severity
from rtckit.report.text import sentence
from rtckit.rules.catalogue import Rule

__all__ = ["render_sarif", "to_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def to_sarif(findings: Sequence[Finding], rules: Iterable[Rule], *, version: str) -> dict[str, Any]:
    """One run with the rules that were broken, of those in ``rules``, and every finding."""
    used = {finding.rule for finding in findings}
    known = sorted((rule for rule in rules if rule.id in used), key=lambda rule: rule.id)
    index = {rule.id: place for place, rule in enumerate(known)}
    driver = {
        "name": "rtckit",
        "version": version,
        "rules": [_rule(rule) for rule in known],
    }
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, index) for finding in findings],
            }
        ],
    }


def render_sarif(findings: Sequence[Finding], rules: Iterable[Rule], *, version: str) -> str:
    """:func:`to_sarif` as indented JSON of ASCII characters."""
    return json.dumps(to_sarif(findings, rules, version=version), indent=2).replace(
        "\x7f", "\\u007f"
    )


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": sentence(rule.why)},
        "help": {"text": f"{sentence(rule.fix)}\n\nSee {'; '.join(rule.refs)}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"family": rule.family, "link": str(rule.layer), "refs": list(rule.refs)},
    }


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [_location(finding.location)],
    }
    if finding.rule in index:
        result["ruleIndex"] = index[finding.rule]
    related = [
        {**_location(item.location), "message": {"text": item.text}}
        for item in finding.evidence
        if item.location != Location()
    ]
    if related:
        result["relatedLocations"] = related
    return result


def _location(location: Location) -> dict[str, Any]:
    # A SARIF artifact needs some name; the description that came from nowhere has none.
    name = location.file if location.file is not None else "description"
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": quote(name, safe="/:~", errors="replace")}
    }
    if location.line is not None:
        region = {"startLine": location.line}
        if location.column is not None:
            region["startColumn"] = location.column
        if location.end_column is not None:
            region["endColumn"] = location.end_column
        physical["region"] = region
    elif location.byte_start is not None and location.byte_end is not None:
        length = max(0, location.byte_end - location.byte_start)
        physical["region"] = {"byteOffset": location.byte_start, "byteLength": length}
    place: dict[str, Any] = {"physicalLocation": physical}
    if location.frame is not None:
        place["logicalLocations"] = [{"name": f"frame {location.frame}"}]
    return place
