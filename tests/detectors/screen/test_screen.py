"""The desk screen: findings only where no correct measurement gives the table, notes for everything else."""

from __future__ import annotations

import decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.claims.sheet import read_sheet
from steelyard.detectors.screen.screen import screen
from steelyard.records import Claim, ClaimSheet, ComparedWith, Finding, Note, Protocol

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
STATED: dict[str, Any] = {"samples": 198, "repeats": 1, "metric": "accuracy"}


def sheet(*claims: Claim, **fields: Any) -> ClaimSheet:
    return ClaimSheet(**{"model": "Foo 2", "claims": claims, **fields})


def claim(task: str = "gpqa-diamond", value: str = "69.7", **fields: Any) -> Claim:
    return Claim(task=task, value=value, **fields)


def findings_of(*claims: Claim, **fields: Any) -> tuple[Finding, ...]:
    return screen(sheet(*claims, **fields))[0]


def notes_of(check: str, *claims: Claim, **fields: Any) -> list[Note]:
    findings, notes = screen(sheet(*claims, **fields))
    assert not findings
    return [note for note in notes if note.check == check]


class TestExamples:
    def test_maverick_is_found_for_the_arena_row_and_nothing_else(self) -> None:
        findings, notes = screen(read_sheet(EXAMPLES / "llama-4-maverick.yaml"))
        (finding,) = findings
        assert (finding.detector, finding.check, finding.task) == ("desk_screen", "variant", "lmarena")
        assert "Llama-4-Maverick-03-26-Experimental" in finding.message
        assert "32nd" in finding.message
        assert finding.records == ("claims[13]",)
        (note,) = (note for note in notes if note.check == "granularity")
        assert note.task == "gpqa-diamond"
        assert note.message.startswith(
            "not one full pass over 198 (the benchmark's size): an average of at least 3 passes"
        )
        assert "we average over multiple generations" in note.message
        assert "majority voting" not in note.message

    @pytest.mark.parametrize("name", ["llama-4-scout", "smollm2-135m-instruct"])
    def test_the_others_have_no_finding(self, name: str) -> None:
        findings, notes = screen(read_sheet(EXAMPLES / f"{name}.yaml"))
        assert findings == ()
        assert notes

    def test_all_numbers_of_the_model_card(self) -> None:
        values = [claim.value for claim in read_sheet(EXAMPLES / "llama-4-maverick.yaml").claims]
        expected = "73.4 59.6 73.7 90.0 94.4 43.4 80.5 69.8 92.3 54.0 46.4 50.8 46.7 1417"
        assert values == expected.split()
        values = [claim.value for claim in read_sheet(EXAMPLES / "llama-4-scout.yaml").claims]
        expected = "69.4 52.2 70.7 88.8 94.4 32.8 74.3 57.2 90.6 42.2 36.6 39.7 36.3"
        assert values == expected.split()


class TestRange:
    @pytest.mark.parametrize(
        ("value", "unit"),
        [("100.1", "percent"), ("-0.1", "percent"), ("1.01", "fraction"), ("69.8", "fraction"), ("-1", "fraction")],
    )
    def test_outside(self, value: str, unit: str) -> None:
        (finding,) = findings_of(claim("mmlu", value, unit=unit, line=7))
        assert (finding.check, finding.task) == ("range", "mmlu")
        assert "line 7" in finding.message

    @pytest.mark.parametrize(
        ("value", "unit"),
        [
            ("0", "percent"),
            ("100.00", "percent"),
            ("-0.0", "percent"),
            ("1", "fraction"),
            ("0.000", "fraction"),
            ("1417", "elo"),
            ("-12", "elo"),
            ("1000000", "points"),
            ("-3.5", "points"),
        ],
    )
    def test_inside(self, value: str, unit: str) -> None:
        assert findings_of(claim("mine", value, unit=unit)) == ()

    @pytest.mark.parametrize("metric", ["WER", "word error rate", "relative gain", "human-normalized score", "pearson"])
    def test_a_metric_that_may_leave_the_range_is_a_note(self, metric: str) -> None:
        (note,) = notes_of("range", claim("mine", "112.0", metric=metric))
        assert metric in note.message

    @pytest.mark.parametrize("metric", ["accuracy", "pass@10", "macro_avg/acc", "chrF", "F1", "acc_norm (characters)"])
    def test_a_share_may_not(self, metric: str) -> None:
        assert [finding.check for finding in findings_of(claim("mine", "112.0", metric=metric))] == ["range"]


