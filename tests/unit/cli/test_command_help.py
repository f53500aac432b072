"""Test the page of `piwizard --help`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from piwizard.cli.command_help import GROUPS
from piwizard.cli.main import cli
from piwizard.errors import PiwizardError
from piwizard.steps.registry import STEPS, step_named


def test_every_command_is_in_one_group() -> None:
    grouped = [name for _, names in GROUPS for name in names]
    assert sorted(grouped) == sorted(name for name, command in cli.commands.items() if not command.hidden)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_description_is_cut(width: int) -> None:
    page = CliRunner().invoke(cli, ["--help"], terminal_width=width).output
    assert "..." not in page.partition("Options:")[2]
    assert "…" not in page
    assert [f"{title}:" for title, _ in GROUPS] == [line for line in page.splitlines() if line[:-1] in dict(GROUPS)]
    assert "piwizard deploy --site photos" in page
    assert max(map(len, page.splitlines())) <= width


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_step_is_known_by_name_and_title(step) -> None:
    for name in (step.name, step.title, step.title.upper(), step.title.replace(" ", "-")):
        assert step_named(name) is step


def test_unknown_step_lists_names_and_titles() -> None:
    with pytest.raises(PiwizardError) as error:
        step_named("certificates")
    assert "certbot (Certificate)" in str(error.value.hint)
