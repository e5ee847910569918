"""What is shown of a run: all tables in each form, and nothing of a parameter file that is not escaped."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from steelyard_forensics.gauntlet import pages
from steelyard_forensics.gauntlet.parameters import World, load_world
from steelyard_forensics.gauntlet.planner import detectors
from steelyard_forensics.gauntlet.rates import Rates, rates_of
from steelyard_forensics.gauntlet.simulated import parts_of, run_part
from steelyard_forensics.gauntlet.vendors import Abilities


def rates(world: World) -> Rates:
    abilities = Abilities(world)
    audits = [audit for part in parts_of(world, 3) for audit in run_part(abilities, *part, 1)]
    return rates_of(world, audits, 1, tuple(detectors()))


def test_every_form_has_every_kind(small: World) -> None:
    found = rates(small)
    console = Console(file=StringIO(), width=100)
    pages.print_rates(found, console)
    assert isinstance(console.file, StringIO)
    for text in (console.file.getvalue(), pages.markdown(found, "here"), pages.html(found, "now")):
        for name in ("plain", "sampled", "slow", "inflated 40", "memorised 0.9", "Calibration"):
            assert name in text
    assert max(map(len, console.file.getvalue().splitlines())) <= 100
    assert msgspec.convert(pages.machine(found), Rates) == found


def test_the_first_sentence_is_of_whole_reports(small: World) -> None:
    first = pages.sentences(rates(small))[0]
    assert first.startswith("Of 9 honest vendors, ")


def test_power_is_printed_of_all_cheats_beside_those_that_could_be_found(small: World) -> None:
    found = rates(small)
    whole = next(each for each in found.right if not each.kind and not each.honest)
    assert whole.found
    (sentence,) = (each for each in pages.sentences(found) if "found at all" in each)
    assert sentence.startswith(f"Of {whole.found.of} cheats, {100 * whole.found.share:.1f} %")
    assert f"of the {whole.vendors} that a test says it finds" in sentence
    (table,) = (each for each in pages.tables(found) if "found at all" in each[1])
    assert all(len(row) == 5 for row in table[2])


def test_names_of_a_file_are_escaped(small_file: Path) -> None:
    small_file.write_text(small_file.read_text().replace("name: plain", "name: <script>x"))
    text = pages.html(rates(load_world("simulated", small_file)), "now")
    assert "<script" not in text
    assert "&lt;script&gt;x" in text


@pytest.mark.parametrize("missing", ["honest", "cheats"])
def test_a_world_of_one_kind_has_a_page(small: World, missing: str) -> None:
    found = rates(msgspec.structs.replace(small, **{missing: ()}))
    assert "Calibration" in pages.html(found, "now")
