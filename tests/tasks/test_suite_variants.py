"""Variants of items: read strictly, sealed with the suite, and drawn for each recipient by the seal alone."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import pytest

from steelyard.errors import InputError, VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.suites.sealing import seal_suite
from steelyard.suites.varying import vary_suite
from steelyard.tasks.suite_seal import items_root
from steelyard.tasks.suite_task import drawn_part, task_from_suite
from steelyard.tasks.suite_variants import VARIANTS, draw_of, read_variants
from testkit.suite_files import suite_at

ONE, OTHER = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"
YAML = f"suite: sums\nendpoints: [{ONE}, {OTHER}]\n"


def sums_with_variants(folder: Path, count: int = 40, variants: int = 4, yaml: str = YAML) -> Path:
    """A suite of sums, each with variants of other numbers, but for the last item, which has none."""
    items = [{"id": f"i{n}", "question": f"What is {n} + 3?", "answer": str(n + 3)} for n in range(count)]
    suite_at(folder, yaml, "".join(json.dumps(item) + "\n" for item in items))
    (folder / "templates").mkdir()
    rules = {
        f"i{n}": {
            "question": f"What is {{{{ x }}}} + {n}?", "answer": f"{{{{ x + {n} }}}}", "values": {"x": "1000..9999"}
        }
        for n in range(count - 1)
    }  # fmt: skip
    (folder / "templates" / "twins.yaml").write_text(json.dumps({"items": rules}))
    vary_suite(task_from_suite(folder), "s", variants)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sums_with_variants(tmp_path / "sums")


def asked(folder: Path, part: str) -> dict[int, str]:
    """By the number of its item's line, the question that a part asks."""
    task = task_from_suite(folder.with_name(f"sums#{part}"))
    return {int(each.id.rpartition("/")[2]): each.request.prompt for each in task.prepare("question")}  # type: ignore[union-attr]


def test_the_digest_and_the_root_are_over_variants_too(folder: Path) -> None:
    suite = task_from_suite(folder)
    assert len(suite.variants.lines) == 39 * 3
    sealed = seal_suite(suite, None, None, "0.5", 1)
    assert sealed.variants == 117
    assert sealed.root == items_root(suite.rows.digests, suite.variants.digests) != items_root(suite.rows.digests)
    lines = (folder / VARIANTS).read_text().splitlines(keepends=True)
    (folder / VARIANTS).write_text("".join(lines[1:]))
    with pytest.raises(InputError, match="what it asks has changed since"):
        task_from_suite(folder)


def test_each_recipient_is_asked_what_the_seal_draws_for_it(folder: Path) -> None:
    suite = task_from_suite(folder)
    sealed = seal_suite(suite, None, None, "0.5", 2)
    draws = {each: draw_of(sealed, each) for each in (ONE, OTHER)}
    first, second = (asked(folder, f"all-for-{draw}") for draw in draws.values())
    assert first == asked(folder, f"all-for-{draws[ONE]}")
    assert first.keys() == second.keys() == set(range(1, 41))
    same = [line for line in first if first[line] == second[line]]
    assert 40 in same  # it has no variant
    assert 2 <= len(same) <= 25
    assert len(asked(folder, f"for-{draws[ONE]}")) == 20
    assert len(asked(folder, f"check-2-for-{draws[ONE]}")) == 10
    assert drawn_part(folder, ONE).name == f"sums#for-{draws[ONE]}"
    assert drawn_part(folder, "") == folder
    assert drawn_part(folder, "http://127.0.0.1:3/v1") == folder  # not among the sealed addresses
    for typed in ("for-" + "0" * 32, f"check-1-for-{draws[ONE]}"):
        with pytest.raises(InputError, match="follows from the seal: give the suite's folder"):
            drawn_part(folder.with_name(f"sums#{typed}"), ONE)
    with pytest.raises(InputError, match="no address that version 1 is sealed for has the draw 000"):
        asked(folder, "for-" + "0" * 32)


def test_the_addresses_are_sealed_and_no_other_is_drawn_for(folder: Path) -> None:
    (folder / "suite.yaml").write_text(
        "suite: sums\nendpoints: ['http://127.0.0.1:2', mine:x, 'HTTP://127.0.0.1:2/v1/']\n"
    )
    sealed = seal_suite(task_from_suite(folder), None, None, "0.5", 1)
    assert sealed.addresses == (OTHER, "mine:x")
    (folder / "suite.yaml").write_text(YAML)  # who may see it can change later
    again = task_from_suite(folder)
    assert again.seal == sealed
    assert drawn_part(folder, ONE) == folder
    assert drawn_part(folder, OTHER) != folder


