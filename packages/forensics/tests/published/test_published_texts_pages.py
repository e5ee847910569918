"""What a reader is told of a log beside served answers: one line for hostile names, and nothing that was not shown."""

from __future__ import annotations

import io
import json

import pytest
from msgspec.structs import replace
from rich.console import Console

from packages.forensics.tests.published.published_texts_fixtures import EVEN, SAME, TOLD, result, row
from steelyard_forensics.published.texts_pages import headline, html, machine, markdown, print_result, sentences

HOSTILE = "b\x1b[31m<script>|x|\n# big"


@pytest.mark.parametrize(
    ("rows", "begins"),
    [
        ((row("a", SAME), row("b", TOLD)), "Inconsistent: the outputs of b did not come from the model that is served"),
        ((row("a", SAME), row("b", SAME)), "Consistent: the outputs of every benchmark begin, for more than 40 %"),
        ((row("a", SAME), row("b", EVEN)), "Insufficient power: a is consistent"),
        ((row("a", TOLD), row("b", TOLD)), "Not decided: no benchmark of the log"),
    ],
)
def test_the_headline_says_what_was_shown(rows: tuple, begins: str) -> None:  # type: ignore[type-arg]
    assert headline(result(*rows)).startswith(begins)


def test_hostile_names_stay_on_one_line_and_are_escaped() -> None:
    found = result(row("a", SAME), row(HOSTILE, TOLD), row("c", EVEN))
    found = replace(found, log=replace(found.log, model=HOSTILE, harness=HOSTILE))
    file = io.StringIO()
    print_result(found, Console(file=file, width=100))
    assert "\x1b" not in file.getvalue()
    assert max(map(len, file.getvalue().splitlines())) <= 100
    for text in (markdown(found), html(found)):
        assert "<script>" not in text
        assert "\n# big" not in text
    assert len([line for line in markdown(found).splitlines() if line.startswith("|")]) == 5


def test_it_says_how_many_pairs_would_decide_and_what_a_hint_is() -> None:
    found = result(row("a", SAME), row("b", TOLD[:8], texts=9), row("c", [*[("n", None)] * 3, *EVEN]))
    said = list(sentences(found))
    assert any(each.startswith("b: about ") and "; there are 9" in each for each in said)
    assert any(each.startswith("c: as these pairs are, no number of them") for each in said)
    assert "c: 3 pairs left out: 3 shorter than 24 characters." in said
    assert any("is a hint and no test" in each for each in said)
    assert any("imported from h 1: Steelyard did not see these calls" in each for each in said)
    document = json.loads(json.dumps(machine(found)))
    assert document["exit"] == 3
    assert document["needed"]["c"] is None
