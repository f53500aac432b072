"""Turn the lines of a requirements list into what pip gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import field, replace

from piwizard.apps.modules import join_path, parent_folder
from piwizard.apps.repository_checkout import RepositoryCheckout
from piwizard.apps.requirement_lists import ListedLine, RequirementList
from piwizard.apps.unusable_requirements import UnusableLine, UsableLine, judge_line
from piwizard.apps.version_specs import normalized_name
from piwizard.system.lazy_dataclass import dataclass

FIND_LINKS = re.compile(r"(-f|--find-links)[ =]\s*(\S+)")
HASHES_PER_LINE = 8
Judge = Callable[[RepositoryCheckout, ListedLine], UsableLine | UnusableLine]


@dataclass
class ListForPip:
    """The lines of a list as pip gets them.

    `lines` replace the list if pip cannot read it as it is: `changed`. `apart` are those that a list with hashes
    cannot contain. `skipped` are the members of app.skip_requirements that the list has.
    """

    lines: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    unusable: list[UnusableLine] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    changed: bool = False

    def add(self, checkout: RepositoryCheckout, listed: RequirementList, skip: Collection[str], judge: Judge) -> None:
        """Add the lines of a list."""
        self.changed |= not listed.pip_reads
        for line in listed.lines:
            if line.is_option:
                self.lines.append(_option(checkout, line))
            elif wanted := named_in(line, skip):
                self.skipped.append(wanted)
                self.changed = True
            else:
                self._add_line(line, judge(checkout, line), hashed=listed.hashed)

    def _add_line(self, line: ListedLine, found: UsableLine | UnusableLine, *, hashed: bool) -> None:
        if isinstance(found, UnusableLine):
            self.unusable.append(found)
            return
        self.changed |= line.editable or found.texts != (line.text,)
        self.names += [name for text in found.texts if (name := replace(line, text=text).name)]
        if hashed and not line.hashes and (found.project or "://" in line.text):
            self.apart += found.texts
            self.changed = True
            return
        for text in found.texts:
            self.lines += _with_hashes(text, line.hashes)


def prepare_list(
    checkout: RepositoryCheckout, listed: RequirementList, skip: Collection[str], judge: Judge = judge_line
) -> ListForPip:
    """Return what pip gets for one list."""
    found = ListForPip()
    found.add(checkout, listed, skip, judge)
    return found


def named_in(line: ListedLine, members: Iterable[str]) -> str:
    """Return the member that names a line, by its text or distribution; "" if none."""
    return next((one for one in members if one == line.text or normalized_name(one) == line.name), "")


def _option(checkout: RepositoryCheckout, line: ListedLine) -> str:
    """Return an option with its path relative to the checkout."""
    found = FIND_LINKS.fullmatch(line.text)
    place = join_path(parent_folder(line.file), found[2].removeprefix("./")) if found else ""
    return f"--find-links ./{place}" if found and place and checkout.is_dir(place) else line.text


def _with_hashes(text: str, hashes: tuple[str, ...]) -> list[str]:
    """Return a line of a requirements file, continued over several: packages have up to a hundred hashes."""
    options = [f"--hash={one}" for one in hashes]
    parts = [
        text,
        *(" ".join(options[at : at + HASHES_PER_LINE]) for at in range(0, len(options), HASHES_PER_LINE)),
    ]
    return [*(f"{part} \\" for part in parts[:-1]), parts[-1]]
