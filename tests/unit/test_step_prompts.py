"""Test the prompts for a single step."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from piwizard.prompts import step_prompts
from piwizard.prompts.step_prompts import StepPrompts
from piwizard.steps.registry import StepInstance, step_named


@pytest.mark.parametrize(("step", "shown"), [("router", True), ("nginx", False)])
def test_run_of_the_router_ends_with_what_to_enter_by_hand(monkeypatch, step, shown):
    said = []
    monkeypatch.setattr(step_prompts, "choose", lambda *given: "yes")
    service = Mock(**{"router_instructions.return_value": ["Open http://192.168.1.1/"]})
    service.proposal.return_value = Mock(plans=["one"], remarks=())
    prompts = StepPrompts(Mock(say=lambda *lines: said.extend(lines)), service)
    monkeypatch.setattr(prompts, "_plan", lambda proposal, details: None)
    monkeypatch.setattr(prompts, "watch", lambda run: True)
    assert prompts._run(StepInstance(step_named(step), None)) == "settled"
    assert ("  Open http://192.168.1.1/" in said) == shown
