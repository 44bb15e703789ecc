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


@contextmanager
def postgres_server() -> Iterator[str]:
    """An address of a server, without database: what STORYTHREAD_TEST_POSTGRES names, or a new one. Raises `NoServer`.
    """
    if given := os.environ.get("STORYTHREAD_TEST_POSTGRES"):
        yield given.rpartition("/")[0]
        return
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not binaries:
        raise NoServer("STORYTHREAD_TEST_POSTGRES gives no address and no server is installed")
    folder = Path(tempfile.mkdtemp(prefix="storythread-postgres-"))
    account = "postgres" if os.geteuid() == 0 else None      # PostgreSQL refuses to run as root
    if account:
        shutil.chown(folder, account, account)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: Any) -> None:
        subprocess.run(command, user=account, cwd=folder, check=True, capture_output=True)

    run(binaries[-1].with_name("initdb"), "-D", folder / "data", "-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8")
    server = subprocess.Popen(
        [binaries[-1], "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
        user=account, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            ready = subprocess.run([binaries[-1].with_name("pg_isready"), "-h", "127.0.0.1", "-p", str(port)],
                                   check=False, capture_output=True)
            if ready.returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise NoServer("the server that is installed here did not start")
        yield f"postgresql://test@127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)      # at once, whoever is still connected
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)
