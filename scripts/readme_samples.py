"""Puts real output into the README: ``python scripts/readme_samples.py [--check]``.

Between ``<!-- sample: COMMAND -->`` and ``<!-- end of sample -->`` stands what the command prints.
``--check`` changes nothing and ends with 1 when the README is not what rtckit prints today.
"""

import contextlib
import io
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rtckit.cli.main import main as rtckit  # noqa: E402

WIDTH = "88"
_SAMPLE = re.compile(r"(<!-- sample: rtckit (.+?) -->\n)(.*?)(<!-- end of sample -->)", re.DOTALL)


def with_samples(readme: str) -> str:
    """``readme`` with every sample replaced by what its command prints."""
    return _SAMPLE.sub(lambda match: f"{match[1]}{_sample(match[2])}{match[4]}", readme)


def _sample(command: str) -> str:
    out = io.StringIO()
    os.environ["COLUMNS"] = WIDTH
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(out):
        code = rtckit([*command.split(), "--color", "never"])
    if code not in (0, 1):
        raise SystemExit(f"rtckit {command} ended with {code}")
    return f"\n```console\n$ rtckit {command}\n{out.getvalue().rstrip()}\n```\n\n"


def main() -> int:
    """Write the README, or check it."""
    path = ROOT / "README.md"
    before = path.read_text(encoding="utf-8")
    after = with_samples(before)
    if "--check" in sys.argv[1:]:
        return int(before != after)
    path.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
