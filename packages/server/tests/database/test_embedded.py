from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from packages.server.tests.databases import copied, open_folder, started
from steelyard.errors import InputError, StorageError
from steelyard_server.database import embedded, locks
from steelyard_server.database.embedded import running_database, start_database
from steelyard_server.database.folder import DataFolder, open_data_folder
from steelyard_server.database.locks import FolderInUse
from steelyard_server.database.passwords import OWNER, parameters

ROOT = os.geteuid() == 0
SERVING = """
    import sys, time
    from pathlib import Path
    from steelyard_server.database.connection import open_database
    from steelyard_server.database.folder import open_data_folder
    with open_database(open_data_folder(Path(sys.argv[1])), environment={}) as database:
        print(database.embedded.process.pid, flush=True)
        time.sleep(600)
"""


def add_project(folder: DataFolder, name: str) -> None:
    with start_database(folder) as running, connected(folder, running.passwords.owner) as connection:
        connection.execute("INSERT INTO steelyard.project (name) VALUES (%s)", (name,))


def projects(folder: DataFolder) -> set[str]:
    with start_database(folder) as running, connected(folder, running.passwords.owner) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM steelyard.project")}


def connected(folder: DataFolder, password: str) -> psycopg.Connection:
    return psycopg.connect(**parameters(folder, OWNER, password))


