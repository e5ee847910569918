"""Pairs of texts in several orders of one secret: each is read in each, and what comes again says nothing."""

from __future__ import annotations

import random

from steelyard_forensics.text_identity.text_pairs import (
    ORDERS,
    PAIRS,
    SAID,
    ReadPair,
    Texts,
    guesses_of,
    order_of,
    place,
    read_pairs,
)
from testkit.writing_server import WORDS


def answers(number: int, likes: str = "", prompts: int = 60) -> dict[str, Texts]:
    drawn, weights = random.Random(number), [4 if each == likes else 1 for each in WORDS]
    return {
        f"p/{at}": Texts(f"i{at}", f"r{at}", (" ".join(drawn.choices(WORDS, weights, k=6)),)) for at in range(prompts)
    }


def test_each_pair_is_read_in_each_order_and_all_stand_as_the_secret_sorts_them() -> None:
    told: list[tuple[int, int]] = []
    found = read_pairs(answers(1), answers(2, "kelp"), "5eed", lambda *each: told.append(each))
    samples = [each.sample for each in found]
    assert samples == sorted(samples, key=lambda sample: place("5eed", sample))
    assert {len(each.said) for each in found} == {ORDERS}
    assert {letter for each in found for letter in each.said} <= SAID.keys()
    assert len({tuple(order_of("5eed", number, samples)) for number in range(ORDERS)}) == ORDERS
    assert (len(told), told[-1]) == (ORDERS, (60, 60))
    assert found == read_pairs(answers(2, "kelp"), answers(1), "5eed")


def test_what_comes_again_is_skipped_wherever_it_is_not_the_first() -> None:
    first, second = answers(1), answers(2)
    for name in ("p/3", "p/4", "p/5"):
        second[name] = second[name]._replace(texts=("I cannot help.",))
    found = {each.sample: each.said for each in read_pairs(first, second, "5eed")}
    assert all([found[name][at] for name in ("p/3", "p/4", "p/5")].count("a") == 2 for at in range(ORDERS))
    missing = {**second, "p/9": second["p/9"]._replace(texts=None)}
    alike = {**first, "p/8": second["p/8"]}
    said = {each.sample: each.said for each in read_pairs(alike, missing, "5eed")}
    assert (said["p/9"], said["p/8"]) == ("m" * ORDERS, "s" * ORDERS)


def test_the_guesses_are_those_of_each_order() -> None:
    pairs = read_pairs(answers(1), answers(2, "kelp"), "5eed")
    found = guesses_of(pairs, "5eed", absent=3)
    assert len(found.orders) == ORDERS
    for number, each in enumerate(found.orders):
        assert sum(each.guesses) == sum(pair.said[number] == "r" for pair in pairs)
        assert (each.missing, len(each.path)) == (3, 63)
    assert guesses_of((), "5eed").p == 1.0


def test_the_order_in_which_pairs_are_listed_does_not_matter() -> None:
    pairs = read_pairs(answers(1), answers(2, "kelp"), "5eed")
    turned: list[ReadPair] = sorted(pairs, key=lambda pair: pair.said)
    one, other = guesses_of(pairs, "5eed"), guesses_of(turned, "5eed")
    assert [each.path for each in one.orders] == [each.path for each in other.orders]


def test_no_more_than_the_most_are_read() -> None:
    texts = {f"p/{at}": Texts("i", "r", None) for at in range(PAIRS + 5)}
    assert len(read_pairs(texts, texts, "5eed")) == PAIRS
