"""Show how sites get new versions, and deploy what is new."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from piwizard.cli import output
from piwizard.cli.overview_lines import describe_age
from piwizard.deploys import deploy_record
from piwizard.deploys.deploy_ways import POLL, SECRET_KEY, WEBHOOK
from piwizard.deploys.push_receive import DEPLOYED
from piwizard.engine import run_log
from piwizard.engine.events import Event
from piwizard.errors import PiwizardError
from piwizard.setup import automatic_deploy, deploy_status, pushed_deploy, workspace
from piwizard.setup.deploy_status import DeployStatus
from piwizard.system import console

FIRST_PASSED_HANDLE = 3
"""The handle of the first socket that systemd passes."""
MAX_WAIT_MICROSECONDS = 30_000_000
"""How long a line waits for whoever pushes to read it."""
WARNING, NOTICE = "<4>", "<5>"
"""How systemd tells lines of a service apart in the journal."""


def show_deploys(site: str | None, *, secret: bool, as_json: bool) -> int:
    """Print the ways, the last result and the refused commits of each site.

    `secret`: also a webhook's secret, even if it was shown before.
    """
    planner = workspace.planner(None)
    if not planner.answers.sites:
        raise PiwizardError("There is no site yet.", hint="Run `piwizard` to set up your first site.")
    found = [deploy_status.status_of(planner.answers.of(one)) for one in ([site] if site else planner.answers.sites)]
    secrets = {one.site: planner.store.kept(one.site, SECRET_KEY) for one in found if one.webhook_url}
    if as_json:
        _dump(found, secrets if secret else {})
        return 0
    for one in found:
        _show(one)
        _show_addresses(one, secrets.get(one.site), again=secret)
    if not any(one.ways for one in found):
        console.say("Set app.deploy to poll, push or webhook, then run `piwizard apply deploys`.")
    return 0


def _show(one: DeployStatus) -> None:
    console.say(((one.site, "heading"), (f": {one.sentence}", "")))
    if one.last:
        age = describe_age(one.last.at)
        ago = "" if not age else f", {age}" if age == "just now" else f", {age} ago"
        console.say(f"  Last by {one.last.way}: {one.result}{ago}.")
        if one.last.result != "deployed":
            console.say(f"  {one.last.detail}", hang=2)
    for refused in one.record.refused:
        if one.last is None or refused.commit != one.last.commit:
            console.say(f"  Not tried again: {refused.commit[: automatic_deploy.SHORT]}: {refused.reason}", hang=2)


def _show_addresses(one: DeployStatus, secret: str | None, *, again: bool) -> None:
    """Print how to push, and what to enter at the git server, its secret only once."""
    if one.push_url:
        console.say("  On your computer:")
        console.say(f"    git remote add pi {one.push_url}", f"    git push pi {one.branch}", wrap=False)
    if not one.webhook_url:
        return
    console.say("  In the settings of the repository at your git server, add a webhook for pushes, as JSON:")
    console.say(f"  URL:         {one.webhook_url}", wrap=False)
    if secret is None:
        console.say("  Secret:      made by `piwizard apply deploys`")
    elif one.record.secret_shown and not again:
        console.say(f"  Secret:      shown before; `piwizard deploys --site {one.site} --secret` shows it again")
    else:
        console.reveal((("Secret", secret),))
        deploy_record.note_secret_shown(one.site)


def _dump(found: list[DeployStatus], secrets: dict[str, str | None]) -> None:
    whole = [one.as_json() for one in found]
    for one in whole:
        if secret := secrets.get(one["site"]):
            one["webhook"]["secret"] = secret
            deploy_record.note_secret_shown(one["site"])
    console.say_json({"deploys": whole}, but=run_log.PLAIN, with_secrets=bool(secrets))


def deploy_if_new(site: str) -> int:
    """Deploy what is new in a repository, and print one line for the journal."""
    asked = drain_door()
    outcome = automatic_deploy.check_repository(site, WEBHOOK if asked else POLL, at_once=asked)
    level = NOTICE if outcome.ok else WARNING
    if outcome.result not in ("current", "refused", "waiting"):
        console.say(console.visible_line(f"{level}{outcome.detail}"))
    return 0


def drain_door() -> bool:
    """Return whether a webhook has started this, and empty its socket.

    Whatever comes after this starts one more deploy.
    """
    if os.environ.get("LISTEN_FDS") != "1":
        return False
    asked = False
    with socket.socket(fileno=FIRST_PASSED_HANDLE) as door:
        door.setblocking(False)
        while True:
            try:
                door.recv(1)
            except BlockingIOError:
                return asked
            asked = True


def deploy_pushed(site: str) -> int:
    """Deploy the code that comes in, and print the log for whoever pushes."""
    _limit_waiting(sys.stdout.fileno())

    def show(event: Event) -> None:
        with _reader_may_leave():
            output.show_event(event, as_json=False)

    try:
        outcome = pushed_deploy.deploy_pushed(site, sys.stdin.buffer, show)
    except PiwizardError as error:
        with _reader_may_leave():
            console.show(f"piwizard: {error.sentence}")
        return 0
    with _reader_may_leave():
        console.say(console.visible_line(f"piwizard: {outcome.detail}"))
        if outcome.ok:
            console.say(DEPLOYED)
    return 0


def _limit_waiting(handle: int) -> None:
    """Let a write to a socket fail if its reader has stopped for MAX_WAIT_MICROSECONDS."""
    if stat.S_ISSOCK(os.fstat(handle).st_mode):
        with socket.socket(fileno=os.dup(handle)) as reader:
            limit = struct.pack("qq", *divmod(MAX_WAIT_MICROSECONDS, 1_000_000))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Discard the output from now on if it is no longer read: the deploy continues."""
    try:
        yield
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
