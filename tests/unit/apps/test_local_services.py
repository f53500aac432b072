"""Test servers that an app expects on the same Pi."""

from __future__ import annotations

import pytest

from piwizard.apps.local_services import find_local_services
from piwizard.apps.repository_checkout import scan_checkout


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import redis\nr = redis.Redis()", "redis"),
        ("from redis import StrictRedis\nr = StrictRedis(host='localhost', port=6379)", "redis"),
        ("import os\nfrom redis import Redis\nr = Redis(host=os.environ.get('REDIS_HOST', '127.0.0.1'))", "redis"),
        ("URL = 'redis://localhost:6379/0'", "redis"),
        ("import paho.mqtt.client as mqtt\nHOST = 'localhost'\nc = mqtt.Client()\nc.connect(HOST, 1883, 60)", "mqtt"),
        ("import paho.mqtt.publish as publish\npublish.single('a', 'b', hostname='127.0.0.1')", "mqtt"),
        ("app.config['MQTT_BROKER_URL'] = 'localhost'", "mqtt"),
        ("from pymemcache.client.base import Client\nc = Client(('localhost', 11211))", "memcached"),
        ("import psycopg2\nc = psycopg2.connect('dbname=home user=pi host=localhost')", "postgresql"),
        ("URI = 'postgresql+psycopg2://pi:secret@localhost/home'", "postgresql"),
        ("import mysql.connector\nc = mysql.connector.connect(host='localhost', user='pi')", "mysql"),
        ("import MySQLdb\nc = MySQLdb.connect('localhost', 'pi', 'x', 'temps')", "mysql"),
        ("config = {'MYSQL_HOST': 'localhost'}", "mysql"),
        ("from influxdb import InfluxDBClient\nc = InfluxDBClient(database='home')", "influxdb"),
        ("from influxdb_client import InfluxDBClient\nc = InfluxDBClient(url='http://localhost:8086')", "influxdb"),
        ("from pymongo import MongoClient\nc = MongoClient()", "mongodb"),
        ("import pika\np = pika.ConnectionParameters('localhost')", "rabbitmq"),
        ("from mpd import MPDClient\nc = MPDClient()\nc.connect('localhost', 6600)", "mpd"),
    ],
)
def test_server_on_the_same_machine_is_found(tree, code: str, name: str) -> None:
    (found,) = find_local_services(scan_checkout(tree({"app.py": code})))
    assert found.name == name
    assert found.file == "app.py"


@pytest.mark.parametrize(
    "code",
    [
        "import redis\nr = redis.Redis(host='nas.local')",
        "import redis\npool = redis.ConnectionPool(host=x)\nr = redis.Redis(connection_pool=pool)",
        "URL = 'redis://cache.example.org/0'",
        "import paho.mqtt.client as mqtt\nc = mqtt.Client()\nc.connect('192.168.1.5')",
        "import sqlite3\nsqlite3.connect('localhost')",
        "URL = 'http://localhost:5000/'",
        "from gpiozero import LED\nLED(17)",
    ],
)
def test_other_servers_do_not_count(tree, code: str) -> None:
    assert find_local_services(scan_checkout(tree({"app.py": code}))) == ()


def test_servers_of_compose_and_of_sample_settings_are_found_once(tree) -> None:
    files = {
        "app.py": "import redis\nr = redis.Redis()",
        ".env.example": "DATABASE_URL=mysql://pi:pi@localhost/home\n",
        "compose.yml": "services:\n  broker:\n    image: eclipse-mosquitto:2\n  cache:\n    image: 'redis:alpine'\n",
    }
    found = find_local_services(scan_checkout(tree(files)))
    assert {(one.name, one.file) for one in found} == {
        ("redis", "app.py"), ("mysql", ".env.example"), ("mqtt", "compose.yml"),
    }  # fmt: skip
