from __future__ import annotations

import re
from pathlib import Path

from packages.server.tests.pages.test_suites import show_key
from packages.server.tests.site import Site
from steelyard.suites.encrypting import new_identity


def test_a_key_is_named_shown_and_ended(site: Site, tmp_path: Path) -> None:
    path, public = new_identity(tmp_path / "reader.txt")
    client = site.person("keys-reader", "viewer")
    refused = client.submit("/account/readers", "/account/readers", public_key="<b>")
    assert (refused.status, "<b>" in refused.text) == (400, False)
    wrong = client.submit("/account/readers", "/account/readers/confirm", code="abc")
    assert (wrong.status, "this is not what the text holds" in wrong.text) == (400, True)
    show_key(client, public, path)
    page = client.get("/account/readers").text
    assert public in page
    assert "not yet" not in page
    found = re.search(r'action="(/account/readers/\d+/end)"', page)
    assert found is not None
    assert client.submit("/account/readers", found[1]).status == 303
    assert public not in client.get("/account/readers").text
