"""What piwizard's steps leave behind, as a pyinfra user would write it."""

import os
from pathlib import Path

from pyinfra.operations import apt, files, git, pip, server, systemd

FILES, SITE = "/opt/bench/files", "/srv/myflask"
RELEASE = f"{SITE}/releases/{os.environ['RELEASE']}"
SETTINGS = Path(FILES, "settings").read_text().splitlines()
ROOT = {"user": "root", "group": "root"}

apt.packages(packages=["ca-certificates", "git", "nginx", "python3-venv"], no_recommends=True)
server.user(user="myflask", system=True, home=SITE, ensure_home=False, shell="/usr/sbin/nologin")  # noqa: S604
files.directory(path=SITE, mode="755", **ROOT)
files.directory(path=f"{SITE}/releases", mode="755", **ROOT)
files.directory(path=f"{SITE}/data", user="myflask", group="myflask", mode="750")
git.repo(src=os.environ["REPO"], dest=f"{RELEASE}/app", pull=False)
files.link(path=f"{RELEASE}/app/result.json", target=f"{SITE}/data/result.json")
pip.packages(packages=["gunicorn", "flask"], virtualenv=f"{RELEASE}/venv")
files.sync(src=f"{FILES}/public", dest=f"{RELEASE}/public", mode="644", dir_mode="755", **ROOT)
files.link(path=f"{SITE}/current", target=f"releases/{os.environ['RELEASE']}")
files.put(src=f"{FILES}/app.env", dest=f"{SITE}/app.env", mode="600", **ROOT)
files.put(src=f"{FILES}/myflask.socket", dest="/etc/systemd/system/myflask.socket", mode="644", **ROOT)
files.put(src=f"{FILES}/myflask.service", dest="/etc/systemd/system/myflask.service", mode="644", **ROOT)
for setting in SETTINGS:
    files.line(path="/etc/nginx/nginx.conf", line=rf"^\s*#?\s*{setting.split()[0]}\b.*$", replace=setting)
files.put(src=f"{FILES}/site", dest="/etc/nginx/sites-available/myflask", mode="644", **ROOT)
files.put(src=f"{FILES}/default", dest="/etc/nginx/sites-available/piwizard-default", mode="644", **ROOT)
files.link(path="/etc/nginx/sites-enabled/myflask", target="../sites-available/myflask")
files.link(path="/etc/nginx/sites-enabled/piwizard-default", target="../sites-available/piwizard-default")
files.link(path="/etc/nginx/sites-enabled/default", present=False)
for unit in ("nginx.service", "myflask.socket", "myflask.service"):
    systemd.service(service=unit, running=True, enabled=True)
