"""Secrets in the lines of a description, hidden so that a line can be shown.

ICE passwords (RFC 8839, 5.4), SDES keys (RFC 4568, 9.1) and the keys of k= lines (RFC 8866, 5.12).
Every hidden character becomes one ``*``: columns stay what they were.
"""

import re

__all__ = ["hide_secrets"]

_SECRETS = (
    re.compile(r"(?i)^(a=(?:ice-pwd|x-[\w-]*(?:pwd|password|secret|key)[\w-]*):\s*)(.+)"),
    re.compile(r"(?i)(\binline:)([^\s|;]+)"),
    re.compile(r"(?i)(\s(?:password|pwd)\s+)(\S+)"),
    re.compile(r"(?i)^(k=(?:clear|base64|uri):)(.+)"),
    re.compile(r"(?i)^(a=key-mgmt:\S+\s+)(.+)"),
)


def hide_secrets(line: str) -> str:
    """``line`` with its secrets as asterisks, of the same length."""
    for pattern in _SECRETS:
        line = pattern.sub(lambda match: match[1] + "*" * len(match[2]), line)
    return line
