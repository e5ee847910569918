"""A model's numbers from a card's tables: the right row and column, or an error that says how to choose."""

from __future__ import annotations

import pytest

from steelyard.adapters.card_claims import claims_of_tables
from steelyard.adapters.card_context import footnotes_in
from steelyard.adapters.card_tables import tables_in
from steelyard.errors import InputError
from steelyard.records import Claim, ClaimSheet, Protocol

BY_ROWS = """
## Base
| | Benchmark (Metric) | # Shots | Other-7B | **Ours-7B** |
|---|---|---|---|---|
| | Architecture | - | MoE | Dense |
| | # Params | - | 7 | 7 |
| Knowledge | MMLU (Acc.) | 5-shot | **80.0** | 71.30 |
| | MMLU (CoT) | 0 | 82 | 75.1<sup>2</sup> |
| | GSM8K (EM, 8-shot) | | 1.5 | 68.6 ± 1.2 |
| | HumanEval (Pass@10) | 0-shot | - | **55.5**\\* |
| | IF-Eval (Prompt Strict) | - | - | 61.0% |
| | MMLU (STEM) | 3-5 | - | 60.0 |
| | AIME 2024 | - | - | 4/30 |
| | Our own test | - | 3.0 | 0.548 |
"""
BY_COLUMNS = """
| Model | Type | MMLU | GSM8K | Context |
|---|---|---|---|---|
| | | 5-shot | 8-shot | |
| Other-7B | open | 80.0 | - | 4096 |
| **Ours-7B** | open | 71.3 | 68.6 | 4096 |
"""


def sheet(text: str, model: str = "Ours-7B", *tables: int) -> ClaimSheet:
    return claims_of_tables(tables_in(text), model, tables, "card.md", "card.md")


def by_value(text: str, *tables: int) -> dict[str, Claim]:
    return {claim.value: claim for claim in sheet(text, "ours 7b", *tables).claims}


def test_benchmarks_in_rows() -> None:
    claims = by_value(BY_ROWS)
    assert list(claims) == ["71.30", "75.1", "68.6", "55.5", "61.0", "60.0", "0.548"]
    mmlu = claims["71.30"]
    assert (mmlu.task, mmlu.unit, mmlu.metric, mmlu.shots) == ("mmlu", "percent", "Acc.", 5)
    assert mmlu.origin == "line 7: MMLU (Acc.) × Ours-7B"
    assert claims["75.1"].protocol == Protocol(prompt="CoT")
    assert claims["75.1"].note.endswith("marked ^{2}")
    assert (claims["68.6"].task, claims["68.6"].shots, claims["68.6"].metric) == ("gsm8k", 8, "EM")
    assert "printed with ± 1.2" in claims["68.6"].origin
    assert (claims["55.5"].metric, claims["55.5"].note[-8:]) == ("Pass@10", "marked *")
    assert (claims["61.0"].task, claims["61.0"].protocol) == ("ifeval", Protocol(prompt="Prompt Strict"))
    assert (claims["60.0"].protocol, claims["60.0"].shots) == (Protocol(subset="STEM"), None)
    assert (claims["0.548"].task, claims["0.548"].unit) == ("Our own test", "points")


MARKED = """
| Benchmark | Other-7B | Ours-7B<sup>a</sup> |
|---|---|---|
| AIME 2025 † | 60 | 92.5 |
| GSM8K | 80.0 | 90.1 [^2] |
| MMLU CoT 0-shot | 70 | 71 |

* a list is no footnote
† with a Python interpreter
[^2]: average of 8 runs
<sup>a</sup> Evaluated in thinking mode.
"""


def test_the_footnotes_of_a_number_stand_in_its_note() -> None:
    text = MARKED
    found = claims_of_tables(tables_in(text), "Ours-7B", (), "card.md", "card.md", footnotes_in(text)).claims
    of_model = "Evaluated in thinking mode."
    assert [each.note for each in found] == [
        f"{of_model}; with a Python interpreter", f"average of 8 runs; {of_model}", of_model
    ]  # fmt: skip
    assert (found[2].task, found[2].shots, found[2].protocol) == ("mmlu", 0, Protocol(prompt="CoT"))


def test_no_claim_says_that_another_model_was_measured() -> None:
    """What stands in brackets is no name of a model: the desk screen would accuse the vendor of a swap."""
    assert {claim.variant for claim in sheet(BY_ROWS).claims} == {""}


