from __future__ import annotations

from tests.server.site import data_folder, pushed, serving


def test_an_empty_platform_says_how_to_push_and_then_what_was_pushed() -> None:
    with data_folder() as data, serving(data) as site:
        client = site.administrator()
        assert f"steelyard remote push RUN --to {site.base}" in client.get("/").text
        pushed(site)
        text = client.get("/").text
    assert "Inconsistent: the served model does not reach the claim on sums (99 %)" in text
    assert "What nobody pushed is not here" in text
