"""Find requirement lines that pip cannot install on a Pi, and why."""

from __future__ import annotations

import posixpath
import re

from piwizard.apps import pyproject
from piwizard.apps.conda_environment import CONDA_OWN, CONDA_OWN_PREFIXES, PACKAGE_OF_CONDA
from piwizard.apps.import_scan import is_known_package
from piwizard.apps.modules import join_path, parent_folder
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.requirement_lists import ListedLine
from piwizard.apps.version_specs import distribution_of, normalized_name
from piwizard.system.lazy_dataclass import dataclass

WINDOWS_ONLY = frozenset({
    "kivy-deps-angle", "kivy-deps-glew", "kivy-deps-sdl2", "pypiwin32", "pywin32", "pywinauto", "pywinpty", "pywin",
    "tensorflow-intel", "twisted-iocpsupport", "win10toast", "win32core", "windows-curses", "wmi",
})  # fmt: skip
MAC_ONLY = frozenset({"tensorflow-macos", "tensorflow-metal"})
MAC_PREFIX, WINDOWS_PREFIX = "pyobjc", "winrt-"
INTEL_ONLY = frozenset({"intel-openmp", "mkl", "mkl-fft", "mkl-random", "mkl-service", "tbb"})
DEBIAN_ONLY = frozenset({
    "brlapi", "cloud-init", "command-not-found", "cupshelpers", "distro-info", "language-selector", "louis",
    "python-apt", "reportbug", "rtimulib", "screen-resolution-extra", "ssh-import-id", "systemd-python",
    "ubuntu-drivers-common", "ufw", "unattended-upgrades", "usb-creator", "xkit",
})  # fmt: skip
"""Modules that Debian and Raspberry Pi OS install with their own programs, and pip lists."""
OTHER_PACKAGES = {
    "board": "on PyPI it is another program; the module board comes with the package adafruit-blinka",
}
"""Packages that take the place of a module that people mean."""
STANDARD_LIBRARY = frozenset({
    "base64", "collections", "csv", "functools", "glob", "io", "itertools", "json", "math", "os", "re", "shutil",
    "signal", "smtplib", "socket", "sqlite3", "subprocess", "sys", "threading", "time", "tkinter", "urllib",
})  # fmt: skip
ABSOLUTE_PATH = re.compile(r"(?:file:|/|~|[A-Za-z]:[\\/]|\\\\)")
DIRECT = re.compile(r"([A-Za-z0-9][\w.-]*)(\[[\w,. -]*\])?\s*@\s*(\S+)(.*)", re.ASCII)
NAMED = re.compile(
    r"([A-Za-z0-9][\w.-]*)\s*(\[[\w,. -]*\])?\s*"
    r"(\(?\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+(?:\s*,\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+)*\s*\)?)?"
    r"\s*(;.*)?",
    re.ASCII,
)
SINGLE_EQUALS = re.compile(r"([A-Za-z0-9][\w.-]*)\s*=\s*(\d[\w.]*)", re.ASCII)
DEBIAN_VERSION = re.compile(r"([A-Za-z0-9][\w.-]*)\s*==\s*[\w.+-]*~[\w.+~-]*", re.ASCII)
COLUMNS = re.compile(r"([A-Za-z0-9][\w.-]*)[ \t]+(\d[\w.+!-]*)(?:[ \t]+\S*[\\/]\S*)?", re.ASCII)
"""A line of `pip list`: "Flask  3.0.0"."""
CONDA_EXPORT = re.compile(r"[\w.-]+=[\w.!+-]+=[\w.-]+", re.ASCII)
"""A line of `conda list --export`: name, version and build."""
CONDA_SPEC = re.compile(
    r"((?:[\w-]+::)?[A-Za-z0-9_][\w.-]*)\s*((?:===?|=|[<>!]=?|~=)\s*[\w.*+!-]+(?:\s*,\s*(?:==|[<>!]=?|~=)\s*[\w.*+!-]+)*)?"
    r"(=[\w.-]+)?",
    re.ASCII,
)
TABLE_HEAD = re.compile(r"Package\s+Version.*|-+(?:\s+-+)+")
OTHER_PLATFORM = re.compile(r"win32|windows|darwin|\bnt\b|cygwin", re.IGNORECASE)
ELSEWHERE = "it is a path on the computer where the list was written"
VCS = re.compile(r"(?:git|hg|svn|bzr)\+(\w+)(?:\+\w+)?://|git@")


@dataclass(frozen=True)
class UnusableLine:
    """A line that pip cannot install here.

    `reason` follows the line in a sentence. `name` is what app.skip_requirements calls it: its
    distribution, else the line itself.
    """

    text: str
    file: str
    line: int
    reason: str
    name: str

    @property
    def elsewhere(self) -> bool:
        """Return whether only another system has the package."""
        return bool(_other_system(self.text))


@dataclass(frozen=True)
class UsableLine:
    """The lines that pip gets for a line of a list; none if it needs none.

    `project`: it is a folder of the repository.
    """

    texts: tuple[str, ...]
    project: bool = False


