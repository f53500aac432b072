"""Run the app as a systemd service, behind a socket for nginx."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.answers import validators as v
from piwizard.answers.model import Answers
from piwizard.answers.questions import Question
from piwizard.apps import app_units, network_access, path_mapping, power_access, preparation
from piwizard.apps.process_model import ProcessModel
from piwizard.apps.process_notices import process_notices
from piwizard.apps.rollback_pin import PIN
from piwizard.apps.serving import chosen_serving, measured_memory, suggested_serving
from piwizard.apps.smoke_test import MAX_START_SECONDS
from piwizard.changes.base import Change
from piwizard.changes.file import AbsentFile, File
from piwizard.changes.link import Link
from piwizard.changes.prune import KEPT_RELEASES, MAX_KEPT_RELEASES, Prune
from piwizard.changes.release_record import RecordRelease
from piwizard.changes.systemd_unit import RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.steps.companion_units import CompanionUnits
from piwizard.steps.step import PlanContext, Scope, Stage, Step, app_of
from piwizard.system import checks, systemd
from piwizard.system.checks import Check
from piwizard.system.http_client import HttpResponse
from piwizard.system.plural import count_of
from piwizard.system.remedies import Advice, ApplySteps, Fix, RunCommand
from piwizard.templates.quoting import environment_value

NETWORK_CLOSED = "Home network closed to the app"

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

UNITS = Path("/etc/systemd/system")
GUNICORN_CONFIG = Path(__file__).parents[1] / "apps" / "gunicorn_config.py"
"""Read by gunicorn in the app's Python. The service has a copy of its own, so that an upgrade alone changes nothing."""
NEWEST_GUNICORN = (27, 0)
"""Assumed in a preview, before the virtual environment is built."""
QUESTIONS = (
    Question(
        "gunicorn.workers",
        "Workers",
        "Number of processes that run the app; if empty, it depends on cores and memory.",
        v.whole(1, 32),
        kind="number",
    ),
    Question(
        "gunicorn.threads",
        "Threads",
        "Requests that each worker handles at a time; if empty, it depends on cores and memory.",
        v.whole(1, 256),
        kind="number",
    ),
    Question(
        "app.releases",
        "Kept releases",
        "Number of earlier releases that stay on the disk, so that `piwizard rollback` can go back to them.",
        v.whole(1, MAX_KEPT_RELEASES),
        kind="number",
        default=KEPT_RELEASES,
    ),
)