class TestVariant:
    def test_a_row_of_another_model_without_served_as(self) -> None:
        (finding,) = findings_of(claim(), claim("mmlu", "80.0", variant="Foo 2 Experimental", line=9))
        assert (finding.check, finding.task, finding.records) == ("variant", "mmlu", ("claims[1]",))
        assert "Foo 2, the model that is sold" in finding.message

    def test_all_rows_of_another_model(self) -> None:
        rows = [claim(f"t{number}", "50.0", variant="Foo 3", line=number) for number in range(9)]
        (finding,) = findings_of(*rows)
        assert finding.n == 9
        assert "lines 0, 1, 2, 3 and 5 more" in finding.message

    @pytest.mark.parametrize(
        "variant",
        [
            "CoT",
            "5-shot",
            "Prompt Strict",
            "thinking mode",
            "zero-shot CoT",
            "pass@1",
            "Q4_K_M",
            "4-bit",
            "Foo 2 NVFP4",
            "Foo 2 w4a16",
        ],
    )
    def test_how_a_model_is_asked_is_no_name_of_another_one(self, variant: str) -> None:
        assert findings_of(claim(variant=variant), claim("mmlu", "80.0")) == ()

    @pytest.mark.parametrize(
        "variant",
        ["T=0", "seed 42", "2025-06-12", "Instruct", "with system prompt", "vLLM", "32k context", "via API",
         "mean of 4 runs", "w/ tools", "full", "v1.0", "search", "32B-Instruct", "Bar"],
    )  # fmt: skip
    def test_what_shares_no_word_with_the_model_may_be_a_setting(self, variant: str) -> None:
        row = claim(variant=variant)
        assert findings_of(row, claim("mmlu", "80.0")) == ()
        assert findings_of(row, claim("mmlu", "80.0"), served_as="my-deployment") == ()
        (note,) = notes_of("variant", row)
        assert "or a setting? It shares no word with the name" in note.message

    @pytest.mark.parametrize("variant", ["", "Foo 2", "foo-2", "acme/Foo-2", "Acme Foo 2", "n/a", "foo-2-2025-04-05"])
    def test_the_sold_model_by_another_spelling(self, variant: str) -> None:
        assert findings_of(claim(variant=variant), claim("mmlu", "80.0"), vendor="Acme") == ()

    def test_the_served_string_itself_whatever_it_is(self) -> None:
        assert findings_of(claim(variant="prod_7x"), served_as="prod_7x") == ()

    def test_an_alias_as_served_string_leaves_the_sold_name(self) -> None:
        assert findings_of(claim(variant="foo-2-20250405"), served_as="my-deployment") == ()
        assert len(findings_of(claim(variant="foo-3"), served_as="my-deployment")) == 1

    def test_another_snapshot_than_is_served(self) -> None:
        (finding,) = findings_of(claim(variant="foo-2-2024-05-13"), served_as="foo-2-2024-08-06")
        assert "not on the model that is served, foo-2-2024-08-06" in finding.message

    def test_two_snapshots_in_one_table(self) -> None:
        rows = (claim(variant="foo-2-2024-05-13", line=3), claim("mmlu", "80.0", variant="foo-2-2024-08-06", line=4))
        (finding,) = findings_of(*rows)
        assert finding.message.startswith("rows of one table were measured on different models: ")
        assert finding.records == ("claims[0]", "claims[1]")

    def test_many_snapshots_are_abbreviated(self) -> None:
        rows = [claim(f"t{number}", "50.0", variant=f"foo-2-{20240000 + number}") for number in range(50)]
        (finding,) = findings_of(*rows)
        assert finding.message.endswith("and 46 more")

    def test_one_model_at_two_efforts(self) -> None:
        assert findings_of(claim(variant="foo-2-high"), claim("mmlu", "80.0", variant="foo-2-low")) == ()

    def test_a_longer_name_is_a_note_until_served_as_settles_it(self) -> None:
        row = claim(variant="foo-2-20250405")
        (note,) = notes_of("variant", row)
        assert "served_as" in note.message
        assert notes_of("variant", row, served_as="foo-2-20250405") == []
        (note,) = notes_of("variant", row, served_as="foo-2")
        assert "while foo-2 is served" in note.message

    def test_another_precision_than_is_served_is_a_note(self) -> None:
        (note,) = notes_of("variant", claim(variant="foo-2-bf16"), served_as="foo-2-fp8")
        assert "foo-2-bf16" in note.message


