from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.database.rows import fill, one
from packages.server.tests.databases import started
from packages.server.tests.endpoints.test_rows import FACTS, added
from steelyard.errors import InputError
from steelyard_server.access.callers import Caller
from steelyard_server.database.connection import Database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.encryption.key_file import SecretKeyFile
from steelyard_server.endpoints.rows import Endpoints
from steelyard_server.upkeep.rotation import rotate


@pytest.fixture
def platform(data: Path) -> Iterator[tuple[Database, Endpoints, Caller]]:
    """A database of its own, since a rotation touches every key."""
    with started(data) as database, database.pool(4) as pool:
        number = fill(database, open_data_folder(data), runs=0)
        file = SecretKeyFile(data / "secrets" / "secret.key", "data folder")
        file.make()
        yield database, Endpoints(pool, file), Caller(person=number, session=1)


def test_every_key_is_encrypted_anew_and_the_old_secret_key_is_gone(
    platform: tuple[Database, Endpoints, Caller],
) -> None:
    database, endpoints, caller = platform
    numbers = [added(endpoints, caller, f"Number {number}") for number in range(5)]
    for number in numbers:
        endpoints.set_key(number, f"sk-{number}", caller, FACTS)
    before = endpoints.key_file.read()
    done = rotate(database, endpoints.key_file)
    assert (done.secrets, done.unreadable) == (5, ("vLLM of person 1",)), "that row holds bytes that are no ciphertext"
    after = endpoints.key_file.read()
    assert (len(after), after == before) == (1, False)
    assert [endpoints.use(number, "x", caller, FACTS)[1] for number in numbers] == [f"sk-{each}" for each in numbers]
    with database.connect() as connection:
        assert one(connection, "SELECT count(*) FROM steelyard.audit WHERE act = 'rotate-key'") == 1


def test_one_that_fails_halfway_leaves_all_readable(
    platform: tuple[Database, Endpoints, Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, endpoints, caller = platform
    number = added(endpoints, caller, "One")
    endpoints.set_key(number, "sk-one", caller, FACTS)
    with database.connect_as_owner() as connection:
        connection.execute("ALTER TABLE steelyard.endpoint_key ADD CHECK (octet_length(sealed) < 30) NOT VALID")
        with pytest.raises(Exception, match="violates check constraint"):
            rotate(database, endpoints.key_file)
        assert len(endpoints.key_file.read()) == 2, "the new one first, and the old one"
        assert endpoints.use(number, "x", caller, FACTS)[1] == "sk-one"
        connection.execute("ALTER TABLE steelyard.endpoint_key DROP CONSTRAINT endpoint_key_sealed_check1")
    rotate(database, endpoints.key_file)
    assert len(endpoints.key_file.read()) == 1
    assert endpoints.use(number, "x", caller, FACTS)[1] == "sk-one"


def test_keys_that_are_set_and_used_meanwhile_are_never_lost(platform: tuple[Database, Endpoints, Caller]) -> None:
    database, endpoints, caller = platform
    number = added(endpoints, caller, "Busy")
    endpoints.set_key(number, "sk-0", caller, FACTS)
    failed: list[BaseException] = []

    def use() -> None:
        try:
            for turn in range(10):
                endpoints.set_key(number, f"sk-{turn}", caller, FACTS)
                assert endpoints.use(number, "x", caller, FACTS)[1].startswith("sk-")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        rotate(database, endpoints.key_file)
    for thread in threads:
        thread.join()
    assert failed == []
    assert endpoints.use(number, "x", caller, FACTS)[1] == "sk-9"


def test_a_file_that_is_not_ours_to_write_stays_as_it_is(
    platform: tuple[Database, Endpoints, Caller], tmp_path: Path
) -> None:
    database, endpoints, caller = platform
    number = added(endpoints, caller, "Credential")
    endpoints.set_key(number, "sk-one", caller, FACTS)
    credential = SecretKeyFile(tmp_path / "key", "credential")
    credential.write([bytes(32), *endpoints.key_file.read()])
    with pytest.raises(InputError, match="--as-it-is"):
        rotate(database, credential)
    content = credential.path.read_bytes()
    assert rotate(database, credential, new_key=False).secrets == 1
    assert credential.path.read_bytes() == content
    credential.write([bytes(32)])
    assert Endpoints(endpoints._pool, credential).use(number, "x", caller, FACTS)[1] == "sk-one"
