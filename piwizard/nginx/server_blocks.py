"""Write the server blocks of sites, and the default server for unknown names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from piwizard.errors import PiwizardError
from piwizard.nginx import request_limits, visitor_headers
from piwizard.nginx.ipv6_listen import FOLDER
from piwizard.nginx.tls_settings import WEBROOT, Tls, TlsEngine
from piwizard.system.lazy_dataclass import dataclass
from piwizard.templates.render import render

INCLUDED = "/etc/nginx/piwizard"
"""The folder of what server blocks include."""
CLOSED_PAGE = "maintenance"
ERROR_PAGES = {
    "away": (
        "502 504",
        ("/502.html",),
        "The site is not answering at the moment. Please try again in a minute.",
    ),
    CLOSED_PAGE: (
        "503",
        ("/maintenance.html", "/503.html"),
        "The site is closed for maintenance. Please try again later.",
    ),
}
"""Each kind of error page: its status, the site's own files for it, and the text without one."""
RETRY_SECONDS = 300


@dataclass(frozen=True)
class SiteBlock:
    """The values for the server block of one site. All paths are absolute."""

    name: str
    #: The first is the main one; "www." names redirect to the bare name.
    domains: tuple[str, ...]
    #: gunicorn's Unix socket.
    socket: str
    #: URL prefix ("/static/", a slash at both ends) to folder.
    static: Mapping[str, str] = field(default_factory=dict)
    #: Exact URL ("/robots.txt") to file.
    root_files: Mapping[str, str] = field(default_factory=dict)
    #: URLs below a static prefix that the app answers, since it writes there; folders end in a slash.
    passed: tuple[str, ...] = ()
    max_body_mib: int = request_limits.UPLOAD_MIB
    #: The URL path ("/camera") of a site below the names of another one.
    path: str = ""
    #: The site that has the server block for the path.
    owner: str = ""
    #: Names that no certificate has, which are served over HTTP beside the others.
    local: tuple[str, ...] = ()
    #: Patterns for further names at home.
    home_names: tuple[str, ...] = ()
    #: Folders with the site's own error pages, the first that has one counts.
    pages: tuple[str, ...] = ()
    #: With a certificate, the site uses HTTPS and HTTP redirects to it; without one, HTTP.
    tls: Tls | None = None


def access_log(site: str) -> str:
    """Return the path of the access log of a site."""
    return f"/var/log/nginx/{site}.access.log"


def paths_folder(site: str) -> str:
    """Return the folder with the locations of sites below a site's paths."""
    return f"{INCLUDED}/{site}.paths"


def own_lines_folder(site: str) -> str:
    """Return the folder with a user's own lines, which piwizard never changes."""
    return f"{INCLUDED}/{site}.d"


def closed_file(site: str) -> str:
    """Return the file that closes a site for maintenance while it exists."""
    return f"{INCLUDED}/{site}.maintenance/on"


def render_site(site: SiteBlock) -> str:
    """Return the text of the site's file in sites-available."""
    _check(site)
    redirects = redirects_of(site.domains)
    redirected = {name for names in redirects.values() for name in names}
    served = [domain for domain in site.domains if domain not in redirected]
    return render(
        "nginx/site.conf.j2",
        name=site.name,
        app=_app(site),
        home_app={**_app(site), "hsts": False},
        access_log=access_log(site.name),
        domains=served,
        redirects=redirects,
        servers_for_http={name: [name, *redirects.get(name, ())] for name in served} if site.tls else redirects,
        local=site.local,
        # Regular expressions, which would be other ones with quoted backslashes.
        home_names="".join(f' "{pattern}"' for pattern in site.home_names),
        listens=FOLDER,
        limits=request_limits.LIMITS,
        tls=site.tls,
        webroot=WEBROOT,
    )


def render_path_upstream(site: SiteBlock) -> str:
    """Return the text of sites-available for a site below a path: its app alone."""
    _check(site)
    return render("nginx/path-upstream.conf.j2", name=site.name, app=_app(site))


def render_path_locations(site: SiteBlock) -> str:
    """Return the locations of a site below a path, for the server block of its owner."""
    _check(site)
    return render("nginx/path-locations.conf.j2", name=site.name, app=_app(site))


