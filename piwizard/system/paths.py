"""Where piwizard keeps what it knows, found with platformdirs: root's places are the site's."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from platformdirs import PlatformDirs


@cache
def _dirs() -> PlatformDirs:
    return PlatformDirs("piwizard", appauthor=False, use_site_for_root=True)


def state_dir() -> Path:
    """State, secrets and backups; /var/lib/piwizard for root."""
    return Path(_dirs().user_state_path)


def logs_dir() -> Path:
    """One folder a run; /var/log/piwizard for root."""
    return Path(_dirs().user_log_path)


def cache_dir() -> Path:
    """What can be fetched again; /var/cache/piwizard for root."""
    return Path(_dirs().user_cache_path)


def answers_file() -> Path:
    """What the person answered; /etc/xdg/piwizard/answers.toml for root."""
    return Path(_dirs().user_config_path) / "answers.toml"


def previous_answers() -> Path:
    """Where the answers go that others take the place of."""
    return answers_file().with_name("answers.toml.previous")


def lock_file() -> Path:
    """Held by the run that is under way; gone with a reboot, as the run is."""
    return Path(_dirs().user_runtime_path) / "run.lock"


def locks_dir() -> Path:
    """Locks that are held for moments; nobody but their owner can enter it. /run/piwizard/locks for root."""
    return Path(_dirs().user_runtime_path) / "locks"


def dhparam_file() -> Path:
    """The Diffie-Hellman parameters that nginx reads, a link to those that are in use."""
    return Path("/etc/piwizard/dhparam.pem")


def sites_dir() -> Path:
    """One folder a site: its releases, its data, its environment file."""
    return Path("/srv")
