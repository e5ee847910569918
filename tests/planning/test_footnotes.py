"""Footnotes of a sheet stand beside the claims that they are about, where they change how these may be tested."""

from __future__ import annotations

import pytest

from steelyard.claims.sheet import read_sheet
from steelyard.planning.footnotes import with_footnotes
from steelyard.records import Claim, ClaimSheet
from steelyard.tasks.catalogue import Catalogue
from tests.conftest import ROOT

AIME, GSM8K = Claim(task="AIME 2025", value="92.5"), Claim(task="gsm8k", value="90.1", shots=8, note="pasted")


def notes(*footnotes: str) -> tuple[str, ...]:
    sheet = ClaimSheet(model="m", claims=(AIME, GSM8K), footnotes=footnotes)
    return tuple(claim.note for claim in with_footnotes(sheet).claims)


def test_a_footnote_is_about_the_benchmarks_that_it_names() -> None:
    said = "AIME25 with a code interpreter and maj@64"
    assert notes(said) == (f"footnote: {said}", "pasted")


def test_one_that_names_none_of_the_sheet_is_about_all() -> None:
    said = "Numbers are with majority voting."
    assert notes(said) == (f"footnote: {said}", f"pasted; footnote: {said}")


def test_worked_examples_are_those_of_claims_that_state_none() -> None:
    assert notes("All benchmarks are 5-shot.") == ("footnote: All benchmarks are 5-shot.", "pasted")


@pytest.mark.parametrize(
    "said", ["Evaluated in bf16.", "no majority voting, no tools", "We average over 8 generations."]
)
def test_what_changes_nothing_is_left_out(said: str) -> None:
    assert notes(said) == ("", "pasted")


@pytest.mark.parametrize(
    "said", ["Answers were cleaned up by a script.", "Ergebnisse mit Werkzeugen.", "Best of both prompts."]
)
def test_what_is_not_known_to_change_nothing_is_beside_each_claim(said: str) -> None:
    assert notes(said) == (f"footnote: {said}", f"pasted; footnote: {said}")


def test_one_benchmark_s_name_in_another_s_is_not_named() -> None:
    claims = (Claim(task="mmmu", value="70"), Claim(task="mmmu-pro", value="60"))
    sheet = ClaimSheet(model="m", claims=claims, footnotes=("MMMU Pro is the mean of Standard and Vision.",))
    assert [bool(claim.note) for claim in with_footnotes(sheet).claims] == [False, True]
    alone = with_footnotes(ClaimSheet(model="m", claims=claims[:1], footnotes=sheet.footnotes))
    assert alone.claims[0].note


def test_names_of_the_model_and_its_vendor_are_known() -> None:
    sheet = ClaimSheet(model="Zephyrus-9B", vendor="Acme", claims=(AIME,), footnotes=("Acme evaluated Zephyrus-9B.",))
    assert with_footnotes(sheet) == sheet


def test_a_footnote_on_a_relative_of_a_benchmark_is_beside_it() -> None:
    claim = Claim(task="math", value="90")
    sheet = ClaimSheet(model="m", claims=(claim,), footnotes=("For MATH we report MATH-500.",))
    assert with_footnotes(sheet).claims[0].note


def test_it_is_said_once() -> None:
    sheet = ClaimSheet(model="m", claims=(AIME,), footnotes=("with tools",))
    once = with_footnotes(sheet)
    assert with_footnotes(once) == once


def test_of_the_table_of_the_scandal_every_row_may_still_be_rejected() -> None:
    sheet = read_sheet(ROOT / "examples/llama-4-maverick.yaml")
    after = with_footnotes(sheet)
    changed = {one.task for one, other in zip(sheet.claims, after.claims, strict=True) if one != other}
    # The first two state no worked examples, and a footnote does: none. The third's says what is asked: both settings.
    assert changed == {"mtob", "lmarena", "mmmu-pro"}
    asked = [(claim, task) for claim in after.claims if (task := Catalogue().find(claim.task))]
    assert len(asked) == 13
    assert [task.protocol_for(claim).confirms_only for claim, task in asked] == [""] * 13


def test_the_name_of_a_file_says_nothing() -> None:
    for source, said in (("ours-thinking-with-tools.md", ""), ("Table 4, thinking mode", "footnote: source: Table 4")):
        sheet = ClaimSheet(model="m", claims=(AIME,), source=source)
        assert with_footnotes(sheet).claims[0].note.startswith(said)
        assert bool(with_footnotes(sheet).claims[0].note) is bool(said)
