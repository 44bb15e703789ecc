"""TLS to PostgreSQL as its address asks for it: by both drivers, against a real server with its own certificate."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from store_material import settings_in

from bench import postgres
from engine.doctor import database
from engine.durable import Durable
from engine.nouns import StoreUnusable
from engine.store import open_library
from engine.store.jobs import TO_FACE
from engine.store.line import Line
from engine.store.postgres import blocking_url, connected
from engine.store.session import current_session


def issue(folder: Path, name: str, *, address: str = "127.0.0.1") -> Path:
    """A certificate that signs itself, for one address; its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256()))
    (folder / f"{name}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / f"{name}.crt"


@dataclass(frozen=True)
class Guarded:
    """A server that lets nobody in but over TLS, its certificate, and one that is not its own."""

    address: str
    certificate: Path
    other: Path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, other = issue(folder, "server"), issue(folder, "other")
    try:
        with postgres.Server(certificate=certificate) as server:
            yield Guarded(server.address, certificate, other)
    except postgres.NoServer as none:
        pytest.skip(f"no PostgreSQL can be started here: {none}")


async def encrypted(url: str) -> tuple[bool, bool]:
    """Whether asyncpg's connection is, and psycopg's."""
    ask = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    connection = await connected(url)
    try:
        first = await connection.fetchval(ask)
    finally:
        await connection.close()
    engine = create_engine(blocking_url(make_url(url)))
    try:
        with engine.connect() as blocking:
            return bool(first), bool(blocking.execute(text(ask)).scalar())
    finally:
        engine.dispose()


async def test_the_address_says_how_sure_one_wants_to_be(guarded: Guarded) -> None:
    url = f"{guarded.address}/postgres"
    assert await encrypted(f"{url}?sslmode=require") == (True, True)
    assert await encrypted(f"{url}?sslmode=verify-full&sslrootcert={guarded.certificate}") == (True, True)
    surely = f"sslmode=verify-ca&sslrootcert={guarded.certificate}&connect_timeout=7"
    assert await encrypted(f"{url}?{surely}") == (True, True)


@pytest.mark.parametrize("asked", ["sslmode=verify-full&sslrootcert={other}", "sslmode=disable",
                                   "sslmode=verify-full&sslrootcert={certificate}&host=localhost"])
async def test_neither_driver_takes_less(guarded: Guarded, asked: str) -> None:
    url = f"{guarded.address}/postgres?" + asked.format(other=guarded.other, certificate=guarded.certificate)
    if "host=" in asked:                       # the certificate is for another name
        url = url.replace("127.0.0.1", "localhost").replace("&host=localhost", "")
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await connected(url)
    engine = create_engine(blocking_url(make_url(url)))
    with pytest.raises(Exception, match=r"SSL|certificate|encryption|TLS"), closing(engine.connect()):
        pass
    engine.dispose()


async def test_library_line_and_workflows_over_tls_and_the_doctor_says_what_is_wrong(
        guarded: Guarded, tmp_path: Path) -> None:
    asked = f"?sslmode=verify-full&sslrootcert={guarded.certificate}"
    settings = settings_in(tmp_path, database_url=f"{guarded.address}/postgres{asked}")
    library = await open_library(settings)
    told: list[str] = []
    line = Line(settings.database_url, (77,), TO_FACE, told.append)
    durable = Durable(system_database_url=library.system_database_url, engine=library.engine,
                      current_session=current_session)
    done: list[str] = []

    async def body(word: str) -> None:
        done.append(word)

    try:
        assert await line.open()
        await durable.launch(body=body)
        await durable.start("body", "w1", "hello")
        await durable.finished("w1")
        connection = await connected(settings.database_url)
        rows = await connection.fetch("SELECT a.application_name, s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s "
                                      "USING (pid) WHERE a.backend_type = 'client backend'")
        await connection.close()
    finally:
        await durable.close()
        await line.close()
        await library.close()
    assert done == ["hello"] and len(rows) >= 4 and all(row["ssl"] for row in rows), rows
    assert (await database(settings)).ok

    wrong = settings_in(tmp_path, database_url=settings.database_url.replace(
        str(guarded.certificate), str(guarded.other)))
    found = await database(wrong)
    assert not found.ok and "certificate" in found.sentence
    with pytest.raises(StoreUnusable):
        await open_library(wrong)
