"""Generate Diffie-Hellman parameters in piwizard-dhparam.service.

openssl prints a dot for each candidate. The unit writes the dots to a file in /run, which shows the progress.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import commands, files, openssl_dhparam, paths
from piwizard.system.background_job import BackgroundJob, JobProgress

UNIT = "piwizard-dhparam.service"
PROGRESS_FILE = Path("/run/piwizard-dhparam.progress")
HEADING = re.compile(rb"(\d+) bit")
"""openssl's first line: "Generating DH parameters, 2048 bit long safe prime"."""


def generator_folder() -> Path:
    """Return the folder that the unit writes to; /var/lib/piwizard/dhparam for root."""
    return paths.state_dir() / "dhparam"


def partial_file() -> Path:
    """Return the file that openssl writes to.

    It exists while a generation is requested and not finished.
    """
    return generator_folder() / "partial.pem"


def generated_file() -> Path:
    """Return the file with complete parameters, which the next run installs."""
    return generator_folder() / "generated.pem"


def generate(bits: int) -> None:
    """Generate parameters, unless complete ones are there. Runs in the unit.

    Raise PiwizardError if openssl fails.
    """
    partial = partial_file()
    if openssl_dhparam.parse_parameters(files.read(generated_file()) or b"") is None:
        with PROGRESS_FILE.open("w", encoding="utf-8") as printed:

            def keep(text: str) -> None:
                printed.write(text)
                printed.flush()

            result = commands.run(openssl_dhparam.dhparam_command(bits, partial), on_text=keep)
        if result.ok:
            result = commands.run(("openssl", "dhparam", "-check", "-noout", "-in", str(partial)))
        if not result.ok:
            raise PiwizardError(
                f"openssl could not generate DH parameters: {result.last_lines}",
                hint="`piwizard apply dhparam` tries again.",
            )
        files.replace(generated_file(), partial.read_bytes(), mode=0o600)
    partial.unlink(missing_ok=True)


def read_progress() -> JobProgress:
    """Read the progress of openssl.

    Every candidate has the same chance, so the duration varies a lot.
    """
    if generated_file().exists():
        return JobProgress(100, "generated, waiting to be installed")
    printed = files.read(PROGRESS_FILE) or b""
    tried, heading = printed.count(b"."), HEADING.search(printed)
    if not tried or heading is None:
        return JobProgress(0, "generating, 0 %")
    share = tried / openssl_dhparam.expected_candidates(int(heading[1]))
    try:
        seconds = max(1.0, time.time() - partial_file().stat().st_mtime)  # openssl writes it when it is done
    except FileNotFoundError:
        seconds = 1.0
    spent, usual = openssl_dhparam.format_duration(seconds), openssl_dhparam.format_duration(seconds / share)
    if share >= 1:
        return JobProgress(99, f"generating, 99 %: {spent} so far, longer than the usual {usual}")
    percent = min(99, int(share * 100))
    return JobProgress(percent, f"generating, {percent} %: {spent} so far, usually {usual} on this board")


def remove_files() -> None:
    """Remove all files of the unit."""
    files.remove(generator_folder())
    PROGRESS_FILE.unlink(missing_ok=True)


JOB = BackgroundJob(UNIT, "The generation of DH parameters", read_progress, partial_file)
