"""Remove a site: undo its steps, then delete its answers, secrets and caches."""

from __future__ import annotations

from piwizard.deploys.deploy_record import record_folder
from piwizard.engine import run_launch
from piwizard.engine.backups import journaled
from piwizard.engine.leftovers import Leftovers
from piwizard.errors import PiwizardError
from piwizard.git import deploy_key
from piwizard.setup import site_traces, workspace
from piwizard.setup.answer_store import AnswerStore
from piwizard.steps.registry import DATA_STEP, STEPS
from piwizard.system import app_data, files, paths
from piwizard.system.app_data import Contents

CACHES = ("sources", "analyses", "build", "hosts")


def find_data(site: str) -> Contents | None:
    """Return the data of a site's app.

    Raise PiwizardError if neither answers nor journals know the site.
    """
    backups = workspace.backups_dir()
    known = journaled(backups) | workspace.state().steps() | Leftovers(backups).steps()
    known |= {(step, name) for name, traces in site_traces.find_traces().items() for step in traces.steps}
    sites = dict.fromkeys((*workspace.planner(None).answers.sites, *sorted(name for _, name in known if name)))
    if site not in sites:
        raise PiwizardError(
            f"There is no site {site}.", key="site.name", hint=f"Choose one of: {', '.join(sites) or 'none yet'}."
        )
    # A folder that the step never set up is not piwizard's.
    return app_data.measure_site(site) if (DATA_STEP, site) in known else None


def start_removal(site: str, *, wipe: bool, keep_secrets: bool) -> str:
    """Start the run that removes a site, and return its id.

    `wipe` deletes its data: the user has said yes to that. `keep_secrets` also keeps its deploy key, since data that
    is kept may be useless without them. Without answers, the journals are enough.
    """
    site_traces.record_traces(site)
    steps = tuple((step.name, site) for step in reversed(STEPS) if step.scope == "site")
    wiped = (site,) if wipe else ()
    return run_launch.start(
        run_launch.RunRequest("undo", steps, wipe=wiped, removed=(site,), keep_secrets=keep_secrets)
    )


def forget_site(site: str, *, keep_secrets: bool) -> None:
    """Delete answers, secrets and caches of a site whose steps are undone."""
    delete_caches(site)
    if not keep_secrets:
        files.remove(deploy_key.key_folder(site))
    AnswerStore().remove_site(site, keep_secrets=keep_secrets)


def delete_caches(site: str) -> None:
    """Delete what can be fetched again."""
    for kind in CACHES:
        for name in (site, f".{site}"):  # the second is left where a fetch was killed
            files.remove(paths.cache_dir() / kind / name)
    files.remove(record_folder(site))
