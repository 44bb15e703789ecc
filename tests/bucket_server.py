"""A server for S3 on this machine, over real HTTP, and a gate in front of it that can be shut, held or cut."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.request import Request, urlopen

import pytest


class Gate:
    """Passes bytes on between a port of its own and the server's."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener: socket.socket | None = None
        self._pairs: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self.cut_after_bytes: int | None = None        # of what a client sends on one connection
        self.passed_bytes = 0
        self.port = 0
        self.open()

    def open(self) -> None:
        """Let connections in, at the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port, self._listener = listener.getsockname()[1], listener
        threading.Thread(target=self._let_in, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuse whoever comes, and end what is under way."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            for each in self._pairs:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        """Nothing passes, and nobody is told."""
        self._flowing.clear()

    def let_go(self) -> None:
        """What was held passes."""
        self._flowing.set()

    def _let_in(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            with self._lock:
                self._pairs |= {client, server}
            for source, target, counted in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass_on, args=(source, target, counted), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        count = 0
        with suppress(OSError):
            while content := source.recv(65536):
                self._flowing.wait()
                if counted:
                    count += len(content)
                    self.passed_bytes += len(content)
                    if self.cut_after_bytes is not None and count > self.cut_after_bytes:
                        break
                target.sendall(content)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        source.close()
        with self._lock:
            self._pairs.discard(source)


@contextmanager
def serving(patch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A server whose listings come seven names at a time, and the environment by which everybody finds it."""
    from moto.server import ThreadedMotoServer

    patch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "7")
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    gate = Gate(server.get_host_and_port()[1])
    for name, value in {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{gate.port}", "AWS_ACCESS_KEY_ID": "storythread",
                        "AWS_SECRET_ACCESS_KEY": "a key of a test", "AWS_DEFAULT_REGION": "us-east-1",
                        "AWS_EC2_METADATA_DISABLED": "true"}.items():
        patch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY", "http_proxy"):
        patch.delenv(name, raising=False)
    forget_clients()
    urlopen(Request(f"http://127.0.0.1:{gate.port}/moto-api/reset", method="POST"))
    try:
        yield gate
    finally:
        forget_clients()
        gate.let_go()
        gate.shut()
        server.stop()


def make_bucket(name: str) -> None:
    """An empty one."""
    import s3fs

    s3fs.S3FileSystem(use_listings_cache=False).mkdir(name)


def forget_clients() -> None:
    """Look at the environment again: a process keeps one client for each set of options."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
