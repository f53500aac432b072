"""Say what to do about modules that an app imports and that are not installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from piwizard.apps.hardware_catalogue import BY_NAME
from piwizard.apps.import_scan import MODULE_OF_PACKAGE
from piwizard.apps.local_modules import LocalModule
from piwizard.apps.system_modules import gone_sentences, missing_sentence

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig


def unlisted_packages(app: AppConfig) -> tuple[str, ...]:
    """Return the well-known packages that the code imports and its list lacks."""
    listed = app.requirements.names if app.requirements else ()
    found = app.analysis.needs.imported if app.analysis.needs else ()
    return tuple(name for name in found if name != "flask" and name not in listed)


def unknown_module_notices(app: AppConfig) -> list[str]:
    """Return which imported modules nothing installs."""
    found = app.needs.unknown if app.requirements is None else ()
    if not found:
        return []
    return [
        f"The app imports {', '.join(found)}. The repository lists no packages, and piwizard installs none whose name "
        "it would have to guess. Add a requirements.txt with all packages that the app needs. If Debian has one, such "
        'as python3-NAME, write packages = ["python3-NAME"] under [app] of the answers.'
    ]


def local_module_sentence(one: LocalModule, data: Path) -> str:
    """Return how a person gives the app a file that its repository lacks."""
    why = f"{one.sample} shows what belongs in it" if one.sample else "git ignores it"
    use = f"imports {one.module}" if one.module else f"reads {one.path}"
    return (
        f"{one.file} line {one.line} {use}, and the repository has no {one.path}: {why}. "
        f"Put your own file at {data / one.path}, for example with `sudo install -D -m 640 {one.path} "
        f"{data / one.path}`, then apply again."
    )


def local_module_notices(app: AppConfig) -> list[str]:
    """Return how a person gives the app the files that are not in its data yet."""
    data = app.layout.data
    return [local_module_sentence(one, data) for one in app.local_modules if not (data / one.path).exists()]


def large_file_notices(app: AppConfig) -> list[str]:
    """Return what git does not fetch by itself."""
    if not app.large_files:
        return []
    size = sum(one.size for one in app.large_files) >> 10
    return [
        f"{app.large_files[0].path} and other files ({len(app.large_files)}, {size} MB) are with Git LFS: Debian's "
        "git-lfs fetches them."
    ]


def dropped_path_notices(app: AppConfig) -> list[str]:
    """Return the written paths that the answer to app.writable lacks."""
    if "app.writable" not in app.answers.values:
        return []
    kept = app.writable
    lost = [one for one in app.analysis.writable or () if not any(f"{one.path}/".startswith(f"{k}/") for k in kept)]
    return [
        f"The code also writes {one.path} ({one.file} line {one.line}: {one.why}), which app.writable does not name. "
        "Add it if the app fails without it."
        for one in lost
    ]


def module_hints(app: AppConfig) -> dict[str, str]:
    """Return hints about a failed smoke test, by the message that they explain."""
    hints = {
        f"No module named '{one.module}'" if one.module else f"{one.path.rpartition('/')[2]}'": local_module_sentence(
            one, app.layout.data
        )
        for one in app.local_modules
    }
    for library in app.debian.modules.missing:
        hints.update({f"No module named '{module}'": missing_sentence(library) for module in library.modules})
    for name, sentence in gone_sentences(app).items():
        hints.update({f"No module named '{module}'": sentence for module in BY_NAME[name].modules})
    missing = unlisted_packages(app)
    file = app.requirements.file if app.requirements else "requirements.txt"
    for package in missing:
        module = MODULE_OF_PACKAGE.get(package, package.replace("-", "_"))
        lines = ", ".join((package, *(other for other in missing if other != package)))
        hints[f"No module named '{module}'"] = (
            f"The code imports packages that {file} does not list: {lines}. Add those that the app needs, commit the "
            "file, then run `piwizard deploy`."
        )
    return hints
