"""What a card says around a number reaches the claim, where it may change how that is tested."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from steelyard.adapters.card_context import footnotes_in, sections_of, sentences_beside
from steelyard.adapters.card_file import read_card_tables
from steelyard.adapters.card_tables import tables_in
from steelyard.planning.footnotes import why_unverifiable, with_footnotes
from steelyard.records import Claim, ModelIdentity, Settled
from steelyard.tasks.catalogue import Catalogue

HEAD = "| Benchmark | Ours-7B |\n|---|---|\n"
ROWS = "| GSM8K | 90.1 |\n| AIME 2025 | 70.0 |\n"


def may_accuse(
    tmp_path: Path, card: str, model: str = "", name: str = "card.md", settled: tuple[str, ...] = ()
) -> list[bool]:
    """Whether each claim of a card's table may be rejected."""
    path = tmp_path / name
    path.write_text(card)
    sheet = with_footnotes(read_card_tables(path, model))

    def may(claim: Claim) -> bool:
        quotes = tuple(
            Settled(text=text, reason="says nothing of how it was measured", by="a test") for text in settled
        )
        claim = msgspec.structs.replace(claim, settled=quotes)
        task = Catalogue().find(claim.task)
        assert task is not None
        found = [task.protocol_for(claim, name) for name in task.formats_for(claim)]
        is_settled = not why_unverifiable(sheet, claim, ModelIdentity(uri="m"), task)
        return is_settled and any(not each.refused and not each.confirms_only for each in found)

    return [may(claim) for claim in sheet.claims]


def test_a_plain_table_may_accuse(tmp_path: Path) -> None:
    for card in (
        HEAD + ROWS,
        f"# Ours\n\nResults of Ours, greedy, no tools, average of 8 runs.\n\n{HEAD}{ROWS}\n",
        "| Category | Benchmark | Ours |\n|---|---|---|\n| Reasoning | GSM8K | 90.1 |\n| Math | AIME 2025 | 70.0 |\n",
        "<table><tr><th>Benchmark</th><th>Ours-7B</th></tr><tr><td colspan=2>Reasoning</td></tr>"
        "<tr><td>GSM8K</td><td>90.1</td></tr><tr><td>AIME 2025</td><td>70.0</td></tr></table>",
    ):
        assert may_accuse(tmp_path, card) == [True, True]


@pytest.mark.parametrize(
    "card",
    [
        f"Table 3: results with majority voting.\n\n{HEAD}{ROWS}",
        f"{HEAD}{ROWS}\nAll numbers are with a Python interpreter.\n",
        f"{HEAD}{ROWS}\n> We used thinking mode.\n",
        f"{HEAD}| **With tools** | |\n{ROWS}",
        f"{HEAD}{ROWS}| cons@64 for all rows | |\n",
        HEAD.replace("Ours-7B", "Ours-7B (high)") + ROWS,
        HEAD.replace("Ours-7B", "Ours + TIR") + ROWS,
        "<table><caption>maj@8, our harness</caption><tr><th>Benchmark</th><th>Ours</th></tr>"
        "<tr><td>GSM8K</td><td>90</td></tr><tr><td>AIME 2025</td><td>70</td></tr></table>",
        "<table><thead><tr><th>Benchmark</th><th>Ours</th></tr></thead><tbody><tr><td colspan=2>Thinking mode</td></tr>"
        "<tr><td>GSM8K</td><td>90</td></tr><tr><td>AIME 2025</td><td>70</td></tr></tbody></table>",
        "<table><tr><th>Group</th><th>Benchmark</th><th>Ours</th></tr><tr><td rowspan=2>Math (with tools)</td>"
        "<td>GSM8K</td><td>90</td></tr><tr><td>AIME 2025</td><td>70</td></tr></table>",
        "<table><tr><th>Benchmark</th><th>Ours</th></tr><tr><td>GSM8K</td><td>90</td></tr><tr><td>AIME 2025</td>"
        "<td>70</td></tr><tfoot><tr><td colspan=2>best of 5</td></tr></tfoot></table>",
    ],
)  # fmt: skip
def test_what_is_said_of_all_rows_accuses_nobody(tmp_path: Path, card: str) -> None:
    assert may_accuse(tmp_path, card) == [False, False]


@pytest.mark.parametrize("column", ["Setting", "Method", "Evaluation", "Harness", "Category"])
@pytest.mark.parametrize("said", ["maj@8", "cons@64", "with tools", "pass@10", "3-shot, examples of ours", "3-shot"])
def test_what_another_column_says_is_of_its_row(tmp_path: Path, column: str, said: str) -> None:
    card = f"| Benchmark | {column} | Ours-7B |\n|---|---|---|\n| GSM8K | {said} | 90.1 |\n| AIME 2025 | | 70.0 |\n"
    assert may_accuse(tmp_path, card, "Ours-7B") == [said == "3-shot", True]


