"""What a wheel holds, built as pip builds it but without a network."""

import re
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import rtckit

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    path = next(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"]))
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_module_and_its_data(wheel: zipfile.ZipFile) -> None:
    held = set(wheel.namelist())
    package = ROOT / "rtckit"
    expected = {
        str(path.relative_to(ROOT))
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert expected <= held
    assert "rtckit/py.typed" in held


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    folders = {name.split("/")[0] for name in wheel.namelist()}
    assert folders == {"rtckit", f"rtckit-{rtckit.__version__}.dist-info"}


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    metadata = wheel.read(f"rtckit-{rtckit.__version__}.dist-info/METADATA").decode()
    assert f"\nVersion: {rtckit.__version__}\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    entry_points = wheel.read(f"rtckit-{rtckit.__version__}.dist-info/entry_points.txt").decode()
    assert "rtckit = rtckit.cli.main:main" in entry_points


def test_the_changelog_speaks_of_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{rtckit.__version__}]" in changelog or "## [Unreleased]" in changelog


def test_the_oldest_python_is_the_one_that_all_places_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = re.fullmatch(r">=(\d+)\.(\d+)", project["project"]["requires-python"])
    assert oldest is not None
    assert project["tool"]["ruff"]["target-version"] == f"py{oldest[1]}{oldest[2]}"
    assert sys.version_info[:2] >= (int(oldest[1]), int(oldest[2]))
    assert f"Python {oldest[1]}.{oldest[2]}" in (ROOT / "README.md").read_text(encoding="utf-8")
