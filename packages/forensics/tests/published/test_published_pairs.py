"""Pairs of a log's outputs and served answers: what is read of them, and what is left out."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from packages.forensics.tests.published.published_texts_fixtures import texts_like, write_run
from steelyard.storage.run_folder import RunFolder
from steelyard_forensics.published.pairs import LEAST, SAID, OutputPair, Texts, counts, read_pairs, scores, texts_of

LONG = "the river behind the castle carries letters to the morning market"


def pairs_of(both: list[tuple[str | None, str | None]]) -> tuple[OutputPair, ...]:
    """What becomes of these pairs, in this order."""
    theirs = {f"{at}": Texts(f"s{at}", (0, 0), one) for at, (one, _) in enumerate(both)}
    served = {f"{at}": Texts(f"t{at}", (0, at), other) for at, (_, other) in enumerate(both)}
    return read_pairs(theirs, served)


def said(one: str | None, other: str | None) -> str:
    """What becomes of one pair."""
    return SAID[pairs_of([(one, other)])[0].said]


def test_what_is_the_same_as_far_as_both_go_says_nothing() -> None:
    assert said(LONG, LONG) == "same"
    assert said(LONG, f"\n  {LONG} and so on, until the evening\n\n") == "same"
    assert pairs_of([(LONG, LONG[:40])]) == (OutputPair(sample="s0", said="s", alike=1.0),)


def test_what_is_left_out() -> None:
    assert said("B", "C") == "short"
    assert said(LONG, LONG[: LEAST - 1]) == "short"
    assert said(None, LONG) == said(LONG, None) == "missing"
    assert said(LONG, LONG.upper()) == "rewritten"
    assert said(LONG, f"Answer: {LONG}") == "rewritten"
    assert said(f"**{LONG[:30]}** {LONG[30:]}", LONG) == "rewritten"
    again = pairs_of([(LONG, "another text, which is long enough"), ("a third text that is long enough", LONG)])
    assert again[1].said == "a"


def test_how_much_of_the_beginnings_is_alike() -> None:
    (pair,) = pairs_of([("x" * 50 + "a" * 150, "x" * 50 + "b" * 150)])
    assert (SAID[pair.said], pair.alike) == ("even", 0.5)


def test_what_one_model_likes_to_write_is_learned() -> None:
    both = [*zip(texts_like("a", 60, also="Certainly"), texts_like("b", 60), strict=True)]
    found = pairs_of([(one, other) for one, other in both])
    assert counts(found[20:], "right") > 35


@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), max_size=12))
def test_sides_that_are_exchanged_throughout_are_told_as_well(both: list[tuple[str, str]]) -> None:
    """So a guess knows nothing of which side is the log's."""
    found = pairs_of([(one, other) for one, other in both])
    assert found == pairs_of([(other, one) for one, other in both])
    assert all((each.alike is not None) == (each.said in "rwes") for each in found)
    assert all(0 <= score <= 1 for score in scores(found))


def test_the_lines_of_a_file_choose_no_order() -> None:
    texts = {f"p{at}": Texts(f"s{at}", (0, at), f"the river and the stone number {at} of all") for at in range(30)}
    turned = {each: text._replace(place=(0, 30 - text.place[1])) for each, text in texts.items()}
    asked = [each.sample for each in read_pairs(texts, texts)]
    assert asked == [f"s{at}" for at in range(30)]
    assert [each.sample for each in read_pairs(texts, turned)] == asked[::-1]
    drawn = read_pairs(texts, texts, drawn_by="roots")
    assert drawn == read_pairs(texts, turned, drawn_by="roots")
    assert [each.sample for each in drawn] not in (asked, asked[::-1])
    assert drawn != read_pairs(texts, texts, drawn_by="other roots")


def test_texts_are_found_by_what_was_asked_and_stand_in_the_order_of_asking(tmp_path: Path) -> None:
    run = RunFolder.open(write_run(tmp_path / "run", {"a": ["one", None, "three"], "b": ["four"]}))
    names = [each.id for each in run.plan.measurements]
    found = texts_of(run, names)
    assert {each.sample: each.text for each in found[names[0]].values()} == {"a/0": "one", "a/1": None, "a/2": "three"}
    assert sorted(each.place for each in found[names[0]].values()) == [(0, 0), (0, 1), (0, 2)]
    assert [each.place for each in found[names[1]].values()] == [(1, 0)]
    other = RunFolder.open(write_run(tmp_path / "other", {"a": ["x", "y", "z"]}, system="You are Orion."))
    assert (
        not texts_of(other, [other.plan.measurements[0].id])[other.plan.measurements[0].id].keys()
        & found[names[0]].keys()
    )
