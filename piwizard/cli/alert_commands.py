"""Define the commands for alerts: list, test, check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import JSON

if TYPE_CHECKING:
    from piwizard.alerts.problem_log import Message

SAYS = {"failed": "failed", "recovered": "OK again", "flapping": "fails again and again", "notice": ""}


@click.group("alerts")
def alerts_group() -> None:
    """Show open problems, and test the addresses that alerts are sent to."""


@alerts_group.command("list")
@JSON
@command
def list_command(as_json: bool) -> int:
    """Show open problems and the last messages.

    Exit code 0: no problem is open. 1: problems are open.
    """
    from piwizard.alerts import alert_state
    from piwizard.cli import output
    from piwizard.setup import alert_check, alert_inspection, workspace
    from piwizard.system import console

    alert_check.settings(workspace.planner(None))
    state, last = alert_state.load(), alert_inspection.load_inspection()
    found = state.log.open
    if as_json:
        problems = [{"id": key, "label": one.label, "text": one.text, "since": one.since} for key, one in found.items()]
        output.dump(
            {
                "problems": problems,
                "messages": [_message_json(one) for one in state.recent],
                "unsent": len(state.unsent),
                "failed_logins": last.logins if last else None,
            }
        )
        return 1 if found else 0
    for one in found.values():
        console.say((("✗ ", "problem"), (f"{one.label}: {one.text}", "")), hang=2)
    if not found:
        output.say_result("No problem is open.")
    if state.unsent:
        output.say_result(f"Messages that wait to be sent: {len(state.unsent)}.", ok=False)
    for message in state.recent[-10:]:
        says = SAYS[message.kind]
        console.say(f"  {_time(message.at)}  {message.label}{f': {says}' if says else ''}", hang=20)
    return 1 if found else 0


@alerts_group.command("test")
@JSON
@command
def test_command(as_json: bool) -> int:
    """Send a test message to every address.

    Exit code 0: all addresses accepted it. 1: at least one did not.
    """
    from piwizard.alerts.sending import REASONS
    from piwizard.cli import output
    from piwizard.setup import alert_check

    results = alert_check.send_test()
    ok = all(result == "sent" for _, result in results)
    if as_json:
        output.dump({"addresses": [{"address": name, "result": result} for name, result in results]})
        return 0 if ok else 1
    for name, result in results:
        text = f"The test message was sent to {name}." if result == "sent" else f"{name}: {REASONS[result]}."
        output.say_result(text, ok=result == "sent")
    return 0 if ok else 1


@alerts_group.command("check")
@click.option("--all", "complete", is_flag=True, help="Also inspect every step, and the view from outside.")
@command
def check_command(complete: bool) -> int:
    """Check this Pi now and send what is new. systemd runs this every 4 minutes."""
    from piwizard.cli.diagnosis_commands import lower_priority
    from piwizard.setup import alert_check
    from piwizard.system import console

    lower_priority()
    console.say(*(console.visible_line(line) for line in alert_check.check(complete=complete)))
    return 0


def _message_json(message: Message) -> dict[str, object]:
    return {
        "kind": message.kind,
        "id": message.key,
        "label": message.label,
        "text": message.text,
        "at": message.at,
    }


def _time(at: float) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"
