"""What is attached to a claim is harmless only where each of its words is known to be."""

from __future__ import annotations

import pytest

from steelyard.tasks.remarks import sentences_that_matter, unknown_words, words_of_benchmark

# Remarks of published cards: DeepSeek-V3 and R1, Kimi K2, Llama 4, MiMo, MiniMax, Seed-OSS; and what buyers write.
HARMLESS = [
    "All models are evaluated in a configuration that limits the output length to 8K.",
    "Benchmarks containing fewer than 1000 samples are tested multiple times using varying temperature settings to "
    "derive robust final results.",
    "For all our models, the maximum generation length is set to 32,768 tokens.",
    "For benchmarks requiring sampling, we use a temperature of $0.6$, a top-p value of $0.95$, and generate 64 "
    "responses per query to estimate pass@1.",
    "Bold denotes global SOTA, and underlined denotes open-source SOTA.",
    "Best results are shown in bold.",
    "Data points marked with * are directly from the model's tech report or blog.",
    "To ensure the stability of the evaluation, we employed avg@k on the AIME, HMMT, CNMO, PolyMath-en, GPQA-Diamond.",
    "Some data points have been omitted due to prohibitively expensive evaluation costs.",
    "Some results have been omitted due to the failure of the evaluation run.",
    "For Llama model results, we report 0 shot evaluation with temperature = 0 and no majority voting or parallel test "
    "time compute.",
    "For high-variance benchmarks (GPQA Diamond, LiveCodeBench), we average over multiple generations to reduce "
    "uncertainty.",
    "The evaluations are conducted with temperature=0.6.",
    "AIME24 and AIME25 are with averaged score of 32 repetitions.",
    "MATH500 and SuperGPQA are with a single run.",
    "The results of Gemma3-27B are sourced directly from its technical report.",
    "Evaluated following a 0-shot setting.",
    "Generation configs: temperature=1.1, top_p=0.95.",
    "Evaluated in bf16.",
    "no majority voting, no tools",
    "We average over 8 generations.",
    "table 3 of the report",
    "from the model card, read on a Monday",
    "Llama 4 Maverick's model card, read on 2025-04-05",
    "as printed; see https://example.org/with-python-tools",
    "reported by Meta",
    "average of 8 runs",
    "T=0.6, top_p 0.95, min-p 0, seed 42, no repetition penalty",
    "evaluated on the official test set",
    "copied by hand from table 4, checked against the PDF on 3 May 2025, rounded to one decimal",
    "line 28: MMLU × Baichuan2-7B-Base",
    "line 28: MMLU × Command R+",
    "whether the metric is a share of right answers is not known here",
    "unit not stated: read as percent, since it is above 1",
    "printed with ± 0.4",
    "data set cais/mmlu/all/test",
    "called MMLU there",
    "called AI2 Reasoning Challenge (25-Shot) there",
    "Left out, since no plain number: line 62, AIME 2024: 4/30.",
]
# The lists of dangers overlook these, and each is somebody's honest way to a higher number.
UNKNOWN = [
    ("maximum of 8 runs", "maximum"),
    ("best run", "best"),
    ("the better of both prompts", "better"),
    ("after discarding malformed outputs", "discarding"),
    ("failed runs are excluded", "excluded"),
    ("with the book at hand", "book"),
    ("graded by GPT-4o", "graded"),
    ("scores by GPT-4o in the evaluation", "GPT"),
    ("results with Qwen2.5-Math-72B", "Qwen2"),
    ("measured on our dataset", "our"),
    ("on the new test set", "new"),
    ("without a chat template", "template"),
    ("not with the default settings", "not"),
    ("250 of 1,319", "250 of 1,319"),
    ("10 % of all data", "10 % of all"),
    ("on 100 data points", "100 data points"),
    ("100 rows of the table", "100 rows"),
    ("on a test set of the company", "set"),
    ("with the file", "file"),
    ("results verified with GPT-4o", "GPT"),
    ("line 3: MMLU × Ours + Book", "Book"),
    ("line 3: MMLU × Ours with a librarian", "librarian"),
    ("the model may use the table", "may"),
    ("average of the models", "average of the models"),
    ("questions with images left out", "questions"),
    ("answers were normalised with a script", "answers"),
    ("F1", "F1"),
    ("exact match", "exact"),
    ("knowledge cut-off respected", "knowledge"),
    ("使用工具", "使用工具"),
    ("mit Werkzeugen", "mit"),
    ("marked †", "marked †"),
    ("marked †: average of 8 runs of ToT", "ToT"),
    ("MMLU-Redux", "MMLU-Redux"),
    ("MMLU: we report MMLU-Redux", "MMLU-Redux"),
    ("Global MMLU", "Global MMLU"),
    ("called MMLU (Thai) there", "Thai"),
    ("data set cais/mmlu/all/validation", "validation"),
]


def unknown(text: str, task: str = "mmlu") -> list[str]:
    return unknown_words(text, task, words_of_benchmark(task))


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_remarks_of_cards_and_buyers(text: str) -> None:
    assert unknown(text) == []


@pytest.mark.parametrize(("text", "word"), UNKNOWN)
def test_a_word_that_is_not_known_is_named(text: str, word: str) -> None:
    assert word in unknown(text)


def test_of_our_own_footnote_only_what_the_card_says_is_named() -> None:
    ours = "Taken from table 1 (line 5: Thinking / More). Each note names the line, the row and the column."
    assert unknown_words(ours, "", ()) == unknown_words(f"footnote: {ours}", "", ()) == []
    assert unknown_words("footnote: each note names the judge", "", ()) == ["names", "judge"]


def test_a_relative_in_a_list_with_the_benchmark_is_beside_it() -> None:
    assert unknown("MMLU and MMLU-Pro are evaluated in bf16.") == []
    assert unknown("GSM8K, MMLU-Pro and MMLU") == []
    assert unknown("AIME 2024 and AIME 2025", "aime-2025") == []
    assert unknown("AIME 2024", "aime-2025") == ["AIME 2024"]
    assert unknown("MATH-500", "math") == ["MATH-500"]
    assert unknown("HumanEval+", "humaneval") == ["HumanEval+"]
    assert unknown("GPQA main set", "gpqa-diamond") == ["GPQA main set"]
    assert unknown("HumanEval", "humaneval-plus") == []
    assert unknown("IFEval, SimpleQA", "math") == []


def test_a_remark_that_was_cut_is_not_known() -> None:
    assert unknown("average of 8 runs…") == ["…"]
    assert unknown("results " * 2_000) == ["…"]


def test_of_the_text_near_a_table_praise_is_left_out_and_what_measures_is_not() -> None:
    praise = (
        "The Qwen2.5-72B base model significantly outperforms its peers in the same category across many tasks. "
        "It achieves results comparable to Llama-3-405B while utilizing only one-fifth of the parameters."
    )
    assert sentences_that_matter(praise) == ""
    measured = "Scores were extracted by a lenient script."
    assert sentences_that_matter(f"{praise} {measured} See our paper.") == measured
    assert sentences_that_matter("Results are after a second reading.") != ""
    assert sentences_that_matter("All with majority voting.") != ""
    assert sentences_that_matter("所有结果均使用多次投票。") != ""


def test_hostile_remarks_are_read_in_time_and_never_whole() -> None:
    for text in (
        "average of " * 100_000,
        "not " * 100_000,
        "( " * 100_000,
        "MMLU, " * 100_000,
        "x" * 10**6,
        "\x03" * 99,
    ):
        unknown(text)
        sentences_that_matter(text[:2_000])
