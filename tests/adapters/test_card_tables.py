"""The tables of a card as cells: whole names, exact numbers, and each with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.adapters.card_tables import MAX_COLUMNS, Table, plain, table_of_rows, tables_in


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in (*table.head, *table.rows)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("**85.5**", "85.5"),
        (" ***88.1*** ", "88.1"),
        ("85.5<sup>2</sup>", "85.5 ^{2}"),  # not 85.52
        ("85.5[^1]", "85.5 ^{1}"),
        ("35.2*", "35.2*"),
        (r"35.2\*", "35.2*"),
        (r"macro\_avg/acc\_char", "macro_avg/acc_char"),
        ("[MMLU][mmlu]", "MMLU"),
        ("[GSM8K](https://example.org/a_b)", "GSM8K"),
        ("IFEval _(avg)_", "IFEval (avg)"),
        ("<ins><strong>85.7</strong></ins>", "85.7"),
        ("Qwen3-235B-A22B <br><sup>(non-thinking)</sup>", "Qwen3-235B-A22B ^{(non-thinking)}"),
        ("snake_case_name", "snake_case_name"),
        ("`exact_match`", "exact_match"),
        ("a &amp; b", "a & b"),
        ("![logo](x.png) A", "logo A"),
        ("<script>alert(1)</script>x", "alert(1)x"),  # a text like any other: it is shown escaped
    ],
)
def test_the_text_of_a_cell(written: str, read: str) -> None:
    assert plain(written) == read


def test_a_pipe_table_with_its_heading_and_lines() -> None:
    rows = "| Benchmark | A | B |\n|---|:-:|--:|\n| MMLU | 1.0 | 2.0 |\n| x \\| y | 3 | |\n"
    text = f"# Card\n\n## Chat Model\n\n{rows}\nafter | it\n"
    (table,) = tables_in(text)
    assert (table.number, table.line, table.heading) == (1, 5, "Chat Model")
    assert texts(table) == [["Benchmark", "A", "B"], ["MMLU", "1.0", "2.0"], ["x \N{BROKEN BAR} y", "3", ""]]
    assert [row[0].line for row in table.rows] == [7, 8]
    assert table.place == "table 1 (line 5: Chat Model)"


def test_a_table_whose_line_of_hyphens_is_too_short_and_rows_without_outer_pipes() -> None:
    """As Qwen's page has it; a strict reader finds no table there."""
    (table,) = tables_in("Datasets | A | B | C\n--- | --- | ---\nMMLU | 1 | 2 | 3\n")
    assert texts(table) == [["Datasets", "A", "B", "C"], ["MMLU", "1", "2", "3"]]


def test_code_is_no_table() -> None:
    assert tables_in("```\n| a | b |\n|---|---|\n| 1 | 2 |\n```\n") == []


def test_html_with_spans_and_marks() -> None:
    text = """<table>
<thead><tr><th>Benchmark</th><th>Metric</th><th><sup>Model A</sup></th></tr></thead>
<tr><td colspan=3><strong>Coding</strong></td></tr>
<tr><td rowspan="2">SWE</td><td>one</td><td><b>65.8</b><sup>*</sup></td></tr>
<tr><td>many</td><td>71.6</td></tr>
</table>"""
    (table,) = tables_in(text)
    assert texts(table) == [
        ["Benchmark", "Metric", "^{Model A}"],
        ["Coding", "Coding", "Coding"],
        ["SWE", "one", "65.8 ^{*}"],
        ["SWE", "many", "71.6"],
    ]
    assert table.rows[2][2].line == 5


def test_hostile_spans_are_bounded() -> None:
    rows = "<tr><td colspan=999999999 rowspan=999999999>x</td></tr>" * 3
    (table,) = tables_in(f"<table><tr><th>a</th></tr>{rows}</table>")
    assert table.columns <= MAX_COLUMNS
    assert len(table.rows) == 3


def test_the_rows_of_a_csv_file() -> None:
    table = table_of_rows([["Benchmark", "Score"], ["", ""], ["MMLU", "71.3 "]], 2)
    assert texts(table) == [["Benchmark", "Score"], ["MMLU", "71.3"]]
    assert table.rows[0][0].line == 4


@given(st.text(alphabet="|-:<>/tablrdhsup* \n#`[]()^{}0.9!?&;", max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for table in tables_in(text):
        assert table.head
        assert all(len(row) <= MAX_COLUMNS for row in table.rows)


def test_a_card_that_was_made_to_take_long_does_not() -> None:
    """Each of these hung a first version: a pattern with many ways to fail, and a heading looked up for each table."""
    assert tables_in("| a | b |\n|---" + "|  " * 400 + "x\n") == []
    many = "# a\n\na|b\n-|-\n1|2\n\n" * 20_000
    assert len(tables_in(many)) == 20_000
    for part in ("<a ", "<!a", "<![b[", "<?", "</", "&#", "<!--", "<td>", "<script>"):
        tables_in("<table>" + part * 20_000)


def test_what_is_commented_out_is_not_there() -> None:
    text = "<!-- old\n| a | b |\n|---|---|\n| 9 | 9 |\n-->\n| a | b |\n|---|---|\n| 1 | <!--8-->2 |\n"
    (table,) = tables_in(text)
    assert (table.line, texts(table)) == (6, [["a", "b"], ["1", "2"]])
    html = "<table><tr><th>a</th></tr>\n<tr><!--<td>9</td>-->\n<td>1</td></tr></table>"
    assert texts(tables_in(html)[0]) == [["a"], ["1"]]
