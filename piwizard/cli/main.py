"""Define `piwizard` and collect its commands."""

from __future__ import annotations

from pathlib import Path

import click

from piwizard import __version__
from piwizard.cli import (
    alert_commands,
    app_command,
    backup_commands,
    deploy_commands,
    diagnosis_commands,
    release_commands,
    removal_commands,
    restore_command,
    run_commands,
    update_commands,
)
from piwizard.cli.command_help import GroupedHelp
from piwizard.cli.ui import interactive


@click.group(cls=GroupedHelp, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="piwizard")
@click.option("--plain", is_flag=True, help="Ask questions line by line instead of opening the screens.")
@click.option("--answers", type=click.Path(path_type=Path), help="Read and save the answers in this file.")
@click.pass_context
def cli(context: click.Context, plain: bool, answers: Path | None) -> None:
    """Set up your Flask app on this Raspberry Pi, with nginx and gunicorn.

    Without a command, piwizard asks questions and guides you step by step.
    """
    if context.invoked_subcommand is None:
        interactive(plain=plain, answers=answers)
    if answers:
        context.default_map = {name: {"answers": answers} for name in cli.commands}


for command in (
    diagnosis_commands.status_command,
    run_commands.plan_command,
    run_commands.apply_command,
    deploy_commands.deploy_command,
    deploy_commands.deploys_command,
    deploy_commands.autodeploy_command,
    deploy_commands.pushed_command,
    release_commands.releases_command,
    release_commands.rollback_command,
    release_commands.maintenance_command,
    app_command.run_command,
    deploy_commands.key_command,
    backup_commands.backup_command,
    restore_command.restore_command,
    diagnosis_commands.doctor_command,
    diagnosis_commands.checkup_command,
    alert_commands.alerts_group,
    update_commands.updates_group,
    removal_commands.undo_command,
    removal_commands.remove_command,
    run_commands.logs_command,
    run_commands.stop_command,
    run_commands.confirm_command,
    diagnosis_commands.report_command,
    diagnosis_commands.rehearse_command,
    run_commands.work_command,
    run_commands.generate_dhparam_command,
    diagnosis_commands.watch_command,
):
    cli.add_command(command)
