"""A mirror that holds a part of a benchmark, or other items, is found by size and by content."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InputError
from steelyard.planning.build import build_plan
from steelyard.planning.options import Options, planned_model
from steelyard.planning.part import check_whole, held_in, part_of, why_not_held
from steelyard.planning.testable import Skip
from steelyard.records import Capabilities, Claim, ClaimSheet, ModelIdentity, Part, Plan, Protocol
from steelyard.tasks import load_task
from steelyard.tasks.catalogue import open_task_file
from testkit.lcb_problems import mirror_of

EVERYTHING = Capabilities(chat=True, completions=True, loglikelihood=True, deterministic=True)
Rows = list[dict[str, Any]]


def planned(claim: Claim, **options: Any) -> Plan:
    sheet = ClaimSheet(model="m", claims=(claim,), digest="0" * 64)
    model = planned_model(ModelIdentity(uri="x:y"), EVERYTHING, Options(**options))
    return build_plan(sheet, {"subject": model}, Options(**options)).plan


@pytest.fixture
def mirror(shared: Path, tmp_path: Path) -> Callable[[Callable[[Rows], Rows]], Path]:
    """A mirror of GSM8K whose test rows are changed."""

    def make(change: Callable[[Rows], Rows]) -> Path:
        source, target = shared / "data" / "openai" / "gsm8k" / "main", tmp_path / "openai" / "gsm8k" / "main"
        target.mkdir(parents=True)
        (target / "train.jsonl").symlink_to(source / "train.jsonl")
        rows = [json.loads(line) for line in (source / "test.jsonl").read_text().splitlines()]
        (target / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in change(rows)))
        return tmp_path

    return make


def shuffled(rows: Rows) -> Rows:
    return random.Random(0).sample(rows, len(rows))


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows,
        shuffled,
        lambda rows: [row | {"source": "elsewhere"} for row in rows],
        lambda rows: [row | {"question": f"  {row['question']}\r\n"} for row in rows],
    ],
)
def test_another_order_and_further_columns_are_the_whole(mirror: Any, change: Callable[[Rows], Rows]) -> None:
    plan = planned(Claim(task="gsm8k", value="50"), data=mirror(change))
    assert plan.measurements[0].part is None
    assert plan.not_planned == ()


@pytest.mark.parametrize(
    ("change", "part", "said"),
    [
        (lambda rows: shuffled(rows)[:100], Part(of=1319, same=100), "100 of the 1,319 items of gsm8k: give the whole"),
        (
            lambda rows: [row | {"question": "?" if n < 19 else row["question"]} for n, row in enumerate(rows)],
            Part(of=1319, same=1300), "1,300 of the 1,319 items of gsm8k and 19 that differ: give",
        ),
        (
            lambda rows: [rows[0] | {"answer": "#### 7"}, *rows[1:]],
            Part(of=1319, same=1318), "1,318 of the 1,319 items of gsm8k and 1 that differs",
        ),
        (lambda rows: [*rows[:-1], rows[0]], Part(of=1319, same=1318), "1,318 of the 1,319"),  # one is there twice
        (lambda rows: [*rows, rows[0]], Part(of=1319, same=1319), "1,319 items of gsm8k and 1 that differs"),
    ],
)  # fmt: skip
def test_fewer_items_or_others_are_a_part(mirror: Any, change: Callable[[Rows], Rows], part: Part, said: str) -> None:
    data = mirror(change)
    (refused,) = planned(Claim(task="gsm8k", value="50"), data=data).not_planned
    assert refused.verdict == "not_testable"
    assert said in refused.reason
    assert refused.reason.endswith(", or --allow-part")
    allowed = planned(Claim(task="gsm8k", value="50"), data=data, allow_part=True)
    assert allowed.measurements[0].part == part
    assert any("nothing shows that it was drawn at random" in each for each in allowed.served[0].differences)


def test_a_limit_is_no_part(shared: Path) -> None:
    plan = planned(Claim(task="gsm8k", value="50"), data=shared / "data", limit=20)
    assert plan.measurements[0].limit == 20


@pytest.mark.parametrize("name", ["mmlu", "hellaswag", "humaneval", "mbpp", "bbh"])
def test_the_other_pinned_benchmarks_are_whole(shared: Path, name: str) -> None:
    task = load_task(name)
    assert part_of(task, task.prepare(task.default_prompt, shared / "data", shots=0)) is None


def test_an_unpinned_benchmark_is_known_by_its_size(tmp_path: Path) -> None:
    """Also in a file of the user's own, since its name is what the vendor's number is about."""
    path = tmp_path / "mt-bench.jsonl"
    path.write_text("".join(json.dumps({"question": f"{n}?", "answer": n}) + "\n" for n in range(60)))
    (refused,) = planned(Claim(task="mt-bench", value="50"), task_files=(path,)).not_planned
    assert "60 of the 80 items" in refused.reason


def test_the_vendor_scored_more_than_there_is(tmp_path: Path) -> None:
    (refused,) = planned(Claim(task="chain_sum", value="57", samples=1000)).not_planned
    assert refused.reason.startswith("the vendor scored 1,000 items, the data here hold 300: ")
    assert planned(Claim(task="chain_sum", value="57", samples=300)).measurements


TASK = """
id: mine
title: Mine
hub: {path: me/mine, configs: [main], split: test}
items: {count: %s}
fields: {target: answer%s}
scorer: {name: exact}
prompts: {plain: {prompt: "{{ question }}"}}
"""


@pytest.mark.parametrize(
    ("count", "question", "said"),
    [
        ("0", "", "items.count must be at least 1"),
        ("3, sha256: abc", "", "items.sha256 needs fields.question"),
    ],
)
def test_a_pin_that_cannot_be_used(tmp_path: Path, count: str, question: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TASK % (count, question))
    with pytest.raises(InputError, match=said):
        open_task_file(path)


def test_without_a_list_no_item_counts_as_published(tmp_path: Path) -> None:
    path, rows = tmp_path / "mine.yaml", tmp_path / "me" / "mine" / "main" / "test.jsonl"
    path.write_text(TASK % ("2, sha256: abc", ", question: question"))
    rows.parent.mkdir(parents=True)
    rows.write_text('{"question": "a", "answer": "b"}\n{"question": "c", "answer": "d"}\n')
    task = open_task_file(path)
    assert part_of(task, task.prepare("plain", tmp_path)) == Part(of=2, same=0)
    (tmp_path / "items").mkdir()
    (tmp_path / "items" / "mine.txt").write_text("AAAA\n")
    with pytest.raises(InputError, match="does not list 2 items"):
        part_of(task, task.prepare("plain", tmp_path))


@pytest.mark.parametrize(
    ("name", "population", "part", "fits"),
    [
        ("gsm8k", 1319, None, True),
        ("gsm8k", 1000, None, False),
        ("gsm8k", 2000, None, False),
        ("gsm8k", 100, Part(of=1319, same=90), True),
        ("gsm8k", 1319, Part(of=1319, same=1319), False),
        ("gsm8k", 100, Part(of=1319, same=101), False),
        ("gsm8k", 100, Part(of=200, same=100), False),
        ("chain_sum", 300, None, True),
        ("chain_sum", 299, None, False),
        ("chain_sum", 300, Part(of=600, same=300), False),
    ],
)
def test_what_data_of_a_benchmark_can_be(name: str, population: int, part: Part | None, fits: bool) -> None:
    assert (why_not_held(load_task(name), population, part, is_own=False) == "") is fits


WINDOW = "release_v5:2024-10-01/2025-02-01"


@pytest.mark.parametrize(
    ("population", "part", "window", "fits"),
    [
        (27, None, WINDOW, True),
        (880, None, "release_v5", True),
        (881, None, "release_v5", False),
        (1055, None, "", True),
        (20, Part(of=880, same=28), WINDOW, True),
        (29, Part(of=880, same=28), WINDOW, False),
        (20, Part(of=880, same=880), WINDOW, False),
        (20, Part(of=1055, same=28), WINDOW, False),
    ],
)
def test_what_data_of_a_window_can_be(population: int, part: Part | None, window: str, fits: bool) -> None:
    task = load_task("livecodebench")
    assert (why_not_held(task, population, part, is_own=False, window=window) == "") is fits


def test_a_part_of_a_window_is_said(tmp_path: Path) -> None:
    mirror_of(tmp_path, sizes=(2, 2, 2, 2, 20))
    claim = Claim(task="livecodebench", value="50", protocol=Protocol(subset="2024-10-01 to 2025-02-01"))
    (refused,) = planned(claim, data=tmp_path).not_planned
    assert held_in(refused.reason) == (28, Part(of=880, same=28))
    allowed = planned(claim, data=tmp_path, allow_part=True)
    assert allowed.measurements[0].part == Part(of=880, same=28)
    assert any("28 of its 880 items. What is said" in said for said in allowed.served[0].differences)


def test_what_is_asked_beside_a_claim_is_of_the_same_window(tmp_path: Path) -> None:
    mirror_of(tmp_path)
    claim = Claim(task="livecodebench", value="50", protocol=Protocol(subset="2024-10-01 to 2025-02-01"))
    plan = planned(claim, data=tmp_path)  # it states no decoding, so that sampled answers are asked, too
    assert len(plan.measurements) > 1
    assert {(each.window, each.population, each.part) for each in plan.measurements} == {(WINDOW, 27, None)}
    whole = planned(Claim(task="livecodebench v5", value="50"), data=tmp_path)
    assert whole.measurements[0].population == 880
    assert not any("Only a part" in said for said in whole.served[0].differences)


def test_more_items_than_a_window_has_are_a_claim_about_others(tmp_path: Path) -> None:
    mirror_of(tmp_path)
    claim = Claim(task="livecodebench", value="50", samples=167, protocol=Protocol(subset="2024.10-2025.02"))
    (refused,) = planned(claim, data=tmp_path).not_planned
    assert refused.reason.startswith("the vendor scored 167 items, the data here hold 27: ")
    allowed = planned(claim, data=tmp_path, allow_part=True)
    assert any("27 of its 167 items" in said for said in allowed.served[0].differences)


def test_of_a_file_only_the_size_of_the_published_benchmark_is_known() -> None:
    task = load_task("gsm8k")
    assert why_not_held(task, 1500, None, is_own=True) == ""
    assert why_not_held(task, 100, Part(of=2000, same=100), is_own=True) == ""
    assert "100 samples cannot be the whole" in why_not_held(task, 100, None, is_own=True)
    assert "100 samples cannot be 100 of 500 items" in why_not_held(task, 100, Part(of=500, same=100), is_own=True)


@pytest.mark.parametrize(
    ("population", "part"), [(100, Part(of=1319, same=100)), (1301, Part(of=1319, same=1300)), (1319, None)]
)
def test_a_refusal_says_what_was_held(population: int, part: Part | None) -> None:
    with pytest.raises(Skip) as caught:
        check_whole(Claim(task="gsm8k", value="50", samples=5000), load_task("gsm8k"), population, part)
    assert held_in(caught.value.reason) == (population, part)
    assert held_in("something else") is None
