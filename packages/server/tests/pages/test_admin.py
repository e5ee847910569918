from __future__ import annotations

from packages.server.tests.database.rows import one
from packages.server.tests.site import Site
from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import open_data_folder


def test_admin_says_what_an_administrator_looks_for(site: Site) -> None:
    client = site.administrator()
    text = client.get("/admin").text
    for expected in (
        "PostgreSQL 18",
        "steelyard_owner owns the tables",
        "Free on its disk",
        "Last backup",
        str(site.data),
    ):
        assert expected in text
    audit = client.get("/admin/audit").text
    assert "The audit log holds" not in audit, "only the lines that are shown were looked at"
    assert 'href="/admin/audit?check=whole"' in audit
    assert "The audit log holds" in client.get("/admin/audit?check=whole").text
    assert "first-administrator" in client.get("/admin/audit?before=30").text
    assert client.get("/admin/audit?before=x").status == 200


def test_webhooks_whose_secret_cannot_be_read_are_named(site: Site) -> None:
    client, database = site.administrator(), existing_database(open_data_folder(site.data), {})
    with database.connect() as connection:
        person = one(connection, "SELECT min(id) FROM steelyard.person")
        webhook = one(
            connection,
            "INSERT INTO steelyard.webhook (project_id, scheme, host, port, path, kinds, made_by) "
            "VALUES (1, 'https', 'hooks.example', 443, '/', '{webhook.test}', %s) RETURNING id",
            (person,),
        )
        connection.execute(
            "INSERT INTO steelyard.webhook_key (webhook_id, sealed) VALUES (%s, %s)", (webhook, bytes(99))
        )
    assert f"send nothing until they get another one: webhook {webhook} of default" in client.get("/admin").text
    with database.connect() as connection:
        connection.execute("UPDATE steelyard.webhook_key SET sealed = NULL WHERE webhook_id = %s", (webhook,))
        connection.execute("UPDATE steelyard.webhook SET retired_at = now() WHERE id = %s", (webhook,))
