from __future__ import annotations

from pathlib import Path

from tests.server.site import Site, pushed


def test_runs_are_listed_narrowed_and_escaped(site: Site, hostile_run: Path) -> None:
    golden, hostile = pushed(site), pushed(site, hostile_run)
    client = site.administrator()
    text = client.get("/p/default/runs").text
    assert text.index(hostile) < text.index(golden), "the newest first"
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    narrowed = client.get("/p/default/runs?subject=adder&verdict=inconsistent&kind=audit").text
    assert golden in narrowed
    assert hostile not in narrowed
    assert "No run is like that" in client.get("/p/default/runs?subject=%27%22%3E%3Cscript%3E").text


def test_what_an_address_holds_beside_is_left_out(site: Site) -> None:
    client = site.administrator()
    for query in ("before=-1", "before=x", "before=" + "9" * 400, "verdict=%00", "kind=%27--", "before=%C2%B2"):
        assert client.get(f"/p/default/runs?{query}").status == 200
