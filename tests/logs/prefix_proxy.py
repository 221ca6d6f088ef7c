"""A server of this machine → the same below a path that is stripped on the way, as jupyter-server-proxy does it."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["PREFIX", "stripping_proxy"]

PREFIX = "/user/ada/proxy/6006"
KEPT = ("Content-Type", "Content-Encoding", "ETag", "Content-Security-Policy")


@contextmanager
def stripping_proxy(target: str) -> Iterator[str]:
    """The address at which the server at ``target`` is seen; everything outside ``PREFIX`` is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            status, headers, body = forwarded(target.rstrip("/") + self.path.removeprefix(PREFIX))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}/"
    finally:
        server.shutdown()
        server.server_close()


def forwarded(url: str) -> tuple[int, dict[str, str], bytes]:
    """What the server behind answers."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = {name: answer.headers[name] for name in KEPT if name in answer.headers}
            return answer.status, found, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}, error.read()
