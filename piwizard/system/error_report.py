"""Save the details of errors that nobody has foreseen."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from piwizard import errors
from piwizard.errors import PiwizardError
from piwizard.system import console, files, paths, printable


def explain_unforeseen(problem: Exception) -> PiwizardError:
    """Return the error to show for an unhandled exception; save its traceback."""
    path = paths.logs_dir() / "unforeseen.txt"
    try:
        details = console.without_secrets("".join(traceback.format_exception(problem)))
        content = "".join(f"{printable.line(line)}\n" for line in details.splitlines()).encode("utf-8", "replace")
        if files.read(path) != content:  # a timer meets the same error each time
            files.make_folders(path.parent)
            files.replace(path, content, mode=0o600)
    except OSError as error:
        hint = f"The details could not be saved: {error.strerror}. Fix that, then run the command again."
        return PiwizardError(errors.unforeseen(problem), hint=hint)
    return PiwizardError(errors.unforeseen(problem), hint=f"The details are in {path}. Please report them.")


def as_piwizard_error(problem: Exception) -> PiwizardError:
    """Return an error for people, whatever went wrong."""
    return problem if isinstance(problem, PiwizardError) else explain_unforeseen(problem)


@contextmanager
def only_for_people() -> Iterator[None]:
    """Turn every error of a block into one for people.

    For work on one of several sites: whatever its files do must not end the work on the others.
    """
    try:
        yield
    except Exception as error:
        raise as_piwizard_error(error) from error
