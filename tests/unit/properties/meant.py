"""Check that programs accept the rendered files, and read the intended values."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from piwizard.network import dhcpcd, netplan
from piwizard.nginx.ipv6_listen import FOLDER
from piwizard.nginx.server_blocks import INCLUDED, redirects_of
from tests.lab.unpacked import unpacked
from tests.unit.properties import ddclient, nginx, systemd
from tests.unit.properties.fixtures import Planned
from tests.unit.properties.judge import Broken

NGINX, UNITS = Path("/etc/nginx/sites-available"), Path("/etc/systemd/system")
DIRECTIVES = frozenset(
    """access_log add_header absolute_redirect alias charset charset_types client_body_timeout client_header_timeout
    client_max_body_size default_type disable_symlinks error_page gzip_static http2 http2_max_concurrent_streams
    if ignore_invalid_headers include
    internal keepalive keepalive_timeout limit_conn limit_conn_status limit_conn_zone listen location map
    proxy_buffering proxy_connect_timeout proxy_headers_hash_bucket_size proxy_headers_hash_max_size
    proxy_http_version proxy_pass proxy_read_timeout proxy_redirect proxy_send_timeout proxy_set_header
    recursive_error_pages reset_timedout_connection return root send_timeout server server_name set
    underscores_in_headers ssl_certificate
    ssl_certificate_key ssl_ciphers ssl_ecdh_curve ssl_prefer_server_ciphers ssl_protocols ssl_session_cache
    ssl_session_tickets ssl_session_timeout try_files types upstream websocket https: default text/javascript""".split()  # noqa: SIM905
)  # fmt: skip


@dataclass
class Shown:
    """A plan with the value it was made with, for error messages."""

    what: str
    plan: Planned


_KNOWN: set[str] = set()
"""Files that were shown in this process, apart from the site's name: most answers of all questions change few files."""


