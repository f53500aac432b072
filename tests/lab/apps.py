"""List pinned Flask apps by other authors, from source distributions on PyPI."""

from __future__ import annotations

import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from piwizard.system import commands
from tests.lab.cache import cached


@dataclass(frozen=True)
class Sdist:
    """A source distribution; the digest is the same on every index."""

    name: str
    version: str
    sha256: str

    def archive(self) -> Path:
        """Return the downloaded file, which the lab's cache keeps."""
        folder = cached("apps", f"{self.name}-{self.version}", self.sha256[:12], self._download)
        (archive,) = folder.glob("*.tar.gz")
        return archive

    def _download(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        wanted = folder / "wanted.txt"
        wanted.write_text(f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n")
        options = ("--quiet", "--no-deps", "--no-binary", self.name, "--require-hashes", "--dest", str(folder))
        result = commands.run((sys.executable, "-m", "pip", "download", *options, "-r", str(wanted)), timeout=120)
        assert result.ok, result.last_lines


@dataclass(frozen=True)
class PublicApp:
    """A folder of a source distribution, and what visitors can see of it.


    `only` ignores the files beside that folder. `says` is a text on the first page, `static` a file that nginx serves.
    `init` is the answer where a command of the app may delete data, and therefore does not run by default.
    """

    name: str
    sdist: Sdist
    folder: str = ""
    only: str = ""
    says: str = ""
    static: str = ""
    init: str = ""

    def files(self) -> dict[str, str | bytes | None]:
        """Return the app's files as a repository would contain them."""
        found: dict[str, str | bytes | None] = {}
        with tarfile.open(self.sdist.archive()) as archive:
            for member in archive:
                path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
                inside = path.is_relative_to(self.folder) if self.folder else True
                content = archive.extractfile(member) if member.isfile() and inside else None
                if content is not None and path.is_relative_to(PurePosixPath(self.folder, self.only)):
                    found[str(path.relative_to(self.folder))] = content.read()
        assert found, f"{self.folder} is not in {self.sdist}"
        return found


FLASK = Sdist("flask", "3.1.3", "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb")
FLASK_WTF = Sdist("flask-wtf", "1.3.0", "61d5dabc50c3df885c297dcbd80810443a5d632106c8a69cab8ce740f0cdd7cc")
IHATEMONEY = Sdist("ihatemoney", "7.2.1", "e74fc718f68e1ec400cf9c4364025a91febb86c9b523aeb33a52e5adbeaa77e1")
FILE_SHARE = Sdist("flask-file-share", "0.1.2", "6be6985572367e94e537d5becb15decd44961a9ac5f9532ce7298d70262491df")
HTTPBIN = Sdist("httpbin", "0.10.4", "6023a5a2e8fb8e91abdd6d34d1f1f455092f97d567c25600e1b48ee1178aa738")
OTTERWIKI = Sdist("otterwiki", "2.26.1", "a67fcc30f7a2e50f3569b30ad7d0c87b641b38cd9a3eb71c969161fe8930a34f")

APPS = (
    # A factory, and a database that `flask init-db` creates.
    PublicApp(
        "flaskr",
        FLASK,
        "examples/tutorial",
        says="Posts - Flaskr",
        static="/static/style.css",
        init="flask --app flaskr init-db",
    ),
    # A package with a pyproject.toml.
    PublicApp("javascript", FLASK, "examples/javascript", says="JavaScript Example"),
    # Blueprints with static folders of their own.
    PublicApp("blueprints", FLASK, "tests/test_apps", "blueprintapp", static="/admin/static/css/test.css"),
    # A single file, without a list of requirements.
    PublicApp("uploadr", FLASK_WTF, "examples/uploadr"),
    # Flask-SQLAlchemy, with migrations.
    PublicApp("ihatemoney", IHATEMONEY, says="I Hate Money", static="/static/css/main.css"),
    # Reads its secret key and all other settings from the environment.
    PublicApp("fileshare", FILE_SHARE, static="/static/offline.html"),
    # Exports its app through `from .core import *`.
    PublicApp("httpbin", HTTPBIN, says="httpbin", static="/favicon.ico"),
)

NEEDY = PublicApp("otterwiki", OTTERWIKI, says="Otter Wiki")
"""Exits unless the variable REPOSITORY names a git repository, which it does not create."""
