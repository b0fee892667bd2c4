"""What importing a layer loads, seen in a fresh process: the only proof that a deferral defers."""

import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rtckit

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = Path(rtckit.__file__).parent

NO_IO = {"asyncio", "socket", "ssl", "threading", "subprocess"}
OTHERS = {
    "aiohttp",
    "aioice",
    "aiortc",
    "av",
    "click",
    "cryptography",
    "dask",
    "dpkt",
    "numpy",
    "pandas",
    "playwright",
    "polars",
    "pyarrow",
    "rich",
    "textual",
    "websockets",
}
SANS_IO_LAYERS = ("core", "wire", "sdp", "capture", "analysis", "rules")


def loaded_by(statements: str) -> set[str]:
    """The modules that ``statements`` add to a fresh interpreter's own."""
    program = (
        "import sys\nbefore = set(sys.modules)\n"
        f"{statements}\n"
        "sys.stdout.write('\\n'.join(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def modules_of(layer: str) -> list[str]:
    """Every module of a layer, by its full name."""
    name = f"rtckit.{layer}"
    found = pkgutil.walk_packages([str(PACKAGES / layer)], name + ".")
    return [name, *(module.name for module in found if not module.name.endswith("__main__"))]


@pytest.mark.parametrize("layer", SANS_IO_LAYERS)
def test_layers_below_the_faces_load_no_io_and_no_one_elses_library(layer: str) -> None:
    loaded = loaded_by("\n".join(f"import {module}" for module in modules_of(layer)))
    assert not loaded & (NO_IO | OTHERS)


def test_reports_load_no_io_and_no_library_of_the_faces() -> None:
    loaded = loaded_by("\n".join(f"import {module}" for module in modules_of("report")))
    assert not loaded & (NO_IO | OTHERS)


def test_importing_rtckit_loads_nothing_of_it() -> None:
    loaded = loaded_by("import rtckit")
    assert {name for name in loaded if name.startswith("rtckit")} == {"rtckit"}
    assert not loaded & (NO_IO | OTHERS)


def test_help_loads_no_command_and_no_layer() -> None:
    loaded = loaded_by(
        "import io, sys\nfrom rtckit.cli.main import main\n"
        "shown, sys.stdout = sys.stdout, io.StringIO()\nmain(['--help'])\nsys.stdout = shown"
    )
    assert {name for name in loaded if name.startswith("rtckit")} == {
        "rtckit",
        "rtckit.cli",
        "rtckit.cli.lazy",
        "rtckit.cli.main",
        "rtckit.core",
        "rtckit.core.errors",
    }
    assert not loaded & (OTHERS - {"click"})


def test_public_names_are_reached_from_the_package() -> None:
    for name in rtckit.__all__:
        assert getattr(rtckit, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = rtckit.nonsense


def test_layers_import_only_what_is_below_them() -> None:
    lint_imports = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert lint_imports, "import-linter is part of the dev extra: pip install -e '.[dev]'"
    done = subprocess.run(
        [lint_imports, "--no-cache"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
