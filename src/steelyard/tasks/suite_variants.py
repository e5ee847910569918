"""Equivalent variants of a suite's items, and which of them an endpoint is asked.

``variants.jsonl`` holds them, one a line (:class:`steelyard.records.ItemVariant`): the same question with other numbers
or names, or its choices in another order. The suite's digest and the Merkle root of its seal are over them too.
Which one a recipient gets follows from the seal: its split's seed and the recipient's address give a *draw*, and the
draw an order of each item with its variants. The first of that order is asked, the others are kept for checks. Nobody
can choose the order of a signed seal, and whoever has the folder can compute it. One server may have many addresses, so
the seal names those that variants are drawn for, and a check of one of E such addresses has 1/E of the level.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.canonical import canonical, without_defaults
from steelyard.records import ItemVariant, SuiteItem
from steelyard.tasks.file_rows import FileRows, JsonlRows, Row
from steelyard.tasks.suite_file import SuiteRows, suite_part
from steelyard.tasks.suite_seal import SuiteSeal, split_seed

__all__ = [
    "DRAWN",
    "VARIANTS",
    "DrawnRows",
    "Variants",
    "check_not_drawn",
    "check_variants",
    "draw_of",
    "draws_of",
    "read_variants",
    "variant_digest",
]

VARIANTS: Final = "variants.jsonl"
DRAWN: Final = re.compile(r"(?:(?P<part>.+)-)?for-(?P<draw>[0-9a-f]{32})")  # a part as one recipient is asked it
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)


@dataclass(frozen=True)
class Variants:
    """The variants of a suite: by the id of their item, with their digests and the numbers of their lines."""

    by_item: Mapping[str, tuple[SuiteItem, ...]] = field(default_factory=dict)
    digests: tuple[str, ...] = ()
    lines: tuple[tuple[int, ItemVariant], ...] = ()

    def originals(self, ids: Collection[str]) -> set[str]:
        """The ids of the items that these are, or are variants of."""
        of = {each.item.id: each.of for _, each in self.lines}
        return {of.get(name, name) for name in ids}

    def ordered(self, item: SuiteItem, draw: str) -> tuple[SuiteItem, ...]:
        """An item with its variants, in the order of a draw: the first is what the draw's recipient is asked."""
        every = (item, *self.by_item.get(item.id, ()))
        return tuple(
            sorted(every, key=lambda each: sha256(canonical({"draw": draw, "item": item.id, "is": each.id})).digest())
        )


def check_not_drawn(path: Path) -> None:
    """Raise InputError for a part that names a draw: it follows from an address and the seal, and nobody chooses it."""
    if DRAWN.fullmatch(suite_part(path)):
        raise InputError(
            "names what one address is asked of a suite, which follows from the seal: give the suite's folder",
            where=path,
        )


def draw_of(seal: SuiteSeal, recipient: str) -> str:
    """What a recipient's variants follow from, in hexadecimal digits; ``recipient`` is an address in normal form."""
    return sha256(canonical({"recipient": recipient, "variants": split_seed(seal)})).hexdigest()[:32]


def draws_of(seal: SuiteSeal) -> frozenset[str]:
    """The draws of all addresses that are sealed with the variants."""
    return frozenset(draw_of(seal, each) for each in seal.addresses)


def variant_digest(variant: ItemVariant) -> str:
    """The SHA-256 of a variant in canonical form, with the item that it is of."""
    return sha256(canonical(without_defaults(variant))).hexdigest()


def read_variants(folder: Path) -> Variants:
    """The variants in a suite's folder; none without their file. Raises InputError with file and line."""
    path = folder / VARIANTS
    if not path.is_file():
        return Variants()
    lines: list[tuple[int, ItemVariant]] = []
    seen: set[str] = set()

    def look(row: Row, number: int) -> None:
        try:
            variant = msgspec.convert(row, ItemVariant)
        except msgspec.ValidationError as error:
            raise InputError(f"is no variant of an item: {error}", where=path, line=number) from None
        if not _ID.fullmatch(variant.item.id) or variant.item.id in seen:
            raise InputError(f"no id, or one that is there before: {variant.item.id[:40]!r}", where=path, line=number)
        seen.add(variant.item.id)
        lines.append((number, variant))

    JsonlRows(path, look)
    by_item: dict[str, tuple[SuiteItem, ...]] = {}
    for _, variant in lines:
        by_item[variant.of] = (*by_item.get(variant.of, ()), variant.item)
    return Variants(by_item, tuple(variant_digest(each) for _, each in lines), tuple(lines))


def check_variants(variants: Variants, rows: SuiteRows, folder: Path) -> None:
    """Raise InputError, with the line, for a variant of no item or of one that changed since, and one of another form.

    Also for an encrypted suite, beside which variants would lie in plain.
    """
    if not variants.lines:
        return
    path = folder / VARIANTS
    if rows.is_encrypted:
        raise InputError("the suite is encrypted, and its variants are not: delete this file", where=path)
    digests = dict(zip(rows.ids, rows.digests, strict=True))
    places = {name: place for place, name in enumerate(rows.ids)}
    for number, each in variants.lines:
        if digests.get(each.of) != each.digest:
            what = "changed since this variant of it was made" if each.of in digests else "is not in the suite"
            raise InputError(
                f"the item {each.of[:80]!r} {what}: make the variants again (steelyard suite vary)",
                where=path,
                line=number,
            )
        if each.item.id in digests:
            raise InputError(f"an item has the id {each.item.id!r} too", where=path, line=number)
        item = rows.item(places[each.of])
        if fault := _other_form(each.item, item):
            raise InputError(fault, where=path, line=number)


def _other_form(variant: SuiteItem, item: SuiteItem) -> str:
    """Why a variant cannot be asked in an item's place; empty where it can."""
    if not variant.question.strip():
        return "question is empty"
    if len(variant.choices) != len(item.choices) or len(set(variant.choices)) != len(variant.choices):
        return f"it needs {len(item.choices)} different choices, as its item has"
    if variant.choices and variant.answer not in variant.choices:
        return f"answer {variant.answer[:40]!r} is not one of the choices"
    if bool(variant.answer.strip()) != bool(item.answer.strip()):
        return "it needs an answer where its item has one, and none where it has none"
    if variant.images != item.images:
        return "it needs the images of its item: another image asks another question"
    if bool(variant.context) != bool(item.context) or len(variant.history) != len(item.history):
        return "it needs a context and a conversation where its item has them"
    return ""


class DrawnRows(FileRows):
    """Items of a suite as rows, each in the variant that was drawn, at the place and line of its item."""

    def __init__(self, rows: SuiteRows, drawn: Mapping[str, SuiteItem]) -> None:
        self._rows = rows
        self._asked = [(place, drawn[name]) for place, name in enumerate(rows.ids) if name in drawn]

    def __len__(self) -> int:
        return len(self._asked)

    def number_of(self, place: int) -> int:
        """The number of the line of the item at this place."""
        return self._rows.number_of(self._asked[place][0])

    def _row(self, number: int) -> Row:
        place, item = self._asked[number]
        return self._rows.row_of(item, self._rows.number_of(place))