@pytest.mark.parametrize(
    ("column", "said", "may"),
    [("Category", "Code", True), ("Category", "Reasoning", True), ("Tools", "Code", False),
     ("Type", "Math", True), ("Graded by", "Dialogue", False),
     ("Category", "Multilingual", False), ("Field", "with the book", False)],
)  # fmt: skip
def test_fields_are_known_in_columns_of_kinds_alone(tmp_path: Path, column: str, said: str, may: bool) -> None:
    card = f"| {column} | Benchmark | Ours-7B |\n|---|---|---|\n| {said} | MMLU | 90.1 |\n"
    assert may_accuse(tmp_path, card, "Ours-7B") == [may]


@pytest.mark.parametrize(
    ("heading", "may"),
    [("Evaluation results", True), ("Why people love it", True), ("Results with our orchestrator", False),
     ("Results by subject", False), ("Results with thinking", False), ("Japanese tasks", False),
     ("Multilingual (French, Spanish, Italian, Portuguese, German)", False), ("Five languages", False),
     ("English tasks", True), ("Multilingual", False)],
)  # fmt: skip
def test_a_heading_that_says_by_what_means(tmp_path: Path, heading: str, may: bool) -> None:
    assert may_accuse(tmp_path, f"## {heading}\n\n{HEAD}{ROWS}") == [may, may]


@pytest.mark.parametrize(
    "card",
    [
        "# Ours-7B\n\n## Thinking\n\n### Math and science\n\n{}",
        "# Ours-7B\n\n## Results in reasoning mode\n\n#### Mathematics\n\n{}",
        "## With Python tools\n\n### Math\n\n{}",
        "Ours-7B\n=======\n\nThinking\n--------\n\n### Math\n\n{}",
        "<details><summary>Thinking mode</summary>\n\n# Ours-7B\n\n{}\n</details>",
        '## Evaluation\n\n=== "Thinking"\n\n{}',
        "<h2>Majority voting over 32 samples</h2>\n<p>Math.</p>\n<h3>Math</h3>\n{}",
        f"### {'A comparison of our model with others of its size ' * 4}in thinking mode\n\n{{}}",
        "## Evaluation\n\nAll results below are in thinking mode.\n\n### Math\n\n{}",
        "## Evaluation\n\nAll results below are in thinking mode.\n\n| a | b |\n|---|---|\n| x | y |\n\n### Math\n\n{}",
        "## Evaluation setup\n\nWe evaluate with majority voting over 8 samples.\n\n## Results\n\n{}",
        "## Results\n\n{}\n## Notes on evaluation\n\nMore.\n\nThe effort is set to high.\n",
        "## Results\n\n{}\n### More\n\n|a|b|\n|-|-|\n|x|y|\n\n**Note:** all models had thinking enabled.\n",
    ],
)
def test_what_wider_sections_say_accuses_nobody(tmp_path: Path, card: str) -> None:
    assert may_accuse(tmp_path, card.format(HEAD + ROWS)) == [False, False]


@pytest.mark.parametrize(
    "card",
    [
        "# Ours-7B: thinking deeper\n\n## Evaluation\n\n### Reasoning\n\n{}",
        "## Thinking\n\n### Math\n\nx\n\n## Math\n\n{}",
        "## Evaluation\n\n### Agents\n\nWith tools it goes on.\n\n### Math\n\n{}",
        "<details><summary>Thinking mode</summary>x</details>\n\n## Math\n\n{}",
        "## Run it\n\n```bash\n# thinking mode\nrun\n```\n\n{}",
        "## Evaluation of Qwen2.5 base language models\n\n{}",
        "## Results\n\n{}\n## Usage\n\nNote: switch thinking on by the template.\n\n## Test it\n\nWith tools.\n",
    ],
)
def test_what_other_sections_say_is_of_them(tmp_path: Path, card: str) -> None:
    assert may_accuse(tmp_path, card.format(HEAD + ROWS)) == [True, True]


TABLE = "<table><tr><th>Benchmark</th><th>Ours</th></tr><tr><td>GSM8K</td><td>90</td></tr></table>"


