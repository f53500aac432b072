"""Provide a harmless Flask app with files that must stay private."""

from __future__ import annotations

APP = """\
import json
import os

from flask import Flask, Response, request

app = Flask(__name__)


@app.get("/")
def index():
    return "It works. " + os.environ.get("GREETING", "")


@app.get("/chart.png")
def chart():
    return Response(b"drawn by the app", mimetype="image/png")


@app.get("/feed.rss")
def feed():
    return Response("<rss/>", mimetype="application/rss+xml")


@app.get("/seen")
def seen():
    return {"for": request.headers.get("X-Forwarded-For"), "proto": request.headers.get("X-Forwarded-Proto")}


@app.get("/headers")
def headers():
    return list(request.headers.items())


@app.post("/poll")
def poll():
    with open("result.json", "w") as result:
        json.dump({"polled": True}, result)
    return "written"


@app.get("/poll")
def polled():
    with open("result.json") as result:
        return json.load(result)


@app.get("/whoami")
def whoami():
    return {"uid": os.getuid(), "secret": len(os.environ.get("SECRET_KEY", ""))}
"""

FILES: dict[str, str | bytes | None] = {
    "app.py": APP,
    "requirements.txt": "flask\n",
    ".env": "API_KEY=not-for-you\n",
    "result.json": '{"polled": false}\n',
    "static/style.css": "body { color: #222; background: #fff; }\n" * 40,
    "static/robots.txt": "User-agent: *\n",
    "static/favicon.ico": b"\x00\x00\x01\x00" + b"\x00" * 60,
}


def answers(repo: str, *, name: str = "myflask", domain: str = "songuuli2020.ddns.net", more: str = "") -> str:
    """Return the answers file that sets the app up."""
    return f"""\
[site]
name = "{name}"
domains = ["{domain}", "www.{domain}"]

[app]
repo = "{repo}"
writable = ["result.json"]
env = {{ SECRET_KEY = {{ generate = 32 }}, GREETING = "Hello $you \\"there\\" 100%" }}
{more}"""
