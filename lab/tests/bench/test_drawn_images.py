"""Twins of the image benchmarks are like the public images in ten features; images of other options are found."""

from __future__ import annotations

import numpy as np
import pytest

from bench.drawn_images import FEATURES, TASKS, blind_share, features_of, p_of_exchange, rows_of
from steelyard.tasks.generators import chart_reading


@pytest.mark.parametrize("task", TASKS)
def test_public_and_fresh_images_can_be_exchanged(task: str) -> None:
    public, fresh = (np.array([features_of(row) for row in rows_of(task, seed, 25)]) for seed in ("public-1", "fresh"))
    assert public.shape == (25, len(FEATURES))
    assert p_of_exchange(public, fresh, 500) > 0.02  # what these two seeds give is fixed


def test_images_of_other_options_are_found() -> None:
    harder = chart_reading.generate("fresh", 25, steps=5, min_points=7, max_points=8, kinds=("bar", "line"))
    public = np.array([features_of(row) for row in rows_of("chart_reading", "public-1", 25)])
    assert p_of_exchange(public, np.array([features_of(row) for row in harder]), 500) < 0.01


def test_p_is_valid_where_nothing_differs() -> None:
    random = np.random.default_rng(7)
    found = [p_of_exchange(random.normal(size=(20, 10)), random.normal(size=(20, 10)), 99, seed) for seed in range(200)]
    assert sum(p <= 0.1 for p in found) <= 32  # at a level of a tenth, 20 of 200 are expected
    assert min(found) >= 0.01


def test_who_guesses_says_the_most_frequent_answer_to_each_kind_of_question() -> None:
    rows = [
        {"question": "How many cities are above 10?", "answer": "2"},
        {"question": "How many cities are above 20?", "answer": "2"},
        {"question": "How many cities are above 30?", "answer": "3"},
        {"question": "Which of Oslo and Rome?", "answer": "Oslo"},
    ]
    assert blind_share(rows) == 3