def test_what_is_no_plain_number_is_left_out_and_named() -> None:
    assert sheet(BY_ROWS).origin[-1] == "Left out, since no plain number: line 13, AIME 2024: 4/30."


def test_benchmarks_in_columns_with_shots_below_their_names() -> None:
    claims = by_value(BY_COLUMNS)
    assert {value: (claim.task, claim.shots) for value, claim in claims.items()} == {
        "71.3": ("mmlu", 5),
        "68.6": ("gsm8k", 8),
    }
    assert claims["71.3"].origin == "line 6: MMLU × Ours-7B"


def test_averages_say_how_many_answers() -> None:
    (claim,) = sheet("| Benchmark | Metric | Ours |\n|-|-|-|\n| AIME 2024 | Avg@64 | 69.6 |\n", "Ours").claims
    assert (claim.task, claim.repeats, claim.unit) == ("aime-2024", 64, "percent")


def test_a_judges_points_are_no_percent() -> None:
    text = "| Benchmark | Ours |\n|-|-|\n| MT-bench | 9.35 |\n| Arena-Hard | 81.2 |\n"
    assert [claim.unit for claim in sheet(text, "Ours").claims] == ["points", "percent"]


def test_shares_of_at_most_one_are_fractions_unless_others_are_above() -> None:
    fractions = sheet("| Benchmark | Ours |\n|-|-|\n| MMLU | 0.713 |\n| GSM8K | 0.9 |\n", "Ours").claims
    assert [claim.unit for claim in fractions] == ["fraction", "fraction"]
    percents = sheet("| Benchmark | Ours |\n|-|-|\n| AIME 2024 | 0.9 |\n| GSM8K | 12.0 |\n", "Ours").claims
    assert [claim.unit for claim in percents] == ["percent", "percent"]


@pytest.mark.parametrize(
    ("name", "unit"),
    [("DocVQA (ANLS ↑) val", "points"), ("DocVQA (val)", "points"), ("ChartQA relaxed acc.", "points"),
     ("MMLU", "points"), ("DocVQA val (ANLS %)", "percent"), ("HumanEval", "percent")],
)  # fmt: skip
def test_a_share_among_percents_that_may_be_a_fraction_is_neither(name: str, unit: str) -> None:
    claim, _ = sheet(f"| Benchmark | Ours |\n|-|-|\n| {name} | 0.914 |\n| GSM8K | 81.2 |\n", "Ours").claims
    assert claim.unit == unit
    assert ("it may be a fraction or percent: write which" in claim.origin) == (unit == "points")


def test_errors_are_no_shares_of_right_answers() -> None:
    claims = sheet("| Benchmark | Metric | Ours |\n|-|-|-|\n| MMLU ↓ | accuracy | 21.3 |\n| GSM8K | acc ↓ | 10.2 |\n"
                   "| BoolQ | acc ↑ | 81.2 |\n", "Ours").claims  # fmt: skip
    assert [claim.unit for claim in claims] == ["points", "points", "percent"]


@pytest.mark.parametrize(
    ("name", "task", "metric", "subset"),
    [("ChartQA relaxed acc. ↑", "chartqa", "relaxed acc.", ""), ("ChartQA<sub>test Avg.</sub>", "chartqa", "", ""),
     ("DocVQA ANLS (validation)", "docvqa", "ANLS", "validation"), ("DocVQA<sub>val</sub> ↑", "docvqa", "", "val"),
     ("DocVQA test ANLS", "docvqa", "ANLS", ""), ("MMMU val acc ↑", "mmmu", "acc", ""),
     ("GSM8K EM", "gsm8k", "EM", ""), ("HellaSwag acc_norm", "hellaswag", "acc_norm", ""),
     ("MTOB (full book) eng->kgv", "mtob", "", "eng->kgv; full book")],
)  # fmt: skip
def test_a_name_that_carries_its_measure_or_its_split(name: str, task: str, metric: str, subset: str) -> None:
    (claim,) = sheet(f"| Benchmark | Ours |\n|-|-|\n| {name} | 81.4 |\n", "Ours").claims
    assert (claim.task, claim.metric, claim.protocol.subset) == (task, metric, subset)


