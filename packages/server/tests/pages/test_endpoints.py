"""The pages of endpoints as an administrator uses them, and that a key is nowhere afterwards."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.site import Client, Site, new_platform, serving
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import TABLES
from steelyard_server.upkeep.backup import write_backup
from testkit.fixtures import SumsServer

KEY = "sk-a-key-that-is-never-shown-0815"
FIELDS = {
    "name": "Sums",
    "kind": "openai",
    "models": "sums\nother",
    "concurrency": "4",
    "price_in": "0.15",
    "price_out": "",
}


@pytest.fixture(scope="module")
def own_site(data_template: Path) -> Iterator[Site]:
    with new_platform(data_template) as running:
        yield running


def add(client: Client, **fields: str) -> str:
    """Add an endpoint; the address of its page."""
    reply = client.submit("/admin/endpoints", "/admin/endpoints", **{**FIELDS, **fields})
    assert reply.status == 303, reply.text
    return reply.headers["location"]


def test_an_endpoint_is_added_changed_tried_and_retired_and_its_key_is_nowhere(own_site: Site, tmp_path: Path) -> None:
    client, seen = own_site.administrator(), ""
    with SumsServer() as server:
        place = add(client, address=server.url)
        for page in ("/admin/endpoints", place):
            assert "127.0.0.1" in client.get(page).text
        assert client.submit(place, f"{place}/key", secret=KEY).status == 303
        assert client.submit(place, f"{place}/key", secret=f"{KEY} with a space").status == 400
        tried = client.submit(place, f"{place}/try", model="sums")
        assert "What an audit could test with it" in tried.text
        server.status, server.error = lambda *_: 401, {"message": f"wrong key: Bearer {KEY}"}
        refused = client.submit(place, f"{place}/try", model="sums")
        assert 'role="alert"' in refused.text
        seen += tried.text + refused.text
    assert "not in the list" in client.submit(place, f"{place}/try", model="gpt").text
    reply = client.submit(place, f"{place}/change", models="sums", concurrency="9", price_in="", price_out="2.50")
    assert reply.status == 303
    assert "There is one, set" in client.get(place).text
    seen += "".join(client.get(page).text for page in (place, "/admin/endpoints", "/admin", "/admin/audit", "/readyz"))
    seen += own_site.with_token("metrics").get("/metrics").text + "".join(own_site.lines)
    folder = open_data_folder(own_site.data, create=False)
    with open_database(folder, environment={}, beside=True) as database:
        write_backup(database, folder, tmp_path / "backup")
        with database.connect_as_owner() as connection:
            for table in TABLES:
                seen += str(connection.execute(f"SELECT t::text FROM steelyard.{table} t".encode()).fetchall())
    with zipfile.ZipFile(tmp_path / "backup") as backup:
        members = b"".join(backup.read(name) for name in backup.namelist())
    secret = (own_site.data / "secrets" / "secret.key").read_bytes().splitlines()[-1]
    for each in (KEY.encode(), KEY.encode().hex().encode(), secret, secret[:20]):
        assert each not in members
        assert each not in seen.encode()
    assert "set-endpoint-key" in seen
    assert (own_site.data / "postgres.log").read_bytes().find(KEY.encode()) == -1
    assert client.submit(place, f"{place}/retire").status == 303
    assert "retired" in client.get(place).text
    assert "<form" not in client.get(place).text.partition('<main id="content">')[2]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://169.254.169.254", "it is link-local, or gives a cloud"),
        ("http://[fd00:ec2::254]", "it is link-local, or gives a cloud"),
        ("http://0.0.0.0:8000", "no server has this address"),
        ("http://2852039166", "it is link-local"),
        ("OWN", "this is the platform itself, or its database"),
        ("OWN BY NAME", "this is the platform itself, or its database"),
        ("ftp://10.0.0.7", "begins with http:// or https://"),
    ],
)
def test_what_is_never_called_is_refused_on_the_form(own_site: Site, address: str, words: str) -> None:
    port = own_site.base.rpartition(":")[2]
    given = {"OWN": f"http://127.0.0.1:{port}", "OWN BY NAME": f"http://localhost:{port}/v1"}.get(address, address)
    client = own_site.administrator()
    reply = client.submit("/admin/endpoints", "/admin/endpoints", **{**FIELDS, "name": "Never", "address": given})
    assert (reply.status, words in reply.text) == (400, True), reply.text
    assert ">sums\nother</textarea>" in reply.text, "what was typed is still there"
    assert not re.search(r"/admin/endpoints/\d+", client.get("/admin/endpoints").text.partition("Never")[2])


def test_texts_are_escaped_and_a_number_of_none_is_404(own_site: Site) -> None:
    client = own_site.administrator()
    place = add(client, name="Hostile", address="http://10.0.0.9", models="<script>alert(1)</script>\n</textarea><b>")
    text = client.get(place).text
    assert "<script" not in text
    assert "<b>" not in text
    assert client.get("/admin/endpoints/999999").status == 404
    assert client.get("/admin/endpoints/99999999999999999999999").status == 404
    assert client.submit(place, "/admin/endpoints/999999/key", secret="x").status == 404


def test_without_its_secret_key_the_platform_starts_and_names_whose_key_is_needed_again(data: Path) -> None:
    with serving(data) as site:
        assert [line for line in site.lines if line.startswith("a new secret key, which is in no backup")]
        client = site.administrator()
        place = add(client, name="Lost and found", address="http://10.0.0.7")
        assert client.submit(place, f"{place}/key", secret=KEY).status == 303
    (data / "secrets" / "secret.key").unlink()
    with serving(data) as again:
        again.is_new = False
        client = again.administrator()
        assert [line for line in again.lines if "give them again: Lost and found" in line]
        assert "Lost and found" in client.get("/admin").text
        assert "give it again" in client.get(place).text
        refused = client.submit(place, f"{place}/try", model="sums")
        assert (refused.status, "is not in the secret key file: give it again" in refused.text) == (400, True)
        assert client.submit(place, f"{place}/key", secret=KEY).status == 303
        assert "Lost and found" not in client.get("/admin").text
        (data / "secrets" / "secret.key").chmod(0o644)
        assert "chmod 600 it" in client.get("/admin").text
        assert client.submit(place, f"{place}/key", secret=KEY).status == 400
        assert "Traceback" not in "".join(again.lines)
