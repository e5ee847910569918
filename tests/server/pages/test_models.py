from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.server.pages.models import price_in_words
from steelyard.server.runs.summary import Taken
from tests.server.site import Site, new_platform, pushed


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (Taken(), ""),
        (Taken(calls=9), "no right answer"),
        (Taken(right=4, asked=5, calls=5), ""),
        (Taken(right=4, asked=5, calls=6, tokens=602), "150 tokens each"),
        (Taken(right=4, asked=5, calls=6, tokens=602, cost=0.01), "2.50 for 1,000"),
        (Taken(right=4, asked=5, calls=6, tokens=602, cost=0.0), "0.00 for 1,000"),
    ],
)
def test_what_a_right_answer_took_is_said_in_money_where_prices_are_known(taken: Taken, words: str) -> None:
    assert price_in_words(taken) == words


def test_each_model_is_there_with_its_checks_and_what_it_took(site: Site, hostile_run: Path, suite_run: Path) -> None:
    golden, hostile, _ = pushed(site), pushed(site, hostile_run), pushed(site, suite_run)
    client = site.administrator()
    text = client.get("/p/default/models").text
    row = text[text.index(">adder</a>") :].partition("</tr>")[0]
    assert f"/p/default/runs/{golden}" in row
    assert "inconsistent" in row
    assert "131 of 170" in row, "of both of its measurements, the repeated calls of the second one counted once"
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
