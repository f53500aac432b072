"""The commands. Errors meant for people end here, and nowhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from piwizard import __version__
from piwizard.errors import PiwizardError

ANSWERS = click.option("--answers", type=click.Path(path_type=Path), help="Take the answers from this file.")
SITE = click.option("--site", metavar="NAME", help="Only this site.")
YES = click.option("--yes", is_flag=True, help="Ask nothing; also replace files that were edited by hand.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON on stdout and nothing else.")


def _command(function: Callable[..., int]) -> Callable[..., NoReturn]:
    """A command that needs root, behind the boundary."""

    @wraps(function)
    def as_root(*args: Any, **options: Any) -> int:  # noqa: ANN401 — whatever click hands over
        _become_root(options.get("answers"))
        return function(*args, **options)

    return _boundary(as_root)


def _boundary(function: Callable[..., int]) -> Callable[..., NoReturn]:
    """The one boundary: an exit code for every command, a sentence for every error."""

    @wraps(function)
    def wrapped(*args: Any, **options: Any) -> NoReturn:  # noqa: ANN401
        as_json = bool(options.get("as_json"))
        try:
            code = function(*args, **options)
        except PiwizardError as error:
            code = _tell(error, as_json=as_json)
        except KeyboardInterrupt:
            code = 130
        except BrokenPipeError:
            sys.stderr.close()
            code = 1
        except Exception as error:  # noqa: BLE001 — a person gets a sentence, a file the traceback
            code = _tell(error, as_json=as_json)
        sys.exit(code)

    return wrapped


def _tell(error: Exception, *, as_json: bool) -> int:
    from piwizard import output

    output.error(error if isinstance(error, PiwizardError) else output.unforeseen(error), as_json=as_json)
    return 1


def _become_root(answers: Path | None) -> None:
    from piwizard import root

    if os.geteuid() != 0:
        root.become_root(_secret_variables(answers))


def _secret_variables(answers: Path | None) -> list[str]:
    from piwizard import session
    from piwizard.machine import places

    file = answers or places.answers_file_of_root()
    if not file.exists():
        return []
    return session.wizard(file).secret_variables()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="piwizard")
@click.option("--plain", is_flag=True, help="Ask line by line instead of opening the screens.")
@click.option("--answers", type=click.Path(path_type=Path), help="Keep the answers in this file.")
@click.pass_context
def cli(context: click.Context, plain: bool, answers: Path | None) -> None:
    """Sets up your Flask app on this Raspberry Pi: nginx, gunicorn, and what belongs to them.

    Without a command it asks and explains, step by step.
    """
    if context.invoked_subcommand is None:
        _interactive(plain=plain, answers=answers)
    if answers:
        context.default_map = {command: {"answers": answers} for command in cli.commands}


@_boundary
def _interactive(*, plain: bool, answers: Path | None) -> int:
    from piwizard import terminal

    shown = terminal.front_end()
    if shown == "none":
        raise PiwizardError(
            "There is no terminal here to ask questions in.",
            hint="`piwizard apply --answers FILE` takes the answers from a file and asks nothing.",
        )
    _become_root(answers)
    if shown == "screens" and not plain:
        from piwizard.screens import app

        return app.run(answers)
    from piwizard import prompts

    return prompts.run(answers, terminal.why_plain())


@cli.command()
@ANSWERS
@JSON
@_command
def status(answers: Path | None, as_json: bool) -> int:
    """Each step: todo, running, done, drifted, failed, interrupted, skipped."""
    from piwizard import output, session
    from piwizard.network import trial
    from piwizard.status import status as look

    state = session.state()
    output.warn(state.trouble)
    found = look(session.wizard(answers), state, session.backups())
    tried = trial.current()
    if as_json:
        output.dump({"steps": [one.as_json() for one in found], "trial": tried.as_json() if tried else None})
    else:
        output.show_status(found)
        output.warn(tried.words if tried else "")
    return 0


@cli.command()
@click.argument("steps", nargs=-1)
@ANSWERS
@SITE
@JSON
@_command
def plan(steps: tuple[str, ...], answers: Path | None, site: str | None, as_json: bool) -> int:
    """Diffs and commands; alters nothing. Exit 0: nothing to do, 2: something to do, 1: error."""
    from piwizard import output, session
    from piwizard.wizard import preview_all

    wizard = session.wizard(answers)
    places = wizard.places(steps, site)
    wizard.require_answers(places)
    previews = preview_all(wizard, places, session.backups())
    if as_json:
        output.dump({"steps": [output.plan_json(place, changes) for place, changes in previews]})
    else:
        for place, changes in previews:
            output.show_plan(place, changes)
    return 2 if any(not one.preview.holds for _, changes in previews for one in changes) else 0


@cli.command()
@click.argument("steps", nargs=-1)
@ANSWERS
@SITE
@YES
@click.option("--detach", is_flag=True, help="Start the run and come back at once.")
@JSON
@_command
def apply(
    steps: tuple[str, ...], answers: Path | None, site: str | None, yes: bool, detach: bool, as_json: bool
) -> int:
    """Runs what needs running, and follows the log. The run goes on if you leave."""
    from piwizard import applying

    return applying.apply(steps, answers, site, yes=yes, detach=detach, as_json=as_json)


@cli.command()
@SITE
@YES
@click.option("--detach", is_flag=True, help="Start the run and come back at once.")
@JSON
@_command
def deploy(site: str | None, yes: bool, detach: bool, as_json: bool) -> int:
    """The app's newest commit, tried before it takes over; the one in use stays if it fails."""
    from piwizard import applying

    steps = ("app", "gunicorn", "site")
    return applying.apply(steps, None, site, yes=yes, detach=detach, as_json=as_json, newest=True)


