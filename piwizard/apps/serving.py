"""Decide how many workers and threads serve an app, and tell the smoke test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from piwizard.apps import memory_usage
from piwizard.apps.layout import PROOF_FILE
from piwizard.apps.memory_usage import MemoryUsage
from piwizard.apps.process_model import GTHREAD, ProcessModel
from piwizard.system.facts import Facts

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig


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


def smoke_test_options(serving: Serving, model: ProcessModel) -> tuple[str, ...]:
    """Return the options with which the smoke test does as the service will."""
    return (
        f"--workers={serving.workers}",
        f"--threads={serving.threads}",
        f"--worker-class={serving.worker_class}",
        *(f"--websocket={url}" for url in model.websockets),
    )
