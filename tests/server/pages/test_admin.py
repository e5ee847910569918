from __future__ import annotations

from tests.server.site import Site


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
    assert "first-administrator" in client.get("/admin/audit?before=20").text
    assert client.get("/admin/audit?before=x").status == 200
