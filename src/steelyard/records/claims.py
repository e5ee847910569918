"""A vendor's published results: a claim sheet and its claims."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

import msgspec

from steelyard.records.record import Record

__all__ = ["Claim", "ClaimSheet", "ComparedWith", "Protocol", "Settled", "SourceFile"]


class Protocol(Record, frozen=True, kw_only=True):
    """How the vendor measured, as it states; empty or None means unstated. ``max_tokens``: the limit of an answer."""

    prompt: str = ""
    decoding: str = ""
    subset: str = ""
    judge: str = ""
    harness: str = ""
    max_tokens: int | None = None


# As text in a sheet, checked where a record is read: Fraction makes "1e100000000" a number of as many digits.
_Printed = Annotated[str, msgspec.Meta(pattern=r"\A[-+0-9.]{0,60}\Z")]


class ComparedWith(Record, frozen=True, kw_only=True):
    """Another model's number in the same row of the vendor's table; ``value`` as printed."""

    model: str
    value: _Printed = ""


class Settled(Record, frozen=True, kw_only=True):
    """A part of a claim's remark, quoted, that changes nothing in how it is measured: why, and who says so."""

    text: str
    reason: str
    by: str

    def is_in(self, said: str) -> bool:
        """Whether a text holds the quoted words, whatever its spaces."""
        return " ".join(self.text.split()) in " ".join(said.split())


class SourceFile(Record, frozen=True, kw_only=True):
    """A page that claims were taken from; ``text``: what a user typed of a PDF or an image, which is not sealed itself.

    ``line``: of the sheet.
    """

    file: str
    sha256: str = ""
    text: str = ""
    line: int = 0


class Claim(Record, frozen=True, kw_only=True):
    """One number of a vendor's table. ``value`` is text: 69.80 keeps its two decimals.

    ``first``: its ``samples`` are the first ones of the benchmark's file. ``weights``: by subtask, what it weighs in a
    weighted ``average``, in whole numbers. ``heading`` is what heads its part of the vendor's table, ``origin`` what an
    importer says of where it was read. ``settled`` are the words of its remarks that change nothing. ``place`` is the
    source (from 1), its line and the text there that value and name stand in; ``unsourced`` names the fields whose
    words are on no source.
    """

    task: str
    value: _Printed
    unit: Literal["percent", "fraction", "elo", "points"] = "percent"
    metric: str = ""
    samples: int | None = None
    first: bool = False
    repeats: int | Literal["several"] | None = None
    average: Literal["", "micro", "macro", "weighted"] = ""
    weights: tuple[tuple[str, int], ...] = ()
    shots: int | None = None
    variant: str = ""
    protocol: Protocol = msgspec.field(default_factory=Protocol)
    compared_with: tuple[ComparedWith, ...] = ()
    note: str = ""
    heading: str = ""
    origin: str = ""
    settled: tuple[Settled, ...] = ()
    line: int = 0
    place: str = ""
    unsourced: tuple[str, ...] = ()

    @property
    def decimals(self) -> int:
        """Digits after the point, as printed."""
        return len(self.value.partition(".")[2])

    @property
    def number(self) -> Fraction:
        """The printed number, exact, in its own unit."""
        return Fraction(self.value)

    @property
    def printed_unit(self) -> Fraction:
        """One unit of the last printed digit, in the claim's own unit: 69.8 → 1/10."""
        return Fraction(1, 10**self.decimals)

    @property
    def is_proportion(self) -> bool:
        """Whether the value is a share of something (percent or fraction), so that it can be tested as one."""
        return self.unit in ("percent", "fraction")

    @property
    def scale(self) -> int:
        """The value of a perfect score in the claim's unit: 100 for percent, 1 for a fraction."""
        return 100 if self.unit == "percent" else 1


class ClaimSheet(Record, frozen=True, kw_only=True):
    """A vendor's table, read from one YAML file. ``digest`` is the SHA-256 of the file's bytes.

    ``variants`` are the names of networks that are served together under the model's name, each for rows of its own.
    ``origin`` is what an importer says of where it read the table; the vendor's own remarks are ``footnotes``.
    ``typed``: no source is sealed with them, as is said since there are any.
    """

    model: str
    vendor: str = ""
    date: str = ""
    source: str = ""
    served_as: str = ""
    footnotes: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    path: str = ""
    digest: str = ""
    source_files: tuple[SourceFile, ...] = ()
    typed: bool = False

    def said_of(self, claim: Claim) -> tuple[str, ...]:
        """All that the vendor says beside a claim's number, which its remarks may quote."""
        own = (claim.task, claim.metric, claim.variant, claim.note, claim.heading)
        stated = claim.protocol
        return (
            *own, stated.prompt, stated.decoding, stated.subset, stated.judge, stated.harness,
            *self.footnotes, self.model, self.served_as, self.source,
        )  # fmt: skip
