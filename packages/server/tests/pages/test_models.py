from __future__ import annotations

from pathlib import Path

from packages.server.tests.site import Site, golden_right, new_platform, pushed


def test_each_model_is_there_with_its_checks_and_what_it_took(site: Site, hostile_run: Path, suite_run: Path) -> None:
    golden, hostile, _ = pushed(site), pushed(site, hostile_run), pushed(site, suite_run)
    client = site.administrator()
    text = client.get("/p/default/models").text
    row = text[text.index(">adder</a>") :].partition("</tr>")[0]
    assert f"/p/default/runs/{golden}" in row
    assert "inconsistent" in row
    right = golden_right()
    assert f"{right} of 60" in row, "what the second pass answered is not counted again"
    assert f'took"><span>unknown <span class="detail">by {right} right, {1320 / right:.0f} tokens each' in row, (
        "it was given no prices"
    )
    assert 'A verdict took"><span>unknown <span class="detail">by 2 verdicts, 660 tokens each' in row
    assert f"/p/default/runs/{hostile}" in text
    assert "<script>alert(1)" not in text
    assert "16 of 20" in text, "the suite's run, which claims nothing"
    assert "\u202e" not in text


def test_an_empty_project_and_a_page_behind_the_last_name_say_so(data_template: Path) -> None:
    with new_platform(data_template) as site:
        client = site.administrator()
        assert "Nothing was pushed yet" in client.get("/p/default/models").text
        assert "There are no more models" in client.get("/p/default/models?after=zzz").text
        assert client.get("/p/default/models?after=" + "%00" * 3).status in (200, 400)
