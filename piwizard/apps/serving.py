"""Decide how many workers and threads serve an app, and tell the smoke test."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from piwizard.apps import memory_usage
from piwizard.apps.memory_usage import MemoryUsage
from piwizard.apps.process_model import GTHREAD, ProcessModel
from piwizard.changes.release_record import PROOF_FILE
from piwizard.system import files
from piwizard.system.facts import Facts
from piwizard.system.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig


TRIAL_TIME = re.compile(r"^The smoke test took (\d{1,6}) seconds\.$", re.M)
"""Printed by `smoke_test.py`."""
SWITCH_SECONDS = 5


@dataclass(frozen=True)
class Serving:
    """Number of gunicorn's workers, threads of each, and their class."""

    workers: int
    threads: int
    worker_class: str = GTHREAD


def measured_memory(app: AppConfig) -> MemoryUsage | None:
    """Return the memory usage of the planned release, else of the current one."""
    where = app.layout
    return memory_usage.read_memory_usage(where.release / PROOF_FILE) or memory_usage.read_memory_usage(
        where.current / PROOF_FILE
    )


def suggested_serving(machine: Facts, app: AppConfig | None) -> Serving:
    """Return what fits the board and the app."""
    model = app.process if app else ProcessModel()
    workers, threads = memory_usage.workers_and_threads(machine, measured_memory(app) if app else None, model)
    return Serving(workers, threads, model.worker_class)


def chosen_serving(machine: Facts, app: AppConfig) -> Serving:
    """Return what the answers say, else what fits."""
    found = suggested_serving(machine, app)
    return Serving(
        app.answers.get("gunicorn.workers", found.workers),
        app.answers.get("gunicorn.threads", found.threads),
        found.worker_class,
    )


SECONDS_OF_KNOWN = 0.5
"""How long a release must stay up in its smoke test if it has served before: the service is watched after that."""


def smoke_test_options(
    serving: Serving, model: ProcessModel, arguments: tuple[str, ...] = (), *, known: bool = False
) -> tuple[str, ...]:
    """Return the options with which the smoke test does as the service will.

    `arguments` is the command line of the app. `known`: the release has served before.
    """
    return (
        *((f"--stay={SECONDS_OF_KNOWN}",) if known else ()),
        f"--workers={serving.workers}",
        f"--threads={serving.threads}",
        f"--worker-class={serving.worker_class}",
        *(f"--websocket={url}" for url in model.websockets),
        *(f"--argument={word}" for word in arguments),
    )


def stops_for_trial(app: AppConfig) -> bool:
    """Return whether the current version must stop while a new one is tried.

    The current one holds a device or a port that only one process may have.
    """
    return app.process.exclusive is not None and app.layout.current.exists()


def paused_services(app: AppConfig, local_units: Mapping[str, str]) -> tuple[str, ...]:
    """Return the services that must stop while a new version is tried.

    `local_units` are this machine's own units, each with its site: any process of the site may hold the device.
    """
    if not stops_for_trial(app):
        return ()
    web = f"{app.layout.site}.service"
    own = (name for name, site in local_units.items() if site == app.layout.site and name.endswith(".service"))
    return tuple(dict.fromkeys((web, *sorted(own))))


def measured_seconds(said: str) -> Mapping[str, int]:
    """Return how long a smoke test took, from its output."""
    found = TRIAL_TIME.findall(said)
    return {"seconds": int(found[-1])} if found else {}


def expected_downtime(app: AppConfig) -> int | None:
    """Return the seconds that visitors wait while a new version is tried.

    None if no version has been measured yet.
    """
    try:
        kept = json.loads(files.read(app.layout.current / PROOF_FILE) or b"{}")
        return 2 * int(kept["measured"]["seconds"]) + SWITCH_SECONDS
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
