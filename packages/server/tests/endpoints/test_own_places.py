from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from steelyard.errors import InputError, StorageError
from steelyard_server.database.connection import Database
from steelyard_server.endpoints.addresses import refusal, refused_host
from steelyard_server.endpoints.own_places import (
    check_folder,
    note_own_places,
    noted_issuer,
    noted_own_places,
    own_places,
)
from steelyard_server.oidc.settings import OidcSettings
from steelyard_server.settings import serve_settings


def test_the_port_and_the_public_name_are_the_platforms_own(database: Database, tmp_path: Path) -> None:
    own = own_places(
        serve_settings(data=tmp_path, bind="127.0.0.1:8420", public_url="https://localhost", proxies=("127.0.0.1/32",)),
        database,
    )
    assert refusal("127.0.0.1", 8420, own) != ""
    for name in ("localhost", "LOCALHOST", "localhost."):
        assert refused_host(name, 443, own) != ""
    assert refused_host("127.0.0.1", 443, own) == "", "a proxy may serve others there, by other names"
    assert refusal("127.0.0.1", 8000, own) == ""


def test_a_teams_database_on_this_machine_is_too(team_database: Database, tmp_path: Path) -> None:
    """It is on a Unix socket here, and its port of loopback may be open beside it."""
    own = own_places(serve_settings(data=tmp_path, bind="127.0.0.1:8420"), team_database)
    assert own.ports == (5432, 8420)
    assert refusal("127.0.0.1", 5432, own) != ""


def test_a_worker_elsewhere_knows_where_the_platform_listens(database: Database, tmp_path: Path) -> None:
    settings = serve_settings(
        data=tmp_path, bind="10.0.0.9:8420", proxies=("10.0.0.1/32",), public_url="https://evals.x"
    )
    with database.connect() as connection:
        for _ in range(2):
            note_own_places(connection, settings, database)
        own = noted_own_places(connection, database)
    assert (own.ports, own.places, own.names) == ((8420,), (("10.0.0.9", 8420),), (("evals.x", 443),))
    assert refusal("::ffff:10.0.0.9", 8420, own) != ""
    assert refusal("10.0.0.9", 8000, own) == ""


def test_a_database_is_served_from_one_data_folder(database: Database, tmp_path: Path) -> None:
    first, second = "1" * 32, "2" * 32
    settings = serve_settings(data=tmp_path, bind="127.0.0.1:8420")
    team = replace(database, is_embedded=False)
    with database.connect() as connection, connection.transaction(force_rollback=True):
        for _ in range(2):
            note_own_places(connection, settings, team, first)
        with pytest.raises(InputError, match="another data folder"):
            note_own_places(connection, replace(settings, port=8421), team, second)
        assert 8421 not in noted_own_places(connection, database).ports
        note_own_places(connection, settings, database, second)  # one that is in its folder is served from nowhere else
        check_folder(connection, second)


def test_a_worker_has_the_folder_that_serves(database: Database, tmp_path: Path) -> None:
    first, second = "1" * 32, "2" * 32
    settings = serve_settings(data=tmp_path, bind="127.0.0.1:8420")
    with database.connect_as_owner() as connection, connection.transaction(force_rollback=True):
        connection.execute("DELETE FROM steelyard.serving")
        for folder in ("", first):
            with pytest.raises(StorageError, match="no steelyard serve has started"):
                check_folder(connection, folder)
            note_own_places(connection, settings, database)  # as a version of before did
        note_own_places(connection, settings, database, first)
        check_folder(connection, first)
        for folder in ("", second):
            with pytest.raises(InputError, match="start steelyard worker with that --data"):
                check_folder(connection, folder)


def test_a_worker_knows_whose_groups_give_roles(database: Database, tmp_path: Path) -> None:
    settings = serve_settings(data=tmp_path, bind="127.0.0.1:8420")
    oidc = OidcSettings(issuer="https://id.example/realms/ä", client_id="x", client_secret="y")
    with database.connect() as connection, connection.transaction(force_rollback=True):
        note_own_places(connection, replace(settings, oidc=oidc), database)
        assert noted_issuer(connection) == "https://id.example/realms/ä"
        assert noted_own_places(connection, database).ports == (8420,)
        note_own_places(connection, settings, database)
        assert noted_issuer(connection) == ""
        connection.execute("UPDATE steelyard.serving SET places = '{}'")  # as a version of before noted it
        assert noted_issuer(connection) == ""
