from __future__ import annotations

from pathlib import Path

import pytest

from piwizard.changes import environment_reuse
from piwizard.changes.environment_reuse import reuse_environment
from piwizard.changes.error_hints import missing_packages, too_new
from piwizard.changes.pip_install import PipInstall
from piwizard.changes.virtualenv import Virtualenv, absent_package_hint, pips_reason
from piwizard.system.commands import Result

BUILD = ("note: This error originates from a subprocess.", "error: subprocess-exited-with-error", "exit code: 1")


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (
            ("  Error: pg_config executable not found.", *BUILD),
            "A package cannot be built: Error: pg_config executable not found.",
        ),
        (
            ("  ModuleNotFoundError: No module named 'imp'", *BUILD),
            "A package cannot be built: ModuleNotFoundError: No module named 'imp'",
        ),
        (
            ("  src/x.c:12:10: fatal error: ffi.h: No such file or directory", *BUILD),
            "A package cannot be built: src/x.c:12:10: fatal error: ffi.h: No such file or directory",
        ),
        (
            ("Collecting nosuch", "ERROR: No matching distribution found for nosuch"),
            "There is no nosuch for this Python and this Pi.",
        ),
        (
            (
                "ERROR: Could not find a version that satisfies the requirement spidev==20200602 (from versions: 2, 3)",
                "ERROR: No matching distribution found for spidev==20200602",
            ),
            "There is no spidev==20200602 for this Python and this Pi; the last versions are 2, 3.",
        ),
        (
            (
                "error: Command '['gcc', '-I/srv']' returned non-zero exit status 1.",
                "ERROR: Failed to build installable wheels for some pyproject.toml based projects (greenlet, lxml)",
            ),
            "There is no wheel of greenlet, lxml for this Pi, and compiling it failed.",
        ),
        (("Killed",), "Killed"),
    ],
)
def test_reason_is_found_in_the_output_of_pip(tail: tuple[str, ...], reason: str) -> None:
    assert pips_reason(tail) == reason


@pytest.mark.parametrize(
    "line",
    [
        "ModuleNotFoundError: No module named 'distutils'",
        "NameError: name 'CCompiler' is not defined.",
        "AssertionError: Class <class 'SQLCoreOperations'> directly inherits TypingOnly but has additional attributes",
        "AttributeError: module 'ssl' has no attribute 'wrap_socket'",
    ],
)
def test_version_too_old_for_this_python_is_named(line: str) -> None:
    failed = Result(("pip",), 1, "", "", (f"  {line}",), 1.0)
    assert "too old for this Python" in (too_new(failed) or "")
    assert too_new(Result(("pip",), 1, "", "", ("No module named 'mine'",), 1.0)) is None


def test_package_that_failed_to_build_is_named() -> None:
    output = "Collecting flask\nCollecting greenlet==3.0.1 (from -r requirements.txt (line 3))\n  Downloading\n"
    failed = ("  ModuleNotFoundError: No module named 'imp'", *BUILD)
    assert pips_reason(failed, output).startswith("greenlet==3.0.1 cannot be built: ")


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("error: command 'gcc' failed: No such file or directory", "gcc"),
        ("error: command 'aarch64-linux-gnu-gcc' failed: No such file or directory", "gcc"),
        ("  Error: pg_config executable not found.", "libpq-dev"),
        ("  c/_cffi_backend.c:15:10: fatal error: ffi.h: No such file or directory", "libffi-dev"),
        ("ERROR: Unknown compiler(s): [['cc'], ['gcc'], ['clang']]", "g++"),
    ],
)
def test_packages_that_a_build_lacks_are_found(line: str, package: str) -> None:
    assert package in missing_packages((line,))


def test_missing_packages_is_empty_for_other_failures() -> None:
    assert missing_packages(("ERROR: No matching distribution found for nosuch",)) == ()
    assert missing_packages(("ModuleNotFoundError: No module named 'imp'",)) == ()


def test_package_that_pypi_lacks_can_be_skipped():
    hint = absent_package_hint(("ERROR: No matching distribution found for spidev==20200602",))
    assert 'skip_requirements = ["spidev"]' in hint
    assert absent_package_hint(("ERROR: something else",)) == ""


def test_no_module_of_the_code_is_imported_by_a_build(tmp_path: Path) -> None:
    """The commands run in the code, which may have a logging.py that is not Python's."""
    build = Virtualenv(tmp_path / "venv", "python3", tmp_path / "app", PipInstall(("flask",)), "blog")
    commands = [build._create(), *build._calls()]
    assert len(commands) > 1
    assert all(argv[1:3] == ("-I", "-m") for argv in commands)


def test_environment_with_files_larger_than_every_disk_is_built_again(tmp_path: Path, working, monkeypatch) -> None:
    monkeypatch.setattr(environment_reuse, "MAX_SEARCHED_BYTES", 1000)
    source, target = tmp_path / "one" / "venv", tmp_path / "two" / "venv"
    (source / "bin").mkdir(parents=True)
    target.parent.mkdir()
    (source / "huge").write_bytes(bytes(1001))
    assert not reuse_environment(source, target, "root", working())
    assert not target.exists()
    (source / "huge").unlink()
    assert reuse_environment(source, target, "root", working())
