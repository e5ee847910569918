from __future__ import annotations

from packages.server.tests.site import Site


def test_without_a_provider_the_page_says_so_and_takes_nothing(site: Site) -> None:
    client = site.administrator()
    assert "No identity provider is configured" in client.get("/admin/groups").text
    fields = {"key": client.key("/admin/people"), "group": "staff", "role": "viewer", "project": "default"}
    assert client.post("/admin/groups", fields).status == 400
