"""Join control groups, then exec another program.

Usage: `cgroup_exec.py GROUP… -- PROGRAM ARGUMENT…`. It runs as a file and not as a module, so that it starts in a few
milliseconds.
"""

import os
import sys


def main(argv: list[str]) -> None:
    """Move this process into each group and replace it with the program."""
    cut = argv.index("--")
    for group in argv[:cut]:
        with open(os.path.join(group, "cgroup.procs"), "w") as members:
            members.write("0")
    os.execvp(argv[cut + 1], argv[cut + 1 :])


if __name__ == "__main__":
    main(sys.argv[1:])
