"""Check this machine, and send what is new.

systemd starts it as `piwizard alerts check`.

`alert_inspection` finds the problems, `problem_log` decides which messages they cause.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from piwizard.alerts import alert_state, delivery, event, heartbeat, heartbeat_record, message_text, sending
from piwizard.alerts.alert_state import AlertState
from piwizard.alerts.event import Event
from piwizard.alerts.problem_log import Message, Observation, advance
from piwizard.alerts.quiet_hours import parse_quiet_hours
from piwizard.alerts.sending import Send
from piwizard.engine import run_launch
from piwizard.errors import PiwizardError
from piwizard.setup import health_timer, update_cause, workspace
from piwizard.setup.alert_inspection import inspect_all
from piwizard.setup.planner import Planner
from piwizard.setup.reported_problems import ended_problems
from piwizard.system import file_lock, files
from piwizard.system.lazy_dataclass import dataclass

CONFIRM_SECONDS = 15.0
"""A new problem counts if it still exists after this time: services restart, and connections are lost."""
LOCK_SECONDS = 300.0
MAX_EVENT_ROUNDS = 5


@dataclass(frozen=True)
class AlertSettings:
    """The answers and secrets of the step `alerts`."""

    addresses: tuple[str, ...]
    heartbeat: str = ""
    quiet: str = ""

    def is_quiet(self, now: float) -> bool:
        """Return whether a time is in the quiet hours."""
        hours = parse_quiet_hours(self.quiet)
        return hours is not None and hours.contain(datetime.fromtimestamp(now))

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(map(sending.address_id, self.addresses))


def settings(planner: Planner) -> AlertSettings:
    """Return the settings. PiwizardError if alerts are not set up."""
    answers = planner.answers_of(None)
    if not event.events_dir().is_dir() or "alerts.urls" not in answers.secrets:
        raise PiwizardError("Alerts are not set up.", hint="Run `piwizard apply alerts` to set them up.")
    addresses = sending.split_addresses(answers.secrets["alerts.urls"])
    beat = answers.secrets.get("alerts.heartbeat", "")
    return AlertSettings(addresses, beat, str(answers.get("alerts.quiet", "")))


def check(
    *, complete: bool = False, send: Send = sending.send, wait: Callable[[float], None] = time.sleep
) -> list[str]:
    """Check, send what is new, and ping the heartbeat. Return lines for the journal.

    `complete`: inspect every step now, even if the last complete inspection is recent.
    """
    with file_lock.exclusive(event.alerts_dir(), seconds=LOCK_SECONDS):
        planner = workspace.planner(None)
        configured = settings(planner)
        lines: list[str] = []
        for _ in range(MAX_EVENT_ROUNDS):
            lines += _round(planner, configured, send, wait, complete=complete)
            complete = False
            if not event.stored_events():
                break
    return lines


def _round(
    planner: Planner, configured: AlertSettings, send: Send, wait: Callable[[float], None], *, complete: bool
) -> list[str]:
    before = alert_state.load()
    stored = event.stored_events()
    observed, lines = _observe(planner, before, wait, complete=complete)
    observed += heartbeat_record.heartbeat_problems() if configured.heartbeat else []
    now = time.time()
    events = [found for _, found in stored if found is not None]
    if not events and not run_launch.under_way():
        events = ended_problems(planner, before.log.open)
    state, power = _after_start(before, now)
    log, messages = advance(state.log, observed, [*power, *events], now, quiet=configured.is_quiet(now))
    state = replace(state, log=log)
    if messages:
        notification = message_text.compose(messages, socket.gethostname())
        state = state.with_message(messages, notification, now, configured.ids)
        lines += [_journal_line(one) for one in messages]
    alert_state.save(state, before)
    for path, _ in stored:  # after what they caused is on disk
        with suppress(OSError):  # read-only: the same event changes nothing a second time
            files.unlink(path)
    delivered, results = delivery.deliver(state, configured.addresses, send, now)
    alert_state.save(delivered, state)
    repeated: list[str] = []
    for number, address in enumerate(configured.addresses, start=1):
        result = results.get(sending.address_id(address), "sent")
        if result != "sent":
            name = sending.address_name(address, number)
            repeated.append(f"{health_timer.WARNING}The message was not sent to {name}: {sending.REASONS[result]}.")
    if configured.heartbeat and delivered.log.open.keys() <= {heartbeat_record.KEY}:
        accepted = heartbeat.ping(configured.heartbeat)
        heartbeat_record.note_ping(accepted=accepted)
        if not accepted:
            repeated.append(f"{health_timer.WARNING}The heartbeat service did not accept the request.")
    return [*lines, *heartbeat_record.new_lines(repeated)]


def _journal_line(message: Message) -> str:
    ended = message.kind == "recovered"
    return f"{health_timer.NOTICE if ended else health_timer.WARNING}{message.label}{': OK again' if ended else ''}"


def _observe(
    planner: Planner, before: AlertState, wait: Callable[[float], None], *, complete: bool
) -> tuple[list[Observation], list[str]]:
    """Return the problems that exist now. While a run is in progress, nothing new counts."""
    open_now = before.log.open
    if run_launch.under_way():
        kept = [Observation(key, one.label, one.text, one.hint) for key, one in open_now.items() if not one.reported]
        return kept, []
    inspection = inspect_all(planner, complete=complete)
    found, lines = list(inspection.problems), list(inspection.lines)
    new = {one.key for one in found} - set(open_now)
    if new:
        wait(CONFIRM_SECONDS)
        if run_launch.under_way():  # its plan may have stopped what has just failed
            return [one for one in found if one.key not in new], lines
        planner.context.invalidate()
        # Completely only if the quick checks have not found it: that takes a while.
        again = {one.key for one in inspect_all(planner, complete=bool(new - inspection.live)).problems}
        cause = update_cause.possible_cause()
        found = [
            one if one.key not in new else replace(one, hint=" ".join(filter(None, (one.hint, cause))))
            for one in found
            if one.key not in new or one.key in again
        ]
    return found, lines


def clean_shutdown_file() -> Path:
    """Return the file that a unit creates when the machine shuts down."""
    return event.alerts_dir() / "clean-shutdown"


def _after_start(state: AlertState, now: float) -> tuple[AlertState, Sequence[Event]]:
    """Return a notice if this machine was started without having been shut down."""
    boot = files.read(Path("/proc/sys/kernel/random/boot_id")) or b""
    current = boot.decode("ascii", "replace").strip()
    if state.boot == current:
        return state, ()
    clean, first = clean_shutdown_file().exists(), not state.boot
    files.unlink(clean_shutdown_file())
    started = replace(state, boot=current)
    if first or clean:
        return started, ()
    text = "It was not shut down before: the power was lost, or the system stopped responding."
    return started, (Event("power-lost", "notice", "The Pi has restarted", text, at=now),)


def send_test(send: Send = sending.send) -> list[tuple[str, sending.SendResult]]:
    """Send a test message to each address. Return the result of each by its name."""
    configured = settings(workspace.planner(None))
    notification = message_text.test_notification(socket.gethostname())
    return [
        (sending.address_name(address, number), send(address, notification))
        for number, address in enumerate(configured.addresses, start=1)
    ]
