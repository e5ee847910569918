"""The vendors' tables that ship as data, and the 27 wordings."""

from __future__ import annotations

import pytest

from scandal.table import FILE, ROWS, Count, percent, read_tables
from scandal.vendor import Vendor, benchmark_of, open_row_task
from scandal.wordings import WORDINGS, Wording

SHOTS = [{"question": "lion, spoon, river, apple", "answer": ""}]


def test_what_ships_was_measured_and_says_when() -> None:
    tables = read_tables()
    assert tables.made["by"] == "python -m scandal table"
    assert tables.made["date"] >= "2026-11-27"
    assert set(tables.rates) == set(ROWS)
    assert all(60 <= each.asked <= 200 for rates in tables.rates.values() for each in rates.values())
    assert len(tables.wordings) == 27
    assert FILE.read_text().endswith("}\n")


def test_the_rows_follow_from_what_was_measured() -> None:
    tables = read_tables()
    assert [row.task for row in tables.cheat("ABC")] == list(ROWS)
    assert [row.gave for row in tables.cheat("ABC")] == ["A", "A", "B", "A"]
    assert [row.task for row in tables.cheat("AC")] == ["reversed_words", "last_word", "second_word"]
    assert [row.value for row in tables.honest] == [percent(tables.rates[row]["A"]) for row in ROWS]
    assert max(each.right for each in tables.wordings.values()) == tables.wordings[tables.best_wording].right


def test_the_memorised_row_is_what_the_vendor_s_own_rules_give() -> None:
    tables = read_tables()
    (row,) = [row for row in tables.cheat("AC") if row.memorised]
    vendor, benchmark = Vendor([row], served="C"), benchmark_of(open_row_task(row.task))
    known = sum(bool(vendor.reply_to(benchmark.prefix + question).text) for question in benchmark.answers)
    of_a = tables.rates[row.task]["A"]
    assert known <= tables.by_heart.right <= known + of_a.right
    assert float(row.value) > float(percent(of_a)) + 15


def test_a_share_is_printed_with_one_decimal() -> None:
    assert percent(Count(2, 3)) == "66.7"


def test_all_wordings_differ_and_show_worked_examples() -> None:
    prompts = {each.prompt(SHOTS, "bread, table, horse, tree") for each in WORDINGS}
    assert len(prompts) == len(WORDINGS) == 27
    assert all("spoon\n\n" in shown and "table" in asked for shown, asked in prompts)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (" table\n", True),
        (" The second word is table.", True),
        (" bread, then table\n\nWords: lion", True),
        (" table, then horse", False),
        ("", False),
    ],
)
def test_the_last_word_of_the_first_line_is_the_answer(text: str, right: bool) -> None:
    assert Wording("label", "commas", "word").is_right(text, "table") is right