@pytest.mark.parametrize(
    ("page", "may"),
    [
        ("<h2>Results</h2>{}<p>We thank all.</p>", True),
        ("<h3>Thinking mode</h3>{}", False),
        ("<div class='c'><p>All results with extended thinking.</p>{}</div>", False),
        ("<h2>Results</h2>{}<p>Numbers are with extended thinking (32K).</p>", False),
        ("<p>x</p>{}\n<p>With majority voting.</p>", False),
    ],
)
def test_a_page_may_be_one_line_of_html(tmp_path: Path, page: str, may: bool) -> None:
    assert may_accuse(tmp_path, f"<html><body>{page.format(TABLE)}</body></html>", name="page.html") == [may]


def test_models_in_rows_say_it_in_theirs(tmp_path: Path) -> None:
    head = "| Model | Mode | GSM8K | AIME 2025 |\n|---|---|---|---|\n"
    card = f"{head}| Ours | thinking | 90 | 70 |\n| Other | | 80 | 60 |\n"
    assert may_accuse(tmp_path, card, "Ours") == [False, False]
    assert may_accuse(tmp_path, card, "Other") == [True, True]


def test_a_sentence_that_names_a_benchmark_is_about_it_alone(tmp_path: Path) -> None:
    assert may_accuse(tmp_path, f"{HEAD}{ROWS}\nAIME 2025 is solved with tools.\n") == [True, False]


def test_a_mark_s_footnote_is_about_what_is_marked(tmp_path: Path) -> None:
    for mark in ("**", "#", "†", "<sup>1</sup>"):
        card = f"{HEAD}| GSM8K | 90.1 |\n| AIME 2025 {mark} | 70.0 |\n\n{mark} answers selected by PRM\n"
        assert may_accuse(tmp_path, card) == [True, False], mark


def test_sections_and_sentences_of_hostile_cards_are_bounded() -> None:
    text = "|a|b|\n|-|-|\n" + "|x||\n" * 3_000 + "\n" + "with tools " * 100_000
    (table,) = tables_in(text)
    assert sections_of(table) == {}
    assert all(len(each) <= 1000 for each in sentences_beside(text, [table]))
    assert footnotes_in("† " + "y" * 10_000)["†"].startswith("yyy")


def test_worked_examples_that_the_page_states_elsewhere_are_the_claims(tmp_path: Path) -> None:
    """As Qwen2.5's page, which lists them far above its tables."""
    path = tmp_path / "card.md"
    listed = "**General Tasks**: MMLU (5-shot), HellaSwag (10-shot)\n**Other**: GSM8K (4-shot), GSM8K (8-shot)\n"
    rows = "| MMLU | 86.1 |\n| HellaSwag (0-shot) | 87.6 |\n| GSM8K | 91.5 |\n| ARC-C | 72.4 |\n"
    path.write_text(f"{listed}\n# A\n\n# B\n\n{HEAD}{rows}")
    claims = {claim.task: (claim.shots, claim.note) for claim in read_card_tables(path).claims}
    assert claims["mmlu"] == (5, "")
    assert claims["gsm8k"] == (None, "GSM8K (4-shot, 8-shot)")
    assert claims["hellaswag"] == (0, "")
    assert claims["arc-challenge"] == (None, "")
    assert may_accuse(tmp_path, path.read_text()) == [True, True, False, True]


# The tables of MiMo-V2-Flash's page (XiaomiMiMo/MiMo-V2-Flash, commit 26ef87c7).
UNSEEN = """MiMo-V2-Flash-Base demonstrates strong performance across standard benchmarks, surpassing models with \
significantly larger parameter counts.

| Category     | Benchmark     | Setting/Length | MiMo-V2-Flash Base | Kimi-K2 Base |
| :----------- | :------------ | :------------- | :----------------: | :----------: |
| **Params**   | **#Activated / #Total** | -    | **15B / 309B**     | **32B / 1043B** |
| **General**  | BBH           | 3-shot         | 88.5               | 88.7         |
|              | MMLU          | 5-shot         | 86.7               | 87.8         |
|              | ARC-Challenge | 25-shot        | 95.9               | 96.2         |
| **Math**     | GSM8K         | 8-shot         | 92.3               | 92.1         |
|              | MATH          | 4-shot         | 71.0               | 70.2         |

> \\* indicates the model may fail to follow the prompt or format.

### Post-training Model Evaluation

Following our Post-Training Paradigm with MOPD and Agentic RL, the model achieves SOTA reasoning and agentic \
performance.
"""


def test_praise_beside_a_table_may_be_settled_by_whoever_has_read_it(tmp_path: Path) -> None:
    assert may_accuse(tmp_path, UNSEEN, "MiMo-V2-Flash Base") == [False] * 5
    praise, indicates = UNSEEN[: UNSEEN.index("\n")], "* indicates the model may fail to follow the prompt or format."
    assert may_accuse(tmp_path, UNSEEN, "MiMo-V2-Flash Base", settled=(praise, indicates)) == [True] * 5