def _app(site: SiteBlock) -> dict[str, object]:
    """Return what the locations of an app need."""
    owner = site.owner or site.name
    upstream = f"piwizard_{site.name}"
    return {
        # Names in nginx are global, so all carry the site's. Variable names have no dash and at most 46 characters.
        "upstream": upstream,
        "variable": f"site_{owner.replace('-', '_')}",
        "closed": closed_file(site.name),
        "pages": [_page(site, kind, *texts) for kind, texts in ERROR_PAGES.items()],
        "socket": site.socket,
        "path": site.path,
        "static": {prefix: folder.rstrip("/") for prefix, folder in site.static.items()},
        "root_files": site.root_files,
        "passed": site.passed,
        "max_body_mib": site.max_body_mib,
        "answer_seconds": request_limits.answer_seconds(site.max_body_mib),
        "streams": request_limits.STREAMS,
        "connections": request_limits.CONNECTIONS,
        "silence": request_limits.SILENCE,
        "dropped": visitor_headers.directives(),
        # Of another site it is not known if it has HTTPS: its variable is empty over HTTP.
        "hsts": bool(site.path) or bool(site.tls and site.tls.hsts),
        "paths": paths_folder(site.name),
        "own_lines": own_lines_folder(site.name),
    }


def _page(site: SiteBlock, kind: str, status: str, names: tuple[str, ...], text: str) -> dict[str, object]:
    """Return the locations of an error page: the site's own files, then a line of text."""
    last = f"@piwizard_{site.name}_{kind}"
    others = [f"{last}_{number}" for number in range(1, len(site.pages))]
    places = [f"= {page_url(site.name, kind)}", *others]
    files = " ".join(names)
    folders = [
        {"location": place, "folder": folder, "files": files, "next": following}
        for place, folder, following in zip(places, site.pages, [*others, last], strict=False)
    ]
    return {
        "status": status,
        "url": page_url(site.name, kind),
        "folders": folders,
        "last": last if folders else places[0],
        "text": text,
        "retry": RETRY_SECONDS if kind == CLOSED_PAGE else 0,
    }


def page_url(site: str, kind: str) -> str:
    """Return the URL of an error page, which only nginx itself can request."""
    return f"/.piwizard/{site}/{kind}"


def render_default_server(*, names_hash: bool = True, http: bool = True, tls: TlsEngine | None = None) -> str:
    """Return the default servers: unknown names get no answer and no certificate.

    `names_hash` is False where another file sets server_names_hash_bucket_size: nginx takes only one. `http` is False
    and `tls` None where another server block answers unknown names on port 80 or 443.
    """
    able = tls if tls and tls.rejects_handshakes else None
    return render(
        "nginx/default-server.conf.j2",
        listens=FOLDER,
        names_hash=names_hash,
        http=http,
        tls=able,
        limits=request_limits.LIMITS,
    )


def redirects_of(domains: tuple[str, ...]) -> dict[str, list[str]]:
    """Return each name that others redirect to, with those others."""
    redirects: dict[str, list[str]] = {}
    first = domains[0].removeprefix("www.")
    main = first if first in domains else domains[0]  # never a name that is redirected itself
    for domain in domains:
        bare = domain.removeprefix("www.")
        target = bare if bare in domains else main
        if domain.startswith("www.") and target != domain:
            redirects.setdefault(target, []).append(domain)
    return redirects


def _check(site: SiteBlock) -> None:
    """Refuse values that would allow an injection; better messages come from the answers' checks."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", site.name):
        raise PiwizardError(f"{site.name!r} is no name for a site: a-z, 0-9 and dashes only.", key="site.name")
    if site.path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", site.path):
        raise PiwizardError(f"{site.path!r} is no URL path.", key="site.path")
    for domain in (*(site.domains or ("",)), *site.local):
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", domain):
            raise PiwizardError(f"{domain!r} is no host name.", key="site.domains")
    for url in site.passed:
        if not re.fullmatch(r"/[A-Za-z0-9._@+/-]+", url) or ".." in url.split("/"):
            raise PiwizardError(f"{url!r} is no URL path.", key="app.writable")
    for prefix, folder in site.static.items():
        if not re.fullmatch(r"/(.*[^/])/", prefix) or ".." in f"{prefix}{folder}".split("/"):
            raise PiwizardError(f"{prefix!r} must be a path with a slash at both ends.", key="app.static")
    folders = (site.tls.folder,) if site.tls else ()
    for path in (*site.static.values(), *site.root_files.values(), *site.root_files, site.socket, *folders):
        if not path.startswith("/") or not path.strip("/"):
            raise PiwizardError(f"{path!r} must be an absolute path.", key="app.static")
