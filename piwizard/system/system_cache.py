"""One look at the machine, shared by the probes of a plan, so that many changes cost few questions."""

from __future__ import annotations

from collections.abc import Iterable

from piwizard.system import dpkg, systemd


class SystemCache:
    """What probes ask of the machine. Answers are kept until `forget`, which follows each applied change."""

    def __init__(self) -> None:
        self._packages: dict[str, str] | None = None
        self._units: dict[str, systemd.UnitState] = {}

    def package(self, name: str) -> str | None:
        """The installed version of a Debian package, None if it is not installed."""
        if self._packages is None:
            self._packages = dpkg.installed()
        return self._packages.get(name)

    def look_at_units(self, names: Iterable[str]) -> None:
        """Asks systemd about many units at once, for the probes that follow."""
        self._units |= systemd.ask(name for name in names if name not in self._units)

    def unit(self, name: str) -> systemd.UnitState:
        """The state of a systemd unit."""
        self.look_at_units([name])
        return self._units[name]

    def forget(self) -> None:
        """Something was altered: ask anew."""
        self._packages = None
        self._units.clear()
