"""What a text sets apart."""

from __future__ import annotations

import pytest

from steelyard.scorers.reading.emphasis import stands_out


@pytest.mark.parametrize("text", ["**Paris** has the Louvre.", "You can write `Paris`."])
def test_the_one_thing_in_bold_or_in_code_is_the_answer(text: str) -> None:
    assert stands_out(text, "paris")


@pytest.mark.parametrize(
    "text",
    [
        "**Paris** and **Rome**",
        "Most people say **Paris**.",
        "**Paris**? It is Rome.",
        "I'd rule out `Paris`.",
        "The capital was **Paris**; it is Rome.",
    ],
)
def test_not_where_another_is_named_or_it_is_doubted(text: str) -> None:
    assert not stands_out(text, "paris")
