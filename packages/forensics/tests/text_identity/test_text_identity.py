"""Two runs' texts: who is told apart, who is not, though it does odd things, and who cannot be tested."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import msgspec
import pytest

from steelyard.errors import ExitCode
from steelyard.records import VerdictWord
from steelyard_forensics.sealed.rows import Reading
from steelyard_forensics.stats.told_apart import MARGIN, TOLERANCE
from steelyard_forensics.text_identity.identity import (
    ALPHA,
    HeldRun,
    TextIdentity,
    decided_again,
    reading_roots,
)
from steelyard_forensics.text_identity.text_pairs import ORDERS, ReadPair, Texts, order_of, place, read_pairs
from testkit.writing_server import WORDS

PROMPTS = 300
TRIALS = 5


def held(name: str, root: str, whole: int = PROMPTS, alike: int = 0) -> HeldRun:
    return HeldRun(
        run=name, model="m", uri="openai:m@http://a/v1", created="2026-11-27T12:00:00+00:00", answers_root=root * 32,
        whole=whole, alike=alike,
    )  # fmt: skip


def identity(pairs: Sequence[ReadPair] = (), repeats: int = 2, **fields: object) -> TextIdentity:
    found = TextIdentity(
        task="beginnings", prompts=len(pairs) or PROMPTS, repeats=repeats, temperature=0.7, pairs=tuple(pairs),
        runs=(held("one", "01"), held("two", "ab")), reading=Reading(secret="5eed"),
        alpha=ALPHA, tolerance=float(TOLERANCE), margin=float(MARGIN),
    )  # fmt: skip
    return decided_again(msgspec.structs.replace(found, **fields))


def pairs_of(said: Sequence[str], secret: str = "5eed") -> tuple[ReadPair, ...]:
    """Pairs of which this became in each of the orders that the secret of :func:`identity` gives."""
    samples = sorted((f"p/{at}" for at in range(len(said))), key=lambda sample: place(secret, sample))
    letters: list[list[str]] = [[""] * ORDERS for _ in said]
    for number in range(ORDERS):
        for at, each in zip(order_of(secret, number, samples), said, strict=True):
            letters[at][number] = each[0]
    return tuple(ReadPair(sample=sample, said="".join(each)) for sample, each in zip(samples, letters, strict=True))


def answers(number: object, likes: str = "", prompts: int = PROMPTS) -> dict[str, Texts]:
    """Six words on each prompt."""
    drawn, weights = random.Random(f"{number} {likes}"), [3 if each == likes else 1 for each in WORDS]
    return {
        f"p/{at}": Texts(f"i{at}", f"r{at}", (" ".join(drawn.choices(WORDS, weights, k=6)),)) for at in range(prompts)
    }


def changed(
    found: Mapping[str, Texts], change: Callable[[random.Random, str], str], number: object
) -> dict[str, Texts]:
    drawn = random.Random(f"changed {number}")
    return {
        name: each._replace(texts=tuple(change(drawn, text) for text in each.texts or ()))
        for name, each in found.items()
    }


def repeating(found: Mapping[str, Texts], number: object, share: float = 0.2) -> dict[str, Texts]:
    """As by a server that gives a share of its own earlier answers again, to other prompts."""
    drawn, out = random.Random(f"repeating {number}"), dict[str, Texts]()
    given: list[tuple[str, ...] | None] = []
    for name, each in found.items():
        texts = drawn.choice(given) if given and drawn.random() < share else each.texts
        given.append(texts)
        out[name] = each._replace(texts=texts)
    return out


def read(first: Mapping[str, Texts], second: Mapping[str, Texts], secret: str = "5eed") -> TextIdentity:
    return identity(read_pairs(first, second, secret), reading=Reading(secret=secret))


HONEST: dict[str, Callable[[dict[str, Texts], int], Mapping[str, Texts]]] = {
    "nothing": lambda found, number: found,
    "white space at the ends": lambda found, number: changed(found, lambda _, text: f"\n {text} \n", number),
    "half of each text": lambda found, number: changed(found, lambda _, text: text[: len(text) // 2], number),
    "a shorter limit": lambda found, number: changed(found, lambda _, text: text[:20], number),
    "empty texts, one in five": lambda found, number: changed(
        found, lambda drawn, text: "" if drawn.random() < 0.2 else text, number
    ),
    "a further line": lambda found, number: changed(found, lambda _, text: f"{text}\nmore of it", number),
    "a fifth of its own answers again": repeating,
    "one in ten missing": lambda found, number: {
        name: each if at % 10 else each._replace(texts=None) for at, (name, each) in enumerate(found.items())
    },
    "no answer where it has amber twice": lambda found, number: {
        name: each if (each.texts or ("",))[0].count("amber") < 2 else each._replace(texts=None)
        for name, each in found.items()
    },
}


@pytest.mark.parametrize("trials", [2, pytest.param(TRIALS, marks=pytest.mark.slow)])
@pytest.mark.parametrize("what", HONEST)
def test_an_honest_server_is_not_accused(what: str, trials: int) -> None:
    accused = 0
    for number in range(trials):
        first, second = answers(2 * number), HONEST[what](answers(2 * number + 1), number)
        accused += read(first, second, str(number)).word is VerdictWord.INCONSISTENT
    assert accused <= 1


def test_a_server_that_repeats_its_own_answers_is_not_accused_beside_another_such() -> None:
    found = [
        read(repeating(answers(2 * number), number), repeating(answers(2 * number + 1), f"b{number}"), str(number))
        for number in range(TRIALS)
    ]
    assert sum(each.word is VerdictWord.INCONSISTENT for each in found) <= 1
    assert all(each.count("again") > 60 for each in found)


def test_a_server_that_likes_a_word_is_told_apart_whoever_is_named_first() -> None:
    first, second = answers(1), answers(2, "kelp")
    found, turned = read(first, second), read(second, first)
    assert (found.word, found.exit) == (VerdictWord.INCONSISTENT, ExitCode.INCONSISTENT)
    assert found.pairs == turned.pairs
    assert (found.p or 1) <= ALPHA
    assert (found.share or 0) > 0.6
    assert (found.decided or 999) < PROMPTS
    assert reading_roots(held("a", "01"), held("b", "ab")) == reading_roots(held("b", "ab"), held("a", "01"))


def test_texts_of_one_kind_are_consistent_after_many_prompts_and_undecided_after_few() -> None:
    few = read(answers(1, prompts=60), answers(2, prompts=60))
    assert (few.word, few.exit) == (VerdictWord.INSUFFICIENT_POWER, ExitCode.UNDECIDED)
    assert few.needed is not None
    many = identity(pairs_of(["right", "wrong"] * 750))
    assert (many.word, many.exit) == (VerdictWord.CONSISTENT, ExitCode.CONSISTENT)


def test_texts_that_come_again_and_again_are_not_likeness() -> None:
    refused = ["right", "wrong", "again"] * 500
    found = identity(pairs_of(refused))
    assert (found.word, found.guesses) == (VerdictWord.INSUFFICIENT_POWER, 1_000)
    assert found.p == identity(pairs_of(["right", "wrong"] * 500)).p


def test_an_endpoint_that_refuses_a_third_of_the_prompts_is_not_consistent() -> None:
    refused = changed(
        answers(2, prompts=1_200), lambda drawn, text: "I cannot help." if drawn.random() < 1 / 3 else text, 1
    )
    whole = read(answers(1, prompts=1_200), answers(3, prompts=1_200))
    found = read(answers(1, prompts=1_200), refused)
    assert found.count("again") > 350
    assert found.word is VerdictWord.INSUFFICIENT_POWER
    assert whole.word is VerdictWord.CONSISTENT


def test_what_is_told_apart_late_is_not_consistent() -> None:
    late = ["right", "wrong"] * 300 + ["right", "right", "wrong"] * 40
    assert identity(pairs_of(late[:600])).word is VerdictWord.CONSISTENT
    assert identity(pairs_of(late)).word is VerdictWord.INSUFFICIENT_POWER


def test_prompts_that_were_planned_and_not_asked_count_as_missing_ones() -> None:
    found = identity(pairs_of(["right"] * 60))
    fewer = identity(pairs_of(["right"] * 60), prompts=200)
    missing = identity(pairs_of(["right"] * 60 + ["missing"] * 140))
    assert found.word is VerdictWord.INCONSISTENT
    assert (fewer.word, fewer.absent, fewer.p) == (VerdictWord.INSUFFICIENT_POWER, 140, missing.p)


def test_pairs_in_another_order_than_the_secrets_are_refused() -> None:
    found = identity(pairs_of(["right", "wrong"] * 50))
    turned = tuple(sorted(found.pairs, key=lambda pair: pair.said[0]))
    with pytest.raises(ValueError, match="the order that its secret gives"):
        decided_again(msgspec.structs.replace(found, pairs=turned))


def test_answers_of_a_cache_and_a_prompt_that_comes_twice_say_nothing() -> None:
    first = answers(1)
    same = read(first, first)
    assert same.count("same") > 290
    assert same.word is VerdictWord.INSUFFICIENT_POWER
    twice = {name: each._replace(request="r") for name, each in answers(2).items()}
    assert read(twice, answers(3)).count("again") == PROMPTS - 1


def test_texts_that_may_hang_together_cannot_be_tested() -> None:
    once = identity(repeats=1)
    assert "--repeats 2" in once.reason
    seeded = identity(runs=(held("one", "01"), held("two", "ab", alike=PROMPTS // 3)))
    few = identity(runs=(held("one", "01"), held("two", "ab", alike=PROMPTS // 20)))
    assert few.word is VerdictWord.INSUFFICIENT_POWER
    none = identity(runs=(held("one", "01"), held("two", "ab", whole=0)))
    for each in (once, seeded, none):
        assert (each.word, each.exit, each.p) == (VerdictWord.NOT_TESTABLE, ExitCode.UNDECIDED, None)
    assert "100 have one text for all answers, more than 5 %" in seeded.reason
    assert "no prompt has all its answers" in none.reason


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pairs": pairs_of("r") * 2}, "twice"),
        ({"prompts": 0, "pairs": pairs_of("r")}, "more was read"),
        ({"pairs": (ReadPair(sample="a", said="r"),)}, "not said for each order"),
        ({"pairs": (ReadPair(sample="a", said="x" * ORDERS),)}, "not said for each order"),
        ({"runs": (held("one", "01", alike=PROMPTS + 1), held("two", "ab"))}, "more was read"),
        ({"repeats": 1, "pairs": pairs_of("r")}, "nothing can be tested"),
    ],
)
def test_what_no_reading_gives_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        identity(**fields)  # type: ignore[arg-type]
