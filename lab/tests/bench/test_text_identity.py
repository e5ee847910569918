"""Recorded texts: who is told apart, and who is not; what the tables do to the pairs."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from bench.text_identity import PAIRS, banks_of, changed, guesses_on, main, swapped
from bench.text_identity_peer import Peer


def test_a_requantisation_is_told_apart_and_the_file_itself_is_not() -> None:
    (far, *_), (near, *_) = banks_of("own", "Q2_K"), banks_of("own", "again")
    assert len(far) == len(near) == PAIRS
    assert guesses_on(far, 1).p <= 0.01
    assert guesses_on(swapped(near, 1), 1).p > 0.05


def test_sides_are_exchanged_by_coins_and_habits_change_the_second_one() -> None:
    (bank, *_) = banks_of("own", "again")
    other = swapped(bank, 1)
    assert all({*one} == {*two} for one, two in zip(bank, other, strict=True))
    assert 0.4 < np.mean([one != two for one, two in zip(bank, other, strict=True)]) < 0.6
    assert changed(bank, "nothing", 1) == bank
    assert all(pair is not None and len(pair[1]) <= 20 for pair in changed(bank, "texts end after 20 characters", 1))
    missing = sum(pair is None for pair in changed(bank, "one in ten is missing", 1))
    assert 10 < missing < 60
    again = [pair[1] for pair in changed(bank, "both give a fifth of their answers again", 1) if pair]
    assert 0.6 < len(set(again)) / len(again) < 0.95


def test_the_peer_is_named_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "model_equality_testing", None)
    done = CliRunner().invoke(main, ["--peer"])
    assert done.exit_code == 2
    assert "pip install model-equality-testing" in done.output


def test_the_peers_statistic_is_held_against_ours() -> None:
    class Sample:
        def __init__(self, prompts: np.ndarray, texts: np.ndarray, of: int) -> None:
            self.prompts, self.texts = prompts, texts

    def tokens(texts: list[str]) -> np.ndarray:
        most = max(map(len, texts))
        return np.array([[ord(c) for c in each.ljust(most, "\x00")] for each in texts])

    def hamming(one: Sample, other: Sample) -> float:
        """Its estimate, pair by pair."""
        parts = []
        for first, second, same in ((one, one, True), (one, other, False), (other, other, True)):
            if len({*one.prompts.tolist()}) > 1:
                return float("nan")
            kernel = [
                (x == y).mean()
                for at, x in enumerate(first.texts)
                for to, y in enumerate(second.texts)
                if not (same and at == to)
            ]
            parts.append(sum(kernel) / len(kernel))
        return float(parts[0] - 2 * parts[1] + parts[2])

    pairs = [(f"aaab{at % 5}", f"bbba{at % 7}") for at in range(40)]
    peer = Peer(Sample, hamming, tokens)
    assert peer.p(pairs, 1) == pytest.approx(1 / 200)
    assert peer.p([(one, one) for one, _ in pairs], 1) > 0.05
    assert "is nan" in peer.note()
    wrong = Peer(Sample, lambda one, other: 7.0, tokens)
    with pytest.raises(AssertionError, match="another statistic"):
        wrong.p(pairs, 1)
