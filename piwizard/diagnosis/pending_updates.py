"""Find packages that get no updates.

They are on hold, kept back by unattended-upgrades, or wait for the user.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from piwizard.diagnosis.findings import Finding
from piwizard.system import apt_state, commands, dpkg, files, package_lists
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand

KEPT_BACK = Path("/var/lib/unattended-upgrades/kept-back")
"""unattended-upgrades' own list of packages that it did not install in its last run, separated by spaces."""
LISTS = Path("/var/lib/apt/lists")
LAST_RUN = package_lists.STAMP
SIMULATE = ("apt-get", "--simulate", "--option", "Debug::NoLocking=true", "dist-upgrade")
INSTALL = re.compile(r"^Inst (\S+) \[[^]]*\] \((\S+) ([^)]*)\)", re.MULTILINE)
"""A line of `apt-get --simulate`: the package, its new version and the origin of that version."""
APT_TIMEOUT_SECONDS = 60.0
"""apt reads all lists of packages, which takes 20 seconds on a Pi Zero."""
MAX_WAIT_DAYS = 3
"""An update that waits longer is a finding: unattended-upgrades runs once a day."""
SETTINGS = ("/etc/nginx/nginx.conf", "/etc/ddclient.conf", "/etc/ddclient/ddclient.conf", "/etc/dhcpcd.conf")
"""Settings files of packages that piwizard edits."""
NEW_FILE_ENDINGS = (".dpkg-dist", ".dpkg-new", ".ucf-dist")
MAX_NAMES = 6


def check_updates() -> list[Finding]:
    """Return findings about missing updates. Ask no server."""
    installed = dpkg.installed_versions()
    if "apt" not in installed:
        return []
    unattended = "unattended-upgrades" in installed
    result = commands.run(SIMULATE, timeout=APT_TIMEOUT_SECONDS)
    pending = parse_pending(result.output) if result.ok else {}
    found = [judge_held(held_packages(dpkg.read_status()))]
    if unattended:
        kept = (files.read(KEPT_BACK) or b"").decode("utf-8", "replace").split()
        keeps = Path(apt_state.KEEP_SETTINGS_FILE).exists() or apt_state.others_decide_conffiles()
        found.append(judge_kept_back(kept, keeps=keeps))
    return [
        *found,
        judge_security(pending, _days(LISTS), _days(LAST_RUN), unattended=unattended),
        *find_new_settings(
            path for name in SETTINGS for end in NEW_FILE_ENDINGS if (path := Path(f"{name}{end}")).exists()
        ),
    ]


def held_packages(status: str) -> list[str]:
    """Return the names of the packages that a dpkg status file lists as on hold."""
    return [package.name for package, stanza in dpkg.installed_stanzas(status) if dpkg.HELD in stanza]


def parse_pending(simulated: str) -> dict[str, str]:
    """Return package → origin of every update that `apt-get` would install."""
    return {name: origin for name, _, origin in INSTALL.findall(simulated)}


def judge_held(names: list[str]) -> Finding:
    """Return the finding for packages on hold, which get no updates."""

    def finding(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Finding:
        return Finding("no-packages-on-hold", "No packages on hold", ok, detail, cause, fix, step="system")

    if not names:
        return finding(ok=True, detail="none")
    return finding(
        ok=False,
        detail=f"on hold: {_some(names)}",
        cause="They were put on hold with `apt-mark hold`, so they get no updates, not even security updates.",
        fix=(
            RunCommand(f"sudo apt-mark unhold {' '.join(names[:MAX_NAMES])}", "to allow updates again"),
            RunCommand("sudo apt upgrade", "to install them"),
        ),
    )


def judge_kept_back(names: list[str], *, keeps: bool) -> Finding:
    """Return the finding for packages that unattended-upgrades kept back.

    `keeps`: it may keep edited settings files, so these are not the reason.
    """

    def finding(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Finding:
        return Finding("automatic-updates", "Automatic updates complete", ok, detail, cause, fix, step="nginx")

    if not names:
        return finding(ok=True, detail="unattended-upgrades keeps no package back")
    detail = f"unattended-upgrades keeps back: {_some(names)}"
    install = f"sudo apt update && sudo apt install --only-upgrade {' '.join(names[:MAX_NAMES])}"
    if keeps:
        cause = "A package that they need is on hold or pinned, or an update of theirs needs a new package."
        return finding(ok=False, detail=detail, cause=cause, fix=(RunCommand(install, "to install them"),))
    cause = "One of their settings files was edited here, and the update brings another one: dpkg would have to ask."
    fix = (
        ApplySteps(("nginx",), "to let unattended-upgrades keep the edited files"),
        RunCommand(install, "to install the updates now"),
    )
    return finding(ok=False, detail=detail, cause=cause, fix=fix)


def judge_security(
    pending: Mapping[str, str], known: float | None, last_run: float | None, *, unattended: bool
) -> Finding:
    """Return the finding for security updates that are not installed.

    `known` and `last_run` are the days since apt's lists were updated and since unattended-upgrades ran; None for
    never.
    """

    def finding(*, ok: bool, detail: str, cause: str = "", fix: Fix = ()) -> Finding:
        return Finding("security-updates", "Security updates installed", ok, detail, cause, fix, step="system")

    names = [name for name, origin in pending.items() if "security" in origin.lower()]
    late = known is not None and known >= MAX_WAIT_DAYS
    stopped = unattended and (last_run is None or last_run >= MAX_WAIT_DAYS)
    if not names:
        return finding(
            ok=True,
            detail="none pending, by package lists that are " + (f"{known:.0f} days old" if late else "up to date"),
        )
    detail = f"pending: {_some(names)}"
    if not late and not stopped:
        return finding(ok=True, detail=detail)
    if not unattended:
        cause = f"They have been available for {known:.0f} days, and this Pi installs no updates by itself."
        fix: Fix = (
            RunCommand("sudo apt update && sudo apt upgrade", "to install them"),
            RunCommand("sudo apt install unattended-upgrades", "to install updates every day from now on"),
        )
        return finding(ok=False, detail=detail, cause=cause, fix=fix)
    when = "has never run" if last_run is None else f"has not run for {last_run:.0f} days"
    cause = f"unattended-upgrades {when}." if stopped else f"They have been available for {known:.0f} days."
    fix = (
        RunCommand("sudo unattended-upgrade --verbose", "to install them, or to see why it does not"),
        RunCommand("systemctl list-timers 'apt-daily*'", "to see when it runs"),
    )
    return finding(ok=False, detail=detail, cause=cause, fix=fix)


def find_new_settings(paths: Iterable[Path]) -> list[Finding]:
    """Return a finding for each new settings file beside an edited one.

    They are no failure.
    """
    found = []
    for path in paths:
        used = path.with_suffix("")
        detail = f"{path} came with an update; {used} was kept, with piwizard's and your own edits"
        fix = (
            Advice("Nothing to do."),
            RunCommand(f"diff {used} {path}", "to see what is new"),
            RunCommand(f"sudo rm {path}", "when you have read it"),
        )
        found.append(
            Finding("settings-kept", f"Settings of {used.name} up to date", True, detail, fix=fix, subject=used.name,
                    step="nginx")
        )  # fmt: skip
    return found


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def _days(path: Path) -> float | None:
    """Return how many days ago a file or folder was changed."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime) / 86400
    except OSError:
        return None