@pytest.mark.parametrize(
    "name",
    ["ChartQA strict acc", "ChartQA exact match", "ChartQA Pro relaxed acc", "DocVQA val acc", "DocVQA ANLS* (val)",
     "MMLU STEM acc", "MMLU acc_norm", "MBPP compile acc", "GSM8K train acc", "DocVQA val ANLSL", "ChartQA acc"],
)  # fmt: skip
def test_a_name_with_another_measure_is_not_that_benchmarks(name: str) -> None:
    claim, _ = sheet(f"| Benchmark | Ours |\n|-|-|\n| {name} | 81.4 |\n| GSM8K | 81.2 |\n", "Ours").claims
    assert (claim.task, claim.unit) == (name, "points")


def test_our_own_footnotes_have_no_semicolon_that_would_end_them() -> None:
    text = "# {0}; A\n\n| Benchmark | Ours |\n|-|-|\n| {1} | 81.4 |\n| {1} x; y | 81.4 / 2 |\n| {1} z | 8 (1) |\n"
    text = f"{text.format('One', 'GSM8K')}\n{text.format('Two', 'MMLU')}"
    assert not any(";" in each for each in sheet(text, "Ours").origin)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("| Benchmark | V7 (%) |\n|-|-|\n| AIME 2024 | 0.7 |\n| AIME 2025 | 0.3 |\n", "V7 (%)"),
        ("| Benchmark | V7 | Rival |\n|-|-|-|\n| AIME 2024 | 0.7 | 9.3 |\n| AIME 2025 | 0.3 | 8.1 |\n", "V7"),
        ("| Benchmark | Metric | V7 |\n|-|-|-|\n| AIME 2024 | Accuracy (%) | 0.7 |\n| AIME 2025 | | 0.3 |\n", "V7"),
        ("| Benchmark | V7 |\n|-|-|\n| AIME 2024 | 0.7% |\n| AIME 2025 | 0.3 |\n", "V7"),
        ("| Model | AIME 2024 | AIME 2025 |\n|-|-|-|\n| V7 | 0.7 | 0.3 |\n| Rival | 9.3 | 8.1 |\n", "V7"),
        ("| Model | AIME 2024 (%) | AIME 2025 |\n|-|-|-|\n| V7 | 0.7 | 0.3 |\n", "V7"),
    ],
)
def test_low_percents_are_no_fractions(text: str, model: str) -> None:
    assert [claim.unit for claim in sheet(text, model).claims] == ["percent", "percent"]


def test_what_may_be_a_fraction_or_percent_stays_open() -> None:
    low, *_ = sheet("| Benchmark | V7 |\n|-|-|\n| AIME 2024 | 0.7 |\n| MT-bench | 8.4 |\n", "V7").claims
    assert (low.unit, "may be a fraction or percent" in low.origin) == ("points", True)


def test_a_relative_in_brackets_is_the_benchmark_of_the_row() -> None:
    text = "| Benchmark | Ours |\n|-|-|\n| [MMLU][mmlu] (Pro COT) 5-shot | 45.3 |\n| MMLU (5-shot) | 73.1 |\n"
    assert [(claim.task, claim.shots) for claim in sheet(text, "Ours").claims] == [("mmlu-pro", 5), ("mmlu", 5)]


TWO = """
## Base
| Benchmark | Ours | Other |
|-|-|-|
| MMLU | 71.0 | 1.0 |

## Chat
| Benchmark | Ours | Other |
|-|-|-|
| MMLU | 75.0 | 1.0 |
| GSM8K | 80.0 | 1.0 |
"""


def test_two_tables_that_differ_are_not_mixed() -> None:
    with pytest.raises(InputError) as caught:
        sheet(TWO, "Ours")
    assert str(caught.value) == (
        "card.md: mmlu is stated twice, 71.0 in table 1 (line 3: Base) and 75.0 in table 2 (line 8: Chat): choose with "
        "--table 1 or --table 2"
    )
    assert [claim.value for claim in sheet(TWO, "Ours", 2).claims] == ["75.0", "80.0"]
    same = TWO.replace("75.0", "71.0")
    assert [claim.value for claim in sheet(same, "Ours").claims] == ["71.0", "80.0"]