def test_variants_that_no_endpoint_could_be_asked_are_not_sealed(folder: Path) -> None:
    (folder / "suite.yaml").write_text("suite: sums\n")
    with pytest.raises(InputError, match="names no endpoint that could be asked them"):
        seal_suite(task_from_suite(folder), None, None, "0.5", 1)
    assert not (folder / "seals").exists()


@pytest.mark.parametrize(
    "addresses",
    [[], [OTHER, ONE], [ONE, ONE], ["HTTP://127.0.0.1:1/v1"], [ONE + "/"], ["http://h:x/v1"], ["http://[/v1"]],
)
def test_a_seal_with_other_addresses_is_no_seal(folder: Path, addresses: list[str]) -> None:
    seal_suite(task_from_suite(folder), None, None, "0.5", 1)
    path = folder / "seals" / "1.dsse.json"
    envelope = json.loads(path.read_bytes())
    document = json.loads(base64.b64decode(envelope["payload"]))
    document["predicate"]["addresses"] = addresses
    if not addresses:
        del document["predicate"]["addresses"]
    path.write_bytes(canonical({**envelope, "payload": base64.b64encode(canonical(document)).decode()}))
    with pytest.raises(VerificationError) as failed:
        task_from_suite(folder)
    assert str(path) in str(failed.value)


def test_an_order_of_variants_has_each_once(folder: Path) -> None:
    sealed = seal_suite(task_from_suite(folder), None, None, "0.5", 1)
    draw = draw_of(sealed, ONE)
    parts = [asked(folder, f"for-{draw}"), *(asked(folder, f"variant-{number}-for-{draw}") for number in (1, 2, 3))]
    for line in parts[1]:
        assert len({part[line] for part in parts}) == 4
    with pytest.raises(InputError, match="no released item has 5 variants"):
        asked(folder, f"variant-4-for-{draw}")


def test_every_variant_is_drawn_equally_often(folder: Path) -> None:
    suite = task_from_suite(folder)
    sealed = seal_suite(suite, None, None, "0.5", 1)
    item = suite.rows.item(0)
    counts = Counter(suite.variants.ordered(item, draw_of(sealed, f"http://h/{n}"))[0].id for n in range(800))
    assert len(counts) == 4
    assert min(counts.values()) > 150  # of 200; six standard deviations are 73


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"of": "x"}, "the item 'x' is not in the suite: make the variants again"),
        ({"digest": "0"}, "the item 'i0' changed since this variant of it was made"),
        ({"item": {"id": "i1", "question": "q", "answer": "a"}}, "an item has the id 'i1' too"),
        ({"item": {"id": "a b", "question": "q", "answer": "a"}}, "no id"),
        ({"item": {"id": "v", "question": " ", "answer": "a"}}, "question is empty"),
        ({"item": {"id": "v", "question": "q"}}, "it needs an answer where its item has one"),
        ({"item": {"id": "v", "question": "q", "answer": "a", "choices": ["a", "b"]}}, "it needs 0 different choices"),
        ({"item": {"id": "v", "question": "q", "answer": "a", "context": "c"}}, "it needs a context"),
        ({"more": 1}, "is no variant of an item"),
    ],
)
def test_what_is_no_variant_is_one_line(folder: Path, change: dict[str, object], words: str) -> None:
    path = folder / VARIANTS
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(first) | change), *others]) + "\n")
    with pytest.raises(InputError) as failed:
        task_from_suite(folder)
    assert f"{VARIANTS}:1: " in str(failed.value)
    assert words in str(failed.value)
    assert "\n" not in str(failed.value)


def test_an_item_that_was_edited_needs_other_variants(folder: Path) -> None:
    samples = folder / "samples.jsonl"
    samples.write_text(samples.read_text().replace('"answer": "3"', '"answer": "4"'))
    with pytest.raises(InputError, match="changed since this variant of it was made"):
        task_from_suite(folder)
    assert task_from_suite(folder, to_ask=False).variants.lines  # it can be looked at, and varied again


def test_without_a_seal_or_variants_all_are_asked_alike(folder: Path, tmp_path: Path) -> None:
    assert drawn_part(folder, ONE) == folder
    with pytest.raises(InputError, match="is not sealed, so it has no part"):
        asked(folder, "for-" + "0" * 32)
    plain = suite_at(tmp_path / "plain")
    assert read_variants(plain).lines == ()
    assert drawn_part(plain, ONE) == plain
