"""Test that the lock files match pyproject.toml on every Python and machine.

pip installs no file that they do not list.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import importlib.metadata
import re
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests import lock as locking

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ENTRY = re.compile(r"(?P<files>(?:#   \S+\n)+)(?P<name>[\w.-]+)==(?P<version>[\w.]+)(?: ; (?P<marker>[^\\]+))?"
                   r"(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")  # fmt: skip
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("armv6l", "armv7l", "aarch64", "x86_64")


@dataclass(frozen=True)
class Locked:
    """A package of a lock file."""

    name: str
    version: str
    files: tuple[str, ...]
    hashes: int


def read(kind: str) -> dict[str, Locked]:
    text = locking.LOCKS[kind].read_text()
    found = list(ENTRY.finditer(text))
    lines = [line for line in text.splitlines()[1:] if line]
    assert len(lines) == sum(len(entry[0].splitlines()) for entry in found), "a line of the lock file is not understood"
    assert not [entry["name"] for entry in found if entry["marker"]], "the list depends on the machine"
    return {
        entry["name"]: Locked(
            entry["name"],
            entry["version"],
            tuple(line[4:] for line in entry["files"].splitlines()),
            entry["hashes"].count("--hash"),
        )
        for entry in found
    }


def needed(environment: dict[str, str], locked: dict[str, Locked]) -> set[str]:
    """Return what pyproject.toml requires on such a machine, with all dependencies."""
    waiting = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
    found: dict[str, set[str]] = {}
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        if asked.extras | {""} <= found.get(name, set()):
            continue
        found.setdefault(name, set()).update(asked.extras, {""})
        assert name in locked, f"{name} is not in the lock: python -m tests.lock"
        assert asked.specifier.contains(locked[name].version), f"{asked}, and {locked[name].version} is locked"
        for line in importlib.metadata.requires(name) or ():
            further = Requirement(line)
            wanted = (environment | {"extra": extra} for extra in (*asked.extras, ""))
            if further.marker is None or any(further.marker.evaluate(one) for one in wanted):
                waiting.append(further)
    return set(found)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", MACHINES)
def test_lock_contains_every_dependency(python: str, machine: str) -> None:
    environment = {
        "python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine,
        "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix",
        "implementation_name": "cpython", "platform_python_implementation": "CPython",
    }  # fmt: skip
    locked = read("runtime")
    assert needed(environment, locked) == set(locked), "the lock has other packages, too"
    for package in locked.values():
        supported = importlib.metadata.metadata(package.name)["Requires-Python"]
        assert supported is None or Requirement(f"python{supported}").specifier.contains(f"{python}.0"), package.name


def test_tests_run_with_the_locked_versions() -> None:
    installed = {name: importlib.metadata.version(name) for name in read("runtime")}
    assert installed == {package.name: package.version for package in read("runtime").values()}


@pytest.mark.parametrize("kind", locking.LOCKS)
def test_lock_has_a_file_for_every_machine(kind: str) -> None:
    packages = read(kind).values()
    assert packages
    for package in packages:
        assert package.hashes == len(package.files)
        pure = [name for name in package.files if locking.PURE.search(name)]
        source = [name for name in package.files if name.endswith(".tar.gz")]
        assert bool(pure) != bool(source), f"{package.name}: a wheel for every machine, else its source"
        assert kind == "runtime" or pure, "a build tool must not need a build itself"


def test_only_markupsafe_may_have_to_be_built() -> None:
    """Allow only one package without wheels: markupsafe builds without a compiler.

    tests/component/test_install_upgrade.py tries that.
    """
    built = [package.name for package in read("runtime").values() if package.files[-1].endswith(".tar.gz")]
    assert built == ["markupsafe"]


def test_build_lock_fits_the_build_system() -> None:
    (setuptools,) = read("build").values()
    (asked,) = map(Requirement, PROJECT["build-system"]["requires"])
    assert setuptools.name == asked.name
    assert Version(setuptools.version) in asked.specifier


# What pip does with it


def wheel(folder: Path, tag: str, code: str) -> tuple[Path, str]:
    """Make a package `thing` 1.0 with that code, and return its SHA-256."""
    info = "thing-1.0.dist-info"
    files = {
        "thing.py": code,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    digests = {name: hashlib.sha256(text.encode()).digest() for name, text in files.items()}
    record = [f"{name},sha256={base64.urlsafe_b64encode(d).decode().rstrip('=')}," for name, d in digests.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"thing-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def index(folder: Path, tag: str, code: str, *, with_hash: bool = True) -> str:
    """Make an index below `folder` with such a package; return its file's hash."""
    path, digest = wheel(folder / "simple/thing", tag, code)
    fragment = f"#sha256={digest}" if with_hash else ""
    (path.parent / "index.html").write_text(f'<!DOCTYPE html><a href="{path.name}{fragment}">{path.name}</a>')
    return digest


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Serve the folder `tmp_path`, and return its address."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, *_: object) -> None:
        return


def pip(target: Path, lock: Path, *options: str) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-I", "-m", "pip", "--isolated", "--no-cache-dir", "install", "--target", str(target))
    locked = ("--require-hashes", "--no-deps", "-r", str(lock))
    env = {"PIP_CONFIG_FILE": "/dev/null", "PATH": "/usr/bin:/bin"}
    return subprocess.run((*argv, *locked, *options), capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize("with_hash", [True, False])
@pytest.mark.parametrize("tag", ["py3-none-any", f"cp3{sys.version_info[1]}-none-any"])
def test_other_build_of_another_index_is_ignored(tmp_path: Path, served: str, tag: str, with_hash: bool) -> None:
    """Ignore it even if its wheels fit the machine better, as those of piwheels do."""
    good = index(tmp_path / "main", "py3-none-any", "made = 'by its authors'")
    index(tmp_path / "other", tag, "made = 'by others'", with_hash=with_hash)
    lock = tmp_path / "lock"
    lock.write_text(f"thing==1.0 --hash=sha256:{good}\n")
    where = (f"--index-url={served}/main/simple", f"--extra-index-url={served}/other/simple")
    ended = pip(tmp_path / "target", lock, *where)
    assert ended.returncode == 0, ended.stderr
    assert "by its authors" in (tmp_path / "target/thing.py").read_text()


def test_altered_kept_file_is_refused(tmp_path: Path) -> None:
    _, good = wheel(tmp_path / "good", "py3-none-any", "made = 'by its authors'")
    wheel(tmp_path / "kept", "py3-none-any", "made = 'by others'")
    lock = tmp_path / "lock"
    lock.write_text(f"thing==1.0 --hash=sha256:{good}\n")
    refused = pip(tmp_path / "target", lock, "--no-index", f"--find-links={tmp_path / 'kept'}")
    assert refused.returncode != 0
    assert not (tmp_path / "target/thing.py").exists()
    assert pip(tmp_path / "target", lock, "--no-index", f"--find-links={tmp_path / 'good'}").returncode == 0
