"""Diffie-Hellman parameters that openssl generates in the background: minutes on a new board, hours on an old one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from piwizard.changes.base import IN_SYNC, ApplyContext, ChangeFailed, OwnershipIndex, Preview, Record
from piwizard.system import dhparam_generator as generator
from piwizard.system import files, openssl_dhparam
from piwizard.system.system_cache import SystemCache


@dataclass(frozen=True)
class Generate:
    """A file with parameters of that many bits, generated on this machine by piwizard-dhparam.service.

    A run starts the unit and ends. When the unit has whole parameters, it starts another run, which puts them in place.
    """

    kind: ClassVar[str] = "dhparam"
    path: Path
    bits: int

    def describe(self) -> str:
        return f"Generate Diffie-Hellman parameters of {self.bits} bits in the background"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        now = files.read(self.path)
        ours = now is not None and memory.wrote(self.path, files.digest(now))
        if now is not None and ours and _bits(now) == self.bits:
            return (
                Preview(in_sync=False, diff=f"-{generator.generator_folder()}")
                if generator.generator_folder().exists()
                else IN_SYNC
            )
        edited = now is not None and not ours and not _agreed(now)
        if self._generated() is not None:
            return Preview(in_sync=False, diff=f"+{self.path}", edited=edited)
        job = machine.unit(generator.UNIT)
        argv = openssl_dhparam.dhparam_command(self.bits, generator.partial_file())
        return Preview(in_sync=False, argv=(argv,), edited=edited, pending=job.running and not job.stale)

    def apply(self, work: ApplyContext) -> None:
        now = files.read(self.path)
        ours = now is not None and work.wrote(self.path, files.digest(now))
        if now is not None and ours and _bits(now) == self.bits:
            generator.remove_files()  # interrupted just before its end
            return
        if now is not None and not ours and not work.overwrite and not _agreed(now):
            raise ChangeFailed(
                f"{self.path} is not as piwizard wrote it, so it was left as it is.",
                hint="Move it away, or let `piwizard apply --yes` replace it.",
            )
        found = self._generated()
        if found is None:
            self._start(work, replaces=now)
            return
        work.write(self.path, found, 0o644, files.ROOT.ids())
        generator.remove_files()

    def _generated(self) -> bytes | None:
        """Return what the unit has generated; None where that is not whole, or of another size."""
        found = files.read(generator.generated_file())
        return found if found is not None and _bits(found) == self.bits else None

    def _start(self, work: ApplyContext, *, replaces: bytes | None) -> None:
        work.remember("dhparam", str(generator.partial_file()), {"unit": generator.UNIT})
        job = work.machine.unit(generator.UNIT)
        if not job.running or job.stale:  # stale: it runs with the answers of before
            work.command(("systemctl", "stop", generator.UNIT), allow=range(256))
            generator.remove_files()
            files.make_folders(generator.generator_folder(), 0o700)
            if replaces is not None:
                files.replace(_consent(), files.digest(replaces).encode(), mode=0o600)
            files.replace(generator.partial_file(), b"", mode=0o600)
            work.command(("systemctl", "daemon-reload"))
            work.command(("systemctl", "start", generator.UNIT))
        work.continue_in(generator.JOB)


@dataclass(frozen=True)
class NotGenerating:
    """No parameters are generated, as the answers no longer ask for that."""

    kind: ClassVar[str] = "dhparam"

    def describe(self) -> str:
        return f"Stop {generator.UNIT}"

    def probe(self, machine: SystemCache, memory: OwnershipIndex) -> Preview:
        wanted = generator.generator_folder().exists() or machine.unit(generator.UNIT).running
        return Preview(in_sync=False, argv=(("systemctl", "stop", generator.UNIT),)) if wanted else IN_SYNC

    def apply(self, work: ApplyContext) -> None:
        work.command(("systemctl", "stop", generator.UNIT), allow=range(256))
        generator.remove_files()


def _consent() -> Path:
    """Return the file with the hash of a file edited by hand that a person allowed to replace."""
    return generator.generator_folder() / "replaces"


def _agreed(content: bytes) -> bool:
    return files.read(_consent()) == files.digest(content).encode()


def _bits(pem: bytes) -> int:
    found = openssl_dhparam.parse_parameters(pem)
    return found.bits if found else 0


def undo(record: Record, work: ApplyContext) -> str | None:
    """Stop the generation and remove its files. The parameters in use have a record of their own."""
    if unit := record["before"].get("unit"):  # not in records of earlier versions
        work.command(("systemctl", "stop", unit), allow=range(256))
        generator.remove_files()
    Path(record["target"]).unlink(missing_ok=True)
    return None
