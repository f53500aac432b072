"""Return the locations of piwizard's files, from platformdirs.

Root uses the system-wide ones.
"""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path

from platformdirs import PlatformDirs


@cache
def _dirs() -> PlatformDirs:
    return PlatformDirs("piwizard", appauthor=False, use_site_for_root=True)


def state_dir() -> Path:
    """Return the folder for state, secrets and backups; /var/lib/piwizard for root."""
    return Path(_dirs().user_state_path)


def logs_dir() -> Path:
    """Return the folder with one subfolder per run; /var/log/piwizard for root."""
    return Path(_dirs().user_log_path)


def cache_dir() -> Path:
    """Return the folder for downloads; /var/cache/piwizard for root."""
    return Path(_dirs().user_cache_path)


def answers_file() -> Path:
    """Return the answers file; /etc/xdg/piwizard/answers.toml for root."""
    return Path(_dirs().user_config_path) / "answers.toml"


def previous_answers_file() -> Path:
    """Return the copy of the answers that others replaced."""
    return answers_file().with_name("answers.toml.previous")


def lock_file() -> Path:
    """Return the lock of the current run. A reboot removes it."""
    return Path(_dirs().user_runtime_path) / "run.lock"


def locks_dir() -> Path:
    """Return the folder for short locks; /run/piwizard/locks for root.

    Only its owner can enter it.
    """
    return Path(_dirs().user_runtime_path) / "locks"


def piwizard_command() -> Path:
    """Return the command that install.sh creates. An upgrade replaces it."""
    return Path("/usr/local/bin/piwizard")


def dhparam_file() -> Path:
    """Return the link to the Diffie-Hellman parameters that nginx reads."""
    return Path("/etc/piwizard/dhparam.pem")


def sites_dir() -> Path:
    """Return the folder with one subfolder per site.

    It contains the site's releases, data and environment file.
    """
    return Path("/srv")


def restrict_private_paths() -> None:
    """Remove the access of other users to what earlier versions left readable."""
    answers, previous = answers_file(), previous_answers_file()
    folders = (answers.parent, state_dir(), logs_dir())
    for path, mode in (*((folder, 0o700) for folder in folders), (answers, 0o600), (previous, 0o600)):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # missing, or a link, which the user created on purpose
            continue
        try:
            if stat.S_IMODE(os.fstat(handle).st_mode) & ~mode:
                os.fchmod(handle, mode)
        finally:
            os.close(handle)
