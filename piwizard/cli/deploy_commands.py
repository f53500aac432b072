"""Define the commands that deploy an app and give access to its repository."""

from __future__ import annotations

from pathlib import Path

import click

from piwizard.cli.error_handler import command
from piwizard.cli.options import ANSWERS, JSON, SITE, YES


@click.command("deploy")
@SITE
@YES
@click.option("--detach", is_flag=True, help="Start the run and return immediately.")
@JSON
@command
def deploy_command(site: str | None, yes: bool, detach: bool, as_json: bool) -> int:
    """Deploy the newest commit of the app.

    If its smoke test fails, the current release stays in use.
    """
    from piwizard.cli import apply
    from piwizard.steps.registry import STEPS

    steps = tuple(step.name for step in STEPS if step.deployed)
    return apply.apply_steps(steps, None, site, yes=yes, detach=detach, as_json=as_json, newest=True)


@click.command("key")
@click.option("--trust", metavar="HOST", help="Show the SSH host keys of this server and ask whether to trust them.")
@ANSWERS
@SITE
@click.option("--yes", is_flag=True, help="With --trust: trust the keys without asking.")
@JSON
@command
def key_command(trust: str | None, answers: Path | None, site: str | None, yes: bool, as_json: bool) -> int:
    """Show the deploy key for a private repository and test it."""
    from piwizard.cli import key

    if trust:
        return key.trust_host(trust, answers, site, yes=yes, as_json=as_json)
    return key.show_key(answers, site, as_json=as_json)


@click.command("deploys")
@SITE
@click.option("--secret", is_flag=True, help="Show the secret of the webhook again.")
@JSON
@command
def deploys_command(site: str | None, secret: bool, as_json: bool) -> int:
    """Show how new versions get online by themselves, and how the last one did."""
    from piwizard.cli import automatic_deploys

    return automatic_deploys.show_deploys(site, secret=secret, as_json=as_json)


@click.command("autodeploy", hidden=True)
@click.argument("site")
@command
def autodeploy_command(site: str) -> int:
    """Deploy the newest commit if it is new. Started by a timer or a webhook."""
    from piwizard.cli import automatic_deploys

    return automatic_deploys.deploy_if_new(site)


@click.command("pushed", hidden=True)
@click.argument("site")
@command
def pushed_command(site: str) -> int:
    """Deploy the code that comes in. Started by the socket for pushes."""
    from piwizard.cli import automatic_deploys

    return automatic_deploys.deploy_pushed(site)
