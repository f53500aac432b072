"""Try every answer with many more random values than the unit layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.properties.trying import attempt, questions

EXAMPLES = 1000


@pytest.mark.parametrize("name", list(questions()))
def test_every_answer_is_refused_or_understood(name: str, tmp_path: Path) -> None:
    tally = attempt(name, EXAMPLES, tmp_path / "try")
    assert not tally.failures, "\n".join(tally.failures[:5])
    assert tally.tried
