from __future__ import annotations

from packages.server.tests.site import Site


def test_no_other_name_is_served(site: Site) -> None:
    for name in ("style.css", "..%2f..%2fplatform.py", "0000000000000000.css"):
        assert site.client().get(f"/static/{name}").status == 404
