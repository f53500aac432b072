"""Trace the system calls of a journey that change files below a folder."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from piwizard.system import commands

NAMES = "mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,symlink,symlinkat,link,linkat"
DATA = "open,openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,sendfile,copy_file_range"
SYNCS = "fsync,fdatasync,sync,syncfs,sync_file_range"
LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
ARGUMENT = re.compile(
    r'"(?P<text>(?:\\x[0-9a-f]{2})*)"(?P<cut>\.\.\.)?|(?P<fd>AT_FDCWD|-?\d+)<(?P<path>(?:\\x[0-9a-f]{2})*)>(?P<deleted>\(deleted\))?'
    r"|(?P<word>[^,\"<>]+)"
)


@dataclass(frozen=True)
class Call:
    """One successful system call: its paths are absolute, its data complete."""

    name: str
    paths: tuple[Path, ...]
    data: bytes = b""
    flags: str = ""
    number: int = 0
    """The offset or length, if the call has one."""


def record(journey: str, root: Path, notes: Path) -> list[Call]:
    """Run a journey in its own process; return its calls below `root` and on `notes`."""
    told = root.with_name(f"{root.name}.strace")
    strace = ("strace", "-f", "-y", "-xx", "-s", "1000000", "-e", "signal=none", "-e", f"trace={NAMES},{DATA},{SYNCS}")
    program = (sys.executable, "-m", "tests.unit.crash.journeys", journey, str(root), str(notes))
    result = commands.run(
        (*strace, "-o", str(told), *program),
        env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert result.ok, f"the journey {journey} failed:\n{result.output}{result.errors}"
    calls = [call for line in _whole(told.read_text().splitlines()) if (call := _parse(line))]
    told.unlink()
    return [call for call in calls if not call.paths or any(one.is_relative_to(root.parent) for one in call.paths)]


def _whole(lines: list[str]) -> list[str]:
    """Join lines of calls that another process interrupted."""
    begun: dict[str, str] = {}
    whole = []
    for line in lines:
        process = line.split()[0]
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>").rstrip()
        elif " resumed>" in line:
            whole.append(begun.pop(process) + line.partition(" resumed>")[2])
        else:
            whole.append(line)
    return whole


def _parse(line: str) -> Call | None:
    match = LINE.match(line)
    assert match or line.split(None, 1)[1].startswith("+++") or line.endswith("= ?"), line
    if match is None or match[3].startswith("-"):
        return None
    name, result = match[1], int(match[3])
    paths: list[Path] = []
    data, words = b"", []
    folder: Path | None = None
    for found in ARGUMENT.finditer(match[2]):
        if found["word"] is not None:
            words.append(found["word"].strip())
        elif found["fd"] == "AT_FDCWD":
            folder = Path(_decoded(found["path"]).decode())
        elif found["fd"] is not None:
            where = Path(_decoded(found["path"]).decode(errors="replace"))
            if name.endswith("at") or name == "renameat2":
                folder = where
            else:
                paths.append(where)
        else:
            assert found["cut"] is None, "strace cut a string"
            text = _decoded(found["text"])
            if name.startswith(("write", "pwrite")):
                data += text
            elif name.startswith("symlink") and not data:
                data = text
            else:
                paths.append((folder or Path("/")) / text.decode())
    words = [word for word in words if word]
    numbers = [int(word) for word in words if word.isdigit()]
    if name in ("write", "writev", "pwrite64"):
        data = data[:result]
    number = numbers[-1] if name in ("pwrite64", "ftruncate", "truncate") else result if name.startswith("open") else 0
    return Call(name, tuple(paths), data, " ".join(words), number)


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
