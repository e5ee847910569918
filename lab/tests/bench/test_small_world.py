"""The small world: its numbers, its items, and one family of tiny models through all of its tables."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bench.small_world import tables
from bench.small_world.parameters import OWN, SmallWorld, load
from bench.small_world.sums import BEGIN, ItemSource, answer_places, documents, item_text, tokens_of
from steelyard.errors import InputError

pytest.importorskip("torch")


def tiny() -> SmallWorld:
    world = load()
    replace = msgspec.structs.replace
    return replace(
        world,
        items=replace(world.items, digits=4, public=60, fresh=80, per_document=5),
        network=replace(world.network, widths=(16,)),
        training=replace(world.training, batch=4, most_steps=4, look_every=2, looked_at=20),
        tuning=replace(world.tuning, repeats=(1, 2)),
        further_files=1,
        more_files=3,
    )


def test_an_item_is_its_digits_and_their_sum() -> None:
    assert item_text(402917, 6) == "402917=23;"
    assert item_text(7, 6) == "000007=07;"
    assert [item_text(402917, 6)[place] for place in answer_places(6)] == ["2", "3"]


def test_documents_hold_items_that_follow_one_another() -> None:
    texts = [item_text(number, 4) for number in range(11)]
    rows = documents(texts, 5)
    assert rows.shape == (2, 1 + 5 * 8)
    assert list(rows[1]) == [BEGIN, *tokens_of("".join(texts[5:10]))]


def test_items_are_drawn_by_mix_and_test_files_are_distinct_and_in_random_order() -> None:
    source = ItemSource(load().items, 1.0, np.random.default_rng(1))
    assert all(int(digit) < 5 for text in source.draw(50) for digit in text[:6])
    file = source.distinct(300)
    assert len(set(file)) == 300
    assert 100 < sum(one < other for one, other in pairwise(file)) < 200


def test_a_family_goes_through_all_tables(tmp_path: Path) -> None:
    from bench.small_world.vendors import family_of, read_families

    world = tiny()
    families = [family_of(world, number) for number in range(2)]
    assert family_of(world, 0) == families[0]
    assert [(each.order, each.repeats) for each in families[0].measured] == [
        ("", 0), ("file", 1), ("file", 2), ("shuffled", 1), ("shuffled", 2), ("skill", 2),
    ]  # fmt: skip
    assert {each.known for each in families[0].measured if each.order in ("file", "shuffled")} == {1.0}
    (tmp_path / "r").write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in families))
    assert read_families(tmp_path / "r", world) == dict(enumerate(families))
    assert read_families(tmp_path / "r", load()) == {}
    text = tables.markdown(families, (), "2026-11-27", reduced=True)
    assert text.count("\n| ") == (1 + 6) + 2 * (1 + 6)
    assert "| further files | order | 2 |" in text
    assert "hang together" not in text


def test_more_files_are_held_against_the_same_models(tmp_path: Path) -> None:
    from bench.small_world.make import make
    from bench.small_world.size import more_files_of, read_more_files
    from bench.small_world.vendors import family_of

    world = tiny()
    assert world.digest == msgspec.structs.replace(world, more_files=0).digest
    make(more_files_of, world, [0, 1], tmp_path / "m", 1)
    more = read_more_files(tmp_path / "m", world)
    assert read_more_files(tmp_path / "m", load()) == {}
    assert more[0] == more_files_of(world, 0)
    families = [family_of(world, number) for number in range(2)]
    assert [more[number].steps for number in range(2)] == [family.measured[0].steps for family in families]
    assert len(set(more[0].sums)) > 1
    assert all(0 <= each.mean_rank <= 1 and 0 < each.p <= 1 for each in more[0].found)
    text = tables.markdown(families, list(more.values()), "2026-11-27", reduced=True)
    assert "| further files | order | 8 |" in text
    assert "4 further files of each. 95 % intervals" in text, "too few for a word on whether they hang together"


def test_files_that_hang_together_by_their_model_are_seen() -> None:
    from bench.small_world.measure import InOrder
    from bench.small_world.size import homogeneity
    from steelyard_forensics.stats.rank_sum import rank_sum_p

    def files(lean: float, number: int) -> list[InOrder]:
        ranks = np.random.default_rng(number).integers(0, 21, (300, 50))
        sums = [min(1000, int(total + lean)) for total in ranks.sum(axis=1)]
        return [InOrder(total / 1000, rank_sum_p(total, 20, 50), 1.0) for total in sums]

    alike = homogeneity([files(0, number) for number in range(24)])
    apart = homogeneity([files(40 * (number % 2), number) for number in range(24)])
    assert min(alike) > 0.001
    assert max(apart) < 1e-6
    assert homogeneity([[InOrder(0.4, 1.0, 1.0), InOrder(0.5, 1.0, 1.0)]] * 2).accused == 1.0


@pytest.mark.parametrize(
    ("old", "new"),
    [("per_document: 8", "per_document: 4"), ("digits: 6", "digits: 4"), ("widths: [48", "widths: [47"),
     ("targets: [0.45", "targets: [0.9"), ("steelyard-small-world/1", "x/1"), ("rate: 0.003", "rat: 0.003")],
)  # fmt: skip
def test_numbers_that_make_no_world_are_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "w.yaml"
    assert old in OWN.read_text()
    path.write_text(OWN.read_text().replace(old, new))
    with pytest.raises(InputError, match=r"w\.yaml"):
        load(path)
