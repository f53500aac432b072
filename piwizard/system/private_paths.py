"""What belongs to root alone, closed to everybody else."""

from __future__ import annotations

import os
import stat

from piwizard.system import paths


def close_own_places() -> None:
    """Take from everybody but root what earlier versions of piwizard left readable, the answers above all."""
    answers, previous = paths.answers_file(), paths.previous_answers()
    folders = (answers.parent, paths.state_dir(), paths.logs_dir())
    for path, mode in (*((folder, 0o700) for folder in folders), (answers, 0o600), (previous, 0o600)):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # not there; or a link, which then is the person's own doing
            continue
        try:
            if stat.S_IMODE(os.fstat(handle).st_mode) & ~mode:
                os.fchmod(handle, mode)
        finally:
            os.close(handle)
