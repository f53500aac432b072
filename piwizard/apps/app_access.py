"""Decide what an app may reach: networks, devices, the system bus, power."""

from __future__ import annotations

from functools import cached_property

from piwizard.answers.model import Answers
from piwizard.apps import network_access
from piwizard.apps.analysis import Analysis
from piwizard.apps.app_settings import given_value
from piwizard.apps.hardware import HardwareUse
from piwizard.apps.home_network import HomeNetworkUse, home_network_in_answers
from piwizard.system.devices import DEVICE_CLASSES
from piwizard.system.lazy_dataclass import dataclass


@dataclass(frozen=True)
class AppAccess:
    """The access of one app, by its answers and its code."""

    answers: Answers
    analysis: Analysis

    @cached_property
    def home_network(self) -> tuple[HomeNetworkUse, ...]:
        """Return the places in the code and in app.env that need the home network."""
        given = {name: given_value(self.answers, name) for name in self.answers.get("app.env", {})}
        return (*(self.analysis.network or ()), *home_network_in_answers(given))

    @property
    def network(self) -> str:
        """Return what the app may reach.

        That is the answer, else what was agreed when the site was set up, else what the code needs. So no new version
        of an app opens the home network by itself.
        """
        found = network_access.HOME if self.home_network else network_access.INTERNET
        wanted: str = self.answers.get("app.network") or network_access.agreed_network(str(self.answers.site)) or found
        return wanted

    @property
    def network_reason(self) -> str:
        """Return why the app gets home network access without an answer; "" otherwise."""
        unasked = self.network == network_access.HOME and "app.network" not in self.answers.values
        return ", and ".join(use.text for use in self.home_network[:2]) if unasked else ""

    @property
    def dbus(self) -> bool:
        """Return whether the app needs the system bus and may use it."""
        home = self.network == network_access.HOME and any(use.dbus for use in self.home_network)
        return home or bool(self.may)

    @property
    def may(self) -> tuple[str, ...]:
        """Return what the app may do with the whole machine: "reboot", "poweroff"."""
        return tuple(self.answers.get("app.may", ()))

    @property
    def hardware_uses(self) -> tuple[HardwareUse, ...]:
        """Return the places in the code that use hardware, whatever was answered."""
        return self.analysis.hardware or ()

    @cached_property
    def hardware(self) -> tuple[str, ...]:
        """Return the device classes that the app may use."""
        found = {kind for use in self.hardware_uses for kind in use.kinds}
        wanted = self.answers.get("app.hardware", found)
        return tuple(kind for kind in DEVICE_CLASSES if kind in wanted)
