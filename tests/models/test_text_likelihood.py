"""Log ratios of texts: exact in a small world whose texts can all be enumerated, and on the embedded file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from steelyard.models.llama import Llama
from steelyard.models.text_likelihood import ALTERNATIVES, TextLikelihoods

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Toy:
    """A model of letters, and of some pairs of letters, whose logits depend on the last two tokens; 0 ends a text."""

    def __init__(self, seed: int, pairs: Sequence[str] = ()) -> None:
        self.pieces: list[str] = ["", *LETTERS, *pairs]
        self.vocabulary_size = len(self.pieces)
        self._seed = seed
        self._tokens: list[int] = []

    def opening(self) -> list[int]:
        return []

    def tokenise(self, text: str) -> list[int]:
        tokens = []
        while text:
            piece = max((each for each in self.pieces if each and text.startswith(each)), key=len, default="")
            if not piece:
                return []
            tokens.append(self.pieces.index(piece))
            text = text[len(piece) :]
        return tokens

    def piece(self, token: int) -> bytes:
        return self.pieces[token].encode()

    def is_end(self, token: int) -> bool:
        return token == 0

    def is_control(self, token: int) -> bool:
        return token == 0

    def clear(self) -> None:
        self._tokens = []

    def rewind(self, position: int) -> None:
        self._tokens = self._tokens[:position]

    def decode(self, tokens: Sequence[int], position: int, *, every: bool = False) -> Any:
        assert position == len(self._tokens)
        rows = []
        for token in tokens:
            self._tokens.append(int(token))
            rows.append(self.logits(self._tokens))
        return np.stack(rows if every else rows[-1:])

    def logits(self, tokens: Sequence[int]) -> Any:
        random = np.random.default_rng([self._seed, *tokens[-2:]])
        return random.normal(0, 1.5, self.vocabulary_size).astype(np.float32)


def likelihoods(reference: Toy, **others: Toy) -> TextLikelihoods:
    return TextLikelihoods(reference, others)  # type: ignore[arg-type]


def softmax(row: Any) -> Any:
    weights = np.exp(row.astype(float) - float(row.max()))
    return weights / weights.sum()


def whole(row: Any, seen: Sequence[int]) -> Any:
    return softmax(row)


def top_20(row: Any, seen: Sequence[int]) -> Any:
    kept = np.full(len(row), -np.inf)
    best = np.argsort(row)[-20:]
    kept[best] = row[best]
    return softmax(kept)


def penalised_top_22(row: Any, seen: Sequence[int]) -> Any:
    """What was there before is less likely, and the tail is cut."""
    row = row.copy()
    row[list(seen)] -= 1.0
    kept = np.full(len(row), -np.inf)
    best = np.argsort(row)[-22:]
    kept[best] = row[best]
    return softmax(kept)


def all_texts(model: Toy, prompt: str, tokens: int, served: Callable[[Any, Sequence[int]], Any]) -> Iterator[Any]:
    """(text, ended, chance) of every text that a server draws."""

    def further(path: tuple[int, ...], chance: float) -> Iterator[Any]:
        if len(path) == tokens:
            yield "".join(model.pieces[token] for token in path), False, chance
            return
        context = [*model.tokenise(prompt), *path]
        for token, p in enumerate(served(model.logits(context), context)):
            if token == 0 and p:
                yield "".join(model.pieces[each] for each in path), True, chance * p
            elif p:
                yield from further((*path, token), chance * p)

    yield from further((), 1.0)


def llama_cpp(row: Any, seen: Sequence[int]) -> Any:
    """The usual cuts of a llama.cpp server: what was there before is less likely, and what is unlikely is cut."""
    row = row.copy()
    row[list(seen)] -= 0.4
    kept = np.where(row >= row.max() + math.log(0.05), row, -np.inf)
    best = np.argsort(kept)[-22:]
    cut = np.full(len(row), -np.inf)
    cut[best] = kept[best]
    return softmax(cut)


@pytest.mark.parametrize("served", [whole, top_20, penalised_top_22, llama_cpp])
def test_the_core_has_expectation_one_under_the_reference_whatever_a_server_cuts(served: Any) -> None:
    reference = Toy(1)
    read = likelihoods(reference, Q2_K=Toy(2))
    means = dict.fromkeys(("Q2_K", "T0.7", "T1.8"), 0.0)
    total = 0.0
    for text, ended, chance in all_texts(reference, "q", 2, served):
        found = read.reading("q", text, 2, ended=ended)
        assert found is not None
        total += chance
        for name in means:
            means[name] += chance * math.exp(found.ratios[name].core)
    assert total == pytest.approx(1)
    assert means == pytest.approx(dict.fromkeys(means, 1.0))


def test_the_whole_ratio_is_that_of_the_texts_chances_and_has_expectation_one() -> None:
    reference, other = Toy(1), Toy(2)
    read = likelihoods(reference, Q2_K=other)
    by_other = {(text, ended): chance for text, ended, chance in all_texts(other, "q", 2, whole)}
    mean = 0.0
    for text, ended, chance in all_texts(reference, "q", 2, whole):
        found = read.reading("q", text, 2, ended=ended)
        assert found is not None
        assert found.ratios["Q2_K"].whole == pytest.approx(math.log(by_other[text, ended] / chance), abs=1e-6)
        mean += chance * math.exp(found.ratios["Q2_K"].whole)
    assert mean == pytest.approx(1)


def test_the_surplus_of_surprise_has_mean_zero_and_z_variance_one_under_the_reference() -> None:
    reference = Toy(1)
    read = likelihoods(reference, Q2_K=Toy(2))
    surplus, products, squares = 0.0, 0.0, 0.0
    for text, ended, chance in all_texts(reference, "q", 1, whole):
        found = read.reading("q", text, 1, ended=ended)
        assert found is not None
        surplus += chance * found.surplus
        products += chance * found.z
        squares += chance * found.z**2
    assert (surplus, products) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert squares == pytest.approx(1.0, abs=1e-6)


def test_the_surplus_of_longer_texts_has_mean_zero_too_and_unlikely_texts_have_more() -> None:
    reference = Toy(1)
    read, mean = likelihoods(reference, Q2_K=Toy(2)), 0.0
    found = []
    for text, ended, chance in all_texts(reference, "q", 2, whole):
        each = read.reading("q", text, 2, ended=ended)
        assert each is not None
        mean += chance * each.surplus
        found.append((chance, each.surplus))
    assert mean == pytest.approx(0.0, abs=1e-6)
    assert min(found)[1] > 0 > max(found)[1]


def test_a_text_of_unusual_tokens_is_read_as_the_likeliest_of_that_number() -> None:
    model = Toy(3, pairs=("ab", "cd"))
    read = likelihoods(model, Q2_K=Toy(4, pairs=("ab", "cd")))
    assert model.tokenise("abcd") == [27, 28]
    assert read.reading("q", "abcd", 2, ended=False) is not None
    found = read.reading("q", "abcd", 3, ended=False)
    assert found is not None
    start = model.tokenise("q")
    ways = [[1, 2, 28], [27, 3, 4]]

    def chance(toy: Toy, way: Sequence[int]) -> float:
        return sum(math.log(softmax(toy.logits([*start, *way[:n]]))[way[n]]) for n in range(3))

    best = max(ways, key=lambda way: chance(model, way))
    expected = chance(Toy(4, pairs=("ab", "cd")), best) - chance(model, best)
    assert found.ratios["Q2_K"].whole == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "tokens", "ended"), [("a", 3, False), ("ab", 2, True), ("ä", 1, False), ("", 2, False), ("ä", 2, True)]
)
def test_a_text_that_cannot_be_so_many_tokens_is_unreadable(text: str, tokens: int, ended: bool) -> None:
    assert likelihoods(Toy(1), Q2_K=Toy(2)).reading("q", text, tokens, ended=ended) is None


def test_the_embedded_file_against_itself(smollm2: Path) -> None:
    """No difference to itself, and a likely text is less likely at a high temperature."""
    llama = Llama(smollm2, threads=1, context_limit=512)
    read = TextLikelihoods(llama, {"same": llama})
    prompts = ["On Monday the baker found a lemon near the mill, and", "Dear cousin, I am writing from the harbour"]
    for prompt, text in itertools.product(prompts, (" the sea was calm", " I am well")):
        count = len(llama.tokenise(text))
        found = read.reading(prompt, text, count, ended=False)
        assert found is not None
        assert found.ratios["same"] == (0.0, 0.0)
        assert found.ratios["T1.8"].whole < 0
        assert read.reading(prompt, text, count + 2, ended=True) is not None
    llama.close()


def test_the_alternatives_are_these() -> None:
    assert ALTERNATIVES == ("Q2_K", "Q3_K_M", "Q8_0", "T0.7", "T1.3", "T1.8")