class TestGranularity:
    def test_stated_in_full_it_is_a_finding(self) -> None:
        (finding,) = findings_of(claim(value="69.8", line=5, **STATED))
        assert (finding.check, finding.n, finding.records) == ("granularity", 198, ("claims[0]",))
        assert "138 right give 69.697 and 139 right give 70.202 (line 5)" in finding.message

    def test_passes_count(self) -> None:
        assert findings_of(claim(value="69.8", **{**STATED, "repeats": 3})) == ()
        assert len(findings_of(claim(value="33.45", **{**STATED, "repeats": 3}))) == 1

    def test_an_average_of_rounded_passes_is_a_note(self) -> None:
        row = claim(value="33.337", **{**STATED, "repeats": 3})
        assert findings_of(row) == ()
        (note,) = notes_of("granularity", row)
        assert "an average of passes that were rounded first would explain it" in note.message

    def test_a_zero_at_the_end_is_no_digit(self) -> None:
        row = claim(value="69.70", **STATED)
        assert findings_of(row) == ()
        assert notes_of("granularity", row) == []

    def test_a_stated_metric_is_enough_where_the_task_is_unknown(self) -> None:
        assert len(findings_of(claim("mine", "69.8", **STATED))) == 1
        assert findings_of(claim("mine", "69.8", samples=198, repeats=1)) == ()

    def test_a_known_task_needs_no_metric(self) -> None:
        assert len(findings_of(claim(value="69.8", samples=198, repeats=1))) == 1

    @pytest.mark.parametrize(
        "fields",
        [
            {"samples": None},
            {"repeats": None},
            {"repeats": "several"},
            {"average": "macro"},
            {"average": "weighted"},
            {"metric": "average over languages"},
            {"metric": "f1"},
            {"note": "mean of four runs"},
            {"protocol": Protocol(decoding="averaged over generations")},
        ],
    )
    def test_anything_less_is_not(self, fields: dict[str, Any]) -> None:
        assert findings_of(claim(value="69.8", **{**STATED, **fields})) == ()

    @pytest.mark.parametrize("footnote", ["GPQA Diamond is averaged over 8 runs", "All scores are averages of 8 runs"])
    def test_a_footnote_on_averaging_explains_the_value(self, footnote: str) -> None:
        (note,) = notes_of("granularity", claim(value="69.8", **STATED), footnotes=(footnote,))
        assert f"“{footnote}”" in note.message
        assert "over 198 (stated)" in note.message

    def test_a_footnote_on_another_task_is_not(self) -> None:
        rows = (claim(value="69.8", **STATED), claim("mmlu", "80.0"))
        assert len(findings_of(*rows, footnotes=("MMLU is a macro average",))) == 1

    def test_customary_subtasks_need_a_stated_micro_average(self) -> None:
        row: dict[str, Any] = {"task": "bbh", "value": "69.8", "samples": 198, "repeats": 1, "metric": "exact_match"}
        assert findings_of(claim(**row)) == ()
        assert len(findings_of(claim(**row, average="micro"))) == 1

    def test_partial_credit_is_customary(self) -> None:
        assert findings_of(claim("ifeval", "69.8", **STATED)) == ()
        assert findings_of(claim("docvqa", "69.8", samples=198, repeats=1)) == ()

    def test_the_note_lists_possible_explanations(self) -> None:
        (note,) = notes_of("granularity", claim(value="69.8", repeats=1))
        assert note.message == (
            "not one full pass over 198 (the benchmark's size): an average of at least 3 passes, 196 items scored, "
            "a weighted mean or partial credit would explain it"
        )
        (note,) = notes_of("granularity", claim("aime-2024", "50.0001", average="macro", repeats=2))
        assert "not 2 full passes over 30" in note.message
        assert "the sheet states a macro average" in note.message

    def test_no_note_where_the_size_is_of_a_part_or_unknown(self) -> None:
        for task in ("mgsm", "livecodebench", "mine", "docvqa"):
            assert notes_of("granularity", claim(task, "92.31111")) == []

    def test_no_note_where_the_print_is_coarser_than_the_grid(self) -> None:
        assert notes_of("granularity", claim("gsm8k", "88.2"), claim("mmlu", "80.53")) == []


