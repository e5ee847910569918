"""The table in a terminal: within 100 columns, hostile names on one line, a sign for each cell."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from packages.forensics.tests.assemble.test_assemble import FAILED, OPEN, REACHED, audited
from packages.forensics.tests.assemble.test_assemble_settings import changed
from steelyard.records import VerdictWord
from steelyard.reports.passive import check_passive
from steelyard_forensics.assemble.assemble import assemble
from steelyard_forensics.assemble.pages import difference_sentences, html, machine, markdown, print_assembly


@pytest.mark.parametrize("name", ["model-a", "x" * 300, "[red]a\x1b[31m\nb"])
@pytest.mark.parametrize("width", [60, 100])
def test_it_fits_and_is_inert(name: str, width: int) -> None:
    one = audited(name, [0.001, 1.0, None], [FAILED, REACHED, VerdictWord.NOT_TESTED])
    found = assemble([one, audited("b", [1.0, 0.001, 0.5], [REACHED, FAILED, OPEN])])
    out = io.StringIO()
    print_assembly(found, Console(file=out, width=width, highlight=False))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "✗" in text
    assert "✓" in text
    assert machine(found)["exit"] == 1


EVIL = "<script>alert(1)</script> | [x](http://h) \x1b[31m\u202e"


def test_settings_that_differ_are_in_every_form() -> None:
    one, other = audited("a", [0.001, 1.0], [FAILED, REACHED]), audited("b", [1.0, 0.001], [REACHED, FAILED])
    found = assemble([one, changed(other, (1,), prompt="chat", limit=50)])
    lead, *said = difference_sentences(found)
    assert lead.startswith("These audits were not asked alike.")
    assert said == ["t1: prompt format: p for a, chat for b", "t1: limit of samples: not set for a, 50 for b"]
    document = machine(found)
    assert document["sentences"][-3:] == [lead, *said]
    assert document["differences"][0] == {"setting": "prompt format", "rows": ("t1",), "values": ("p", "chat")}
    assert "## Settings that differ" in markdown(found)
    page = html(found)
    check_passive(page)
    assert "Settings that differ" in page
    assert "limit of samples" in page
    out = io.StringIO()
    print_assembly(found, Console(file=out, width=100, highlight=False))
    assert "t1: prompt format: p for a, chat for b" in out.getvalue()


def test_without_a_difference_nothing_is_said() -> None:
    found = assemble([audited("a", [0.001], [FAILED]), audited("b", [1.0], [REACHED])])
    assert list(difference_sentences(found)) == []
    assert "Settings that differ" not in html(found) + markdown(found)
    assert "b reaches every row of the table" in html(found)


def test_hostile_names_are_text_in_markdown_and_on_the_page() -> None:
    one, other = (
        audited(EVIL, [0.001, None], [FAILED, VerdictWord.NOT_TESTED]),
        audited("b", [1.0, 0.2], [REACHED, OPEN]),
    )
    found = assemble([one, changed(other, prompt=EVIL)])
    page = html(found)
    check_passive(page)
    for text in (page, markdown(found)):
        assert "<script" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert not re.search(r"(?<!\\)\]\(", markdown(found))
    table = [line for line in markdown(found).splitlines() if line.startswith("| ") and "row" not in line]
    assert [line.replace("\\|", "").count("|") for line in table] == [5, 5]
