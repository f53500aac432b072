"""Joins control groups, then becomes another program: `launch.py GROUP… -- PROGRAM ARGUMENT…`.

Run as a file of its own and not as a module, so that it starts in a few milliseconds.
"""

import os
import sys


def main(argv: list[str]) -> None:
    """Writes this process into each group and replaces it by the program."""
    cut = argv.index("--")
    for group in argv[:cut]:
        with open(os.path.join(group, "cgroup.procs"), "w") as members:
            members.write("0")
    os.execvp(argv[cut + 1], argv[cut + 1 :])


if __name__ == "__main__":
    main(sys.argv[1:])
