"""Find the environment variables that an app reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from piwizard.apps.code_index import CodeIndex
from piwizard.apps.const_eval import CHECKOUT_ROOT, ConstantEvaluator
from piwizard.apps.name_lookup import external_origin
from piwizard.apps.repository_checkout import RepositoryCheckout, is_script, scan_checkout
from piwizard.apps.start_commands import numbered_lines
from piwizard.system.lazy_dataclass import dataclass

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
SAMPLE_FILES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "env.sample", "example.env")
SAMPLE_NAME = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)")
KEY_PROVIDERS = (
    "AWS|S3|MINIO|STRIPE|PAYPAL|PAYSTACK|RAZORPAY|FLUTTERWAVE|PLAID|SQUARE|RECAPTCHA|HCAPTCHA|CAPTCHA|TURNSTILE|"
    "CLOUDFLARE|CLOUDINARY|GOOGLE|FACEBOOK|FB|GITHUB|GITLAB|TWITTER|DISCORD|SLACK|TWILIO|SPOTIFY|DROPBOX|OPENAI|"
    "BINANCE|ALPACA|LANGFUSE|MAILJET|TUYA|CLERK|SUPABASE|AZURE|ALIPAY|TENCENT"
)
"""Services that issue their own keys: they would refuse a generated one."""
GENERATED_NAME = re.compile(
    rf"^(?!(?:\w+_)?(?:{KEY_PROVIDERS})_(?:\w+_)?SECRET_KEY$)(?:(?:\w*_)?SECRET_KEY|SECRET|\w*_SALT|APP_SECRET)$"
)
SECRET_NAME = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|_KEY$|_SALT$|CREDENTIALS|_DSN$")
# Variables that the system, the shell, a desktop, Flask's reloader or a hosting service sets.
SYSTEM_VARIABLES = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "PWD", "LANG", "TMPDIR", "PORT", "DYNO", "CI", "TERM", "SHELL", "HOSTNAME",
    "DISPLAY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP", "WAYLAND_DISPLAY", "SUDO_USER",
    "DBUS_SESSION_BUS_ADDRESS", "WERKZEUG_RUN_MAIN", "WERKZEUG_SERVER_FD", "INVOCATION_ID", "VIRTUAL_ENV",
    "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "ProgramFiles", "ProgramFiles(x86)", "USERPROFILE", "USERNAME", "COMSPEC",
})  # fmt: skip


SYSTEM_PREFIXES = ("XDG_", "WERKZEUG_", "PIP_", "LC_", "SSH_", "SYSTEMD_")


@dataclass(frozen=True)
class EnvVariable:
    """An environment variable that the code reads.

    `needed`: the code fails without it (`os.environ["X"]`), or Flask needs this key. `default` is the constant that
    the code falls back to, `example` the value in a sample file. `secret`: must not be shown or stored in the open.
    `generate`: any random text works.
    """

    name: str
    needed: bool
    default: str | None
    file: str
    line: int
    secret: bool = False
    generate: bool = False
    example: str | None = None


def is_system_variable(name: str) -> bool:
    """Return whether the system, or Flask's own server, sets a variable."""
    return name in SYSTEM_VARIABLES or name.startswith(SYSTEM_PREFIXES)


def find_env_variables(root: Path | RepositoryCheckout) -> tuple[EnvVariable, ...]:
    """Return the environment variables that the code reads, needed ones first."""
    checkout = scan_checkout(root)
    code = CodeIndex.of(checkout)
    samples = _sample_values(checkout)
    found: dict[str, EnvVariable] = {}
    readers: dict[str, _FileReader] = {}
    for file in checkout.python:
        if not checkout.mentions(file, b"environ", b"getenv", b"env(", b"env.", b"config(", b"envvar"):
            continue
        readers[file] = reader = _FileReader(code, file)
        for variable in (*reader.variables(), *reader.overrides()):
            known = found.get(variable.name)
            if known is None or (variable.needed and not known.needed and known.default is None):
                found[variable.name] = replace(variable, example=samples.get(variable.name))
    own = {name for file in checkout.python if file in readers for name in readers[file].own_names()}
    kept = [variable for variable in found.values() if variable.name not in own]
    return tuple(sorted(kept, key=lambda variable: (not variable.needed, variable.name)))


def _sample_values(checkout: RepositoryCheckout) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in SAMPLE_FILES:
        for _, line in numbered_lines(checkout, file):
            name, sign, value = line.partition("=")
            if sign and (match := SAMPLE_NAME.fullmatch(name.strip())):
                found.setdefault(match[1], value.strip().strip("\"'"))
    return found


