"""The forms of a page: the same sentences and numbers in each, and names of a file as text alone."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from steelyard_forensics.gauntlet.forms import Shown, html, markdown, percent, plain, print_shown, share
from steelyard_forensics.gauntlet.rates import WorldRates, rate

SHOWN = Shown(
    ["First", "Second"],
    [("Title", ["kind", "share"], [["<b>x</b>", ".500"]], "A *note*.")],
    about="Nobody is asked.",
)


HEAD = WorldRates(world="w", digest="0" * 64, seed=7, honest=1, cheats=2)


def test_a_rate_is_shown_with_and_without_its_interval() -> None:
    half = rate(0.5, 4)
    assert plain(half) == ".500"
    assert share(half).startswith(".500 [.0")
    assert percent(rate(1.0, 4)) == "100.0 % [39.8, 100.0]"


def test_every_form_has_the_sentences_and_the_table() -> None:
    console = Console(file=StringIO(), width=100)
    print_shown(SHOWN, console)
    assert isinstance(console.file, StringIO)
    for text in (console.file.getvalue(), markdown(SHOWN, "here"), html(HEAD, SHOWN, "now")):
        for part in ("First.", "Second.", "Title", ".500"):
            assert part in text
    assert markdown(SHOWN, "here").startswith("here\n\nFirst.\n\n")


def test_a_page_escapes_names_and_says_where_answers_go() -> None:
    page = html(HEAD, SHOWN, "now")
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page
    assert "Nobody is asked. What is honest is known" in page
    assert "A note." in page
