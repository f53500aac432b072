"""Use the packages of an earlier release again for the same requirements.

Building an environment takes minutes on a Pi, and writes all of it to the card.
"""

from __future__ import annotations

import mmap
import os
import stat
import time
from contextlib import closing
from pathlib import Path, PurePath

from piwizard.changes.base import ApplyContext
from piwizard.system import files, safe_open, tree_copy
from piwizard.system.files import Owner
from piwizard.system.python_version import find_venv_mismatch

MAX_AGE_DAYS = 30
"""An older environment is built again, with newer versions of what the requirements leave open."""
MAX_PROGRAM_BYTES = 1 << 20
"""Of a script in bin. A larger file that contains the environment's path is compiled."""
MAX_SEARCHED_BYTES = 8 << 30
"""Of all files together. A package can have files with holes larger than every disk, and searching them takes hours."""


def find_reusable(folder: Path, marker: str, recipe: bytes) -> Path | None:
    """Return the newest environment of another release that has the same recipe.

    `folder` is the environment to create, and `marker` the name of the file beside each complete one that contains its
    recipe. Return None if there is none.
    """
    found = []
    for other in folder.parent.parent.glob(f"*/{marker}"):
        environment = other.with_name(folder.name)
        if other.parent == folder.parent or not environment.is_dir() or files.read(other) != recipe:
            continue
        built = other.stat().st_mtime
        if 0 <= time.time() - built < MAX_AGE_DAYS * 24 * 3600 and find_venv_mismatch(environment) is None:
            found.append((built, environment))
    return max(found)[1] if found else None


def reuse_environment(source: Path, target: Path, group: str, work: ApplyContext) -> bool:
    """Create `target` from the files of another environment.

    The files exist once, with two names. Only its programs are rewritten, because they contain its path. Return False,
    and create nothing, if other files contain it too, or if the file system has no second names. Both environments
    belong to root.
    """
    new = files.temporary_path(target)
    files.remove(new)
    ids = Owner("root", group).ids()
    files.make_owned_folder(new, 0o700, ids)
    try:
        with safe_open.open_folder(source) as original, safe_open.open_folder(new) as copy:
            tree_copy.link_tree(original, copy)
            moved = _move_programs(copy, os.fsencode(source), os.fsencode(target))
        if moved:
            files.make_owned_folder(new, 0o750, ids)
            work.command(("sync", "--file-system", str(new)))
            files.replace_folder(new, target)
        return moved
    except (OSError, OverflowError) as error:  # a file may be too large for the address space
        reason = error.strerror if isinstance(error, OSError) else error
        work.say(f"The packages of {source.parent.name} cannot be used again: {reason}.")
        return False
    finally:
        files.remove(new)


def _move_programs(environment: int, old: bytes, new: bytes) -> bool:
    """Replace the path in pyvenv.cfg and in the programs of bin. Return False if another file contains it."""
    left = MAX_SEARCHED_BYTES
    with safe_open.open_below(environment, PurePath("bin")) as programs:
        rewritten = {os.fstat(one).st_ino for one in (environment, programs)}
    for name, within, info in safe_open.walk(environment):
        # Python corrects the paths in compiled modules when it loads them.
        if not stat.S_ISREG(info.st_mode) or not info.st_size or name.endswith(".pyc"):
            continue
        left -= info.st_size
        file = safe_open.open_file(name, within) if left >= 0 else None
        if file is None:
            return False
        with file, closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as content:
            if content.find(old) < 0:
                continue
            if os.fstat(within).st_ino not in rewritten or info.st_size > MAX_PROGRAM_BYTES:
                return False
            text = content[:]
        # The new file may be met again: nothing in it is replaced then.
        os.unlink(name, dir_fd=within)
        safe_open.write_file(name, text.replace(old, new), within, stat.S_IMODE(info.st_mode))
    return True
