"""Turn on an interface of the Raspberry Pi, which may need a restart."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from piwizard.changes import file
from piwizard.changes.base import IN_SYNC, ApplyContext, OwnershipIndex, Preview, Record, RestartNeeded
from piwizard.system import boot_config, commands, files, paths
from piwizard.system.boot_config import INTERFACES, BootInterface
from piwizard.system.lazy_dataclass import dataclass
from piwizard.system.system_cache import SystemCache

RASPI_CONFIG = "raspi-config"
MODULES = Path("/etc/modules-load.d")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
RESTART = "Restart the Pi with `sudo reboot`, then run `piwizard apply`: it continues here."

CONSOLE = "A login on the serial port disturbs the app: `sudo raspi-config nonint do_serial_cons 1` turns it off."


@dataclass(frozen=True)
class PiInterface:
    """An interface that is on.

    raspi-config turns it on if this Pi has it, else a line of `config`.
    """

    kind: ClassVar[str] = "interface"
    name: str
    config: Path

    def describe(self) -> str:
        return f"Turn on {self._interface.label}"

    @property
    def _interface(self) -> BootInterface:
        return INTERFACES[self.name]

    @property
    def _edit(self) -> file.EditedFile:
        name = self.name
        return file.EditedFile(self.config, lambda text: boot_config.turn_on(name, text), self._interface.line)

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        if boot_config.is_on(self.name, _text(self.config)):
            return IN_SYNC
        label = self._interface.label
        warning = (
            f"{label[0].upper()}{label[1:]} is off and is turned on for the app; that may need a restart of the Pi."
        )
        warnings = (warning, CONSOLE) if self.name == "serial" and self._console() else (warning,)
        if argv := self._raspi_config(on=True):
            return Preview(in_sync=False, argv=(argv,), warnings=warnings)
        preview = self._edit.probe(machine, memory)
        return Preview(in_sync=False, diff=preview.diff, edited=preview.edited, warnings=warnings)

    def apply(self, work: ApplyContext) -> None:
        argv = self._raspi_config(on=True)
        files.make_folders(restart_marker(self.name).parent)
        files.replace(restart_marker(self.name), b"")
        with work.shared():  # undone with the last site: other apps may use it too
            work.remember(self.kind, self.name, {"on": False, "by": "raspi-config" if argv else "file"})
            if argv:
                work.command(argv)
            else:
                self._load_module(work)
                self._edit.apply(work)

    def _console(self) -> bool:
        """Return whether the system's login uses the serial port."""
        return "console=serial0" in _text(self.config.with_name("cmdline.txt"))

    def _raspi_config(self, *, on: bool) -> tuple[str, ...]:
        return _raspi_config(self._interface, on=on)

    def _load_module(self, work: ApplyContext) -> None:
        module = self._interface.module
        if not module:
            return
        file.File(MODULES / f"piwizard-{module}.conf", f"{module}\n").apply(work)
        if commands.which("modprobe"):
            work.command(("modprobe", module), allow=commands.ANY_EXIT)


@dataclass(frozen=True)
class InterfacesStarted:
    """No interface waits for a restart of the Pi."""

    kind: ClassVar[str] = "restart"
    names: tuple[str, ...]

    def describe(self) -> str:
        return "Check that the interfaces of the Pi work"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        waiting = waiting_for_restart(self.names)
        return Preview(in_sync=False, diff=f"# {RESTART}") if waiting else IN_SYNC

    def apply(self, work: ApplyContext) -> None:
        if waiting := waiting_for_restart(self.names):
            files.make_folders(restart_record().parent)
            files.replace(restart_record(), _boot_id())
            raise RestartNeeded(restart_sentence(waiting), hint=RESTART)


def waiting_for_restart(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return which interfaces were turned on and do not work yet."""
    return tuple(name for name in names if restart_marker(name).exists() and not boot_config.is_present(name))


def restart_sentence(waiting: tuple[str, ...]) -> str:
    """Return that these interfaces work only after a restart."""
    labels = " and ".join(INTERFACES[name].label for name in waiting)
    is_on = "were turned on and work" if len(waiting) > 1 else "was turned on and works"
    return f"{labels[0].upper()}{labels[1:]} {is_on} from the next restart of the Pi."


def restart_marker(name: str) -> Path:
    """Return the file that says that an interface needs a restart.

    The restart removes it.
    """
    return paths.lock_file().parent / "restart" / name


def restart_record() -> Path:
    """Return the file with the boot in which a run stopped for a restart.

    It survives the restart.
    """
    return paths.state_dir() / "stopped-for-restart"


def was_restarted() -> bool:
    """Return whether the restart that a run stopped for is done.

    A later run removes the record.
    """
    stopped_in = files.read(restart_record())
    return stopped_in is not None and stopped_in != _boot_id()


def forget_restart() -> None:
    """Forget that a run stopped for a restart: another run has begun."""
    restart_record().unlink(missing_ok=True)


def _boot_id() -> bytes:
    return files.read(BOOT_ID) or b""


def undo(record: Record, work: ApplyContext) -> str | None:
    """Turn an interface off again.

    The lines of config.txt are undone as edits of that file.
    """
    name = record["target"]
    argv = _raspi_config(INTERFACES[name], on=False) if name in INTERFACES else ()
    if record["before"]["by"] == "raspi-config" and argv:
        work.command(argv)
    restart_marker(name).unlink(missing_ok=True)
    return None


def _raspi_config(interface: BootInterface, *, on: bool) -> tuple[str, ...]:
    """Return the command that turns an interface on or off; empty if there is none."""
    if not interface.raspi_config or commands.which(RASPI_CONFIG) is None:
        return ()
    return (RASPI_CONFIG, "nonint", f"do_{interface.raspi_config}", "0" if on else "1")


def _text(path: Path) -> str:
    return (files.read(path) or b"").decode("utf-8", "surrogateescape")
