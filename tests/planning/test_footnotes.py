"""Footnotes of a sheet stand beside the claims that they are about, where they change how these may be tested."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.planning.footnotes import why_unverifiable, with_footnotes
from steelyard.records import Claim, ClaimSheet, ModelIdentity, Protocol, Settled
from steelyard.tasks.catalogue import Catalogue

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
    "said",
    [
        "Evaluated in bf16.",
        "Answers were cleaned up by a script.",
        "Ergebnisse mit Werkzeugen.",
        "Best of both prompts.",
    ],
)
def test_it_is_beside_each_claim_whatever_it_says(said: str) -> None:
    assert notes(said) == (f"footnote: {said}", f"pasted; footnote: {said}")


def test_one_benchmark_s_name_in_another_s_is_not_named() -> None:
    claims = (Claim(task="mmmu", value="70"), Claim(task="mmmu-pro", value="60"))
    sheet = ClaimSheet(model="m", claims=claims, footnotes=("MMMU Pro is the mean of Standard and Vision.",))
    assert [bool(claim.note) for claim in with_footnotes(sheet).claims] == [False, True]
    alone = with_footnotes(ClaimSheet(model="m", claims=claims[:1], footnotes=sheet.footnotes))
    assert alone.claims[0].note


def test_names_of_the_model_and_its_vendor_are_known() -> None:
    sheet = ClaimSheet(model="Zephyrus-9B", vendor="Acme", claims=(AIME,), footnotes=("Acme evaluated Zephyrus-9B.",))
    (claim,) = with_footnotes(sheet).claims
    assert "cannot be reproduced" in why(sheet, claim)  # "evaluated"
    assert not why(sheet, msgspec.structs.replace(claim, note="footnote: Results of Zephyrus-9B by Acme."))


def why(sheet: ClaimSheet, claim: Claim) -> str:
    task = Catalogue().find(claim.task)
    assert task is not None
    return why_unverifiable(sheet, claim, ModelIdentity(uri="x:y"), task)


@pytest.mark.parametrize(
    "said", [{"note": "our usual settings"}, {"variant": "ours"}, {"protocol": Protocol(prompt="as experts would")}]
)
def test_what_is_vague_is_quoted_and_may_be_settled(said: dict[str, Any]) -> None:
    claim, sheet = Claim(task="gsm8k", value="99", **said), ClaimSheet(model="m")
    text = said.get("note") or said.get("variant") or said["protocol"].prompt
    assert why(sheet, claim) == f'the vendor states something that cannot be reproduced: "{text}"'
    settled = (Settled(text=text, reason="it names the defaults", by="A. Reader"),)
    assert why(sheet, msgspec.structs.replace(claim, settled=settled)) == ""
    assert len(why(sheet, msgspec.structs.replace(claim, note="x " * 10_000))) < 600


def test_a_heading_is_a_remark_where_it_tells_rows_of_one_benchmark_apart() -> None:
    rows = tuple(Claim(task="gsm8k", value=value, heading=head) for value, head in (("90", "Deep"), ("80", "Fast")))
    for several in (True, False):
        sheet = ClaimSheet(model="m", claims=rows if several else rows[:1])
        after = with_footnotes(sheet).claims[0]
        assert ('"Deep"' in why(sheet, after)) is several


def test_a_footnote_on_a_relative_of_a_benchmark_is_beside_it() -> None:
    claim = Claim(task="math", value="90")
    sheet = ClaimSheet(model="m", claims=(claim,), footnotes=("For MATH we report MATH-500.",))
    assert with_footnotes(sheet).claims[0].note


def test_it_is_said_once() -> None:
    sheet = ClaimSheet(model="m", claims=(AIME,), footnotes=("with tools",))
    once = with_footnotes(sheet)
    assert with_footnotes(once) == once


def test_the_name_of_a_file_says_nothing() -> None:
    for source, said in (("ours-thinking-with-tools.md", ""), ("Table 4, thinking mode", "footnote: Table 4")):
        sheet = ClaimSheet(model="m", claims=(AIME,), source=source)
        assert with_footnotes(sheet).claims[0].note.startswith(said)
        assert bool(with_footnotes(sheet).claims[0].note) is bool(said)
