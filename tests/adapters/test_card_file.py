"""Files of model cards: published ones, whose every value is found again in another way, and CSV."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from steelyard.adapters.card_file import read_card_tables
from steelyard.claims.sheet import read_sheet
from steelyard.errors import InputError
from tools.cards import CARDS, PAGE, SHEETS, Card, cards, page, text_of

PUBLISHED = cards()


@pytest.mark.parametrize("card", PUBLISHED, ids=lambda card: card.sheet)
def test_the_kept_sheet_is_what_the_card_gives(card: Card) -> None:
    kept = SHEETS / f"{card.sheet}.yaml"
    assert kept.read_text(encoding="utf-8") == text_of(card)
    assert read_sheet(kept).claims


def bare(text: str) -> str:
    return re.sub(r"[^a-z0-9.+]", "", re.sub(r"<[^>]*>", "", html.unescape(text)).casefold())


@pytest.mark.parametrize("card", PUBLISHED, ids=lambda card: card.sheet)
def test_each_value_is_found_again_in_the_source(card: Card) -> None:
    """By the line that its note names, without the reader of tables: the n-th cell, below the n-th cell of a head."""
    lines = (CARDS / card.file).read_text(encoding="utf-8").splitlines()
    claims = read_sheet(SHEETS / f"{card.sheet}.yaml").claims
    for claim in claims:
        found = re.match(r"line (\d+): (.*) × (.*?)(; .*)?$", claim.origin)
        assert found is not None
        number, row, column = int(found[1]), bare(found[2]), bare(found[3])
        line = lines[number - 1]
        if "|" not in line:  # HTML: one cell a line
            printed = re.sub(r"<sup>.*?</sup>|<[^>]*>|[*\s]", "", line)
            above = next(at for at in range(number - 2, 0, -1) if "<tr" in lines[at])
            named = bare(" ".join(lines[max(0, above - 12) : number]))
            if "/" in printed:  # "54.0/46.4" of "eng->kgv/kgv->eng"
                direction = ("engkgv", "kgveng")[printed.split("/").index(claim.value)]
                assert row.endswith(direction)
                printed, row = claim.value, row.removesuffix(direction)
            assert printed == claim.value
            assert row in named
            continue
        cells = [bare(cell) for cell in line.strip().strip("|").split("|")]
        head = max(at for at in range(number - 1) if re.fullmatch(r"[\s|:-]+", lines[at]) and "|" in lines[at]) - 1
        names = [bare(cell) for cell in lines[head].strip().strip("|").split("|")]
        if column in names:
            assert cells[names.index(column)] == bare(claim.value)
            assert row in cells
        else:
            assert column in cells
            assert cells[names.index(row)] == bare(claim.value)


def test_the_page_is_what_the_tool_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
    assert len({card.file for card in PUBLISHED}) >= 15


@pytest.mark.parametrize(("suffix", "text"), [(".csv", "Benchmark;Score\nMMLU;71,3\nGSM8K;80,5\n"),
                                              (".tsv", "Benchmark\tScore\nMMLU\t71.3\nGSM8K\t80.5\n")])  # fmt: skip
def test_a_table_as_a_spreadsheet_writes_it(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"card{suffix}"
    path.write_text(text)
    sheet = read_card_tables(path, "Ours")
    assert [claim.value for claim in sheet.claims][-1] == "80.5"
    assert sheet.source == path.name


def test_what_is_no_card(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    path.write_text("# A card\n\nMMLU is 71.3.\n")
    with pytest.raises(InputError, match="has no table"):
        read_card_tables(path)
    path.write_bytes(b"\xff\xfe| a |")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_card_tables(path)