def judge_conda_line(line: ListedLine) -> UsableLine | UnusableLine:
    """Return what pip gets for a package of conda: `numpy=1.26.4=py312h3a7f3f4_0`."""
    found = CONDA_SPEC.fullmatch(line.text)
    if not found:
        return _unusable(line, "pip does not know this form")
    name = found[1].rpartition("::")[2].lower()
    if name in CONDA_OWN or name.startswith(CONDA_OWN_PREFIXES):
        return UsableLine(())
    package = PACKAGE_OF_CONDA.get(name) or (name if is_known_package(normalized_name(name)) else "")
    if reason := _other_system(package or name):
        return _unusable(line, reason)
    if not package:
        return _unusable(line, "it is a package of conda, and PyPI may have another one of that name")
    version = (found[2] or "").replace(" ", "")
    if version.startswith("=") and not version.startswith("=="):
        number = version.lstrip("=").rstrip(".*")
        version = f"=={number}" if found[3] else f"=={number}.*"
    return UsableLine((f"{package}{version}",))


def judge_line(checkout: RepositoryCheckout, line: ListedLine) -> UsableLine | UnusableLine:
    """Return what pip gets for a requirement of a list, or why it cannot install it."""
    text = line.text
    if TABLE_HEAD.fullmatch(text):
        return UsableLine(())
    if match := COLUMNS.fullmatch(text):
        text = f"{match[1]}=={match[2]}"
    if reason := _other_system(text):
        return _unusable(line, reason)
    plain = text.partition(" --")[0].strip()
    if CONDA_EXPORT.fullmatch(plain):
        return judge_conda_line(line)
    if (vcs := VCS.search(plain)) and vcs[1] in (None, "ssh"):
        return _unusable(line, "it is fetched over SSH, which needs a key that the build does not have")
    if match := DIRECT.fullmatch(plain):
        if ":" in match[3] and not ABSOLUTE_PATH.match(match[3]):
            return UsableLine((text,))
        return _by_name(line, match[1], ELSEWHERE)
    if ABSOLUTE_PATH.match(plain):
        return _unusable(line, ELSEWHERE)
    if "://" in plain:
        return UsableLine((text,))
    if _is_local(plain):
        return _project(checkout, line, plain)
    if match := DEBIAN_VERSION.fullmatch(plain):
        return _by_name(line, match[1], "the version is one of Debian's, which PyPI does not have")
    if match := SINGLE_EQUALS.fullmatch(plain):
        return _unusable(line, f"its version needs two equals signs: {match[1]}=={match[2]}")
    return UsableLine((text,)) if NAMED.fullmatch(plain) else _unusable(line, "pip does not know this form")


def _unusable(line: ListedLine, reason: str) -> UnusableLine:
    return UnusableLine(line.text, line.file, line.line, reason, line.name or line.text)


def _by_name(line: ListedLine, name: str, reason: str) -> UsableLine | UnusableLine:
    """Return the name alone for a well-known package; another one could be anybody's."""
    return UsableLine((name,)) if is_known_package(normalized_name(name)) else _unusable(line, reason)


def _other_system(text: str) -> str:
    """Return why a package cannot be meant for a Pi; "" if it can, or if a marker keeps pip from it."""
    name = distribution_of(text) or ""
    if OTHER_PLATFORM.search(text.partition(";")[2]):
        return ""
    if name in WINDOWS_ONLY or name.startswith(WINDOWS_PREFIX):
        return "it is for Windows only"
    if name in MAC_ONLY or name.startswith(MAC_PREFIX):
        return "it is for macOS only"
    if name in INTEL_ONLY:
        return "it is for processors of Intel and AMD only"
    if name == "pkg-resources":
        return "there is no such package: Debian's pip writes it into lists by mistake"
    if name in DEBIAN_ONLY:
        return "it is a part of Debian or Raspberry Pi OS, which PyPI does not have"
    if name in STANDARD_LIBRARY:
        return "it is a part of Python, which needs no package"
    return OTHER_PACKAGES.get(name, "")


def _is_local(text: str) -> bool:
    path = text.partition("[")[0].strip()
    return path.startswith(".") or ("/" in path and not re.search(r"[<>=!@]", path)) or _is_archive(path)


def _is_archive(path: str) -> bool:
    return path.endswith((".whl", ".tar.gz", ".zip"))


def _project(checkout: RepositoryCheckout, line: ListedLine, text: str) -> UsableLine | UnusableLine:
    """Return pip's path of a folder or archive; it may be relative to the list."""
    path, bracket, extras = text.partition("[")
    for base in dict.fromkeys(("", parent_folder(line.file))):
        place = posixpath.normpath(join_path(base, path.strip()))
        inside = "" if place == "." else place
        if place.startswith(".."):
            continue
        if _is_archive(inside) and checkout.is_file(inside):
            return UsableLine((f"./{inside}",))
        if not checkout.is_dir(inside) or not (found := pyproject.read_project(checkout, inside)):
            continue
        if found.installable:
            return UsableLine(((f"./{inside}" if inside else ".") + bracket + extras,), project=True)
        return UsableLine(found.requires)  # its modules are found in the folder that the app starts in
    return _unusable(line, "the repository has no project or archive there")