@dataclass
class Programs:
    """The programs, which read batches of plans; counts what each has read."""

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    known: set[str] = field(default_factory=lambda: _KNOWN)

    def check(self, batch: Sequence[Shown]) -> None:
        """Raise Broken with the first value that is read differently."""
        self._nginx(batch)
        self._units(batch)
        self._ddclient(batch)
        for one in batch:
            for path, text in one.plan.files:
                self._file(one, path, text)

    def _nginx(self, batch: Sequence[Shown]) -> None:
        # A site is written twice, by its step and with its certificate: nginx accepts only one at a time.
        rounds: list[dict[str, tuple[Shown, str]]] = [{}, {}]
        for one in batch:
            own = [(p, t) for p, t in one.plan.files if p.parent == NGINX and p.name == one.plan.answers.site]
            for _, text in own:
                self._served(one, text)
            own = own if self._new(one, *(text for _, text in own)) else []
            for texts, (path, text) in zip(rounds, own, strict=False):
                texts[path.name] = (one, text)
        for texts in filter(None, rounds):
            _all_hold(texts, lambda some: nginx.test({n: t for n, (_, t) in some.items()}, self.folder / "nginx"))
            self.counts["nginx -t"] += len(texts)

    def _new(self, one: Shown, *texts: str) -> bool:
        """Return whether one of these files is new.

        The site's name does not count if another answer is tried.
        """
        site = str(one.plan.answers.site)
        kinds = {text.replace(site, "SITE").replace(site.replace("-", "_"), "SITE") for text in texts}
        new = not kinds <= self.known or not site.startswith("site-")
        self.known |= kinds
        return new

    def _served(self, one: Shown, text: str) -> None:
        answers = one.plan.answers
        read = (*(answers.get(key) for key in ("site.domains", "app.static", "app.writable")),)
        if not self._new(one, f"crossplane {read!r}\n{text}"):
            return
        self.counts["crossplane"] += 1
        block = nginx.parsed(text, self.folder / "site.conf")
        unknown = nginx.directives(block) - DIRECTIVES
        inside_of_maps = {name for name in unknown if name == "" or name.startswith("~")}
        _same(one, "directives", unknown - inside_of_maps, set())
        _same(
            one,
            "included",
            nginx.included(block),
            {FOLDER, f"{INCLUDED}/{answers.site}.paths", f"{INCLUDED}/{answers.site}.d"},
        )
        names = {name for name in nginx.names(block) if not name.startswith("~^")}
        _same(one, "server names", names, set(answers["site.domains"]))
        public = f"/srv/{answers.site}/current/public"
        wanted = {prefix: f"{public}{prefix}" for prefix in answers.get("app.static", {})}
        if "app.static" in answers.values:
            passed = {path for path in answers.get("app.writable", ()) if path in answers["app.static"].values()}
            found = nginx.folders(block)
            _same(one, "static folders", {k: v for k, v in found.items() if k in wanted}, {
                k: v for k, v in wanted.items() if k in found or answers["app.static"][k] not in passed
            })  # fmt: skip
        leads = {
            one["args"][1] for one in nginx.walk(block) if one["directive"] == "return" and one["args"][0] == "301"
        }
        allowed = {*answers["site.domains"], *redirects_of(tuple(answers["site.domains"]))}
        _same(one, "redirects", {lead.split("://", 1)[1].split("$")[0] for lead in leads} - allowed, set())

    def _units(self, batch: Sequence[Shown]) -> None:
        units: dict[str, tuple[Shown, str]] = {}
        for number, one in enumerate(batch):
            own = [(path, text) for path, text in one.plan.files if UNITS in path.parents]
            for path, text in own:
                self._unit(one, path, text)
            for path, text in own if self._new(one, *(text for _, text in own)) else ():
                if path.parent == UNITS and path.suffix in (".service", ".socket", ".timer"):
                    units[_apart(path.name, number)] = (one, self._here(text, one, number))
                elif path.suffix == ".conf":
                    whole = text if "ExecStart=" in text else f"{text}\n[Service]\nExecStart=/bin/true\n"
                    units[f"drop-in-{number}-{path.parent.name}"] = (one, self._here(whole, one, number))
        units = {name.removesuffix(".d"): found for name, found in units.items()}
        if units:
            _all_hold(units, lambda some: systemd.verify({n: t for n, (_, t) in some.items()}, self.folder / "units"))
            self.counts["systemd-analyze verify"] += len(units)

    def _here(self, text: str, one: Shown, number: int) -> str:
        """Replace the unit's programs by existing ones.

        Only systemd's parsing of the rest matters.
        """
        venv = self.folder / "venv" / "bin"
        venv.mkdir(parents=True, exist_ok=True)
        (venv / "gunicorn").touch(mode=0o755)
        site = str(one.plan.answers.site)
        text = text.replace(f"ExecStart=/srv/{site}/current/venv/bin/gunicorn", f"ExecStart={venv}/gunicorn")
        text = text.replace(f"={site}.socket", f"={_apart(f'{site}.socket', number)}")
        for missing in ("/usr/bin/noip-duc", "/opt/piwizard-certbot/bin/python", "/usr/local/bin/piwizard"):
            text = text.replace(f"ExecStart={missing}", "ExecStart=/bin/true")
        return text

    def _unit(self, one: Shown, path: Path, text: str) -> None:
        answers = one.plan.answers
        found = systemd.settings(text)
        for name, value in found:
            if name == "Environment":
                words = [systemd.plain(word, variables=False) for word in systemd.words(value)]
                if any(word.startswith("REQUESTS_CA_BUNDLE=") for word in words):
                    _same(one, name, words, [f"REQUESTS_CA_BUNDLE={answers['tls.ca_bundle']}"])
                _same(one, "variables", [word for word in words if "=" not in word], [])
            if name == "ExecStart" and path.name == f"{answers.site}.service" and "gunicorn" in value:
                program, *words = [systemd.plain(word, variables=True) for word in systemd.words(value)]
                _same(one, "program", program, f"/srv/{answers.site}/current/venv/bin/gunicorn")
                given = shlex.split(answers.get("app.arguments") or "")
                last = [*(["--"] if given else []), answers.get("app.entry", "app:app"), *given]
                _same(one, "entry and arguments", words[-len(last) :], last)
                for option in ("workers", "threads"):
                    if f"gunicorn.{option}" in answers.values:
                        wanted = f"--{option}={answers[f'gunicorn.{option}']}"
                        _same(one, option, [word for word in words if word.startswith(f"--{option}=")], [wanted])
        self.counts["systemd's own words"] += 1

    def _ddclient(self, batch: Sequence[Shown]) -> None:
        wanted = [(one, text) for one in batch for path, text in one.plan.files if path.name == "ddclient.conf"]
        if not wanted:
            return
        for (one, text), read in zip(wanted, ddclient.read([t for _, t in wanted], self.folder / "dd"), strict=True):
            answers = one.plan.answers
            _same(one, "what ddclient says", read.said, [])
            short = answers["ddns.provider"] == "duckdns"
            name = answers["ddns.hostname"].partition(".")[0] if short else answers["ddns.hostname"]
            _same(one, "ddclient's hosts", list(read.hosts), [name])
            host = read.hosts[name]
            _same(one, "ddclient's password", host["password"], answers.secrets["ddns.password"])
            if "ddns.username" in answers.values and answers["ddns.provider"] in ("no-ip", "custom", "dynu", "freedns"):
                _same(one, "ddclient's login", host["login"], answers["ddns.username"])
            if "ddns.server" in answers.values:
                _same(one, "ddclient's server", host["server"], answers["ddns.server"])
            assert text
        self.counts["ddclient"] += len(wanted)

    def _file(self, one: Shown, path: Path, text: str) -> None:
        answers = one.plan.answers
        if path.name == "app.env":
            given = {k: v if isinstance(v, str) else answers.secrets[f"app.env.{k}"]
                     for k, v in answers.get("app.env", {}).items()}  # fmt: skip
            _same(one, path.name, self._environment(text), given)
        elif path == Path("/etc/default/noip-duc"):
            found = self._environment(text)
            _same(one, "NOIP_PASSWORD", found["NOIP_PASSWORD"], answers.secrets["ddns.password"])
            _same(one, "NOIP_USERNAME", found["NOIP_USERNAME"], answers["ddns.username"])
            _same(one, "NOIP_HOSTNAMES", found["NOIP_HOSTNAMES"], answers["ddns.hostname"])
            self._shell(one, text, "NOIP_PASSWORD", answers.secrets["ddns.password"])
        elif path == Path("/etc/default/ddclient"):
            self._shell(one, text, "daemon_interval", str(60 * answers.get("ddns.interval", 5)))
        elif path.suffix == ".ini":
            (value,) = [line.partition(" = ")[2] for line in text.splitlines() if not line.startswith("#")]
            _same(one, "certbot's token", value, answers.secrets["ddns.password"])
        elif path == netplan.OWN_FILE:
            self._netplan(one, text)
        elif path == dhcpcd.CONFIG:
            lines = dict(line.removeprefix("static ").partition("=")[::2] for line in text.splitlines() if "=" in line)
            _same(one, "dhcpcd's address", lines["ip_address"], answers["static_ip.address"])
            _same(one, "dhcpcd's lines", len(text.splitlines()), 8)

    def _environment(self, text: str) -> Mapping[str, str]:
        file = self.folder / "file.env"
        file.write_text(text)
        self.counts["systemd's EnvironmentFile="] += 1
        return systemd.environment_file(file)

    def _shell(self, one: Shown, text: str, name: str, wanted: str) -> None:
        file = self.folder / "file.sh"
        file.write_text(text)
        script = f'. {shlex.quote(str(file))}; printf %s "${name}"'
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
        _same(one, f"what sh makes of {name}", (done.stdout, done.stderr), (wanted, ""))
        self.counts["sh"] += 1

    def _netplan(self, one: Shown, text: str) -> None:
        root = self.folder / "netplan"
        shutil.rmtree(root, ignore_errors=True)
        (root / "etc/netplan").mkdir(parents=True)
        file = root / "etc/netplan/95.yaml"
        file.write_text(text.replace("version: 2", "version: 2\n  renderer: NetworkManager"))
        file.chmod(0o600)
        program, library = _netplan_program()
        done = subprocess.run(
            [program, "--root-dir", str(root)], capture_output=True, text=True, check=False,
            env={"LD_LIBRARY_PATH": library, "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        _same(one, "netplan's words", (done.returncode, done.stderr), (0, ""))
        (made,) = (root / "run/NetworkManager/system-connections").glob("*")
        lines = made.read_text().splitlines()
        answers = one.plan.answers
        _same(one, "its address", [x for x in lines if x.startswith("address1=")], [
            f"address1={answers['static_ip.address']}"])  # fmt: skip
        servers = answers.get("static_ip.dns")
        if servers:
            _same(one, "its servers", [x for x in lines if x.startswith("dns=")], [f"dns={';'.join(servers)};"])
        self.counts["netplan generate"] += 1


@cache
def _netplan_program() -> tuple[str, str]:
    program = unpacked("netplan.io") / "usr" / "libexec" / "netplan" / "generate"
    libraries = [str(path.parent) for path in unpacked("libnetplan0").rglob("libnetplan.so.0.0")]
    if not program.exists() or not libraries:
        pytest.skip("netplan of this Debian lies elsewhere")
    return str(program), libraries[0]


def _apart(name: str, number: int) -> str:
    """Give the units of one batch different names."""
    stem, _, kind = name.rpartition(".")
    return f"u{number}-{stem}.{kind}"


def _all_hold(
    texts: Mapping[str, tuple[Shown, str]], look: Callable[[Mapping[str, tuple[Shown, str]]], str | None]
) -> None:
    """Find the refused text by halving the batch; raise Broken with its value."""
    refusal = look(texts)
    if refusal is None:
        return
    if len(texts) == 1:
        ((one, text),) = texts.values()
        raise Broken(f"{one.what}: {refusal}\n{text}")
    names = list(texts)
    for half in (names[: len(names) // 2], names[len(names) // 2 :]):
        _all_hold({name: texts[name] for name in half}, look)
    raise Broken(f"each by itself is taken, but not together: {refusal}")


def _same(one: Shown, what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Broken(f"{one.what}: {what}: {found!r} instead of {wanted!r}")
