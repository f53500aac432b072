"""Carry out a run in a process of its own, without a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from piwizard.changes import interface
from piwizard.changes.base import Change
from piwizard.changes.release_record import Deployer
from piwizard.engine import retention, run_launch, run_log
from piwizard.engine.cancellation import Cancellation, Stopped
from piwizard.engine.run_lock import Lock
from piwizard.engine.run_log import Recorder
from piwizard.engine.runner import Runner
from piwizard.errors import PiwizardError
from piwizard.setup import health_timer, removal, run_request, workspace
from piwizard.setup.planner import Planner
from piwizard.steps.registry import StepInstance, step_named, title_of
from piwizard.system import app_data, paths, transient_unit
from piwizard.system.checks import Check


def work(run: str) -> bool:
    """Carry out the request of a run and return whether every step succeeded."""
    cancellation = Cancellation()
    cancellation.listen()
    since = time.monotonic()
    recorder = Recorder(run_launch.folder(run))
    transient_unit.name_after(run)
    result = "failed"
    try:
        request = run_launch.request(run)
        Lock(paths.lock_file()).take(run)
        interface.forget_restart()
        run_log.prune(paths.logs_dir(), {*workspace.state().runs(), run})
        retention.compact_journals(workspace.backups_dir())
        retention.prune_versions(workspace.backups_dir())
        # Undo needs only the journals: it works without answers.toml, or with an invalid one.
        planner = None if request.action == "undo" else workspace.planner(None, run_request.pins_of(request))
        recorder = Recorder(
            run_launch.folder(run), planner.secrets() if planner else workspace.secret_store().secrets()
        )
        recorder.emit({"event": "apply-started", "action": request.action, "steps": request.steps})
        engine = Runner(workspace.backups_dir(), workspace.state(), recorder, cancellation, title_of=title_of)
        if planner:
            planner.context.rollbacks = dict(request.rollbacks)
            planner.context.deployer = Deployer(request.by, time.time())
            engine = replace(engine, locate=planner.answers.locate)
        chosen = [StepInstance(step_named(step), site) for step, site in request.steps]
        if all(_one(instance, planner, engine, request) for instance in chosen):
            for site in request.removed:
                removal.forget_site(site, keep_secrets=request.keep_secrets)
            for site in request.uncached:
                removal.delete_caches(site)
            result = "done"
            health_timer.refresh_if_shown()
    except Stopped:
        result = "stopped"
    except PiwizardError as error:
        recorder.refusal(error)
    except Exception as error:  # noqa: BLE001 — goes to the run log and to whoever follows it
        recorder.unforeseen(error)
    finally:
        recorder.emit({"event": "apply-finished", "result": result, "seconds": round(time.monotonic() - since, 1)})
        recorder.sync()
    return result == "done"


def _one(instance: StepInstance, planner: Planner | None, engine: Runner, request: run_launch.RunRequest) -> bool:
    """Run one step; plans it again, since the steps before have altered the machine."""
    step, site = instance.step.name, instance.site
    engine.cancellation.raise_if_requested()
    if planner is None:
        packages = request.packages and (step, site) == request.steps[-1]
        data = app_data.data_folder(site) if site and instance.step.holds_data else None
        return engine.undo(step, site, data=data, wipe=site in request.wipe, packages=packages)
    planner.context.invalidate()

    def plan() -> Sequence[Change]:
        planner.keep_secrets([instance])  # a plan generates none
        changes = planner.plan(instance)
        engine.recorder.hide(planner.secrets())
        return changes

    def checks() -> Iterable[Check]:
        planner.context.invalidate()
        return planner.checks(instance)

    return engine.run(step, site, plan, checks, overwrite=request.overwrite)