class TestOtherNotes:
    def test_a_lead_within_the_noise(self) -> None:
        rivals = (
            ComparedWith(model="Bar", value="69.0"),
            ComparedWith(model="Baz", value="20.0"),
            ComparedWith(model="Q"),
        )
        (note,) = notes_of("lead", claim(compared_with=rivals))
        assert "0.7 points over Bar (noise ± 9.1 points)" in note.message
        assert "Baz" not in note.message
        many = tuple(ComparedWith(model=f"M{number}", value="0.69") for number in range(6))
        (note,) = notes_of("lead", claim(value="0.697", unit="fraction", compared_with=many))
        assert "0.007 over M0" in note.message
        assert note.message.endswith("and 2 more")

    def test_no_lead_no_size_no_note(self) -> None:
        ahead = (ComparedWith(model="Bar", value="70.0"), ComparedWith(model="Bar", value="-3"))
        assert notes_of("lead", claim(compared_with=ahead)) == []
        assert notes_of("lead", claim("mine", compared_with=(ComparedWith(model="Bar", value="69.6"),))) == []

    def test_duplicates(self) -> None:
        rows = [claim("MMLU", "80.0", line=3), claim("mmlu", "81.0", line=4)]
        (note,) = notes_of("duplicate", *rows)
        assert note.message == "stated 2 times with 2 values (lines 3, 4)"
        (note,) = notes_of("duplicate", *[claim()] * 9)
        assert "stated 9 times with the same value" in note.message
        assert notes_of("duplicate", claim(), claim(shots=5), claim(note="with tools"), claim(repeats="several")) == []

    def test_one_note_for_what_a_table_leaves_out(self) -> None:
        stated = Protocol(decoding="greedy", harness="lighteval")
        (note,) = notes_of("protocol", *[claim(f"t{number}", "50.0") for number in range(9)])
        assert note.message.startswith("not stated: shots for any row; decoding for any row; harness for any row.")
        (note,) = notes_of("protocol", claim(shots=0, protocol=stated), claim("mmlu", "80.0", protocol=stated))
        assert note.message.startswith("not stated: shots for 1 of 2 rows (mmlu).")
        assert notes_of("protocol", claim(shots=0, protocol=stated), claim("lmarena", "1417", unit="elo")) == []

    def test_units_without_a_range(self) -> None:
        assert len(notes_of("unit", claim("lmarena", "1417", unit="elo"), claim("mt-bench", "8", unit="points"))) == 2


@st.composite
def honest_rows(draw: st.DrawFn) -> Claim:
    """A row as an honest vendor prints it: real counts, any rounding, and whatever is stated is true."""
    items, passes = draw(st.integers(1, 600)), draw(st.integers(1, 8))
    unit: Literal["percent", "fraction"] = draw(st.sampled_from(["percent", "fraction"]))
    scale = 100 if unit == "percent" else 1
    parts = [draw(st.integers(0, items)) for _ in range(passes)]
    macro = draw(st.booleans())
    exact = decimal.Decimal(scale * sum(parts)) / decimal.Decimal(items * passes)
    if macro:  # a mean of subtasks of unequal sizes: any number between 0 and 1
        exact = decimal.Decimal(scale * draw(st.integers(0, 10**9))) / decimal.Decimal(10**9)
    mode = draw(st.sampled_from([decimal.ROUND_HALF_EVEN, decimal.ROUND_HALF_UP, decimal.ROUND_DOWN]))
    value = exact.quantize(decimal.Decimal(1).scaleb(-draw(st.integers(0, 4))), rounding=mode)
    stated = draw(st.booleans())
    return Claim(
        task=draw(st.sampled_from(["gpqa-diamond", "mmlu", "humaneval", "ifeval", "mine", "bbh", "aime-2024"])),
        value=f"{value:f}",
        unit=unit,
        metric=draw(st.sampled_from(["", "accuracy", "exact_match", "pass@1"])),
        samples=items if stated else None,
        repeats=passes if stated and not macro else draw(st.sampled_from([None, "several"])),
        average="macro" if macro and stated else "",
        shots=draw(st.sampled_from([None, 0, 5])),
        variant=draw(st.sampled_from(["", "Foo 2", "acme/foo-2", "foo-2-instruct"])),
    )


@given(rows=st.lists(honest_rows(), min_size=1, max_size=5))
def test_nothing_honest_is_accused(rows: list[Claim]) -> None:
    assert findings_of(*rows, served_as="acme/Foo-2-Instruct") == ()


def test_ten_thousand_rows_of_every_kind_stay_linear() -> None:
    kinds = [
        claim(value="69.8", **STATED),
        claim(value="169.8"),
        claim("mine", "69.812345", samples=997, compared_with=(ComparedWith(model="Bar", value="69.8"),)),
        claim(value="69.8", repeats="several"),
    ]
    rows = [kinds[number % 4] for number in range(9_000)]
    rows += [claim(f"t{number}", "50.0", variant=f"Foo {number + 3}") for number in range(1_000)]
    findings, notes = screen(sheet(*rows, footnotes=("GPQA Diamond is averaged over runs",) * 200))
    assert {finding.check for finding in findings} == {"range", "variant"}
    assert len(notes) > 4_000