@pytest.mark.parametrize(
    ("text", "model", "said"),
    [
        (TWO, "", "its tables hold several models: name one with --model: Ours, Other"),
        (TWO, "Theirs", "--model 'Theirs' is in none of its tables; in them are: Ours, Other"),
        (TWO, "Our", "--model 'Our' is in none of its tables"),  # never the nearest one
        (
            BY_COLUMNS.replace("Other-7B", "Ours-7B"),
            "Ours-7B",
            "is 2 times in table 1 (line 2): Ours-7B (line 5), Ours",
        ),
        ("| a | b |\n|-|-|\n| c | 1 |\n", "b", "none of its tables names a benchmark that is known here"),
    ],
)
def test_what_cannot_be_chosen_is_said(text: str, model: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        sheet(text, model)
    assert said in str(caught.value)


def test_a_table_that_is_not_there() -> None:
    with pytest.raises(InputError, match="--table 3: there are 2 tables"):
        sheet(TWO, "Ours", 3)


def test_the_one_column_of_numbers_needs_no_name() -> None:
    text = "| Benchmark | Score |\n|-|-|\n| MMLU | 71.3 |\n"
    found = sheet(text, "My model")
    assert (found.model, found.claims[0].value) == ("My model", "71.3")
    assert sheet(text.replace("Score", "Ours"), "").model == "Ours"
    with pytest.raises(InputError, match="in them are: Ours"):
        sheet(text.replace("Score", "Ours"), "Theirs")


def test_a_second_row_of_names_below_the_hyphens() -> None:
    text = """
| Benchmark | Similar size | | 2x size |
|---|---|---|---|
| | Ours-4B | Other-3B | Other-7B |
| **Popular** | | | |
| MMLU (5-shot) | 67.3 | 65.5 | 72.6 |
"""
    (claim,) = sheet(text, "Ours-4B").claims
    assert (claim.value, claim.note) == ("67.3", "Similar size")
    assert (claim.origin, claim.heading) == ("line 6: MMLU (5-shot) × Similar size / Ours-4B", "Popular")


WINDOWS = """
| Benchmark | Ours-7B | Other-7B |
|---|---|---|
| LiveCodeBench v6 (25.02-25.05) | 51.8 | 1.0 |
| LiveCodeBench v6 (Aug 24 - May 25) | 53.7 | 1.0 |
| LiveCodeBench v5 (2024.10-2025.02, Pass@1) | 66.3 | 1.0 |
| LCB v6 | 49.3 | 1.0 |
| DocVQA (val) | 86.6 | 1.0 |
| DocVQA_val (ANLS) | 86.7 | 1.0 |
"""


def test_a_card_of_windows_and_splits_alone_is_read_in_percent() -> None:
    read = {
        claim.value: (claim.task, claim.unit, claim.metric, claim.protocol.subset)
        for claim in by_value(WINDOWS).values()
    }
    assert read == {
        "51.8": ("livecodebench", "percent", "", "v6; 25.02-25.05"),
        "53.7": ("livecodebench", "percent", "", "v6; Aug 24 - May 25"),
        "66.3": ("livecodebench", "percent", "Pass@1", "v5; 2024.10-2025.02"),
        "49.3": ("livecodebench", "percent", "", "v6"),
        "86.6": ("docvqa", "percent", "", "val"),
        "86.7": ("docvqa", "percent", "ANLS", "val"),
    }


def test_windows_in_two_tables_are_two_claims_and_one_window_is_one() -> None:
    table = "| Benchmark | Ours-7B |\n|---|---|\n| LiveCodeBench ({}) | {} |\n\nMore.\n\n"
    both = table.format("2408-2501", "60.0") + table.format("2408-2505", "51.8")
    assert [claim.protocol.subset for claim in sheet(both).claims] == ["2408-2501", "2408-2505"]
    with pytest.raises(InputError, match="stated twice"):
        sheet(table.format("2408-2505", "60.0") + table.format("2408-2505", "51.8"))


def test_the_setting_of_a_cell_is_its_claims() -> None:
    text = (
        "| | A | B |\n|---|---|---|\n"
        "| Graduate level reasoning *GPQA, Diamond* | **59.4%** 0-shot CoT | 50% 0-shot |\n"
        "| HumanEval（零样本） | 92.0 | 84.9 |\n| GSM8K | 49.5 [42.5, 56.5] | 40 |\n"
    )
    claims = claims_of_tables(tables_in(text), "A", (), "here", "card.md").claims
    assert [(each.task, each.value, each.shots, each.protocol.prompt) for each in claims] == [
        ("gpqa-diamond", "59.4", 0, "0-shot CoT"), ("humaneval", "92.0", 0, ""), ("gsm8k", "49.5", None, ""),
    ]  # fmt: skip
    assert claims[2].origin.endswith("printed with [42.5, 56.5]")
