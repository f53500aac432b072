"""Cache the system queries that the probes of a plan share."""

from __future__ import annotations

from collections.abc import Iterable

from piwizard.system import dpkg, systemd


class SystemCache:
    """Cached answers of dpkg and systemd, cleared after each applied change."""

    def __init__(self) -> None:
        self._packages: dict[str, str] | None = None
        self._units: dict[str, systemd.UnitState] = {}

    def package(self, name: str) -> str | None:
        """Return the installed version of a Debian package; None if it is not installed."""
        if self._packages is None:
            self._packages = dpkg.installed_versions()
        return self._packages.get(name)

    def load_units(self, names: Iterable[str]) -> None:
        """Load the states of several units with one call."""
        self._units |= systemd.read_states(name for name in names if name not in self._units)

    def unit(self, name: str) -> systemd.UnitState:
        """Return the state of a systemd unit."""
        self.load_units([name])
        return self._units[name]

    def forget(self) -> None:
        """Clear the cache after a change."""
        self._packages = None
        self._units.clear()
