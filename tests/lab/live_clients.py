"""Programs that follow a live page: Socket.IO clients, and visitors of a camera stream.

They run in an environment with python-socketio, requests and websocket-client. Their first argument is the host name;
they print what they found as JSON.
"""

from __future__ import annotations

SOCKETIO = """
import json, sys, threading, time
import requests, socketio, websocket

URL, PATIENCE = "http://" + sys.argv[1], 120
statuses = []
opening = websocket.create_connection


def create_connection(*given, **options):
    try:
        connection = opening(*given, **options)
    except websocket.WebSocketBadStatusException as error:
        statuses.append(error.status_code)
        raise
    statuses.append(connection.getstatus())
    return connection


websocket.create_connection = create_connection


class Client(socketio.Client):
    def connect(self, *given, **options):
        super().connect(*given, **{"wait_timeout": PATIENCE, **options})


def client():
    session = requests.Session()
    session.hooks["response"].append(lambda answer, *given, **more: statuses.append(answer.status_code))
    delays = {"reconnection_delay": 0.2, "reconnection_delay_max": 1}
    return Client(http_session=session, request_timeout=PATIENCE, **delays)


def wait(what, condition, seconds=600):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"{what}: not within {seconds} seconds; statuses {statuses}")
        time.sleep(0.02)
"""
CHAT = f"""{SOCKETIO}
heard = {{}}
clients = []
for number in range(6):
    one = client()
    heard[number] = []
    one.on("said", heard[number].append)
    one.connect(URL, transports=["polling"] if number % 2 else None)
    clients.append(one)
wait("upgrade", lambda: all(one.transport() == "websocket" for one in clients[::2]))
for number, one in enumerate(clients):
    one.emit("say", f"hello from {{number}}")
wait("messages", lambda: all(len(lines) >= 6 for lines in heard.values()))
print(json.dumps([[one.transport() for one in clients], [sorted(lines) for lines in heard.values()], statuses]))
for one in clients:
    one.disconnect()
"""
CROWD = f"""{SOCKETIO}
MANY = int(sys.argv[2])
versions, lost, away, failures = [[] for _ in range(MANY)], [0.0] * MANY, [0.0] * MANY, []


def follow(number, one):
    def greeted(version):
        if versions[number]:
            away[number] = time.monotonic() - lost[number]
        versions[number].append(version)

    def gone(*reason):
        lost[number] = time.monotonic()

    one.on("version", greeted)
    one.on("disconnect", gone)
    one.on("connect_error", lambda *reason: failures.append(str(reason)))


clients = [client() for _ in range(MANY)]
for number, one in enumerate(clients):
    follow(number, one)
    one.connect(URL)
wait("upgrade", lambda: all(one.transport() == "websocket" for one in clients))
slowest, ended = 0.0, False


def visit():
    global slowest
    while not ended:
        try:
            answer = requests.get(URL, timeout=PATIENCE)
        except requests.RequestException as error:
            failures.append(str(error))
            continue
        statuses.append(answer.status_code)
        slowest = max(slowest, answer.elapsed.total_seconds())
        time.sleep(0.05)


visitor = threading.Thread(target=visit)
visitor.start()
print("open", flush=True)
wait("new version", lambda: all(seen[-1:] == [2] for seen in versions))
wait("second upgrade", lambda: all(one.connected and one.transport() == "websocket" for one in clients))
ended = True
visitor.join()
found = {{
    "versions": versions, "statuses": statuses, "failures": failures, "away": max(away), "slowest": slowest
}}
print(json.dumps(found), flush=True)
for one in clients:
    one.disconnect()
"""
LATE = f"""{SOCKETIO}
from concurrent.futures import ThreadPoolExecutor

PATH = URL + "/socket.io/?EIO=4&transport="


def ask(method, more="", data=None):
    answer = requests.request(method, PATH + "polling" + more, data=data, timeout=PATIENCE)
    statuses.append(answer.status_code)
    return answer.text


alone = websocket.create_connection(PATH.replace("http", "ws") + "websocket", timeout=PATIENCE)
with ThreadPoolExecutor(8) as visitors:  # leave connections that nginx keeps
    list(visitors.map(lambda number: requests.get(URL, timeout=PATIENCE), range(40)))
print("open", flush=True)
try:
    while alone.recv():
        pass
except websocket.WebSocketException:
    pass
session = "&sid=" + json.loads(ask("GET")[1:])["sid"]
ask("POST", session, "40")
for _ in range(20):  # more than nginx keeps connections: the old process serves one request on each
    ask("POST", session, '42["say","still here"]')
print(json.dumps(statuses), flush=True)
"""
"""A client whose session begins as soon as its WebSocket is closed."""
STREAMS = """
import http.client, json, socket, statistics, sys, threading, time

HOST, MANY, EACH = sys.argv[1], int(sys.argv[2]), 60


def seconds_of_page():
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=120)
    connection.request("GET", "/", headers={"Host": HOST})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    connection.close()
    return time.monotonic() - began


def measured():
    found = sorted(seconds_of_page() for _ in range(EACH))
    return {"median": statistics.median(found), "slowest": found[-1]}


seconds_of_page()
alone = measured()
statuses, pieces = [], [0] * MANY


def watch(number):
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=120)
    connection.request("GET", "/camera", headers={"Host": HOST})
    answer = connection.getresponse()
    statuses.append(answer.status)
    while piece := answer.read1(65536):
        pieces[number] += len(piece)


for number in range(MANY):
    threading.Thread(target=watch, args=(number,), daemon=True).start()
until = time.monotonic() + 120
while not all(pieces) and time.monotonic() < until:
    time.sleep(0.05)
before = list(pieces)
beside = measured()
until = time.monotonic() + 120
while not all(now > then for now, then in zip(pieces, before)) and time.monotonic() < until:
    time.sleep(0.05)
flowing = sum(now > then > 0 for now, then in zip(pieces, before))
print(json.dumps({"alone": alone, "beside": beside, "statuses": statuses, "flowing": flowing}), flush=True)
"""
