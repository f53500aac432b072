"""Recorded tracebacks from the journals of Pis, without the frames of Flask and gunicorn."""

from __future__ import annotations

RELEASE = "/srv/myflask/releases/6120884a99b2"
FLASK = f"""\
  File "{RELEASE}/venv/lib/python3.13/site-packages/flask/app.py", line 1511, in wsgi_app
    response = self.full_dispatch_request()
  File "{RELEASE}/venv/lib/python3.13/site-packages/flask/app.py", line 902, in dispatch_request
    return self.ensure_sync(self.view_functions[rule.endpoint])(**view_args)  # type: ignore[no-any-return]
           ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^
"""
GUNICORN = f"""\
  File "{RELEASE}/venv/lib/python3.13/site-packages/gunicorn/util.py", line 420, in import_app
    mod = importlib.import_module(module)
          ~~~~~~~~~~~~~~~^^^^^^^^^^^^^^
  File "/usr/lib/python3.13/importlib/__init__.py", line 88, in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
           ~~~~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "<frozen importlib._bootstrap>", line 1387, in _gcd_import
  File "<frozen importlib._bootstrap>", line 1324, in _find_and_load_unlocked
"""
TRACEBACK = "Traceback (most recent call last):\n"


def view(raised: str, source: str, *, line: int = 31, function: str = "poll", deeper: str = "") -> list[str]:
    """Return the output of Flask if a view fails."""
    head = f"[2026-11-22 12:45:28,263] ERROR in app: Exception on /{function} [GET]\n{TRACEBACK}{FLASK}"
    frame = f'  File "{RELEASE}/app/app.py", line {line}, in {function}\n    {source}\n    ~~~~^^^^\n'
    return (head + frame + deeper + raised).splitlines()


def load(raised: str, frames: str = "") -> list[str]:
    """Return the output of gunicorn if an app cannot be loaded."""
    head = f"[2026-11-22 12:47:42 +0000] [756] [ERROR] Exception in worker process\n{TRACEBACK}{GUNICORN}"
    tail = "\n[2026-11-22 12:47:42 +0000] [756] [INFO] Worker exiting (pid: 756)"
    return (head + frames + raised + tail).splitlines()


NO_VARIABLE = '  File "<frozen os>", line 717, in __getitem__\n'
NO_VARIABLE_3_11 = '  File "/usr/lib/python3.11/os.py", line 679, in __getitem__\n    raise KeyError(key) from None\n'
SQLALCHEMY = f"""\
[2026-11-22 12:45:28,263] ERROR in app: Exception on /users [GET]
Traceback (most recent call last):
  File "{RELEASE}/venv/lib/python3.13/site-packages/sqlalchemy/engine/base.py", line 1967, in _exec_single_context
    self.dialect.do_execute(
    ~~~~~~~~~~~~~~~~~~~~~~~^
  File "{RELEASE}/venv/lib/python3.13/site-packages/sqlalchemy/engine/default.py", line 951, in do_execute
    cursor.execute(statement, parameters)
    ~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^
sqlite3.OperationalError: no such table: user

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
{FLASK}  File "{RELEASE}/app/shop/views.py", line 12, in users
    return str(User.query.all())
               ~~~~~~~~~~~~~~^^
sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: user
[SQL: SELECT user.id AS user_id FROM user]
(Background on this error at: https://sqlalche.me/e/20/e3q8)
""".splitlines()

LOOP = """\
1|Starting myflask.service - Site myflask (gunicorn)...
754|[2026-11-22 12:47:42 +0000] [754] [INFO] Starting gunicorn 27.0.1
754|[2026-11-22 12:47:42 +0000] [754] [ERROR] Reason: Worker failed to boot.
1|myflask.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED
1|myflask.service: Failed with result 'exit-code'.
1|myflask.service: Scheduled restart job, restart counter is at 1.
1|Stopped myflask.service - Site myflask (gunicorn).
1|Starting myflask.service - Site myflask (gunicorn)...
1|myflask.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED
1|myflask.service: Failed with result 'exit-code'.
1|myflask.service: Scheduled restart job, restart counter is at 2.
1|Starting myflask.service - Site myflask (gunicorn)...
1|myflask.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED
1|myflask.service: Scheduled restart job, restart counter is at 3.
1|myflask.service: Start request repeated too quickly.
1|myflask.service: Failed with result 'exit-code'.
1|Failed to start myflask.service - Site myflask (gunicorn).
"""
NAMESPACE = """\
1|Starting myflask.service - Site myflask (gunicorn)...
741|myflask.service: Failed to set up mount namespacing: /srv/myflask/data: No such file or directory
741|myflask.service: Failed at step NAMESPACE spawning /srv/myflask/current/venv/bin/gunicorn: No such file or directory
1|myflask.service: Main process exited, code=exited, status=226/NAMESPACE
1|myflask.service: Failed with result 'exit-code'.
"""
TIMEOUT = """\
668|[2026-11-22 12:46:11 +0000] [668] [CRITICAL] WORKER TIMEOUT (pid:670)
668|[2026-11-22 12:46:12 +0000] [668] [ERROR] Worker (pid:670) was sent SIGKILL! Perhaps out of memory?
668|[2026-11-22 12:46:12 +0000] [673] [INFO] Booting worker with pid: 673
"""
KILLED = "668|[2026-11-22 12:46:12 +0000] [668] [ERROR] Worker (pid:671) was sent SIGKILL! Perhaps out of memory?\n"
BY_KERNEL = "1|myflask.service: A process of this unit has been killed by the OOM killer.\n"

NGINX = """\
2026/11/22 12:44:19 [notice] 305#305: using inherited sockets from "5;6;"
2026/11/22 12:46:12 [error] 617#617: *19 upstream prematurely closed connection while reading response header from \
upstream, client: 192.168.1.50, server: songuuli2020.ddns.net, request: "GET /slow HTTP/1.1", upstream: \
"http://unix:/run/piwizard-myflask.sock:/slow", host: "songuuli2020.ddns.net"
2026/11/22 12:49:02 [crit] 617#617: *26 connect() to unix:/run/piwizard-myflask.sock failed (13: Permission denied) \
while connecting to upstream, client: 192.168.1.50, server: songuuli2020.ddns.net, request: "GET / HTTP/1.1", \
upstream: "http://unix:/run/piwizard-myflask.sock:/", host: "songuuli2020.ddns.net"
2026/11/22 12:50:02 [error] 617#617: *27 upstream timed out (110: Connection timed out) while reading response header \
from upstream, client: 192.168.1.50, server: blog.example.org, request: "GET /long HTTP/1.1", upstream: \
"http://unix:/run/piwizard-blog.sock:/long", host: "blog.example.org"
"""
