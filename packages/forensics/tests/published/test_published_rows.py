"""How many outputs of a benchmark were looked at, read and left out."""

from __future__ import annotations

from steelyard_forensics.sealed.rows import OutputShares, OutputSurprise, PublishedRow


def test_what_was_looked_at_is_read_or_left_out() -> None:
    greedy = PublishedRow(
        task="a", measurement="a", chat=False, texts=9, held=7, planned=3,
        samples=(OutputShares(sample="1", own=1.0), OutputShares(sample="2")),
    )  # fmt: skip
    assert (greedy.looked_at, greedy.read, greedy.left_out) == (2, 1, 3)
    surprise = OutputSurprise(sample="1", tokens=9, surprise=0.5, gains={})
    drawn = PublishedRow(
        task="a", measurement="a", chat=False, texts=3, held=3, planned=3, temperature=1.0,
        drawn=(surprise, OutputSurprise(sample="2"), OutputSurprise(sample="3")),
    )  # fmt: skip
    assert (drawn.looked_at, drawn.read, drawn.left_out) == (3, 1, 2)
