"""Recognize apps that are not Flask's, to say what they are."""

from __future__ import annotations

from itertools import islice

from piwizard.apps.entry_candidate import EntryCandidate
from piwizard.apps.modules import MAX_IMPORTS, absolute_imports, import_line, is_own_module
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script, is_test

OWN_SERVER = (
    "it uses {name}, which has a server of its own. piwizard sets up apps of Flask, and others that gunicorn loads"
)
OWN_SERVERS = {
    "aiohttp": "aiohttp", "tornado": "Tornado", "streamlit": "Streamlit", "cherrypy": "CherryPy", "nicegui": "NiceGUI",
    "gradio": "Gradio", "sanic": "Sanic", "twisted": "Twisted", "pywebio": "PyWebIO", "microdot": "Microdot",
    "web": "web.py", "http.server": "Python's http.server", "socketserver": "Python's socketserver",
    "BaseHTTPServer": "Python 2's BaseHTTPServer",
}  # fmt: skip
"""Libraries by their modules, the telling ones first."""
BOTTLE = (
    "it uses Bottle. gunicorn can load it once the file has the line `app = bottle.default_app()` and calls `run()` "
    'only under `if __name__ == "__main__":`; app.entry is "{file}:app" then'
)
DJANGO = (
    "it is an app of Django, whose static files and settings piwizard does not know. To try it, set app.entry to "
    '"{file}:application"'
)
TEST = 'its name is that of a test. To use it, set app.entry to "{file}:app"'
NODE_FILE = "package.json"
NODE = "it is an app of Node.js; piwizard sets up apps in Python"
MAX_NAMED = 3


def other_apps(checkout: RepositoryCheckout) -> list[EntryCandidate]:
    """Return the apps of other frameworks, none of which can be used as it is."""
    found: list[EntryCandidate] = []
    for file in checkout.python:
        if not is_script(file) and len(found) < MAX_NAMED:
            found += _in_file(checkout, file)
    for name in (name for name in checkout.names() if name.endswith(".py") and is_test(name)):
        if checkout.mentions(name, b"Flask(") and len(found) < MAX_NAMED:
            found.append(EntryCandidate(name, name, 1, "", 0, problem=TEST.format(file=name)))
    if not checkout.python and checkout.is_file(NODE_FILE):
        found.append(EntryCandidate(NODE_FILE, NODE_FILE, 1, "", 0, problem=NODE))
    return found


def _in_file(checkout: RepositoryCheckout, file: str) -> list[EntryCandidate]:
    tree = checkout.parsed(file)
    modules = set(islice(absolute_imports(tree), MAX_IMPORTS)) if tree else set()
    tops = {name.partition(".")[0] for name in modules}
    problem, name = "", ""
    if "django.core.wsgi.get_wsgi_application" in modules:
        problem, name = DJANGO.format(file=file), "django"
    elif "bottle" in tops:
        problem, name = BOTTLE.format(file=file), "bottle"
    elif name := next((one for one in OWN_SERVERS if one in modules | tops), ""):
        problem = OWN_SERVER.format(name=OWN_SERVERS[name])
    if not tree or not problem or is_own_module(checkout, file, name.partition(".")[0]):
        return []
    return [EntryCandidate(file, file, import_line(tree, name.partition(".")[0]), "", 0, problem=problem)]