class Gunicorn(Step):
    """Set up a hardened service and its socket, sized for this board."""

    name = "gunicorn"
    title = "Gunicorn"
    heading = "Your app"
    stage = Stage.SERVICE
    why = (
        "Runs your app in the background, also after a reboot. systemd keeps the socket open, so visitors wait a "
        "moment instead of seeing an error while the app restarts. The service can write only its persistent paths, "
        "and if the kernel supports memory limits, it cannot use more memory than this board can spare."
    )
    scope: Scope = "site"
    needs = ("app",)
    typical_seconds = 6
    deployed = True
    diagnosis_order = 4

    def questions(self, context: PlanContext | None, answers: Answers | None) -> Sequence[Question]:
        if context is None:
            return QUESTIONS
        machine = context.machine
        app = app_of(context, answers) if context.source and answers else None
        model, used = (app.process, measured_memory(app)) if app else (ProcessModel(), None)
        found = suggested_serving(machine, app)
        board = f"for {machine.cores} {'core' if machine.cores == 1 else 'cores'}, {machine.memory.nominal} MB"
        board += f"; the app uses {used.worker} MB per worker" if used else ""
        return [
            QUESTIONS[0].suggest(found.workers, f"one process: {model.reason}" if model.single else board),
            QUESTIONS[1].suggest(found.threads, f"in each worker{f'; {model.streams.text}' if model.streams else ''}"),
            *QUESTIONS[2:],
        ]

    def plan(self, context: PlanContext, answers: Answers) -> Sequence[Change]:
        app = app_of(context, answers)
        unit = _unit(app, context)
        where, name, host = app.layout, unit.site, _host(answers)
        further = CompanionUnits(app, unit, context)
        settings = "".join(
            f"{variable}={environment_value(value)}\n" for variable, value in app.settings.values().items()
        )
        pin = app.source.pin
        pinned = (File(where.folder / PIN, replace(pin, release=where.release.name).encode()),) if pin else ()
        unpinned = () if pin else (AbsentFile(where.folder / PIN),)
        units_group = Transaction(
            f"{name}-service",
            (
                File(where.environment_file, settings, 0o600, secret=True),
                *(File(part, _text_of(part.name)) for part in where.gunicorn_parts),  # before what imports them
                File(where.gunicorn_config, _text_of(GUNICORN_CONFIG.name)),
                File(UNITS / f"{name}.socket", app_units.render_socket(unit)),
                File(UNITS / f"{name}.service", app_units.render_service(unit)),
                *further.files(),
                *pinned,  # before the link, which makes it count
                Link(where.current, f"releases/{where.release.name}"),
            ),
            activate=(
                Activation(("systemctl", "daemon-reload")),
                Activation(("systemctl", "try-restart", f"{name}.service"), unit=f"{name}.service"),
            ),
            verify=lambda: _service_problem(name, host, known=app.source.kept),
            data=preparation.data_switch(app, further.data_writers()),
            companions=further.companions(),
        )
        record = RecordRelease(where.release, where.current, where.commit, name, context.deployer)
        prune = Prune(where.folder / "releases", where.current, answers.get("app.releases", KEPT_RELEASES))
        network = network_access.egress_changes(name, app.access.network, app.access.network_reason)
        notices = (*process_notices(app, unit.workers), *further.notices())
        running = (RunningUnit(f"{name}.socket"), RunningUnit(f"{name}.service"))
        enabled = (*running, *further.running(), *further.removals())
        return (*notices, *network, *power_access.power_changes(app), units_group, *unpinned, *enabled, record, prune)

    def live_checks(self, answers: Answers) -> Iterable[Check]:
        name = str(answers.site)
        names = (f"{name}.socket", f"{name}.service")
        states = systemd.read_states(names)
        for unit, check_id in zip(names, ("app-socket-running", "app-service-running"), strict=True):
            state = states[unit]
            yield Check(
                check_id,
                f"{unit} running",
                state.running and state.enabled,
                f"{state.active}, {state.file or 'missing'}",
                cause="The unit was stopped, or stops as soon as it starts.",
                fix=(
                    RunCommand(f"journalctl -u {unit}", "to see why"),
                    ApplySteps(("gunicorn",), "to start it again"),
                ),
            )

    def checks(self, context: PlanContext, answers: Answers) -> Iterable[Check]:
        name = str(answers.site)
        yield from self.live_checks(answers)
        app = app_of(context, answers)
        yield _network_check(app, name)
        answer = _first_page(name, _host(answers))
        journal = RunCommand(f"journalctl -u {name}.service", "to see the app's output")
        app_fails = answer is not None and answer.status == 500
        yield Check(
            "app-answers",
            "App answers on its socket",
            answer is not None and answer.status < 500,
            f"status {answer.status}" if answer else "no answer",
            cause="The app itself fails." if answer else "The service does not run.",
            fix=(journal,) if app_fails else (journal, ApplySteps(("gunicorn", "site"), "to start it again")),
        )

        kept = app.source.kept  # a release that has served before was watched long enough when it was switched
        watched = systemd.KNOWN_STABLE_SECONDS if kept else systemd.CHECKED_STABLE_SECONDS
        restarts = systemd.find_crash_loop(f"{name}.service", watched)
        yield Check(
            "app-stays-up",
            "Service runs without restarts",
            not restarts,
            f"systemd restarted it {count_of(restarts, 'time')}" if restarts else "it stays up",
            cause="The app, or one of its workers, exits soon after it starts.",
            fix=(journal,),
        )


