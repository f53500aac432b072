"""Keep a site at the release that it was rolled back to, until the next deploy."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from piwizard.system import files, paths
from piwizard.system.lazy_dataclass import dataclass

PIN = "rollback.json"
"""In a site's folder. It counts while `current` points to its release."""
PIN_VERSION = 1


@dataclass(frozen=True)
class LeftRelease:
    """A release that a rollback has left, with its commit."""

    release: str
    commit: str


@dataclass(frozen=True)
class RollbackPin:
    """The release that a site was rolled back to.

    `wanted` is the one that was asked for: `release` is another one if it had to be built again. `repo` and `ref` are
    the answers at that time: other answers end the pin. `left` are the releases that were in use before, in this order.
    """

    release: str
    wanted: str
    repo: str
    ref: str | None
    left: tuple[LeftRelease, ...]

    def leaves(self, commit: str) -> bool:
        """Return whether a commit was rolled back: only a person deploys it again."""
        return any(one.commit == commit for one in self.left)

    def encode(self) -> str:
        """Return the content of the file."""
        return json.dumps({"version": PIN_VERSION, **asdict(self)}) + "\n"


def read_pin(site: str) -> RollbackPin | None:
    """Return the pin of a site; None if it was not rolled back, or deployed since."""
    folder = paths.sites_dir() / site
    try:
        raw = json.loads(files.read(folder / PIN) or b"{}")
        if raw.pop("version") != PIN_VERSION:
            return None
        pin = RollbackPin(**raw | {"left": tuple(LeftRelease(**one) for one in raw["left"])})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return pin if pin.release == current_release(site) else None


def current_release(site: str) -> str:
    """Return the name of the release in use; "" if there is none."""
    link = paths.sites_dir() / site / "current"
    return link.resolve().name if link.is_symlink() else ""


def pin_for(site: str, wanted: str, repo: str, ref: str | None) -> RollbackPin | None:
    """Return the pin of a site once it uses the release `wanted`.

    None if it has left nothing then. The result is the same before and after the switch.
    """
    pin, now = read_pin(site), current_release(site)
    if now == wanted or (pin and pin.wanted == wanted):
        return pin
    left = pin.left if pin else ()
    names = [one.release for one in left]
    if wanted in names:
        left = left[: names.index(wanted)]
        return RollbackPin(wanted, wanted, repo, ref, left) if left else None
    return RollbackPin(wanted, wanted, repo, ref, (*left, LeftRelease(now, read_commit(site, now))))


def read_commit(site: str, release: str) -> str:
    """Return the commit of a release; "" if there is none."""
    content = files.read(_release_folder(site, release) / "release.json")
    try:
        return str(json.loads(content or b"{}").get("commit", ""))
    except (ValueError, AttributeError):
        return ""


def _release_folder(site: str, release: str) -> Path:
    return paths.sites_dir() / site / "releases" / release
