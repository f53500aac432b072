"""Read server blocks with `nginx -t` and crossplane."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import crossplane
import pytest

from piwizard.nginx.ipv6_listen import FOLDER, render_listens
from piwizard.nginx.nginx_files import DEFAULT_SERVER
from piwizard.nginx.server_blocks import render_default_server
from piwizard.nginx.tls_settings import engine
from piwizard.nginx.tuning import tune

NGINX = shutil.which("nginx", path="/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin")
MAIN = Path(__file__).parents[1] / "nginx" / "samples" / "bookworm.conf"
Block = list[dict[str, Any]]


@cache
def versions() -> tuple[str, str]:
    """Return the versions of nginx here and of its OpenSSL."""
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    said = subprocess.run([NGINX, "-V"], capture_output=True, text=True, check=True).stderr
    found = dict(re.findall(r"(nginx|OpenSSL)[/ ](\d[\d.]*)", said))
    return found["nginx"], found["OpenSSL"]


@cache
def certificate(folder: Path) -> Path:
    """Create an untrusted certificate in a folder as certbot has it."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x")
    out = ("-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem"))
    subprocess.run(["openssl", *key, *out], check=True, capture_output=True)
    return folder


def temp_paths(folder: Path) -> str:
    """Return the directives that keep nginx's temporary files in a folder: /var/lib/nginx belongs to root."""
    return "".join(
        f"\t{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )


def test(sites: Mapping[str, str], folder: Path) -> str | None:
    """Return the error of `nginx -t` about all these files; None if it accepts them."""
    if NGINX is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    live = certificate(folder.parent / "live")
    shutil.rmtree(folder, ignore_errors=True)
    for sub in ("logs", "sites", "listens"):
        (folder / sub).mkdir(parents=True)
    main = tune(MAIN.read_text()).replace("include /etc/nginx/modules-enabled/*.conf;", "")
    main = main.replace("include /etc/nginx/conf.d/*.conf;", "").replace("user www-data;", "user root;")
    main = main.replace("\tsendfile on;", f"\tsendfile on;\n{temp_paths(folder)}", 1)
    main = main.replace("/run/nginx.pid", f"{folder}/pid").replace("/var/log/nginx", f"{folder}/logs")
    (folder / "nginx.conf").write_text(main.replace("/etc/nginx/sites-enabled", f"{folder}/sites"))
    here = engine(*versions())
    written = {f"sites/{name}": text for name, text in sites.items()}
    written |= {f"sites/{DEFAULT_SERVER}": render_default_server(tls=here)}
    written |= {f"listens/{name}": text for name, text in render_listens(here, ipv6=True).items()}
    for name, text in written.items():
        live_here = re.sub(
            r'(ssl_certificate(?:_key)?) "?/etc/letsencrypt/live/[^;]*?/(\w+\.pem)"?;', rf"\1 {live}/\2;", text
        )
        # Unused ports that any user may open, since the test opens them.
        own_ports = re.sub(r"(listen (?:\[::\]:)?)(80|443)\b", r"\g<1>19\2", live_here)
        own_paths = own_ports.replace(FOLDER, f"{folder}/listens").replace("/var/log/nginx", f"{folder}/logs")
        (folder / name).write_text(own_paths)
    done = subprocess.run([NGINX, "-t", "-c", str(folder / "nginx.conf")], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


def parsed(text: str, file: Path) -> Block:
    """Return the directives of a file."""
    file.write_text(text)
    payload = crossplane.parse(str(file), single=True, strict=False, check_ctx=False, check_args=False)
    assert payload["status"] == "ok", payload["errors"]
    block: Block = payload["config"][0]["parsed"]
    return block


def walk(block: Block) -> Iterator[dict[str, Any]]:
    """Yield all directives, including those in blocks."""
    for one in block:
        yield one
        yield from walk(one.get("block", []))


def names(block: Block) -> set[str]:
    """Return the host names of all servers."""
    return {name for one in walk(block) if one["directive"] == "server_name" for name in one["args"]}


def folders(block: Block) -> dict[str, str]:
    """Return the URL prefixes that nginx serves itself, with their folders."""
    found = {}
    for one in walk(block):
        if one["directive"] == "location" and one["args"][0] == "^~":
            alias = [inner["args"][0] for inner in one["block"] if inner["directive"] == "alias"]
            found |= {one["args"][1]: alias[0]} if alias else {}
    return found


def directives(block: Block) -> set[str]:
    """Return the names of all directives."""
    return {one["directive"] for one in walk(block)}


def included(block: Block) -> set[str]:
    """Return the folders from which files are included."""
    return {one["args"][0].rpartition("/")[0] for one in walk(block) if one["directive"] == "include"}
