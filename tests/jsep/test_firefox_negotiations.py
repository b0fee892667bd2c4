"""Offers, re-offers and answers of whole negotiations, text for text as Firefox made them."""

import pytest

from tests.oracle.measure_negotiations import SETS, score
from tests.oracle.negotiations import read_set

COUNTS = {"development": 59, "final": 146}


@pytest.mark.parametrize("name", SETS)
def test_negotiations_go_as_with_firefox(name: str) -> None:
    version, kept = read_set(f"negotiations-firefox-{name}")
    assert version.startswith("Firefox 153")
    assert len(kept) == COUNTS[name]
    result = score("firefox", kept, name)
    assert result.offers > 50
    assert result.answers > 50
    assert result.whole == result.negotiations, [
        (miss.negotiation.name, miss.place, miss.causes) for miss in result.misses
    ]
