"""Find servers that an app expects on the same Pi, such as Redis or Mosquitto."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from piwizard.apps.bindings import decorator_name
from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import ConstantEvaluator
from piwizard.apps.env_vars import SAMPLE_FILES
from piwizard.apps.modules import MAX_IMPORTS, absolute_imports
from piwizard.apps.process_files import COMPOSE_FILES
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script
from piwizard.apps.start_commands import numbered_lines
from piwizard.system.lazy_dataclass import dataclass

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})
MAX_NODES = 20_000


@dataclass(frozen=True)
class ServiceKind:
    """A kind of server, by what shows that an app uses it.

    `package` is Debian's ("": Debian has none). `modules` are those of its clients, `calls` what connects there, with
    the local server as the default if `by_default`. `schemes` are those of its URLs, `settings` the beginning of the
    names of settings with its host, `images` the names of container images.
    """

    label: str
    package: str
    modules: frozenset[str]
    calls: frozenset[str]
    by_default: bool
    schemes: frozenset[str]
    settings: str
    images: str


def _kind(label: str, package: str, images: str, settings: str, *words: str, default: bool = False) -> ServiceKind:
    modules, calls, schemes = (frozenset(one.split()) for one in words)
    return ServiceKind(label, package, modules, calls, default, schemes, settings, images)


SERVICES = {
    "redis": _kind(
        "Redis", "redis-server", "redis|valkey", "REDIS|CACHE_REDIS|RQ_REDIS",
        "redis rq flask_redis aioredis huey", "Redis StrictRedis FlaskRedis RedisHuey", "redis", default=True,
    ),
    "mqtt": _kind(
        "an MQTT broker", "mosquitto", "eclipse-mosquitto|mosquitto", "MQTT|BROKER",
        "paho flask_mqtt aiomqtt asyncio_mqtt gmqtt amqtt", "connect connect_async single multiple Client", "mqtt",
    ),
    "memcached": _kind(
        "memcached", "memcached", "memcached", "MEMCACHE|CACHE_MEMCACHED",
        "memcache pymemcache pylibmc bmemcached", "Client HashClient PooledClient", "memcached",
    ),
    "postgresql": _kind(
        "PostgreSQL", "postgresql", "postgres|timescale", "PG|POSTGRES",
        "psycopg2 psycopg asyncpg pg8000", "connect create_pool", "postgres postgresql",
    ),
    "mysql": _kind(
        "MariaDB", "mariadb-server", "mysql|mariadb", "MYSQL|MARIADB|DB",
        "pymysql MySQLdb mysql mariadb aiomysql flask_mysqldb", "connect create_pool Connect", "mysql mariadb",
    ),
    "influxdb": _kind(
        "InfluxDB", "influxdb", "influxdb", "INFLUX",
        "influxdb influxdb_client influxdb_client_3", "InfluxDBClient DataFrameClient", "influxdb", default=True,
    ),
    "mongodb": _kind(
        "MongoDB", "", "mongo", "MONGO|MONGODB",
        "pymongo flask_pymongo motor mongoengine flask_mongoengine", "MongoClient connect", "mongodb", default=True,
    ),
    "rabbitmq": _kind(
        "RabbitMQ", "rabbitmq-server", "rabbitmq", "RABBIT|AMQP",
        "pika aio_pika kombu celery", "ConnectionParameters connect_robust", "amqp amqps",
    ),
    "mpd": _kind("the music server MPD", "mpd", "mpd", "MPD", "mpd musicpd", "connect", "mpd"),
    "gpsd": _kind(
        "gpsd", "gpsd", "gpsd", "GPSD",
        "gps gps3 gpsd gpsdclient", "connect gps GPSDClient GPSDSocket", "gpsd", default=True,
    ),
}  # fmt: skip
"""The servers that apps for a Pi use, by their names in a report."""
URL_SCHEME = re.compile(r"([a-z0-9]+)(?:\+\w+)?://[^\s\"']{1,300}")
COMPOSE_IMAGE = re.compile(r"\s*image:\s*[\"']?(?:[\w.-]+/)*([\w-]+)")
SETTING_END = re.compile(r"(?:_?(?:HOST|HOSTNAME|BROKER|BROKER_URL|SERVER|SERVERS|ADDRESS|ADDR|URL|URI|IP))?")
HOST_WORDS = ("host", "hostname", "server", "servers", "address", "url", "dsn", "broker")


@dataclass(frozen=True)
class LocalService:
    """A server on the same Pi that an app needs, by a key of SERVICES."""

    name: str
    why: str
    file: str
    line: int

    @property
    def text(self) -> str:
        """Return the reason and its place as a person reads it."""
        return f"it {self.why} ({self.file}:{self.line})"


def find_local_services(checkout: RepositoryCheckout) -> tuple[LocalService, ...]:
    """Return the servers that the app expects on its own machine, each once."""
    code = CodeIndex.of(checkout)
    found: list[LocalService] = []
    for file in checkout.python:
        if not is_script(file):
            found += _in_code(code, file)
    for file in SAMPLE_FILES:
        for number, line in numbered_lines(checkout, file):
            found += _in_url(line, file, number)
    for file in COMPOSE_FILES:
        for number, line in numbered_lines(checkout, file):
            if image := COMPOSE_IMAGE.match(line):
                found += [LocalService(name, f"is started with {image[1]}", file, number)
                          for name, kind in SERVICES.items() if re.match(kind.images, image[1])]  # fmt: skip
    return tuple({one.name: one for one in reversed(found)}.values())[::-1]


def _in_code(code: CodeIndex, file: str) -> Iterator[LocalService]:
    tree = code.checkout.parsed(file)
    if tree is None:
        return
    imported = {name.partition(".")[0] for name in islice(absolute_imports(tree), MAX_IMPORTS)}
    values = ConstantEvaluator(code, file)
    for node in code.checkout.nodes(file)[:MAX_NODES]:
        match node:
            case ast.Constant(value=str(text)) if "://" in text:
                yield from _in_url(text, file, node.lineno)
            case ast.Call():
                yield from _in_call(node, imported, values)
            case ast.Assign(targets=[target], value=value):
                yield from _in_setting(name_of(target), value, values)
            case ast.Dict(keys=keys, values=given):
                for key, value in zip(keys, given, strict=True):
                    yield from _in_setting(_constant(key), value, values)


def _in_url(text: str, file: str, line: int) -> Iterator[LocalService]:
    for url in islice(URL_SCHEME.finditer(text), 5):
        try:
            host = urlsplit(url[0]).hostname
        except ValueError:
            continue
        for name, kind in SERVICES.items():
            if url[1] in kind.schemes and (host or "localhost") in LOCAL_HOSTS:
                yield LocalService(name, f"uses {kind.label} at {host or 'localhost'}", file, line)


def _in_call(call: ast.Call, imported: set[str], values: ConstantEvaluator) -> Iterator[LocalService]:
    called = decorator_name(call.func)
    for name, kind in SERVICES.items():
        if called not in kind.calls or not imported & kind.modules:
            continue
        hosts = [word.value for word in call.keywords if word.arg in HOST_WORDS]
        said = [host_of(values, one) for one in (*call.args[:1], *hosts)]
        default = kind.by_default and not call.args and not hosts
        if name == "mqtt" and local_by_default(called, imported):
            default = not hosts
        if default and any(word.arg in {"connection_pool", "unix_socket_path", None} for word in call.keywords):
            continue
        if default or any(host in LOCAL_HOSTS for host in said):
            yield LocalService(name, f"connects to {kind.label} on the same machine", values.file, call.lineno)


def local_by_default(called: str, imported: set[str]) -> bool:
    """Return whether a function uses the local broker unless it gets a host."""
    return called in {"single", "multiple"} and "paho" in imported


def is_host_setting(service: str, setting: str) -> bool:
    """Return whether a setting such as MQTT_BROKER_URL names the host of a service."""
    found = re.match(rf"(?:{SERVICES[service].settings})", setting)
    return bool(found and SETTING_END.fullmatch(setting[found.end() :]))


def _in_setting(setting: str, value: ast.expr, values: ConstantEvaluator) -> Iterator[LocalService]:
    for name, kind in SERVICES.items():
        if is_host_setting(name, setting) and host_of(values, value) in LOCAL_HOSTS:
            yield LocalService(name, f"connects to {kind.label} on the same machine", values.file, value.lineno)


def host_of(values: ConstantEvaluator, node: ast.expr) -> str:
    """Return the host that an expression names; "" if it is not known."""
    match node:
        case ast.Tuple(elts=[first, *_]) | ast.List(elts=[first, *_]):
            return host_of(values, first)
        case ast.Call(args=[_, default]) if decorator_name(node.func) in {"get", "getenv"}:
            return host_of(values, default)
    text = values.text(node) or ""
    if "host=" in text:  # a text for PostgreSQL
        text = text.partition("host=")[2].split(" ")[0]
    if "://" in text:
        try:
            return urlsplit(text).hostname or "localhost"
        except ValueError:
            return ""
    return text if text == "::1" else text.partition(":")[0]


def _constant(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def name_of(target: ast.expr) -> str:
    """Return the name of a variable or of a setting; "" if it has none."""
    return _constant(target.slice) if isinstance(target, ast.Subscript) else getattr(target, "id", "")
