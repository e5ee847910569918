"""The words for what answered a row."""

from __future__ import annotations

from steelyard.records import AnsweredBy, ClaimVerdict, VerdictWord
from steelyard.reports.networks import in_lines, in_words


def claim(*answered: AnsweredBy) -> ClaimVerdict:
    return ClaimVerdict(
        task="t", claimed_text="5", unit="percent", claimed=0.05, tolerance=0.02, verdict=VerdictWord.CONSISTENT,
        answered_by=answered,
    )  # fmt: skip


OURS = AnsweredBy(need="few", kind="jepa", parameters=385_568, sha256=("0a1b2c3d4e5f" + "0" * 52, "1" * 64))
RIVAL = AnsweredBy(need="few by pixel", kind="pixel", parameters=384_001, sha256=("2" * 64,))


def test_kind_size_and_the_first_digits_of_every_training() -> None:
    assert in_lines(claim(OURS, RIVAL)) == [
        "jepa, 385,568", "0a1b2c3d4e5f 111111111111", "against pixel, 384,001", "222222222222",
    ]  # fmt: skip
    assert in_words(claim(OURS, RIVAL)) == (
        "jepa, 385,568 parameters, SHA-256 0a1b2c3d4e5f, 111111111111; "
        "against pixel, 384,001 parameters, SHA-256 222222222222"
    )


def test_a_model_without_named_networks_adds_nothing() -> None:
    assert in_lines(claim()) == []
    assert in_words(claim()) == ""


def test_the_kind_of_a_foreign_card_is_one_short_line() -> None:
    hostile = AnsweredBy(need="w", kind="a\n\x1b[31mb" + "c" * 90, parameters=1, sha256=("\n" * 64,))
    assert all("\n" not in line and "\x1b" not in line and len(line) < 60 for line in in_lines(claim(hostile)))
