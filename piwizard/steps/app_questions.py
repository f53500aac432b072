"""Ask about the app, and suggest what was found in its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piwizard.answers import validators as v
from piwizard.answers.questions import Question
from piwizard.apps import hardware_access, network_access, path_mapping, power_access
from piwizard.system.devices import DEVICE_CLASSES

if TYPE_CHECKING:
    from piwizard.apps.app_config import AppConfig

QUESTIONS = (
    Question(
        "site.name",
        "Site name",
        "Lowercase letters, digits and hyphens; also names the folder, the system user and the service.",
        v.site_name,
        required=True,
    ),
    Question(
        "app.repo",
        "Git repository",
        "The address for `git clone`, such as https://github.com/you/app, or a folder on this Pi.",
        v.repository,
        required=True,
        lookup="repository",
    ),
    Question("app.branch", "Branch or tag", "If empty, the default branch of the repository.", v.reference),
    Question(
        "app.entry",
        "Entry point",
        'Such as "app:app", "package:create_app()" or a script; if empty, piwizard finds it in the code.',
        v.entry,
    ),
    Question(
        "app.arguments",
        "Arguments",
        'What the app reads from its command line, such as "--camera 0"; if empty, piwizard finds it.',
        v.arguments,
    ),
    Question(
        "app.folder",
        "Working directory",
        'Folder of the repository in which the app starts, such as "web"; if empty, piwizard finds it.',
        v.working_directory,
        kind="path",
    ),
    Question(
        "app.requirements",
        "Requirements file",
        "The file that pip installs from; if empty, piwizard finds it in the code.",
        v.inside,
        kind="path",
    ),
    Question(
        "app.skip_requirements",
        "Skipped requirements",
        "Packages of the requirements file that pip skips, for example those that only Windows has.",
        v.list_of(v.text, 100),
        kind="list",
        default=[],
    ),
    Question("app.python", "Python", "The interpreter for the app, such as python3.12.", v.python, default="python3"),
    Question(
        "app.writable",
        "Persistent paths",
        "Files and folders of the repository that the app writes and that new versions keep.",
        v.list_of(v.inside, 50),
        kind="list",
        default=[],
    ),
    Question(
        "app.paths",
        "Paths outside the code",
        'Full paths in the code, and what the app sees there: "data", "code", or the path itself for a disk.',
        v.shown_paths,
        kind="table",
        default={},
    ),
    Question(
        "app.static",
        "Static folders",
        "URL prefixes and the folders that nginx serves for them; if empty, piwizard finds them in the code.",
        v.static,
        kind="table",
        member="/url/=folder",
    ),
    Question(
        "app.env",
        "Environment variables",
        "Settings of the app; secrets are generated or entered, and only root and the app can read them.",
        v.environment,
        kind="table",
        default={},
    ),
    Question(
        "app.init",
        "Setup commands",
        "Run once as the app's user, without a shell, for example to create the database.",
        v.list_of(v.command, 20),
        kind="list",
        default=[],
    ),
    Question(
        "app.processes",
        "Further processes",
        "Programs that run beside the web server: names and commands; if empty, piwizard finds them in the code.",
        v.processes,
        kind="table",
        member="name=command",
        default={},
    ),
    Question(
        "app.schedule",
        "Scheduled commands",
        'Times, such as "daily 03:00" or "every 10 minutes", and the commands that run then.',
        v.schedule,
        kind="table",
        member="time=command",
        default={},
    ),
    Question(
        "app.network",
        "Home network access",
        "Whether the app may reach your router and other devices at home, or only the Internet.",
        v.one_of(network_access.INTERNET, network_access.HOME),
        kind="choice",
        choices={
            network_access.INTERNET: "Only the Internet",
            network_access.HOME: "The Internet and the home network",
        },
        default=network_access.INTERNET,
    ),
    Question(
        "app.hardware",
        "Hardware",
        "Devices of the Pi that the app may use; if empty, piwizard finds them in the code.",
        v.hardware(*DEVICE_CLASSES),
        kind="list",
        choices={one: one for one in DEVICE_CLASSES},
        default=[],
    ),
    Question(
        "app.packages",
        "Debian packages",
        "Packages that the app needs besides those that piwizard finds, such as ffmpeg.",
        v.list_of(v.debian_package, 50),
        kind="list",
        default=[],
    ),
    Question(
        "app.pages",
        "Error pages",
        "Folder of the repository with 502.html, 503.html and maintenance.html; if empty, a line of text is shown.",
        v.inside,
        kind="path",
    ),
    Question(
        "app.may",
        "Restart and power off",
        "What the app may do with the whole Pi: reboot, poweroff; if empty, nothing.",
        v.power_actions(*power_access.ACTIONS),
        kind="list",
        choices={one: one for one in power_access.ACTIONS},
        default=[],
    ),
    Question(
        "app.token",
        "Access token",
        "For a private repository with an https address; for an ssh address, run `piwizard key` instead.",
        v.given_secret,
        kind="secret",
    ),
    Question(
        "app.token_user",
        "User name for the token",
        "Only for servers that require one, such as deploy tokens of GitLab.",
        v.login,
    ),
    Question(
        "app.host_key",
        "SSH host key",
        "Fingerprint (SHA256:…) of a server that piwizard does not know; if empty, `piwizard key` asks you.",
        v.fingerprint,
    ),
)


def found_answers(app: AppConfig) -> dict[str, tuple[Any, str]]:
    """Return for each key what was found in the code, and where."""
    return {
        "app.entry": (app.entry.entry, app.entry.why),
        "app.folder": (
            app.start.found_folder or ".",
            app.start.author_folder.text if app.start.author_folder else "beside the entry",
        ),
        "app.arguments": (app.command_line.text, app.command_line.place) if app.command_line else (None, ""),
        "app.requirements": (app.requirements.file, "found in the code") if app.requirements else (None, ""),
        "app.static": (app.static, "found in the code"),
        "app.writable": (list(app.writable), "found in the code"),
        "app.env": ({name: {"generate": 32} for name in app.settings.generated}, "secrets that the code reads"),
        "app.init": (list(app.init), _origin_of_setup(app)),
        "app.paths": (path_mapping.shown(app), "found in the code"),
        "app.processes": _suggested_processes(app),
        "app.network": _suggested_network(app),
        "app.hardware": (list(app.access.hardware), hardware_access.hardware_reason(app)),
    }


def _origin_of_setup(app: AppConfig) -> str:
    """Return where the suggested setup commands come from, and which do not run."""
    left = ", ".join(f"{offer.name}" for offer in app.setup.offered)
    return f"found in the code; not run without your answer: {left}" if left else "found in the code"


def _suggested_processes(app: AppConfig) -> tuple[dict[str, str], str]:
    """Return the processes that the repository shows, and where."""
    found = app.found_processes
    return {one.name: one.command for one in found}, ", ".join(one.place for one in found)


def _suggested_network(app: AppConfig) -> tuple[str, str]:
    """Return what the app should be allowed to reach, and why."""
    agreed = network_access.agreed_network(app.layout.site)
    if agreed and agreed == network_access.INTERNET and app.access.home_network:
        return agreed, f"as set up now; but {app.access.home_network[0].text}"
    if app.access.home_network:
        return network_access.HOME, app.access.home_network[0].text
    return agreed or network_access.INTERNET, "as set up now" if agreed else ""
