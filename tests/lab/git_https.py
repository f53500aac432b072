"""Serve git over HTTPS with a name and a password, with a Pi's own Python.

python3 git_https.py PORT CERTIFICATE KEY REPOSITORIES LOGIN LOG. Each line of the log is the password of a request, "-"
for none. Uses the standard library only.
"""

import base64
import http.server
import os
import pathlib
import ssl
import subprocess
import sys

PORT, CERTIFICATE, KEY, REPOSITORIES, LOGIN, LOG = sys.argv[1:]
LOGIN_LINE = pathlib.Path(LOGIN).read_text().strip()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        login = base64.b64decode(given).decode()
        with open(LOG, "a") as log:
            log.write(f"{login.partition(':')[2] or '-'}\n")
        if login != LOGIN_LINE:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": REPOSITORIES,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "git",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=self.rfile.read(length), env=environment, stdout=subprocess.PIPE, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


server = http.server.ThreadingHTTPServer(("", int(PORT)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
