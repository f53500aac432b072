"""Test what becomes of errors that nobody has foreseen."""

from __future__ import annotations

from pathlib import Path

from piwizard.errors import PiwizardError
from piwizard.system import error_report


def test_unforeseen_error_details_are_readable_only_by_root(own_places: Path) -> None:
    try:
        raise ValueError("of a kind")
    except ValueError as error:
        problem = error_report.explain_unforeseen(error)
    file = own_places / "log" / "unforeseen.txt"
    assert problem.message == "Something unforeseen happened: of a kind"
    assert str(file) in problem.hint
    assert "ValueError: of a kind" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_unforeseen_error_is_shown_when_details_cannot_be_saved(own_places: Path) -> None:
    (own_places / "log").write_text("not a folder")
    problem = error_report.explain_unforeseen(OSError(28, "No space left on device"))
    assert problem.message == "The disk is full."
    assert "could not be saved" in problem.hint


def test_repeated_error_is_not_written_again(own_places: Path) -> None:
    """A timer that meets it every few minutes must not wear out the card."""
    problem = ValueError("of a kind")
    error_report.explain_unforeseen(problem)
    file = own_places / "log" / "unforeseen.txt"
    inode = file.stat().st_ino
    error_report.explain_unforeseen(problem)
    assert file.stat().st_ino == inode


def test_error_for_people_stays() -> None:
    refused = PiwizardError("No.")
    assert error_report.as_piwizard_error(refused) is refused
