"""A sample of what `python -m tests.live.hostile` does a million times."""

import pytest

from tests.live.hostile import all_subjects

SUBJECTS = all_subjects()


@pytest.mark.parametrize("name", SUBJECTS)
def test_strangers_change_nothing(name: str) -> None:
    outcome = SUBJECTS[name](20_000)
    assert outcome.sent == 20_000
    if name == "server":
        assert outcome.answered > 1000, "whole requests are still answered"
        assert outcome.answer_bytes < 2.5 * outcome.request_bytes
    if name == "flood":
        assert outcome.held_kib < 4096
