"""Fuzz one target for as long as wanted: ``python -m tests.fuzz.run NAME [--runs N] [--seed N]``.

With atheris installed (``pip install atheris``) the run is coverage-guided; without it, inputs
are mutations of the seeds. An input that breaks the law is written to
``tests/fuzz/crashes/NAME/``, where the tests find it.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from tests.fuzz.mutations import mutations
from tests.fuzz.targets import Target, load_target, target_names


def main() -> int:
    """Parse the arguments and fuzz; 1 when an input broke the law."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("name", choices=target_names())
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-atheris", action="store_true", help="mutate seeds only")
    arguments = parser.parse_args()
    if not arguments.no_atheris and _has_atheris():
        return _with_atheris(arguments.name, arguments.runs, arguments.seed)
    target = load_target(arguments.name)
    for data in mutations(target.seeds, arguments.runs, seed=arguments.seed):
        _checked(target, data)
    sys.stderr.write(f"{arguments.name}: the law held for {arguments.runs} inputs\n")
    return 0


def _has_atheris() -> bool:
    import importlib.util

    return importlib.util.find_spec("atheris") is not None


def _with_atheris(name: str, runs: int, seed: int) -> int:
    import tempfile

    import atheris

    with atheris.instrument_imports(include=["rtckit"]):
        target = load_target(name)
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(target.seeds):
            (Path(corpus) / f"seed-{number}").write_bytes(data)
        options = [sys.argv[0], f"-runs={runs}", f"-seed={seed}", "-max_len=4096", corpus]
        atheris.Setup(options, lambda data: _checked(target, data))
        atheris.Fuzz()
    return 0


def _checked(target: Target, data: bytes) -> None:
    try:
        target.check(data)
    except BaseException:
        folder = Path(__file__).resolve().parent / "crashes" / target.name
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / hashlib.sha256(data).hexdigest()[:16]
        kept.write_bytes(data)
        sys.stderr.write(f"{target.name}: the law broke; input kept in {kept}\n")
        raise


if __name__ == "__main__":
    sys.exit(main())
