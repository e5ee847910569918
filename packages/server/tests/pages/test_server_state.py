from __future__ import annotations

import re
from html import unescape

from packages.server.tests.site import Site
from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.database.migrate import migrations
from steelyard_server.jobs.workers import Presence


def test_workers_that_are_alive_and_gone_are_told_apart(site: Site) -> None:
    client, database = site.administrator(), existing_database(open_data_folder(site.data), {})
    with database.connect() as connection:
        connection.autocommit = True
        for name in ("<b>shown</b>", "killed"):
            Presence(name, 3, "steelyard 0").note(connection)
        connection.execute(
            "UPDATE steelyard.worker SET seen_at = seen_at - interval '10 minutes' WHERE name = 'killed'"
        )
    text = client.get("/admin").text
    assert "&lt;b&gt;shown&lt;/b&gt;" in text
    assert "3 jobs at a time" in text
    assert "waits for jobs" in text
    assert re.search(r"Worker killed on \S+ is gone: last heard of \d{4}-", text)
    assert "<strong>gone</strong>" in text


def test_what_the_installed_version_would_change_is_listed(site: Site) -> None:
    """As where another version was installed meanwhile: the database lacks what its files have."""
    client, last = site.administrator(), migrations()[-1]
    assert "Nothing: the database has all that" in client.get("/admin").text
    taken = "DELETE FROM steelyard.schema_migration WHERE number = %s RETURNING number, name, digest"
    with existing_database(open_data_folder(site.data), {}).connect_as_owner() as connection:
        connection.autocommit = True
        row = connection.execute(taken, (last.number,)).fetchone()
        try:
            text = client.get("/admin").text
        finally:
            connection.execute("INSERT INTO steelyard.schema_migration (number, name, digest) VALUES (%s, %s, %s)", row)
    assert f'<li value="{last.number}">{last.about[:40]}' in unescape(text)
    assert "run steelyard serve migrate" in text
