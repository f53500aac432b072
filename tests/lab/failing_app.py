"""Provide an app with one page for each error that the doctor explains."""

from __future__ import annotations

from tests.lab import sample_app

SOURCE = (
    sample_app.APP
    + """

import re
import resource
import signal
import sqlite3

import click


@app.cli.command("init-db")
def init_db():
    with sqlite3.connect("data.db") as database:
        database.execute("create table if not exists user (name text)")


@app.get("/note")
def note():
    with open("notes.txt", "a") as notes:
        notes.write("noted")
    return "fine"


@app.get("/count")
def count():
    with open("counter.json", "w") as counter:
        counter.write("{}")
    return "fine"


@app.get("/upload")
def upload():
    with open("uploads/a.txt", "w") as file:
        file.write("uploaded")
    return "fine"


@app.get("/users")
def users():
    return "fine" + str(sqlite3.connect("data.db").execute("select * from user").fetchall())


@app.get("/join")
def join():
    with sqlite3.connect("data.db") as database:
        database.execute("create table if not exists more (name text)")
    return "fine"


@app.get("/salt")
def salt():
    return "fine" + os.environ["".join(reversed("TLAS_DROWSSAP"))]


@app.get("/api")
def api():
    return "fine" + os.environ["API_KEY"]


@app.get("/yaml")
def read_yaml():
    import yaml
    return "fine" + yaml.__name__


@app.get("/old")
def old():
    from flask import escape
    return "fine" + escape("x")


@app.get("/own")
def own():
    return "fine" + str(1 / 0)


@app.get("/home")
def home():
    with open("/home/alex/result.json", "w") as result:
        result.write("{}")
    return "fine"


@app.get("/greedy")
def greedy():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    return "fine" + str(len("x" * (2 << 30)))


@app.get("/killed")
def killed():
    os.kill(os.getpid(), signal.SIGKILL)


@app.get("/slow")
def slow():
    return "fine" + str(re.match("(a+)+$", "a" * 60 + "b"))


@app.get("/large")
def large():
    with open("result.json", "w") as result:
        result.write("x" * 1_000_000)
    return "fine"
"""
)
FILES = {**sample_app.FILES, "app.py": SOURCE, "counter.json": "{}\n", "data.db": b""}
