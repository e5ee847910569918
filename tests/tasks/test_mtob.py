"""MTOB on made-up rows in the hub's layout: Meta's packaged message as it is, one subset for a claim, corpus chrF."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.claims.sheet import read_sheet
from steelyard.errors import InputError
from steelyard.records import Claim, GenerateRequest, Protocol
from steelyard.tasks import load_task
from steelyard.tasks.definition_file import read_definition
from testkit.translation_server import ROWS, SUBSETS, mirror_of

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mirror_of(tmp_path_factory.mktemp("mirror"))


def claim(subset: str, metric: str = "chrf") -> Claim:
    return Claim(task="mtob", value="54.0", metric=metric, protocol=Protocol(decoding="greedy", subset=subset))


@pytest.mark.parametrize("subset", SUBSETS)
def test_the_published_message_is_sent_as_it_is(mirror: Path, subset: str) -> None:
    rows = [json.loads(line) for line in (mirror / f"llamastack/mtob/{subset}/test.jsonl").read_text().splitlines()]
    samples = load_task("mtob").prepare("chat", mirror, window=subset)
    assert len(samples) == ROWS
    for number, (sample, row) in enumerate(zip(samples, rows, strict=True)):
        assert isinstance(sample.request, GenerateRequest)
        assert (sample.request.system, sample.request.prompt) == ("", row["messages"][0]["content"])
        assert sample.request.chat
        assert not sample.request.stop
        assert sample.target == row["expected_answer"]
        assert (sample.id, sample.group) == (f"mtob/{subset}/{number}", subset)


def test_without_a_claim_all_are_asked(mirror: Path) -> None:
    assert len(load_task("mtob").prepare("chat", mirror)) == 4 * ROWS


def test_a_claim_asks_its_own_subset() -> None:
    chosen = load_task("mtob").protocol_for(claim("full book kgv->eng"))
    assert (chosen.window, chosen.refused) == ("ke_full_book", "")
    assert "Of MTOB the subset ke_full_book is asked." in chosen.differences


@pytest.mark.parametrize("sheet", ["llama-4-maverick", "llama-4-scout"])
def test_the_four_rows_of_metas_cards_are_the_four_subsets(sheet: str) -> None:
    claims = [each for each in read_sheet(EXAMPLES / f"{sheet}.yaml").claims if each.task == "mtob"]
    chosen = [load_task("mtob").protocol_for(each) for each in claims]
    assert [each.window for each in chosen] == ["ek_half_book", "ke_half_book", "ek_full_book", "ke_full_book"]
    assert not any(each.refused for each in chosen)


@pytest.mark.parametrize(
    ("subset", "reason"),
    [
        ("", "MTOB is claimed by its subsets, and the claim names none of its subsets"),
        ("half book", "names none of its subsets: write one, such as subset: half book ek"),
        ("half book eng->kgv/kgv->eng", "names 2 of its subsets (ek_half_book, ke_half_book)"),
        ("half book eng->kgv, the first 20", "the claim is about a part of the benchmark"),
    ],
)
def test_a_claim_that_names_not_one_subset_is_refused(subset: str, reason: str) -> None:
    assert reason in load_task("mtob").protocol_for(claim(subset)).refused


@pytest.mark.parametrize("metric", ["chrF++", "BLEU", "chrF2++"])
def test_another_measure_is_refused(metric: str) -> None:
    assert (
        "other measures are other numbers"
        in load_task("mtob").protocol_for(claim("half book eng->kgv", metric)).refused
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{name: a, rows: 1, parts: [[x]]}", "{name: b, rows: 1, parts: [[x]]}", "name each of hub.configs once"),
        ("rows: 1", "rows: 0", "rows (at least 1)"),
        ("parts: [[x]]", "parts: [[]]", "a phrase in each part"),
        ("count: 1", "count: 2", "count is the sum of their rows"),
    ],
)
def test_a_task_file_with_faulty_subsets_is_refused(tmp_path: Path, old: str, new: str, fault: str) -> None:
    path = tmp_path / "t.yaml"
    text = (
        "id: t\nhub: {path: me/t, configs: [a], split: test}\nitems: {count: 1}\n"
        "subsets: [{name: a, rows: 1, parts: [[x]]}]\nfields: {target: answer}\nscorer: {name: chrf}\n"
        "prompts: {plain: {prompt: '{{ q }}'}}\n"
    )
    path.write_text(text)
    assert read_definition(path).subsets[0].name == "a"
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_definition(path)
    assert fault in str(caught.value)
