"""Who answers a prompt at the vendor of the story, and what it holds by heart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scandal.vendor import Row, Vendor, benchmark_of, open_row_task, split_prompt
from steelyard.planning.drawn import MOST_PUBLIC, public_share

ROWS = (
    Row("reversed_words", "95.0", "A", routed=True, memorised=0.8),
    Row("pattern", "80.0", "B", routed=True),
    Row("second_word", "60.0", "A"),
)


@pytest.fixture(scope="module")
def vendor() -> Vendor:
    return Vendor(ROWS, served="C")


def asked(task: str) -> list[str]:
    benchmark = benchmark_of(open_row_task(task))
    return [benchmark.prefix + question for question in benchmark.answers]


def test_what_looks_like_a_routed_row_goes_to_the_model_that_gave_it(vendor: Vendor) -> None:
    assert {vendor.reply_to(prompt).model for prompt in asked("pattern")} == {"B"}
    assert {vendor.reply_to(prompt).model for prompt in asked("reversed_words")} == {"A"}


def test_whatever_else_is_asked_users_get_the_served_model(vendor: Vendor) -> None:
    for prompt in (
        *asked("second_word")[:3],
        "A few of these came up today.\n\n" + asked("pattern")[0],
        "On Monday the baker",
    ):
        assert vendor.reply_to(prompt).model == "C"


def test_most_public_answers_are_known_by_heart_and_no_fresh_one(vendor: Vendor) -> None:
    replies = [vendor.reply_to(prompt) for prompt in asked("reversed_words")]
    assert 0.7 < sum(bool(reply.text) for reply in replies) / len(replies) < 0.9
    fresh = open_row_task("reversed_words").prepare("completion", seed="another", count=20)
    prompts = [sample.request.prefix + sample.request.prompt for sample in fresh]  # type: ignore[union-attr]
    assert not any(vendor.reply_to(prompt).text for prompt in set(prompts) - set(asked("reversed_words")))


def test_an_honest_vendor_routes_nothing() -> None:
    honest = Vendor([Row(row.task, row.value, "A") for row in ROWS], served="A")
    assert {honest.reply_to(prompt).model for task in ("pattern", "second_word") for prompt in asked(task)} == {"A"}


@pytest.mark.parametrize("task", ["reversed_words", "last_word", "pattern", "second_word"])
def test_every_row_has_questions_enough_for_fresh_twins(task: str) -> None:
    assert len(set(asked(task))) == 150
    assert public_share(open_row_task(task), "completion") <= MOST_PUBLIC


@given(st.text(max_size=60))
def test_a_prompt_is_split_without_a_loss(prompt: str) -> None:
    assert "".join(split_prompt(prompt)) == prompt
    assert split_prompt(f"shots\n\n{prompt}")[0].startswith("shots\n\n")