def _text_of(name: str) -> str:
    return GUNICORN_CONFIG.with_name(name).read_text(encoding="utf-8")


def _host(answers: Answers) -> str:
    return str(answers.get("site.domains", ["localhost"])[0])


def _first_page(name: str, host: str) -> HttpResponse | None:
    """Return the service's response; wait while a small board loads a large app."""
    socket = app_units.socket_path(name)
    while True:
        answer = checks.poll_until(
            lambda: checks.get_page("/", host=host, unix=socket), lambda seen: seen is not None and seen.status < 500
        )
        if answer is not None or not systemd.is_loading(f"{name}.service", MAX_START_SECONDS):
            return answer


def _service_problem(name: str, host: str, *, known: bool) -> str | None:
    """Return what is wrong with a restarted service; None if OK or not running.

    `known`: its release has served before.
    """
    state = systemd.read_states([f"{name}.service"])[f"{name}.service"]
    if state.failed and not state.failing:
        return "The app passed its smoke test, but its service failed: systemd no longer restarts it."
    if not (state.running or state.failing):
        return None
    answer = _first_page(name, host)
    if answer is None:
        return "The app passed its smoke test, but its service does not respond."
    if answer.status >= 500:
        return f"The app passed its smoke test, but its service returns status {answer.status}."
    if restarts := systemd.find_crash_loop(f"{name}.service", known=known):
        return (
            "The app passed its smoke test, but its service does not stay up: "
            f"systemd restarted it {count_of(restarts, 'time')}."
        )
    return None


def _network_check(app: AppConfig, name: str) -> Check:
    """Check that the app cannot reach the home network, unless it may."""
    if app.access.network == network_access.HOME:
        return Check("app-home-network", "Home network open to the app", True, 'as set by app.network = "home"')
    fix: Fix = (
        RunCommand("sudo systemctl start piwizard-egress.service", "to load the rules again"),
        RunCommand("journalctl -u piwizard-egress", "to see more"),
    )

    def failed(detail: str, cause: str, fix: Fix, *, beyond: bool = False) -> Check:
        return Check("app-home-network", NETWORK_CLOSED, False, detail, cause, fix, beyond)

    filtered = network_access.read_filter(name)
    if not filtered.loaded:
        detail = "nftables has no rules for the app, so it reaches every port of the name server, often the router"
        if filtered.possible:
            return failed(detail, "Another program flushed nftables.", fix)
        cause = "The kernel has no nf_tables. It may have been upgraded since the Pi was started."
        return failed(detail, cause, (Advice("Reboot the Pi."),), beyond=True)
    if servers := network_access.unreachable_resolvers(name):
        detail = f"the app cannot reach the name server {servers[0]} either"
        return failed(detail, "The name server changed, and the rules have not been updated yet.", fix)
    unanswered = app.access.home_network and "app.network" not in app.answers.values
    but = f'; but {app.access.home_network[0].text}: network = "home" under [app] would allow it' if unanswered else ""
    return Check("app-home-network", NETWORK_CLOSED, True, f"it reaches the Internet only{but}")


def _unit(app: AppConfig, context: PlanContext) -> app_units.AppUnit:
    where = app.layout
    serving = chosen_serving(context.machine, app)
    code = where.current / "app"
    return app_units.AppUnit(
        site=where.site,
        user=where.site,
        code=str(code / app.start.working_directory),
        venv=str(where.current / "venv"),
        entry=app.start.entry,
        arguments=app.start.arguments,
        workers=serving.workers,
        threads=serving.threads,
        worker_class=serving.worker_class,
        gunicorn=app.gunicorn or NEWEST_GUNICORN,
        home=str(where.data),
        environment_file=str(where.environment_file),
        writable=(str(where.data), *map(str, path_mapping.disk_paths(app))),
        binds=tuple((str(source), str(target)) for source, target in path_mapping.path_binds(app, code)),
        pythonpath=str(code / app.entry.pythonpath) if app.start.import_folder else None,
        network=app.access.network,
        dbus=app.access.dbus,
        hardware=app.access.hardware,
    )
