"""A PostgreSQL server for a bench or a test: the one that is given, or one started here as an ordinary user."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class NoServer(Exception):
    """None is given, and none can be started here."""


class Server:
    """A server of one's own, which can go away and come back at the same address. Raises `NoServer`.

    With `certificate` (PEM; its key beside it, ending in `.key`) it lets nobody in but over TLS.
    """

    def __init__(self, *, certificate: Path | None = None) -> None:
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not binaries:
            raise NoServer("no server is installed")
        self._binary, self._certificate = binaries[-1], certificate
        self._account = "postgres" if os.geteuid() == 0 else None      # PostgreSQL refuses to run as root
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="storythread-postgres-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]

    @property
    def address(self) -> str:
        """Without a database."""
        return f"postgresql://test@127.0.0.1:{self._port}"

    def __enter__(self) -> Server:
        try:
            self._prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Be there; again, if it was stopped."""
        tls = ["-c", "ssl=on", "-c", f"ssl_cert_file={self._folder / 'server.crt'}",
               "-c", f"ssl_key_file={self._folder / 'server.key'}"] if self._certificate else []
        self._process = subprocess.Popen(
            [self._binary, "-D", self._folder / "data", "-p", str(self._port), "-h", "127.0.0.1", "-k", self._folder,
             "-F", *tls], user=self._account, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            ready = subprocess.run([self._binary.with_name("pg_isready"), "-h", "127.0.0.1", "-p", str(self._port)],
                                   check=False, capture_output=True)
            if ready.returncode == 0:
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise NoServer("the server that is installed here did not start")

    def stop(self) -> None:
        """Be away: every connection is ended ("fast shutdown")."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(60)

    def _prepare(self) -> None:
        if self._account:
            shutil.chown(self._folder, self._account, self._account)
        self._run("initdb", "-D", self._folder / "data", "-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8")
        if self._certificate is None:
            return
        for ending in (".crt", ".key"):
            copy = self._folder / f"server{ending}"
            shutil.copyfile(self._certificate.with_suffix(ending), copy)
            copy.chmod(0o600)
            if self._account:
                shutil.chown(copy, self._account, self._account)
        (self._folder / "data" / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n", "ascii")

    def _run(self, command: str, *words: Any) -> None:
        subprocess.run([self._binary.with_name(command), *words], user=self._account, cwd=self._folder, check=True,
                       capture_output=True)


@contextmanager
def postgres_server() -> Iterator[str]:
    """An address of a server, without database: what STORYTHREAD_TEST_POSTGRES names, or a new one. Raises `NoServer`.
    """
    if given := os.environ.get("STORYTHREAD_TEST_POSTGRES"):
        yield given.rpartition("/")[0]
        return
    try:
        server = Server()
    except NoServer as none:
        raise NoServer(f"STORYTHREAD_TEST_POSTGRES gives no address and {none}") from none
    with server:
        yield server.address
