"""Try unexpected values for every answer.

The long run is python -m tests.unit.properties.
"""

from __future__ import annotations

import pytest

from tests.unit.properties.trying import attempt, questions

EXAMPLES = 6


@pytest.mark.parametrize("name", list(questions()))
def test_is_refused_in_a_sentence_or_means_what_was_meant(name, tmp_path):
    tally = attempt(name, EXAMPLES, tmp_path / "try")
    assert not tally.failures, "\n".join(tally.failures[:5])
    assert tally.tried
