"""Read units and environment files with systemd's own code."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

LIBRARIES = sorted(Path("/usr/lib").glob("*/systemd/libsystemd-shared-*.so"))
UNQUOTE, CUNESCAPE = 1 << 5, 1 << 1
"""Flags of its extract-word.h, as used to split ExecStart= and Environment=."""


def library() -> ctypes.CDLL:
    """Return systemd's own functions, after a check that they are the right ones."""
    if not LIBRARIES or shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed (apt-get install systemd)")
    loaded = ctypes.CDLL(str(LIBRARIES[-1]))
    loaded.extract_first_word.argtypes = [
        ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_char_p), ctypes.c_char_p, ctypes.c_int,
    ]  # fmt: skip
    loaded.load_env_file.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.POINTER(ctypes.c_char_p)),
    ]  # fmt: skip
    return loaded


def words(line: str) -> list[str]:
    """Return the words of a line, unquoted; specifiers and variables stay unchanged."""
    rest, found = ctypes.c_char_p(line.encode()), []
    while True:
        word = ctypes.c_char_p()
        result = library().extract_first_word(ctypes.byref(rest), ctypes.byref(word), None, UNQUOTE | CUNESCAPE)
        assert result >= 0, f"systemd cannot read {line!r}: {result}"
        if result == 0:
            return found
        found.append((word.value or b"").decode())


def environment_file(path: Path) -> dict[str, str]:
    """Return the variables that EnvironmentFile= reads from a file."""
    found = ctypes.POINTER(ctypes.c_char_p)()
    result = library().load_env_file(None, str(path).encode(), ctypes.byref(found))
    assert result >= 0, f"systemd cannot read {path}: {result}"
    pairs, at = {}, 0
    while found and (pair := found[at]) is not None:
        name, _, value = pair.decode().partition("=")
        pairs[name] = value
        at += 1
    return pairs


def plain(word: str, *, variables: bool) -> str:
    """Return a word, which must contain no specifier and no variable."""
    assert not re.search(r"(?<!%)(%%)*%(?!%)", word), f"{word!r} contains a specifier"
    word = word.replace("%%", "%")
    if variables:
        assert not re.search(r"(?<!\$)(\$\$)*\$(?!\$)", word), f"{word!r} contains a variable"
        word = word.replace("$$", "$")
    return word


def settings(text: str) -> list[tuple[str, str]]:
    """Return the lines of a unit, without comments."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("#", ";"))]
    assert not any(line.endswith("\\") for line in lines), "a line continues in the next one"
    return [line.partition("=")[::2] for line in lines if not line.startswith("[")]


def verify(units: Mapping[str, str], folder: Path) -> str | None:
    """Return the warnings of systemd-analyze about these units; None without any."""
    library()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in units.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in units)],
        capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"},
    )  # fmt: skip
    said = done.stdout + done.stderr
    return said or f"exit code {done.returncode}" if said or done.returncode else None
