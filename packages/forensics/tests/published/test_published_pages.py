"""What a reader is told of published outputs: hostile names stay one line, and nothing is said that was not shown."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from steelyard.records import ModelIdentity
from steelyard.records import VerdictWord as Word
from steelyard_forensics.published.outputs import PublishedOutputs
from steelyard_forensics.published.pages import (
    headline,
    html,
    machine,
    markdown,
    more_outputs,
    print_result,
    sentences,
)
from steelyard_forensics.sealed.rows import OutputShares, PublishedRow, Reading

HOSTILE = "b\x1b[31m<script>|x|\n# big"


def row(task: str, word: Word, reason: str = "") -> PublishedRow:
    """A benchmark with a verdict."""
    read = tuple(OutputShares(sample=f"s{at}", own=0.61) for at in range(9))
    return PublishedRow(
        task=task,
        measurement=task,
        chat=False,
        texts=100,
        held=100,
        planned=10,
        samples=(*read, OutputShares(sample="t")),
        share=0.61,
        ci=(0.4, 0.8),
        p=0.00001,
        word=word,
        reason=reason,
    )


def outputs(*rows: PublishedRow) -> PublishedOutputs:
    """A result of these rows."""
    return PublishedOutputs(
        run="run",
        harness="h 1",
        model=HOSTILE,
        answers_root="00" * 32,
        reference=ModelIdentity(uri="gguf:a.gguf", sha256="cd" * 32),
        alpha=0.05,
        reading=Reading(secret="5eed"),
        bar=0.8,
        shown=0.9,
        rows=rows,
    )


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ((Word.CONSISTENT, Word.INCONSISTENT), "Inconsistent: the outputs of r1 are not what"),
        ((Word.CONSISTENT, Word.CONSISTENT), "Consistent: more than 90 %"),
        ((Word.CONSISTENT, Word.INSUFFICIENT_POWER), "Insufficient power: r0 is consistent"),
        ((Word.NOT_TESTABLE, Word.NOT_TESTABLE), "Not decided: no benchmark of the log was shown"),
    ],
)
def test_the_headline_says_what_was_shown(words: tuple[Word, ...], begins: str) -> None:
    found = outputs(*(row(f"r{at}", word) for at, word in enumerate(words)))
    assert headline(found).startswith(begins)
    if Word.INCONSISTENT in words:
        assert any("worked examples" in each for each in sentences(found))


def test_hostile_names_stay_on_one_line_and_are_escaped() -> None:
    found = outputs(row("a", Word.CONSISTENT), row(HOSTILE, Word.INCONSISTENT), row("c", Word.NOT_TESTABLE, "why"))
    file = io.StringIO()
    print_result(found, Console(file=file, width=100))
    assert "\x1b" not in file.getvalue()
    assert max(map(len, file.getvalue().splitlines())) <= 100
    text = markdown(found)
    assert "<script>" not in text
    assert "\n# big" not in text
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 5


def test_the_json_holds_what_is_shown_and_the_limits() -> None:
    found = outputs(row("a", Word.CONSISTENT), row("b", Word.INCONSISTENT))
    document = json.loads(json.dumps(machine(found)))
    assert (document["exit"], document["headline"]) == (1, headline(found))
    assert document["rows"][1]["word"] == "inconsistent"
    assert "does not show that the scores" in document["sentences"][-3]
    assert "published_outputs@2 accused in" in document["sentences"][-2]
    assert "could have drawn again" in document["sentences"][-1]
    assert any("1 output left out" in each for each in sentences(found))


def test_the_page_has_a_row_for_each_benchmark_and_escapes_names() -> None:
    text = html(outputs(row("a", Word.CONSISTENT), row(HOSTILE, Word.INCONSISTENT), row("c", Word.NOT_TESTABLE, "why")))
    assert text.count('<tr role="row">') == 4
    assert "<script" not in text
    assert 'class="word not-testable"' in text


def test_how_many_more_outputs_would_decide() -> None:
    assert more_outputs(143, 60, 200, "output") == "about 140 outputs in all would decide, if they go on as these did"
    assert more_outputs(60, 60, 60, "output").startswith("about 61 outputs in all")
    assert more_outputs(60, 60, 60, "output").endswith("; there are 60")
    for never in (None, 30_000):
        assert more_outputs(never, 60, 200, "output").startswith("as these outputs are, no number of them")
