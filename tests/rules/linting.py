"""What one rule says about a few lines of a description."""

from rtckit.rules.catalogue import find_rule
from rtckit.rules.lint import LintedDescription
from rtckit.sdp.document import parse

SESSION = ("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0")


def described(lines: tuple[str, ...], kind: str | None, profile: str) -> LintedDescription:
    """The lines behind those of a session."""
    text = "".join(f"{line}\r\n" for line in (*SESSION, *lines))
    return LintedDescription(parse(text), kind, None, profile)


def places(
    rule: str, *lines: str, kind: str | None = None, profile: str = "jsep"
) -> list[tuple[int, int, int]]:
    """Where a rule fires: line (1 is the first one after the session's), column, end column."""
    found = []
    for hit in find_rule(rule).function(described(lines, kind, profile)):
        place = hit.location
        assert place.line is not None
        assert place.column is not None
        assert place.end_column is not None
        found.append((place.line - len(SESSION), place.column, place.end_column))
    return found


def severities(rule: str, *lines: str, kind: str | None = None, profile: str = "jsep") -> list[str]:
    """How grave each finding of a rule is in a profile."""
    found = find_rule(rule)
    level = found.levels.get(profile)
    hits = found.function(described(lines, kind, profile))
    return [str(found.finding(hit, level).severity) for hit in hits]