@contextmanager
def serving(path: Path, *before: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that runs the database, and the number of the database's first process."""
    command = [*before, sys.executable, "-c", textwrap.dedent(SERVING), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        postmaster = int(process.stdout.readline())
        try:
            yield process, postmaster
        finally:
            process.kill()
            wait_for_the_end(postmaster)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for_the_end(pid: int) -> None:
    while not gone(pid):
        time.sleep(0.02)


def test_what_was_written_is_there_after_a_restart(data: Path) -> None:
    folder = open_data_folder(data)
    add_project(folder, "kept")
    assert projects(folder) == {"default", "kept"}


def test_any_path_will_do(data_template: Path) -> None:
    """Spaces, quotes, commas, percent signs, and longer than a socket's address may be."""
    name = "a b'c,\"d%s $HOME ä " + "long" * 30
    with open_folder(name) as path:
        folder = open_data_folder(copied(data_template, path))
        assert projects(folder) == {"default"}
        assert {entry.name for entry in path.parent.iterdir()} == {name}


def test_a_first_start_makes_everything_and_only_its_own() -> None:
    with open_folder() as path:
        path.parent.chmod(0o755)
        before = [above.stat()[:3] + above.stat()[4:6] for above in path.parents]
        people = Path("/etc/passwd").read_bytes()
        with started(path) as database:
            assert not database.is_one_role
            modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.iterdir()}
            closed = {name: modes[name] for name in ("secrets", "postgres", "lock", "postgres.log")}
            assert closed == {"secrets": 0o700, "postgres": 0o700, "lock": 0o600, "postgres.log": 0o600}
            assert stat.S_IMODE((path / "secrets" / "database.json").stat().st_mode) == 0o600
            assert stat.S_IMODE((path / "postgres" / "socket").stat().st_mode) == 0o700
            assert stat.S_IMODE(path.stat().st_mode) == (0o701 if ROOT else 0o700)
        assert [above.stat()[:3] + above.stat()[4:6] for above in path.parents] == before
        assert Path("/etc/passwd").read_bytes() == people
        assert {entry.name for entry in (path / "postgres").iterdir()} == {"cluster", "socket"}  # not-synced is gone


def test_nobody_connects_without_the_password_or_over_a_network(data: Path) -> None:
    folder = open_data_folder(data)
    with start_database(folder) as running:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connected(folder, "guessed")
        with connected(folder, running.passwords.owner) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            assert connection.execute("SELECT lower('ÄÉΩ'), 'B' < 'a'").fetchone() == ("äéω", True)
            assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (
                False,
            )


def test_no_password_is_in_the_log_an_argument_or_the_environment(data: Path) -> None:
    folder = open_data_folder(data)
    with start_database(folder) as running:
        with connected(folder, running.passwords.owner) as connection, contextlib.suppress(psycopg.Error):
            connection.execute("ALTER ROLE nobody_of_that_name PASSWORD 'a-secret-of-mine'")
        told = [Path(f"/proc/{running.process.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        told.append(folder.log.read_bytes())
        passwords = running.passwords
    for secret in (passwords.superuser, passwords.owner, passwords.application, "a-secret-of-mine"):
        assert not [text for text in told if secret.encode() in text]
    assert repr(passwords) == "Passwords(…)"


def test_another_process_that_serves_is_found(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "TAKEN_SECONDS", 0.1)
    folder = open_data_folder(data)
    assert running_database(folder) is None
    with serving(data):
        with (
            pytest.raises(FolderInUse, match="another process of steelyard uses this data folder"),
            start_database(folder),
        ):
            pass
        passwords = running_database(folder)
        assert passwords is not None
        with connected(folder, passwords.owner) as connection:
            assert connection.execute("SELECT count(*) FROM steelyard.project").fetchone() == (1,)


def test_the_database_ends_with_the_process_that_started_it(data: Path) -> None:
    with serving(data) as (process, postmaster):
        process.kill()
        process.wait()
        assert projects(open_data_folder(data)) == {"default"}
        assert gone(postmaster)


def test_it_starts_after_everything_was_killed(data: Path) -> None:
    folder = open_data_folder(data)
    add_project(folder, "kept")
    with serving(data) as (process, postmaster):
        for pid in [process.pid, postmaster, *children(postmaster)]:
            with contextlib.suppress(ProcessLookupError):  # the database's others end when they see the first is gone
                os.kill(pid, signal.SIGKILL)
        assert (data / "postgres" / "cluster" / "postmaster.pid").exists()
        assert projects(folder) == {"default", "kept"}


def test_an_earlier_database_that_stopped_is_waited_for_and_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was stopped (SIGSTOP) holds the lock until it goes on."""
    monkeypatch.setattr(embedded, "_STALE_SECONDS", 0.2)
    with serving(data) as (process, postmaster):
        os.kill(postmaster, signal.SIGSTOP)
        process.kill()
        process.wait()
        lines: list[str] = []
        with (
            pytest.raises(StorageError, match=rf"has not ended within .* \(process {postmaster}\)"),
            start_database(open_data_folder(data), notify=lines.append),
        ):
            pass
        assert lines == ["an earlier database of this folder still runs: waiting for its end"]
        os.kill(postmaster, signal.SIGCONT)
        wait_for_the_end(postmaster)
    assert projects(open_data_folder(data)) == {"default"}


def test_a_number_that_a_stranger_has_now_stops_nothing(data: Path) -> None:
    """After a restart of the machine a stale postmaster.pid may name any living process."""
    folder = open_data_folder(data)
    account = pwd.getpwuid(folder.cluster.stat().st_uid)
    as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if ROOT else {}
    with subprocess.Popen(["sleep", "600"], **as_user) as stranger:  # type: ignore[call-overload]
        lines = [str(stranger.pid), str(folder.cluster), "0", "5432", "../socket", "", "0 0", "ready"]
        (folder.cluster / "postmaster.pid").write_text("\n".join(lines) + "\n")
        (folder.socket / ".s.PGSQL.5432.lock").write_text("\n".join(lines) + "\n")
        assert projects(folder) == {"default"}
        assert stranger.poll() is None
        stranger.kill()


def test_a_named_pipe_as_its_number_stops_nothing(data: Path) -> None:
    (data / "postgres" / "cluster" / "postmaster.pid").unlink(missing_ok=True)
    os.mkfifo(data / "postgres" / "cluster" / "postmaster.pid")
    assert projects(open_data_folder(data)) == {"default"}


def test_the_databases_user_leads_no_deletion_elsewhere(data: Path, tmp_path: Path) -> None:
    """Another PostgreSQL's socket is named as ours is."""
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (tmp_path / name).touch()
    folder = open_data_folder(data)
    owner = folder.cluster.stat()[4:6]
    for path in (folder.socket, folder.cluster):
        path.rename(path.with_name("old"))
        path.symlink_to(tmp_path)
        os.chown(path, *owner, follow_symlinks=False)
        with pytest.raises(InputError, match=r"is no folder|of PostgreSQL an unknown version"):
            projects(folder)
        assert len([*tmp_path.iterdir()]) == 2
        path.unlink()
        path.with_name("old").rename(path)
    assert projects(folder) == {"default"}


def test_a_server_that_somebody_else_started_on_the_folder_is_left_alone(data: Path) -> None:
    folder = open_data_folder(data)
    with start_database(folder) as running:
        program = os.readlink(f"/proc/{running.process.pid}/exe")
    account = pwd.getpwuid(folder.cluster.stat().st_uid)
    as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if ROOT else {}
    command = [program, "-D", folder.cluster, "-c", "listen_addresses=", "-c", "unix_socket_directories=../socket"]
    with subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, **as_user) as foreign:  # type: ignore[call-overload]
        number = folder.cluster / "postmaster.pid"
        while not (number.exists() and "ready" in number.read_text()):
            assert foreign.poll() is None
            time.sleep(0.02)
        with pytest.raises(StorageError, match="steelyard did not start"), start_database(folder):
            pass
        assert foreign.poll() is None
        foreign.send_signal(signal.SIGINT)
        foreign.wait()


def test_another_major_version_names_the_way(data: Path) -> None:
    (data / "postgres" / "cluster" / "PG_VERSION").write_text("17\n")
    with (
        pytest.raises(InputError, match=r"is of PostgreSQL 17, .* serve backup FILE.* serve restore FILE"),
        start_database(open_data_folder(data)),
    ):
        pass


def test_a_first_start_that_was_cut_off_is_made_again(data: Path) -> None:
    """The cluster gets its name when it is whole; the passwords that were written before are taken."""
    folder = open_data_folder(data)
    before = folder.passwords.read_bytes()
    shutil.move(folder.cluster, folder.postgres / "cluster.partial")
    with started(data):
        assert folder.passwords.read_bytes() == before


def test_a_database_that_cannot_start_says_why(data: Path) -> None:
    folder = open_data_folder(data)
    (folder.cluster / "postgresql.conf").write_text("no_such_setting = 3\n")
    with pytest.raises(StorageError, match=r"the database does not start: .*configuration"), start_database(folder):
        pass


def test_lost_passwords_name_the_way(data: Path) -> None:
    folder = open_data_folder(data)
    folder.passwords.unlink()
    with pytest.raises(InputError, match="passwords are gone or broken: restore a backup"), start_database(folder):
        pass


@pytest.mark.skipif(not ROOT, reason="not root: these tests run as an ordinary user themselves")
def test_an_ordinary_user_can_run_it(data: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    shutil.rmtree(next(data.glob("binaries-*")))
    for path in (data, *data.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    before = ("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    if subprocess.run([*before, sys.executable, "-c", "import psycopg"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("nobody may not run this Python")
    with serving(data, *before) as (_, postmaster):
        assert Path(f"/proc/{postmaster}").stat().st_uid == nobody.pw_uid
        assert {entry.stat().st_uid for entry in data.iterdir()} == {nobody.pw_uid}
        assert not list(data.glob("binaries-*"))
