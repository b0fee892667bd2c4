"""What the documents say is what the program does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rtckit.cli.main import cli
from rtckit.core.errors import ExitCode

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if "_build" not in path.parts
)
each_page = pytest.mark.parametrize("page", PAGES, ids=[str(p.relative_to(ROOT)) for p in PAGES])


def test_the_samples_of_the_readme_are_what_rtckit_prints() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/readme_samples.py", "--check"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, f"run python scripts/readme_samples.py\n{done.stderr}"


@pytest.mark.parametrize("page", ["README.md", "docs/reference/command-line.md"])
def test_exit_codes_are_all_told(page: str) -> None:
    told = re.findall(r"^\| (\d+) \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(code) for code in told] == [int(code) for code in ExitCode]


@each_page
def test_links_lead_to_files(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page}: {target}"


@each_page
def test_commands_and_saved_calls_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL))
    for noun in re.findall(r"^\$? *(?:\.venv/bin/)?rtckit ([a-z]+)", blocks, re.MULTILINE):
        assert noun in cli.table, f"{page}: rtckit {noun}"
    for name in re.findall(r"captures/([a-z0-9-]+)", text):
        assert (ROOT / "captures" / name).is_dir(), f"{page}: captures/{name}"
