"""Provide the lab: a home network, and Pis on it."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.sandbox.sandbox_init import SandboxInit
from piwizard.sandbox.scratch_dir import ScratchDir
from tests.lab import sources
from tests.lab.cache import cache_folder, cached
from tests.lab.git import GitServer
from tests.lab.images import VARIANTS, Layer, image
from tests.lab.network import HomeNetwork
from tests.lab.pi import Pi

if TYPE_CHECKING:
    from tests.lab.internet import Internet
    from tests.lab.router import Router

PLACES = 99
"""On the LAN: the number of the router's DHCP leases. A discarded Pi frees its lease."""


class Lab:
    """A lab, which ends with `close` or with the process.

    There is one per process, in any number of processes.
    """

    def __init__(self) -> None:
        self._workplace = ScratchDir(cache_folder() / "runs", "piwizard-lab")
        self.folder = self._workplace.folder
        self.lifeline = SandboxInit()
        self.network = HomeNetwork(self.lifeline, sources.registry_hosts())
        self.git = GitServer(self.network, self.folder / "git")
        self.network.wait_until_ready()
        self._numbers = itertools.count(1)
        self._pis: list[Pi] = []

    def pi(
        self,
        variant: str,
        *,
        layer: Layer | None = None,
        name: str | None = None,
        boot: bool = True,
        disk: int | None = None,
        card: int | None = None,
    ) -> Pi:
        """Return a fresh Pi of a variant (see images.VARIANTS), or on a layer of one.

        With `disk` its disk has this many megabytes, and can be filled; with `card` it has ext4 and counts what is
        written to it.
        """
        number = next(self._numbers)
        name = name or f"pi{number}"
        place = min(set(range(1, PLACES + 1)) - {one.place for one in self._pis if not one.discarded})
        packages = cache_folder() / "packages" / VARIANTS[variant][0]
        packages.mkdir(parents=True, exist_ok=True)
        pi = Pi(
            self.network,
            variant=variant,
            name=name,
            place=place,
            layer=layer or image(variant),
            folder=self.folder / f"pi{number}",
            packages=packages,
            group=f"{self._workplace.name}-{number}",
            disk=disk,
            card=card,
        )
        self._pis.append(pi)
        return pi.boot() if boot else pi

    def layer(
        self, variant: str, name: str, key: str, prepare: Callable[[Pi], None], *, on: Layer | None = None
    ) -> Layer:
        """Return a layer on an image or on another layer, filled once by `prepare`.


        It is kept for later sessions by name and key. The key must contain everything that the result depends on, such
        as the content of what is installed; layers of the same name with another key are removed.
        """
        base = on or image(variant)
        recipe = hashlib.sha256(f"{base.folder.name}\0{key}".encode()).hexdigest()[:12]

        def make(folder: Path) -> None:
            pi = self.pi(variant, layer=base)
            prepare(pi)
            shutil.move(pi.freeze().folder, folder)

        return Layer(cached("layers", f"{variant}-{name}", recipe, make), base.folders)

    @cached_property
    def internet(self) -> Internet:
        """Return the simulated Internet, started at the first use."""
        from tests.lab.internet import Internet

        return Internet(self.network, self.folder / "internet")

    @cached_property
    def router(self) -> Router:
        """Return the router with its public IP, port forwarding, UPnP and uplink."""
        from tests.lab.router import Router

        return Router(self.network)

    def close(self) -> None:
        """Turn everything off and remove it."""
        for pi in self._pis:
            pi.discard()
        self.lifeline.cut()
        if "internet" in vars(self):
            self.internet.close()
        self._workplace.close()
