"""A chat over Socket.IO whose start-up is a script's: long polling and WebSockets through nginx, and a deploy."""

from __future__ import annotations

import json

from tests.lab import quickstart
from tests.lab.lab import Lab
from tests.lab.pi import Pi

CHAT = """
import sqlite3

from flask import Flask, request
from flask_socketio import SocketIO

app = Flask(__name__)
socketio = SocketIO(app, async_mode="threading")


@app.route("/")
def home():
    with sqlite3.connect("chat.db") as db:
        return f"{{db.execute('SELECT count(*) FROM lines').fetchone()[0]}} lines in version {version}"


if __name__ == "__main__":
    with sqlite3.connect("chat.db") as db:
        db.execute("CREATE TABLE IF NOT EXISTS lines (line TEXT)")
    socketio.run(app, host="0.0.0.0", debug=True)
"""
CLIENTS = """
import http.client, json, socket, sys, threading
HOST = sys.argv[1]
URL = "/socket.io/?EIO=4&transport="
found = []
def ask(method, url, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=30)
    connection.request(method, url, body, {"Host": HOST, "Content-Type": "text/plain"})
    answer = connection.getresponse()
    return answer.status, answer.read()
def poll():
    status, text = ask("GET", URL + "polling")
    found.append(status)
    session = json.loads(text[1:])["sid"]
    found.append(ask("POST", f"{URL}polling&sid={session}", b"40")[0])
    found.append(ask("GET", f"{URL}polling&sid={session}")[0])
def upgrade():
    connection = socket.create_connection(("127.0.0.1", 80), 30)
    connection.sendall(f"GET {URL}websocket HTTP/1.1\\r\\nHost: {HOST}\\r\\nUpgrade: websocket\\r\\n"
                       "Connection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n".encode())
    found.append(int(connection.recv(1000).split()[1]))
threads = [threading.Thread(target=poll) for _ in range(6)] + [threading.Thread(target=upgrade)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(found))
"""


ANSWERS = """
[site]
name = "myflask"
domains = ["{host}"]

[app]
repo = "{repo}"
"""


def chat(version: int) -> dict[str, str]:
    return {"app.py": CHAT.format(version=version), "requirements.txt": "flask\nflask-socketio\nsimple-websocket\n"}


def test_chat_of_a_script_is_served_and_deployed(lab: Lab, ready_pi: Pi) -> None:
    lab.git.start_over("chat", chat(1))
    ready_pi.write(quickstart.ANSWERS, ANSWERS.format(host=quickstart.HOST, repo=lab.git.url("chat")))
    quickstart.apply(ready_pi, "--answers", quickstart.ANSWERS)
    assert ready_pi.http("/", host=quickstart.HOST).text == "0 lines in version 1"
    unit = ready_pi.read("/etc/systemd/system/myflask.service")
    assert "--workers=1 " in unit
    statuses = json.loads(ready_pi.run(("python3", "-c", CLIENTS, quickstart.HOST)).output)
    assert sorted(statuses) == [101, *[200] * 18]
    lab.git.commit("chat", chat(2))
    ready_pi.run(("piwizard", "deploy"))
    assert ready_pi.http("/", host=quickstart.HOST).text == "0 lines in version 2"
