"""Pack or unpack a site's data: `python data_archive.py pack FOLDER`.

Runs as the site's user, in the sandbox of its app. `pack` writes a tar archive to standard output, and `unpack` reads
one from standard input; the last line on standard error is a report as JSON. Needs only the standard library, and the
modules that it imports, beside it.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from types import ModuleType


def find_parts() -> None:
    """Let imports find the parts of this program, as in the sandbox."""
    here = Path(__file__).parent
    for name in ("piwizard", "piwizard.apps", "piwizard.backups"):
        package = ModuleType(name)
        package.__path__ = [str(here), str(here.parent / "apps")]
        sys.modules[name] = package


def main(words: list[str]) -> int:
    """Run the program, print its report, and return the exit code."""
    from piwizard.backups.archive_packer import pack
    from piwizard.backups.archive_report import DATA_PREFIX, encode_report
    from piwizard.backups.archive_unpacker import broken_databases, unpack

    command, folder = words[0], Path(words[1])
    try:
        if command == "pack":
            print(encode_report(pack(folder, sys.stdout.buffer)), file=sys.stderr, flush=True)
        else:
            report = unpack(folder, sys.stdin.buffer, int(words[2]))
            known = set(report.doubtful)
            report.broken_databases = [one for one in broken_databases(folder) if f"{DATA_PREFIX}/{one}" not in known]
            print(encode_report(report), file=sys.stderr, flush=True)
    except (OSError, tarfile.TarError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        print(json.dumps({"error": f"{getattr(error, 'filename', None) or folder}: {reason}"}), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    find_parts()
    sys.exit(main(sys.argv[1:]))
