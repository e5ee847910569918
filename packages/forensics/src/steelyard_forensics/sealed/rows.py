"""What is kept of a log's outputs that were held against weights: text by text, and benchmark by benchmark."""

from __future__ import annotations

import msgspec

from steelyard.records import VerdictWord
from steelyard.records.record import Record

__all__ = ["OutputShares", "OutputSurprise", "PublishedRow", "Reading"]


class Reading(Record, frozen=True, kw_only=True):
    """What fixes the order of reading: a key's ``proof``, or without a key the ``secret`` itself."""

    secret: str
    proof: str = ""


class OutputShares(Record, frozen=True, kw_only=True):
    """One greedy text that was looked at, with its :class:`~steelyard_forensics.identity.transcripts.TextShares`.

    ``own`` is None where it could not be read.
    """

    sample: str
    own: float | None = None
    whole: float = 0.0
    others: dict[str, float] = msgspec.field(default_factory=dict)


class OutputSurprise(Record, frozen=True, kw_only=True):
    """One drawn text that was looked at, with its :class:`~steelyard_forensics.identity.surprises.TextSurprise`.

    ``surprise`` is None where it could not be read.
    """

    sample: str
    tokens: int = 0
    surprise: float | None = None
    gains: dict[str, float] = msgspec.field(default_factory=dict)


class PublishedRow(Record, frozen=True, kw_only=True):
    """One benchmark of the log. ``share`` is the mean over the texts that were read, ``ci`` its interval at 95 %.

    A log that states a ``temperature`` has ``drawn`` texts in place of ``samples``, and ``share`` is their surprise.

    ``texts`` are in the log; ``held`` of them may be held against weights (the others were not answered, or stand
    behind reasoning), ``planned`` of these were to be looked at. ``chat``: they were asked by chat. ``p`` is after Holm
    over all benchmarks; None: not tested. ``nearest`` is the requantisation on which the bets won most, which explains
    ``better`` texts better than the weights. ``samples`` and ``drawn`` are in the order of reading;
    ``untestable``: why there are none.
    """

    task: str
    measurement: str
    chat: bool
    texts: int
    held: int = 0
    planned: int = 0
    samples: tuple[OutputShares, ...] = ()
    untestable: str = ""
    share: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None
    nearest: str = ""
    better: int = 0
    word: VerdictWord = VerdictWord.NOT_TESTABLE
    reason: str = ""
    temperature: float = 0.0
    drawn: tuple[OutputSurprise, ...] = ()

    @property
    def read(self) -> int:
        """How many texts were read."""
        greedy = sum(each.own is not None for each in self.samples)
        return greedy + sum(each.surprise is not None for each in self.drawn)

    @property
    def looked_at(self) -> int:
        """How many texts were looked at, read or not."""
        return len(self.samples) + len(self.drawn)

    @property
    def left_out(self) -> int:
        """How many texts could not be read, among those that were looked at, or were not to be held at all."""
        return self.texts - self.held + self.looked_at - self.read
