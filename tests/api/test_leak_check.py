"""Which check is next for whom: each recipient spends its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.api.leak_check import canaries_in, next_check
from steelyard.errors import InputError
from steelyard.suites.exposures import append_exposures
from steelyard.suites.sealing import seal_suite
from steelyard.tasks.suite_seal import parts_of
from steelyard.tasks.suite_task import task_from_suite
from tests.tasks.test_suite_file import suite_at

ONE, OTHER = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"


def test_a_check_is_spent_by_the_recipient_that_saw_it(tmp_path: Path) -> None:
    items = [{"id": f"i{n}", "question": f"What is {n}?", "answer": str(n)} for n in range(60)]
    folder = suite_at(tmp_path / "s", "suite: s\n", "".join(json.dumps(item) + "\n" for item in items))
    suite = task_from_suite(folder)
    sealed = seal_suite(suite, None, None, "0.5", 3)
    first = next_check(folder, f"openai:m@{ONE}", 0.001)
    assert (first.number, first.released, first.kept, first.left) == (1, 30, 10, 2)
    spent = parts_of(sealed, suite.rows.ids).checks[0]
    append_exposures(folder, "r", suite.suite, "ended", {ONE: sorted(spent)[:1]})
    assert next_check(folder, f"openai:m@{ONE}", 0.001).number == 2
    assert next_check(folder, f"openai:m@{OTHER}", 0.001).number == 1
    assert next_check(folder, "embedded:smollm2", 0.001).number == 1
    append_exposures(folder, "r2", suite.suite, "ended", {ONE: list(suite.rows.ids)})
    with pytest.raises(InputError, match="no check is left"):
        next_check(folder, f"openai:m@{ONE}", 0.001)


def test_without_a_canary_nothing_is_looked_for(tmp_path: Path) -> None:
    assert canaries_in(tmp_path, "") == []
