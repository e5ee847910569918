"""The scorer ``chrf``, against sacreBLEU's own integers and scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import GenerateRequest, ModelOutput, Outcome, Sample
from steelyard.scorers import open_identifier, open_scorer
from steelyard.scorers.chrf import LONGEST, Chrf, beside_it, counts_of
from steelyard.stats.chrf import corpus_score

# Made by sacreBLEU 2.6.0: CHRF()._extract_corpus_statistics, sentence_score and corpus_score of the same rows.
REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "chrf_by_sacrebleu.json").read_text())
ROWS: list[dict[str, Any]] = REFERENCE["rows"]


def scored(answer: str, target: str) -> Any:
    sample = Sample(id="t/row/0", request=GenerateRequest(prompt="?"), target=target)
    return Chrf().score(sample, ModelOutput(outcome=Outcome.OK, text=answer))


def test_the_reference_is_chrf2_of_one_reference() -> None:
    assert REFERENCE["signature"] == "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"
    assert len(ROWS) >= 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["answer"][:12])
def test_the_integers_are_sacrebleus(row: dict[str, Any]) -> None:
    assert list(counts_of(row["answer"], row["target"])) == row["counts"]
    if not beside_it(row["answer"], row["target"]):
        assert scored(row["answer"], row["target"]).value * 100 == pytest.approx(row["score"], abs=1e-9)


@pytest.mark.parametrize(("key", "rows"), [("corpus", ROWS), ("first_nine", ROWS[:9])])
def test_the_corpus_score_is_sacrebleus(key: str, rows: list[dict[str, Any]]) -> None:
    sums = [sum(each) for each in zip(*(counts_of(row["answer"], row["target"]) for row in rows), strict=True)]
    assert float(corpus_score(sums)) * 100 == pytest.approx(REFERENCE[key], abs=1e-9)
    mean = sum(row["score"] for row in rows) / len(rows)
    assert abs(mean - REFERENCE[key]) > 1  # no mean of the rows' scores


def test_an_answer_that_is_too_long_is_open() -> None:
    assert scored("x" * LONGEST, "sea").value is not None
    assert scored("x" * (LONGEST + 1), "sea").value is None


@pytest.mark.parametrize(
    "answer",
    ["Kalamang translation: {}", '"{}"', "\u201c{}\u201d", "**{}**", "```\n{}\n```", "`{}`", "<t>{}</t>",
     '{{"translation": "{}"}}', 'The translation of "sea" is: {}', "{}\n\n(*Bal* means dog.)", "Note\n{}"],
)  # fmt: skip
def test_an_answer_with_more_than_a_translation_is_open(answer: str) -> None:
    """One harness scores all that was written, another takes the translation out of it."""
    target = "mu wa me"
    score = scored(answer.format(target), target)
    assert score.value is None
    assert "may stand beside the translation" in score.note


@pytest.mark.parametrize(
    ("answer", "target"),
    [("The sea. ", "the sea"), ("He said: go.", "He says: go"), ('"Go"', 'He said "go"'), ("a\nb", "a\nc")],
)
def test_what_a_translation_may_hold_is_scored(answer: str, target: str) -> None:
    assert scored(answer, target).value is not None


def test_without_a_target_every_answer_is_open() -> None:
    assert scored("the sea", " \n").value is None


def test_no_answer_has_the_references_n_grams_alone() -> None:
    sample = Sample(id="t/row/0", request=GenerateRequest(prompt="?"), target="the sea")
    counts = Chrf().counts_without_answer(sample)
    assert counts == counts_of("", "the sea")
    assert not any(counts[0::3])
    assert not any(counts[2::3])
    assert counts[1] == 6


def test_it_opens_by_name_and_by_identifier() -> None:
    assert open_scorer({"name": "chrf"}) == open_identifier("chrf@2") == Chrf()
