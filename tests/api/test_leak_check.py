"""Which check is next for whom: each recipient spends its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.api.leak_check import canaries_in, next_check
from steelyard.errors import InputError
from steelyard.stats.variants import detectable_pair_gap
from steelyard.suites.exposures import append_exposures
from steelyard.suites.sealing import seal_suite
from steelyard.tasks.suite_seal import parts_of
from steelyard.tasks.suite_task import drawn_part, task_from_suite
from steelyard.tasks.suite_variants import draw_of
from testkit.suite_files import suite_at
from tests.tasks.test_suite_variants import sums_with_variants

ONE, OTHER = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"


def number_for(folder: Path, model: str) -> int:
    halves = next_check(folder, model, 0.001).halves
    assert halves is not None
    return halves.number


def test_a_check_is_spent_by_the_recipient_that_saw_it(tmp_path: Path) -> None:
    items = [{"id": f"i{n}", "question": f"What is {n}?", "answer": str(n)} for n in range(60)]
    folder = suite_at(tmp_path / "s", "suite: s\n", "".join(json.dumps(item) + "\n" for item in items))
    suite = task_from_suite(folder)
    sealed = seal_suite(suite, None, None, "0.5", 3)
    first = next_check(folder, f"openai:m@{ONE}", 0.001)
    assert first.halves is not None
    assert (first.halves.number, first.halves.released, first.halves.kept, first.halves.left) == (1, 30, 10, 2)
    assert (first.pairs, first.draw) == (None, "")
    spent = parts_of(sealed, suite.rows.ids).checks[0]
    append_exposures(folder, "r", suite.suite, "ended", {ONE: sorted(spent)[:1]})
    assert number_for(folder, f"openai:m@{ONE}") == 2
    assert number_for(folder, f"openai:m@{OTHER}") == 1
    assert number_for(folder, "embedded:smollm2") == 1
    append_exposures(folder, "r2", suite.suite, "ended", {ONE: list(suite.rows.ids)})
    with pytest.raises(InputError, match="no check is left"):
        next_check(folder, f"openai:m@{ONE}", 0.001)


def test_variants_are_checked_where_an_address_was_asked_them(tmp_path: Path) -> None:
    folder = sums_with_variants(tmp_path / "sums", count=41, variants=3)
    sealed = seal_suite(task_from_suite(folder), None, None, "0.5", 1)
    one, local = f"openai:m@{ONE}", "embedded:smollm2"
    with pytest.raises(InputError, match="base URLs"):
        next_check(folder, local, 0.001, "ftp://x")
    check = next_check(folder, one, 0.001)
    assert (check.pairs, check.draw) == (None, draw_of(sealed, ONE))
    assert check.remarks[0].startswith(f"{ONE} was not asked a variant of this version yet")
    assert check.halves is not None
    asked = task_from_suite(drawn_part(folder, ONE))
    append_exposures(folder, "r1", asked.suite, "ended", {ONE: list(asked.items)[:10]})
    check = next_check(folder, local, 0.001, "http://127.0.0.1:1")
    assert check.pairs is not None
    assert check.pairs.items in (19, 20)
    assert 9 <= check.pairs.sent <= 10
    assert (check.pairs.address, check.pairs.number, check.pairs.left) == (ONE, 1, 1)
    # With both tests each has half of the level, and that of variants one part for each of the two sealed addresses.
    assert check.pairs.addresses == 2
    assert check.pairs.gap == detectable_pair_gap(check.pairs.items, 0.0005 / 2)
    with pytest.raises(
        InputError, match=r"127.0.0.1:3/v1 is not sealed with the variants of version 1 \(2 addresses\)"
    ):
        next_check(folder, local, 0.001, "http://127.0.0.1:3")
    unsealed = next_check(folder, "openai:m@http://127.0.0.1:3/v1", 0.001)
    assert (unsealed.pairs, unsealed.draw) == (None, "")
    assert "there is no check by variants" in unsealed.remarks[0]
    assert next_check(folder, local, 0.001).pairs is None
    # Another run that asks what is drawn for another address spends nothing; a check spends one variant for its model.
    other = task_from_suite(drawn_part(folder, OTHER))
    append_exposures(folder, "r2", asked.suite, "ended", {OTHER: list(other.items)})
    variant = task_from_suite(folder.with_name(f"sums#variant-1-for-{draw_of(sealed, ONE)}"))
    for model in (one, f"openai:m@{OTHER}"):
        found = next_check(folder, model, 0.001, ONE).pairs
        assert found is not None
        assert found.number == 1
    append_exposures(folder, "r3", asked.suite, "begun", {OTHER: [*asked.items, *variant.items]})
    found = next_check(folder, f"openai:m@{OTHER}", 0.001, ONE).pairs
    assert found is not None
    assert (found.number, found.left) == (2, 0)
    plain = suite_at(tmp_path / "plain")
    seal_two(plain)
    with pytest.raises(InputError, match="has no variants that an address could have been asked"):
        next_check(plain, local, 0.001, ONE)


def seal_two(folder: Path) -> None:
    (folder / "samples.jsonl").write_text(
        "".join(json.dumps({"id": f"i{n}", "question": f"What is {n}?", "answer": str(n)}) + "\n" for n in range(4))
    )
    seal_suite(task_from_suite(folder), None, None, "0.5", 1)


def test_without_a_canary_nothing_is_looked_for(tmp_path: Path) -> None:
    assert canaries_in(tmp_path, "") == []
