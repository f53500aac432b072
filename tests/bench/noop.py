"""Compare a second `piwizard apply` with Ansible, pyinfra and bash.

    python -m tests.bench.noop [--rounds 5] [--release trixie]

piwizard sets up a Pi of the lab, and all four programs verify the same state. Before the measurement, each of them has
to find nothing to do, and to detect four changes.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from pathlib import Path
from statistics import median

from piwizard.nginx.tuning import SETTINGS
from piwizard.system.commands import Result
from tests.lab import product, quickstart, sample_app
from tests.lab.lab import Lab
from tests.lab.pi import Pi

HERE = Path(__file__).parent / "same_state"
PLACE = "/opt/bench"
FILES = {
    "/srv/myflask/app.env": "app.env",
    "/srv/myflask/current/public": "public",
    "/etc/systemd/system/myflask.socket": "myflask.socket",
    "/etc/systemd/system/myflask.service": "myflask.service",
    "/etc/nginx/nginx.conf": "nginx.conf",
    "/etc/nginx/sites-available/myflask": "site",
    "/etc/nginx/sites-available/piwizard-default": "default",
}
OUT_OF_ORDER = (
    "echo '# mine' >> /etc/nginx/sites-available/myflask",
    "rm /etc/nginx/sites-enabled/piwizard-default",
    "chmod 755 /srv/myflask/data",
    "sed -i 's/multi_accept on;/multi_accept off;/' /etc/nginx/nginx.conf",
)
COMMANDS = {
    "piwizard": ("piwizard", "apply"),
    "bash": ("bash", f"{PLACE}/check.sh"),
    "pyinfra": (f"{PLACE}/pyinfra/bin/pyinfra", "--yes", "@local", f"{PLACE}/deploy.py"),
    "Ansible": (f"{PLACE}/ansible/bin/ansible-playbook", "--inventory=localhost,", f"{PLACE}/playbook.yml"),
}
LOOK_ONLY = {
    "piwizard": ("piwizard", "plan", "--json"),
    "bash": COMMANDS["bash"],
    "pyinfra": (f"{PLACE}/pyinfra/bin/pyinfra", "--dry", "@local", f"{PLACE}/deploy.py"),
    "Ansible": (*COMMANDS["Ansible"], "--check"),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.noop", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--release", default="trixie")
    asked = parser.parse_args()
    lab = Lab()
    try:
        lab.git.commit("tame", sample_app.FILES)
        pi = product.ready_pi(lab, asked.release)
        quickstart.set_up(pi, lab.git.url("tame"))
        prepare(pi, lab.git.url("tame"))
        versions = {name: version(pi, name) for name in COMMANDS}
        verify(pi)
        before = quickstart.manifest(pi.files)
        measured = json.loads(
            run(pi, ("python3", f"{PLACE}/measure.py", str(asked.rounds), json.dumps(COMMANDS))).output
        )
        assert quickstart.manifest(pi.files) == before, "something was altered while nothing was to be done"
    finally:
        lab.close()
    print(table(measured["times"], measured["memory"], versions))


def prepare(pi: Pi, repo: str) -> None:
    """Install the other programs and the state that they verify."""
    pi.run(("apt-get", "install", "-y", "-qq", "python3-apt", "python3-packaging"))
    for folder, package in (("ansible", "ansible-core"), ("pyinfra", "pyinfra")):
        pi.run(("python3", "-m", "venv", f"{PLACE}/{folder}"))
        pi.run((f"{PLACE}/{folder}/bin/pip", "install", "--quiet", package))
    for file in HERE.iterdir():
        if file.is_file():
            pi.push(file, f"{PLACE}/{file.name}")
    pi.run(("mkdir", f"{PLACE}/files"))
    for path, name in FILES.items():
        pi.run(("cp", "-aL", path, f"{PLACE}/files/{name}"))
    ours = re.compile(rf"\s*({'|'.join(SETTINGS)})\b")
    lines = [line for line in pi.read("/etc/nginx/nginx.conf").splitlines() if ours.match(line)]
    assert len(lines) == len(SETTINGS)
    pi.write(f"{PLACE}/files/settings", "\n".join(lines) + "\n")
    commit = pi.run(("git", "-C", "/srv/myflask/current/app", "rev-parse", "HEAD")).output.strip()
    release = Path(pi.run(("readlink", "/srv/myflask/current")).output.strip()).name
    settings = {
        "REPO": repo,
        "COMMIT": commit,
        "RELEASE": release,
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
    }
    pi.write(
        f"{PLACE}/environment", "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
    )


def run(pi: Pi, argv: tuple[str, ...], *, check: bool = True) -> Result:
    """Run a command with the facts that the programs need in its environment."""
    return pi.run(("bash", "-c", f'. {PLACE}/environment; exec "$@"', "bash", *argv), check=check, timeout=1800)


def version(pi: Pi, name: str) -> str:
    """Return the version of a program."""
    first = run(pi, (COMMANDS[name][0], "--version")).output.splitlines()[0]
    found = re.search(r"\d+(\.\d+)+", first)
    return found[0] if found else ""


def found_to_do(pi: Pi, name: str) -> int:
    """Return the number of changes that a program would make."""
    said = run(pi, LOOK_ONLY[name], check=False)
    if name == "piwizard":
        return sum(len(step["changes"]) for step in json.loads(said.output)["steps"])
    if name == "bash":
        return int(said.output.split()[-3])
    if name == "Ansible":
        assert "failed=0" in said.output, said.output + said.errors
        return int(re.findall(r"changed=(\d+)", said.output)[-1])
    rows = re.findall(r"^ +\w+\.\w+ \(.*\) {2,}(\d+|-)(?: \(@local\))? +\S+ *$", said.output + said.errors, re.M)
    assert rows, said.output + said.errors
    return sum(int(row) for row in rows if row != "-")


def verify(pi: Pi) -> None:
    """Assert that each program finds nothing to do, and detects each change."""
    for name in COMMANDS:
        assert found_to_do(pi, name) == 0, f"{name} would alter something"
    for command in OUT_OF_ORDER:
        pi.run(("bash", "-c", command))
    for name in COMMANDS:
        noticed = found_to_do(pi, name)
        assert noticed >= len(OUT_OF_ORDER), f"{name} noticed {noticed} of {len(OUT_OF_ORDER)}"
    quickstart.apply(pi, "--yes")
    for name in COMMANDS:
        assert found_to_do(pi, name) == 0, f"{name} would alter something"


def table(
    times: dict[str, list[tuple[float, float, float]]], memory: dict[str, float], versions: dict[str, str]
) -> str:
    """Return the table in Markdown: medians, and their ratios to those of piwizard."""
    columns = {
        "wall time": {name: median(one[0] for one in seen) for name, seen in times.items()},
        "processor time": {name: median(one[1] for one in seen) for name, seen in times.items()},
        "largest process": {name: max(one[2] for one in seen) for name, seen in times.items()},
        "all processes": memory,
    }
    lines = [
        "| | wall time | | processor time | | largest process | | all processes | |",
        "| --- |" + " ---: | ---: |" * len(columns),
    ]
    for name in times:
        cells = [f"{name} {versions[name]}"]
        for column, values in columns.items():
            cells.append(f"{values[name]:.2f} s" if "time" in column else f"{values[name]:.0f} MB")
            cells.append(f"{values[name] / values['piwizard']:.2g} ×")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
