"""Writes examples/cards/*.yaml and docs/results/cards.md from tests/assets/cards: ``python -m tools.cards``.

Each excerpt is a published model card's tables of results; ``cards.yaml`` beside them says which model's numbers become
a claim sheet, and where the card stands.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from steelyard.adapters.card_file import read_card_tables
from steelyard.adapters.sheet_file import sheet_text
from steelyard.auditing.desk import screen_sheet
from steelyard.claims.benchmarks import lookup
from steelyard.claims.sheet import read_sheet
from steelyard.planning.footnotes import why_unverifiable, with_footnotes
from steelyard.records import ClaimSheet, ModelIdentity, Settled
from steelyard.tasks import resolve
from steelyard.tasks.catalogue import Catalogue

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT / "tests" / "assets" / "cards"
SHEETS = ROOT / "examples" / "cards"
PAGE = ROOT / "docs" / "results" / "cards.md"
STANDING = ("may accuse", "only confirm", "unverifiable")
INTRODUCTION = """# Model cards, as claim sheets

Printed by `python -m tools.cards` (no model and no network; the cards were read on 2026-11-26).

Each row is a published model card whose table of results became a claim sheet by `steelyard import`, with every number
as it was printed and the cell that it came from.
*Rows*: the numbers of that model. *Known*: rows whose benchmark is in Steelyard's table of facts.
*With a task*: rows that `steelyard audit` has a task for.
*Findings* are values that no honest explanation allows, *notes* are remarks of the desk screen;
`steelyard screen` prints both.
Of the rows with a task, some *may accuse*, some *only confirm*, and some are *unverifiable* as stated: they have a
remark that no field holds and `tests/assets/cards/settled.yaml` does not settle. The others are not testable.
By lists of words, until 2026-12-02, these were 86, 33 and 0.

The sheets are in `examples/cards`; the excerpts that they were made from, with the lines that each note names,
are in `tests/assets/cards`.
A test reads every value again from its line, in another way.
They are examples of the format, and no judgement on any vendor: nothing here was asked of a model.
"""


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of ``cards.yaml``: a model, the tables it is taken from (all where empty), and where the card stands."""

    sheet: str
    file: str
    model: str
    tables: tuple[int, ...]
    vendor: str
    date: str
    source: str


def cards() -> list[Card]:
    """The rows of ``cards.yaml``."""
    return msgspec.convert(yaml.safe_load((CARDS / "cards.yaml").read_text(encoding="utf-8")), list[Card])


def sheet_of(card: Card) -> ClaimSheet:
    """The claim sheet of a card."""
    sheet = read_card_tables(CARDS / card.file, card.model, card.tables)
    sheet = msgspec.structs.replace(sheet, vendor=card.vendor, date=card.date, source=card.source)
    quotes = settled().get(card.sheet, [])
    return msgspec.structs.replace(
        sheet,
        claims=tuple(
            msgspec.structs.replace(claim, settled=tuple(each for each in quotes if each.is_in(after.note)))
            for claim, after in zip(sheet.claims, with_footnotes(sheet).claims, strict=True)
        ),
    )


def settled() -> dict[str, list[Settled]]:
    """By sheet, the remarks that change nothing; each is settled in the claims that it is about."""
    found = yaml.safe_load((CARDS / "settled.yaml").read_text(encoding="utf-8"))
    return msgspec.convert(found, dict[str, list[Settled]])


def standing(sheet: ClaimSheet) -> list[int]:
    """How many claims with a task may accuse, may only confirm, and are unverifiable as stated."""
    counts = [0, 0, 0]
    for claim in with_footnotes(sheet).claims:
        if (task := Catalogue().find(claim.task)) is not None:
            found = [task.protocol_for(claim, name) for name in task.formats_for(claim)]
            open_ = [each for each in found if not each.refused]
            is_unverifiable = bool(why_unverifiable(sheet, claim, ModelIdentity(uri="any"), task))
            may_accuse = any(not each.confirms_only for each in open_)
            counts[2 if is_unverifiable else 0 if may_accuse else 1] += bool(open_)
    return counts


def text_of(card: Card) -> str:
    """The sheet's file."""
    return sheet_text(sheet_of(card), f"From {card.source}, read on 2026-11-26; lines are those of {card.file}")


def page() -> str:
    """The page of all cards as Markdown; the sheets must have been written."""
    head = ("sheet", "vendor", "rows", "known", "with a task", "findings", "notes", *STANDING)
    lines = [f"| {' | '.join(head)} |", f"|:--|:--{'|--:' * 8}|"]
    totals, unsettled = [0] * 8, [0] * 3
    for card in cards():
        sheet = read_sheet(SHEETS / f"{card.sheet}.yaml")
        verdict = screen_sheet(sheet)
        counts = [
            len(sheet.claims),
            sum(lookup(claim.task) is not None for claim in sheet.claims),
            sum(resolve(claim.task) is not None for claim in sheet.claims),
            len(verdict.findings),
            len(verdict.notes),
            *standing(sheet),
        ]
        bare = tuple(msgspec.structs.replace(claim, settled=()) for claim in sheet.claims)
        without = standing(msgspec.structs.replace(sheet, claims=bare))
        unsettled = [total + number for total, number in zip(unsettled, without, strict=True)]
        totals = [total + number for total, number in zip(totals, counts, strict=True)]
        lines.append(f"| [{card.sheet}]({card.source}) | {card.vendor} | {' | '.join(map(str, counts))} |")
    lines.append(f"| all {len(cards())} | | {' | '.join(map(str, totals))} |")
    lines.append(f"| with nothing settled | | | | | | | {' | '.join(map(str, unsettled))} |")
    return "\n".join((INTRODUCTION, *lines)) + "\n"


if __name__ == "__main__":
    SHEETS.mkdir(exist_ok=True)
    for each in cards():
        (SHEETS / f"{each.sheet}.yaml").write_text(text_of(each), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
