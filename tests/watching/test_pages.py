"""A watch in the terminal, as JSON and as a page."""

from __future__ import annotations

import json

from steelyard.reports.passive import BEGINNING
from steelyard.watching.pages import html, machine, print_standing
from steelyard.watching.standing import standing_of
from tests.watching.logs import Writer, watched


def printed(writer: Writer, width: int = 100) -> str:
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), width=width, markup=False, highlight=False, emoji=False)
    print_standing(standing_of(writer.log), console)
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


def test_the_terminal_has_the_state_the_curve_and_the_last_looks() -> None:
    said = printed(watched([0.8] * 12 + [0.3]))
    assert said.startswith("quiet: after 13 looks")
    assert "▇▇▇▇▇▇▇▇▇▇▇▇▃" in said
    assert "3 earlier looks" in said
    assert max(map(len, said.splitlines())) <= 100


def test_a_narrow_terminal_cuts_nothing() -> None:
    writer = watched([0.8], served=("m",))
    writer.end(0.8, served=("another-name",))
    assert "served name" in printed(writer, 40)


def test_json_is_a_document_with_every_look() -> None:
    writer = watched([0.8, 0.2])
    writer.lose()
    document = json.loads(json.dumps(machine(standing_of(writer.log)), allow_nan=False))
    assert (document["state"], document["exit"], document["alarm_since_look"]) == ("quiet", 4, None)
    assert [each["mean"] for each in document["looks"]] == [0.8, 0.2, None]
    assert document["looks"][2]["lost"] == "gone"
    assert document["baseline"]["passes"] == 10


def test_json_before_the_baseline_is_whole() -> None:
    document = machine(standing_of(Writer().log))
    assert document["baseline"] == {"passes": 0, "of": 10}
    assert document["looks"] == []


def test_the_page_runs_nothing_and_escapes_everything() -> None:
    writer = watched([0.8], served=("m",))
    writer.end(0.8, served=("<script>alert(1)</script>",))
    page = html(standing_of(writer.log))
    assert page.lstrip().startswith(BEGINNING)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.split("</head>")[1]


def test_the_page_of_every_state_can_be_drawn() -> None:
    lost = watched([0.2] * 9)
    lost.lose()
    for writer in (Writer(), watched(), watched([0.8]), watched([0.8] * 150), lost):
        page = html(standing_of(writer.log))
        assert "NaN" not in page
        assert "method" not in page
    assert "(lost)" in page