@dataclass(frozen=True)
class _FileReader:
    code: CodeIndex
    file: str

    def variables(self) -> Iterator[EnvVariable]:
        nodes = self.code.checkout.nodes(self.file)
        fallbacks = {
            id(node.values[0]): node.values[-1] for node in nodes if isinstance(node, ast.BoolOp) and _is_or(node)
        }
        optional = _optional_names(nodes)
        for node in nodes:
            read_here = self.read(node)
            if read_here is None:
                continue
            name, default, strict = read_here
            fallback = default if default is not None else fallbacks.get(id(node))
            if not VARIABLE_NAME.fullmatch(name) or is_system_variable(name):
                continue
            generate = bool(GENERATED_NAME.search(name))
            missing = fallback is None and name not in optional and not is_script(self.file)
            yield EnvVariable(
                name, missing and (strict or generate), self.shown(fallback), self.file,
                getattr(node, "lineno", 1), bool(SECRET_NAME.search(name)), generate,
            )  # fmt: skip

    def own_names(self) -> Iterator[str]:
        """Yield the variables that the code itself sets, whatever they were: it keeps its state in them."""
        optional = _optional_names(self.code.checkout.nodes(self.file))
        for node in self.code.checkout.nodes(self.file):
            match node:
                case ast.Assign(targets=targets, value=value):
                    asked = any(isinstance(part, ast.expr) and self.is_environ(part) for part in ast.walk(value))
                    parts = [part for target in targets for part in getattr(target, "elts", [target])]
                    for part in parts if not asked else ():
                        if isinstance(part, ast.Subscript) and self.is_environ(part.value):
                            name = ConstantEvaluator(self.code, self.file).text(part.slice)
                            if name and name not in optional:
                                yield name

    def overrides(self) -> Iterator[EnvVariable]:
        """Yield the settings that a loop overrides by variables of the same name."""
        nodes = self.code.checkout.nodes(self.file)
        if not any(isinstance(node, ast.For) and _is_config(node.iter) and self._asks(node) for node in nodes):
            return
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_config(node.func.value):
                given = node.keywords if node.func.attr in ("update", "from_mapping") else []
                for one in given:
                    if (
                        one.arg
                        and VARIABLE_NAME.fullmatch(one.arg)
                        and one.arg.isupper()
                        and not is_system_variable(one.arg)
                    ):
                        secret, any_text = bool(SECRET_NAME.search(one.arg)), bool(GENERATED_NAME.search(one.arg))
                        default = self.shown(one.value)
                        yield EnvVariable(one.arg, False, default, self.file, one.value.lineno, secret, any_text)

    def _asks(self, loop: ast.For) -> bool:
        return any(isinstance(node, ast.expr) and self.is_environ(node) for node in ast.walk(loop))

    def read(self, node: ast.AST) -> tuple[str, ast.expr | None, bool] | None:
        """Return name, default and whether it is needed if a node reads the environment."""
        text = ConstantEvaluator(self.code, self.file).text
        match node:
            case ast.Subscript(value=value, slice=key, ctx=ast.Load()) if self.is_environ(value):
                return (name, None, True) if (name := text(key)) else None
            case ast.Call(func=ast.Attribute(value=value, attr="get" | "setdefault" | "pop"), args=[key, *rest]):
                if self.is_environ(value) and (name := text(key)):
                    return name, _default(node, rest), False
            case ast.Call(func=function, args=[key, *rest]) if name := text(key):
                origin = external_origin(self.code, self.file, function)
                if origin == ("os", "getenv"):
                    return name, _default(node, rest), False
                if origin in {("decouple", "config"), ("starlette.config", "Config")}:
                    return name, _default(node, rest), True
                if self.is_environs(function):
                    return name, _default(node, rest), True
                if isinstance(function, ast.Attribute) and function.attr == "from_envvar":
                    silent = any(k.arg == "silent" for k in node.keywords) or bool(rest)
                    return name, None, not silent
        return None

    def is_environ(self, node: ast.expr) -> bool:
        return external_origin(self.code, self.file, node) in {("os", "environ"), ("os", "environb")}

    def is_environs(self, function: ast.expr) -> bool:
        """Return whether a call uses the environs package: `env("X")`, `env.str("X")`."""
        holder = function.value if isinstance(function, ast.Attribute) else function
        if not isinstance(holder, ast.Name) or (isinstance(function, ast.Attribute) and function.attr == "read_env"):
            return False
        sources = self.code.everything(self.file).names.get(holder.id, [])
        values = [getattr(source, "value", None) for source in sources]
        origins = [external_origin(self.code, self.file, value.func) for value in values if isinstance(value, ast.Call)]
        return any(origin in {("environs", "Env"), ("environ", "Env")} for origin in origins)

    def shown(self, node: ast.expr | None) -> str | None:
        """Return a default as a person reads it: with paths relative to the checkout."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return str(node.value) if abs(node.value) < 1e18 else None
        text = ConstantEvaluator(self.code, self.file).text(node)
        return None if text is None else text.replace(f"{CHECKOUT_ROOT}/", "")


def _default(call: ast.Call, rest: list[ast.expr]) -> ast.expr | None:
    given = next((k.value for k in call.keywords if k.arg == "default"), rest[0] if rest else None)
    return None if isinstance(given, ast.Constant) and given.value is None else given


def _is_config(node: ast.expr) -> bool:
    """Return whether an expression is `app.config` or `app.config.items()`."""
    if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return isinstance(node, ast.Attribute) and node.attr == "config"


def _is_or(node: ast.BoolOp) -> bool:
    return isinstance(node.op, ast.Or) and isinstance(node.values[0], ast.Call | ast.Subscript)


def _optional_names(nodes: list[ast.AST]) -> set[str]:
    """Return names that the code checks first: `"X" in os.environ`, try/except."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
                found.add(node.left.value)
        elif isinstance(node, ast.Try) and any(_catches_key_error(handler) for handler in node.handlers):
            for inner in node.body:
                found.update(
                    part.slice.value
                    for part in ast.walk(inner)
                    if isinstance(part, ast.Subscript)
                    and isinstance(part.slice, ast.Constant)
                    and isinstance(part.slice.value, str)
                )
    return found


def _catches_key_error(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", "") in {"KeyError", "LookupError", "Exception"} for kind in caught)
