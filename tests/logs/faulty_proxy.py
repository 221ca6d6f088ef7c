"""A port of this machine → another one, through a relay that delays, cuts, hangs, refuses or is full when told to."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType

__all__ = ["FaultyProxy"]

CHUNK = 16 << 10
FULL = b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class FaultyProxy:
    """A relay on a free port of 127.0.0.1, from the block's beginning to its end.

    ``mode``: ``"pass"``; ``"slow"``, ``delay`` seconds before every chunk; ``"hang"``, nothing goes through;
    ``"cut"``, the connection is reset after ``cut_after`` bytes; ``"refuse"``, every connection is reset at once;
    ``"kill"``, nobody listens; ``"full"``, whatever is to be put there is answered with 507.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.mode = "pass"
        self.delay = 0.2
        self.cut_after = 2000
        self.num_connections = 0
        self.ended = threading.Event()
        self.sockets: list[socket.socket] = []
        self.lock = threading.Lock()  # a connection that comes while all are ended is ended too
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]

    def __enter__(self) -> FaultyProxy:
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self.lock:
            self.ended.set()
        for each in [self.listener, *self.sockets]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def switch(self, mode: str) -> None:
        """Another mode from now on; what is open is reset, so that it holds at once."""
        was, self.mode = self.mode, mode
        if mode == "kill":
            shut(self.listener)
            self.listener.close()
        elif was == "kill":
            self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
            threading.Thread(target=self.accept, daemon=True).start()
        with self.lock:
            ending, self.sockets = self.sockets, []
        for each in ending:
            reset(each)

    def accept(self) -> None:
        """Take connections until the block ends."""
        while not self.ended.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.num_connections += 1
            if self.mode == "refuse":
                reset(client)
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            with self.lock:
                if self.ended.is_set():
                    client.close()
                    server.close()
                    return
                self.sockets += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.relay, args=(source, sink), daemon=True).start()

    def relay(self, source: socket.socket, sink: socket.socket) -> None:
        """One direction of one connection."""
        passed = 0
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if self.mode == "hang":
                    self.ended.wait()
                    return
                if self.mode == "full" and data.startswith(b"PUT "):
                    source.sendall(FULL)
                    break
                if self.mode == "slow" and self.ended.wait(self.delay):
                    return
                if self.mode == "cut" and passed + len(data) > self.cut_after:
                    break
                passed += len(data)
                sink.sendall(data)
        for each in (source, sink):
            reset(each) if self.mode == "cut" else shut(each)


def reset(connection: socket.socket) -> None:
    """End a connection as a machine that goes down does."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    shut(connection)
    connection.close()


def shut(connection: socket.socket) -> None:
    """End a connection politely."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
