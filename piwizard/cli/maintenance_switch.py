"""Close a site for maintenance, or open it again."""

from __future__ import annotations

from piwizard.cli import output
from piwizard.cli.rollback import split_words
from piwizard.nginx import maintenance
from piwizard.setup import workspace
from piwizard.system import console


def switch(site: str | None, *, on: bool, as_json: bool) -> int:
    """Switch the maintenance of a site on or off, and return the exit code."""
    name, _ = split_words((site,) if site else (), tuple(workspace.planner(None).answers.sites))
    changed = maintenance.set_maintenance(name, on=on)
    if as_json:
        output.dump({"site": name, "maintenance": on, "changed": changed})
        return 0
    already = "" if changed else "already "
    if on:
        output.say_result(f"{name} is {already}closed for maintenance: visitors get status 503.")
        console.say(f"`piwizard maintenance off {name}` opens it again.")
    else:
        output.say_result(f"{name} is {already}open.")
    return 0
