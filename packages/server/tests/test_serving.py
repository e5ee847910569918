"""The process as a user starts it: its first lines, its end, and that everything is there after a restart."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from psycopg.conninfo import make_conninfo

from packages.server.tests.databases import open_folder
from packages.server.tests.site import environment, pushed_over_http, serving
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import folder_id, open_data_folder
from steelyard_server.database.migrate import apply_migrations, migrations
from steelyard_server.database.passwords import APPLICATION, parameters, read_passwords
from steelyard_server.serving import prepare


def test_what_was_pushed_is_there_after_sigkill_and_no_second_link_is_printed(data: Path) -> None:
    with serving(data) as site:
        seal = pushed_over_http(site)
        (data / "incoming" / "half").mkdir(parents=True)
        site.process.send_signal(signal.SIGKILL)
        site.process.wait(10)
    with serving(data) as again:
        assert again.link == ""
        again.is_new = False
        assert again.administrator().get(f"/p/default/runs/{seal}").status == 200
        assert [*(data / "incoming").iterdir()] == []
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(30) in (0, 130)


def test_a_second_server_on_the_same_folder_is_refused(data: Path) -> None:
    with serving(data):
        command = [sys.executable, "-m", "steelyard", "serve", "--data", str(data), "--bind", "127.0.0.1:0"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 2
    assert "uses this data folder" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_worker_with_another_data_folder_is_refused_in_one_line(data: Path) -> None:
    """A copy of its own of keys and ledgers would count a series anew."""
    with open_folder("other") as path, serving(data):
        other = open_data_folder(path)
        asked = parameters(open_data_folder(data), APPLICATION, read_passwords(open_data_folder(data)).application)
        team = environment() | {"DATABASE_URL": make_conninfo(**asked)}
        for has_an_id in (False, True):
            if has_an_id:
                assert len(folder_id(other)) == 32
            command = [sys.executable, "-m", "steelyard", "worker", "--data", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, env=team)
            assert done.returncode == 2
            (said,) = [line for line in done.stderr.splitlines() if line[:1] != "{" and "does jobs of" not in line]
            assert "is served from another data folder" in said
            assert "taken" not in done.stderr


def test_it_ends_with_an_error_where_its_database_ends(data: Path) -> None:
    with serving(data) as site:
        postmaster = int((data / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        assert site.process.wait(60) not in (0, 130)
    assert "the database has ended by itself: see " in "".join(site.lines)
    assert "Traceback" not in "".join(site.lines)


def test_with_a_certificate_it_is_reached_by_https_alone(data: Path, certificate: tuple[Path, Path]) -> None:
    chain, private = certificate
    options = ("--tls-cert", str(chain), "--tls-key", str(private))
    with serving(data, *options, trusted=chain) as site:
        assert site.base.startswith("https://127.0.0.1:")
        assert site.link.startswith(site.base)
        reply = site.client().get("/sign-in")
        assert reply.headers["strict-transport-security"] == "max-age=31536000"
        assert reply.cookies[0].startswith("__Host-steelyard-form=")
        assert "Secure" in reply.cookies[0]
        client = site.administrator()
        assert client.get("/").status == 200
        assert "__Host-steelyard-session" in client.cookies
        address = urlsplit(site.base)
        with socket.create_connection((address.hostname, address.port)) as clear, suppress(ConnectionResetError):
            clear.sendall(f"GET /healthz HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
            assert b"200" not in clear.recv(1000)


def test_it_says_from_which_schema_to_which_it_brought_its_database() -> None:
    newest = len(migrations())
    with open_folder() as path, open_database(open_data_folder(path), environment={}) as database:
        with database.connect_as_owner() as connection:
            apply_migrations(connection, database.application_role, migrations()[:-2])
        (said,) = prepare(database)
        assert said.startswith(f"schema {newest - 2} → {newest}: ")
        assert prepare(database) == []
