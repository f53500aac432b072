"""Try every state of piwizard's files after a power cut.

The unit layer tries a sample.
"""

from __future__ import annotations

import pytest

from tests.unit.crash.journeys import JOURNEYS
from tests.unit.crash.trying import try_journey


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_crash_state_is_read_as_promised(name: str) -> None:
    outcome = try_journey(name)
    assert outcome.states >= 15
    assert outcome.failures == []
