"""Set up the client that tells the DDNS provider about a new public IP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from piwizard.changes.apt import Packages
from piwizard.changes.base import Change
from piwizard.changes.file import File
from piwizard.changes.folder import Folder
from piwizard.changes.systemd_unit import DisabledUnit, RunningUnit
from piwizard.changes.transaction import Activation, Transaction
from piwizard.dns import ddclient, noip_duc
from piwizard.dns.ddns_account import Account
from piwizard.dns.noip_duc import NoipPackage
from piwizard.dns.reset_backoff import ResetBackoff
from piwizard.errors import PiwizardError
from piwizard.steps.step import PlanContext
from piwizard.system import paths, systemd

UNITS = Path("/etc/systemd/system")


def ddclient_changes(account: Account, minutes: int, context: PlanContext) -> Sequence[Change]:
    """Return the changes for ddclient.

    The settings come first: without them, its package would ask for them and start ddclient.
    """
    system = context.machine.os
    debian = int(system.version) if system.version.isdigit() else None
    version = ddclient.version_for(context.installed.get("ddclient"), debian)
    settings, drop_in = ddclient.settings_path(version), UNITS / f"{ddclient.SERVICE}.d"
    gateway = context.machine.network.gateway6
    text = ddclient.render_settings(account, version, gateway.interface if gateway else None)
    own = (
        File(settings, text, 0o600, secret=True, takes_over=True),
        File(ddclient.DEFAULTS, ddclient.render_defaults(minutes), takes_over=True),
        File(drop_in / "piwizard.conf", ddclient.render_limits()),
    )
    folders = (Folder(drop_in), *((Folder(settings.parent),) if version >= (4, 0) else ()))
    return (
        DisabledUnit(noip_duc.SERVICE),
        *folders,
        _activated("ddclient-settings", own, ddclient.SERVICE),
        Packages(ddclient.packages(version), starts=(ddclient.SERVICE,)),
        RunningUnit(ddclient.SERVICE),
        ResetBackoff(account, settings),
    )


def noip_duc_changes(account: Account, minutes: int, context: PlanContext) -> Sequence[Change]:
    """Return the changes for noip-duc, or say why it cannot be used."""
    use_debians = 'Set ddns.client to "ddclient".'
    if account.provider.name != "no-ip" or account.server != account.provider.server:
        wrong = "noip-duc, the client of No-IP, can only update domains of No-IP"
        raise PiwizardError(f"ddns.client: {wrong}.", key="ddns.client", hint=use_debians)
    if account.ipv6:
        raise PiwizardError(
            "ddns.ipv6: noip-duc is set up for IPv4 only.", key="ddns.ipv6", hint="Set ddns.ipv6 to false."
        )
    if context.machine.architecture.armv6:
        wrong = "No-IP has no package of noip-duc for the processor of this board (ARMv6)"
        raise PiwizardError(f"ddns.client: {wrong}.", key="ddns.client", hint=use_debians)
    own = (
        File(noip_duc.DEFAULTS, noip_duc.render_defaults(account, minutes), 0o600, secret=True, takes_over=True),
        File(UNITS / noip_duc.SERVICE, noip_duc.render_service(), takes_over=True),
    )
    return (
        NoipPackage(paths.cache_dir()),
        DisabledUnit(ddclient.SERVICE),
        _activated("noip-duc-settings", own, noip_duc.SERVICE),
        RunningUnit(noip_duc.SERVICE),
    )


def _activated(name: str, own: tuple[File, ...], service: str) -> Transaction:
    activate = (
        Activation(("systemctl", "daemon-reload")),
        Activation(("systemctl", "try-restart", service), unit=service),
    )
    return Transaction(name, own, activate=activate, verify=lambda: _problem(service))


def _problem(service: str) -> str | None:
    """Return what is wrong with a client that was just restarted; None if nothing is, or it does not exist."""
    state = systemd.read_states([service])[service]
    return f"{service} does not run with its new settings." if state.failed else None
