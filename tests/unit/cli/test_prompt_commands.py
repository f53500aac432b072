"""Test that the menu of the prompts offers everything that keeps a site online, as the command line has it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from piwizard.cli import prompt_commands
from piwizard.cli.main import cli
from piwizard.cli.prompt_commands import MAINTAIN
from piwizard.prompts.prompt_flow import SITE

ELSEWHERE = {"alerts check", "backup run", "updates advisories", "updates check"}
"""A timer runs them; a person hardly needs them."""


@pytest.mark.parametrize("name", MAINTAIN)
def test_command_of_the_menu_exists_with_its_options(name: str) -> None:
    one = MAINTAIN[name]
    command, words = find(list(one.argv("blog", "2026-11-30 14:00" if one.option else "")))
    command.make_context("piwizard", words)  # raises if an option or argument is unknown
    assert SITE not in one.argv("blog", "")


def test_menu_has_every_command_for_backups_alerts_updates_and_versions() -> None:
    groups = {name: command for name, command in cli.commands.items() if isinstance(command, click.Group)}
    there = {f"{name} {inner}" for name, group in groups.items() for inner in group.commands} - ELSEWHERE
    there |= {"releases", "rollback", "maintenance", "deploys", "restore", "undo"}
    offered = {" ".join(one.words[:2] if one.words[0] in groups else one.words[:1]) for one in MAINTAIN.values()}
    assert offered == there


def test_each_command_of_the_menu_is_in_the_documents_and_prints_json() -> None:
    rows = (Path(__file__).parents[3] / "docs/housekeeping.md").read_text().partition("## Commands that keep")[2]
    for name, one in MAINTAIN.items():
        command, _ = find(list(one.argv("blog", "")))
        assert "as_json" in {each.name for each in command.params}, name
        assert f"| {name} |" in rows, name


def test_result_of_a_command_is_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert prompt_commands.run_words(("--version",)) == 0
    assert "piwizard" in capsys.readouterr().out


def find(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command of some words, and those that are left for it."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    return command, words
