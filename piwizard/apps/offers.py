"""Offer what an app may need besides itself: servers and timed commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from piwizard.apps.local_services import SERVICES, LocalService
from piwizard.changes.command import Notice, OfferedCommand

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig
    from piwizard.apps.schedules import FoundSchedule

ABSENT = "The app needs {label}, which no archive of this machine has: {why}. Set it up by yourself before you apply."
NEEDED = (
    "The app needs {label}, which is not installed: {why}. To install Debian's, add this line under [app] of the "
    "site's answers: packages = {packages}"
)
ACCOUNTS = "{label} has no users and databases yet: create them as the app's instructions say. "
WITH_ACCOUNTS = ("postgresql", "mysql", "influxdb")
UNRUNNABLE = (
    "{place} starts `{command}` beside the web server, which the app's environment cannot run. Set it up by yourself, "
    "or name a command that it can run under [app.processes] of the answers."
)
TIMED = (
    "{place} shows that `{command}` runs {time}, which it does not do without your answer. For that, add this line "
    "under [app.schedule] of the site's answers: {line}"
)


def service_offers(app: AppConfig) -> Iterator[Notice]:
    """Yield the servers that the app expects on this Pi, and that are not installed."""
    for one in app.local_services:
        package = SERVICES[one.name].package
        if package in app.packages or (package and package in app.archive.installed):
            continue
        yield _absent(one) if not package or app.archive.missing((package,)) else _package_offer(app, one, package)


def _absent(one: LocalService) -> Notice:
    return Notice("Server that the app needs", ABSENT.format(label=SERVICES[one.name].label, why=one.text))


def _package_offer(app: AppConfig, one: LocalService, package: str) -> OfferedCommand:
    label, packages = SERVICES[one.name].label, (*app.packages, package)
    sentence = NEEDED.format(label=label, why=one.text, packages=json.dumps(list(packages)))
    question = f"Install {package} for the app? {one.text[0].upper()}{one.text[1:]}"
    more = ACCOUNTS.format(label=label) if one.name in WITH_ACCOUNTS else ""
    return OfferedCommand("Server that the app needs", f"{more}{sentence}", question, package, packages, "app.packages")


def schedule_offers(app: AppConfig) -> Iterator[Notice]:
    """Yield the timed commands of the author, unless the answers name them."""
    if app.answers.get("app.schedule") is None:
        yield from map(_schedule_offer, app.found_schedules)


def _schedule_offer(one: FoundSchedule) -> OfferedCommand:
    line = f"{json.dumps(one.time)} = {json.dumps(one.command, ensure_ascii=False)}"
    sentence = TIMED.format(place=one.place, command=one.command, time=_spoken(one.time), line=line)
    question = f"Run `{one.command}` {_spoken(one.time)}? {one.place} shows it."
    return OfferedCommand(
        f"`{one.command}` at certain times", sentence, question, (one.time, one.command), key="app.schedule"
    )


def _spoken(time: str) -> str:
    return time if time[:1].islower() else f"at {time}"


def unrunnable_notices(app: AppConfig) -> Iterator[Notice]:
    """Yield what the app cannot run, unless the answers name the processes."""
    if app.answers.get("app.processes") is None:
        for one in app.unrunnable_programs:
            yield Notice("Program that does not run", UNRUNNABLE.format(place=one.place, command=one.command))