@cli.command()
@click.option("--trust", metavar="HOST", help="Show the ssh key of this server, and keep it if you say yes.")
@ANSWERS
@SITE
@click.option("--yes", is_flag=True, help="Ask nothing: with --trust, keep what the server shows.")
@JSON
@_command
def key(trust: str | None, answers: Path | None, site: str | None, yes: bool, as_json: bool) -> int:
    """The site's key for a private repository, where to add it, and whether it is taken."""
    from piwizard import keys

    if trust:
        return keys.trust(trust, answers, site, yes=yes, as_json=as_json)
    return keys.show(answers, site, as_json=as_json)


@cli.command()
@SITE
@click.option("--fix", is_flag=True, help="Mend what can be mended, after a yes.")
@click.option("--yes", is_flag=True, help="With --fix: ask nothing.")
@JSON
@_command
def doctor(site: str | None, fix: bool, yes: bool, as_json: bool) -> int:
    """What is wrong, why, and what mends it. Exit 0: nothing is wrong, 1: something is."""
    from piwizard import doctor as package

    return package.visit(site, fix=fix, yes=yes, as_json=as_json)


@cli.command()
@SITE
@JSON
@_command
def checkup(site: str | None, as_json: bool) -> int:
    """Everything once more, from outside in, and the grade to expect. Exit 0: nothing is wrong, 1: something is."""
    from piwizard import checkup as package

    return package.visit(site, as_json=as_json)


@cli.command()
@click.argument("step")
@SITE
@YES
@JSON
@_command
def undo(step: str, site: str | None, yes: bool, as_json: bool) -> int:
    """Back to how it was before the step; what was edited by hand since is kept and named."""
    from piwizard import applying

    return applying.undo(step, site, yes=yes, as_json=as_json)


@cli.command()
@click.argument("site")
@click.option("--keep-data", is_flag=True, help="Leave what the app has written.")
@YES
@JSON
@_command
def remove(site: str, keep_data: bool, yes: bool, as_json: bool) -> int:
    """Takes a whole site away: code, service, server block, data, answers; nothing of other sites."""
    from piwizard import removing

    return removing.remove(site, keep_data=keep_data, yes=yes, as_json=as_json)


@cli.command()
@click.argument("step", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on showing what a run does, to its end.")
@SITE
@JSON
@_command
def logs(step: str | None, follow: bool, site: str | None, as_json: bool) -> int:
    """The record of the last run of a step, or of the last run at all."""
    from piwizard import output, records

    for event in records.of(step, site, follow=follow):
        output.show_event(event, as_json=as_json)
    return 0


@cli.command()
@click.argument("step", required=False)
@JSON
@_command
def stop(step: str | None, as_json: bool) -> int:
    """Ends the run that is under way, cleanly; with a step, the one that this step belongs to."""
    from piwizard import output, records
    from piwizard.engine import launch

    run = records.under_way(step)
    if run:
        launch.stop(run)
    if as_json:
        output.dump({"stopped": run})
        return 0
    print(f"The run {run} was stopped; `piwizard apply` goes on with it." if run else "No run is under way.")
    if other := launch.under_way("background"):
        print(f"The run {other} goes on in the background: {launch.hint(other, 'background')}")
    return 0


@cli.command()
@JSON
@_command
def confirm(as_json: bool) -> int:
    """Keeps the address that is on trial; without it the old one comes back."""
    from piwizard import output
    from piwizard.network import trial

    kept = trial.confirm()
    if as_json:
        output.dump({"confirmed": {"interface": kept.interface, "address": kept.address}})
    else:
        print(f"{kept.host} stays, also after a restart.")
    return 0


@cli.command()
@ANSWERS
@click.option("--keep", is_flag=True, help="Leave the copy running until you press Enter.")
@click.option("--shell", is_flag=True, help="Open a shell in the copy afterwards.")
@JSON
@_command
def rehearse(answers: Path | None, keep: bool, shell: bool, as_json: bool) -> int:
    """All of it on a throwaway copy of this machine. Without --answers: with a small sample app."""
    from piwizard.rehearsal import rehearse as rehearsal

    return rehearsal.rehearse(answers, keep=keep, shell=shell, as_json=as_json)


@cli.command(hidden=True)
@click.argument("run")
@_command
def work(run: str) -> int:
    """The process of a run; started by apply and undo."""
    from piwizard import worker

    return 0 if worker.work(run) else 1


@cli.command(hidden=True)
@_command
def watch() -> int:
    """The weekly look; started by its timer."""
    from piwizard import watching

    return watching.watch()


def main() -> None:
    """The entry point."""
    cli(prog_name="piwizard")
