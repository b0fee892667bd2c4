"""Every fuzz target on its seeds, on inputs that once broke it, and on mutations of the seeds.

For longer runs, or coverage-guided ones: ``python -m tests.fuzz.run NAME``.
"""

import pytest

from tests.fuzz.mutations import mutations
from tests.fuzz.targets import load_target, target_names

_MUTATIONS = 3000


@pytest.mark.parametrize("name", target_names())
def test_the_law_holds_for_seeds_and_old_crashes(name: str) -> None:
    target = load_target(name)
    assert target.seeds, "a target without seeds checks nothing"
    for data in (b"", *target.seeds):
        target.check(data)
    for crash in target.crashes:
        target.check(crash.read_bytes())


@pytest.mark.parametrize("name", target_names())
def test_the_law_holds_for_mutations(name: str) -> None:
    target = load_target(name)
    for number, data in enumerate(mutations(target.seeds, _MUTATIONS)):
        try:
            target.check(data)
        except BaseException as error:
            error.add_note(f"mutation {number} of {name}: {data!r}")
            raise
