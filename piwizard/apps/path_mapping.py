"""Show an app its data, or its code, at the paths that its author has written."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from piwizard.apps.author_paths import CODE, DATA, HOME, AuthorPath, shown_folders
from piwizard.apps.lost_writes import ELSEWHERE, LostWrite
from piwizard.changes.command import Command

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

KEY = "app.paths"
MARKER = "folders.json"


def shown(app: AppConfig) -> dict[str, str]:
    """Return the answer, else the folders that the code needs."""
    answered = app.answers.get(KEY)
    return dict(answered) if answered is not None else shown_folders(app.author_paths)


def path_binds(app: AppConfig, code: Path | None = None) -> tuple[tuple[Path, Path], ...]:
    """Return pairs of a folder of the site and the path where the app sees it.

    The folders belong to root's folder of the site, so that the app cannot replace them by a link to elsewhere. `code`
    is the code's folder, by default that of the planned release.
    """
    places = {DATA: app.layout.data, CODE: code or app.layout.code}
    return tuple((places[what], Path(path)) for path, what in shown(app).items() if what in places)


def disk_paths(app: AppConfig) -> tuple[Path, ...]:
    """Return the folders of disks that the app may write.

    The permissions of their files still apply. The prefix lets the app start while the disk is not plugged in.
    """
    return tuple(Path(f"-{path}") for path, what in shown(app).items() if what == path)


def missing_folders(app: AppConfig) -> tuple[str, ...]:
    """Return the folders in the data that the author's paths need, relative to it."""
    tops = [*(path for path, what in shown(app).items() if what == DATA), HOME]
    paths = [one for one in app.author_paths if not (one.literal or (one.project and one.in_home))]
    found = (one.folder[len(top) + 1 :] for one in paths for top in tops if one.folder.startswith(f"{top}/"))
    return tuple(dict.fromkeys(found))


def folder_changes(app: AppConfig) -> tuple[Command, ...]:
    """Return the command, as the app's user, that creates these folders."""
    where, folders = app.layout, missing_folders(app)
    if not folders:
        return ()
    argv = ("mkdir", "-p", "--", *(str(where.data / folder) for folder in folders))
    return (
        Command(
            f"Create the folders {', '.join(folders)} in {where.data}",
            argv,
            where.release / MARKER,
            where.site,
            where.code,
            "app.paths: the folders of the app's paths could not be created.",
            key=KEY,
            env={"PATH": "/usr/bin:/bin"},
            writable=(where.data,),
        ),
    )


def path_notices(app: AppConfig) -> list[str]:
    """Return where each path of the author is on this Pi, or how to answer it."""
    known = shown(app)
    lost = [one for one in app.analysis.lost_writes or () if one.path not in app.writable]
    return [*(_sentence(app, one, known) for one in app.author_paths), *(_lost_sentence(app, one) for one in lost)]


def _lost_sentence(app: AppConfig, one: LostWrite) -> str:
    place, data = f"{one.file} line {one.line}", app.layout.data
    if one.kind == ELSEWHERE:
        return (
            f"{place} writes {one.path}, which the app cannot write. Change it in the code to a path in the app's own "
            f"folder, such as {one.name}: piwizard keeps that in {data}."
        )
    return (
        f"{place} writes files into {one.path}, whose own files come with each version, so the app cannot write there. "
        f"Change the code to a folder in it, such as {one.path}/saved, or add {one.path} to app.writable: its files "
        f"then stay in {data}, and new versions no longer change them."
    )


def _home_sentence(app: AppConfig, one: AuthorPath, place: str) -> str:
    """Return where a path with `~` is: the app's home folder is its data."""
    data = app.layout.data
    real = data / one.path.removeprefix(f"{HOME}/")
    if one.literal:
        return (
            f'{place}, but Python does not replace ~ when it opens a file. Write os.path.expanduser("{one.path}") in '
            f"the code: that is {real} then."
        )
    if one.project:
        return (
            f"{place}, which is {one.inside} of the repository. For the app, ~ is {data}, where it is not. Let the "
            "code use a path beside its own file, such as "
            f'os.path.join(os.path.dirname(__file__), "{PurePosixPath(one.inside).name}").'
        )
    return f"{place}. For the app, ~ is {data}, so that is {real}; if you have files for it, copy them there."


def _sentence(app: AppConfig, one: AuthorPath, known: dict[str, str]) -> str:
    top = next((path for path in known if f"{one.path}/".startswith(f"{path}/")), None)
    place = f"{one.file} line {one.line} uses {one.path}"
    if one.in_home:
        return _home_sentence(app, one, place)
    if top is None:
        disk = f', or paths = {{ "{one.folder}" = "{one.folder}" }} to use a disk that is mounted there'
        return (
            f"{place}, which the app cannot write. Under [app] of the answers, write "
            f'paths = {{ "{one.folder}" = "data" }} to keep it in {app.layout.data}{disk if one.on_disk else ""}.'
        )
    if known[top] == top:
        return f"{place}. The app may write there as far as the disk's permissions allow."
    real = (app.layout.folder / "current" / "app" if known[top] == CODE else app.layout.data) / one.path[len(top) + 1 :]
    return f"{place}. On this Pi that is {real}; if you have files for it, copy them there."
